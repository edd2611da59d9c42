/*
 * feature_csv.h - rows of a feature file as CSV (RFC 4180): the columns of source.h by their names, codes as
 * the names they stand for, addresses dotted or left out. Private to the app. Local.
 */
#ifndef DARKFOREST_FEATURE_CSV_H
#define DARKFOREST_FEATURE_CSV_H

#include "darkforest/store/features.h"

#include <stdio.h>

void feature_csv_header(FILE *out, int with_addresses);
void feature_csv_rows(FILE *out, const struct features_meta *meta, const struct source_row *rows, size_t n,
                      int with_addresses);

#endif
