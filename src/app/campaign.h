/*
 * campaign.h - a campaign file, read whole: what jobs/campaign-example.ini describes.
 * Private to the app. Local.
 *
 * Relative paths have become paths from the folder of the file.
 * Where things lie under the output folder is said here once.
 */
#ifndef DARKFOREST_CAMPAIGN_H
#define DARKFOREST_CAMPAIGN_H

#include "training.h"

#include "darkforest/core/text.h"

struct campaign_month {
    char *name;
    struct strings archive; /* files, globs, folders; owned */
    int64_t from_ns, to_ns;
};

struct campaign {
    char *name, *output;
    struct campaign_month *months; /* as in the file; the first one's models are judged on the others */
    size_t n_months;
    struct strings devices, extract; /* owned; `extract` holds words like "--window=1h" */
    int64_t window_ns;
    char *rules;             /* NULL: the paper's */
    struct strings learners; /* rows of learner.h's table; owned */
    struct training_plan plan;
};

/* The n bytes of the file at `path`, in fresh memory. 0; with *text NULL an exit code after one sentence. */
int campaign_load(const char *path, char **text, size_t *n);
/* The campaign that such bytes are, without a look at the disk. 0, or an exit code after one sentence that names
 * the file and what is wrong in it. Free in both cases. */
int campaign_read(struct campaign *campaign, const char *path, const char *text, size_t n);
void campaign_free(struct campaign *campaign);

/* What decides about the models, as text: the same for the same models. Fresh memory, as all below. */
char *campaign_training_text(const struct campaign *campaign);

char *campaign_features(const struct campaign *campaign, size_t month); /* a folder */
char *campaign_model(const struct campaign *campaign, size_t month, size_t learner);
/* The first month's models judged on another month. */
char *campaign_result(const struct campaign *campaign, size_t month, size_t learner);

#endif
