#include "damages.h"

#include "darkforest/core/clock.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <string.h>

#define MOST_BYTES 32768 /* of text: an attribute of HDF5 holds twice that */

static int in_order(const void *a, const void *b)
{
    const struct pass_damage *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->damage.offset != y->damage.offset)
        return x->damage.offset < y->damage.offset ? -1 : 1;
    if (x->damage.is_inflated != y->damage.is_inflated)
        return x->damage.is_inflated - y->damage.is_inflated;
    return strcmp(x->damage.what, y->damage.what); /* those that are still alike are one line */
}

/* Where files follow one another they overlap a little, by a hundredth at most. */
static int64_t end_by_next(const struct archive *archive, size_t file)
{
    const struct archive_file *files = archive->files;
    const size_t next =
        file + 1 < archive->n && files[file + 1].kind.first_ts_ns != INT64_MAX ? file + 1 : file;
    if (next == 0)
        return INT64_MAX;
    /* The last of several files is taken to be as long as the one before. */
    int64_t span;
    if (__builtin_sub_overflow(files[next].kind.first_ts_ns, files[next - 1].kind.first_ts_ns, &span))
        return INT64_MAX;
    return clock_add(files[file].kind.first_ts_ns, clock_add(span, span / 100));
}

/* By how far the file had come in time when it was damaged; INT64_MIN when that was too little to tell. */
static int64_t end_by_pace(const struct file_kind *kind, const struct reader *reader)
{
    const struct damage *damage = reader_damage(reader);
    const uint64_t n_read = damage->is_inflated ? reader_position(reader) : damage->offset;
    int64_t spent;
    if (n_read == 0 || n_read < kind->n_bytes / 64 || reader_last_time(reader) <= kind->first_ts_ns ||
        __builtin_sub_overflow(reader_last_time(reader), kind->first_ts_ns, &spent))
        return INT64_MIN;
    const double span = (double)spent * (double)kind->n_bytes / (double)n_read;
    return span < 0x1p62 ? clock_add(kind->first_ts_ns, (int64_t)span) : INT64_MAX;
}

/*
 * The first time that a damaged file is taken not to reach. Its own last times tell best, then its pace.
 * Where it was read beyond the beginning of the next file, it lies beside that and not before it, and may be
 * as long as any; so it may where it is damaged too early to tell, and the next one begins far sooner than
 * files do elsewhere.
 */
static int64_t end_of(const struct pass_input *in, size_t file, const struct reader *reader)
{
    const struct file_kind *kind = &in->archive->files[file].kind;
    const int64_t by_next = end_by_next(in->archive, file), last = reader_last_time(reader),
                  reach = slices_reach(in->archive, file, &in->span), pace = end_by_pace(kind, reader);
    int64_t end = pace;
    if (kind->last_ts_ns != INT64_MIN)
        end = clock_add(kind->last_ts_ns, SLICES_DISORDER_NS);
    else if (last >= by_next)
        end = last >= reach ? INT64_MAX : reach > pace ? reach : pace;
    else if (pace == INT64_MIN && by_next - kind->first_ts_ns < in->span.longest_ns / 8)
        end = reach;
    return end > by_next ? end : by_next;
}

struct pass_damage damages_of_file(const struct pass_input *in, size_t file, const struct reader *reader)
{
    const int64_t first = in->archive->files[file].kind.first_ts_ns,
                  end = first == INT64_MAX ? INT64_MAX : end_of(in, file, reader);
    return (struct pass_damage){.file = file,
                                .damage = *reader_damage(reader),
                                .from_ns = first == INT64_MAX ? INT64_MIN : first,
                                .to_ns = end > first ? end : clock_add(first, 1)};
}

/* Of the first line, its end included where it has one. */
static size_t line_bytes(const char *lines)
{
    const size_t n = strcspn(lines, "\n");
    return n + (lines[n] == '\n');
}

static int is_among(const char *lines, const char *line, size_t n)
{
    for (size_t m; *lines; lines += m) {
        m = line_bytes(lines);
        if (m == n && memcmp(lines, line, n) == 0)
            return 1;
    }
    return 0;
}

static void add_line(char **text, const char *line, size_t n)
{
    if (!is_among(*text, line, n))
        text_add(text, "%.*s", (int)n, line);
}

void damages_add(char **text, const char *lines)
{
    static const char more[] = "and more than can be listed here\n";
    if (!*text)
        *text = memory_text("");
    for (size_t n; lines && *lines; lines += n) {
        n = line_bytes(lines);
        if (strlen(*text) + n <= MOST_BYTES)
            add_line(text, lines, n);
        else
            add_line(text, more, strlen(more));
    }
}

char *damages_between(const struct ranks *ranks, const struct pass *pass, int64_t from_ns, int64_t to_ns)
{
    const struct archive *archive = pass->input->archive;
    size_t n_bytes;
    struct pass_damage *all =
        ranks_gather_all(ranks, pass->damages, pass->n_damages * sizeof *pass->damages, &n_bytes);
    const size_t n = n_bytes / sizeof *all;
    char *text = memory_text("");
    if (n)
        qsort(all, n, sizeof *all, in_order);
    for (size_t i = 0; i < n; i++) {
        if (all[i].from_ns >= to_ns || all[i].to_ns <= from_ns)
            continue;
        char *line = damage_text(archive->files[all[i].file].path, &all[i].damage);
        text_add(&line, "\n");
        damages_add(&text, line);
        free(line);
    }
    free(all);
    return text;
}
