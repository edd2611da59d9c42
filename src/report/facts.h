/*
 * facts.h - what a report knows: gathered from files once, small but for the sampled values.
 * Private to the report room. Local.
 */
#ifndef DARKFOREST_FACTS_H
#define DARKFOREST_FACTS_H

#include "stretch.h"

#include "darkforest/label/rules.h"
#include "darkforest/learn/metrics.h"
#include "darkforest/report/report.h"
#include "darkforest/sources/source.h"

#define MONTH_SIZE 8 /* "2017-01" */

/* In all: `given` is the place in the order of reading, by which what is equal is sorted (arrange.h). */

struct window_facts {
    int64_t start, length; /* s */
    int64_t covered_ns;    /* as much of it was computed */
    char *file;            /* its name */
    uint64_t n_rows;
    struct tally tally;
    char *damages; /* of its inputs, a line each */
    size_t month;  /* number among the months */
    size_t given;
};

/* By what feature files were made: each distinct set once, in the order of reading. */
struct settings_facts {
    int64_t window_length; /* s */
    uint64_t inventory;    /* its checksum; 0: every source was kept */
    char *filter;
    char *rules; /* as INI text */
    uint64_t n_windows;
};

/* A set of feature files: what one folder has of a calendar month, made by the same settings. */
struct month_facts {
    char month[MONTH_SIZE];
    char *folder;
    size_t settings;   /* number among the settings */
    char *name;        /* the month; with the folder or the settings where there are several sets of it */
    size_t n_of_month; /* sets of the same calendar month */
    int64_t first_window;
    size_t given;
    uint64_t n_windows, n_rows, labels[LABEL_CLASSES];
    struct tally tally;
};

struct category_facts {
    char *name;
    uint64_t labels[LABEL_CLASSES];
};

/* A sum and what rounding took from it, so that the order of its parts makes no difference that is seen
 * (Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", 1974). */
struct careful_sum {
    double sum, lost;
};

/* The features of a class: of all its sources what can be told as they come, and the values of one source in
 * `one_in`, of every one as long as memory allows; which, is said by address and window, not by the order of
 * files. Features are heavy-tailed: a sample's extremes and mean tell little, its quartiles tell enough. */
struct sample {
    double *values[SOURCE_FEATURES];
    uint32_t *hashes; /* of each, the lowest bits of which are 0 */
    size_t n, capacity;
    uint64_t n_seen;
    uint32_t one_in; /* power of two */
    double least[SOURCE_FEATURES], most[SOURCE_FEATURES];
    struct careful_sum sums[SOURCE_FEATURES];
};

struct model_facts {
    char *name, *learner, *parameters, *trained_on;
    char *rules; /* those that labelled the rows, as INI text */
    char *file;  /* its path; its name for readers once all are known (arrange.h), as a result's */
    struct stretch rows;
    size_t given;
    uint64_t n_rows, seed;
    size_t n_features;
    char **feature_names;
    double *importances; /* NULL: the learner has none */
};

/* One model judged on one set of rows (result_facts.h). */
struct result_facts {
    char *file, *model;
    char *parameters;     /* of the model that was judged; NULL: the model stands beside it */
    const char *protocol; /* how the rows were kept apart from those of the training, as it is shown */
    int is_overlap;       /* they were not: some are of times that were trained on */
    char *trained_on, *judged_on; /* from arrange.h */
    struct stretch trained, judged;
    size_t given;
    int n_classes;
    char **class_names;
    struct metrics metrics; /* of a cross-validation: the sum over the folds */
    struct metrics *folds;
    size_t n_folds; /* 0: no cross-validation */
};

struct run_facts {
    char *command, *version, *started;
    struct report_run numbers;
};

struct report {
    struct window_facts *windows;
    size_t n_windows;
    struct month_facts *months;
    size_t n_months;
    struct settings_facts *settings;
    size_t n_settings;
    struct category_facts *categories;
    size_t n_categories;
    uint64_t rules[RULES]; /* sources that each rule decided */
    struct sample samples[LABEL_CLASSES];
    struct model_facts *models;
    size_t n_models;
    struct result_facts *results;
    size_t n_results;
    int tells_files; /* models or results of different files bear the same names: say the files too */
    struct run_facts *runs;
    size_t n_runs;
};

#endif
