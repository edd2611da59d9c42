/*
 * synth: a synthetic telescope hour and its device list.
 *
 *     round k:  rank r makes block k x size + r in memory -> agrees where it goes -> writes it there -> next
 * round
 *
 * All ranks write one file. A block is packed by itself, so that the file's bytes do not depend on the number
 * of ranks.
 */
#include "command.h"
#include "run_record.h"
#include "stop.h"

#include "darkforest/archive/writer.h"
#include "darkforest/core/output.h"
#include "darkforest/core/progress.h"
#include "darkforest/synth/device_list.h"
#include "darkforest/synth/hour.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct synth_values {
    const char *output;
    const char *devices_out;
    struct plan_options plan;
};

#define FIELD(name) offsetof(struct synth_values, name)

static const struct option_row option_rows[] = {
    {"output",      OPTION_STRING,   "FILE",             "the archive: .pcap, .pcap.gz or .pcap.zst",                           FIELD(output),           0,    0  },
    {"devices-out", OPTION_STRING,   "FILE",             "write the device list there, CSV of address and category",
     FIELD(devices_out),                                                                                                                                 0,    0  },
    {"profile",     OPTION_CHOICE,   PLAN_PROFILE_NAMES,
     "the month of the paper whose label mix the devices have; 2017-01 unless given",                                           FIELD(plan.profile),     0,
     0                                                                                                                                                            },
    {"scale",       OPTION_DOUBLE,   "X",                "the size, 1 being the full telescope's hour; 0.01 unless given",
     FIELD(plan.scale),                                                                                                                                  1e-6, 100},
    {"seed",        OPTION_U64,      "N",                "another seed makes another hour; 1 unless given",                     FIELD(plan.seed),        0,    0  },
    {"packets",     OPTION_U64,      "N",                "exactly this many packets, instead of the profile's",                 FIELD(plan.packets),
     0,                                                                                                                                                        0  },
    {"sources",     OPTION_U64,      "N",
     "this many senders, devices among them; the other counts follow in proportion",                                            FIELD(plan.sources),     0,
     0                                                                                                                                                            },
    {"devices",     OPTION_U64,      "N",                "this many devices that send",                                         FIELD(plan.devices),     0,    0  },
    {"listed",      OPTION_U64,      "N",                "this many devices in the list, silent ones among them",               FIELD(plan.listed),
     0,                                                                                                                                                        0  },
    {"start",       OPTION_TIME,     "TIME",             "when the hour begins; the first of the profile's month unless given",
     FIELD(plan.start_ns),                                                                                                                               0,    0  },
    {"duration",    OPTION_DURATION, "TIME",             "how long it lasts; 1h unless given",                                  FIELD(plan.duration_ns), 0,
     0                                                                                                                                                            },
};

static void set_defaults(void *values)
{
    plan_defaults(&((struct synth_values *)values)->plan);
}

/* One run: what every step needs. */
struct synthesis {
    const struct ranks *world;
    const char *path;
    char *partial;
    int fd;
    struct population *population;
    struct hour *hour;
    struct writer *writer; /* packs in memory */
    uint64_t written;      /* bytes of the file so far */
    uint64_t records;
};

static int put(void *context, const struct record *record)
{
    return writer_put(context, record);
}

/* Opens the one file: rank 0 makes it, then the others find it. Collective. */
static int open_output(struct synthesis *s)
{
    const int rank = ranks_rank(s->world);
    const struct writer_options options = {.link_type = 1, .with_header = rank == 0};
    int code = EXIT_DONE;
    for (int turn = 0; turn < 2 && code == EXIT_DONE; turn++) {
        if (turn == (rank != 0)) {
            s->fd = open(s->partial, O_WRONLY | O_CLOEXEC | (rank == 0 ? O_CREAT | O_TRUNC : 0), 0666);
            if (s->fd < 0)
                log_error("%s: cannot be written: %m", s->path);
            s->writer = writer_open_memory(s->path, &options);
            code = s->fd < 0 || !s->writer ? EXIT_IO : EXIT_DONE;
        }
        code = ranks_agree(s->world, code, NULL);
    }
    return code;
}

static int write_at(const struct synthesis *s, const char *data, size_t n, uint64_t offset)
{
    while (n > 0) {
        const ssize_t done = pwrite(s->fd, data, n, (off_t)offset);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            log_error("%s: cannot be written: %m", s->path);
            return EXIT_IO;
        }
        data += done;
        n -= (size_t)done;
        offset += (uint64_t)done;
    }
    return EXIT_DONE;
}

/* Makes block b, if there is one, and writes it behind those of lower ranks. Collective. */
static int write_block(struct synthesis *s, uint64_t b)
{
    const void *data = NULL;
    size_t n = 0;
    uint64_t n_records = 0;
    int failed = b < hour_n_blocks(s->hour) && hour_block(s->hour, b, put, s->writer, &n_records);
    failed = failed || writer_take(s->writer, &data, &n);
    uint64_t sums[2] = {n, n_records};
    const uint64_t offset = s->written + ranks_sum_before(s->world, n);
    ranks_sum_u64(s->world, sums, 2);
    s->written += sums[0];
    s->records += sums[1];
    return ranks_agree(s->world, failed ? EXIT_IO : write_at(s, data, n, offset), NULL);
}

