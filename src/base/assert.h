/*
 * Assertions stay on in release. A client's mistake or a full disk is a result; our own mistake ends the process,
 * loudly, before it can do harm: the next start goes on from what was committed.
 */
#ifndef SOUK_BASE_ASSERT_H
#define SOUK_BASE_ASSERT_H

_Noreturn void assertion_failed(const char *condition, const char *file, int line, const char *function);

#define ASSERT(condition)                                                                                \
    do {                                                                                                 \
        if (__builtin_expect(!(condition), 0))                                                           \
            assertion_failed(#condition, __FILE__, __LINE__, __func__);                                  \
    } while (0)

#endif
