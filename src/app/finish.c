#include "finish.h"

#include "busy_rows.h"
#include "damages.h"
#include "meeting.h"
#include "provenance.h"
#include "rows.h"

#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"

#include <stdlib.h>

#define NS_PER_S INT64_C(1000000000)

char *finish_path(const char *folder, int64_t window_start_s)
{
    char stamp[FORMAT_TIME_SIZE];
    return text_format("%s/features-%s.h5", folder, format_stamp(window_start_s * NS_PER_S, stamp));
}

/* What stands beside the rows, in fresh memory (features_meta_free). */
static struct features_meta describe(const struct finish *finish, const struct pass *pass, int64_t start_s,
                                     const struct tally *tally)
{
    const struct pass_input *in = pass->input;
    const int64_t start_ns = start_s * NS_PER_S;
    struct features_meta meta = {
        .window_start = start_s,
        .window_length = in->window_ns / NS_PER_S,
        .rules = *finish->rules,
        .filter = memory_text(in->filter ? in->filter : ""),
        .damages = damages_between(in->ranks, pass, start_ns, start_ns + in->window_ns),
        .inventory_checksum = in->inventory ? inventory_checksum(in->inventory) : 0,
        .input_checksum = finish->input_checksum,
        .n_categories = in->inventory ? inventory_n_categories(in->inventory) : 1,
        .tally = *tally,
    };
    meta.categories = memory_get(meta.n_categories * sizeof *meta.categories);
    for (size_t c = 0; c < meta.n_categories; c++)
        meta.categories[c] = memory_text(in->inventory ? inventory_category(in->inventory, c) : "none");
    provenance_set(&meta, in->ranks);
    return meta;
}

static int write_file(const struct finish *finish, const struct pass *pass, int64_t start_s,
                      const struct tally *tally, const struct source_row *rows, size_t n)
{
    struct features_meta meta = describe(finish, pass, start_s, tally);
    char *path = finish_path(finish->folder, start_s);
    const int code = features_write(pass->input->ranks, path, &meta, rows, n);
    features_meta_free(&meta);
    free(path);
    return code;
}

static void count_rows(struct finish *finish, const struct ranks *ranks, const struct source_row *rows,
                       size_t n)
{
    uint64_t counts[1 + LABEL_CLASSES] = {n};
    for (size_t i = 0; i < n; i++)
        counts[1 + rows[i].label]++;
    ranks_sum_u64(ranks, counts, 1 + LABEL_CLASSES);
    finish->n_rows += counts[0];
    for (int c = 0; c < LABEL_CLASSES; c++)
        finish->n_labels[c] += counts[1 + c];
}

static void begin_phase(struct pass *pass, const char *phase)
{
    run_record_phase(pass->input->record, phase);
    progress_again(&pass->progress);
}

/* The window's rows with everything counted, in no particular order. */
static int rows_of(struct finish *finish, struct pass *pass, struct window *window, int64_t start_s,
                   struct chunk_list *list)
{
    struct buckets_busy busy = {.sources = &window->busy};
    meeting_settle_busy(pass, window);
    const uint64_t n_owned = buckets_n_contacts(&window->owned);
    uint64_t n_turned = 0;
    int code = buckets_finish(&window->owned, start_s, window->busy.n ? &busy : NULL, list);
    code = ranks_agree(pass->input->ranks, code, NULL);
    const uint64_t n_strays = busy.strays.n;
    if (code == 0 && window->busy.n)
        code = busy_rows(pass, window, &busy, list, &n_turned);
    finish->n_contacts += n_owned - n_strays + n_turned;
    return code;
}

int finish_window(struct finish *finish, struct pass *pass, int64_t index)
{
    const struct ranks *ranks = pass->input->ranks;
    const int64_t start_s = index * (pass->input->window_ns / NS_PER_S);
    struct chunk_list list = {0};
    size_t n;
    begin_phase(pass, "combine");
    struct window *window = pass_complete(pass, index);
    struct tally tally = window->tally;
    begin_phase(pass, "count");
    int code = rows_of(finish, pass, window, start_s, &list);
    if (code)
        return code;
    begin_phase(pass, "order");
    struct source_row *rows = rows_in_order(ranks, &list, &pass->windows.pool, &n);
    windows_close(&pass->windows, index);
    begin_phase(pass, "label");
    rows_set_categories(pass->input->inventory, rows, n);
    rules_apply(finish->rules, rows, n);
    ranks_sum_u64(ranks, tally.n, TALLY_REASONS);
    begin_phase(pass, "write");
    code = write_file(finish, pass, start_s, &tally, rows, n);
    if (code == 0) {
        count_rows(finish, ranks, rows, n);
        tally_add(&finish->tally, &tally);
        finish->n_files++;
    }
    free(rows);
    run_record_phase(pass->input->record, NULL);
    return code;
}
