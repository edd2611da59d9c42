/* sections.h - the parts of the page, each a function from facts to blocks; a part without facts adds
 * nothing. Private to the report room. Local. */
#ifndef DARKFOREST_SECTIONS_H
#define DARKFOREST_SECTIONS_H

#include "document.h"
#include "facts.h"

#include "darkforest/report/paper.h"

/* `figures` is the folder for pictures. Each returns 0, or -1 when a script could not be written. */
int section_caveats(struct document *document, const struct report *report, const char *figures);
int section_settings(struct document *document, const struct report *report, const char *figures);
int section_reading(struct document *document, const struct report *report, const char *figures);
int section_labels(struct document *document, const struct report *report, const char *figures);
int section_features(struct document *document, const struct report *report, const char *figures);
int section_models(struct document *document, const struct report *report, const char *figures);
int section_confusion(struct document *document, const struct report *report, const char *figures);
int section_runs(struct document *document, const struct report *report, const char *figures);

/* Whether both are of one time: its sources count twice then. */
int section_is_same_window(const struct window_facts *a, const struct window_facts *b);
/* Whether --from or --to left a part of it out. */
int section_is_partial(const struct window_facts *window);
/* What stands beside a month, NULL for nothing: the paper has one hour of a month, of all packets, so a month
 * that is there twice, has other windows or was filtered is set beside nothing. */
const struct paper_month *section_paper(const struct report *report, const struct month_facts *month);
/* The next cell: a number with its unit; alone in CSV. */
void section_with_unit(struct grid *grid, int64_t value, const char *unit);
/* The next cell: what rules have otherwise than the paper's; in CSV all of them, as INI text. */
void section_rules(struct grid *grid, const char *rules);
/* A model's name, and its file's where the report needs it, "forest-depth-2 (strict.h5)": fresh memory. */
char *section_model_title(const struct report *report, const char *name, const char *file);

/* Draws and adds a picture. 0, or -1 when its script could not be written;
 * a picture that cannot be drawn is left out. */
int section_label_picture(struct document *document, const struct report *report, const char *figures);
int section_importance_picture(struct document *document, const struct report *report, const char *figures);
/* Of the result `i`, as picture `number`. */
int section_confusion_picture(struct document *document, const struct report *report, size_t i, size_t number,
                              const char *figures);

#endif
