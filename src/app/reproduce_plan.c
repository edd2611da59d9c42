#include "reproduce_plan.h"

#include "finish.h"
#include "reproduce_months.h"

#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void plan_windows(const struct campaign *c, size_t m)
{
    const struct campaign_month *month = &c->months[m];
    char *folder = campaign_features(c, m);
    long long n = 0, n_finished = 0;
    for (int64_t at = month->from_ns; at < month->to_ns; at += c->window_ns, n++) {
        char *path = finish_path(folder, at / NS_PER_S);
        n_finished += access(path, F_OK) == 0;
        free(path);
    }
    printf("%s: extract: %lld of %lld windows finished\n", month->name, n_finished, n);
    free(folder);
}

static void plan_learners(const struct campaign *c, size_t m, const char *what,
                          int (*finished)(const struct campaign *c, size_t m, size_t learner))
{
    for (size_t l = 0; l < c->learners.n; l++)
        printf("%s: %s %s: %s\n", c->months[m].name, what, c->learners.items[l],
               finished(c, m, l) ? "finished" : "to do");
}

/* Whether a result is finished, and both months' models are, which are fitted anew before it. */
static int will_stay_judged(const struct campaign *c, size_t m, size_t learner)
{
    return reproduce_is_trained(c, 0, learner) && reproduce_is_trained(c, m, learner) &&
           reproduce_is_judged(c, m, learner);
}

static void plan_stop(const struct campaign *c)
{
    char *stop = text_format("%s/STOP", c->output);
    if (access(stop, F_OK) == 0)
        printf("%s exists: remove it first\n", stop);
    free(stop);
}

void reproduce_print_plan(const struct campaign *c)
{
    plan_stop(c);
    for (size_t m = 0; m < c->n_months; m++)
        plan_windows(c, m);
    for (size_t m = 0; m < c->n_months; m++)
        plan_learners(c, m, "train", reproduce_is_trained);
    for (size_t m = 1; m < c->n_months; m++)
        plan_learners(c, m, "judge the first month's", will_stay_judged);
    printf("then the tables (%s/tables.md) and the report (%s/report)\n", c->output, c->output);
}
