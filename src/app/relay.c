#include "relay.h"

#include "meeting.h"
#include "ring.h"

#include "darkforest/archive/parts.h"
#include "darkforest/core/memory.h"
#include "darkforest/exchange/owner.h"

#include <stdlib.h>

/* In shared memory. */
struct team_block {
    size_t n;
    uint64_t offset;
    size_t part; /* of the index in the making */
    int is_left; /* the leader has left the walk to who takes the block, and has not heard of it; */
    int is_torn; /* who found that it does not end with a record */
    struct record_times times; /* or when its records were */
    _Alignas(64) uint8_t bytes[READER_BUFFER_SIZE];
};

/* A team at work on one file. */
struct team {
    struct pass *pass;
    struct ring *ring;
    struct reading reading;
    struct reader *reader; /* the leader's */
    int last;              /* what reader_next said last */
    int is_torn;           /* a block did not end with a record, as far as this rank knows */
    uint32_t *starts;      /* of the records of the block in hand */
};

int relay_is_worth(const struct pass *pass, const struct step *step)
{
    size_t n;
    free(step_whole_files(step, &n));
    return n > 0 && n < (size_t)ranks_size(pass->input->ranks);
}

/* Leader: what was found by who took this block. */
static void hear_of(struct team *t, struct team_block *block)
{
    if (block->is_left && block->is_torn)
        t->is_torn = 1;
    else if (block->is_left)
        reader_add_times(t->reader, block->part, &block->times);
    block->is_left = 0;
}

/* Leader: the next block of the file. */
static int fill(void *context, void *block)
{
    struct team *t = context;
    struct team_block *to = block;
    struct block read;
    hear_of(t, to);
    if (t->reader)
        reader_lend(t->reader, to->bytes);
    t->last = t->pass->code || t->is_torn ? 0 : reader_next(t->reader, &read);
    if (t->last <= 0)
        return 0;
    to->n = read.n;
    to->offset = read.offset;
    to->part = reader_part(t->reader);
    to->is_left = !read.starts;
    return 1;
}

/* The lap ends soon when this rank is due to meet the others. */
static int take(void *context, void *block)
{
    struct team *t = context;
    struct team_block *from = block;
    struct block taken = {.data = from->bytes, .n = from->n, .offset = from->offset, .starts = t->starts};
    const struct record_span span = record_span(&t->reading.format, from->bytes, from->n, from->n, t->starts);
    taken.n_records = span.n_records;
    from->is_torn = span.n_bytes != from->n;
    if (from->is_torn)
        t->is_torn = 1;
    else
        reading_take(&t->reading, t->pass, &taken);
    if (from->is_left)
        from->times = record_times(&t->reading.format, from->bytes, t->starts, span.n_records);
    return t->pass->code != 0 || t->is_torn || meeting_is_due(t->pass);
}

/* Laps, each as long as no rank is due to meet the others, until the file has ended, with a meeting of all ranks after
 * each; then all blocks are taken, and the leader hears of them. */
static void read_file(struct team *t)
{
    const struct ring_use use = {.fill = fill, .take = take, .context = t};
    const uint64_t before = t->pass->n_bytes_read;
    int more = 1;
    while (more) {
        more = ring_lap(t->ring, &use, SIZE_MAX);
        if (t->reader)
            t->pass->n_bytes_read = before + reader_position(t->reader);
        meeting_hold(t->pass, 1); /* a promise that pass.c's last meetings keep, also after the last lap */
        for (size_t i = 0; t->reader && i < RING_BLOCKS; i++)
            hear_of(t, ring_block(t->ring, i));
    }
    reading_end(&t->reading);
}

/* Leader: all ranks have taken all blocks. */
static void end_file(struct team *t, size_t file)
{
    if (!t->is_torn)
        reader_keep_index(t->reader);
    reading_judge(t->pass, file, t->reader, t->last);
    reader_close(t->reader);
}

static void lead(struct team *t, const struct step *step, size_t file)
{
    const struct slice whole = {.file = file, .kind = SLICE_WHOLE};
    t->reader = reading_open(t->pass, step, &whole);
    if (t->reader && step->archive->files[file].cuts == CUTS_FREE)
        reader_leave_walk(t->reader);
    read_file(t);
    if (t->reader)
        end_file(t, file);
}

/* Whether all blocks ended with records, as far as this rank knows. */
static int read_together(struct pass *pass, const struct step *step, const struct ranks *ranks,
                         struct ring *ring, size_t file)
{
    struct team t = {.pass = pass, .ring = ring};
    const int code = reading_begin(&t.reading, pass, file);
    pass->code = pass->code ? pass->code : code;
    t.starts = memory_get(READER_MOST_RECORDS(READER_BUFFER_SIZE) * sizeof *t.starts);
    ring_begin(ring);
    if (ranks_rank(ranks) == 0)
        lead(&t, step, file);
    else
        read_file(&t);
    free(t.starts);
    return !t.is_torn;
}

/* Which node of how many this is, counting from 0 in the order of ranks. */
static void find_node(const struct pass_input *in, size_t *node, size_t *n_nodes)
{
    const int size = ranks_size(in->ranks), leads = ranks_rank(in->node) == 0;
    int *leaders = ranks_gather_all(in->ranks, &leads, sizeof leads, NULL);
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
}

void relay_read(struct pass *pass, const struct step *step, struct cuts *cuts)
{
    const struct pass_input *in = pass->input;
    const size_t rank = (size_t)ranks_rank(in->node), n_ranks = (size_t)ranks_size(in->node);
    size_t n, node, n_nodes;
    size_t *files = step_whole_files(step, &n);
    find_node(in, &node, &n_nodes);
    /* Files node, node + n_nodes, ... */
    const size_t n_here = n > node ? (n - node + n_nodes - 1) / n_nodes : 0;
    const size_t n_teams = n_here < n_ranks ? n_here : n_ranks,
                 number = n_teams ? (size_t)group_of((int)rank, (int)n_ranks, (int)n_teams) : 0;
    struct ranks *ranks = ranks_split(in->node, (int)number);
    struct ring *ring = n_teams && ranks_size(ranks) > 1 ? ring_new(ranks, sizeof(struct team_block)) : NULL;
    for (size_t i = number; n_teams && i < n_here; i += n_teams) {
        const size_t file = files[node + i * n_nodes];
        if (ring && !read_together(pass, step, ranks, ring, file))
            cuts_add(cuts, (struct cut){.file = file, .first = CUT_UNREAD});
        else if (!ring && ranks_rank(ranks) == 0)
            reading_slice(pass, step, &(struct slice){.file = file, .kind = SLICE_WHOLE}, NULL);
    }
    ring_free(ring);
    ranks_free(ranks);
    free(files);
}
