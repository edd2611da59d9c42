/*
 * model_file.h - fitted models and all that is needed to use them alone, in one HDF5 file.
 * Local: one rank writes, any reads.
 *
 *     /models/<name>            attributes: learner, parameters, seed, features, classes, ...
 *     /models/<name>/<array>    what model.h's arrays hold: trees, importances, moments; each with its
 *                               checksum
 *     /models/<name>/held_out   confusion matrix, precision, recall, F1;
 *                               folds/<k> the same of a cross-validation
 *     /windows                  of the rows: start and length in seconds, a line a feature file that has any
 *     /provenance               what differs from run to run
 *
 * A file of an unknown version, a damaged one, and one whose
 * models do not hold together are refused with a sentence.
 */
#ifndef DARKFOREST_STORE_MODEL_FILE_H
#define DARKFOREST_STORE_MODEL_FILE_H

#include "darkforest/learn/model.h"
#include "darkforest/store/provenance.h"

#include <stddef.h>
#include <stdint.h>

struct training_window {
    int64_t start, length; /* s */
};

/* On which rows the models were fitted. Where their files differ in rules, filter, inventory or window
 * length, it is that of the first. What is pointed to is borrowed on writing, owned by the set after
 * reading. */
struct training {
    char *rules;                       /* text of the rules that labelled the rows (rules_text) */
    char *inputs;                      /* last parts of the feature files' names, one a line */
    uint64_t input_checksum;           /* over the rows: values, labels and order */
    int64_t first_window, last_window; /* starts of the first and the last window with rows, s */
    int64_t window_length;             /* s */
    uint64_t n_rows;                   /* rows read: trained and held out */
    double test_share;                 /* held out */
    uint64_t seed;                     /* of the split and the folds */
    uint64_t n_folds;                  /* 0: no cross-validation */
    struct provenance made;
    /* Of which packets the rows are. */
    char *filter;                    /* BPF expression, "" for none */
    uint64_t inventory_checksum;     /* 0: every source kept */
    struct training_window *windows; /* of the feature files with rows, in their order; at least one */
    size_t n_windows;
};

struct model_set {
    struct model **models;
    size_t n;
    struct training training;
};

/* 0; EXIT_IO, or EXIT_STOPPED when another run writes it now, after one sentence, and no file. Model
 * names are unique and hold no slash. */
int model_file_write(const char *path, const struct model_set *set);
/* NULL with *code (EXIT_NO_INPUT, EXIT_BAD_DATA, EXIT_IO) and one sentence in *why.
 * Every model has passed model_check. */
struct model_set *model_file_read(const char *path, int *code, char **why);
void model_set_free(struct model_set *set);

/*
 * columns[i] = the place of the model's feature i among the nine of source.h. 0, or -1 with a sentence in
 * *why that names the feature which darkforest does not compute; also for more than nine, so that `columns`
 * needs room for nine.
 */
int model_file_columns(const struct model *model, int *columns, char **why);

#endif
