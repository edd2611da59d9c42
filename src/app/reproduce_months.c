#include "reproduce_months.h"

#include "budget.h"
#include "judging.h"
#include "month_files.h"
#include "stop.h"
#include "training.h"
#include "training_rows.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/text.h"
#include "darkforest/exchange/owner.h"
#include "darkforest/store/result_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct months {
    const struct campaign *campaign;
    const struct ranks *group; /* the ranks that work on this one's month */
    struct training_plan plan;
};

/* When a file was last written, ns; -1: it is not there. */
static int64_t written_ns(const char *path)
{
    struct stat status;
    return stat(path, &status) ? -1 : clock_modified_ns(&status);
}

/* The newest feature file of a month; INT64_MAX when there is none. */
static int64_t features_written_ns(const struct campaign *c, size_t m)
{
    struct strings paths = {0};
    char *why = NULL;
    int64_t newest = INT64_MAX;
    if (month_files_list(c, m, &paths, &why) == EXIT_DONE)
        newest = 0;
    for (size_t i = 0; i < paths.n; i++) {
        const int64_t ns = written_ns(paths.items[i]);
        newest = ns > newest ? ns : newest;
    }
    strings_free_all(&paths);
    free(why);
    return newest;
}

/* Whether a model learned from the feature files that make up the month now. */
static int learned_from(const char *model, const struct campaign *c, size_t m)
{
    struct strings paths = {0};
    int code = EXIT_DONE;
    char *why = NULL;
    struct model_set *set = model_file_read(model, &code, &why);
    if (set)
        code = month_files_list(c, m, &paths, &why);
    char *inputs = training_rows_inputs(&paths);
    const int same = set && code == EXIT_DONE && strcmp(set->training.inputs, inputs) == 0;
    strings_free_all(&paths);
    model_set_free(set);
    free(inputs);
    free(why);
    return same;
}

int reproduce_is_trained(const struct campaign *c, size_t m, size_t learner)
{
    char *path = campaign_model(c, m, learner);
    const int64_t ns = written_ns(path);
    const int trained = ns >= 0 && ns >= features_written_ns(c, m) && learned_from(path, c, m);
    free(path);
    return trained;
}

/* Whether a result file can be read: the tables want all of them. */
static int is_result(const char *path)
{
    int code = EXIT_DONE;
    char *why = NULL;
    struct results *results = results_read(path, &code, &why);
    const int is = results != NULL;
    results_free(results);
    free(why);
    return is;
}

int reproduce_is_judged(const struct campaign *c, size_t m, size_t learner)
{
    char *result = campaign_result(c, m, learner), *model = campaign_model(c, 0, learner),
         *own = campaign_model(c, m, learner);
    const int64_t ns = written_ns(result), model_ns = written_ns(model);
    /* The month's own models are fitted anew when its files are others, before anything is judged. */
    const int judged = ns >= 0 && model_ns >= 0 && ns >= model_ns && ns >= written_ns(own) &&
                       ns >= features_written_ns(c, m) && is_result(result);
    free(result);
    free(model);
    free(own);
    return judged;
}

/* The folder of a file, made by rank 0 of the group. */
static int make_folder_of(const struct months *r, const char *path)
{
    char *folder = path_folder(path);
    const int code = ranks_rank(r->group) == 0 && output_make_directory(folder) ? EXIT_IO : EXIT_DONE;
    free(folder);
    return ranks_agree(r->group, code, NULL);
}

/* Reads a month's rows. Rank 0 of the group looks for the files: another node may see the folder later. The
 * agreed code; no rows are an error. */
static int read_rows(const struct months *r, size_t m, struct training_rows *rows)
{
    struct strings paths = {0};
    char *why = NULL;
    int code = ranks_rank(r->group) == 0 ? month_files_list(r->campaign, m, &paths, &why) : EXIT_DONE;
    code = ranks_agree(r->group, code, why);
    if (code == EXIT_DONE)
        code = training_rows_read(r->group, &paths, r->plan.memory, rows);
    if (code == EXIT_DONE && rows->n_total == 0) {
        why = text_format("month %s holds no sources: there is nothing to learn from",
                          r->campaign->months[m].name);
        code = ranks_agree(r->group, EXIT_BAD_DATA, why);
    }
    strings_free_all(&paths);
    free(why);
    return code;
}

