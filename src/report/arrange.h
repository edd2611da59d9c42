/* arrange.h - the order of what a report knows, and the names of its sets of rows. Private to the report
 * room. Local. */
#ifndef DARKFOREST_ARRANGE_H
#define DARKFOREST_ARRANGE_H

#include "facts.h"

/* Windows and months by time, models and results by the time of the rows that they were trained on, what
 * is equal in the order in which it was given; and every set of rows and every file gets a name that
 * tells it from the others.
 */
void arrange_report(struct report *report);
/* order[0..n) = the numbers of the names, those of one name side by side: what was trained several times
 * stands together, and else nothing changes its place. */
void arrange_by_name(const char *const *names, size_t n, size_t *order);

#endif
