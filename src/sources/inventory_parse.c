/* inventory_parse.c - the lines of a device list: which kind each is,
 * CSV columns, and the counting of what cannot be used. */
#include "inventory_list.h"
#include "text_stream.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/text.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS_MAX 256 /* columns to the right of these are not looked at */
#define QUOTED_MOST 256 /* bytes of a category with quotes in it that are looked at */
/* Columns that may hold the address, or the category: the first that is not empty counts. There are not as many
 * names. */
#define CANDIDATES 16

struct candidates {
    size_t column[CANDIDATES];
    size_t n;
};

/* Where a CSV line keeps what is wanted. Without a header: the address, then perhaps a category. */
struct layout {
    struct candidates address, category;
    size_t n_columns; /* fields to be split off */
    char delimiter;
    int has_header;
};

static char guess_delimiter(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (line[i] == ',' || line[i] == ';' || line[i] == '\t')
            return line[i];
    return ',';
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The end of a quoted field that starts at `at`: the closing quote, or the end of the line.
 * Doubled quotes belong to the field. */
static size_t closing_quote(const char *line, size_t n, size_t at)
{
    while (at < n && (line[at] != '"' || (at + 1 < n && line[at + 1] == '"')))
        at += line[at] == '"' ? 2 : 1;
    return at < n ? at : n;
}

/* One field, without its outer quotes. Returns where it ends: at a delimiter or at the end of the line. */
static size_t split_field(const char *line, size_t n, size_t at, char delimiter, struct text_view *field)
{
    size_t filled = at;
    while (filled < n && line[filled] != delimiter && is_blank(line[filled]))
        filled++;
    const int is_quoted = filled < n && line[filled] == '"';
    const size_t start = is_quoted ? filled + 1 : at;
    const size_t close = is_quoted ? closing_quote(line, n, start) : start;
    const char *stop = memchr(line + close, delimiter, n - close);
    const size_t end = stop ? (size_t)(stop - line) : n;
    *field = (struct text_view){line + start, (is_quoted ? close : end) - start};
    return end;
}

/* The first `max` fields of a line. */
static size_t split_line(const char *line, size_t n, char delimiter, struct text_view *fields, size_t max)
{
    size_t n_fields = 0;
    for (size_t at = 0; n_fields < max && at <= n; at++)
        at = split_field(line, n, at, delimiter, &fields[n_fields++]);
    return n_fields;
}

/* The columns of these names, the best name first. */
static void find_columns(struct candidates *found, const char *const *names, size_t n_names,
                         const struct text_view *fields, size_t n_fields)
{
    found->n = 0;
    for (size_t i = 0; i < n_names; i++)
        for (size_t f = 0; f < n_fields && found->n < CANDIDATES; f++)
            if (text_view_same(text_view_trimmed(fields[f]), names[i]))
                found->column[found->n++] = f;
}

static size_t columns_needed(const struct layout *layout)
{
    size_t n = 0;
    for (size_t i = 0; i < layout->address.n; i++)
        n = layout->address.column[i] >= n ? layout->address.column[i] + 1 : n;
    for (size_t i = 0; i < layout->category.n; i++)
        n = layout->category.column[i] >= n ? layout->category.column[i] + 1 : n;
    return n;
}

/* Learns the layout from the first line of a file. True when that line is a header. */
static int read_header(struct layout *layout, const char *line, size_t n)
{
    struct text_view fields[COLUMNS_MAX];
    struct layout named = {.delimiter = guess_delimiter(line, n), .has_header = 1};
    const size_t n_fields = split_line(line, n, named.delimiter, fields, COLUMNS_MAX);
    find_columns(&named.address, inventory_list_address_names, inventory_list_n_address_names, fields,
                 n_fields);
    find_columns(&named.category, inventory_list_category_names, inventory_list_n_category_names, fields,
                 n_fields);
    named.n_columns = columns_needed(&named);
    if (named.address.n == 0)
        return 0;
    *layout = named;
    return 1;
}

static struct text_view first_filled(const struct candidates *c, const struct text_view *fields,
                                     size_t n_fields)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->column[i] < n_fields && text_view_trimmed(fields[c->column[i]]).n > 0)
            return fields[c->column[i]];
    return (struct text_view){"", 0};
}

/* A quoted field as it is meant: a doubled quote is one. Where there are any, the field is written to `room`,
 * as much of it as is looked at. */
