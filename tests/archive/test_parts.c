/*
 * Files of parts: any range of parts gives the records of those parts, all ranges together the file; what is
 * joined from pieces is the same as what is written at once; a spoiled index is never believed.
 */
#include "darkforest/archive/parts.h"
#include "darkforest/archive/slices.h"
#include "darkforest/archive/step.h"
#include "darkforest/archive/writer.h"
#include "darkforest/core/hash.h"
#include "darkforest/core/log.h"
#include "darkforest/core/parse.h"
#include "darkforest/core/rng.h"

#include "capture.h"
#include "comparison.h"
#include "stream_gzip.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cmocka.h>

#include "written.h"

static char folder[] = "/tmp/darkforest-parts-XXXXXX";
static char packed[300];

enum { N_RECORDS = 60000 };

static uint8_t data[2048];

static struct record make_record(size_t i)
{
    const uint32_t n = (uint32_t)(i * 37 % 1400);
    return (struct record){.ts_ns = INT64_C(1483228800000000000) + (int64_t)i * 1000003,
                           .data = data + i % 600,
                           .n_captured = n,
                           .n_wire = n};
}

static void put_records(struct writer *w, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        const struct record r = make_record(i);
        assert_int_equal(writer_put(w, &r), 0);
    }
}

static struct bytes write_records(const char *name, size_t n, int with_index)
{
    const struct writer_options options = {.link_type = 1, .nanoseconds = 1, .with_header = 1};
    struct writer *w = writer_open(name, &options);
    put_records(w, 0, n);
    return written_bytes(w, with_index);
}

static void save_records(const char *name, int with_index, char *path, size_t path_size)
{
    const struct bytes bytes = write_records(name, N_RECORDS, with_index);
    capture_save(folder, name, bytes, path, path_size);
    free(bytes.data);
}

static void read_oracle(const char *path, struct oracle *oracle)
{
    const struct bytes raw = oracle_file(path), plain = oracle_inflate(raw.data, raw.n);
    oracle_read(oracle, plain.data, plain.n);
    free(raw.data);
    free(plain.data);
}

/* Reads [from, to) and compares with the oracle's records from `at` on. The records read. */
static size_t read_range(const struct file_kind *kind, const struct parts *parts, const char *path,
                         size_t from, size_t to, const struct oracle *oracle, size_t at)
{
    int code = 0, same = 1;
    char *why = NULL;
    struct reader *r =
        reader_open_parts(path, kind, parts, &(struct part_range){from, to, to, 0}, &code, &why);
    assert_non_null(r);
    const size_t end = comparison_read(r, &kind->format, oracle, at, &same);
    assert_true(same);
    assert_int_equal(reader_first_offset(r), parts->items[from].first_record);
    if (to < parts->n)
        assert_int_equal(reader_end_offset(r), parts->items[to].first_record);
    assert_string_equal(reader_damage(r)->what, "");
    assert_true(reader_seam_holds(r));
    reader_close(r);
    return end - at;
}

static void check_parts(const char *path, size_t least_parts)
{
    struct oracle oracle;
    read_oracle(path, &oracle);
    struct file_kind kind;
    char *why;
    assert_int_equal(file_sniff(path, &kind, &why), 0);
    struct parts parts;
    assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 1);
    if (parts.n < least_parts)
        fail_msg("%zu parts, at least %zu were expected", parts.n, least_parts);
    size_t at = 0;
    for (size_t from = 0; from < parts.n; from++) {
        size_t n = 0;
        for (size_t k = 0; k < parts.items[from].n_records; k++) {
            assert_true(oracle.records[at + k].ts_ns >= parts.items[from].min_ts_ns);
            assert_true(oracle.records[at + k].ts_ns <= parts.items[from].max_ts_ns);
        }
        for (size_t to = from + 1; to <= parts.n && to < from + 4; to++) {
            n += parts.items[to - 1].n_records;
            assert_int_equal(read_range(&kind, &parts, path, from, to, &oracle, at), n);
        }
        at += parts.items[from].n_records;
    }
    assert_int_equal(at, oracle.n);
    assert_int_equal(read_range(&kind, &parts, path, 0, parts.n, &oracle, 0), oracle.n);
    parts_free(&parts);
    oracle_free(&oracle);
}

static void any_range_of_frames(void **state)
{
    (void)state;
    check_parts(packed, 30);
}

