/*
 * What every environment shares.
 */
#include "platform/env/env.h"

#include "base/id.h"

void env_new_id(struct env *env, char out[ID_LENGTH + 1])
{
    uint8_t random[ID_RANDOM_BYTES];
    env_random(env, random, sizeof random);
    id_format(env_now_us(env), random, out);
}
