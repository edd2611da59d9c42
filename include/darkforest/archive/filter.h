/*
 * filter.h - a BPF expression over captured frames, compiled by libpcap for each link type that comes. Local.
 */
#ifndef DARKFOREST_ARCHIVE_FILTER_H
#define DARKFOREST_ARCHIVE_FILTER_H

#include "darkforest/archive/record.h"

struct filter;

/* For a capture file's link type. NULL with one sentence in
 * *why (free() it) when the expression is wrong for it. */
struct filter *filter_new(const char *expression, uint32_t link_type, char **why);
void filter_free(struct filter *filter);
int filter_matches(const struct filter *filter, const struct record *record);

#endif
