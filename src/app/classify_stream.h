/*
 * classify_stream.h - captures as a stream: each window is handed over as soon as it is over. Private to the
 * app. Local: one rank does it all.
 *
 *     record, record, ... -> open windows -> a record a whole window later than a window's end closes it
 *
 * A record may be later than time by one window; a longer leap, as after a gap, takes three records in a
 * row, so that one whose time is wrong closes nothing.
 *
 * The records that count are those of the file being read; a window also stays open for files still to come
 * that begin before that. Time goes on from file to file, or back to where the next one begins: files may be
 * as short as one record. A record of a window that is closed is tallied as late, and one that would open yet
 * another window far ahead is a stray.
 */
#ifndef DARKFOREST_CLASSIFY_STREAM_H
#define DARKFOREST_CLASSIFY_STREAM_H

#include "windows.h"

#include "darkforest/archive/archive.h"
#include "darkforest/sources/inventory.h"

/* Takes the sums and the contacts of a window that is over.
 * 0, or EXIT_IO after one sentence, which ends the stream. */
typedef int classify_window(void *context, struct window *window, struct chunk_pool *pool);

struct classify_stream {
    const struct archive *archive;
    const struct inventory *inventory; /* NULL: every source is kept */
    const char *filter;                /* BPF, NULL for none */
    int64_t window_ns;
    int plain_ack_is_reply;
    classify_window *take;
    void *context;
    struct tally tally; /* grows: where every record went, but the strays: */
    uint64_t n_strays;  /* grows: in no window, as too many lie far ahead of time. No reason of the tally,
                         * which is part of feature files */
    uint64_t n_windows; /* grows: windows handed over */
};

/*
 * Reads the archive to its end and hands over its windows in the order of time. 0; EXIT_BAD_DATA when a file
 * was damaged and what it held was used (said in a warning), EXIT_STOPPED when asked to stop, or the code of
 * what ended it, after one sentence. Unless that is EXIT_IO, the windows that were open are handed over.
 */
int classify_stream_read(struct classify_stream *stream);

#endif
