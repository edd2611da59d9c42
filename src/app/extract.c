#include "budget.h"
#include "command.h"
#include "finish.h"
#include "inputs.h"
#include "pass.h"
#include "stop.h"

#include "darkforest/archive/slices.h"
#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S INT64_C(1000000000)
#define LEAST_MEMORY ((uint64_t)32 << 20)
#define MOST_WINDOWS 1000000 /* that --from and --to may ask for */

struct extract_options {
    const char *output, *filter, *rules, *tmpdir, *index_dir;
    struct strings devices;
    int64_t from_ns, to_ns, window_ns, deadline_ns;
    uint64_t memory;
};

static void extract_defaults(void *values)
{
    struct extract_options *o = values;
    *o = (struct extract_options){.from_ns = INT64_MIN, .to_ns = INT64_MAX, .window_ns = 3600 * NS_PER_S};
}

#define AT(field) offsetof(struct extract_options, field)
static const struct option_row extract_options[] = {
    {"output",    OPTION_STRING,   "DIR",      "the folder for the feature files and run.json; made if absent",
     AT(output),                                                                                                                    0, 0},
    {"devices",   OPTION_STRINGS,  "FILE",
     "keep only sources listed here (CSV, plain, CIDR, Shodan or Censys JSON lines; give again for more)",         AT(devices),     0, 0},
    {"filter",    OPTION_STRING,   "BPF",      "keep only packets that match this expression",                     AT(filter),      0, 0},
    {"from",      OPTION_TIME,     "TIME",     "drop packets before this time (UTC)",                              AT(from_ns),     0, 0},
    {"to",        OPTION_TIME,     "TIME",     "drop packets at or after this time (UTC)",                         AT(to_ns),       0, 0},
    {"window",    OPTION_DURATION, "DURATION", "length of a window, whole seconds (default 1h)",                   AT(window_ns),
     0,                                                                                                                                0},
    {"rules",     OPTION_STRING,   "FILE",     "label rules (default: those of the paper, rules/paper.ini)",       AT(rules),
     0,                                                                                                                                0},
    {"memory",    OPTION_SIZE,     "SIZE",
     "memory of a rank, beyond which state is spilled (default: four fifths of what the node has left, "
     "shared)",                                                                                                    AT(memory),      0, 0},
    {"tmpdir",    OPTION_STRING,   "DIR",      "where to spill (default: SLURM_TMPDIR, TMPDIR, /tmp)",             AT(tmpdir),      0,
     0                                                                                                                                  },
    {"index-dir", OPTION_STRING,   "DIR",      "where indexes of gzip files are kept (default: beside the files)",
     AT(index_dir),                                                                                                                 0, 0},
    {"deadline",  OPTION_TIME,     "TIME",     "stop in good order at this time, with exit code 75",               AT(deadline_ns),
     0,                                                                                                                                0},
};

static const char *extract_check(const struct extract_options *o, const struct strings *operands)
{
    if (operands->n == 0)
        return "give at least one capture file, glob or folder";
    if (!o->output)
        return "say where the feature files go: -o DIR";
    if (o->window_ns < NS_PER_S || o->window_ns % NS_PER_S)
        return "--window takes whole seconds, at least one";
    if (o->memory && o->memory < LEAST_MEMORY)
        return "--memory is at least 32MiB";
    if (o->from_ns >= o->to_ns)
        return "--from must be earlier than --to";
    if (o->from_ns != INT64_MIN && o->to_ns != INT64_MAX &&
        (o->to_ns - o->from_ns) / o->window_ns > MOST_WINDOWS)
        return "--from and --to are more than a million windows apart";
    return NULL;
}

/* Everything that a run holds, so that its steps can be told in a few words. */
struct extract {
    const struct extract_options *options;
    const struct ranks *world;
    struct ranks *node;
    struct run_record *record;
    struct rules rules;
    struct shared_inventory devices;
    struct archive archive;
    struct pass_input input;
    struct pass pass;
    struct finish finish;
    int64_t *done; /* indexes of windows that are finished, ascending */
    size_t n_done;
};

/* Whether a finished file was made with the settings of this run. NULL, or what differs. */
static const char *what_differs(const struct extract *x, const struct features_meta *meta)
{
    const struct inventory *inventory = x->devices.inventory;
    if (meta->window_length != x->options->window_ns / NS_PER_S)
        return "--window";
    if (meta->inventory_checksum != (inventory ? inventory_checksum(inventory) : 0))
        return "the device inventory";
    if (strcmp(meta->filter, x->options->filter ? x->options->filter : "") != 0)
        return "--filter";
    char *ours = rules_text(&x->rules), *theirs = rules_text(&meta->rules);
    const int same = strcmp(ours, theirs) == 0;
    free(ours);
    free(theirs);
    return same ? NULL : "the rules";
}

