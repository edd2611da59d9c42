/*
 * synth: a synthetic telescope hour and its device list.
 *
 * In round k, rank r makes block k x size + r. A block is packed by itself, so that the bytes of the one file
 * do not depend on the number of ranks.
 */
#include "command.h"
#include "joint.h"
#include "run_record.h"
#include "stop.h"

#include "darkforest/archive/writer.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/options.h"
#include "darkforest/core/output.h"
#include "darkforest/core/progress.h"
#include "darkforest/core/text.h"
#include "darkforest/synth/catalogue.h"
#include "darkforest/synth/hour.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct synth_values {
    const char *output;
    const char *devices_out;
    struct plan_options plan;
};

#define FIELD(name) offsetof(struct synth_values, name)

/* Counts begin at 1: 0 is a plan's word for what was not given, and no inventory is made of an empty list. */
static const struct option_row option_rows[] = {
    {"output", OPTION_STRING, "FILE", "the archive: .pcap, .pcap.gz or .pcap.zst", FIELD(output), 1, 0},
    {"devices-out", OPTION_STRING, "FILE", "write the device list there, CSV of address and category",
     FIELD(devices_out), 1, 0},
    {"profile", OPTION_CHOICE, PLAN_PROFILE_NAMES,
     "the month of the paper whose label mix the devices have; 2017-01 unless given", FIELD(plan.profile), 0,
     0},
    {"scale", OPTION_DOUBLE, "X", "the size, 1 being the full telescope's hour; 0.01 unless given",
     FIELD(plan.scale), 1e-6, 100},
    {"seed", OPTION_U64, "N", "another seed makes another hour; 1 unless given", FIELD(plan.seed), 0, 0},
    {"packets", OPTION_U64, "N", "exactly this many packets, instead of the profile's", FIELD(plan.packets),
     1, 1e13},
    {"sources", OPTION_U64, "N",
     "this many senders, devices among them; the other counts follow in proportion", FIELD(plan.sources), 1,
     1e9},
    {"devices", OPTION_U64, "N", "this many devices that send", FIELD(plan.devices), 1, 1e9},
    {"listed", OPTION_U64, "N", "this many devices in the list, silent ones among them", FIELD(plan.listed),
     1, 1e9},
    {"start", OPTION_TIME, "TIME", "when the hour begins; the first of the profile's month unless given",
     FIELD(plan.start_ns), 0, 0},
    {"duration", OPTION_DURATION, "DURATION", "how long it lasts; 1h unless given", FIELD(plan.duration_ns),
     0, 0},
};

static void set_defaults(void *values)
{
    plan_defaults(&((struct synth_values *)values)->plan);
}

/* One run: what every step needs. */
struct synthesis {
    const struct ranks *world;
    const char *path;
    struct population *population;
    struct hour *hour;
    struct writer *writer; /* packs in memory */
    struct joint *joint;
    uint64_t records; /* written so far, all ranks */
};

static int put(void *context, const struct record *record)
{
    return writer_put(context, record);
}

/* Makes block b, if there is one, and writes it behind those of lower ranks. Collective. */
static int write_block(struct synthesis *s, uint64_t b)
{
    struct joint_piece piece = {0};
    uint64_t n_records = 0;
    int failed = b < hour_n_blocks(s->hour) && hour_block(s->hour, b, put, s->writer, &n_records);
    failed = failed || writer_take(s->writer, &piece.data, &piece.n);
    if (!failed && text_ends_in(s->path, ".zst"))
        piece.parts = writer_parts(s->writer, &piece.n_parts, &piece.n_inflated);
    const int code = joint_append(s->joint, &piece, failed ? EXIT_IO : EXIT_DONE);
    ranks_sum_u64(s->world, &n_records, 1);
    s->records += n_records;
    return code;
}

static int write_blocks(struct synthesis *s)
{
    struct progress progress;
    const uint64_t size = (uint64_t)ranks_size(s->world), n_blocks = hour_n_blocks(s->hour);
    int code = EXIT_DONE;
    progress_start(&progress, "synth", "packets", s->population->plan.packets);
    for (uint64_t b = 0; b < n_blocks && code == EXIT_DONE; b += size) {
        code = write_block(s, b + (uint64_t)ranks_rank(s->world));
        if (code == EXIT_DONE)
            code = stop_agreed(s->world, "no archive was written");
        progress_update(&progress, s->records, s->records);
    }
    progress_end(&progress);
    return code;
}

