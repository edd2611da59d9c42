/*
 * busy_rows.h - sources of a window that no single owner could keep up with (busy.h): found, their contacts
 * dealt out by destination, and what was counted of them added up to rows. Private to the app. Collective.
 *
 *     busy_rows_begin -> (all other contacts are counted) -> busy_rows_end
 */
#ifndef DARKFOREST_BUSY_ROWS_H
#define DARKFOREST_BUSY_ROWS_H

#include "counted_by.h"
#include "pass.h"

/* The busy sources of a window, the same on every rank; and their contacts, turned, to the destinations that
 * this rank owns. */
struct busy_rows {
    struct busy sources;
    struct buckets turned;
};

/* weights[bucket]: the contacts of all ranks (buckets_weigh); in how many stages they are dealt out
 * (counted_by.h), 0: they are not. The agreed exit code. */
int busy_rows_begin(struct busy_rows *busy, struct pass *pass, struct window *window, const uint64_t *weights,
                    uint64_t n_dealt_stages);
/* Completes the rows of busy sources that finishing left in `from` with the ranks that counted the other
 * contacts of their buckets, and moves them to `rows`. The agreed exit code. */
int busy_rows_end(struct busy_rows *busy, struct pass *pass, const struct buckets *buckets,
                  const struct counted_by *by, struct chunk_list *from, struct chunk_list *rows);
void busy_rows_free(struct busy_rows *busy);

#endif