/* The whole file, under its partial name. Collective. */
static int write_hour(struct synthesis *s)
{
    struct progress progress;
    const uint64_t size = (uint64_t)ranks_size(s->world), n_blocks = hour_n_blocks(s->hour);
    int code = open_output(s);
    progress_start(&progress, "synth", "packets", s->population->plan.packets);
    for (uint64_t b = 0; b < n_blocks && code == EXIT_DONE; b += size) {
        code = write_block(s, b + (uint64_t)ranks_rank(s->world));
        progress_update(&progress, s->records, s->records);
        if (code == EXIT_DONE && ranks_agree(s->world, stop_wanted() ? EXIT_STOPPED : EXIT_DONE,
                                             "asked to stop: no archive was written"))
            code = EXIT_STOPPED;
    }
    progress_end(&progress);
    writer_discard(s->writer);
    if (s->fd >= 0 && close(s->fd) && code == EXIT_DONE) {
        log_error("%s: cannot be written: %m", s->path);
        code = EXIT_IO;
    }
    return ranks_agree(s->world, code, NULL);
}

/* Rank 0 gives the file its name, or takes it away. Collective. */
static int finish_output(const struct synthesis *s, int code)
{
    if (ranks_rank(s->world) == 0 && code == EXIT_DONE && output_commit(s->partial, s->path))
        code = EXIT_IO;
    else if (ranks_rank(s->world) == 0 && code != EXIT_DONE)
        unlink(s->partial);
    return ranks_agree(s->world, code, NULL);
}

static int write_devices(const struct ranks *world, const struct plan *plan, const char *path)
{
    const int failed = path && ranks_rank(world) == 0 && device_list_write(plan, path);
    return ranks_agree(world, failed ? EXIT_IO : EXIT_DONE, NULL);
}

static int synthesise(const struct ranks *world, const struct synth_values *v, const struct plan *plan,
                      struct run_record *record)
{
    const char *why;
    struct synthesis s = {.world = world, .path = v->output, .fd = -1};
    run_record_phase(record, "population");
    s.population = population_new(plan, &why);
    if (!s.population) {
        log_error("%s", why);
        return EXIT_BAD_USAGE;
    }
    s.hour = hour_new(s.population);
    s.partial = output_partial_name(v->output);
    run_record_phase(record, "devices");
    int code = write_devices(world, plan, v->devices_out);
    run_record_phase(record, "packets");
    if (code == EXIT_DONE)
        code = finish_output(&s, write_hour(&s));
    if (code == EXIT_DONE)
        log_info("%s: %" PRIu64 " packets of %" PRIu64 " sources, %" PRIu64 " of them devices of %" PRIu64
                 " listed",
                 v->output, s.records, plan->sources, plan->n_devices, plan->listed);
    free(s.partial);
    hour_free(s.hour);
    population_free(s.population);
    return code;
}

static int is_archive_name(const char *path)
{
    static const char *const endings[] = {".pcap", ".pcap.gz", ".pcap.zst"};
    const size_t n = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t n_ending = strlen(endings[i]);
        if (n > n_ending && strcmp(path + n - n_ending, endings[i]) == 0)
            return 1;
    }
    return 0;
}

static const char *check(const struct synth_values *v, const struct strings *operands, struct plan *plan)
{
    if (operands->n > 0)
        return "synth takes no operands; -o FILE names the archive";
    if (!v->output)
        return "synth needs -o FILE: where the archive is to go";
    if (!is_archive_name(v->output))
        return "synth writes .pcap, .pcap.gz and .pcap.zst: the name after -o must end in one of them";
    if (v->devices_out && strcmp(v->devices_out, v->output) == 0)
        return "--devices-out and -o name the same file";
    return plan_make(plan, &v->plan);
}

static int run(const struct ranks *world, const void *values, const struct strings *operands)
{
    const struct synth_values *v = values;
    struct plan plan;
    const char *wrong = check(v, operands, &plan);
    if (wrong) {
        log_error("%s", wrong);
        return EXIT_BAD_USAGE;
    }
    stop_watch(0, NULL);
    /* No run.json: archives of many hours share a folder, and the hour follows from the options alone. */
    struct run_record *record = run_record_new(world, "synth", NULL);
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
         "The same options give the same bytes for any number of ranks.", "darkforest synth -o hour.pcap.zst --devices-out devices.csv --scale 0.01"},
    .options = option_rows,
    .n_options = sizeof option_rows / sizeof *option_rows,
    .values_size = sizeof(struct synth_values),
    .defaults = set_defaults,
    .run = run,
};
