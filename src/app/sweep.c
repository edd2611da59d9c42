#include "sweep.h"

#include "groups.h"
#include "stop.h"

#include "darkforest/archive/slices.h"
#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/progress.h"

#include <stdlib.h>

#define BYTES_PER_RECORD 80 /* of a telescope capture, about: sizes the buckets */

/* Finishing takes its time too: a wish to stop is heard between windows. */
static int finish_one(struct finish *finish, struct pass *pass, int64_t index)
{
    const char *why = stop_wanted();
    uint64_t wanted = why != NULL;
    ranks_max_u64(pass->input->ranks, &wanted, 1);
    if (!wanted)
        return finish_window(finish, pass, index);
    log_info("stopping: %s", why ? why : "another rank was asked to");
    return EXIT_STOPPED;
}

/* Finishes every window that no file from `next` on can touch. */
static int finish_ready(struct pass *pass, struct finish *finish, size_t next)
{
    const struct archive *archive = pass->input->archive;
    const int64_t window_ns = pass->input->window_ns;
    size_t n;
    int64_t *indexes = pass_open_windows(pass, &n);
    int code = pass_check_windows(pass, n);
    pass_tell_refusal(pass);
    for (size_t i = 0; i < n && code == 0; i++) {
        const int64_t end = (indexes[i] + 1) * window_ns;
        if (next == archive->n || end <= archive->files[next].kind.first_ts_ns - window_ns)
            code = finish_one(finish, pass, indexes[i]);
    }
    free(indexes);
    return code;
}

/* A window of the asked range in which nothing came still gets its file: empty, and valid. */
static int finish_empty(struct pass *pass, struct finish *finish)
{
    const struct pass_input *in = pass->input;
    const size_t n_written = (size_t)finish->n_files;
    int code = 0;
    if (in->all_from_ns == INT64_MIN || in->all_to_ns == INT64_MAX || in->from_ns >= in->to_ns)
        return 0;
    if (n_written)
        qsort(finish->windows, n_written, sizeof *finish->windows, windows_compare_indexes);
    for (int64_t at = windows_index(in->from_ns, in->window_ns); at * in->window_ns < in->to_ns && code == 0;
         at++) {
        if (!finished_has(in->finished, at) &&
            (n_written == 0 || !bsearch(&at, finish->windows, n_written, sizeof at, windows_compare_indexes)))
            code = finish_one(finish, pass, at);
    }
    return code;
}

/* The range without the finished windows at its two ends: what must still be read for. Empty: from = to. */
static struct time_range what_is_left(const struct pass_input *in)
{
    struct time_range left = {in->from_ns, in->to_ns};
    if (left.from_ns == INT64_MIN || left.to_ns == INT64_MAX)
        return left;
    int64_t first = windows_index(left.from_ns, in->window_ns),
            last = windows_index(left.to_ns - 1, in->window_ns);
    for (; first <= last && finished_has(in->finished, first); first++)
        left.from_ns = (first + 1) * in->window_ns;
    for (; last >= first && finished_has(in->finished, last); last--)
        left.to_ns = last * in->window_ns;
    return first <= last ? left : (struct time_range){in->from_ns, in->from_ns};
}

/* The first file that can hold a packet of the range; in *n_guessed, how many of those before it have ended
 * by a guess. */
static size_t first_file(const struct pass_input *in, struct time_range left, size_t *n_guessed)
{
    const struct archive *archive = in->archive;
    size_t first = 0;
    *n_guessed = 0;
    while (first < archive->n && slices_reach(archive, first, &in->span) <= left.from_ns)
        *n_guessed += archive->files[first++].kind.last_ts_ns == INT64_MIN;
    if (first)
        log_verbose("%zu files that ended before the wanted time are not read", first);
    if (*n_guessed)
        log_info("%zu of the files that are not read are taken to have ended before the wanted time, by when "
                 "the next ones begin",
                 *n_guessed);
    return first;
}

/* Whether this file and all behind it begin too late to hold a packet of the range: what they hold of it is
 * late, since the range's last window, of which it may be a part, had ended a window before. In the first
 * file nothing is. */
static int is_past(const struct pass_input *in, struct time_range left, size_t file)
{
    const int64_t first_ns = in->archive->files[file].kind.first_ts_ns;
    int64_t end;
    return file > 0 && left.to_ns != INT64_MAX && first_ns != INT64_MAX &&
           !__builtin_mul_overflow(windows_index(left.to_ns - 1, in->window_ns) + 1, in->window_ns, &end) &&
           first_ns - in->window_ns >= end;
}

/* About when a file ends: not by its last time, which one wrong clock can set. An hour is assumed where
 * nothing tells. */
static int64_t end_of(const struct file_kind *kind)
{
    int64_t half, end;
    const int known = kind->middle_ts_ns > kind->first_ts_ns &&
                      !__builtin_sub_overflow(kind->middle_ts_ns, kind->first_ts_ns, &half);
    if (__builtin_add_overflow(known ? kind->middle_ts_ns : kind->first_ts_ns, known ? half : 3600 * NS_PER_S,
                               &end))
        return kind->first_ts_ns;
    return end;
}

/* Of a window and a rank; no more than memory has room for, so that buckets are not so many that most are all but
 * empty. The same on all ranks. */
static uint64_t expected_contacts(const struct pass_input *in)
{
    uint64_t n_bytes = 0;
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (size_t i = 0; i < in->archive->n; i++) {
        const struct file_kind *kind = &in->archive->files[i].kind;
        n_bytes += step_work_of(kind);
        if (kind->first_ts_ns == INT64_MAX)
            continue;
        const int64_t end = end_of(kind);
        first = kind->first_ts_ns < first ? kind->first_ts_ns : first;
        last = end > last ? end : last;
    }
    int64_t span;
    if (first > last || __builtin_sub_overflow(last, first, &span))
        span = 0;
    const uint64_t n_windows = span > in->window_ns ? (uint64_t)(span / in->window_ns) : 1;
    const uint64_t n = n_bytes / BYTES_PER_RECORD / n_windows / (uint64_t)ranks_size(in->ranks),
                   most = in->memory / 2 / sizeof(uint64_t);
    return n < most ? n : most;
}

/* Bytes on disk of the files that are read from `next` on. */
static uint64_t bytes_to_read(const struct pass_input *in, struct time_range left, size_t next)
{
    uint64_t n_bytes = 0;
    for (; next < in->archive->n && !is_past(in, left, next); next++)
        n_bytes += in->archive->files[next].kind.n_bytes;
    return n_bytes;
}

int sweep_archive(struct pass *pass, const struct pass_input *input, struct finish *finish)
{
    const struct time_range left = what_is_left(input);
    int code = 0;
    size_t n_guessed = 0, next = input->archive->n;
    if (left.from_ns < left.to_ns)
        next = first_file(input, left, &n_guessed);
    pass_init(pass, input);
    pass->guessed = n_guessed > 0;
    progress_start(&pass->progress, "extract", "packets", bytes_to_read(input, left, next));
    pass->windows.expected_contacts = expected_contacts(input);
    while (next < input->archive->n && !is_past(input, left, next) && code == 0) {
        const size_t n = step_length(input->archive, next, ranks_size(input->ranks));
        code = pass_step(pass, next, n);
        next += n;
        if (code == 0)
            code = finish_ready(pass, finish, next);
    }
    if (code == 0)
        code = finish_ready(pass, finish, input->archive->n);
    if (code == 0)
        code = finish_empty(pass, finish);
    progress_end(&pass->progress);
    return code;
}
