#include "damages.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/text.h"

#include <stdlib.h>
#include <string.h>

#define MOST_BYTES 32768 /* of text: an attribute of HDF5 holds twice that */

static int by_file(const void *a, const void *b)
{
    const struct pass_damage *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return x->damage.offset < y->damage.offset ? -1 : x->damage.offset > y->damage.offset;
}

#define DISORDER_NS INT64_C(60000000000) /* that records may be out of order by */

static int64_t add_or_most(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
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
    return add_or_most(files[file].kind.first_ts_ns, add_or_most(span, span / 100));
}

/* The first time that a damaged file is taken not to reach. Its own last times tell best. Files do not follow one
 * another where it has been read beyond the next one's beginning, and it may be much longer than they are where it is
 * much larger. */
static int64_t end_of(const struct pass_input *in, const struct pass_damage *damage)
{
    const struct archive *archive = in->archive;
    const int64_t by_next = end_by_next(archive, damage->file),
                  reach = slices_reach(archive, damage->file, &in->span);
    int64_t end = by_next;
    if (damage->last_ns != INT64_MIN)
        end = add_or_most(damage->last_ns, DISORDER_NS);
    else if (damage->latest_ns >= by_next)
        end = damage->latest_ns < reach ? reach : INT64_MAX;
    else if (archive->files[damage->file].kind.n_bytes / 2 > in->span.usual_bytes)
        end = reach;
    return end > by_next ? end : by_next;
}

static int may_hold(const struct pass_input *in, const struct pass_damage *damage, int64_t from_ns,
                    int64_t to_ns)
{
    const int64_t first = in->archive->files[damage->file].kind.first_ts_ns;
    return first == INT64_MAX || (first < to_ns && (first >= from_ns || end_of(in, damage) > from_ns));
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
        qsort(all, n, sizeof *all, by_file);
    for (size_t i = 0; i < n; i++) {
        if (!may_hold(pass->input, &all[i], from_ns, to_ns))
            continue;
        char *line = damage_text(archive->files[all[i].file].path, &all[i].damage);
        text_add(&line, "\n");
        damages_add(&text, line);
        free(line);
    }
    free(all);
    return text;
}
