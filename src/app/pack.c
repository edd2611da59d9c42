#include "command.h"
#include "inputs.h"
#include "packing.h"
#include "run_record.h"
#include "stop.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/options.h"
#include "darkforest/core/output.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/progress.h"
#include "darkforest/core/text.h"
#include "darkforest/packet/packet.h"

#include <stddef.h>
#include <stdlib.h>

#define ENDING ".pcap.zst"

struct pack_options {
    const char *output, *index_dir;
    uint64_t level;
};

static void pack_defaults(void *values)
{
    *(struct pack_options *)values = (struct pack_options){.level = 1};
}

#define AT(field) offsetof(struct pack_options, field)
static const struct option_row pack_options[] = {
    {"output", OPTION_STRING, "FILE", "the packed file: NAME" ENDING, AT(output), 1, 0},
    {"index-dir", OPTION_STRING, "DIR",
     "where indexes of gzip files are kept, for all nodes (default: beside the files)", AT(index_dir), 1, 0},
    {"level", OPTION_U64, "N",
     "of zstd; a higher one packs a little tighter, far slower, and is read more slowly (default 1)",
     AT(level), 1, 19},
};

static const char *pack_check(const void *values, const struct strings *operands)
{
    const struct pack_options *o = values;
    if (operands->n == 0)
        return "give at least one capture file, glob or folder";
    if (!o->output)
        return "say where the packed file goes: -o NAME" ENDING;
    if (!*o->output || !text_ends_in(o->output + 1, ENDING))
        return "the name after -o must end in " ENDING;
    return NULL;
}

/* What all files must share, for one pcap header to stand for them:
 * the link type, which may have several numbers. Nanoseconds hold microseconds too. */
static int choose_format(const struct archive *archive, struct writer_options *format)
{
    const struct archive_file *first = &archive->files[0];
    format->link_type = first->kind.format.link_type;
    for (size_t i = 0; i < archive->n; i++) {
        const struct archive_file *file = &archive->files[i];
        format->nanoseconds |= file->kind.format.nanoseconds;
        if (packet_link_find(file->kind.format.link_type)->dlt == packet_link_find(format->link_type)->dlt)
            continue;
        log_error("%s and %s have different link types (%u and %u): one packed file holds one", first->path,
                  file->path, format->link_type, file->kind.format.link_type);
        return EXIT_BAD_DATA;
    }
    return EXIT_DONE;
}

static void pack_step(struct packing *p, const struct step *step)
{
    for (size_t i = 0; i < step->n && p->code == EXIT_DONE;) {
        i += packing_cut(p, step, i);
        if (i < step->n && p->code == EXIT_DONE)
            packing_stream(p, step, i++);
    }
}

/* The file header, then the files step by step. */
static void pack_files(struct packing *p, const struct archive *archive, const struct step_options *options)
{
    const struct joint_piece header = packing_take(p);
    struct shared_step shared;
    packing_round(p, &header);
    for (size_t first = 0, n; first < archive->n && p->code == EXIT_DONE; first += n) {
        n = step_length(archive, first, ranks_size(p->world));
        inputs_step(p->world, &shared, archive, first, n, options);
        pack_step(p, &shared.step);
        inputs_step_free(&shared);
    }
}

struct pack {
    const struct pack_options *options;
    const struct ranks *world;
    struct ranks *node;
    struct archive archive;
    struct writer_options format;
};

static uint64_t input_bytes(const struct archive *archive)
{
    uint64_t n_bytes = 0;
    for (size_t i = 0; i < archive->n; i++)
        n_bytes += archive->files[i].kind.n_bytes;
    return n_bytes;
}

/* From a new file to one with its name, or none. */
static void pack_to_file(struct packing *p, const struct pack *x)
{
    const struct step_options options = {
        .index_dir = x->options->index_dir,
        .from_ns = INT64_MIN,
        .to_ns = INT64_MAX,
        .told_from_ns = INT64_MIN,
        .told_to_ns = INT64_MAX,
    };
    if ((p->code = joint_open(&p->joint, x->world, x->options->output)) != EXIT_DONE)
        return;
    progress_start(&p->progress, "pack", "packets", input_bytes(&x->archive));
    pack_files(p, &x->archive, &options);
    progress_end(&p->progress);
    if (p->code == EXIT_DONE && p->n_recut > 0) {
        log_warn("a file is damaged that has an index: packing again, each part of it by itself");
        p->code = PACKING_RETRY;
    }
    const int retry = p->code == PACKING_RETRY, code = joint_close(p->joint, retry ? EXIT_BAD_DATA : p->code);
    p->code = retry ? PACKING_RETRY : code;
}