/* Of a range of times those parts are left out, at either end, that hold none of it; and no others. */
static void parts_outside_of_a_range_are_left_out(void **state)
{
    (void)state;
    char path[320], *why;
    struct archive_file file = {.path = path};
    const struct archive archive = {.files = &file, .n = 1};
    struct parts parts;
    save_records("range.pcap.zst", 1, path, sizeof path);
    assert_int_equal(file_sniff(path, &file.kind, &why), 0);
    assert_int_equal(parts_load(&parts, path, &file.kind, NULL, NULL), 1);
    assert_true(parts.n > 4);
    for (size_t p = 0; p < parts.n; p++)
        for (size_t q = p; q < parts.n && q < p + 3; q++)
            for (int change = 0; change < 9; change++) {
                const int64_t from = (change % 3 == 0 ? parts.items[p].min_ts_ns : parts.items[p].max_ts_ns) +
                                     (change % 3 == 2);
                const int64_t to = (change / 3 == 2 ? parts.items[q].max_ts_ns : parts.items[q].min_ts_ns) +
                                   (change / 3 == 1);
                const struct step_options options = {.from_ns = from, .to_ns = to};
                struct step step;
                size_t n_looked;
                void *looked = step_look(&archive, 0, 1, &options, &n_looked);
                step_open(&step, &archive, 0, 1, looked);
                const struct step_file *f = &step.files[0];
                for (size_t i = 0; i < parts.n; i++) {
                    const int holds_some = parts.items[i].max_ts_ns >= from && parts.items[i].min_ts_ns < to;
                    const int is_in = i >= f->from && i < f->to;
                    assert_true(from >= to || holds_some == is_in);
                }
                step_close(&step);
                free(looked);
            }
    parts_free(&parts);
    unlink(path);
}

/* n records a second apart, but for n_odd from record `odd` on, which are so many seconds after their place. */
static struct file_kind save_odd(const char *name, size_t n, size_t odd, size_t n_odd, int64_t seconds,
                                 size_t n_cut_off, char *path, size_t path_size)
{
    const struct writer_options options = {.link_type = 1, .nanoseconds = 1, .with_header = 1};
    struct writer *w = writer_open(name, &options);
    for (size_t i = 0; i < n; i++) {
        const int64_t off = i >= odd && i - odd < n_odd ? seconds : 0;
        const struct record r = {.ts_ns = (1483228800 + (int64_t)i + off) * NS_PER_S,
                                 .data = data,
                                 .n_captured = 600,
                                 .n_wire = 600};
        assert_int_equal(writer_put(w, &r), 0);
    }
    struct bytes bytes = written_bytes(w, strstr(name, "zst") != NULL);
    bytes.n -= n_cut_off;
    capture_save(folder, name, bytes, path, path_size);
    free(bytes.data);
    struct file_kind kind;
    char *why;
    assert_int_equal(file_sniff(path, &kind, &why), 0);
    slices_find_times(path, &kind, NULL);
    unlink(path);
    return kind;
}

/* The latest of all times that the index knows, or that the last records have, in whatever order; where they
 * are cut off, or lie before the first of the file or well before its middle, the end is not known. The middle is that of the index, or
 * of records in the middle: a wrong time does not move it. */
static void the_end_of_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t n, odd, n_odd;
        int64_t seconds;
        size_t n_cut_off;
        int64_t last; /* after the first second; -1: not known */
    } cases[] = {
        {"end.pcap", 3000, 0, 0, 0, 0, 2999},
        {"end.pcap", 3000, 2990, 1, 500, 0, 3490},
        {"end.pcap", 3000, 2999, 1, -700, 0, 2998},
        {"end.pcap", 3000, 2990, 1, 500, 3, -1},
        {"end.pcap", 3000, 0, 1, 5000, 0, -1},
        {"end.pcap", 3000, 2400, 600, -1400, 0, 1599}, /* its middle is the 1,554th second */
        {"end.pcap", 3000, 2400, 600, -1600, 0, -1},
        {"end.pcap", 1, 0, 0, 0, 0, 0},
        {"end.pcap.zst", 9000, 0, 0, 0, 0, 8999},
        {"end.pcap.zst", 9000, 4000, 1, 90000, 0, 94000},
        {"end.pcap.zst", 9000, 8999, 1, -90, 0, 8998},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char path[320];
        const struct file_kind kind = save_odd(cases[c].name, cases[c].n, cases[c].odd, cases[c].n_odd,
                                               cases[c].seconds, cases[c].n_cut_off, path, sizeof path);
        assert_int_equal(kind.last_ts_ns,
                         cases[c].last < 0 ? INT64_MIN : (1483228800 + cases[c].last) * NS_PER_S);
        const int64_t begin = 1483228800 * NS_PER_S;
        if (strstr(cases[c].name, "zst"))
            assert_in_range(kind.middle_ts_ns, begin + 2500 * NS_PER_S, begin + 6500 * NS_PER_S);
        else if (cases[c].n > 1)
            assert_in_range(kind.middle_ts_ns, begin + 1500 * NS_PER_S, begin + 1610 * NS_PER_S);
        else
            assert_true(kind.middle_ts_ns == INT64_MIN);
    }
}

/* What says that it is shorter than the header of a capture has no middle and no end. */
static void the_end_of_a_file_of_no_size(void **state)
{
    (void)state;
    for (uint64_t n = 0; n <= READER_FIRST_RECORD; n++) {
        struct file_kind kind = {
            .container = CONTAINER_PCAP, .n_bytes = n, .last_ts_ns = INT64_MIN, .middle_ts_ns = INT64_MIN};
        slices_find_times("/proc/self/cmdline", &kind, NULL);
        assert_true(kind.last_ts_ns == INT64_MIN && kind.middle_ts_ns == INT64_MIN);
    }
}

