/* What stands beside the columns of a feature file: attributes, tally, provenance. */
#include "layout.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CATEGORIES_MAX 256

hid_t layout_type(enum column_type type)
{
    switch (type) {
    case COLUMN_I64:
        return H5T_NATIVE_INT64;
    case COLUMN_U64:
        return H5T_NATIVE_UINT64;
    case COLUMN_U32:
        return H5T_NATIVE_UINT32;
    case COLUMN_U8:
        return H5T_NATIVE_UINT8;
    case COLUMN_F64:
        return H5T_NATIVE_DOUBLE;
    }
    return -1;
}

uint64_t features_rounds(uint64_t n_rows, int size)
{
    const uint64_t n_chunks = layout_chunks(n_rows);
    return n_chunks / (unsigned)size + (n_chunks % (unsigned)size != 0);
}

struct features_part features_part(uint64_t n_rows, uint64_t round, int rank, int size)
{
    const uint64_t chunk = round * (unsigned)size + (unsigned)rank;
    const uint64_t from = chunk * LAYOUT_CHUNK_ROWS, to = from + LAYOUT_CHUNK_ROWS;
    return (struct features_part){from < n_rows ? from : n_rows, to < n_rows ? to : n_rows};
}

uint64_t layout_checksum(const uint64_t *hashes, size_t n)
{
    return hash_bytes(hashes, n * sizeof *hashes, 0);
}

static int write_tally(hid_t file, const struct tally *tally)
{
    const struct hdf_shape scalar = {0};
    hid_t group = hdf_group_create(file, "tally");
    int bad = 0;
    for (int r = 0; r < TALLY_REASONS; r++) {
        bad |= hdf_put_array(group, tally_names[r].name, H5T_NATIVE_UINT64, scalar, &tally->n[r]);
        hid_t dataset = H5Dopen2(group, tally_names[r].name, H5P_DEFAULT);
        bad |= hdf_put_note(dataset, "units", "packets");
        bad |= hdf_put_note(dataset, "description", tally_names[r].description);
        bad |= hdf_dataset_close(dataset);
    }
    const uint64_t records = tally_records(tally);
    bad |= hdf_put_array(group, "records", H5T_NATIVE_UINT64, scalar, &records);
    return bad;
}

int layout_meta_write(hid_t file, const struct features_meta *meta, uint64_t n_rows)
{
    char *rules = rules_text(&meta->rules);
    int bad = hdf_put_kind(file, CONTENT_FEATURES, LAYOUT_SCHEMA);
    bad |= hdf_put_i64(file, "window_start", meta->window_start);
    bad |= hdf_put_i64(file, "window_length", meta->window_length);
    if (features_is_partial(meta)) {
        bad |= hdf_put_i64(file, "covered_from_ns", meta->covered_from_ns);
        bad |= hdf_put_i64(file, "covered_to_ns", meta->covered_to_ns);
    }
    bad |= hdf_put_i64(file, "n_rows", (int64_t)n_rows);
    bad |= hdf_put_text(file, "rules", rules);
    bad |= hdf_put_text(file, "filter", meta->filter ? meta->filter : "");
    bad |= hdf_put_text(file, "damages", meta->damages ? meta->damages : "");
    bad |= hdf_put_hash(file, "inventory_checksum", meta->inventory_checksum);
    bad |= hdf_put_hash(file, "input_checksum", meta->input_checksum);
    bad |= hdf_put_text(file, "begun_by", meta->begins ? meta->begins : "");
    bad |= write_tally(file, &meta->tally);
    bad |= hdf_put_provenance(file, &meta->made);
    free(rules);
    return bad ? -1 : 0;
}

/* The values of a coded column and what they mean, as the CF conventions have it: one word a value. */
static int describe_flags(hid_t dataset, const char *const *names, size_t n)
{
    if (n == 0)
        return 0;
    uint8_t values[CATEGORIES_MAX];
    size_t length = 1;
    for (size_t i = 0; i < n; i++) {
        values[i] = (uint8_t)i;
        length += strlen(names[i]) + 1;
    }
    char *words = memory_zeroed(length, 1), *at = words;
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            *at++ = ' ';
        for (const char *c = names[i]; *c; c++)
            *at++ = *c == ' ' ? '_' : *c;
    }
    int bad = hdf_put_bytes(dataset, "flag_values", values, n);
    bad |= hdf_put_note(dataset, "flag_meanings", words);
    bad |= hdf_put_texts(dataset, "categories", names, n);
    free(words);
    return bad;
}

int layout_column_describe(hid_t dataset, const struct source_column *column,
                           const struct features_meta *meta)
{
    int bad = hdf_put_note(dataset, "units", column->unit);
    bad |= hdf_put_note(dataset, "description", column->description);
    bad |= hdf_put_note(dataset, "encoding-type", "array");
    bad |= hdf_put_note(dataset, "encoding-version", "0.2.0");
    if (strcmp(column->name, "label") == 0)
        bad |= describe_flags(dataset, source_label_names, LABEL_CLASSES);
    if (strcmp(column->name, "category") == 0)
        bad |= describe_flags(dataset, (const char *const *)meta->categories, meta->n_categories);
    if (strcmp(column->name, "rule") == 0) {
        const char *names[RULES];
        for (int r = 0; r < RULES; r++)
            names[r] = rule_names[r].name;
        bad |= describe_flags(dataset, names, RULES);
    }
    return bad ? -1 : 0;
}

