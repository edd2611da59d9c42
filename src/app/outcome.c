#include "outcome.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"

#include <string.h>

static json_t *tally_json(const struct tally *tally)
{
    json_t *object = json_pack("{s:I}", "records", (json_int_t)tally_records(tally));
    for (int r = 0; r < TALLY_REASONS; r++)
        json_object_set_new(object, tally_names[r].name, json_integer((json_int_t)tally->n[r]));
    return object;
}

/* What each rank brings to the sums of a run. Sums over a group are the same on all its ranks:
 * only its first brings them. */
struct sums {
    struct tally written, outside;
    uint64_t n_windows, n_rows, n_labels[LABEL_CLASSES];
    uint64_t n_spilled, n_bytes_sent, n_rounds, n_lost;
};

static struct sums sum_over_ranks(const struct ranks *world, const struct pass *pass,
                                  const struct finish *finish)
{
    struct alltoall_traffic traffic = {0};
    if (pass->exchange)
        traffic = alltoall_traffic(pass->exchange);
    struct sums sums = {.outside = pass->outside,
                        .n_spilled = pass->n_spilled,
                        .n_bytes_sent = traffic.n_bytes,
                        .n_lost = pass->n_lost};
    if (ranks_rank(pass->input->ranks) == 0) {
        sums.written = finish->tally;
        sums.n_windows = finish->n_files;
        sums.n_rows = finish->n_rows;
        memcpy(sums.n_labels, finish->n_labels, sizeof sums.n_labels);
        sums.n_rounds = traffic.n_rounds;
    }
    _Static_assert(sizeof sums % sizeof(uint64_t) == 0, "sums are counts, and nothing else");
    ranks_sum_u64(world, (uint64_t *)(void *)&sums, sizeof sums / sizeof(uint64_t));
    return sums;
}

/* How evenly contacts were counted: the busiest rank's over the mean. */
static double imbalance(const struct ranks *world, const struct finish *finish)
{
    uint64_t most = finish->n_contacts, sum = most;
    ranks_max_u64(world, &most, 1);
    ranks_sum_u64(world, &sum, 1);
    return sum ? (double)most * ranks_size(world) / (double)sum : 1;
}

/* Why nothing came of it: where most records went instead. */
static void tell_nothing_counted(const struct tally *tally, uint64_t n_windows)
{
    const char *advice =
        n_windows ? "; remove the empty feature files before other files are read for their windows" : "";
    int most = 0;
    for (int r = 1; r < TALLY_REASONS; r++)
        most = tally->n[r] > tally->n[most] ? r : most;
    if (tally->n[most] == 0)
        log_warn("no record was read: the files hold none, or none of the wanted time%s", advice);
    else
        log_warn("no packet was counted: of %llu records %llu are tallied as %s (%s)%s",
                 (unsigned long long)tally_records(tally), (unsigned long long)tally->n[most],
                 tally_names[most].name, tally_names[most].description, advice);
}

/* Packets of windows that another run finished without their files: of the last such file. Collective. */
static void tell_lost(const struct ranks *world, const struct pass *pass, uint64_t n_lost)
{
    uint64_t last = pass->n_lost ? pass->lost_file : 0;
    ranks_max_u64(world, &last, 1);
    if (n_lost > 0)
        log_warn("%llu records are in no window: the window that they are of was finished without their "
                 "file, such as %s; to have them counted, remove the feature files of the windows beside the "
                 "one in which it begins, and run again with all files",
                 (unsigned long long)n_lost, pass->input->archive->files[last].path);
}

void outcome_tell(const struct ranks *world, const struct pass *pass, const struct finish *finish,
                  struct run_record *record, int code, int had_finished)
{
    struct sums sums = sum_over_ranks(world, pass, finish);
    /* Records of windows finished before, or of another group, were passed over without a look. */
    const uint64_t passed_over = sums.outside.n[TALLY_COUNTED];
    struct tally all = sums.written;
    sums.outside.n[TALLY_COUNTED] = 0;
    tally_add(&all, &sums.outside);
    run_record_set(record, "tally", tally_json(&all));
    run_record_set(record, "records_passed_over", json_integer((json_int_t)passed_over));
    run_record_set(record, "spilled_bytes", json_integer((json_int_t)sums.n_spilled));
    run_record_set(record, "exchanged_bytes", json_integer((json_int_t)sums.n_bytes_sent));
    run_record_set(record, "exchange_rounds", json_integer((json_int_t)sums.n_rounds));
    run_record_set(record, "imbalance", json_real(imbalance(world, finish)));
    run_record_set(record, "windows", json_integer((json_int_t)sums.n_windows));
    run_record_set(record, "rows", json_integer((json_int_t)sums.n_rows));
    if (code != EXIT_DONE) { /* records of windows that were not written are in no sum */
        log_info("windows written before it ended: %llu, with %llu sources",
                 (unsigned long long)sums.n_windows, (unsigned long long)sums.n_rows);
        return;
    }
    if (all.n[TALLY_COUNTED] == 0 && passed_over == 0 && !had_finished)
        tell_nothing_counted(&all, sums.n_windows);
    tell_lost(world, pass, sums.n_lost);
    if (all.n[TALLY_LATE] > 0)
        log_warn(
            "%llu packets are of windows that ended a window's length or more before the first packet of "
            "their own file, and were finished: they are tallied as late and not counted",
            (unsigned long long)all.n[TALLY_LATE]);
    log_info("%llu records read, %llu counted; %llu windows written: %llu sources (%llu scanning, %llu "
             "backscatter, %llu misconfiguration)",
             (unsigned long long)tally_records(&all), (unsigned long long)all.n[TALLY_COUNTED],
             (unsigned long long)sums.n_windows, (unsigned long long)sums.n_rows,
             (unsigned long long)sums.n_labels[0], (unsigned long long)sums.n_labels[1],
             (unsigned long long)sums.n_labels[2]);
}