/* As ranks write it: pieces taken from several writers, joined in order, one trailer. */
static void joined_from_pieces(void **state)
{
    (void)state;
    char path[320];
    snprintf(path, sizeof path, "%s/joined.pcap.zst", folder);
    FILE *file = fopen(path, "wb");
    struct part *all = NULL;
    size_t n_all = 0;
    uint64_t n_bytes = 0, n_inflated = 0;
    struct writer *writers[3];
    for (int k = 0; k < 3; k++) {
        const struct writer_options options = {.link_type = 1, .nanoseconds = 1, .with_header = k == 0};
        writers[k] = writer_open("x.zst", &options);
    }
    for (size_t piece = 0; piece < 7; piece++) {
        struct writer *w = writers[piece % 3];
        put_records(w, N_RECORDS * piece / 7, N_RECORDS * (piece + 1) / 7);
        const void *bytes;
        size_t n, n_parts;
        uint64_t n_piece_inflated;
        assert_int_equal(writer_take(w, &bytes, &n), 0);
        const struct part *items = writer_parts(w, &n_parts, &n_piece_inflated);
        all = realloc(all, (n_all + n_parts) * sizeof *all);
        memcpy(all + n_all, items, n_parts * sizeof *all);
        parts_shift(all + n_all, n_parts, n_bytes, n_inflated);
        n_all += n_parts;
        n_bytes += n;
        n_inflated += n_piece_inflated;
        assert_int_equal(fwrite(bytes, 1, n, file), n);
    }
    size_t n_trailer;
    uint8_t *trailer = parts_trailer(all, n_all, n_bytes, n_inflated, &n_trailer);
    fwrite(trailer, 1, n_trailer, file);
    fclose(file);
    free(trailer);
    free(all);
    for (int k = 0; k < 3; k++)
        writer_discard(writers[k]);
    check_parts(path, 30);
    unlink(path);
}

/* Loads the index as the file is now: none, or the good one. */
static void check_not_misled(const char *path, struct file_kind kind, uint64_t n_bytes,
                             const struct parts *good)
{
    struct parts parts;
    kind.n_bytes = n_bytes;
    if (parts_load(&parts, path, &kind, NULL, NULL)) {
        assert_int_equal(parts.n, good->n);
        assert_memory_equal(parts.items, good->items, good->n * sizeof *good->items);
    }
    parts_free(&parts);
}

/* With any byte of the trailer spoiled or cut off the file has no index, or the same index. */
static void a_spoiled_trailer_is_not_believed(void **state)
{
    (void)state;
    const struct bytes raw = oracle_file(packed);
    struct file_kind kind;
    char *why, path[320];
    assert_int_equal(file_sniff(packed, &kind, &why), 0);
    struct parts good;
    assert_int_equal(parts_load(&good, packed, &kind, NULL, NULL), 1);
    const struct part *last = &good.items[good.n - 1];
    capture_save(folder, "spoiled", raw, path, sizeof path);
    const int fd = open(path, O_RDWR);
    for (size_t at = last->offset + last->n_bytes; at < raw.n; at++) {
        const uint8_t spoiled = raw.data[at] ^ 0x41;
        assert_int_equal(pwrite(fd, &spoiled, 1, (off_t)at), 1);
        check_not_misled(path, kind, raw.n, &good);
        assert_int_equal(pwrite(fd, raw.data + at, 1, (off_t)at), 1);
    }
    for (size_t n = raw.n; n-- > last->offset + last->n_bytes;) {
        assert_int_equal(ftruncate(fd, (off_t)n), 0);
        check_not_misled(path, kind, n, &good);
    }
    close(fd);
    unlink(path);
    parts_free(&good);
    free(raw.data);
}

static void other_files_have_no_index(void **state)
{
    (void)state;
    const struct bytes plain = capture_make(&capture_forms[0], 100);
    for (enum packing p = 0; p <= PACKING_ZSTD_FRAMES; p++) {
        const struct bytes b = capture_pack(plain, p);
        char path[320], *why;
        struct file_kind kind;
        struct parts parts;
        capture_save(folder, "other", b, path, sizeof path);
        assert_int_equal(file_sniff(path, &kind, &why), 0);
        assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 0);
        unlink(path);
        free(b.data);
    }
    free(plain.data);
}

static struct bytes plain_bytes(void)
{
    return write_records("x.pcap", N_RECORDS / 4, 0);
}

/* With less memory blocks are shorter. */
static struct bytes gzip_with(struct bytes plain, int level, int strategy, int memory)
{
    z_stream z = {.next_in = plain.data, .avail_in = (uInt)plain.n};
    deflateInit2(&z, level, Z_DEFLATED, 15 + 16, memory, strategy);
    struct bytes b = {.n = deflateBound(&z, plain.n) + 64};
    b.data = malloc(b.n);
    z.next_out = b.data;
    z.avail_out = (uInt)b.n;
    deflate(&z, Z_FINISH);
    b.n -= z.avail_out;
    deflateEnd(&z);
    return b;
}

