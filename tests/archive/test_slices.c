/* Who reads what: over all ranks each file once, each byte and each part once,
 * whatever the files and however many ranks. */
#include "darkforest/archive/slices.h"

#include "darkforest/core/memory.h"
#include "darkforest/core/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST_RANKS 9
#define MOST_FILES 40
#define MOST_PARTS 50
#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)

/* A step that is made by hand, so that no file is needed. */
struct made_step {
    struct archive_file files[MOST_FILES];
    struct step_file step_files[MOST_FILES];
    struct part parts[MOST_FILES][MOST_PARTS];
    struct archive archive;
    struct step step;
};

static struct made_step *begin(void)
{
    struct made_step *m = memory_zeroed(1, sizeof *m);
    m->archive.files = m->files;
    m->step = (struct step){.archive = &m->archive, .files = m->step_files};
    return m;
}

static struct step_file *add(struct made_step *m, enum compression compression, uint64_t n_bytes)
{
    m->files[m->archive.n++].kind =
        (struct file_kind){.compression = compression, .container = CONTAINER_PCAP, .n_bytes = n_bytes};
    return &m->step_files[m->step.n++];
}

static void add_whole(struct made_step *m, uint64_t n_bytes)
{
    add(m, COMPRESSION_GZIP, n_bytes);
}

static void add_plain(struct made_step *m, uint64_t n_bytes)
{
    add(m, COMPRESSION_NONE, n_bytes)->cut = n_bytes > READER_FIRST_RECORD;
}

/* With n parts of random sizes, of which those in [from, to) count. */
static void add_indexed(struct made_step *m, size_t n, size_t from, size_t to)
{
    struct part *parts = m->parts[m->step.n];
    uint64_t n_bytes = 0;
    for (size_t p = 0; p < n; p++)
        n_bytes += parts[p].n_bytes = 1 + rng_u64(n, RNG_SYNTH, p, 0) % (2 * MIB);
    *add(m, COMPRESSION_ZSTD, n_bytes) =
        (struct step_file){.cut = 1, .parts = {.items = parts, .n = n}, .from = from, .to = to};
}

/* What one file was dealt out as, over all ranks. */
struct cover {
    struct slice slices[MOST_RANKS * 4];
    size_t n;
};

static int by_start(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;
    return (x->from > y->from) - (x->from < y->from);
}

static void check_cover(const struct made_step *m, size_t f, struct cover *cover)
{
    const struct step_file *file = &m->step_files[f];
    const enum slice_kind kind = !file->cut ? SLICE_WHOLE : file->parts.n ? SLICE_PARTS : SLICE_BYTES;
    uint64_t at = kind == SLICE_PARTS ? file->from : kind == SLICE_BYTES ? READER_FIRST_RECORD : 0;
    const uint64_t end = kind == SLICE_PARTS ? file->to : kind == SLICE_BYTES ? m->files[f].kind.n_bytes : 0;
    qsort(cover->slices, cover->n, sizeof *cover->slices, by_start);
    for (size_t i = 0; i < cover->n; i++) {
        assert_int_equal(cover->slices[i].kind, kind);
        assert_int_equal(cover->slices[i].from, at);
        assert_true(kind == SLICE_WHOLE || cover->slices[i].to > at);
        at = cover->slices[i].to;
    }
    assert_int_equal(at, end);
    if (kind == SLICE_WHOLE)
        assert_int_equal(cover->n, 1);
}

static uint64_t work_of(const struct made_step *m, const struct slice *s)
{
    const uint64_t n_bytes = m->files[s->file].kind.n_bytes;
    uint64_t work = 0;
    if (s->kind == SLICE_BYTES)
        return s->to - s->from;
    if (s->kind == SLICE_WHOLE)
        return m->files[s->file].kind.compression == COMPRESSION_NONE ? n_bytes : STEP_SHRINKAGE * n_bytes;
    for (uint64_t p = s->from; p < s->to; p++)
        work += STEP_SHRINKAGE * m->parts[s->file][p].n_bytes;
    return work;
}

