/*
 * Chance, from a seed: xoshiro256** (Blackman and Vigna), seeded by splitmix64.
 */
#ifndef SOUK_SIM_RANDOM_H
#define SOUK_SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state[4];
};

static inline uint64_t random_mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static inline void random_init(struct random *random, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++)
        random->state[i] = random_mix(seed + i * UINT64_C(0x9e3779b97f4a7c15));
}

static inline uint64_t random_rotate(uint64_t value, unsigned by)
{
    return (value << by) | (value >> (64 - by));
}

static inline uint64_t random_next(struct random *random)
{
    uint64_t *s = random->state;
    uint64_t result = random_rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = random_rotate(s[3], 45);
    return result;
}

/* From 0 up to, and without, `end`. */
static inline uint64_t random_below(struct random *random, uint64_t end)
{
    return random_next(random) % end;
}

static inline int64_t random_between(struct random *random, int64_t first, int64_t last)
{
    return first + (int64_t)random_below(random, (uint64_t)(last - first + 1));
}

static inline bool random_chance(struct random *random, unsigned per_million)
{
    return random_below(random, 1000000) < per_million;
}

/* A number up to `last`, small ones as likely as large ones: first its size is drawn, then itself. */
static inline int64_t random_skewed(struct random *random, int64_t last)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll((uint64_t)last | 1);
    uint64_t size = random_below(random, bits + 1);
    int64_t value = (int64_t)random_below(random, UINT64_C(1) << size);
    return value < last ? value : last;
}

#endif