static struct bytes gzip_at_level(struct bytes plain, int level, int strategy)
{
    return gzip_with(plain, level, strategy, 8);
}

/* Reads the file through while its index is made. */
static void make_index(const char *path, uint64_t spacing)
{
    struct file_kind kind;
    int code;
    char *why;
    struct reader *r = reader_open(path, &kind, &code, &why);
    assert_non_null(r);
    reader_index(r, path, NULL, spacing);
    for (struct block block; reader_next(r, &block) == 1;)
        ;
    reader_keep_index(r);
    reader_close(r);
}

static void check_gzip(struct bytes packed_bytes, uint64_t spacing, size_t least_parts)
{
    char path[320], index[340];
    capture_save(folder, "x.pcap.gz", packed_bytes, path, sizeof path);
    snprintf(index, sizeof index, "%s.dfx", path);
    make_index(path, spacing);
    const int kept = access(index, F_OK) == 0;
    if (kept)
        check_parts(path, least_parts);
    else if (least_parts > 1) /* one part cuts nothing: no index is kept of it */
        fail_msg("no index was kept");
    unlink(index);
    unlink(path);
}

static void any_range_between_restart_points(void **state)
{
    (void)state;
    const struct bytes plain = plain_bytes();
    const struct {
        int level, strategy;
        size_t least_parts;
    } kinds[] = {{6, Z_DEFAULT_STRATEGY, 5}, {1, Z_DEFAULT_STRATEGY, 5}, {9, Z_DEFAULT_STRATEGY, 5},
                 {0, Z_DEFAULT_STRATEGY, 1}, {6, Z_HUFFMAN_ONLY, 20},    {6, Z_FIXED, 1}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct bytes b = gzip_at_level(plain, kinds[i].level, kinds[i].strategy);
        check_gzip(b, 100000, kinds[i].least_parts);
        check_gzip(b, 1, kinds[i].least_parts);
        check_gzip(b, UINT32_MAX, 1);
        free(b.data);
    }
    const struct bytes members = capture_pack(plain, PACKING_GZIP_MEMBERS);
    check_gzip(members, 100000, 5);
    free(members.data);
    free(plain.data);
}

/* Random packets that come again and again, zlib's longest distance from each other: 25 records of 1,300 bytes and six more.
 * Nothing in a block can be told without what lay so far before it. */
static struct bytes far_repetitions(size_t n)
{
    enum { PERIOD = 25, SIZE = 1300 - RECORD_HEADER_SIZE, LONGEST = 32768 - 262 };
    static uint8_t chance[PERIOD * SIZE + 6];
    const struct writer_options options = {.link_type = 1, .nanoseconds = 1, .with_header = 1};
    struct writer *w = writer_open("x.pcap", &options);
    assert_int_equal(sizeof chance + PERIOD * RECORD_HEADER_SIZE, LONGEST);
    for (size_t i = 0; i < sizeof chance; i++)
        chance[i] = (uint8_t)rng_u64(1, RNG_SYNTH, i, 0);
    for (size_t i = 0; i < n; i++) {
        const uint32_t size = SIZE + (i % PERIOD == PERIOD - 1 ? 6 : 0);
        const struct record r = {.ts_ns = INT64_C(1483228800000000000) + (int64_t)i * 1000003,
                                 .data = chance + i % PERIOD * SIZE,
                                 .n_captured = size,
                                 .n_wire = size};
        assert_int_equal(writer_put(w, &r), 0);
    }
    return written_bytes(w, 0);
}

static void a_restart_may_need_all_of_its_history(void **state)
{
    (void)state;
    const struct bytes plain = far_repetitions(3000), b = gzip_at_level(plain, 9, Z_DEFAULT_STRATEGY);
    assert_in_range(b.n, 0, plain.n / 20); /* all repetitions were found */
    check_gzip(b, 1, 4);
    free(b.data);
    free(plain.data);
}

/* The next bytes from a restart point are those of the whole. */
static void check_restart(const char *path, const struct restart_list *list, size_t i, struct bytes plain)
{
    enum { PIECE = 70000 };
    static uint8_t window[RESTART_WINDOW_SIZE], piece[PIECE];
    const struct restart *r = &list->items[i];
    int code;
    char *why;
    struct stream *stream = stream_open(path, NULL, &code, &why);
    if (r->n_window)
        assert_int_equal(ZSTD_decompress(window, sizeof window, list->windows + r->window_at, r->window_size),
                         r->n_window);
    stream_gzip_resume(stream, r, window);
    const size_t left = plain.n - (size_t)r->inflated, n = left < PIECE ? left : PIECE;
    for (size_t got = 0; got < n;) {
        const size_t n_read = stream_read(stream, piece + got, n - got);
        assert_true(n_read > 0);
        got += n_read;
    }
    assert_memory_equal(piece, plain.data + r->inflated, n);
    stream_close(stream);
}