/* The paper's models of one learner for one month, to their file. */
static int train_learner(const struct months *r, size_t m, size_t learner, struct training_rows *rows)
{
    struct model *models[RECIPES_MOST] = {0};
    struct recipes recipes = {.n = 0};
    char *path = campaign_model(r->campaign, m, learner);
    recipes_add(&recipes, r->campaign->learners.items[learner]);
    recipes_settle(&recipes);
    log_info("%s: train %s", r->campaign->months[m].name, r->campaign->learners.items[learner]);
    int code = make_folder_of(r, path);
    if (code == EXIT_DONE)
        code = training_run(r->group, &r->plan, rows, &recipes, models);
    if (code == EXIT_DONE)
        code = training_write(r->group, &r->plan, rows, models, recipes.n, path);
    for (size_t i = 0; i < recipes.n; i++)
        model_free(models[i]);
    free(path);
    return code;
}

static int train_month(const struct months *r, size_t m, const uint8_t *left)
{
    struct training_rows rows = {0};
    int code = read_rows(r, m, &rows);
    for (size_t l = 0; l < r->campaign->learners.n && code == EXIT_DONE; l++)
        if (left[l])
            code = train_learner(r, m, l, &rows);
    training_rows_free(&rows);
    return code;
}

/* The first month's models of one learner on the rows of another month, to their file. */
static int judge_learner(const struct months *r, size_t m, size_t learner, const struct training_rows *rows)
{
    const struct campaign *c = r->campaign;
    struct results results = {0};
    struct shared_models models;
    char *path = campaign_result(c, m, learner), *model = campaign_model(c, 0, learner);
    const struct strings file = {(const char **)(uintptr_t)&model, 1};
    int code = shared_models_read(r->group, &file, &models);
    if (code == EXIT_DONE)
        code = make_folder_of(r, path);
    if (code == EXIT_DONE)
        code = judging_add(r->group, &models, rows, c->months[0].name, c->months[m].name, &results);
    if (code == EXIT_DONE)
        code = judging_write(r->group, &results, path);
    results_clear(&results);
    shared_models_free(&models);
    free(path);
    free(model);
    return code;
}

static int judge_month(const struct months *r, size_t m, const uint8_t *left)
{
    struct training_rows rows = {0};
    int code = read_rows(r, m, &rows);
    for (size_t l = 0; l < r->campaign->learners.n && code == EXIT_DONE; l++)
        if (left[l])
            code = judge_learner(r, m, l, &rows);
    training_rows_free(&rows);
    return code;
}

/* A month with something left to do. */
struct month_work {
    size_t month;
    uint8_t *left; /* by learner: whether it is */
};

typedef int is_finished(const struct campaign *c, size_t m, size_t learner);

/* Collective. Those from month `first` on, in fresh memory. Rank 0 looks at the disk for all. */
static struct month_work *find_work(const struct ranks *world, const struct campaign *c, size_t first,
                                    is_finished *finished, size_t *n)
{
    struct month_work *work = memory_get(c->n_months * sizeof *work);
    *n = 0;
    for (size_t m = first; m < c->n_months; m++) {
        uint8_t *left = memory_zeroed(c->learners.n, 1);
        for (size_t l = 0; l < c->learners.n && ranks_rank(world) == 0; l++)
            left[l] = !finished(c, m, l);
        ranks_broadcast(world, 0, left, c->learners.n);
        if (memchr(left, 1, c->learners.n))
            work[(*n)++] = (struct month_work){m, left};
        else
            free(left);
    }
    return work;
}

/* Side by side, each with a part of the ranks; one that is left over has all of them. */
static int each_month(const struct ranks *world, const struct campaign *campaign, size_t first,
                      is_finished *finished,
                      int (*work_off)(const struct months *r, size_t m, const uint8_t *left))
{
    size_t n;
    struct month_work *work = find_work(world, campaign, first, finished, &n);
    const int size = ranks_size(world), n_groups = n < (size_t)size ? (int)n : size;
    const int group = group_of(ranks_rank(world), size, n_groups);
    const uint64_t memory = budget_per_rank(world);
    struct ranks *ranks = ranks_split(world, group);
    struct months r = {.campaign = campaign, .group = ranks, .plan = campaign->plan};
    r.plan.memory = memory;
    if (ranks_rank(ranks) != 0)
        stop_leave_folder();
    int code = EXIT_DONE;
    for (size_t i = (size_t)group; i < n && code == EXIT_DONE; i += (size_t)n_groups)
        code = work_off(&r, work[i].month, work[i].left);
    ranks_free(ranks);
    for (size_t i = 0; i < n; i++)
        free(work[i].left);
    free(work);
    return ranks_agree(world, code, NULL);
}

int reproduce_train(const struct ranks *world, const struct campaign *campaign)
{
    return each_month(world, campaign, 0, reproduce_is_trained, train_month);
}

int reproduce_judge(const struct ranks *world, const struct campaign *campaign)
{
    return each_month(world, campaign, 1, reproduce_is_judged, judge_month);
}
