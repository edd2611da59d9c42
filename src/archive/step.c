#include "darkforest/archive/step.h"

#include "stream_gzip.h"

#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_BYTES_PER_RANK ((uint64_t)2 << 30) /* plain pcap, as guessed */

uint64_t step_work_of(const struct file_kind *kind)
{
    return kind->compression == COMPRESSION_NONE ? kind->n_bytes : STEP_SHRINKAGE * kind->n_bytes;
}

size_t step_length(const struct archive *archive, size_t first, int size)
{
    uint64_t work = 0;
    size_t n = 0;
    while (first + n < archive->n && (n == 0 || work < STEP_BYTES_PER_RANK * (uint64_t)size))
        work += step_work_of(&archive->files[first + n++].kind);
    return n;
}

/* Parts at either end that hold no time of the range are left out; what lies between is read and judged record by
 * record, and so is what lies behind and is earlier: it may be late, which is to be told. */
static void choose_parts(struct step_file *file, int64_t from_ns, int64_t to_ns)
{
    const struct part *parts = file->parts.items;
    file->from = 0;
    file->to = file->parts.n;
    while (file->from < file->to &&
           (parts[file->from].max_ts_ns < from_ns || parts[file->from].min_ts_ns >= to_ns))
        file->from++;
    while (file->to > file->from && parts[file->to - 1].min_ts_ns >= to_ns)
        file->to--;
}

/* What step_look says of a file, before its parts, their restarts and the name of the index, each padded to
 * eight bytes. Fixed width: it crosses MPI. */
struct look {
    uint64_t cut, goes_on, from, to, n_parts, n_restarts, n_index;
};

#define PADDED(n) (((n) + 7) / 8 * 8)

static void put(FILE *out, const void *bytes, size_t n)
{
    static const char zeros[8];
    if (n)
        fwrite(bytes, 1, n, out);
    fwrite(zeros, 1, PADDED(n) - n, out);
}

static void look_at(FILE *out, const struct archive_file *of, const struct step_options *options)
{
    const struct file_kind *kind = &of->kind;
    struct step_file file = {0};
    char *why = NULL;
    if (kind->container == CONTAINER_PCAP) {
        const int has_parts = parts_load(&file.parts, of->path, kind, options->index_dir, &why),
                  is_plain = kind->compression == COMPRESSION_NONE && kind->n_bytes > READER_FIRST_RECORD;
        file.cut = of->cuts != CUTS_NONE && (has_parts || is_plain);
        file.goes_on = has_parts && !file.cut;
        if (!file.cut)
            parts_free(&file.parts);
        choose_parts(&file, options->from_ns, options->to_ns);
    }
    if (why && kind->first_ts_ns >= options->told_from_ns &&
        (kind->first_ts_ns < options->told_to_ns || options->told_to_ns == INT64_MAX))
        log_warn("%s", why);
    free(why);
    const struct parts *parts = &file.parts;
    const struct look look = {.cut = (uint64_t)file.cut,
                              .goes_on = (uint64_t)file.goes_on,
                              .from = file.from,
                              .to = file.to,
                              .n_parts = parts->n,
                              .n_restarts = parts->restarts ? parts->n : 0,
                              .n_index = parts->index ? strlen(parts->index) + 1 : 0};
    put(out, &look, sizeof look);
    put(out, parts->items, look.n_parts * sizeof *parts->items);
    put(out, parts->restarts, look.n_restarts * sizeof *parts->restarts);
    put(out, parts->index, look.n_index);
    parts_free(&file.parts);
}

void *step_look(const struct archive *archive, size_t first, size_t n, const struct step_options *options,
                size_t *n_bytes)
{
    char *bytes;
    FILE *out = memory_stream(&bytes, n_bytes);
    for (size_t i = 0; i < n; i++)
        look_at(out, &archive->files[first + i], options);
    memory_stream_end(out);
    return bytes;
}

/* The n_bytes at *at, which moves on behind them; NULL for none. */
static void *take(const char **at, uint64_t n_bytes)
{
    const void *here = n_bytes ? *at : NULL;
    *at += PADDED(n_bytes);
    return (void *)(uintptr_t)here;
}

static void open_file(struct step_file *file, const char **at)
{
    const struct look *look = take(at, sizeof *look);
    *file = (struct step_file){
        .cut = (int)look->cut, .goes_on = (int)look->goes_on, .from = look->from, .to = look->to};
    file->parts.n = look->n_parts;
    file->parts.items = take(at, look->n_parts * sizeof *file->parts.items);
    file->parts.restarts = take(at, look->n_restarts * sizeof *file->parts.restarts);
    file->parts.index = take(at, look->n_index);
}

void step_open(struct step *step, const struct archive *archive, size_t first, size_t n, const void *looked)
{
    const char *at = looked;
    *step = (struct step){
        .archive = archive, .first = first, .n = n, .files = memory_get(n * sizeof *step->files)};
    for (size_t i = 0; i < n; i++)
        open_file(&step->files[i], &at);
}

void step_close(struct step *step)
{
    free(step->files);
    *step = (struct step){0};
}

int step_by_parts(const struct step *step, size_t file)
{
    return step->files[file].parts.n > 0 && step->archive->files[step->first + file].cuts == CUTS_EACH_PART;
}

uint64_t step_work(const struct step *step, size_t file)
{
    const struct step_file *f = &step->files[file];
    uint64_t n_bytes = 0;
    if (f->parts.n == 0)
        return step_work_of(&step->archive->files[step->first + file].kind);
    for (size_t p = f->from; p < f->to; p++)
        n_bytes += f->parts.items[p].n_bytes;
    return STEP_SHRINKAGE * n_bytes;
}

struct loaded_file {
    uint64_t work;
    size_t file;
};

static int heavier_first(const void *a, const void *b)
{
    const struct loaded_file *x = a, *y = b;
    if (x->work != y->work)
        return x->work > y->work ? -1 : 1;
    return x->file < y->file ? -1 : x->file > y->file;
}

size_t *step_whole_files(const struct step *step, size_t *n)
{
    struct loaded_file *files = memory_get(step->n * sizeof *files);
    size_t *whole = memory_get(step->n * sizeof *whole);
    *n = 0;
    for (size_t i = 0; i < step->n; i++)
        if (!step->files[i].cut)
            files[(*n)++] = (struct loaded_file){.work = step_work(step, i), .file = step->first + i};
    qsort(files, *n, sizeof *files, heavier_first);
    for (size_t i = 0; i < *n; i++)
        whole[i] = files[i].file;
    free(files);
    return whole;
}
