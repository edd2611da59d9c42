#include "run_record.h"

#include "command.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/folder.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/text.h"
#include "darkforest/core/version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_PHASES 16

struct run_record {
    const struct ranks *world;
    const char *command;
    struct output *output; /* rank 0's; NULL: none is written */
    json_t *root;
    json_t *earlier; /* records of earlier runs, at rank 0; NULL for none */
    double started;
    double cpu_before; /* seconds that this process had used then: a campaign has a record a month */
    struct {
        const char *name;
        double seconds;
    } phases[MAX_PHASES];
    size_t n_phases;
    const char *phase; /* running now, NULL before the first */
    double phase_started;
};

json_t *run_record_text(const char *text)
{
    char *utf8 = memory_text(text);
    text_make_utf8(utf8);
    json_t *string = json_string(utf8);
    free(utf8);
    return string;
}

static json_t *arguments(void)
{
    json_t *list = json_array();
    for (int i = 0; i < command_argc; i++)
        json_array_append_new(list, run_record_text(command_argv[i]));
    return list;
}

static json_t *now_text(void)
{
    char text[FORMAT_TIME_SIZE + 1];
    format_time((int64_t)time(NULL) * NS_PER_S, text);
    strcat(text, "Z");
    return json_string(text);
}

json_t *run_record_read(const char *path, int *code, char **why)
{
    json_error_t error;
    FILE *file = fopen(path, "rbe");
    const int is_absent = !file && folder_lacks(errno);
    json_t *record = file ? json_loadf(file, JSON_REJECT_DUPLICATES, &error) : NULL;
    *code = is_absent                 ? EXIT_NO_INPUT
            : !file || ferror(file)   ? EXIT_IO
            : !json_is_object(record) ? EXIT_BAD_DATA
                                      : EXIT_DONE;
    if (*code == EXIT_BAD_DATA)
        *why = text_format("%s is not a run record: line %d: %s", path, error.line, error.text);
    else if (*code != EXIT_DONE)
        *why = text_format("%s cannot be read: %s", path, strerror(errno));
    if (file)
        fclose(file);
    if (*code == EXIT_DONE)
        return record;
    json_decref(record);
    return NULL;
}

/* What is there of an earlier record; NULL: nothing that can be kept. Rank 0. */
static json_t *read_latest(const char *path, int *code)
{
    char *why = NULL;
    json_t *record = run_record_read(path, code, &why);
    if (*code == EXIT_IO)
        log_error("%s", why);
    else if (*code == EXIT_BAD_DATA)
        log_warn("%s; what it said of earlier runs is not kept", why);
    free(why);
    if (*code != EXIT_IO)
        *code = EXIT_DONE;
    return record;
}

/* The records of earlier runs into the same place, the latest first; NULL: there are none. Rank 0. */
static json_t *read_earlier(const char *path, int *code)
{
    json_t *latest = read_latest(path, code);
    if (!latest)
        return NULL;
    json_t *earlier = json_incref(json_object_get(latest, "earlier"));
    if (!json_is_array(earlier)) {
        json_decref(earlier);
        earlier = json_array();
    }
    json_object_del(latest, "earlier");
    json_array_insert_new(earlier, 0, latest);
    return earlier;
}

static struct run_record *start(const struct ranks *world, const char *command, struct output *output,
                                json_t *earlier)
{
    struct run_record *record = memory_zeroed(1, sizeof *record);
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    record->world = world;
    record->command = command;
    record->started = clock_seconds();
    record->cpu_before = clock_cpu_seconds();
    record->root = json_object();
    record->output = output;
    record->earlier = earlier;
    run_record_set(record, "program", json_string("darkforest " DARKFOREST_VERSION));
    run_record_set(record, "command", json_string(command));
    run_record_set(record, "arguments", arguments());
    run_record_set(record, "host", json_string(host));
    run_record_set(record, "ranks", json_integer(ranks_size(world)));
    run_record_set(record, "started", now_text());
    return record;
}

int run_record_new(struct run_record **record, const struct ranks *world, const char *command,
                   const char *output, const char *ending)
{
    struct output *held = NULL;
    json_t *earlier = NULL;
    int code = EXIT_DONE;
    if (output && ranks_rank(world) == 0) {
        char *path = text_format("%s%s", output, ending);
        code = output_begin(&held, path);
        earlier = code ? NULL : read_earlier(path, &code);
        if (code && held)
            output_end(held, 1);
        free(path);
    }
    code = ranks_agree(world, code, NULL);
    if (code == EXIT_DONE)
        *record = start(world, command, held, earlier);
    return code;
}