int layout_dataframe_describe(hid_t sources)
{
    const char *order[64];
    size_t n = 0;
    for (size_t c = 0; c < source_n_columns; c++)
        if (strcmp(source_columns[c].name, "address") != 0)
            order[n++] = source_columns[c].name;
    int bad = hdf_put_note(sources, "encoding-type", "dataframe");
    bad |= hdf_put_note(sources, "encoding-version", "0.2.0");
    bad |= hdf_put_note(sources, "_index", "address");
    bad |= hdf_put_notes(sources, "column-order", order, n);
    return bad ? -1 : 0;
}

static int read_tally(hid_t file, struct tally *tally)
{
    hid_t group = hdf_group_open(file, "tally");
    int bad = 0;
    for (int r = 0; r < TALLY_REASONS; r++) {
        struct hdf_shape shape;
        uint64_t *n = hdf_get_array(group, tally_names[r].name, H5T_NATIVE_UINT64, 1, &shape);
        bad |= !n;
        tally->n[r] = n ? *n : 0;
        free(n);
    }
    return bad;
}

/* 0, or -1 with what is wrong with their text in *reason: NULL when there is none. */
static int read_rules(hid_t file, struct rules *rules, char **reason)
{
    char *text = hdf_get_text(file, "rules");
    const int error = errno; /* parsing sets it anew, and hdf_judge asks for it */
    *reason = text ? rules_read_text(rules, "rules", text) : NULL;
    const int bad = !text || *reason;
    errno = error;
    free(text);
    return bad ? -1 : 0;
}

/* 0 where it is absent. */
static int read_optional(hid_t file, const char *name, int64_t *value)
{
    return H5Aexists(file, name) == 0 ? 0 : hdf_get_i64(file, name, value);
}

/* Whether the part that was computed is one of the window's. */
static int is_covered(const struct features_meta *meta)
{
    const int64_t start_ns = meta->window_start * NS_PER_S, length_ns = meta->window_length * NS_PER_S;
    const int64_t from = meta->covered_from_ns, to = meta->covered_to_ns;
    int64_t end_ns;
    if (__builtin_add_overflow(start_ns, length_ns, &end_ns))
        return 0;
    return !features_is_partial(meta) || (start_ns <= from && from <= to && to <= end_ns);
}

static int read_categories(hid_t file, struct features_meta *meta)
{
    hid_t sources = hdf_group_open(file, "sources");
    struct hdf_shape shape;
    hid_t dataset = hdf_dataset_open(sources, "category", H5T_NATIVE_UINT8, &shape);
    if (dataset < 0)
        return -1;
    meta->categories = hdf_get_texts(dataset, "categories", CATEGORIES_MAX, &meta->n_categories);
    meta->n_categories = meta->categories ? meta->n_categories : 0;
    return hdf_dataset_close(dataset) != 0 || !meta->categories ? -1 : 0;
}

int layout_meta_read(hid_t file, const char *path, struct features_meta *meta, char **why)
{
    int64_t n_rows = -1;
    char *reason = NULL;
    *meta = (struct features_meta){.filter = hdf_get_text(file, "filter"),
                                   .damages = hdf_get_text(file, "damages"),
                                   .begins = hdf_get_text(file, "begun_by")};
    if (hdf_get_i64(file, "n_rows", &n_rows) != 0 || n_rows < 0 ||
        hdf_get_time(file, "window_start", &meta->window_start) != 0 ||
        hdf_get_time(file, "window_length", &meta->window_length) != 0 || meta->window_length <= 0 ||
        read_rules(file, &meta->rules, &reason) != 0 || !meta->filter || !meta->damages || !meta->begins ||
        hdf_get_hash(file, "inventory_checksum", &meta->inventory_checksum) != 0 ||
        hdf_get_hash(file, "input_checksum", &meta->input_checksum) != 0 ||
        read_optional(file, "covered_from_ns", &meta->covered_from_ns) != 0 ||
        read_optional(file, "covered_to_ns", &meta->covered_to_ns) != 0 || !is_covered(meta) ||
        read_categories(file, meta) != 0) {
        *why = text_format("%s is damaged: its attributes are incomplete%s%s%s", path, reason ? " (" : "",
                           reason ? reason : "", reason ? ")" : "");
        free(reason);
        return -1;
    }
    if (read_tally(file, &meta->tally) != 0) {
        *why = text_format("%s is damaged: its tally is incomplete or a checksum of it is wrong", path);
        return -1;
    }
    if (hdf_get_provenance(file, &meta->made) != 0) {
        *why = text_format("%s is damaged: its provenance is incomplete", path);
        return -1;
    }
    meta->n_rows = (uint64_t)n_rows;
    return 0;
}
