#include "training_rows.h"

#include "inputs.h"
#include "mixture.h"
#include "same_file.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/exchange/owner.h"
#include "darkforest/store/features.h"
#include "darkforest/store/files.h"

#include <stdlib.h>
#include <string.h>

/* Rows read at once. */
#define BLOCK 16384

const char *const *training_feature_names(void)
{
    static const char *names[SOURCE_FEATURES];
    for (int f = 0; f < SOURCE_FEATURES; f++)
        names[f] = source_feature_column(f)->name;
    return names;
}

char *training_rows_inputs(const struct strings *paths)
{
    size_t n = 1;
    for (size_t i = 0; i < paths->n; i++)
        n += strlen(path_name(paths->items[i])) + 1;
    char *text = memory_zeroed(n, 1), *at = text;
    for (size_t i = 0; i < paths->n; i++) {
        if (i > 0)
            *at++ = '\n';
        at = stpcpy(at, path_name(paths->items[i]));
    }
    return text;
}

/* A file as rank 0 found it. Fixed width: it crosses MPI. */
struct surveyed {
    uint64_t n_rows;
    struct same_file file;
};

/* One that has rows. */
static void note_window(struct training *about, const struct features_meta *meta)
{
    const int64_t start = meta->window_start;
    const int is_first = about->n_windows == 0;
    if (is_first || start < about->first_window)
        about->first_window = start;
    if (is_first || start > about->last_window)
        about->last_window = start;
    about->windows[about->n_windows++] = (struct training_window){start, meta->window_length};
}

/* What one file adds to what is known of all. */
static void note_file(struct training_rows *rows, const struct features_meta *meta)
{
    struct training *about = &rows->about;
    const int first = !about->rules;
    if (first) {
        about->rules = rules_text(&meta->rules);
        about->filter = memory_text(meta->filter);
        about->inventory_checksum = meta->inventory_checksum;
        about->window_length = meta->window_length;
    }
    if (meta->n_rows > 0)
        note_window(about, meta);
    about->n_rows += meta->n_rows;
}

/* Of a window that was not seen whole, rows are used all the same. */
static void warn_of_parts(size_t n_files, size_t n_damaged, size_t n_partial)
{
    if (n_damaged > 0 || n_partial > 0)
        log_warn(
            "of %zu windows %zu are from damaged input and %zu were extracted only in part (--from, --to): "
            "their sources may have sent more than their rows say",
            n_files, n_damaged, n_partial);
}

/* Rank 0. Each file, and what stands beside the rows. */
static int survey(const struct strings *paths, struct surveyed *files, struct training_rows *rows, char **why)
{
    struct mixture mixture = {0};
    size_t n_damaged = 0, n_partial = 0;
    int code = EXIT_DONE;
    rows->about.windows = memory_zeroed(paths->n, sizeof *rows->about.windows);
    for (size_t i = 0; i < paths->n && code == EXIT_DONE; i++) {
        struct features_meta meta = {0};
        files[i].file = same_file_note(paths->items[i]);
        struct features_file *file = features_open(paths->items[i], &meta, &code, why);
        if (!file)
            break;
        files[i].n_rows = meta.n_rows;
        note_file(rows, &meta);
        n_damaged += meta.damages[0] != '\0';
        n_partial += (size_t)features_is_partial(&meta);
        mixture_note(&mixture, paths->items[i], &meta);
        features_close(file);
        features_meta_free(&meta);
    }
    mixture_warn(&mixture);
    warn_of_parts(paths->n, n_damaged, n_partial);
    rows->about.inputs = training_rows_inputs(paths);
    return code;
}

static void take_block(struct training_rows *rows, const struct source_row *block, size_t n, size_t at)
{
    for (size_t i = 0; i < n; i++) {
        source_features(&block[i], rows->values + (at + i) * SOURCE_FEATURES);
        rows->labels[at + i] = block[i].label;
    }
}

