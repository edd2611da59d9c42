#include "darkforest/sources/pile.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/sources/scratch.h"

#include <zstd.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)32 << 10) /* of keys and items, before they are packed */
#define LEVEL 1

/* A run on disk: packed blocks one after the other, all full but the last. */
struct pile_run {
    uint64_t at;     /* of the block that is read next */
    uint32_t *sizes; /* of its blocks, packed */
    size_t n_blocks, next;
    uint64_t n_left;    /* items in the blocks not read */
    uint8_t *block;     /* being read: keys, then items; NULL before and after */
    size_t in_block, i; /* items in it, and given */
};

struct pile {
    size_t item_size, per_block;
    const char *folder;
    struct scratch *scratch; /* NULL before the first block */
    struct pile_run *runs;
    size_t n_runs, current; /* the run that is given from */
    int in_run;             /* the last run is being written */
    uint8_t *block;         /* being filled: keys, then items */
    size_t n_in_block;
    uint8_t *packed;
    ZSTD_CCtx *packer;
    ZSTD_DCtx *unpacker;
    uint64_t n;
};

struct pile *pile_new(size_t item_size, const char *folder)
{
    struct pile *pile = memory_zeroed(1, sizeof *pile);
    pile->item_size = item_size;
    /* An even number, so that the items behind the keys lie at multiples of eight. */
    pile->per_block = BLOCK_BYTES / (item_size + sizeof(uint32_t)) & ~(size_t)1;
    pile->folder = folder;
    return pile;
}

static void free_run_memory(struct pile *pile)
{
    free(pile->block);
    free(pile->packed);
    ZSTD_freeCCtx(pile->packer);
    pile->block = pile->packed = NULL;
    pile->packer = NULL;
}

void pile_free(struct pile *pile)
{
    if (!pile)
        return;
    for (size_t r = 0; r < pile->n_runs; r++) {
        free(pile->runs[r].sizes);
        free(pile->runs[r].block);
    }
    free(pile->runs);
    free_run_memory(pile);
    ZSTD_freeDCtx(pile->unpacker);
    scratch_close(pile->scratch);
    free(pile);
}

static int out_of_memory(void)
{
    log_error("out of memory");
    return EXIT_IO;
}

/* What is only needed while a run is written: there may be thousands of piles. */
static int begin_run(struct pile *pile)
{
    if (!pile->scratch && !(pile->scratch = scratch_open(pile->folder)))
        return EXIT_IO;
    pile->block = memory_zeroed(1, BLOCK_BYTES);
    pile->packed = memory_get(ZSTD_compressBound(BLOCK_BYTES));
    if (!(pile->packer = ZSTD_createCCtx()))
        return out_of_memory();
    pile->runs = memory_resize(pile->runs, (pile->n_runs + 1) * sizeof *pile->runs);
    pile->runs[pile->n_runs++] = (struct pile_run){.at = pile->scratch->n_bytes};
    pile->in_run = 1;
    return 0;
}

/* Items lie behind room for all keys. */
static uint8_t *item_at(const struct pile *pile, uint8_t *block, size_t i)
{
    return block + pile->per_block * sizeof(uint32_t) + i * pile->item_size;
}

static size_t block_bytes(const struct pile *pile, size_t n)
{
    return pile->per_block * sizeof(uint32_t) + n * pile->item_size;
}

static int write_block(struct pile *pile)
{
    struct pile_run *run = &pile->runs[pile->n_runs - 1];
    const size_t n = ZSTD_compressCCtx(pile->packer, pile->packed, ZSTD_compressBound(BLOCK_BYTES),
                                       pile->block, block_bytes(pile, pile->n_in_block), LEVEL);
    assert(!ZSTD_isError(n));
    if (scratch_append(pile->scratch, pile->packed, n))
        return EXIT_IO;
    if ((run->n_blocks & (run->n_blocks - 1)) == 0) /* room doubles at powers of two */
        run->sizes = memory_resize(run->sizes, (2 * run->n_blocks + 1) * sizeof *run->sizes);
    run->sizes[run->n_blocks++] = (uint32_t)n;
    run->n_left += pile->n_in_block;
    pile->n_in_block = 0;
    return 0;
}

int pile_put(struct pile *pile, uint32_t key, const void *item)
{
    const int code = pile->in_run ? 0 : begin_run(pile);
    if (code)
        return code;
    memcpy(pile->block + pile->n_in_block * sizeof key, &key, sizeof key);
    memcpy(item_at(pile, pile->block, pile->n_in_block), item, pile->item_size);
    pile->n++;
    return ++pile->n_in_block == pile->per_block ? write_block(pile) : 0;
}

int pile_end_run(struct pile *pile)
{
    const int code = pile->n_in_block ? write_block(pile) : 0;
    pile->in_run = 0;
    free_run_memory(pile);
    return code;
}

uint64_t pile_n(const struct pile *pile)
{
    return pile->n;
}

uint64_t pile_n_bytes(const struct pile *pile)
{
    return pile->scratch ? pile->scratch->n_bytes : 0;
}

/* The n_packed bytes that come next in a run to its block. 0, or EXIT_IO after one sentence. */
static int unpack_block(struct pile *pile, struct pile_run *run, size_t n_packed)
{
    if (!run->block)
        run->block = memory_get(BLOCK_BYTES);
    if (!pile->packed)
        pile->packed = memory_get(ZSTD_compressBound(BLOCK_BYTES));
    if (!pile->unpacker && !(pile->unpacker = ZSTD_createDCtx()))
        return out_of_memory();
    if (scratch_read(pile->scratch, run->at, pile->packed, n_packed))
        return EXIT_IO;
    run->at += n_packed;
    const size_t n = ZSTD_decompressDCtx(pile->unpacker, run->block, BLOCK_BYTES, pile->packed, n_packed);
    if (n == block_bytes(pile, run->in_block))
        return 0;
    log_error("%s: scratch gives back other bytes than were written to it", pile->scratch->folder);
    return EXIT_IO;
}

/* The next block of a run into memory. 0 at its end, or when it cannot be read. */
static int read_block(struct pile *pile, struct pile_run *run, int *code)
{
    if (run->next == run->n_blocks) {
        free(run->block);
        run->block = NULL;
        return 0;
    }
    run->i = 0;
    run->in_block = run->n_left < pile->per_block ? (size_t)run->n_left : pile->per_block;
    run->n_left -= run->in_block;
    const int failed = unpack_block(pile, run, run->sizes[run->next++]);
    if (failed) {
        *code = exit_worse(*code, failed);
        run->in_block = run->next = run->n_blocks = 0;
    }
    return !failed;
}

const void *pile_next(struct pile *pile, uint64_t limit, int *code)
{
    assert(!pile->in_run);
    for (; pile->current < pile->n_runs && *code == 0; pile->current++) {
        struct pile_run *run = &pile->runs[pile->current];
        uint32_t key;
        if (run->i == run->in_block && !read_block(pile, run, code))
            continue;
        memcpy(&key, run->block + run->i * sizeof key, sizeof key);
        if (key < limit)
            return item_at(pile, run->block, run->i++);
    }
    pile->current = 0;
    return NULL;
}
