/* Captures of every form and packing, whole, cut at every byte and spoiled,
 * against libpcap on the same inflated bytes. */
#include "darkforest/archive/reader.h"
#include "darkforest/core/exits.h"
#include "darkforest/packet/packet.h"

#include "capture.h"
#include "comparison.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zstd.h>

static char folder[] = "/tmp/darkforest-reader-XXXXXX";
static char path[256];

static int decodes_dlt(int dlt)
{
    for (size_t i = 0; i < packet_n_links; i++)
        if (packet_links[i].dlt == (uint32_t)dlt)
            return 1;
    return 0;
}

/* Reads the bytes as a file; every record must be libpcap's. */
static void check_bytes(struct bytes packed, const char *what, size_t cut)
{
    capture_save(folder, "x", packed, path, sizeof path);
    const struct bytes plain = oracle_inflate(packed.data, packed.n);
    struct oracle oracle;
    oracle_read(&oracle, plain.data, plain.n);
    struct file_kind kind;
    int code = 0;
    char *why = NULL;
    struct reader *reader = reader_open(path, &kind, &code, &why);
    if (!reader) {
        if (oracle.opened && decodes_dlt(oracle.dlt))
            fail_msg("%s, %zu bytes: refused (%s) while libpcap opens it", what, cut, why);
        assert_int_equal(code, EXIT_BAD_DATA);
        free(why);
    } else {
        int same = 1;
        const size_t n = comparison_read(reader, &kind.format, &oracle, 0, &same);
        if (!same || n != oracle.n)
            fail_msg("%s, %zu bytes: %zu records, libpcap has %zu", what, cut, n, oracle.n);
        if (!oracle.clean && reader_damage(reader)->what[0] == '\0')
            fail_msg("%s, %zu bytes: libpcap sees damage (%s), we do not", what, cut, oracle.error);
        if (kind.compression == COMPRESSION_NONE && oracle.clean && reader_damage(reader)->what[0])
            fail_msg("%s, %zu bytes: damage where libpcap sees none", what, cut);
        if (oracle.n > 0)
            assert_int_equal(kind.first_ts_ns, oracle.records[0].ts_ns);
        else
            assert_int_equal(kind.first_ts_ns, INT64_MAX);
    }
    reader_close(reader);
    oracle_free(&oracle);
    free(plain.data);
}

static void every_form_cut_at_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < capture_n_forms; i++) {
        const struct bytes plain = capture_make(&capture_forms[i], 5);
        for (enum packing p = 0; p <= PACKING_ZSTD_FRAMES; p++) {
            const struct bytes packed = capture_pack(plain, p);
            for (size_t n = 0; n <= packed.n; n++)
                check_bytes((struct bytes){packed.data, n}, capture_forms[i].name, n);
            free(packed.data);
        }
        free(plain.data);
    }
}

static void large_captures_of_every_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < capture_n_forms; i++) {
        const struct bytes plain = capture_make(&capture_forms[i], 40000);
        for (enum packing p = 0; p <= PACKING_ZSTD_FRAMES; p++) {
            const struct bytes packed = capture_pack(plain, p);
            check_bytes(packed, capture_forms[i].name, packed.n);
            check_bytes((struct bytes){packed.data, packed.n - 1}, capture_forms[i].name, packed.n - 1);
            check_bytes((struct bytes){packed.data, packed.n / 2}, capture_forms[i].name, packed.n / 2);
            free(packed.data);
        }
        free(plain.data);
    }
}

static void every_byte_spoiled(void **state)
{
    (void)state;
    for (size_t i = 0; i < capture_n_forms; i++) {
        const struct bytes plain = capture_make(&capture_forms[i], 5);
        for (size_t at = 0; at < plain.n; at++) {
            plain.data[at] ^= 0xff;
            if (at >= 4) /* with another magic it is another kind of file */
                check_bytes(plain, capture_forms[i].name, at);
            plain.data[at] ^= 0xff;
        }
        free(plain.data);
    }
}

