/* part.h - how a part is filled while its records pass by. Pure, Local. Private to the archive room. */
#ifndef DARKFOREST_ARCHIVE_PART_H
#define DARKFOREST_ARCHIVE_PART_H

#include "darkforest/archive/parts.h"

/* What an index may say of the inflated stream: no file is longer, and who reckons with it stays within
 * 64 bits. */
#define PART_MOST_INFLATED ((uint64_t)1 << 62)

static inline struct part part_empty(void)
{
    return (struct part){.min_ts_ns = INT64_MAX, .max_ts_ns = INT64_MIN};
}

static inline void part_add_times(struct part *part, const struct record_times *times)
{
    part->n_records += times->n_records;
    part->min_ts_ns = times->min_ns < part->min_ts_ns ? times->min_ns : part->min_ts_ns;
    part->max_ts_ns = times->max_ns > part->max_ts_ns ? times->max_ns : part->max_ts_ns;
}

static inline void part_add_record(struct part *part, int64_t ts_ns)
{
    part_add_times(part, &(struct record_times){.n_records = 1, .min_ns = ts_ns, .max_ns = ts_ns});
}

#endif
