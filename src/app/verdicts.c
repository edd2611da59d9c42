#include "verdicts.h"

#include "model_choice.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 1024 /* rows judged at once */

static int choose(struct verdicts *v, const struct strings *operands, const char *name)
{
    int code = 0;
    char *why = NULL;
    v->model = model_choose(operands->items[0], name, &v->set, &code, &why);
    if (code != EXIT_DONE && code != EXIT_BAD_USAGE) /* which is of the name */
        model_choice_order(operands, &why);
    if (v->model && model_file_columns(v->model, v->columns, &why))
        code = EXIT_BAD_DATA;
    if (code)
        log_error("%s", why);
    free(why);
    return code;
}

int verdicts_open(struct verdicts *v, const struct strings *operands, const char *name,
                  enum classify_format format)
{
    *v = (struct verdicts){0};
    const int code = choose(v, operands, name);
    if (code)
        return code;
    const size_t n_features = (size_t)v->model->n_features, n_classes = (size_t)v->model->n_classes;
    v->printer = classify_printer_new(format, v->model);
    v->n_by_class = memory_zeroed(n_classes, sizeof *v->n_by_class);
    v->values = memory_get(BATCH * n_features * sizeof *v->values);
    v->shares = memory_get(BATCH * n_classes * sizeof *v->shares);
    v->classes = memory_get(BATCH);
    return EXIT_DONE;
}

void verdicts_close(struct verdicts *v)
{
    classify_printer_free(v->printer);
    model_set_free(v->set);
    free(v->n_by_class);
    free(v->values);
    free(v->shares);
    free(v->classes);
}

int verdicts_warn(const struct verdicts *v, const char *filter, int64_t window_length)
{
    const struct training *learned = &v->set->training;
    const int other_filter = strcmp(filter, learned->filter) != 0;
    const int other_window = window_length != learned->window_length;
    if (other_filter)
        log_warn(
            "the rows that the model learned from were extracted with another --filter: their features do "
            "not mean the same");
    if (other_window)
        log_warn(
            "the model learned from windows of %lld s, these are of %lld s: their features do not mean the "
            "same",
            (long long)learned->window_length, (long long)window_length);
    return other_filter || other_window;
}

static void print_batch(struct verdicts *v, const struct source_row *rows, size_t n)
{
    const size_t n_features = (size_t)v->model->n_features, n_classes = (size_t)v->model->n_classes;
    for (size_t i = 0; i < n; i++) {
        double features[SOURCE_FEATURES];
        source_features(&rows[i], features);
        for (size_t f = 0; f < n_features; f++)
            v->values[i * n_features + f] = features[v->columns[f]];
    }
    model_predict_proba(v->model, v->values, n, v->shares);
    model_decide(v->model, v->shares, n, v->classes);
    for (size_t i = 0; i < n; i++) {
        const uint8_t class = v->classes[i];
        classify_print_row(v->printer, &rows[i], class, v->shares + i * n_classes);
        v->n_by_class[class]++;
        v->n_agree += strcmp(v->model->class_names[class], source_label_names[rows[i].label]) == 0;
    }
}

void verdicts_print(struct verdicts *v, const struct source_row *rows, size_t n)
{
    for (size_t at = 0; at < n; at += BATCH)
        print_batch(v, rows + at, n - at < BATCH ? n - at : BATCH);
    v->n_rows += n;
}

void verdicts_tell(const struct verdicts *v, const char *what_was_read)
{
    char *by_class = memory_text("");
    for (int c = 0; c < v->model->n_classes; c++)
        text_add(&by_class, "%s%" PRIu64 " %s", c ? ", " : "", v->n_by_class[c], v->model->class_names[c]);
    log_info("%s: %s, %" PRIu64 " sources (%s); the rules agree on %" PRIu64, v->model->name, what_was_read,
             v->n_rows, by_class, v->n_agree);
    free(by_class);
}
