#include "finish.h"

#include "begins.h"
#include "counting.h"
#include "damages.h"
#include "ordering.h"
#include "rows.h"
#include "this_run.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/progress.h"
#include "darkforest/core/text.h"
#include "darkforest/store/features.h"

#include <stdlib.h>

char *finish_path(const char *folder, int64_t window_start_s)
{
    char stamp[FORMAT_TIME_SIZE];
    return text_format("%s/features-%s.h5", folder, format_stamp(window_start_s * NS_PER_S, stamp));
}

/* Those that begin in the window, in the two before or the one behind, and the last one before. */
static char *describe_files(const struct pass_input *in, int64_t start_ns, int64_t end_ns)
{
    const size_t last = begins_last_before(in->archive, start_ns);
    int64_t from_ns = start_ns - (in->window_ns < INT64_MAX / 4 ? 2 : 1) * in->window_ns;
    if (last < in->archive->n && in->archive->files[last].kind.first_ts_ns < from_ns)
        from_ns = in->archive->files[last].kind.first_ts_ns;
    return begins_text(in->archive, from_ns, clock_add(end_ns, in->window_ns));
}

/* What stands beside the rows, in fresh memory (features_meta_free). */
static struct features_meta describe(const struct finish *finish, const struct pass *pass, int64_t start_s,
                                     const struct tally *tally)
{
    const struct pass_input *in = pass->input;
    const int64_t start_ns = start_s * NS_PER_S, end_ns = start_ns + in->window_ns,
                  from_ns = in->all_from_ns > start_ns ? in->all_from_ns : start_ns,
                  to_ns = in->all_to_ns < end_ns ? in->all_to_ns : end_ns;
    struct features_meta meta = {
        .window_start = start_s,
        .window_length = in->window_ns / NS_PER_S,
        .rules = *finish->rules,
        .filter = memory_text(in->filter ? in->filter : ""),
        .damages = damages_between(in->ranks, pass, from_ns, to_ns),
        .inventory_checksum = in->inventory ? inventory_checksum(in->inventory) : 0,
        .input_checksum = finish->input_checksum,
        .begins = describe_files(in, start_ns, end_ns),
        .n_categories = in->inventory ? inventory_n_categories(in->inventory) : 1,
        .tally = *tally,
        .made = this_run(in->ranks),
    };
    if (from_ns > start_ns || to_ns < end_ns) {
        meta.covered_from_ns = from_ns;
        meta.covered_to_ns = to_ns;
    }
    meta.categories = memory_get(meta.n_categories * sizeof *meta.categories);
    for (size_t c = 0; c < meta.n_categories; c++)
        meta.categories[c] = memory_text(in->inventory ? inventory_category(in->inventory, c) : "none");
    return meta;
}

#define ROWS_AT_ONCE 4096 /* that are labelled and turned into columns together */

/* Rows as they leave for the file: categories, labels, counts. */
static void label_rows(const struct finish *finish, const struct inventory *inventory,
                       struct source_row *rows, size_t n, uint64_t counts[1 + LABEL_CLASSES])
{
    rows_set_categories(inventory, rows, n);
    rules_apply(finish->rules, rows, n);
    counts[0] += n;
    for (size_t i = 0; i < n; i++)
        counts[1 + rows[i].label]++;
}

/* The rounds of the file: in each, this rank's part is put in order, labelled and packed.
 * The agreed exit code. */
static int write_rounds(struct finish *finish, struct pass *pass, struct ordering *ordering,
                        struct features_writer *writer, uint64_t counts[1 + LABEL_CLASSES])
{
    const struct pass_input *in = pass->input;
    const uint64_t n_rounds = features_rounds(ordering_n_rows(ordering), ranks_size(in->ranks));
    struct source_row *rows = memory_get(ROWS_AT_ONCE * sizeof *rows);
    int code = 0;
    for (uint64_t round = 0; round < n_rounds && code == 0; round++) {
        run_record_phase(in->record, "order");
        code = ordering_round(ordering);
        for (size_t n; code == 0 && (n = ordering_take(ordering, rows, ROWS_AT_ONCE)) > 0;) {
            run_record_phase(in->record, "label");
            label_rows(finish, in->inventory, rows, n, counts);
            run_record_phase(in->record, "write");
            features_put(writer, rows, n);
            run_record_phase(in->record, "order");
        }
        run_record_phase(in->record, "write");
        progress_again(&pass->progress);
        if (code == 0)
            features_round(writer);
    }
    free(rows);
    return code;
}

static int write_file(struct finish *finish, struct pass *pass, int64_t start_s, const struct tally *tally,
                      struct rows *rows)
{
    const struct ranks *ranks = pass->input->ranks;
    uint64_t counts[1 + LABEL_CLASSES] = {0};
    struct features_writer *writer;
    run_record_phase(pass->input->record, "order");
    alltoall_carry(pass->exchange, sizeof(struct source_row));
    struct ordering *ordering = ordering_new(ranks, rows, pass->exchange);
    run_record_phase(pass->input->record, "write");
    struct features_meta meta = describe(finish, pass, start_s, tally);
    char *path = finish_path(finish->folder, start_s);
    int code = features_begin(&writer, ranks, path, &meta, ordering_n_rows(ordering));
    if (code == 0)
        code = features_end(writer, write_rounds(finish, pass, ordering, writer, counts));
    features_meta_free(&meta);
    free(path);
    ordering_free(ordering);
    ranks_sum_u64(ranks, counts, 1 + LABEL_CLASSES);
    finish->n_rows += code ? 0 : counts[0];
    for (int c = 0; c < LABEL_CLASSES && code == 0; c++)
        finish->n_labels[c] += counts[1 + c];
    return code;
}

static void begin_phase(struct pass *pass, const char *phase)
{
    run_record_phase(pass->input->record, phase);
    progress_again(&pass->progress);
}

int finish_window(struct finish *finish, struct pass *pass, int64_t index)
{
    const int64_t start_s = index * (pass->input->window_ns / NS_PER_S);
    struct window *window = windows_get(&pass->windows, index);
    struct tally tally = window->tally;
    struct rows rows;
    rows_init(&rows, &pass->windows.pool, pass->input->tmpdir);
    pass_name_window(pass);
    begin_phase(pass, "combine");
    int code = counting_window(pass, window, start_s, &rows, &finish->n_contacts);
    windows_close(&pass->windows, index);
    ranks_sum_u64(pass->input->ranks, tally.n, TALLY_REASONS);
    if (code == 0)
        code = write_file(finish, pass, start_s, &tally, &rows);
    rows_free(&rows);
    if (code == 0) {
        tally_add(&finish->tally, &tally);
        finish->windows = memory_resize(finish->windows, (finish->n_files + 1) * sizeof *finish->windows);
        finish->windows[finish->n_files++] = index;
    }
    run_record_phase(pass->input->record, NULL);
    return code;
}