/* Deals the step to `size` ranks and looks that all is covered; loads[rank] = the work that it got. */
static void check_step(const struct made_step *m, int size, uint64_t *loads)
{
    struct cover *covers = memory_zeroed(m->step.n, sizeof *covers);
    for (int rank = 0; rank < size; rank++) {
        struct slices slices = slices_of(&m->step, rank, size, 1);
        loads[rank] = 0;
        for (size_t i = 0; i < slices.n; i++) {
            const struct slice *s = &slices.items[i];
            assert_true(s->file < m->step.n);
            if (i > 0)
                assert_true(s->file > s[-1].file || (s->file == s[-1].file && s->from >= s[-1].to));
            covers[s->file].slices[covers[s->file].n++] = *s;
            loads[rank] += work_of(m, s);
        }
        slices_free(&slices);
    }
    for (size_t f = 0; f < m->step.n; f++)
        check_cover(m, f, &covers[f]);
    free(covers);
}

static void everything_is_read_once(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0,         24,         25,     40, 1000, 64 * KIB, 64 * KIB + 25,
                                     129 * KIB, 1000 * KIB, 5 * GIB};
    uint64_t loads[MOST_RANKS];
    for (uint64_t trial = 0; trial < 300; trial++) {
        struct made_step *m = begin();
        for (size_t f = 0; f < 1 + trial % MOST_FILES; f++) {
            const uint64_t word = rng_u64(trial, RNG_SYNTH, f, 0),
                           n = sizes[word % 10] + (word % 3 ? 0 : word >> 50);
            const size_t n_parts = 1 + (word >> 16) % MOST_PARTS, from = (word >> 32) % n_parts;
            if ((word >> 8 & 3) == 0)
                add_whole(m, n);
            else if ((word >> 8 & 3) == 1)
                add_indexed(m, n_parts, from, from + (word >> 48) % (n_parts - from + 1));
            else
                add_plain(m, n);
        }
        for (int size = 1; size <= MOST_RANKS; size++)
            check_step(m, size, loads);
        free(m);
    }
}

/* Each part of a damaged file is a slice by itself; the others are cut as ever. */
static void parts_of_a_damaged_file_stand_alone(void **state)
{
    (void)state;
    struct made_step *m = begin();
    add_plain(m, 10 * MIB);
    add_indexed(m, 20, 3, 17);
    add_indexed(m, 20, 0, 20);
    m->files[1].cuts = CUTS_EACH_PART;
    for (int size = 1; size <= MOST_RANKS; size++) {
        uint64_t loads[MOST_RANKS];
        size_t n_alone = 0;
        check_step(m, size, loads);
        for (int rank = 0; rank < size; rank++) {
            struct slices slices = slices_of(&m->step, rank, size, 1);
            for (size_t i = 0; i < slices.n; i++)
                n_alone += slices.items[i].file == 1;
            slices_free(&slices);
        }
        assert_int_equal(n_alone, 14);
    }
    free(m);
}

/* Teams read the files that cannot be cut: they are left out, and the others are covered all the same. */
static void whole_files_may_be_left_out(void **state)
{
    (void)state;
    struct made_step *m = begin();
    add_whole(m, 10 * MIB);
    add_plain(m, 10 * MIB);
    add_indexed(m, 20, 3, 17);
    uint64_t n_bytes = 0, n_parts = 0;
    for (int rank = 0; rank < 4; rank++) {
        struct slices slices = slices_of(&m->step, rank, 4, 0);
        for (size_t i = 0; i < slices.n; i++) {
            assert_int_not_equal(slices.items[i].kind, SLICE_WHOLE);
            *(slices.items[i].kind == SLICE_BYTES ? &n_bytes : &n_parts) +=
                slices.items[i].to - slices.items[i].from;
        }
        slices_free(&slices);
    }
    assert_int_equal(n_bytes, 10 * MIB - READER_FIRST_RECORD);
    assert_int_equal(n_parts, 14);
    free(m);
}

/* Cut files fill the ranks up to one level, whatever whole files were dealt before. */
static void cutting_makes_the_loads_level(void **state)
{
    (void)state;
    uint64_t loads[MOST_RANKS];
    struct made_step *m = begin();
    add_plain(m, 700 * MIB);
    add_whole(m, 20 * MIB);
    add_plain(m, 300 * MIB);
    add_plain(m, 1000 * KIB);
    for (int size = 1; size <= MOST_RANKS; size++) {
        uint64_t least = UINT64_MAX, most = 0;
        check_step(m, size, loads);
        for (int r = 0; r < size; r++) {
            least = loads[r] < least ? loads[r] : least;
            most = loads[r] > most ? loads[r] : most;
        }
        if (most > 120 * MIB) /* what the whole file means by itself */
            assert_true(most - least < 512 * KIB);
    }
    free(m);
}

