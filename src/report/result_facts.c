#include "result_facts.h"

#include "darkforest/core/memory.h"

#include <stdlib.h>

/* Adds a copy. A result gets the names of its rows when all are known. */
static void add(struct report *report, const char *path, const struct result_facts *result)
{
    report->results = memory_resize(report->results, (report->n_results + 1) * sizeof *report->results);
    struct result_facts *copy = &report->results[report->n_results];
    *copy = *result;
    copy->given = report->n_results++;
    copy->file = memory_text(path);
    copy->model = memory_text(result->model);
    copy->parameters = result->parameters ? memory_text(result->parameters) : NULL;
    copy->trained_on = memory_text("");
    copy->judged_on = memory_text("");
    copy->class_names = memory_zeroed((size_t)result->n_classes, sizeof *copy->class_names);
    for (int c = 0; c < result->n_classes; c++)
        copy->class_names[c] = memory_text(result->class_names[c]);
    copy->metrics = (struct metrics){0};
    metrics_copy(&copy->metrics, &result->metrics);
    copy->folds = memory_zeroed(result->n_folds, sizeof *copy->folds);
    for (size_t k = 0; k < result->n_folds; k++)
        metrics_copy(&copy->folds[k], &result->folds[k]);
}

/* By their times, as the rows of a model are: one set of rows has one name, whatever a campaign calls it. */
void result_facts_of_file(struct report *report, const char *path, const struct result *result)
{
    add(report, path,
        &(struct result_facts){.model = result->model,
                               .parameters = result->parameters,
                               .protocol = protocol_names[result->protocol],
                               .is_overlap = result->protocol == PROTOCOL_OVERLAP,
                               .trained = {result->trained_first, result->trained_last},
                               .judged = {result->judged_first, result->judged_last},
                               .n_classes = result->n_classes,
                               .class_names = result->class_names,
                               .metrics = result->metrics});
}

void result_facts_of_model(struct report *report, const char *path, const struct model *model,
                           struct stretch rows)
{
    struct result_facts result = {.model = model->name,
                                  .protocol = "split",
                                  .trained = rows,
                                  .judged = rows,
                                  .n_classes = model->n_classes,
                                  .class_names = model->class_names,
                                  .metrics = model->held_out};
    if (model->held_out.n_classes > 0)
        add(report, path, &result);
    if (model->n_folds == 0)
        return;
    result.protocol = "cross-validation, pooled";
    result.folds = model->folds;
    result.n_folds = model->n_folds;
    metrics_init(&result.metrics, model->n_classes);
    for (size_t k = 0; k < model->n_folds; k++)
        for (int i = 0; i < model->n_classes * model->n_classes; i++)
            result.metrics.confusion[i] += model->folds[k].confusion[i];
    add(report, path, &result);
    metrics_free(&result.metrics);
}

static void clear(struct result_facts *result)
{
    free(result->file);
    free(result->model);
    free(result->parameters);
    free(result->trained_on);
    free(result->judged_on);
    for (int c = 0; c < result->n_classes; c++)
        free(result->class_names[c]);
    free(result->class_names);
    metrics_free(&result->metrics);
    for (size_t k = 0; k < result->n_folds; k++)
        metrics_free(&result->folds[k]);
    free(result->folds);
}

void result_facts_free(struct report *report)
{
    for (size_t i = 0; i < report->n_results; i++)
        clear(&report->results[i]);
    free(report->results);
}
