#include "packing.h"

#include "stop.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/progress.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <string.h>

void packing_put(struct packing *p, const struct record *record)
{
    if (p->code == EXIT_DONE && writer_put(p->writer, record))
        p->code = EXIT_IO;
    p->n_records++;
}

struct joint_piece packing_take(struct packing *p)
{
    struct joint_piece piece = {0};
    if (p->code == EXIT_DONE && writer_take(p->writer, &piece.data, &piece.n))
        p->code = EXIT_IO;
    if (p->code == EXIT_DONE)
        piece.parts = writer_parts(p->writer, &piece.n_parts, &piece.n_inflated);
    return piece;
}

int packing_round(struct packing *p, const struct joint_piece *piece)
{
    p->n_written += piece->n;
    p->code = joint_append(p->joint, piece, p->code);
    if (p->code == EXIT_DONE)
        p->code = stop_agreed(p->world, "no packed file was written");
    uint64_t sums[3] = {p->n_bytes_read, p->n_records, p->n_written};
    ranks_sum_u64(p->world, sums, 3);
    p->n_all_records = sums[1];
    p->n_all_written = sums[2];
    progress_update(&p->progress, sums[0], sums[1]);
    return p->code == EXIT_DONE;
}

void packing_judge(struct packing *p, const struct archive_file *file, const struct reader *reader, int last)
{
    const int failed = last < 0;
    if (!failed && reader_is_same(reader, &file->kind))
        return;
    char *text = failed
                     ? damage_text(file->path, reader_damage(reader))
                     : text_format("%s has changed since it was first looked at: no packed file was written",
                                   file->path);
    log_error("%s", text);
    free(text);
    p->code = EXIT_IO;
}

void packing_tell_damage(struct packing *p, const struct step *step, size_t file, const struct damage *damage)
{
    struct archive_file *of = &p->archive->files[step->first + file];
    const size_t n = damage && damage->what[0] ? sizeof *damage : 0;
    size_t n_all;
    struct damage *all = ranks_gather_all(p->world, damage, n, &n_all);
    if (n_all > 0 && step->files[file].goes_on) {
        of->cuts = CUTS_EACH_PART;
        p->n_recut++;
    } else if (n_all > 0) {
        char *text = damage_text(of->path, &all[0]);
        log_warn("%s; %s", text,
                 step_by_parts(step, file) ? "what could be read of this part was packed"
                                           : "the records before it were packed");
        free(text);
        p->n_damaged++;
    }
    free(all);
}