/* However little is asked for at a time, so that what was inflated has to wait for room wherever a block begins. */
static void restart_points_hold_for_reads_of_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {3000, 4096};
    const struct bytes near = plain_bytes(), far = far_repetitions(1500);
    const struct bytes plains[] = {{near.data, 1000000}, far};
    for (size_t k = 0; k < 2; k++) {
        char path[320];
        const struct bytes b = gzip_with(plains[k], 6, Z_DEFAULT_STRATEGY, 4);
        capture_save(folder, "x.pcap.gz", b, path, sizeof path);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            static uint8_t piece[100000];
            struct restart_list list = {.spacing = 1};
            int code;
            char *why;
            struct stream *stream = stream_open(path, NULL, &code, &why);
            stream_gzip_collect(stream, &list);
            while (stream_read(stream, piece, sizes[s]) > 0)
                ;
            assert_string_equal(stream->fault, "");
            assert_true(list.n > 5);
            for (size_t i = 0; i < list.n; i++)
                check_restart(path, &list, i, plains[k]);
            stream_close(stream);
            restart_list_free(&list);
        }
        unlink(path);
        free(b.data);
    }
    free(near.data);
    free(far.data);
}

/* Where one is due as a member begins, but not all of them. */
static void members_are_restart_points(void **state)
{
    enum { SPACING = 3 << 20 };
    (void)state;
    char path[320], index[340], *why;
    struct file_kind kind;
    struct parts parts;
    save_records("members.pcap.gz", 0, path, sizeof path);
    snprintf(index, sizeof index, "%s.dfx", path);
    make_index(path, SPACING);
    check_parts(path, 10);
    assert_int_equal(file_sniff(path, &kind, &why), 0);
    assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 1);
    size_t n_members = 0;
    for (size_t i = 1; i < parts.n; i++) {
        n_members += parts.restarts[i].n_window == 0;
        assert_true(parts.restarts[i].inflated >= parts.restarts[i - 1].inflated + SPACING);
    }
    assert_true(n_members > 0);
    parts_free(&parts);
    unlink(index);
    unlink(path);
}

static void a_spoiled_index_is_not_believed(void **state)
{
    (void)state;
    const struct bytes plain = plain_bytes(), b = gzip_at_level(plain, 6, Z_DEFAULT_STRATEGY);
    char path[320], index[340], *why;
    struct file_kind kind;
    capture_save(folder, "x.pcap.gz", b, path, sizeof path);
    make_index(path, 1000000);
    assert_int_equal(file_sniff(path, &kind, &why), 0);
    snprintf(index, sizeof index, "%s.dfx", path);
    const struct bytes good = oracle_file(index);
    struct parts parts;
    assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 1);
    const size_t n_tables = 56 + parts.n * (56 + 48);
    assert_true(parts.n > 2);
    parts_free(&parts);
    for (size_t at = 0; at < n_tables; at++) {
        good.data[at] ^= 0x41;
        capture_save(folder, "x.pcap.gz.dfx", good, index, sizeof index);
        good.data[at] ^= 0x41;
        assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 0);
        capture_save(folder, "x.pcap.gz.dfx", (struct bytes){good.data, at}, index, sizeof index);
        assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 0);
    }
    good.data[n_tables + 20] ^= 0x41; /* in the first window: seen when it is needed */
    capture_save(folder, "x.pcap.gz.dfx", good, index, sizeof index);
    assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 1);
    int code = 0;
    assert_null(reader_open_parts(path, &kind, &parts, &(struct part_range){1, 2, 2, 0}, &code, &why));
    assert_true(code != 0);
    free(why);
    parts_free(&parts);
    unlink(index);
    unlink(path);
    free(good.data);
    free(b.data);
    free(plain.data);
}

/* Frames with this index behind them, as a file. */
static void save_claims(const struct bytes *frames, const struct part *items, size_t n, uint64_t n_inflated,
                        char *path, size_t path_size)
{
    struct bytes b = {0};
    size_t n_trailer;
    uint8_t *trailer = parts_trailer(items, n, frames->n, n_inflated, &n_trailer);
    bytes_append(&b, frames->data, frames->n);
    bytes_append(&b, trailer, n_trailer);
    capture_save(folder, "claims.pcap.zst", b, path, path_size);
    free(trailer);
    free(b.data);
}

/* Whether the file with this index has one that is believed. */
static int is_believed(const struct bytes *frames, const struct part *items, size_t n, uint64_t n_inflated)
{
    char path[320], *why;
    struct file_kind kind;
    struct parts parts;
    save_claims(frames, items, n, n_inflated, path, sizeof path);
    assert_int_equal(file_sniff(path, &kind, &why), 0);
    const int believed = parts_load(&parts, path, &kind, NULL, NULL);
    parts_free(&parts);
    unlink(path);
    return believed;
}

