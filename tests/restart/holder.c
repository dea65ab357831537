/*
 * systemd's part in a restart: hold a listening socket, and start a program that takes it over (LISTEN_FDS).
 *
 *     holder PORT PROGRAM ARGUMENT...
 *
 * A line on standard input asks for a restart: "after" ends the program with SIGTERM and then starts it again, as systemd does; "beside" starts
 * the next one first. "restarted" on standard output is the answer, once the old one has exited with 0. The end of the input is the end of
 * all. Exit 1 when a program ended otherwise.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define HANDED_OVER 3

static void must(int succeeded, const char *what)
{
    if (succeeded)
        return;
    perror(what);
    exit(1);
}

static void hold(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    must(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0, "socket");
    must(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1024) == 0, "listen");
    if (fd != HANDED_OVER) {
        must(dup2(fd, HANDED_OVER) == HANDED_OVER, "dup2");
        close(fd);
    }
}

static pid_t start(char **command)
{
    pid_t child = fork();
    char own[16];

    must(child >= 0, "fork");
    if (child > 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that is broken off leaves nothing behind */
    snprintf(own, sizeof own, "%d", (int)getpid());
    setenv("LISTEN_PID", own, 1);
    setenv("LISTEN_FDS", "1", 1);
    execv(command[0], command);
    perror(command[0]);
    _exit(127);
}

static void end(pid_t child)
{
    int status;

    kill(child, SIGTERM);
    must(waitpid(child, &status, 0) == child, "waitpid");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return;
    fprintf(stderr, "holder: the program ended with %s %d\n", WIFEXITED(status) ? "code" : "signal",
            WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    exit(1);
}

int main(int count, char **arguments)
{
    char line[64];
    pid_t child;

    if (count < 3) {
        fprintf(stderr, "usage: holder PORT PROGRAM ARGUMENT...\n");
        return 2;
    }
    hold(atoi(arguments[1]));
    child = start(arguments + 2);
    while (fgets(line, sizeof line, stdin)) {
        pid_t old = child;

        if (strncmp(line, "beside", 6) == 0) {
            child = start(arguments + 2);
            end(old);
        } else {
            end(old);
            child = start(arguments + 2);
        }
        puts("restarted");
        fflush(stdout);
    }
    end(child);
    return 0;
}
