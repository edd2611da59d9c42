/* part.h - how a part is filled while its records pass by. Pure, Local. Private to the archive room. */
#ifndef DARKFOREST_ARCHIVE_PART_H
#define DARKFOREST_ARCHIVE_PART_H

#include "darkforest/archive/parts.h"

static inline struct part part_empty(void)
{
    return (struct part){.min_ts_ns = INT64_MAX, .max_ts_ns = INT64_MIN};
}

static inline void part_add_record(struct part *part, int64_t ts_ns)
{
    part->n_records++;
    part->min_ts_ns = ts_ns < part->min_ts_ns ? ts_ns : part->min_ts_ns;
    part->max_ts_ns = ts_ns > part->max_ts_ns ? ts_ns : part->max_ts_ns;
}

#endif
