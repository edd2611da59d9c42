/*
 * verdicts.h - what one model says of rows, printed beside what the rules say. Private to the app. Local: one
 * rank does it all.
 */
#ifndef DARKFOREST_VERDICTS_H
#define DARKFOREST_VERDICTS_H

#include "classify_print.h"

#include "darkforest/core/text.h"
#include "darkforest/store/model_file.h"

struct verdicts {
    struct model_set *set;
    const struct model *model; /* of the set */
    struct classify_printer *printer;
    int columns[SOURCE_FEATURES]; /* of the features that the model asks for */
    uint64_t n_rows, n_agree;     /* judged so far; the rule says the same */
    uint64_t *n_by_class;
    /* of a batch of rows: what is judged, and how */
    double *values, *shares;
    uint8_t *classes;
};

/* `name` of the models of the first operand, a file, NULL for the only one; the others are to be judged. 0,
 * or an exit code after one sentence; verdicts_close either way. */
int verdicts_open(struct verdicts *v, const struct strings *operands, const char *name,
                  enum classify_format format);
void verdicts_close(struct verdicts *v);
/* Warns when rows of this filter and window length (s) are not such as the model learned from; whether they
 * are not. Devices are not compared: what a source sent does not depend on which others are listed. */
int verdicts_warn(const struct verdicts *v, const char *filter, int64_t window_length);
/* Judges n labelled rows and prints them. */
void verdicts_print(struct verdicts *v, const struct source_row *rows, size_t n);
/* The closing line: of what was read, which verdicts. */
void verdicts_tell(const struct verdicts *v, const char *what_was_read);

#endif
