#include "run_record.h"

#include "command.h"

#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/progress.h"
#include "darkforest/core/version.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_PHASES 16

struct run_record {
    const struct ranks *world;
    const char *command;
    char *path; /* of run.json; NULL: none is written */
    json_t *root;
    double started;
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
    json_t *string = json_string(text);
    if (string)
        return string;
    char *ascii = memory_text(text); /* not UTF-8 */
    for (char *c = ascii; *c; c++)
        *c = (unsigned char)*c < 0x80 ? *c : '?';
    string = json_string(ascii);
    free(ascii);
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
    format_time((int64_t)time(NULL) * 1000000000, text);
    strcat(text, "Z");
    return json_string(text);
}

struct run_record *run_record_new(const struct ranks *world, const char *command, const char *folder)
{
    struct run_record *record = memory_zeroed(1, sizeof *record);
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    record->world = world;
    record->command = command;
    record->started = clock_seconds();
    record->root = json_object();
    const int rank0 = !world || ranks_rank(world) == 0;
    if (folder && rank0 && output_make_directory(folder) == 0)
        record->path = text_format("%s/run.json", folder);
    run_record_set(record, "program", json_string("darkforest " DARKFOREST_VERSION));
    run_record_set(record, "command", json_string(command));
    run_record_set(record, "arguments", arguments());
    run_record_set(record, "host", json_string(host));
    run_record_set(record, "ranks", json_integer(world ? ranks_size(world) : 1));
    run_record_set(record, "started", now_text());
    return record;
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

static int write_record(struct run_record *record)
{
    char *text = json_dumps(record->root, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    const int failed = !text || output_write_file(record->path, text, strlen(text));
    free(text);
    return failed;
}

/* CPU seconds summed and peak memory (largest rank, all ranks) over the world. */
static void gather_usage(const struct run_record *record, double *cpu, uint64_t *largest, uint64_t *all)
{
    uint64_t sums[2] = {(uint64_t)(clock_cpu_seconds() * 1e6), peak_memory_bytes()};
    uint64_t peak = sums[1];
    if (record->world) {
        ranks_sum_u64(record->world, sums, 2);
        ranks_max_u64(record->world, &peak, 1);
    }
    *cpu = (double)sums[0] * 1e-6;
    *largest = peak;
    *all = sums[1];
}

static const char *how_it_ended(int code)
{
    switch (code) {
    case EXIT_DONE:
        return "done";
    case EXIT_STOPPED:
        return "stopped in good order";
    case EXIT_BAD_DATA:
        return log_last_error()[0] ? "failed" : "done with what the input held, some of it is bad";
    default:
        return "failed";
    }
}

int run_record_finish(struct run_record *record, int code)
{
    double cpu;
    uint64_t largest, all;
    char peak[FORMAT_TIME_SIZE], total[FORMAT_TIME_SIZE];
    run_record_phase(record, NULL);
    if (record->world)
        code = ranks_agree(record->world, code, NULL);
    gather_usage(record, &cpu, &largest, &all);
    const double wall = clock_seconds() - record->started;
    run_record_set(record, "exit_code", json_integer(code));
    run_record_set(record, "error",
                   code && log_last_error()[0] ? run_record_text(log_last_error()) : json_null());
    run_record_set(record, "finished", now_text());
    run_record_set(record, "wall_seconds", json_real(wall));
    run_record_set(record, "cpu_seconds", json_real(cpu));
    run_record_set(record, "peak_memory_bytes_largest_rank", json_integer((json_int_t)largest));
    run_record_set(record, "peak_memory_bytes_all_ranks", json_integer((json_int_t)all));
    run_record_set(record, "phase_seconds", phases(record));
    if (record->path && write_record(record))
        code = exit_worse(code, EXIT_IO);
    if (record->world)
        code = ranks_agree(record->world, code, NULL);
    log_info("%s %s: %s, wall %.2f s, CPU %.2f s, peak memory %s a rank, %s in all", DARKFOREST_VERSION,
             record->command, how_it_ended(code), wall, cpu, format_size(largest, peak),
             format_size(all, total));
    json_decref(record->root);
    free(record->path);
    free(record);
    return code;
}