/* The whole archive. Collective. */
static int write_hour(struct synthesis *s)
{
    const struct writer_options options = {.link_type = 1, .with_header = ranks_rank(s->world) == 0};
    s->writer = writer_open(s->path, &options);
    int code = ranks_agree(s->world, s->writer ? EXIT_DONE : EXIT_IO, NULL);
    if (code == EXIT_DONE)
        code = joint_open(&s->joint, s->world, s->path);
    if (code == EXIT_DONE)
        code = joint_close(s->joint, write_blocks(s));
    writer_discard(s->writer);
    return code;
}

static int write_devices(const struct ranks *world, const struct plan *plan, const char *path)
{
    const int code = path && ranks_rank(world) == 0 ? catalogue_write(plan, path) : EXIT_DONE;
    return ranks_agree(world, code, NULL);
}

static int synthesise(const struct ranks *world, const struct synth_values *v, const struct plan *plan,
                      struct run_record *record)
{
    const char *why;
    struct synthesis s = {.world = world, .path = v->output};
    run_record_phase(record, "population");
    s.population = population_new(plan, &why);
    if (!s.population) {
        log_error("%s", why);
        return EXIT_BAD_USAGE;
    }
    s.hour = hour_new(s.population);
    run_record_phase(record, "devices");
    int code = write_devices(world, plan, v->devices_out);
    run_record_phase(record, "packets");
    if (code == EXIT_DONE)
        code = write_hour(&s);
    if (code == EXIT_DONE)
        log_info("%s: %" PRIu64 " packets of %" PRIu64 " sources, %" PRIu64 " of them devices of %" PRIu64
                 " listed",
                 v->output, s.records, plan->sources, plan->n_devices, plan->listed);
    hour_free(s.hour);
    population_free(s.population);
    return code;
}

/* An ending, and something before it. */
static int is_archive_name(const char *path)
{
    return *path && (text_ends_in(path + 1, ".pcap") || text_ends_in(path + 1, ".pcap.gz") ||
                     text_ends_in(path + 1, ".pcap.zst"));
}

static const char *synth_check(const void *values, const struct strings *operands)
{
    const struct synth_values *v = values;
    struct plan plan;
    if (operands->n > 0)
        return "synth takes no operands; -o FILE names the archive";
    if (!v->output)
        return "synth needs -o FILE: where the archive is to go";
    if (!is_archive_name(v->output))
        return "synth writes .pcap, .pcap.gz and .pcap.zst: the name after -o must end in one of them";
    return plan_make(&plan, &v->plan);
}

/* The archive and the list of devices may not be one file. Collective. */
static int check_outputs(const struct ranks *world, const struct synth_values *v)
{
    const char *paths[] = {v->output, v->devices_out};
    const struct strings outputs = {paths, v->devices_out ? 2 : 1}, none = {0};
    char *why = NULL;
    int code = ranks_rank(world) == 0 ? output_check(&outputs, &none, &why) : EXIT_DONE;
    code = ranks_agree(world, code, why);
    free(why);
    return code;
}

static int run(const struct ranks *world, const void *values, const struct strings *operands)
{
    const struct synth_values *v = values;
    struct plan plan;
    (void)operands;
    plan_make(&plan, &v->plan); /* which synth_check has found possible */
    const int code = check_outputs(world, v);
    if (code)
        return code;
    stop_watch(0, NULL);
    /* No run.json: archives of many hours share a folder, and the hour follows from the options alone. */
    struct run_record *record = run_record_unwritten(world, "synth");
    return run_record_finish(record, synthesise(world, v, &plan, record));
}

const struct command command_synth = {
    .text =
        {"synth", "-o FILE", "make a synthetic telescope hour and its device list",
         "Makes the packets that a /8 network telescope could have seen in an hour: scans of infected "
         "devices, "
         "backscatter of attacks, misconfigured hosts, and the odd, cut and broken packets of real archives. "
         "Devices "
         "are labelled by the rules in the mix that the paper reports for the month; other senders surround "
         "them. The telescope is 10.0.0.0/8 and senders lie in 240.0.0.0/4, so that nobody's address is "
         "accused.\n\n"
         "The same options give the same bytes for any number of ranks. A .pcap.zst carries a time index, as "
         "pack writes it, but is cut into other frames: packing it gives other bytes of the same packets.",
         "darkforest synth -o hour.pcap.zst --devices-out devices.csv --scale 0.01"},
    .options = option_rows,
    .n_options = sizeof option_rows / sizeof *option_rows,
    .values_size = sizeof(struct synth_values),
    .defaults = set_defaults,
    .check = synth_check,
    .run = run,
};