/* Pieces follow one another and make up the slice; none that can be cut means twice the work or, but for the
 * last of a slice, less than it. */
static void check_pieces(const struct made_step *m, const struct slices *slices, uint64_t work)
{
    struct slices pieces = {memory_get((slices->n + 1) * sizeof *pieces.items), slices->n};
    size_t at = 0;
    memcpy(pieces.items, slices->items, slices->n * sizeof *pieces.items);
    slices_divide(&m->step, &pieces, work);
    assert_int_equal(slices_work(&m->step, &pieces), slices_work(&m->step, slices));
    for (size_t i = 0; i < slices->n; i++) {
        const struct slice *s = &slices->items[i];
        for (uint64_t from = s->from, last = 0; !last; at++) {
            const struct slice *piece = &pieces.items[at];
            assert_true(at < pieces.n && piece->file == s->file && piece->kind == s->kind);
            assert_int_equal(piece->from, from);
            from = piece->to;
            last = from == s->to;
            if (s->kind == SLICE_WHOLE)
                continue;
            const uint64_t most_of_a_part = s->kind == SLICE_PARTS ? STEP_SHRINKAGE * 2 * MIB : work;
            assert_true(piece->to > piece->from && work_of(m, piece) < work + most_of_a_part);
            assert_true(last || work_of(m, piece) >= work);
        }
    }
    assert_int_equal(at, pieces.n);
    slices_free(&pieces);
}

static void slices_are_divided_into_pieces(void **state)
{
    (void)state;
    struct made_step *m = begin();
    add_plain(m, 700 * MIB);
    add_whole(m, 20 * MIB);
    add_indexed(m, MOST_PARTS, 1, MOST_PARTS);
    add_plain(m, 25);
    add_indexed(m, 20, 3, 17);
    m->files[4].cuts = CUTS_EACH_PART;
    for (int size = 1; size <= MOST_RANKS; size++)
        for (int rank = 0; rank < size; rank++) {
            struct slices slices = slices_of(&m->step, rank, size, 1);
            uint64_t work = 0;
            for (size_t i = 0; i < slices.n; i++)
                work += work_of(m, &slices.items[i]);
            assert_int_equal(slices_work(&m->step, &slices), work);
            check_pieces(m, &slices, 100 * KIB);
            check_pieces(m, &slices, 16 * MIB);
            check_pieces(m, &slices, work + 1);
            slices_free(&slices);
        }
    free(m);
}

static void parts_are_dealt_evenly(void **state)
{
    (void)state;
    uint64_t loads[MOST_RANKS], total = 0;
    struct made_step *m = begin();
    add_indexed(m, MOST_PARTS, 0, MOST_PARTS);
    for (size_t p = 0; p < MOST_PARTS; p++)
        total += STEP_SHRINKAGE * m->parts[0][p].n_bytes;
    for (int size = 1; size <= MOST_RANKS; size++) {
        check_step(m, size, loads);
        for (int r = 0; r < size; r++) /* within a part of the mean */
            assert_true(loads[r] < total / (uint64_t)size + STEP_SHRINKAGE * 2 * MIB);
    }
    free(m);
}

static void a_small_file_is_not_cut(void **state)
{
    (void)state;
    struct made_step *m = begin();
    size_t n = 0;
    add_plain(m, 100 * KIB);
    for (int rank = 0; rank < 5; rank++) {
        struct slices slices = slices_of(&m->step, rank, 5, 1);
        n += slices.n;
        slices_free(&slices);
    }
    assert_int_equal(n, 1);
    free(m);
}

static void whole_files_go_to_who_has_least(void **state)
{
    (void)state;
    uint64_t loads[MOST_RANKS];
    struct made_step *m = begin();
    for (int f = 0; f < 12; f++)
        add_whole(m, MIB);
    check_step(m, 4, loads);
    for (int r = 0; r < 4; r++)
        assert_int_equal(loads[r], 3 * STEP_SHRINKAGE * MIB);
    free(m);
}

