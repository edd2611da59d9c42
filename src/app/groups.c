#include "groups.h"

#include "windows.h"

#include "darkforest/archive/step.h"
#include "darkforest/exchange/owner.h"

#define RANKS_PER_STREAM 2 /* one inflates, one takes the records */
#define RANKS_PER_WINDOW 8 /* of files that every rank can read a part of */
#define LEAST_WINDOWS 6    /* of a group, unless asked otherwise */

static int begins_in(const struct archive_file *file, struct time_range all)
{
    return file->kind.first_ts_ns >= all.from_ns && file->kind.first_ts_ns < all.to_ns;
}

/* Windows in which some file begins: what can be dealt out. */
static uint64_t count_windows(const struct archive *archive, struct time_range all, int64_t window_ns)
{
    uint64_t n = 0;
    int64_t before = INT64_MIN;
    for (size_t i = 0; i < archive->n; i++) {
        const int64_t index = windows_index(archive->files[i].kind.first_ts_ns, window_ns);
        if (begins_in(&archive->files[i], all) && index != before) {
            before = index;
            n++;
        }
    }
    return n;
}

static int is_stream(const struct archive *archive)
{
    for (size_t i = 0; i < archive->n; i++)
        if (archive->files[i].kind.compression == COMPRESSION_GZIP)
            return 1;
    return 0;
}

int groups_number(const struct archive *archive, struct time_range all, int64_t window_ns, int size,
                  uint64_t ranks_per_window)
{
    const uint64_t asked = ranks_per_window;
    const uint64_t each = asked ? asked : is_stream(archive) ? RANKS_PER_STREAM : RANKS_PER_WINDOW;
    const uint64_t n_windows = count_windows(archive, all, window_ns);
    const uint64_t by_ranks = (uint64_t)size / each,
                   by_windows = asked ? n_windows : n_windows / LEAST_WINDOWS;
    const uint64_t n = by_ranks < by_windows ? by_ranks : by_windows;
    return n > 1 ? (int)n : 1;
}

/* Where the part of the work begins that group g has: the start of a window in which a file begins. */
static int64_t border(const struct archive *archive, struct time_range all, int64_t window_ns, int g, int n)
{
    uint64_t total = 0, before = 0;
    for (size_t i = 0; i < archive->n; i++)
        total += begins_in(&archive->files[i], all) ? step_work_of(&archive->files[i].kind) : 0;
    const uint64_t start = share_start(total, g, n);
    for (size_t i = 0; i < archive->n; i++) {
        if (!begins_in(&archive->files[i], all))
            continue;
        const int64_t from = windows_index(archive->files[i].kind.first_ts_ns, window_ns) * window_ns;
        const uint64_t work = step_work_of(&archive->files[i].kind);
        if (before + work / 2 >= start && from > all.from_ns) /* the nearer end of a file */
            return from;
        before += work;
    }
    return all.to_ns;
}

struct time_range groups_range(const struct archive *archive, struct time_range all, int64_t window_ns, int g,
                               int n)
{
    return (struct time_range){.from_ns = g == 0 ? all.from_ns : border(archive, all, window_ns, g, n),
                               .to_ns = g == n - 1 ? all.to_ns : border(archive, all, window_ns, g + 1, n)};
}