static struct text_view without_doubling(struct text_view field, const char *line, char room[QUOTED_MOST])
{
    const int is_quoted = field.n > 0 && field.at > line && field.at[-1] == '"';
    if (!is_quoted || !memchr(field.at, '"', field.n))
        return field;
    size_t n = 0;
    for (size_t i = 0; i < field.n && n < QUOTED_MOST; i++) {
        room[n++] = field.at[i];
        i += field.at[i] == '"' && i + 1 < field.n && field.at[i + 1] == '"';
    }
    return (struct text_view){room, n};
}

static enum entry_result csv_line(struct inventory_list *list, const struct layout *layout, const char *line,
                                  size_t n)
{
    struct text_view fields[COLUMNS_MAX];
    const size_t n_fields = split_line(line, n, layout->delimiter, fields, layout->n_columns);
    const struct text_view address = first_filled(&layout->address, fields, n_fields);
    const struct text_view category = first_filled(&layout->category, fields, n_fields);
    char room[QUOTED_MOST];
    const enum entry_result result =
        inventory_list_add(list, address, without_doubling(category, line, room), layout->has_header);
    return result == ENTRY_IGNORED ? ENTRY_BAD : result; /* a line without an address */
}

static void count_line(struct inventory_counts *counts, enum entry_result result, const char *path,
                       uint64_t number)
{
    counts->lines += result != ENTRY_IGNORED;
    counts->ipv6_entries += result == ENTRY_IPV6;
    counts->bad_lines += result == ENTRY_BAD;
    if (result == ENTRY_BAD && counts->first_bad_line == 0) {
        counts->first_bad_line = number;
        snprintf(counts->first_bad_file, sizeof counts->first_bad_file, "%s", path);
    }
}

/* Up to a comment behind the entry: a '#' after a blank or tab, outside of quoted fields. */
static size_t without_comment(const char *line, size_t n, char delimiter)
{
    int starts = 1; /* nothing but blanks since the field began */
    for (size_t i = 0; i < n; i++) {
        if (starts && line[i] == '"')
            i = closing_quote(line, n, i + 1);
        else if (i > 0 && line[i] == '#' && is_blank(line[i - 1]))
            return i - 1;
        starts = i < n && (line[i] == delimiter || (starts && is_blank(line[i])));
    }
    return n;
}

static enum entry_result parse_line(struct inventory_list *list, struct layout *layout, int is_first,
                                    const char *line, size_t n)
{
    if (line[0] == '{')
        return inventory_json_line(list, line, n);
    if (is_first && read_header(layout, line, n))
        return ENTRY_IGNORED;
    if (layout->has_header)
        return csv_line(list, layout, line, n);
    /* The first line says nothing of others: it may be an address alone, or have a semicolon in a comment. */
    layout->delimiter = guess_delimiter(line, n);
    return csv_line(list, layout, line, without_comment(line, n, layout->delimiter));
}

static int is_blank_or_comment(const char *line, size_t n)
{
    const struct text_view text = text_view_trimmed((struct text_view){line, n});
    return text.n == 0 || text.at[0] == '#';
}

/* Objects in one array, on one line or many. */
static int is_json_array(const char *line, size_t n)
{
    const struct text_view rest = text_view_trimmed((struct text_view){line + 1, n - 1});
    return line[0] == '[' && (rest.n == 0 || rest.at[0] == '{');
}

int inventory_parse(struct inventory_list *list, struct text_stream *stream, const char *path,
                    struct inventory_counts *counts, char **why)
{
    struct layout layout = {.address = {{0}, 1}, .category = {{1}, 1}, .n_columns = 2};
    const char *line;
    size_t n;
    int code = EXIT_DONE, is_first = 1;
    for (uint64_t number = 1;; number++) {
        const enum text_result got = text_line(stream, &line, &n, &code, why);
        if (got == TEXT_END || got == TEXT_FAILED)
            return code;
        if (got == TEXT_LINE && is_blank_or_comment(line, n))
            continue;
        if (got == TEXT_LINE && is_first && is_json_array(line, n)) {
            *why = text_format("%s: a JSON array, where one object a line is wanted: jq -c '.[]' makes them",
                               path);
            return EXIT_BAD_DATA;
        }
        const enum entry_result result =
            got == TEXT_LINE ? parse_line(list, &layout, is_first, line, n) : ENTRY_BAD;
        count_line(counts, result, path, number);
        is_first = 0;
        if (list->full) {
            *why = text_format("%s:%llu: %s", path, (unsigned long long)number, list->full);
            return EXIT_BAD_DATA;
        }
    }
}