/* One finished file of the output folder: remembered, or the reason why this run cannot go on beside it. */
static int look_at_finished(struct extract *x, const char *path)
{
    int code = 0;
    char *why = NULL;
    struct features_meta meta;
    struct features_file *file = features_open(path, &meta, &code, &why);
    if (!file) {
        log_error("%s", why);
        free(why);
        return code;
    }
    const char *differs = what_differs(x, &meta);
    if (differs) {
        log_error("%s was made with other settings (%s): choose another output folder, or remove the file",
                  path, differs);
        code = EXIT_BAD_CONFIG;
    } else {
        x->done = memory_resize(x->done, (x->n_done + 1) * sizeof *x->done);
        x->done[x->n_done++] = meta.window_start / meta.window_length;
        log_verbose("%s is finished: its window is not computed again", path);
    }
    features_close(file);
    features_meta_free(&meta);
    return code;
}

static int find_finished(struct extract *x)
{
    int code = 0;
    char *why = NULL;
    if (ranks_rank(x->world) == 0) {
        struct strings paths = {0};
        /* An empty or new folder lists nothing: that is no failure here. */
        if (features_list(&x->options->output, 1, &paths, &why))
            free(why);
        for (size_t i = 0; i < paths.n; i++) {
            code = code ? code : look_at_finished(x, paths.items[i]);
            free((char *)(uintptr_t)paths.items[i]);
        }
        strings_free(&paths);
        if (x->n_done && code == 0)
            log_info("%zu windows in %s are finished and are not computed again", x->n_done,
                     x->options->output);
    }
    if ((code = ranks_agree(x->world, code, NULL)))
        return code;
    uint64_t n = x->n_done;
    ranks_broadcast(x->world, 0, &n, sizeof n);
    x->done = memory_resize(x->done, (size_t)n * sizeof *x->done);
    x->n_done = (size_t)n;
    ranks_broadcast(x->world, 0, x->done, (size_t)n * sizeof *x->done);
    return 0;
}

/* Reads what all ranks need before the first packet. */
static int read_inputs(struct extract *x, const struct strings *operands)
{
    int code;
    run_record_phase(x->record, "inputs");
    if ((code = inputs_rules(x->world, x->options->rules, &x->rules)))
        return code;
    if ((code = inputs_archive(x->world, operands, &x->archive)))
        return code;
    if ((code = inputs_inventory(x->world, &x->options->devices, &x->devices)))
        return code;
    return find_finished(x);
}

