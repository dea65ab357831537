/*
 * For tests: does a piece of code end in an assertion? It runs in a child process, whose words go nowhere.
 */
#ifndef SOUK_BASE_ASSERT_TEST_H
#define SOUK_BASE_ASSERT_TEST_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static inline bool ends_in_assertion(void (*code)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL)
            _exit(1);
        signal(SIGABRT, SIG_DFL); /* cmocka and the sanitizers catch it */
        code();
        _exit(0);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