/* Reads one part; whether the next begins where the index says. The offsets alone always meet here. */
static int seam_holds_behind(const char *path, const struct file_kind *kind, const struct parts *parts,
                             size_t part)
{
    int code = 0;
    char *why = NULL;
    struct reader *r =
        reader_open_parts(path, kind, parts, &(struct part_range){part, part + 1, part + 1, 0}, &code, &why);
    assert_non_null(r);
    for (struct block block; reader_next(r, &block) > 0;)
        ;
    const int missed = reader_damage(r)->what[0] != '\0';
    if (missed) /* a frame began, and not there */
        assert_string_equal(reader_damage(r)->what, "the next part does not begin where the index says");
    else
        assert_int_equal(reader_end_offset(r), parts->items[part + 1].first_record);
    const int holds = !missed && reader_seam_holds(r);
    reader_close(r);
    return holds;
}

/* What parts_damage says of a part; in *n how many records it gave. */
static int is_damaged(const char *path, const struct file_kind *kind, const struct parts *parts, size_t part,
                      struct damage *damage, uint64_t *n)
{
    int code = 0;
    char *why = NULL;
    struct reader *r =
        reader_open_parts(path, kind, parts, &(struct part_range){part, part + 1, part + 1, 1}, &code, &why);
    *n = 0;
    assert_non_null(r);
    for (struct block block; reader_next(r, &block) > 0;)
        *n += block.n_records;
    const int damaged = parts_damage(parts, part, r, damage);
    reader_close(r);
    return damaged;
}

/* A part alone: sound; with a record of a time that it does not have; with an end of its own. */
static void what_is_wrong_with_a_part(void **state)
{
    (void)state;
    struct file_kind kind;
    struct parts parts;
    struct damage damage;
    char *why;
    uint64_t n;
    assert_int_equal(file_sniff(packed, &kind, &why), 0);
    assert_int_equal(parts_load(&parts, packed, &kind, NULL, NULL), 1);
    for (size_t i = 0; i < parts.n; i++) {
        assert_false(is_damaged(packed, &kind, &parts, i, &damage, &n));
        assert_int_equal(n, parts.items[i].n_records);
    }
    parts.items[3].max_ts_ns--; /* records are in the order of their times */
    assert_true(is_damaged(packed, &kind, &parts, 3, &damage, &n));
    assert_int_equal(n, parts.items[3].n_records - 1);
    assert_string_equal(damage.what, "a record has a time that its part does not have");
    parts.items[3].max_ts_ns++;
    parts.items[4].inflated++;
    assert_true(is_damaged(packed, &kind, &parts, 3, &damage, &n));
    assert_string_equal(damage.what, "a part does not fit its index");
    assert_true(parts_damage(&parts, 5, NULL, &damage));
    assert_int_equal(damage.offset, parts.items[5].first_record);
    parts_free(&parts);
}

/* Its first frame of records is spoiled: about when it begins is known all the same, as of any file that is
 * to be read in its turn. */
static void a_spoiled_beginning_has_a_time(void **state)
{
    (void)state;
    const struct writer_options options = {.link_type = 1, .nanoseconds = 1, .with_header = 1};
    struct writer *w = writer_open("x.pcap.zst", &options);
    struct file_kind kind;
    struct parts parts;
    char *why, path[320];
    assert_int_equal(writer_cut(w), 0); /* the header is a frame by itself, as of pack */
    put_records(w, 10, 5000);
    const struct bytes raw = written_bytes(w, 1);
    capture_save(folder, "spoiled.pcap.zst", raw, path, sizeof path);
    assert_int_equal(file_sniff(path, &kind, &why), 0);
    assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 1);
    const struct part *first = &parts.items[1];
    assert_int_equal(first->min_ts_ns, make_record(10).ts_ns);
    for (size_t i = 20; i < 60; i++)
        raw.data[first->offset + i] ^= 0x41;
    capture_save(folder, "spoiled.pcap.zst", raw, path, sizeof path);
    assert_int_equal(file_sniff(path, &kind, &why), 0);
    assert_int_equal(kind.first_ts_ns, first->min_ts_ns);
    parts_free(&parts);
    unlink(path);
    free(raw.data);
}

/* The next member behind `at`. */
static size_t member_behind(const struct bytes *b, size_t at)
{
    static const uint8_t magic[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0}; /* without flags and time */
    while (memcmp(b->data + at, magic, sizeof magic) != 0)
        at++;
    return at;
}

/* A member inside a part is all zeros, which might be padding: the part may not go on with the next one's
 * records. */
static void a_part_without_one_of_its_members(void **state)
{
    (void)state;
    char path[320], index[340], *why;
    struct file_kind kind;
    struct parts parts;
    struct damage damage;
    uint64_t n;
    save_records("members.pcap.gz", 0, path, sizeof path);
    snprintf(index, sizeof index, "%s.dfx", path);
    make_index(path, 5 << 20);
    assert_int_equal(file_sniff(path, &kind, &why), 0);
    assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 1);
    const struct bytes b = oracle_file(path);
    const size_t second = member_behind(&b, 1), third = member_behind(&b, second + 1);
    assert_true(third < parts.items[1].offset);
    memset(b.data + second, 0, third - second);
    capture_save(folder, "members.pcap.gz", b, path, sizeof path);
    assert_int_equal(file_sniff(path, &kind, &why), 0);
    assert_true(is_damaged(path, &kind, &parts, 0, &damage, &n));
    assert_non_null(strstr(damage.what, "zero bytes"));
    assert_true(n > 0 && n < parts.items[0].n_records / 2);
    assert_false(is_damaged(path, &kind, &parts, 1, &damage, &n));
    assert_int_equal(n, parts.items[1].n_records);
    parts_free(&parts);
    unlink(index);
    unlink(path);
    free(b.data);
}

