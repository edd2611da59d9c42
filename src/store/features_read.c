/* Reading a feature file: any range of rows. One chunk of every column is held at a time. */
#include "features_file.h"
#include "layout.h"

#include "darkforest/core/deflate.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Deflate makes nothing smaller than by this factor: a file that
 * claims more rows than its bytes can hold is damaged. */
#define MOST_DEFLATION 1100

static int can_hold(hid_t dataset, uint64_t n_rows, size_t size)
{
    uint64_t bytes = H5Dget_storage_size(dataset);
    return n_rows / MOST_DEFLATION <= bytes / size + 1;
}

int features_column_open(struct features_file *file, size_t c)
{
    const struct source_column *column = &source_columns[c];
    struct hdf_shape shape = {0};
    hid_t dataset = file->datasets[c] =
        hdf_dataset_open(file->sources, column->name, layout_type(column->type), &shape);
    if (dataset < 0 || shape.n_dimensions != 1 || shape.dimensions[0] != file->n_rows ||
        !can_hold(dataset, file->n_rows, column_size(column->type)))
        return -1;
    file->packed[c] = hdf_is_packed(dataset, layout_type(column->type), layout_chunk_rows(file->n_rows));
    return hdf_can_unpack(dataset) ? 0 : -2;
}

static int open_columns(struct features_file *file, char **why)
{
    file->sources = hdf_group_open(file->file, "sources");
    for (size_t c = 0; c < source_n_columns; c++) {
        const struct source_column *column = &source_columns[c];
        file->datasets[c] = -1;
        const int wrong = column->derived ? 0 : features_column_open(file, c);
        if (wrong == -1)
            *why = text_format("%s is damaged: column %s is missing, or not of %llu values of its type",
                               file->path, column->name, (unsigned long long)file->n_rows);
        else if (wrong)
            *why = text_format("%s: column %s is packed otherwise than by shuffle and deflate: "
                               "h5repack -L -f SHUF -f GZIP=1 writes it so that it can be read",
                               file->path, column->name);
        if (wrong)
            return -1;
    }
    return 0;
}

/* All but the values of the columns. */
static int read_head(struct features_file *file, struct features_meta *meta, char **why)
{
    if (layout_meta_read(file->file, file->path, meta, why) != 0)
        return EXIT_BAD_DATA;
    file->n_rows = meta->n_rows;
    file->n_categories = meta->n_categories;
    return open_columns(file, why) != 0 ? EXIT_BAD_DATA : EXIT_DONE;
}

static int all_have_checksums(const struct features_file *file)
{
    for (size_t c = 0; c < source_n_columns; c++)
        if (file->datasets[c] >= 0 && !file->packed[c] && !hdf_has_checksums(file->datasets[c]))
            return 0;
    return 1;
}

struct features_file *features_open(const char *path, struct features_meta *meta, int *code, char **why)
{
    hid_t handle = hdf_open_kind(path, CONTENT_FEATURES, LAYOUT_SCHEMA, code, why);
    if (handle < 0)
        return NULL;
    struct features_file *file = memory_zeroed(1, sizeof *file);
    file->path = memory_text(path);
    file->file = handle;
    *code = hdf_judge(path, read_head(file, meta, why), why);
    if (*code != EXIT_DONE)
        goto err0;
    const size_t chunk_rows = (size_t)layout_chunk_rows(file->n_rows);
    columns_init(&file->columns, chunk_rows);
    file->held = UINT64_MAX;
    file->packer = chunk_packer_new(chunk_rows * sizeof(uint64_t));
    file->bytes = memory_get(deflate_bound(chunk_rows * sizeof(uint64_t)));
    if (all_have_checksums(file) || (*code = features_check_whole(file, meta, why)) == EXIT_DONE)
        return file;
    features_meta_free(meta);
    features_close(file);
    return NULL;
err0:
    features_meta_free(meta);
    hdf_close(handle);
    free(file->path);
    free(file);
    return NULL;
}

