/* Proving a feature file whole. */
#include "features_file.h"
#include "layout.h"
#include "row_columns.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <errno.h>
#include <stdlib.h>

/* Adds a clause to what is wrong. */
static void complain(char **why, const char *what, const char *name)
{
    text_add(why, "%s%s%s", *why ? "; " : "", what, name);
}

static int is_whole(struct features_file *file, hid_t dataset, enum column_type type)
{
    const size_t size = column_size(type), n_chunks = (size_t)layout_chunks(file->n_rows);
    uint8_t *values = memory_get(LAYOUT_CHUNK_ROWS * size);
    uint64_t *hashes = memory_zeroed(n_chunks, sizeof *hashes), checksum;
    int ok = hdf_get_hash(dataset, "checksum", &checksum) == 0;
    for (size_t k = 0; ok && k < n_chunks; k++) {
        const uint64_t first = k * LAYOUT_CHUNK_ROWS, left = file->n_rows - first;
        const size_t n = left < LAYOUT_CHUNK_ROWS ? (size_t)left : LAYOUT_CHUNK_ROWS;
        ok = hdf_read_range(dataset, layout_type(type), first, n, values) == 0;
        hashes[k] = hash_bytes(values, n * size, 0);
    }
    ok = ok && layout_checksum(hashes, n_chunks) == checksum;
    free(hashes);
    free(values);
    return ok;
}

static void verify_columns(struct features_file *file, char **why)
{
    hid_t sources = hdf_group_open(file->file, "sources");
    for (size_t c = 0; c < source_n_columns; c++) {
        const struct source_column *column = &source_columns[c];
        struct hdf_shape shape = {0};
        hid_t dataset = hdf_dataset_open(sources, column->name, layout_type(column->type), &shape);
        if (dataset < 0 || shape.n_dimensions != 1 || shape.dimensions[0] != file->n_rows ||
            !is_whole(file, dataset, column->type))
            complain(why, "column is not as it was written: ", column->name);
        if (dataset >= 0)
            hdf_dataset_close(dataset);
    }
}

static int verify_order(struct features_file *file, const struct features_meta *meta, char **why)
{
    enum { PIECE = 4096 };
    struct source_row *rows = memory_get((PIECE + 1) * sizeof *rows);
    char *unread = NULL;
    int ordered = 1, inside = 1, code = EXIT_DONE;
    for (uint64_t first = 0; first < file->n_rows; first += PIECE) {
        const size_t n = file->n_rows - first < PIECE ? (size_t)(file->n_rows - first) : PIECE;
        code = features_read(file, first, n, rows + 1, &unread);
        if (code != EXIT_DONE)
            break;
        for (size_t i = 0; i < n; i++) {
            ordered &= (first == 0 && i == 0) || source_compare(&rows[i], &rows[i + 1]) < 0;
            inside &= rows[i + 1].window_start == meta->window_start;
        }
        rows[0] = rows[n];
    }
    free(rows);
    if (code == EXIT_IO) {
        free(*why);
        *why = unread;
        return code;
    }
    if (unread)
        complain(why, "rows cannot be read", "");
    if (!ordered)
        complain(why, "rows are out of order or repeated", "");
    if (!inside)
        complain(why, "rows of another window", "");
    free(unread);
    return *why ? EXIT_BAD_DATA : EXIT_DONE;
}

static void verify_tally(struct features_file *file, const struct features_meta *meta, char **why)
{
    struct hdf_shape shape;
    hid_t group = hdf_group_open(file->file, "tally");
    uint64_t *records = hdf_get_array(group, "records", H5T_NATIVE_UINT64, 1, &shape);
    if (!records || *records != tally_records(&meta->tally))
        complain(why, "the tally does not sum to its records", "");
    free(records);
}

int features_verify(struct features_file *file, const struct features_meta *meta, char **why)
{
    *why = NULL;
    errno = 0;
    verify_columns(file, why);
    verify_tally(file, meta, why);
    const int code = hdf_judge(file->path, *why ? EXIT_BAD_DATA : EXIT_DONE, why);
    return code == EXIT_IO ? code : verify_order(file, meta, why);
}

int features_check_whole(struct features_file *file, const struct features_meta *meta, char **why)
{
    char *wrong = NULL;
    const int code = features_verify(file, meta, &wrong);
    if (code == EXIT_BAD_DATA) {
        *why = text_format("%s is not whole: %s", file->path, wrong);
        free(wrong);
    } else {
        *why = wrong;
    }
    return code;
}