/* From one part on everything is said to lie a record further in the stream: that record would be read
 * twice. */
static void a_frame_is_not_elsewhere(void **state)
{
    (void)state;
    const struct bytes raw = oracle_file(packed);
    struct file_kind kind;
    struct parts parts;
    char *why, path[320];
    assert_int_equal(file_sniff(packed, &kind, &why), 0);
    assert_int_equal(parts_load(&parts, packed, &kind, NULL, NULL), 1);
    const struct part *last = &parts.items[parts.n - 1];
    const struct bytes frames = {raw.data, last->offset + last->n_bytes};
    struct oracle oracle;
    read_oracle(packed, &oracle);
    const uint64_t further =
        RECORD_HEADER_SIZE + oracle.records[parts.items[0].n_records + parts.items[1].n_records].n_captured;
    parts_shift(parts.items + 2, parts.n - 2, 0, further);
    save_claims(&frames, parts.items, parts.n, last->inflated + (1 << 20), path, sizeof path);
    parts_free(&parts);
    assert_int_equal(file_sniff(path, &kind, &why), 0);
    assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 1);
    assert_false(seam_holds_behind(path, &kind, &parts, 1));
    assert_true(seam_holds_behind(path, &kind, &parts, 2));
    parts_free(&parts);
    oracle_free(&oracle);
    unlink(path);
    free(raw.data);
}

/* The same in the middle of a gzip member. */
static void a_restart_point_is_not_elsewhere(void **state)
{
    (void)state;
    const struct bytes plain = plain_bytes(), b = gzip_at_level(plain, 6, Z_DEFAULT_STRATEGY);
    char path[320], index[340], *why;
    struct file_kind kind;
    struct parts parts;
    struct oracle oracle;
    capture_save(folder, "x.pcap.gz", b, path, sizeof path);
    make_index(path, 1000000);
    read_oracle(path, &oracle);
    assert_int_equal(file_sniff(path, &kind, &why), 0);
    assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 1);
    const size_t n = parts.n, n_parts = n * sizeof *parts.items, n_restarts = n * 48;
    const size_t number = parts.items[0].n_records; /* of the first record in the next part */
    const uint64_t further = RECORD_HEADER_SIZE + oracle.records[number].n_captured;
    snprintf(index, sizeof index, "%s.dfx", path);
    const struct bytes said = oracle_file(index);
    uint8_t *items = said.data + 56, *restarts = items + n_parts;
    for (size_t i = 1; i < n; i++) {
        parts_shift(&parts.items[i], 1, 0, further);
        memcpy(items + i * sizeof *parts.items, &parts.items[i], sizeof *parts.items);
        memcpy(restarts + i * 48 + 8, &parts.items[i].inflated, sizeof(uint64_t));
    }
    uint64_t sum = hash_bytes(said.data, 48, 0);
    sum = hash_bytes(restarts, n_restarts, hash_bytes(items, n_parts, sum));
    memcpy(said.data + 48, &sum, sizeof sum);
    parts_free(&parts);
    capture_save(folder, "x.pcap.gz.dfx", said, index, sizeof index);
    assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 1);
    assert_false(seam_holds_behind(path, &kind, &parts, 0));
    assert_true(seam_holds_behind(path, &kind, &parts, 1));
    parts_free(&parts);
    oracle_free(&oracle);
    unlink(index);
    unlink(path);
    free(said.data);
    free(b.data);
    free(plain.data);
}

/* Whose checksums are right: pack would round the place up to the next frame, past 2^64. */
static void an_index_of_more_than_any_file_is_not_believed(void **state)
{
    (void)state;
    struct bytes raw = oracle_file(packed);
    struct file_kind kind;
    struct parts good;
    char *why;
    assert_int_equal(file_sniff(packed, &kind, &why), 0);
    assert_int_equal(parts_load(&good, packed, &kind, NULL, NULL), 1);
    const struct part last = good.items[good.n - 1];
    const struct bytes frames = {raw.data, last.offset + last.n_bytes};
    good.items = realloc(good.items, (good.n + 1) * sizeof *good.items);
    struct part *more = &good.items[good.n];
    more[-1].n_bytes--;
    for (uint64_t at = last.inflated + 1; at != 0; at = at < UINT64_MAX / 2    ? 2 * at
                                                        : at < UINT64_MAX - 10 ? UINT64_MAX - 10
                                                                               : 0) {
        *more = (struct part){.offset = frames.n - 1, .n_bytes = 1, .inflated = at, .first_record = at};
        assert_int_equal(is_believed(&frames, good.items, good.n + 1, at + 10), at < (uint64_t)1 << 62);
    }
    more[-1].n_bytes++; /* and a frame of no bytes, which would be read once for each part that names it */
    *more =
        (struct part){.offset = frames.n, .inflated = last.inflated + 10, .first_record = last.inflated + 10};
    assert_false(is_believed(&frames, good.items, good.n + 1, last.inflated + 20));
    parts_free(&good);
    free(raw.data);
}

