/*
 * result_file.h - how models did on rows: confusion matrices and what follows from them, in HDF5.
 * Local: one rank writes, any reads.
 *
 *     /results/0000          attributes: model, learner, parameters, protocol, trained_on, judged_on, classes,
 *                            n_windows, n_windows_learned, trained_first_window, trained_last_window,
 *                            judged_first_window, judged_last_window
 *     /results/0000/metrics  confusion, precision, recall, f1, support; attributes: accuracy, the averages
 *     /results/0001          ...
 */
#ifndef DARKFOREST_STORE_RESULT_FILE_H
#define DARKFOREST_STORE_RESULT_FILE_H

#include "darkforest/learn/metrics.h"
#include "darkforest/store/provenance.h"

#include <stddef.h>
#include <stdint.h>

/* How the rows of a result were kept apart from those of the training. */
enum protocol {
    PROTOCOL_OTHER_ROWS, /* another month, another file */
    PROTOCOL_OVERLAP,    /* rows of times that were trained on are among them */
    PROTOCOLS
};

/* "cross-month", "overlap" */
extern const char *const protocol_names[PROTOCOLS];

/* One model judged on one set of rows. Owns what it points to. */
struct result {
    char *model;   /* the model's name: "forest-depth-2" */
    char *learner; /* a name in learner.h's table */
    char *parameters;
    enum protocol protocol;
    char *trained_on; /* what a reader calls the rows: "2017-01", a file's name */
    char *judged_on;
    uint64_t n_windows;                  /* judged on */
    uint64_t n_windows_learned;          /* those of them in times that the model learned from */
    int64_t trained_first, trained_last; /* starts of the first and the last window with rows, s */
    int64_t judged_first, judged_last;
    int n_classes;
    char **class_names;
    struct metrics metrics;
};

struct results {
    struct result *items;
    size_t n;
    struct provenance made;
};

/* Adds a copy. */
void results_add(struct results *results, const struct result *result);
/* 0; EXIT_IO, or EXIT_STOPPED when another run writes it now, after one sentence, and no file. */
int results_write(const char *path, const struct results *results);
/* NULL with *code (EXIT_NO_INPUT, EXIT_BAD_DATA, EXIT_IO) and one sentence in *why. */
struct results *results_read(const char *path, int *code, char **why);
/* Frees the items and the strings, not the struct. */
void results_clear(struct results *results);
void results_free(struct results *results);

#endif
