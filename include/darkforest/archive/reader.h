/*
 * reader.h - bytes to blocks of whole records, from any container and compression, sniffed by content. Local.
 *
 *     path -> [ plain | gzip, many members | zstd, many frames ]
 *          -> [ pcap | pcapng ] -> block, block, ... (record.h)
 *
 * The reader owns the block it returns; it is valid until the next call on the reader. Damage does not end in
 * an error: what is before it is delivered, up to the frame where a zstd frame is held back until its
 * checksum is known to hold, then reader_damage says what was wrong and where.
 */
#ifndef DARKFOREST_ARCHIVE_READER_H
#define DARKFOREST_ARCHIVE_READER_H

#include "darkforest/archive/record.h"

#include <stdint.h>

enum compression { COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD };
/* The last two are of files that are refused: captures in a form we do not read,
 * and files that are no captures. */
enum container { CONTAINER_PCAP, CONTAINER_PCAPNG, CONTAINER_OTHER_CAPTURE, CONTAINER_NONE };

/* What kind of file it is, read from its first bytes. */
struct file_kind {
    enum compression compression;
    enum container container;
    struct record_format format; /* pcapng: of the rewritten records, link type of its first interface */
    int64_t first_ts_ns;  /* INT64_MAX: no record can be read, and no index says when the first one was */
    int64_t last_ts_ns;   /* INT64_MIN: not known (see slices_find_times) */
    int64_t middle_ts_ns; /* about half of its records are later; INT64_MIN: not known, the same */
    uint64_t n_bytes;     /* of the file on disk; 0 for a pipe */
    uint64_t inode;       /* with the size and the time of its last change: which file it was */
    int64_t modified_ns;
};

/*
 * 0, or an exit code (EXIT_NO_INPUT, EXIT_BAD_DATA, EXIT_IO) with one sentence in *why (free() it): the
 * sentence names the file and what it is when refused ("x.erf is an ERF file; darkforest reads pcap and
 * pcapng"). kind->container is filled also then.
 */
int file_sniff(const char *path, struct file_kind *kind, char **why);

struct damage {
    char what[160]; /* "" : none. A clause: "the last record is cut off", "the gzip stream is damaged", ... */
    uint64_t offset; /* in the file on disk, or in the inflated stream */
    int is_inflated;
};

struct block {
    const uint8_t *data;
    size_t n;               /* whole records only */
    uint64_t offset;        /* of data in the (inflated) stream */
    const uint32_t *starts; /* where each record starts in data; NULL: not known (see reader_leave_walk) */
    size_t n_records;       /* 0 then */
};

struct reader;

/* The whole file from its first record; "-" is standard input.
 * NULL with *why set as by file_sniff, *code the exit code. */
struct reader *reader_open(const char *path, struct file_kind *kind, int *code, char **why);
/* The same of a pipe that may be quiet: while nothing comes, `give_up` is asked twice a second, and when it says
 * so the stream ends there. */
struct reader *reader_open_live(const char *path, int (*give_up)(void), struct file_kind *kind, int *code,
                                char **why);
/* The same for a file that was looked at before: EXIT_IO when it is no longer that one, since its records
 * would be taken apart as those of the other. */
struct reader *reader_open_again(const char *path, const struct file_kind *kind, int *code, char **why);
/*
 * Only the records that start in bytes [from, to) of a plain classic pcap.
 *
 *     reader_open_at     `from` is known to be the start of a record (or the end of the file)
 *     reader_open_range  `from` is any byte: the first record at or after it is found by a chain of
 *                        record headers that look right. A guess, good enough that it is hardly ever
 *                        wrong; the proof is the caller's, as follows.
 *
 * Both offsets below are right once reader_next has returned 0. reader_first_offset is where the first record
 * was taken to start, also when it starts at or after `to` (then the slice is empty and reader_end_offset is
 * the same). reader_end_offset is where the record after the last one starts; it is the size of the file when
 * nothing follows, when the tail is cut off, and after damage, behind which nothing counts. When no start is
 * found both are the size of the file.
 *
 * Slices [a0, a1), [a1, a2), ... with a0 the first record's offset together hold what reading the file
 * through gives if and only if the first offset of each equals the end offset of the one before. Where it
 * does not, the program drops what it has read and reads again, that file without cuts: it happens too seldom
 * to be worth more. (The later slice alone could be read again by reader_open_at at that end offset, and so on
 * along the file: tests do it, to see that the two offsets suffice.)
 */
struct reader *reader_open_at(const char *path, const struct file_kind *kind, uint64_t from, uint64_t to,
                              int *code, char **why);
struct reader *reader_open_range(const char *path, const struct file_kind *kind, uint64_t from, uint64_t to,
                                 int *code, char **why);
uint64_t reader_first_offset(const struct reader *reader);
uint64_t reader_end_offset(const struct reader *reader);
/* Where the first record of a plain classic pcap starts. */
#define READER_FIRST_RECORD 24

/*
 * The next block is made in this buffer of READER_BUFFER_SIZE bytes, which the caller lends until it lends
 * another or closes the reader. It has room for a frame of pack, and for a record that the one before left
 * begun.
 */
#define READER_BUFFER_SIZE ((1 << 20) + 2 * RECORD_MAX_SIZE)
void reader_lend(struct reader *reader, uint8_t *buffer);
/* Records that n bytes can hold at most: the room for their starts. */
#define READER_MOST_RECORDS(n) ((n) / RECORD_HEADER_SIZE + 1)
/* 1 and a block; 0 at the end (or at damage: see reader_damage);
 * -1 on an I/O error, said in reader_damage. */
int reader_next(struct reader *reader, struct block *block);
/*
 * From now on most blocks come without the starts of their records, which takes a reader a twentieth of the time that
 * inflating takes: their end is guessed by a chain of headers that look right in their last bytes. Hardly ever wrong;
 * the proof is the caller's, as for slices: record_span must use all bytes of each such block. Where it does not, the
 * guess was wrong or the file is damaged, and the file is read again by a reader that walks. For a classic pcap that
 * was opened whole; does nothing for pcapng.
 */
void reader_leave_walk(struct reader *reader);
/* Bytes of the file on disk that this reader consumed so far, for progress. */
uint64_t reader_position(const struct reader *reader);
const struct damage *reader_damage(const struct reader *reader);
/* Of the last record so far, wherever the reading began; INT64_MIN: there was none. */
int64_t reader_last_time(const struct reader *reader);
/* "PATH: at byte N: WHAT", which says so where N counts the inflated bytes; fresh memory. */
char *damage_text(const char *path, const struct damage *damage);
/* Whether the file is still the one that was sniffed, unchanged:
 * 0 when it was replaced, cut or written to. A pipe is. */
int reader_is_same(const struct reader *reader, const struct file_kind *kind);
void reader_close(struct reader *reader);

#endif