static struct reader *open_bytes(struct bytes b, struct file_kind *kind, int *code, char **why)
{
    capture_save(folder, "x", b, path, sizeof path);
    return reader_open(path, kind, code, why);
}

static size_t count_records(struct reader *reader)
{
    size_t n = 0;
    for (struct block block; reader_next(reader, &block) == 1;)
        n += block.n_records;
    return n;
}

static void damage_is_said_with_its_place(void **state)
{
    (void)state;
    const struct bytes plain = capture_make(&capture_forms[0], 12);
    struct file_kind kind;
    int code;
    char *why;
    struct reader *reader = open_bytes((struct bytes){plain.data, plain.n - 3}, &kind, &code, &why);
    assert_int_equal(count_records(reader), 11);
    assert_string_equal(reader_damage(reader)->what, "the last record is cut off");
    const size_t last = 16 + 77;
    assert_int_equal(reader_damage(reader)->offset, plain.n - last);
    reader_close(reader);
    /* the captured length of the second record (the first holds no data) */
    plain.data[24 + 16 + 11] = 0x7f;
    reader = open_bytes(plain, &kind, &code, &why);
    assert_int_equal(count_records(reader), 1);
    assert_non_null(strstr(reader_damage(reader)->what, "header is damaged"));
    assert_int_equal(reader_damage(reader)->offset, 24 + 16);
    reader_close(reader);
    free(plain.data);
}

/* Zeros where a member was, or a padded tape behind another: the members count, and it is said. */
static void zeros_between_members(void **state)
{
    (void)state;
    const struct bytes plain = capture_make(&capture_forms[0], 12);
    const size_t first = 24 + 16; /* the first record holds no data */
    const struct bytes one = capture_pack((struct bytes){plain.data, first}, PACKING_GZIP),
                       two = capture_pack((struct bytes){plain.data + first, plain.n - first}, PACKING_GZIP);
    struct bytes b = {calloc(1, one.n + 600 + two.n), one.n + 600 + two.n};
    memcpy(b.data, one.data, one.n);
    memcpy(b.data + one.n + 600, two.data, two.n);
    struct file_kind kind;
    int code;
    char *why;
    struct reader *reader = open_bytes(b, &kind, &code, &why);
    assert_int_equal(count_records(reader), 12);
    assert_non_null(strstr(reader_damage(reader)->what, "zero bytes"));
    assert_int_equal(reader_damage(reader)->offset, first);
    reader_close(reader);
    free(b.data);
    free(two.data);
    free(one.data);
    free(plain.data);
}

/* A gzip file with something behind it: padding is none of our business, other bytes are said. */
static void what_follows_gzip(void **state)
{
    (void)state;
    const struct bytes plain = capture_make(&capture_forms[0], 12),
                       packed = capture_pack(plain, PACKING_GZIP);
    struct bytes longer = {calloc(1, packed.n + 600), packed.n + 600};
    memcpy(longer.data, packed.data, packed.n);
    struct file_kind kind;
    int code;
    char *why;
    struct reader *reader = open_bytes(longer, &kind, &code, &why);
    assert_int_equal(count_records(reader), 12);
    assert_string_equal(reader_damage(reader)->what, "");
    reader_close(reader);
    longer.data[packed.n + 5] = 'x';
    reader = open_bytes(longer, &kind, &code, &why);
    assert_int_equal(count_records(reader), 12);
    assert_non_null(strstr(reader_damage(reader)->what, "not gzip"));
    reader_close(reader);
    packed.data[packed.n - 8] ^= 1;
    reader = open_bytes(packed, &kind, &code, &why);
    assert_int_equal(count_records(reader), 12);
    assert_non_null(strstr(reader_damage(reader)->what, "checksum"));
    reader_close(reader);
    free(longer.data);
    free(packed.data);
    free(plain.data);
}