int features_column_read(struct features_file *file, size_t c, uint64_t first, size_t n)
{
    const enum column_type type = source_columns[c].type;
    const size_t capacity = file->columns.capacity, bound = deflate_bound(capacity * sizeof(uint64_t));
    void *values = file->columns.values[c];
    if (!file->packed[c])
        return hdf_read_range(file->datasets[c], layout_type(type), first, n, values);
    const size_t n_bytes = hdf_packed_get(file->datasets[c], first, file->bytes, bound);
    return n_bytes
               ? chunk_packer_unpack(file->packer, file->bytes, n_bytes, capacity, column_size(type), values)
               : -1;
}

/* Columns of codes are of bytes. */
static int are_below(const uint8_t *codes, size_t n, uint64_t most)
{
    for (size_t i = 0; i < n; i++)
        if (codes[i] >= most)
            return 0;
    return 1;
}

/* How many names the codes of a column index everywhere else; UINT64_MAX: they are no codes. */
static uint64_t names_of(const struct features_file *file, const char *column)
{
    return strcmp(column, "category") == 0 ? file->n_categories
           : strcmp(column, "label") == 0  ? LABEL_CLASSES
           : strcmp(column, "rule") == 0   ? RULES
                                           : UINT64_MAX;
}

const char *features_codes_wrong(const struct features_file *file, size_t n)
{
    for (size_t c = 0; c < source_n_columns; c++) {
        const uint64_t n_names = names_of(file, source_columns[c].name);
        if (n_names != UINT64_MAX && !are_below(file->columns.values[c], n, n_names))
            return source_columns[c].name;
    }
    return NULL;
}

static int read_chunk(struct features_file *file, uint64_t chunk, char **why)
{
    const uint64_t first = chunk * LAYOUT_CHUNK_ROWS, left = file->n_rows - first;
    const size_t n = left < LAYOUT_CHUNK_ROWS ? (size_t)left : LAYOUT_CHUNK_ROWS;
    file->held = UINT64_MAX;
    errno = 0;
    for (size_t c = 0; c < source_n_columns; c++)
        if (!source_columns[c].derived && features_column_read(file, c, first, n) != 0) {
            *why = text_format("%s is damaged: column %s cannot be read from row %llu on", file->path,
                               source_columns[c].name, (unsigned long long)first);
            return hdf_judge(file->path, EXIT_BAD_DATA, why);
        }
    const char *wrong = features_codes_wrong(file, n);
    if (wrong) {
        *why = text_format("%s is damaged: a row has a %s that does not exist", file->path, wrong);
        return EXIT_BAD_DATA;
    }
    file->held = chunk;
    return EXIT_DONE;
}

int features_read(struct features_file *file, uint64_t first, size_t n, struct source_row *rows, char **why)
{
    if (first > file->n_rows || n > file->n_rows - first) {
        *why = text_format("%s has %llu rows: row %llu was asked for", file->path,
                           (unsigned long long)file->n_rows, (unsigned long long)(first + n - 1));
        return EXIT_BAD_DATA;
    }
    for (size_t done = 0; done < n;) {
        const uint64_t chunk = (first + done) / LAYOUT_CHUNK_ROWS;
        const size_t at = (size_t)((first + done) % LAYOUT_CHUNK_ROWS), room = LAYOUT_CHUNK_ROWS - at;
        const size_t part = n - done < room ? n - done : room;
        const int code = chunk == file->held ? EXIT_DONE : read_chunk(file, chunk, why);
        if (code != EXIT_DONE)
            return code;
        columns_to_rows(&file->columns, at, rows + done, part);
        done += part;
    }
    return EXIT_DONE;
}

void features_close(struct features_file *file)
{
    if (!file)
        return;
    columns_free(&file->columns);
    chunk_packer_free(file->packer);
    free(file->bytes);
    hdf_close(file->file);
    free(file->path);
    free(file);
}

void features_meta_free(struct features_meta *meta)
{
    free(meta->filter);
    free(meta->damages);
    free(meta->begins);
    for (size_t i = 0; i < meta->n_categories; i++)
        free(meta->categories[i]);
    free(meta->categories);
    provenance_clear(&meta->made);
    *meta = (struct features_meta){0};
}
