#include "feature_csv.h"

#include "darkforest/core/csv.h"
#include "darkforest/core/parse.h"

#include <inttypes.h>
#include <string.h>

void feature_csv_header(FILE *out, int with_addresses)
{
    int first = 1;
    for (size_t c = 0; c < source_n_columns; c++)
        if (strcmp(source_columns[c].name, "address") != 0 || with_addresses) {
            fprintf(out, "%s%s", first ? "" : ",", source_columns[c].name);
            first = 0;
        }
    fputs("\n", out);
}

static void print_number(FILE *out, const struct source_column *column, const void *field,
                         const double *features)
{
    int64_t i64;
    uint64_t u64;
    uint32_t u32;
    char real[FORMAT_TIME_SIZE];
    switch (column->type) {
    case COLUMN_I64:
        memcpy(&i64, field, sizeof i64);
        fprintf(out, "%" PRId64, i64);
        break;
    case COLUMN_U64:
        memcpy(&u64, field, sizeof u64);
        fprintf(out, "%" PRIu64, u64);
        break;
    case COLUMN_U32:
        memcpy(&u32, field, sizeof u32);
        fprintf(out, "%" PRIu32, u32);
        break;
    case COLUMN_U8:
        fprintf(out, "%u", *(const uint8_t *)field);
        break;
    case COLUMN_F64:
        fputs(format_real(features[column->feature], real), out);
        break;
    }
}

/* Codes as the names they stand for, addresses dotted, the rest as numbers. */
static void print_cell(FILE *out, const struct features_meta *meta, const struct source_column *column,
                       const struct source_row *row, const double *features)
{
    char address[FORMAT_IPV4_SIZE];
    if (strcmp(column->name, "address") == 0)
        fputs(format_ipv4(row->address, address), out);
    else if (strcmp(column->name, "category") == 0)
        csv_text(out, meta->categories[row->category]);
    else if (strcmp(column->name, "label") == 0)
        csv_text(out, source_label_names[row->label]);
    else if (strcmp(column->name, "rule") == 0)
        csv_text(out, rule_names[row->rule].name);
    else
        print_number(out, column, (const char *)row + column->offset, features);
}

void feature_csv_rows(FILE *out, const struct features_meta *meta, const struct source_row *rows, size_t n,
                      int with_addresses)
{
    for (size_t i = 0; i < n; i++) {
        double features[SOURCE_FEATURES];
        int first = 1;
        source_features(&rows[i], features);
        for (size_t c = 0; c < source_n_columns; c++) {
            if (strcmp(source_columns[c].name, "address") == 0 && !with_addresses)
                continue;
            if (!first)
                putc(',', out);
            first = 0;
            print_cell(out, meta, &source_columns[c], &rows[i], features);
        }
        fputs("\n", out);
    }
}
