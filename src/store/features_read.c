/* Reading a feature file: any range of rows, column by column. */
#include "columns.h"
#include "layout.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/output.h"

#include <stdlib.h>
#include <string.h>

struct features_file {
    char *path;
    hid_t file;
    uint64_t n_rows;
    hid_t datasets[COLUMNS_MAX]; /* -1 for the means, which are computed */
    struct columns columns;      /* of LAYOUT_CHUNK_ROWS rows */
};

/* Deflate makes nothing smaller than by this factor: a file that claims more rows than its bytes can hold is
 * damaged. */
#define MOST_DEFLATION 1100

static int can_hold(hid_t dataset, uint64_t n_rows, size_t size)
{
    uint64_t bytes = H5Dget_storage_size(dataset);
    return n_rows / MOST_DEFLATION <= bytes / size + 1;
}

static int open_columns(struct features_file *file, char **why)
{
    hid_t sources = hdf_group_open(file->file, "sources");
    for (size_t c = 0; c < source_n_columns; c++) {
        const struct source_column *column = &source_columns[c];
        struct hdf_shape shape = {0};
        file->datasets[c] = -1;
        if (column->derived)
            continue;
        file->datasets[c] = hdf_dataset_open(sources, column->name, layout_type(column->type), &shape);
        if (file->datasets[c] < 0 || shape.n_dimensions != 1 || shape.dimensions[0] != file->n_rows ||
            !can_hold(file->datasets[c], file->n_rows, column_size(column->type))) {
            *why = text_format("%s is damaged: column %s is missing, or not of %llu values of its type",
                               file->path, column->name, (unsigned long long)file->n_rows);
            return -1;
        }
    }
    return 0;
}

struct features_file *features_open(const char *path, struct features_meta *meta, int *code, char **why)
{
    hid_t handle = hdf_open(path, code, why);
    if (handle < 0)
        return NULL;
    struct features_file *file = memory_zeroed(1, sizeof *file);
    file->path = memory_text(path);
    file->file = handle;
    *code = EXIT_BAD_DATA;
    if (layout_meta_read(handle, path, meta, why) != 0)
        goto err0;
    file->n_rows = meta->n_rows;
    if (open_columns(file, why) != 0)
        goto err0;
    columns_init(&file->columns, (size_t)layout_chunk_rows(file->n_rows));
    *code = EXIT_DONE;
    return file;
err0:
    features_meta_free(meta);
    hdf_close(handle);
    free(file->path);
    free(file);
    return NULL;
}

static int read_block(struct features_file *file, uint64_t first, size_t n, struct source_row *rows,
                      char **why)
{
    for (size_t c = 0; c < source_n_columns; c++) {
        const struct source_column *column = &source_columns[c];
        if (column->derived)
            continue;
        if (hdf_read_range(file->datasets[c], layout_type(column->type), first, n, file->columns.values[c]) !=
            0) {
            *why = text_format("%s is damaged: column %s cannot be read", file->path, column->name);
            return EXIT_BAD_DATA;
        }
    }
    columns_to_rows(&file->columns, rows, n);
    return EXIT_DONE;
}

/* Codes that index names everywhere else. */
static int check_codes(const struct features_file *file, const struct source_row *rows, size_t n, char **why)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].label >= LABEL_CLASSES || rows[i].rule >= RULES) {
            *why = text_format("%s is damaged: a row has a label or a rule that does not exist", file->path);
            return EXIT_BAD_DATA;
        }
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
        /* Up to a chunk's end, so that no chunk is inflated twice. */
        size_t room = (size_t)(LAYOUT_CHUNK_ROWS - (first + done) % LAYOUT_CHUNK_ROWS);
        size_t part = n - done < room ? n - done : room;
        int code = read_block(file, first + done, part, rows + done, why);
        if (code == EXIT_DONE)
            code = check_codes(file, rows + done, part, why);
        if (code != EXIT_DONE)
            return code;
        done += part;
    }
    return EXIT_DONE;
}

void features_close(struct features_file *file)
{
    if (!file)
        return;
    columns_free(&file->columns);
    hdf_close(file->file);
    free(file->path);
    free(file);
}

void features_meta_free(struct features_meta *meta)
{
    free(meta->filter);
    for (size_t i = 0; i < meta->n_categories; i++)
        free(meta->categories[i]);
    free(meta->categories);
    free(meta->command_line);
    free(meta->host);
    free(meta->created);
    *meta = (struct features_meta){0};
}