static void tell_result(const struct packing *p, const struct pack *x)
{
    char before[FORMAT_TIME_SIZE], after[FORMAT_TIME_SIZE];
    log_info("%s: %llu packets, %s of input packed to %s", x->options->output,
             (unsigned long long)p->n_all_records, format_size(input_bytes(&x->archive), before),
             format_size(p->n_all_written, after));
}

static int pack_archive(struct pack *x)
{
    struct packing p = {.world = x->world, .node = x->node, .archive = &x->archive};
    p.writer = writer_open(x->options->output, &x->format);
    p.code = ranks_agree(x->world, p.writer ? EXIT_DONE : EXIT_IO, NULL);
    if (p.code == EXIT_DONE)
        pack_to_file(&p, x);
    writer_discard(p.writer);
    if (p.code != EXIT_DONE)
        return p.code;
    tell_result(&p, x);
    return p.n_damaged ? EXIT_BAD_DATA : EXIT_DONE;
}

/* The packed file may not fall on a file that it is made from. */
static int check_output(const struct pack *x)
{
    char *why = NULL;
    struct strings output = {0}, inputs = {0};
    strings_add(&output, x->options->output);
    for (size_t i = 0; i < x->archive.n; i++)
        strings_add(&inputs, x->archive.files[i].path);
    int code = ranks_rank(x->world) == 0 ? output_check(&output, &inputs, &why) : EXIT_DONE;
    code = ranks_agree(x->world, code, why);
    strings_free(&output);
    strings_free(&inputs);
    free(why);
    return code;
}

static int pack_all(struct pack *x)
{
    int code = check_output(x);
    if (code == EXIT_DONE)
        code = choose_format(&x->archive, &x->format);
    if (code != EXIT_DONE)
        return code;
    x->format.with_header = ranks_rank(x->world) == 0;
    x->format.level = (int)x->options->level;
    while ((code = pack_archive(x)) == PACKING_RETRY)
        for (size_t i = 0; i < x->archive.n; i++)
            if (x->archive.files[i].cuts == CUTS_FREE)
                x->archive.files[i].cuts = CUTS_NONE;
    return inputs_tell_refused(x->world, &x->archive) ? exit_worse(code, EXIT_BAD_DATA) : code;
}

static int pack_run(const struct ranks *world, const void *values, const struct strings *operands)
{
    struct pack x = {.options = values, .world = world};
    stop_watch(0, NULL);
    /* No run.json: packed files share folders with each other, and what they hold follows from the input. */
    struct run_record *record = run_record_unwritten(world, "pack");
    int code = inputs_archive(world, operands, &x.archive);
    if (code == EXIT_DONE) {
        run_record_phase(record, "pack");
        x.node = ranks_node(world);
        code = pack_all(&x);
        ranks_free(x.node);
    }
    archive_free(&x.archive);
    return run_record_finish(record, code);
}

const struct command command_pack = {
    .text =
        {
            .name = "pack",
            .operands = "ARCHIVE... -o NAME" ENDING,
            .summary = "any archive to one zstd file that is read in slices of time",
            .about =
                "Reads pcap and pcapng, plain, gzip or zstd; an ARCHIVE is a file, a glob or a folder, "
                "and its files follow each other by time. Writes one pcap file in zstd's seekable format "
                "with an index of its times: `zstd -d` reads it like any other, and extract reads only "
                "the frames it needs, with all ranks.\n\n"
                "The same packets give the same bytes for any number of ranks and however they were "
                "compressed before. What a damaged file held is packed, and the exit code is 65.",
            .example = "mpirun -n 2 darkforest pack hour.pcap.gz -o hour.pcap.zst",
        },
    .options = pack_options,
    .n_options = sizeof pack_options / sizeof *pack_options,
    .values_size = sizeof(struct pack_options),
    .defaults = pack_defaults,
    .check = pack_check,
    .run = pack_run,
};
