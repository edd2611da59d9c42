#include "darkforest/archive/step.h"

#include "darkforest/core/hash.h"
#include "darkforest/core/memory.h"

#include <stdlib.h>

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

/* Parts at either end that hold no time of the range are left out;
 * what lies between is read and judged record by record. */
static void choose_parts(struct step_file *file, int64_t from_ns, int64_t to_ns)
{
    const struct part *parts = file->parts.items;
    file->from = 0;
    file->to = file->parts.n;
    while (file->from < file->to &&
           (parts[file->from].max_ts_ns < from_ns || parts[file->from].min_ts_ns >= to_ns))
        file->from++;
    while (file->to > file->from &&
           (parts[file->to - 1].max_ts_ns < from_ns || parts[file->to - 1].min_ts_ns >= to_ns))
        file->to--;
}

static void open_file(struct step_file *file, const struct archive_file *of,
                      const struct step_options *options)
{
    const struct file_kind *kind = &of->kind;
    *file = (struct step_file){0};
    if (!options->cut || kind->container != CONTAINER_PCAP)
        return;
    if (kind->compression == COMPRESSION_NONE) {
        file->cut = kind->n_bytes > READER_FIRST_RECORD;
    } else if (parts_load(&file->parts, of->path, kind, options->index_dir)) {
        file->cut = 1;
        choose_parts(file, options->from_ns, options->to_ns);
    }
}

void step_open(struct step *step, const struct archive *archive, size_t first, size_t n,
               const struct step_options *options)
{
    *step = (struct step){
        .archive = archive, .first = first, .n = n, .files = memory_get(n * sizeof *step->files)};
    for (size_t i = 0; i < n; i++)
        open_file(&step->files[i], &archive->files[first + i], options);
}

void step_close(struct step *step)
{
    step_forget_parts(step);
    free(step->files);
    *step = (struct step){0};
}

uint64_t step_checksum(const struct step *step)
{
    uint64_t sum = step->n;
    for (size_t i = 0; i < step->n; i++) {
        const struct step_file *file = &step->files[i];
        const uint64_t head[4] = {(uint64_t)file->cut, file->parts.n, file->from, file->to};
        sum = hash_bytes(head, sizeof head, sum);
        sum = hash_bytes(file->parts.items, file->parts.n * sizeof *file->parts.items, sum);
    }
    return sum;
}

void step_forget_parts(struct step *step)
{
    for (size_t i = 0; i < step->n; i++) {
        struct step_file *file = &step->files[i];
        if (file->parts.n > 0) {
            parts_free(&file->parts);
            *file = (struct step_file){0};
        }
    }
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