/* Records of capture_make that lie in the first n bytes. */
static size_t records_in(size_t n)
{
    size_t i = 0;
    for (size_t at = 24 + 16; at <= n; at += 16 + i * 7 % 90)
        i++;
    return i;
}

/* Of three frames with checksums the second is damaged, a byte at a time: nothing of it is counted, but where
 * it inflates to the same nevertheless. */
static void a_damaged_frame_counts_for_nothing(void **state)
{
    (void)state;
    enum { SKIPPABLE = 13, DESCRIPTOR = 4 /* which says that there is a checksum */ };
    const struct bytes plain = capture_make(&capture_forms[0], 300),
                       packed = capture_pack(plain, PACKING_ZSTD_FRAMES);
    const size_t second =
        SKIPPABLE + ZSTD_findFrameCompressedSize(packed.data + SKIPPABLE, packed.n - SKIPPABLE);
    const size_t n_second = ZSTD_findFrameCompressedSize(packed.data + second, packed.n - second);
    size_t n_damaged = 0;
    assert_true(records_in(plain.n) == 300);
    for (size_t at = 0; at < n_second; at++) {
        if (at == DESCRIPTOR)
            continue;
        struct file_kind kind;
        int code;
        char *why;
        packed.data[second + at] ^= 0x10;
        struct reader *reader = open_bytes(packed, &kind, &code, &why);
        const size_t n_records = count_records(reader);
        const int is_damaged = strstr(reader_damage(reader)->what, "zstd stream is damaged") != NULL;
        assert_int_equal(n_records, is_damaged ? records_in(plain.n / 3) : 300);
        n_damaged += (size_t)is_damaged;
        reader_close(reader);
        packed.data[second + at] ^= 0x10;
    }
    assert_true(n_damaged > n_second * 9 / 10);
    free(packed.data);
    free(plain.data);
}

static void append_frame(struct bytes *packed, const uint8_t *from, size_t n, int has_checksum)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    const size_t room = ZSTD_compressBound(n);
    uint8_t *frame = malloc(room);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, has_checksum);
    bytes_append(packed, frame, ZSTD_compress2(context, frame, room, from, n));
    free(frame);
    ZSTD_freeCCtx(context);
}

/* n records in two frames, of which the first ends with a record. The second has a checksum or none. */
static struct bytes two_frames(size_t n, size_t n_first, int has_checksum, size_t *second)
{
    const struct bytes plain = capture_make(&capture_forms[0], n);
    struct bytes packed = {0};
    size_t at = 24;
    for (size_t i = 0; i < n_first; i++)
        at += 16 + i * 7 % 90;
    append_frame(&packed, plain.data, at, 1);
    *second = packed.n;
    append_frame(&packed, plain.data + at, plain.n - at, has_checksum);
    free(plain.data);
    return packed;
}

/* Where no record shows it: the file ends within a frame of which nothing was given. */
static void a_frame_that_is_cut_off_is_told(void **state)
{
    (void)state;
    size_t second;
    struct bytes packed = two_frames(300, 100, 1, &second);
    const size_t n = packed.n;
    for (packed.n = second; packed.n <= n; packed.n++) {
        struct file_kind kind;
        int code;
        char *why;
        struct reader *reader = open_bytes(packed, &kind, &code, &why);
        const size_t n_records = count_records(reader);
        const int is_whole = packed.n == second || packed.n == n;
        assert_int_equal(reader_damage(reader)->what[0] == '\0', is_whole);
        assert_true(n_records >= 100 && (!is_whole || n_records == (packed.n == n ? 300 : 100)));
        reader_close(reader);
    }
    free(packed.data);
}

/* Larger than what is held back until its checksum is known. */
static void a_large_frame_is_read_whole(void **state)
{
    (void)state;
    size_t second;
    struct file_kind kind;
    int code;
    char *why;
    const struct bytes packed = two_frames(100000, 100, 1, &second);
    struct reader *reader = open_bytes(packed, &kind, &code, &why);
    assert_int_equal(count_records(reader), 100000);
    assert_string_equal(reader_damage(reader)->what, "");
    reader_close(reader);
    free(packed.data);
}