static void steps_cover_the_archive(void **state)
{
    (void)state;
    struct made_step *m = begin();
    size_t before = SIZE_MAX;
    for (uint64_t f = 0; f < MOST_FILES; f++)
        f % 3 ? add_whole(m, f * 100 * MIB) : add_plain(m, f * GIB / 3);
    for (int size = 1; size <= MOST_RANKS; size++) {
        size_t n_steps = 0;
        for (size_t at = 0, n; at < m->archive.n; at += n, n_steps++) {
            n = step_length(&m->archive, at, size);
            assert_in_range(n, 1, m->archive.n - at);
        }
        assert_true(n_steps > 1 && n_steps <= before);
        before = n_steps;
    }
    free(m);
}

static void the_longest_span_is_twice_the_largest_gap(void **state)
{
    (void)state;
    static const int64_t starts[] = {100, 110, 150, 151, INT64_MAX};
    struct archive_file files[5];
    struct archive archive = {.files = files, .n = 0};
    for (size_t f = 0; f < 5; f++)
        files[f] = (struct archive_file){.kind = {.first_ts_ns = starts[f]}};
    assert_int_equal(slices_span(&archive).longest_ns, INT64_MAX);
    archive.n = 1;
    assert_int_equal(slices_span(&archive).longest_ns, INT64_MAX);
    archive.n = 2;
    assert_int_equal(slices_span(&archive).longest_ns, 20);
    archive.n = 5; /* the last holds no record */
    assert_int_equal(slices_span(&archive).longest_ns, 80);
    archive.n = 2;
    files[0].kind.first_ts_ns = files[1].kind.first_ts_ns = 7;
    assert_int_equal(slices_span(&archive).longest_ns, INT64_MAX);
    files[0].kind.first_ts_ns = 0;
    files[1].kind.first_ts_ns = INT64_MAX - 1;
    assert_int_equal(slices_span(&archive).longest_ns, INT64_MAX);
}

static void a_larger_file_is_taken_to_last_longer(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {10, 12, 100, 8, 9};
    struct archive_file files[5];
    struct archive archive = {.files = files, .n = 5};
    for (size_t f = 0; f < 5; f++)
        files[f] = (struct archive_file){
            .kind = {.first_ts_ns = 100 * (int64_t)f, .last_ts_ns = INT64_MIN, .n_bytes = sizes[f]}};
    const struct slices_span span = slices_span(&archive);
    assert_int_equal(span.usual_bytes, 10);
    assert_int_equal(span.longest_ns, 200);
    assert_int_equal(slices_reach(&archive, 0, &span), 200);
    assert_int_equal(slices_reach(&archive, 1, &span), 100 + 2 * 200);
    assert_int_equal(slices_reach(&archive, 2, &span), 200 + 10 * 200);
    assert_int_equal(slices_reach(&archive, 3, &span), 300 + 200);
    assert_int_equal(slices_reach(&archive, 4, &span), INT64_MAX);
    files[2].kind.last_ts_ns = 5000; /* known: a minute of disorder is allowed for */
    assert_int_equal(slices_reach(&archive, 2, &span), 5000 + INT64_C(60000000000));
    files[4].kind.last_ts_ns = INT64_MAX - 1;
    assert_int_equal(slices_reach(&archive, 4, &span), INT64_MAX);
    files[1].kind.first_ts_ns = INT64_MAX; /* holds no record */
    assert_int_equal(slices_reach(&archive, 1, &span), INT64_MAX);
    archive.n = 2; /* the larger may be a day beside an hour */
    assert_int_equal(slices_span(&archive).usual_bytes, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_read_once),
        cmocka_unit_test(parts_of_a_damaged_file_stand_alone),
        cmocka_unit_test(whole_files_may_be_left_out),
        cmocka_unit_test(cutting_makes_the_loads_level),
        cmocka_unit_test(slices_are_divided_into_pieces),
        cmocka_unit_test(parts_are_dealt_evenly),
        cmocka_unit_test(a_small_file_is_not_cut),
        cmocka_unit_test(whole_files_go_to_who_has_least),
        cmocka_unit_test(steps_cover_the_archive),
        cmocka_unit_test(the_longest_span_is_twice_the_largest_gap),
        cmocka_unit_test(a_larger_file_is_taken_to_last_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
