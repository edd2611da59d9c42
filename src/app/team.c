#include "team.h"

#include "meeting.h"
#include "reading.h"

#include "darkforest/core/log.h"
#include "darkforest/core/output.h"
#include "darkforest/exchange/shared.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LAP_BLOCKS 32

struct ring_block {
    size_t n;
    uint64_t offset;
    _Alignas(64) uint8_t bytes[READER_BUFFER_SIZE];
};

/* How a lap stands. Two take turns: one is made ready for the next lap while nobody looks at it. */
struct lap {
    _Alignas(64) atomic_size_t n_filled;
    atomic_int over;  /* the leader fills no more in this lap */
    atomic_int ended; /* and the file has no more */
    _Alignas(64) atomic_size_t n_taken;
};

/* In shared memory, zeroed. */
struct ring {
    struct lap laps[2];
    struct ring_block blocks[LAP_BLOCKS];
};

/* A team at work on one file. */
struct team {
    struct pass *pass;
    const struct ranks *ranks;
    struct ring *ring;
    struct reading reading;
    struct reader *reader; /* the leader's */
    int last;              /* what reader_next said last */
};

int team_is_worth(const struct pass *pass, const struct step *step)
{
    size_t n;
    free(step_whole_files(step, &n));
    return n > 0 && n < (size_t)ranks_size(pass->input->ranks);
}

/* Leader: as many blocks as a lap holds. */
static void fill(struct team *t, struct lap *lap)
{
    for (size_t i = 0; i < LAP_BLOCKS; i++) {
        struct ring_block *to = &t->ring->blocks[i];
        struct block block;
        if (t->reader)
            reader_lend(t->reader, to->bytes);
        t->last = t->pass->code ? 0 : reader_next(t->reader, &block);
        if (t->last <= 0) {
            atomic_store(&lap->ended, 1);
            break;
        }
        to->n = block.n;
        to->offset = block.offset;
        atomic_store(&lap->n_filled, i + 1);
    }
    atomic_store(&lap->over, 1);
}

/* Takes blocks as they come until the lap is over and all are taken. */
static void take(struct team *t, struct lap *lap)
{
    for (;;) {
        const size_t ticket = atomic_fetch_add(&lap->n_taken, 1);
        while (atomic_load(&lap->n_filled) <= ticket) {
            if (atomic_load(&lap->over) && atomic_load(&lap->n_filled) <= ticket)
                return;
            sched_yield();
        }
        const struct ring_block *from = &t->ring->blocks[ticket];
        reading_take(&t->reading, t->pass,
                     &(struct block){.data = from->bytes, .n = from->n, .offset = from->offset});
    }
}

/* Laps until the file has ended, with a meeting of all ranks after each. */
static void read_file(struct team *t)
{
    const int leads = ranks_rank(t->ranks) == 0;
    const uint64_t before = t->pass->n_bytes_read;
    int ended = 0;
    for (size_t k = 0; !ended; k++) {
        struct lap *lap = &t->ring->laps[k % 2];
        if (leads) {
            memset(&t->ring->laps[(k + 1) % 2], 0, sizeof *lap);
            fill(t, lap);
        }
        take(t, lap);
        if (leads && t->reader)
            t->pass->n_bytes_read = before + reader_position(t->reader);
        ended = atomic_load(&lap->ended);
        meeting_round(t->pass, 1);
    }
    reading_end(&t->reading, t->pass);
}

static void lead(struct team *t, const struct step *step, size_t file)
{
    const struct slice whole = {.file = file, .kind = SLICE_WHOLE};
    t->reader = reading_open(t->pass, step, &whole);
    read_file(t);
    if (t->reader)
        reading_judge(t->pass, file, t->reader, t->last);
    reader_close(t->reader);
    t->reader = NULL;
}

static void read_together(struct pass *pass, const struct step *step, const struct ranks *ranks,
                          struct shared *shared, size_t file)
{
    struct team t = {.pass = pass, .ranks = ranks, .ring = shared_memory(shared)};
    const int code = reading_begin(&t.reading, pass, file);
    pass->code = pass->code ? pass->code : code;
    ranks_barrier(ranks);
    if (ranks_rank(ranks) == 0) {
        memset(t.ring->laps, 0, sizeof t.ring->laps);
        ranks_barrier(ranks);
        lead(&t, step, file);
    } else {
        ranks_barrier(ranks);
        read_file(&t);
    }
}

/* Which node of how many this is, counting from 0 in the order of ranks. */
static void find_node(const struct pass_input *in, size_t *node, size_t *n_nodes)
{
    const int size = ranks_size(in->ranks), leads = ranks_rank(in->node) == 0;
    size_t *sizes = memory_get((size_t)size * sizeof *sizes);
    int *leaders = ranks_gather_all(in->ranks, &leads, sizeof leads, sizes);
    uint64_t mine = 0;
    *n_nodes = 0;
    for (int r = 0; r < size; r++) {
        if (leaders[r] && r == ranks_rank(in->ranks))
            mine = *n_nodes;
        *n_nodes += (size_t)leaders[r];
    }
    ranks_broadcast(in->node, 0, &mine, sizeof mine);
    *node = (size_t)mine;
    free(leaders);
    free(sizes);
}

void team_read(struct pass *pass, const struct step *step)
{
    const struct pass_input *in = pass->input;
    const size_t rank = (size_t)ranks_rank(in->node), n_ranks = (size_t)ranks_size(in->node);
    size_t n, node, n_nodes;
    size_t *files = step_whole_files(step, &n);
    find_node(in, &node, &n_nodes);
    const size_t n_here =
        n > node ? (n - node + n_nodes - 1) / n_nodes : 0; /* files node, node + n_nodes, ... */
    const size_t n_teams = n_here < n_ranks ? n_here : n_ranks,
                 number = n_teams ? rank * n_teams / n_ranks : 0;
    struct ranks *ranks = ranks_split(in->node, (int)number);
    struct shared *shared = n_teams && ranks_size(ranks) > 1 ? shared_new(ranks, sizeof(struct ring)) : NULL;
    for (size_t i = number; n_teams && i < n_here; i += n_teams) {
        const size_t file = files[node + i * n_nodes];
        if (shared)
            read_together(pass, step, ranks, shared, file);
        else if (ranks_rank(ranks) == 0)
            reading_slice(pass, step, &(struct slice){.file = file, .kind = SLICE_WHOLE}, NULL);
    }
    shared_free(shared);
    ranks_free(ranks);
    free(files);
}
