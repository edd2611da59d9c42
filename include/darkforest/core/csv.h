/* csv.h - a text as a value of CSV, by RFC 4180. Local. */
#ifndef DARKFOREST_CORE_CSV_H
#define DARKFOREST_CORE_CSV_H

#include <stdio.h>

/* With quotes around it where it holds a comma, a quote or the end of a line; its own quotes doubled. */
void csv_text(FILE *out, const char *text);

#endif
