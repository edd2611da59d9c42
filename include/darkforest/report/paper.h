/*
 * paper.h - the counts of the paper that this program follows, to set beside a run. Its precision and recall
 * are not public: none are here. Local.
 */
#ifndef DARKFOREST_REPORT_PAPER_H
#define DARKFOREST_REPORT_PAPER_H

#include "darkforest/sources/source.h"

struct paper_month {
    const char *month;                /* "2017-01": one hour of its first day */
    uint64_t labels[LABEL_CLASSES];   /* 0: not told */
    const char *texts[LABEL_CLASSES]; /* as the paper has it; "" when not told */
};

/* What may stand beside a month's windows of this length (s), whose packets went through this filter ("": all): NULL
 * when the paper has nothing of the month, or nothing that is alike. */
const struct paper_month *paper_find(const char *month, int64_t window_length, const char *filter);

#endif
