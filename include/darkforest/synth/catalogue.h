/*
 * catalogue.h - the device inventory that belongs to a synthetic hour:
 * CSV with the header "address,category". Local.
 *
 * All of the plan's sending devices are in it, and as many silent ones as the plan lists, well mixed.
 */
#ifndef DARKFOREST_SYNTH_CATALOGUE_H
#define DARKFOREST_SYNTH_CATALOGUE_H

#include "darkforest/synth/plan.h"

/* Written as PATH.partial and renamed. 0; EXIT_IO, or EXIT_STOPPED when another run writes it now, after one
 * sentence. */
int catalogue_write(const struct plan *plan, const char *path);

#endif