struct run_record *run_record_unwritten(const struct ranks *world, const char *command)
{
    return start(world, command, NULL, NULL);
}

void run_record_set(struct run_record *record, const char *key, json_t *value)
{
    json_object_set_new(record->root, key, value);
}

static void add_to_phase(struct run_record *record, const char *name, double seconds)
{
    size_t i = 0;
    while (i < record->n_phases && strcmp(record->phases[i].name, name) != 0)
        i++;
    if (i == MAX_PHASES)
        return;
    if (i == record->n_phases) {
        record->phases[i].name = name;
        record->n_phases++;
    }
    record->phases[i].seconds += seconds;
}

const char *run_record_phase(struct run_record *record, const char *phase)
{
    const char *before = record->phase;
    const double now = clock_seconds();
    if (before)
        add_to_phase(record, before, now - record->phase_started);
    record->phase = phase;
    record->phase_started = now;
    return before;
}

static json_t *phases(const struct run_record *record)
{
    json_t *object = json_object();
    for (size_t i = 0; i < record->n_phases; i++)
        json_object_set_new(object, record->phases[i].name, json_real(record->phases[i].seconds));
    return object;
}

/* 0, or -1 after one sentence. */
static int write_record(struct run_record *record)
{
    const char *path = output_partial(record->output);
    const int failed = json_dump_file(record->root, path, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    if (failed)
        log_error("%s: cannot be written: %m", path);
    return output_end(record->output, failed);
}

/* What it took, without the wall time. */
struct usage {
    double cpu;                   /* seconds, all ranks together */
    uint64_t largest_peak, peaks; /* bytes: the largest rank's, and all ranks' together */
};

static struct usage gather_usage(const struct run_record *record)
{
    uint64_t sums[2] = {(uint64_t)((clock_cpu_seconds() - record->cpu_before) * 1e6), peak_memory_bytes()};
    uint64_t peak = sums[1];
    ranks_sum_u64(record->world, sums, 2);
    ranks_max_u64(record->world, &peak, 1);
    return (struct usage){(double)sums[0] * 1e-6, peak, sums[1]};
}

static const char *how_it_ended(int code)
{
    switch (code) {
    case EXIT_DONE:
        return "done";
    case EXIT_STOPPED:
        return "stopped with work left";
    case EXIT_BAD_DATA:
        return log_last_error()[0] ? "failed" : "done with what the input held, some of it is bad";
    default:
        return "failed";
    }
}

static void tell_end(const char *command, int code, double wall, const struct usage *usage)
{
    char peak[FORMAT_TIME_SIZE], total[FORMAT_TIME_SIZE];
    log_info("%s %s: %s, wall %.2f s, CPU %.2f s, peak memory %s a rank, %s in all", DARKFOREST_VERSION,
             command, how_it_ended(code), wall, usage->cpu, format_size(usage->largest_peak, peak),
             format_size(usage->peaks, total));
}

int run_record_finish_alone(const char *command, double started, int code)
{
    const uint64_t peak = peak_memory_bytes();
    const struct usage usage = {clock_cpu_seconds(), peak, peak};
    if (exit_left_results(code) && output_flush_stdout())
        code = EXIT_IO;
    tell_end(command, code, clock_seconds() - started, &usage);
    return code;
}

int run_record_finish(struct run_record *record, int code)
{
    run_record_phase(record, NULL);
    if (ranks_rank(record->world) == 0 && exit_left_results(code) && output_flush_stdout())
        code = EXIT_IO;
    code = ranks_agree(record->world, code, NULL);
    const struct usage usage = gather_usage(record);
    const double wall = clock_seconds() - record->started;
    run_record_set(record, "exit_code", json_integer(code));
    run_record_set(record, "error",
                   code && log_last_error()[0] ? run_record_text(log_last_error()) : json_null());
    run_record_set(record, "finished", now_text());
    run_record_set(record, "wall_seconds", json_real(wall));
    run_record_set(record, "cpu_seconds", json_real(usage.cpu));
    run_record_set(record, "peak_memory_bytes_largest_rank", json_integer((json_int_t)usage.largest_peak));
    run_record_set(record, "peak_memory_bytes_all_ranks", json_integer((json_int_t)usage.peaks));
    run_record_set(record, "phase_seconds", phases(record));
    if (record->earlier)
        run_record_set(record, "earlier", record->earlier);
    if (record->output && write_record(record))
        code = exit_worse(code, EXIT_IO);
    code = ranks_agree(record->world, code, NULL);
    tell_end(record->command, code, wall, &usage);
    json_decref(record->root);
    free(record);
    return code;
}
