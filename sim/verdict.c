#include "sim/verdict.h"

#include <stdarg.h>
#include <stdio.h>

void verdict_broken(struct verdict *verdict, const char *format, ...)
{
    if (verdict->broken)
        return;
    verdict->broken = true;
    verdict->step = world_steps(verdict->world);
    verdict->at_us = world_elapsed_us(verdict->world);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(verdict->sentence, sizeof verdict->sentence, format, arguments);
    va_end(arguments);
}