/* The frame that a file begins with must be looked into, so it is used as far as it inflates. */
static void the_first_frame_is_used(void **state)
{
    (void)state;
    const struct bytes plain = capture_make(&capture_forms[0], 300);
    struct bytes frame = capture_pack(plain, PACKING_ZSTD_FRAMES);
    frame.data += 13;
    frame.n = ZSTD_findFrameCompressedSize(frame.data, frame.n - 13);
    frame.data[frame.n - 1] ^= 1;
    struct file_kind kind;
    int code;
    char *why;
    struct reader *reader = open_bytes(frame, &kind, &code, &why);
    assert_non_null(reader);
    assert_in_range(count_records(reader), 1, records_in(plain.n / 3));
    assert_non_null(strstr(reader_damage(reader)->what, "checksum"));
    reader_close(reader);
    free(frame.data - 13);
    free(plain.data);
}

/* RFC 8878. Where the first block of a frame without a dictionary lies, and the one behind a block; 0: that is the last. */
static size_t first_block(const uint8_t *frame)
{
    static const size_t of_size[] = {0, 2, 4, 8};
    const int is_single = frame[4] >> 5 & 1, size_code = frame[4] >> 6;
    return 5 + (size_t)!is_single + (size_code ? of_size[size_code] : (size_t)is_single);
}

static size_t block_behind(const uint8_t *data, size_t at)
{
    const uint32_t header = (uint32_t)(data[at] | data[at + 1] << 8 | data[at + 2] << 16);
    const int is_last = header & 1, is_one_byte = (header >> 1 & 3) == 1;
    return is_last ? 0 : at + 3 + (is_one_byte ? 1 : header >> 3);
}

/* So many records, and then this damage. What kind of file it is can only be seen when something of it is inflated. */
static void expect_records(struct bytes packed, int is_seen, size_t n, const char *damage)
{
    struct file_kind kind;
    int code;
    char *why;
    struct reader *reader = open_bytes(packed, &kind, &code, &why);
    assert_int_equal(reader != NULL, is_seen);
    if (reader) {
        assert_int_equal(count_records(reader), n);
        assert_non_null(strstr(reader_damage(reader)->what, damage));
    } else {
        free(why);
    }
    reader_close(reader);
}

/* Spoils one block after the other of the frame that begins at `frame`, and cuts the file off in front of each: those of n
 * records count that zstd itself finds there. Of a spoiled frame that is held back until its checksum holds, only the
 * n_before in front of it do. */
static void spoil_blocks(struct bytes packed, size_t frame, size_t n, int is_held_back, size_t n_before)
{
    size_t n_blocks = 0;
    for (size_t at = frame + first_block(packed.data + frame); at; at = block_behind(packed.data, at)) {
        const uint8_t good = packed.data[at];
        const struct bytes in_front = oracle_inflate(packed.data, at);
        const size_t n_in_front = records_in(in_front.n);
        assert_in_range(n_in_front, 0, n - 1);
        packed.data[at] = good | 3 << 1; /* no kind of block */
        expect_records(packed, in_front.n > 0, is_held_back ? n_before : n_in_front,
                       "zstd stream is damaged");
        packed.data[at] = good;
        expect_records((struct bytes){packed.data, at}, in_front.n > 0, n_in_front, "cut off");
        free(in_front.data);
        n_blocks++;
    }
    assert_in_range(n_blocks, 5, 100);
}

/* Of frames that are not held back, for being the first, for having no checksum or for being large, blocks count one by
 * one; of those that are, all or none. */
