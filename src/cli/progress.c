/*
 * Progress: a bar that is drawn over itself.
 */
#include "cli/progress.h"

#include "platform/env/env.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 30
/* Between two lines about the same stage, where there is no terminal. */
#define LINE_US INT64_C(5000000)

void progress_init(struct progress *progress, const char *what)
{
    *progress = (struct progress){.what = what, .stage = "", .is_terminal = isatty(STDERR_FILENO) == 1};
}

static void draw(const struct progress *progress, const char *stage, unsigned percent, bool is_known)
{
    char bar[BAR_WIDTH + 1];
    unsigned full = is_known ? percent * BAR_WIDTH / 100 : 0;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', full);
    bar[BAR_WIDTH] = '\0';
    if (!is_known)
        bar[progress->turn % BAR_WIDTH] = '#';
    fprintf(stderr, "\r\033[K%s  %-18s [%s]", progress->what, stage, bar);
    if (is_known)
        fprintf(stderr, " %3u %%", percent);
    fflush(stderr);
}

static void write_line(struct progress *progress, const char *stage, unsigned percent, bool is_known)
{
    int64_t now_us = env_monotonic_us(env_machine());
    if (progress->stage == stage && now_us - progress->shown_us < LINE_US)
        return;
    progress->shown_us = now_us;
    if (is_known)
        fprintf(stderr, "%s: %s, %u %%\n", progress->what, stage, percent);
    else
        fprintf(stderr, "%s: %s\n", progress->what, stage);
}

void progress_show(struct progress *progress, const char *stage, uint64_t done, uint64_t total)
{
    unsigned percent = total > 0 ? (unsigned)((done < total ? done : total) * 100 / total) : 0;
    progress->turn++;
    if (progress->is_terminal)
        draw(progress, stage, percent, total > 0);
    else
        write_line(progress, stage, percent, total > 0);
    progress->stage = stage;
}

void progress_clear(struct progress *progress)
{
    if (progress->is_terminal && *progress->stage != '\0')
        fprintf(stderr, "\r\033[K");
    progress->stage = "";
}
