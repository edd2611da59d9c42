/*
 * device_list.h - the device inventory that belongs to a synthetic hour: CSV with the header
 * "address,category". Local.
 *
 * All of the plan's sending devices are in it, and as many silent ones as the plan lists, well mixed.
 */
#ifndef DARKFOREST_SYNTH_DEVICE_LIST_H
#define DARKFOREST_SYNTH_DEVICE_LIST_H

#include "darkforest/synth/plan.h"

/* Written as PATH.partial and renamed. 0; -1 after one sentence. */
int device_list_write(const struct plan *plan, const char *path);

#endif
