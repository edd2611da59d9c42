/*
 * classify_print.h - verdicts as CSV or JSON lines on stdout. Private to the app. Local.
 *
 *     window_start, address, category (where there are any), packets, verdict, a share a class,
 *     rule_verdict, rule
 */
#ifndef DARKFOREST_CLASSIFY_PRINT_H
#define DARKFOREST_CLASSIFY_PRINT_H

#include "darkforest/learn/model.h"
#include "darkforest/sources/source.h"

enum classify_format { CLASSIFY_CSV, CLASSIFY_JSONL };
#define CLASSIFY_FORMATS "csv|jsonl" /* as an option's choices */

struct classify_printer;

struct classify_printer *classify_printer_new(enum classify_format format, const struct model *model);
void classify_printer_free(struct classify_printer *printer);
/* The names of categories by code, of the rows from here on; until then, and with n = 0, none are shown. */
void classify_printer_categories(struct classify_printer *printer, const char *const *names, size_t n);
/* What stands above the rows, if anything does. */
void classify_print_head(const struct classify_printer *printer);
/* One source: the model's verdict, its n_classes shares, and the row with the rule's verdict. */
void classify_print_row(const struct classify_printer *printer, const struct source_row *row, uint8_t verdict,
                        const double *shares);

#endif