/* Local. Rows [first, first + n) of one file, to place `at` of this rank's table. */
static int read_part(const char *path, uint64_t first, size_t n, struct training_rows *rows, size_t at,
                     char **why)
{
    struct features_meta meta = {0};
    int code = EXIT_DONE;
    struct features_file *file = features_open(path, &meta, &code, why);
    if (!file)
        return code;
    struct source_row *block = memory_get(BLOCK * sizeof *block);
    for (size_t done = 0; done < n && code == EXIT_DONE; done += BLOCK) {
        const size_t n_here = n - done < BLOCK ? n - done : BLOCK;
        code = features_read(file, first + done, n_here, block, why);
        if (code == EXIT_DONE)
            take_block(rows, block, n_here, at + done);
    }
    free(block);
    features_close(file);
    features_meta_free(&meta);
    return code;
}

static uint64_t larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t rows_of_rank(const struct ranks *ranks, uint64_t n_total)
{
    const int rank = ranks_rank(ranks), size = ranks_size(ranks);
    return share_start(n_total, rank + 1, size) - share_start(n_total, rank, size);
}

/* Local. This rank's share of the files' rows, laid end to end. */
static int read_share(const struct ranks *ranks, const struct strings *paths, const struct surveyed *files,
                      struct training_rows *rows, char **why)
{
    const uint64_t first = share_start(rows->n_total, ranks_rank(ranks), ranks_size(ranks));
    const size_t n = (size_t)rows_of_rank(ranks, rows->n_total);
    const uint64_t end = first + n;
    rows->first = first;
    rows->values = memory_get((n * SOURCE_FEATURES + 1) * sizeof *rows->values);
    rows->labels = memory_get(n + 1);
    rows->table = (struct table){SOURCE_FEATURES, LABEL_CLASSES, n, rows->values, rows->labels, NULL};
    uint64_t start = 0; /* of the file among all rows */
    for (size_t i = 0; i < paths->n; start += files[i++].n_rows) {
        const uint64_t from = larger(start, first), to = smaller(start + files[i].n_rows, end);
        if (from >= to)
            continue;
        int code =
            read_part(paths->items[i], from - start, (size_t)(to - from), rows, (size_t)(from - first), why);
        code = exit_worse(code, same_file_check(paths->items[i], &files[i].file, why));
        if (code != EXIT_DONE)
            return code;
    }
    *why = table_check(&rows->table, first, training_feature_names());
    return *why ? EXIT_BAD_DATA : EXIT_DONE;
}

/* Collective. A sum over the rows, each hashed with its number, so that it is the same for any share. */
static uint64_t checksum(const struct ranks *ranks, const struct training_rows *rows)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < rows->table.n; i++) {
        const uint64_t number = rows->first + i;
        sum += hash_bytes(rows->values + i * SOURCE_FEATURES, SOURCE_FEATURES * sizeof *rows->values,
                          number * (LABEL_CLASSES + 1) + rows->labels[i]);
    }
    ranks_sum_u64(ranks, &sum, 1);
    return sum;
}

int training_rows_spare(const struct strings *operands, const char *output, char **why)
{
    struct strings paths = {0};
    char *absent = NULL;
    files_list_features(operands->items, operands->n, &paths, &absent);
    const struct strings outputs = {.items = &output, .n = 1};
    int code = output_check(&outputs, &paths, why);
    if (code == EXIT_DONE)
        code = files_check_replaced(output, why);
    free(absent);
    strings_free_all(&paths);
    return code;
}

/* Collective. Rank 0's text to all, in fresh memory on the others. */
static void broadcast_text(const struct ranks *ranks, char **text)
{
    uint64_t n = *text ? strlen(*text) + 1 : 0;
    ranks_broadcast(ranks, 0, &n, sizeof n);
    if (!*text)
        *text = memory_zeroed((size_t)n + 1, 1);
    ranks_broadcast(ranks, 0, *text, (size_t)n);
}

/* Collective. What rank 0 has found out about the files, to all: nobody else opens more of them than it
 * reads. */