static void blocks_before_a_damaged_one_count(void **state)
{
    enum { FIRST = 100, N = 12000, LARGE = 36000 };
    (void)state;
    size_t second;
    const struct bytes first = two_frames(N, N, 1, &second);
    spoil_blocks((struct bytes){first.data, second}, 0, N, 0, 0);
    const struct bytes open = two_frames(N, FIRST, 0, &second);
    spoil_blocks(open, second, N, 0, FIRST);
    const struct bytes large = two_frames(LARGE, FIRST, 1, &second);
    spoil_blocks(large, second, LARGE, 0, FIRST);
    const struct bytes sealed = two_frames(N, FIRST, 1, &second);
    spoil_blocks(sealed, second, N, 1, FIRST);
    free(first.data);
    free(open.data);
    free(large.data);
    free(sealed.data);
}

/* A frame header may ask for a window of terabytes: refused before any memory is taken. */
static void a_zstd_window_is_bounded(void **state)
{
    (void)state;
    uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf0, 0x01, 0x00, 0x00};
    struct file_kind kind;
    int code = 0;
    char *why = NULL;
    assert_null(open_bytes((struct bytes){frame, sizeof frame}, &kind, &code, &why));
    assert_int_equal(code, EXIT_BAD_DATA);
    assert_non_null(strstr(why, "zstd"));
    free(why);
}

/* The same of a frame behind the first, which is held back until its checksum holds: 2^27 bytes are not too many. */
static void a_window_of_a_later_frame_is_bounded(void **state)
{
    (void)state;
    enum { N = 300, FIRST = 100, DESCRIPTOR = 4, WINDOW = 5, SINGLE_SEGMENT = 1 << 5 };
    size_t second;
    struct bytes packed = two_frames(N, FIRST, 1, &second), wide = {0};
    assert_true(packed.data[second + DESCRIPTOR] & SINGLE_SEGMENT);
    packed.data[second + DESCRIPTOR] &= (uint8_t)~SINGLE_SEGMENT;
    const uint8_t window = 17 << 3;
    bytes_append(&wide, packed.data, second + WINDOW);
    bytes_append(&wide, &window, 1);
    bytes_append(&wide, packed.data + second + WINDOW, packed.n - second - WINDOW);
    for (uint8_t above = 0; above < 8; above++) {
        struct file_kind kind;
        int code;
        char *why;
        wide.data[second + WINDOW] = (uint8_t)(window + above);
        struct reader *reader = open_bytes(wide, &kind, &code, &why);
        assert_int_equal(count_records(reader), above ? FIRST : N);
        assert_int_equal(reader_damage(reader)->what[0] == '\0', above == 0);
        reader_close(reader);
    }
    free(packed.data);
    free(wide.data);
}

/* Also one that is no capture any more has changed: 65 would say that what it held was used. */
static void a_file_that_was_replaced(void **state)
{
    (void)state;
    static const char text[] = "hello, world\n";
    const struct bytes plain = capture_make(&capture_forms[0], 5);
    const struct bytes others[] = {{plain.data, plain.n - 1}, {(uint8_t *)(uintptr_t)text, sizeof text - 1}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct file_kind kind;
        int code = 0;
        char *why = NULL;
        reader_close(open_bytes(plain, &kind, &code, &why));
        capture_save(folder, "x", others[i], path, sizeof path);
        assert_null(reader_open_again(path, &kind, &code, &why));
        assert_int_equal(code, EXIT_IO);
        assert_non_null(strstr(why, "has changed"));
        free(why);
    }
    free(plain.data);
}

struct refusal_case {
    const char *bytes;
    size_t n;
    const char *named;
};

#define CASE(text, name)                                                                                     \
    {                                                                                                        \
        text, sizeof(text) - 1, name                                                                         \
    }