static int compare_indexes(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The windows that are open on any rank, ascending and once each; fresh memory. */
static int64_t *open_windows(const struct pass *pass, size_t *n)
{
    const struct ranks *ranks = pass->input->ranks;
    size_t *sizes = memory_get((size_t)ranks_size(ranks) * sizeof *sizes);
    int64_t *mine = memory_get(pass->windows.n * sizeof *mine);
    size_t n_all = 0, kept = 0;
    for (size_t i = 0; i < pass->windows.n; i++)
        mine[i] = pass->windows.items[i]->index;
    int64_t *all = ranks_gather_all(ranks, mine, pass->windows.n * sizeof *mine, sizes);
    for (int r = 0; r < ranks_size(ranks); r++)
        n_all += sizes[r] / sizeof *all;
    qsort(all, n_all, sizeof *all, compare_indexes);
    for (size_t i = 0; i < n_all; i++)
        if (i == 0 || all[i] != all[i - 1])
            all[kept++] = all[i];
    free(mine);
    free(sizes);
    *n = kept;
    return all;
}

/* Finishes every window that no file from `next` on can touch. */
static int finish_ready(struct extract *x, size_t next)
{
    size_t n;
    int code = 0;
    int64_t *indexes = open_windows(&x->pass, &n);
    for (size_t i = 0; i < n && code == 0; i++) {
        const int64_t end = (indexes[i] + 1) * x->options->window_ns;
        if (next == x->archive.n || end <= x->archive.files[next].kind.first_ts_ns - x->options->window_ns)
            code = finish_window(&x->finish, &x->pass, indexes[i]);
    }
    free(indexes);
    return code;
}

static int is_finished(const struct extract *x, int64_t index)
{
    char *path = finish_path(x->options->output, index * (x->options->window_ns / NS_PER_S));
    FILE *file = fopen(path, "rbe");
    free(path);
    if (file)
        fclose(file);
    return file != NULL;
}

/* A window of the asked range in which nothing came still gets its file: empty, and valid. */
static int finish_empty(struct extract *x)
{
    const struct extract_options *o = x->options;
    int code = 0;
    if (o->from_ns == INT64_MIN || o->to_ns == INT64_MAX)
        return 0;
    for (int64_t at = o->from_ns / o->window_ns; at * o->window_ns < o->to_ns && code == 0; at++) {
        int there = ranks_rank(x->world) == 0 && is_finished(x, at);
        ranks_broadcast(x->world, 0, &there, sizeof there);
        if (!there)
            code = finish_window(&x->finish, &x->pass, at);
    }
    return code;
}

/* The first file that can hold a packet of the asked range. */
static size_t first_file(const struct extract *x)
{
    const int64_t span = slices_longest_span(&x->archive);
    size_t first = 0;
    if (x->options->from_ns == INT64_MIN || span == INT64_MAX)
        return 0;
    while (first < x->archive.n && x->archive.files[first].kind.first_ts_ns != INT64_MAX &&
           x->archive.files[first].kind.first_ts_ns < x->options->from_ns - span)
        first++;
    if (first)
        log_verbose("%zu files that ended before --from are not read", first);
    return first;
}

/* Whether this file and all behind it begin too late to hold a packet of the asked range. */
static int is_past(const struct extract *x, size_t file)
{
    const int64_t first_ns = x->archive.files[file].kind.first_ts_ns;
    return x->options->to_ns != INT64_MAX && first_ns != INT64_MAX &&
           first_ns - x->options->window_ns >= x->options->to_ns;
}

/* Reads the archive step by step and finishes windows as they become complete. */
static int read_archive(struct extract *x)
{
    int code = 0;
    size_t next = first_file(x);
    while (next < x->archive.n && !is_past(x, next) && code == 0) {
        const size_t n = step_length(&x->archive, next, ranks_size(x->world));
        code = pass_step(&x->pass, next, n);
        next += n;
        if (code == 0)
            code = finish_ready(x, next);
    }
    if (code == 0)
        code = finish_ready(x, x->archive.n);
    return code == 0 ? finish_empty(x) : code;
}

static uint64_t expected_contacts(const struct extract *x)
{
    uint64_t n_bytes = 0;
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (size_t i = 0; i < x->archive.n; i++) {
        const struct file_kind *kind = &x->archive.files[i].kind;
        n_bytes += kind->compression == COMPRESSION_NONE ? kind->n_bytes : 6 * kind->n_bytes;
        if (kind->first_ts_ns == INT64_MAX)
            continue;
        first = kind->first_ts_ns < first ? kind->first_ts_ns : first;
        last = kind->first_ts_ns > last ? kind->first_ts_ns : last;
    }
    const uint64_t n_windows = last > first ? (uint64_t)((last - first) / x->options->window_ns) + 1 : 1;
    return n_bytes / 80 / n_windows / (uint64_t)ranks_size(x->world);
}

static int extract_with(struct extract *x, int cut)
{
    const struct extract_options *o = x->options;
    x->input = (struct pass_input){
        .ranks = x->world,
        .node = x->node,
        .index_dir = o->index_dir,
        .archive = &x->archive,
        .inventory = x->devices.inventory,
        .filter = o->filter,
        .from_ns = o->from_ns,
        .to_ns = o->to_ns,
        .window_ns = o->window_ns,
        .plain_ack_is_reply = x->rules.plain_ack_is_reply,
        .memory = o->memory ? o->memory : budget_per_rank(x->world),
        .tmpdir = o->tmpdir ? o->tmpdir : budget_scratch_folder(),
        .cut = cut,
        .skip = x->done,
        .n_skip = x->n_done,
        .record = x->record,
    };
    pass_init(&x->pass, &x->input);
    x->pass.windows.expected_contacts = expected_contacts(x);
    return read_archive(x);
}

static json_t *tally_json(const struct tally *tally)
{
    json_t *object = json_pack("{s:I}", "records", (json_int_t)tally_records(tally));
    for (int r = 0; r < TALLY_REASONS; r++)
        json_object_set_new(object, tally_names[r].name, json_integer((json_int_t)tally->n[r]));
    return object;
}

/* Every rank's damaged files to rank 0, which says and records them. Returns whether there were any. */
static int tell_damages(struct extract *x)
{
    size_t *sizes = memory_zeroed((size_t)ranks_size(x->world), sizeof *sizes);
    struct pass_damage *all =
        ranks_gather_all(x->world, x->pass.damages, x->pass.n_damages * sizeof *x->pass.damages, sizes);
    json_t *list = json_array();
    size_t n = 0;
    for (int r = 0; r < ranks_size(x->world); r++)
        n += sizes[r] / sizeof *all;
    for (size_t i = 0; i < n; i++) {
        const char *path = x->archive.files[all[i].file].path;
        log_warn("%s: at byte %llu: %s; the records before it were used", path,
                 (unsigned long long)all[i].damage.offset, all[i].damage.what);
        json_array_append_new(list, json_pack("{s:s,s:I,s:s}", "file", path, "offset",
                                              (json_int_t)all[i].damage.offset, "what", all[i].damage.what));
    }
    run_record_set(x->record, "damages", list);
    free(all);
    free(sizes);
    return n > 0;
}

static void tell_result(struct extract *x)
{
    const struct finish *f = &x->finish;
    struct tally outside = x->pass.outside, all = f->tally;
    ranks_sum_u64(x->world, outside.n, TALLY_REASONS);
    /* Records of windows finished before were passed over without a look: their files hold their tally. */
    const uint64_t passed_over = outside.n[TALLY_COUNTED];
    outside.n[TALLY_COUNTED] = 0;
    tally_add(&all, &outside);
    run_record_set(x->record, "tally", tally_json(&all));
    run_record_set(x->record, "records_of_finished_windows", json_integer((json_int_t)passed_over));
    uint64_t n_spilled = x->pass.n_spilled;
    ranks_sum_u64(x->world, &n_spilled, 1);
    run_record_set(x->record, "spilled_bytes", json_integer((json_int_t)n_spilled));
    run_record_set(x->record, "windows", json_integer((json_int_t)f->n_files));
    run_record_set(x->record, "rows", json_integer((json_int_t)f->n_rows));
    log_info("%llu records read, %llu counted; %llu windows written: %llu sources (%llu scanning, %llu "
             "backscatter, "
             "%llu misconfiguration)",
             (unsigned long long)tally_records(&all), (unsigned long long)all.n[TALLY_COUNTED],
             (unsigned long long)f->n_files, (unsigned long long)f->n_rows,
             (unsigned long long)f->n_labels[0], (unsigned long long)f->n_labels[1],
             (unsigned long long)f->n_labels[2]);
}

static void record_inputs(struct extract *x)
{
    json_t *files = json_array();
    for (size_t i = 0; i < x->archive.n; i++)
        json_array_append_new(files, json_pack("{s:s,s:I}", "file", x->archive.files[i].path, "bytes",
                                               (json_int_t)x->archive.files[i].kind.n_bytes));
    run_record_set(x->record, "inputs", files);
}

/* From packets to files; then what came of it. */
static int extract_all(struct extract *x)
{
    x->finish = (struct finish){
        .folder = x->options->output, .rules = &x->rules, .input_checksum = inputs_checksum(&x->archive)};
    int code = extract_with(x, 1);
    if (code == PASS_RETRY_UNCUT) {
        log_warn("a cut inside a file did not fall on a record, or a file is damaged in its middle: reading "
                 "again without cuts");
        pass_free(&x->pass);
        x->n_done = 0;
        if ((code = find_finished(x)) == 0)
            code = extract_with(x, 0);
    }
    const int damaged = tell_damages(x);
    tell_result(x);
    return damaged ? exit_worse(code, EXIT_BAD_DATA) : code;
}

static int extract_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    struct extract x = {.options = values, .world = world};
    const char *wrong = extract_check(values, operands);
    if (wrong) {
        log_error("%s; `darkforest extract --help` says more", wrong);
        return EXIT_BAD_USAGE;
    }
    int code = ranks_agree(
        world, ranks_rank(world) == 0 && output_make_directory(x.options->output) ? EXIT_IO : 0, NULL);
    if (code)
        return code;
    x.record = run_record_new(world, "extract", x.options->output);
    x.node = ranks_node(world);
    stop_watch(x.options->deadline_ns, x.options->output);
    code = read_inputs(&x, operands);
    if (code == 0) {
        record_inputs(&x);
        code = extract_all(&x);
    }
    code = run_record_finish(x.record, code);
    pass_free(&x.pass);
    inputs_inventory_free(&x.devices);
    archive_free(&x.archive);
    ranks_free(x.node);
    free(x.done);
    return code;
}

const struct command command_extract = {
    .text =
        {
               .name = "extract",
               .operands = "ARCHIVE... -o DIR",
               .summary = "packets to labelled per-source features, one HDF5 file a window",
               .about = "Reads pcap and pcapng, plain, gzip or zstd; an ARCHIVE is a file, a glob or a folder. "
                     "Writes\n"
                     "DIR/features-YYYYMMDDTHHMMSS.h5 for each window that holds a record (for each window "
                     "of the range\n"
                     "when both --from and --to are given), and DIR/run.json. Windows already finished in "
                     "DIR are kept and not\n"
                     "computed again. A file named STOP in DIR stops the run in good order.", .example = "mpirun -n 2 darkforest extract hour.pcap.gz --devices devices.csv -o out",
               },
    .options = extract_options,
    .n_options = sizeof extract_options / sizeof *extract_options,
    .values_size = sizeof(struct extract_options),
    .defaults = extract_defaults,
    .run = extract_run,
};
