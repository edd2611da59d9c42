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

/* What has been seen of a file's rows, from the first on. */
struct proof {
    struct features_file *file;
    int64_t window_start;
    uint64_t *hashes[COLUMNS_MAX]; /* of the chunks of each column */
    int unread[COLUMNS_MAX];
    int ordered, inside;
    const char *wrong_codes; /* the first column with some; NULL */
    struct source_row last;
};

static void look_at_rows(struct proof *proof, uint64_t first, size_t n)
{
    enum { PIECE = 4096 };
    struct source_row *rows = memory_get((PIECE + 1) * sizeof *rows);
    for (size_t done = 0; done < n; done += PIECE) {
        const size_t part = n - done < PIECE ? n - done : PIECE;
        rows[0] = proof->last;
        columns_to_rows(&proof->file->columns, done, rows + 1, part);
        for (size_t i = 0; i < part; i++) {
            proof->ordered &= first + done + i == 0 || source_compare(&rows[i], &rows[i + 1]) < 0;
            proof->inside &= rows[i + 1].window_start == proof->window_start;
        }
        proof->last = rows[part];
    }
    free(rows);
}

static void look_at_chunk(struct proof *proof, size_t chunk)
{
    struct features_file *file = proof->file;
    const uint64_t first = chunk * LAYOUT_CHUNK_ROWS, left = file->n_rows - first;
    const size_t n = left < LAYOUT_CHUNK_ROWS ? (size_t)left : LAYOUT_CHUNK_ROWS;
    int readable = 1;
    for (size_t c = 0; c < source_n_columns; c++) {
        proof->unread[c] |= file->datasets[c] < 0 || features_column_read(file, c, first, n) != 0;
        if (!proof->unread[c])
            proof->hashes[c][chunk] =
                hash_bytes(file->columns.values[c], n * column_size(source_columns[c].type), 0);
        readable &= !proof->unread[c] || source_columns[c].derived;
    }
    if (!readable)
        return;
    look_at_rows(proof, first, n);
    if (!proof->wrong_codes)
        proof->wrong_codes = features_codes_wrong(file, n);
}

/* What the whole of each column, and of the rows, shows to be wrong. */
static void judge(struct proof *proof, char **why)
{
    const size_t n_chunks = (size_t)layout_chunks(proof->file->n_rows);
    for (size_t c = 0; c < source_n_columns; c++) {
        uint64_t checksum;
        if (proof->unread[c] || hdf_get_hash(proof->file->datasets[c], "checksum", &checksum) != 0 ||
            layout_checksum(proof->hashes[c], n_chunks) != checksum)
            complain(why, "column is not as it was written: ", source_columns[c].name);
    }
    if (proof->wrong_codes)
        complain(why, "a row has a code that stands for nothing in column ", proof->wrong_codes);
    if (!proof->ordered)
        complain(why, "rows are out of order or repeated", "");
    if (!proof->inside)
        complain(why, "rows of another window", "");
}

/* Reads everything once. */
static void verify_rows(struct features_file *file, const struct features_meta *meta, char **why)
{
    const size_t n_chunks = (size_t)layout_chunks(file->n_rows);
    struct proof proof = {.file = file, .window_start = meta->window_start, .ordered = 1, .inside = 1};
    for (size_t c = 0; c < source_n_columns; c++) {
        proof.hashes[c] = memory_zeroed(n_chunks + 1, sizeof *proof.hashes[c]);
        proof.unread[c] = source_columns[c].derived && features_column_open(file, c) != 0;
    }
    file->held = UINT64_MAX;
    for (size_t k = 0; k < n_chunks; k++)
        look_at_chunk(&proof, k);
    judge(&proof, why);
    for (size_t c = 0; c < source_n_columns; c++)
        free(proof.hashes[c]);
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
    verify_rows(file, meta, why);
    verify_tally(file, meta, why);
    return hdf_judge(file->path, *why ? EXIT_BAD_DATA : EXIT_DONE, why);
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