#define PADDING "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static const struct refusal_case refusals[] = {
    CASE("", "an empty file"),
    CASE("ip,category\n1.2.3.4,DVR\n", "CSV"),
    CASE("hello, world\n", "text"),
    CASE(" {\"ip\": 1}\n", "JSON"),
    CASE("snoop\0\0\0" PADDING, "snoop"),
    CASE("BZh91AY&SY" PADDING, "bzip2"),
    CASE("\xfd"
         "7zXZ\0" PADDING,
         "xz"),
    CASE("\x04\x22\x4d\x18" PADDING, "lz4"),
    CASE("\x89HDF\r\n\x1a\n" PADDING, "HDF5"),
    CASE("\x34\xcd\xb2\xa1\2\0\4\0" PADDING, "Kuznetzov"),
    CASE("\xa1\xb2\xcd\x34\0\2\0\4" PADDING, "Kuznetzov"),
    CASE("\xd4\xc3\xb2\xa1\2\0\5\0" PADDING, "version 2.5"),
    CASE("\xd4\xc3\xb2\xa1\1\0\0\0" PADDING, "version 1.0"),
    CASE("\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x7f\0\0\0", "IEEE802_11_RADIO"),
    CASE("\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\xff\xff\0\0\x99\x99\0\0", "link type 39321"),
    CASE("\xd4\xc3\xb2\xa1\2\0\4\0\0\0", "cut off inside its pcap header"),
    CASE("\x0a\x0d\x0d\x0a\x1c\0\0\0", "pcapng"),
    CASE("\1\2\3\4\5\6" PADDING, "not a capture"),
};

static void refusals_name_the_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal_case *c = &refusals[i];
        struct file_kind kind;
        int code = 0;
        char *why = NULL;
        assert_null(open_bytes((struct bytes){(uint8_t *)(uintptr_t)c->bytes, c->n}, &kind, &code, &why));
        assert_int_equal(code, EXIT_BAD_DATA);
        if (!strstr(why, c->named))
            fail_msg("\"%s\" does not say \"%s\"", why, c->named);
        assert_non_null(strstr(why, path));
        free(why);
    }
    struct file_kind kind;
    int code = 0;
    char *why = NULL;
    assert_null(reader_open("/nonexistent/x.pcap", &kind, &code, &why));
    assert_int_equal(code, EXIT_NO_INPUT);
    free(why);
    assert_null(reader_open(folder, &kind, &code, &why));
    assert_int_equal(code, EXIT_NO_INPUT);
    free(why);
}

/* Standard input, a byte at a time. */
static void a_slow_pipe_is_read(void **state)
{
    (void)state;
    const struct bytes plain = capture_make(&capture_forms[0], 12);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    if (fork() == 0) {
        for (size_t i = 0; i < plain.n; i++)
            if (write(ends[1], plain.data + i, 1) != 1)
                _exit(1);
        _exit(0);
    }
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    struct file_kind kind;
    int code;
    char *why;
    struct reader *reader = reader_open("-", &kind, &code, &why);
    assert_non_null(reader);
    assert_int_equal(count_records(reader), 12);
    assert_int_equal(reader_position(reader), plain.n);
    assert_string_equal(reader_damage(reader)->what, "");
    reader_close(reader);
    close(ends[0]);
    free(plain.data);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_cut_at_every_byte),
        cmocka_unit_test(large_captures_of_every_form),
        cmocka_unit_test(every_byte_spoiled),
        cmocka_unit_test(damage_is_said_with_its_place),
        cmocka_unit_test(zeros_between_members),
        cmocka_unit_test(what_follows_gzip),
        cmocka_unit_test(a_damaged_frame_counts_for_nothing),
        cmocka_unit_test(a_frame_that_is_cut_off_is_told),
        cmocka_unit_test(a_large_frame_is_read_whole),
        cmocka_unit_test(the_first_frame_is_used),
        cmocka_unit_test(blocks_before_a_damaged_one_count),
        cmocka_unit_test(a_zstd_window_is_bounded),
        cmocka_unit_test(a_window_of_a_later_frame_is_bounded),
        cmocka_unit_test(a_file_that_was_replaced),
        cmocka_unit_test(refusals_name_the_kind),
        cmocka_unit_test(a_slow_pipe_is_read),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