static int share_survey(const struct ranks *ranks, const struct strings *paths, struct surveyed *files,
                        struct training_rows *rows)
{
    struct training *about = &rows->about;
    char *why = NULL;
    int code = ranks_rank(ranks) == 0 ? survey(paths, files, rows, &why) : EXIT_DONE;
    code = ranks_agree(ranks, code, why);
    free(why);
    if (code != EXIT_DONE)
        return code;
    char *rules = about->rules, *inputs = about->inputs, *filter = about->filter;
    struct training_window *windows = about->windows;
    if (!windows)
        windows = memory_get(paths->n * sizeof *windows);
    broadcast_text(ranks, &rules);
    broadcast_text(ranks, &inputs);
    broadcast_text(ranks, &filter);
    ranks_broadcast(ranks, 0, windows, paths->n * sizeof *windows);
    ranks_broadcast(ranks, 0, about, sizeof *about);
    about->rules = rules;
    about->inputs = inputs;
    about->filter = filter;
    about->windows = windows;
    ranks_broadcast(ranks, 0, files, paths->n * sizeof *files);
    rows->n_total = about->n_rows;
    return EXIT_DONE;
}

/* Collective. Whether the ranks of this one's node have the memory for their shares of the rows. */
static int check_memory(const struct ranks *ranks, uint64_t memory, const struct training_rows *rows,
                        char **why)
{
    uint64_t n_bytes = rows_of_rank(ranks, rows->n_total) * TRAINING_ROW_BYTES;
    struct ranks *node = ranks_node(ranks);
    ranks_sum_u64(node, &n_bytes, 1);
    const uint64_t n_sharing = (uint64_t)ranks_size(node);
    ranks_free(node);
    if (n_bytes / n_sharing / 5 * 4 <= memory) /* the budget is four fifths of what there is */
        return EXIT_DONE;
    char needed[FORMAT_TIME_SIZE], there[FORMAT_TIME_SIZE];
    *why = text_format(
        "%llu rows take %s on a node that has %s free for them: take more nodes, or more memory a node",
        (unsigned long long)rows->n_total, format_size(n_bytes, needed),
        format_size(memory / 4 * 5 * n_sharing, there));
    return EXIT_BAD_CONFIG;
}

/* Lists of rows and cells hold their numbers in 32 bits; the greatest means none. */
static int check_count(const struct ranks *ranks, const struct training_rows *rows, char **why)
{
    if (rows_of_rank(ranks, rows->n_total) < UINT32_MAX)
        return EXIT_DONE;
    *why =
        text_format("%llu rows are too many for so few ranks, each of which can number %lld: use more ranks",
                    (unsigned long long)rows->n_total, (long long)UINT32_MAX - 1);
    return EXIT_BAD_CONFIG;
}

static int read_files(const struct ranks *ranks, const struct strings *paths, uint64_t memory,
                      struct training_rows *rows)
{
    char *why = NULL;
    struct surveyed *files = memory_zeroed(paths->n + 1, sizeof *files);
    int code = share_survey(ranks, paths, files, rows);
    if (code == EXIT_DONE) {
        code = check_memory(ranks, memory, rows, &why);
        if (code == EXIT_DONE)
            code = check_count(ranks, rows, &why);
        code = ranks_agree(ranks, code, why);
    }
    if (code == EXIT_DONE) {
        code = read_share(ranks, paths, files, rows, &why);
        code = ranks_agree(ranks, code, why);
    }
    if (code == EXIT_DONE)
        rows->about.input_checksum = checksum(ranks, rows);
    free(why);
    free(files);
    return code;
}

int training_rows_read(const struct ranks *ranks, const struct strings *operands, uint64_t memory,
                       struct training_rows *rows)
{
    struct strings paths;
    *rows = (struct training_rows){0};
    int code = inputs_features(ranks, operands, &paths);
    rows->n_files = paths.n;
    if (code == EXIT_DONE)
        code = read_files(ranks, &paths, memory, rows);
    strings_free_all(&paths);
    return code;
}

void training_rows_free(struct training_rows *rows)
{
    free(rows->values);
    free(rows->labels);
    shared_free(rows->shared);
    free(rows->about.rules);
    free(rows->about.inputs);
    free(rows->about.filter);
    free(rows->about.windows);
    *rows = (struct training_rows){0};
}
