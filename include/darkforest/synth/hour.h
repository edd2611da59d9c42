/*
 * hour.h - the packets of a synthetic hour, block of time by block of time. Pure, Local.
 *
 *     |  block 0  |  block 1  |  block 2  | ...      blocks depend on the plan alone;
 *                                                    any rank makes any block
 *
 * A block's records come in the order of their places in time. A few bear timestamps that are
 * off by milliseconds, and a few of the first and last second are stamped with the hour before or
 * after, as in real archives.
 */
#ifndef DARKFOREST_SYNTH_HOUR_H
#define DARKFOREST_SYNTH_HOUR_H

#include "darkforest/archive/record.h"
#include "darkforest/synth/population.h"

struct hour;

/* Borrows the population. */
struct hour *hour_new(const struct population *population);
void hour_free(struct hour *hour);

uint64_t hour_n_blocks(const struct hour *hour);

/* Takes one record; anything but 0 ends the block. The record's bytes are valid during the call. */
typedef int (*hour_sink)(void *context, const struct record *record);

/* Makes block b. 0, or what the sink returned. *n_records: how many the sink took. */
int hour_block(struct hour *hour, uint64_t b, hour_sink sink, void *context, uint64_t *n_records);

#endif