/* An index with times of another file, whose checksums are right: with --from all would be passed over. */
static void an_index_of_other_times_is_not_believed(void **state)
{
    (void)state;
    struct bytes raw = oracle_file(packed);
    struct file_kind kind;
    struct parts parts;
    char *why;
    assert_int_equal(file_sniff(packed, &kind, &why), 0);
    assert_int_equal(parts_load(&parts, packed, &kind, NULL, NULL), 1);
    const struct part *last = &parts.items[parts.n - 1];
    const struct bytes frames = {raw.data, last->offset + last->n_bytes};
    const uint64_t n_inflated = last->inflated + 1;
    static const struct {
        size_t part;
        int64_t earlier, later; /* than the part's first and last time */
        int believed;
    } cases[] = {
        {0, 0, 0, 1},
        {0, 5, 5, 1},
        {0, -1, 0, 0},
        {0, 1483228800 * NS_PER_S, -1483228800 * NS_PER_S, 0},
        {1, 1483228800 * NS_PER_S, -1483228800 * NS_PER_S, 1}, /* not seen: it would have to be read */
        {1, -3600 * NS_PER_S, 0, 0},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct part *part = &parts.items[cases[c].part];
        const struct part good = *part;
        part->min_ts_ns -= cases[c].earlier;
        part->max_ts_ns += cases[c].later;
        assert_int_equal(is_believed(&frames, parts.items, parts.n, n_inflated), cases[c].believed);
        *part = good;
    }
    parts.items[0].n_records = 0;
    assert_int_equal(is_believed(&frames, parts.items, parts.n, n_inflated), 0);
    parts_free(&parts);
    free(raw.data);
}

/* Another file under the same name, or the same one changed, and a file that does not end well. */
static void an_index_belongs_to_its_file(void **state)
{
    (void)state;
    const struct bytes plain = plain_bytes(), b = gzip_at_level(plain, 6, Z_DEFAULT_STRATEGY);
    char path[320], index[340], *why;
    struct file_kind kind;
    struct parts parts;
    capture_save(folder, "x.pcap.gz", b, path, sizeof path);
    snprintf(index, sizeof index, "%s.dfx", path);
    make_index(path, 1000000);
    assert_int_equal(file_sniff(path, &kind, &why), 0);
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 1483228800}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 0);
    make_index(path, 1000000); /* rewritten */
    assert_int_equal(parts_load(&parts, path, &kind, NULL, NULL), 1);
    parts_free(&parts);
    unlink(index);
    capture_save(folder, "x.pcap.gz", (struct bytes){b.data, b.n - 100}, path, sizeof path);
    make_index(path, 1000000);
    assert_int_equal(access(index, F_OK), -1);
    unlink(path);
    free(b.data);
    free(plain.data);
}

static int set_up(void **state)
{
    (void)state;
    uint32_t x = 1;
    for (size_t i = 0; i < sizeof data; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = (uint8_t)(x >> 30);
    }
    log_init(LOG_QUIET, 0);
    if (!mkdtemp(folder))
        return -1;
    save_records("x.pcap.zst", 1, packed, sizeof packed);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(packed);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_range_of_frames),
        cmocka_unit_test(parts_outside_of_a_range_are_left_out),
        cmocka_unit_test(the_end_of_a_file),
        cmocka_unit_test(the_end_of_a_file_of_no_size),
        cmocka_unit_test(joined_from_pieces),
        cmocka_unit_test(a_spoiled_trailer_is_not_believed),
        cmocka_unit_test(other_files_have_no_index),
        cmocka_unit_test(any_range_between_restart_points),
        cmocka_unit_test(a_restart_may_need_all_of_its_history),
        cmocka_unit_test(restart_points_hold_for_reads_of_any_size),
        cmocka_unit_test(members_are_restart_points),
        cmocka_unit_test(a_spoiled_index_is_not_believed),
        cmocka_unit_test(what_is_wrong_with_a_part),
        cmocka_unit_test(a_spoiled_beginning_has_a_time),
        cmocka_unit_test(a_part_without_one_of_its_members),
        cmocka_unit_test(a_frame_is_not_elsewhere),
        cmocka_unit_test(a_restart_point_is_not_elsewhere),
        cmocka_unit_test(an_index_of_more_than_any_file_is_not_believed),
        cmocka_unit_test(an_index_of_other_times_is_not_believed),
        cmocka_unit_test(an_index_belongs_to_its_file),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
