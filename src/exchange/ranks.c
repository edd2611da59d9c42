#include "darkforest/exchange/ranks.h"

#include "darkforest/core/exits.h"
#include "darkforest/core/log.h"
#include "darkforest/core/memory.h"
#include "darkforest/core/parse.h"
#include "ranks_mpi.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void ranks_check(int code, const char *call)
{
    if (code == MPI_SUCCESS)
        return;
    char text[MPI_MAX_ERROR_STRING] = "";
    int n;
    MPI_Error_string(code, text, &n);
    fprintf(stderr, "darkforest: error: MPI failed: %s: %s\n", call, text);
    ranks_abort(EXIT_BUG);
}

_Noreturn void ranks_abort(int code)
{
    int started;
    fflush(NULL);
    if (MPI_Initialized(&started) == MPI_SUCCESS && started)
        MPI_Abort(MPI_COMM_WORLD, code);
    _Exit(code);
}

/* Open MPI 4.1 counts in int. */
#define PIECE_BYTES ((size_t)1 << 30)

static struct ranks *wrap(MPI_Comm comm, size_t piece)
{
    struct ranks *ranks = memory_get(sizeof *ranks);
    ranks->comm = comm;
    ranks->piece = piece;
    MPI_CHECK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
    MPI_CHECK(MPI_Comm_rank(comm, &ranks->rank));
    MPI_CHECK(MPI_Comm_size(comm, &ranks->size));
    return ranks;
}

#define OTHER_MPIRUN "launch with the mpirun of the MPI that darkforest was built with"

/* What launchers say of the processes that they start; one that may run inside another stands behind it. */
static const struct launcher {
    const char *size, *number, *remedy; /* size NULL: does not say how many there are */
} launchers[] = {
    {"SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "launch with `srun --mpi=pmix` or with mpirun"},
    {"PMI_SIZE", "PMI_RANK", OTHER_MPIRUN},
    {NULL, "PMIX_RANK", NULL},
    {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", OTHER_MPIRUN},
};

#define N_LAUNCHERS (sizeof launchers / sizeof *launchers)

/* N processes that each believe to be alone would all write the same files. */
static void refuse_lonely_tasks(int size)
{
    for (size_t i = 0; size == 1 && i < N_LAUNCHERS; i++) {
        const char *tasks = launchers[i].size ? getenv(launchers[i].size) : NULL;
        const char *number = getenv(launchers[i].number);
        uint64_t n;
        if (!tasks || !number || parse_u64(tasks, 0, INT_MAX, &n) || n < 2)
            continue;
        if (strcmp(number, "0") == 0)
            log_error(
                "%s processes were started, but each is alone: the launcher and MPI do not know each other; "
                "%s",
                tasks, launchers[i].remedy);
        MPI_Finalize();
        exit(EXIT_BAD_CONFIG);
    }
}

const char *ranks_task_number(void)
{
    const char *number = NULL;
    for (size_t i = N_LAUNCHERS; i > 0 && !number; i--)
        number = getenv(launchers[i - 1].number);
    return number;
}

/*
 * A process that no launcher started needs neither a network nor Open MPI's daemon: without them it is up in
 * a fifth of the time. Nor does it need Open MPI's folder under /tmp, which all programs of a user make and
 * remove: one in fifty failed where some began at the same moment. What the user has set stays.
 */
static void prepare_to_be_alone(void)
{
    if (ranks_task_number())
        return;
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    setenv("OMPI_MCA_pml", "ob1", 0);
    setenv("OMPI_MCA_btl", "self", 0);
    setenv("OMPI_MCA_orte_create_session_dirs", "0", 0);
}

/* All ranks, those of a node one behind the other however the launcher dealt them out: neighbours form
 * groups. */
static struct ranks *all_by_node(void)
{
    MPI_Comm node, world;
    int first;
    MPI_CHECK(MPI_Comm_rank(MPI_COMM_WORLD, &first));
    MPI_CHECK(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, first, MPI_INFO_NULL, &node));
    MPI_CHECK(MPI_Bcast(&first, 1, MPI_INT, 0, node));
    MPI_CHECK(MPI_Comm_free(&node));
    MPI_CHECK(MPI_Comm_split(MPI_COMM_WORLD, 0, first, &world));
    return wrap(world, PIECE_BYTES);
}

static void leave_with_all(int code)
{
    ranks_abort(code);
}

struct ranks *ranks_start(int *argc, char ***argv)
{
    prepare_to_be_alone();
    MPI_CHECK(MPI_Init(argc, argv));
    memory_on_failure(leave_with_all);
    struct ranks *ranks = all_by_node();
    refuse_lonely_tasks(ranks->size);
    return ranks;
}

void ranks_finish(struct ranks *world)
{
    ranks_free(world);
    memory_on_failure(NULL);
    MPI_CHECK(MPI_Finalize());
}

int ranks_rank(const struct ranks *ranks)
{
    return ranks->rank;
}

int ranks_size(const struct ranks *ranks)
{
    return ranks->size;
}

struct ranks *ranks_split(const struct ranks *ranks, int colour)
{
    MPI_Comm part;
    MPI_CHECK(MPI_Comm_split(ranks->comm, colour, ranks->rank, &part));
    return wrap(part, ranks->piece);
}

struct ranks *ranks_node(const struct ranks *ranks)
{
    MPI_Comm node;
    MPI_CHECK(MPI_Comm_split_type(ranks->comm, MPI_COMM_TYPE_SHARED, ranks->rank, MPI_INFO_NULL, &node));
    return wrap(node, ranks->piece);
}

void ranks_free(struct ranks *ranks)
{
    if (!ranks)
        return;
    MPI_CHECK(MPI_Comm_free(&ranks->comm));
    free(ranks);
}

/* MPI orders its own messages. What this rank did in memory that others see must be done, too: on ARM, Open
 * MPI orders stores before its message, but not loads. */
void ranks_barrier(const struct ranks *ranks)
{
    atomic_thread_fence(memory_order_seq_cst);
    MPI_CHECK(MPI_Barrier(ranks->comm));
    atomic_thread_fence(memory_order_seq_cst);
}

void ranks_wait(const struct ranks *ranks, void (*meanwhile)(void *context), void *context)
{
    const struct timespec nap = {.tv_nsec = 5000000};
    MPI_Request request;
    MPI_CHECK(MPI_Ibarrier(ranks->comm, &request));
    for (int all_here = 0;;) {
        MPI_CHECK(MPI_Test(&request, &all_here, MPI_STATUS_IGNORE));
        if (all_here)
            return;
        meanwhile(context);
        nanosleep(&nap, NULL);
    }
}

/* In place, in pieces that an int can count. */
static void reduce(const struct ranks *ranks, void *values, size_t n, size_t size, MPI_Datatype type,
                   MPI_Op op)
{
    const size_t piece = ranks->piece / size;
    if (ranks->size == 1)
        return;
    for (size_t at = 0; at < n; at += piece) {
        const size_t count = n - at < piece ? n - at : piece;
        MPI_CHECK(MPI_Allreduce(MPI_IN_PLACE, (char *)values + at * size, (int)count, type, op, ranks->comm));
    }
}

void ranks_sum_u64(const struct ranks *ranks, uint64_t *values, size_t n)
{
    reduce(ranks, values, n, sizeof *values, MPI_UINT64_T, MPI_SUM);
}

void ranks_sum_i64(const struct ranks *ranks, int64_t *values, size_t n)
{
    reduce(ranks, values, n, sizeof *values, MPI_INT64_T, MPI_SUM);
}

void ranks_max_u64(const struct ranks *ranks, uint64_t *values, size_t n)
{
    reduce(ranks, values, n, sizeof *values, MPI_UINT64_T, MPI_MAX);
}

uint64_t ranks_sum_before(const struct ranks *ranks, uint64_t value)
{
    uint64_t before = 0;
    MPI_CHECK(MPI_Exscan(&value, &before, 1, MPI_UINT64_T, MPI_SUM, ranks->comm));
    return ranks->rank == 0 ? 0 : before;
}

void ranks_broadcast(const struct ranks *ranks, int root, void *data, size_t n_bytes)
{
    if (ranks->size == 1)
        return;
    for (size_t at = 0; at < n_bytes; at += ranks->piece) {
        const size_t n = n_bytes - at < ranks->piece ? n_bytes - at : ranks->piece;
        MPI_CHECK(MPI_Bcast((char *)data + at, (int)n, MPI_BYTE, root, ranks->comm));
    }
}

/* How a rank stands; one that only heard of a failure has a code and nothing to say. */
struct verdict {
    int code, speaks;
};

/* The place of the failure that wins: the worst code, then who can say why, then the lowest rank. */
static int first_with(const struct verdict *verdicts, int size, int code)
{
    int first = -1;
    for (int r = size - 1; r >= 0; r--)
        if (verdicts[r].code == code && (first < 0 || verdicts[r].speaks || !verdicts[first].speaks))
            first = r;
    return first;
}

int ranks_agree(const struct ranks *ranks, int code, const char *why)
{
    char sentence[1024] = "";
    snprintf(sentence, sizeof sentence, "%s", why ? why : log_last_error());
    const struct verdict mine = {.code = code, .speaks = sentence[0] != '\0'};
    struct verdict *all = memory_get((size_t)ranks->size * sizeof *all);
    MPI_CHECK(MPI_Allgather(&mine, 2, MPI_INT, all, 2, MPI_INT, ranks->comm));
    int worst = 0;
    for (int r = 0; r < ranks->size; r++)
        worst = exit_worse(worst, all[r].code);
    if (worst != 0) {
        const int from = first_with(all, ranks->size, worst);
        MPI_CHECK(MPI_Bcast(sentence, (int)sizeof sentence, MPI_CHAR, from, ranks->comm));
        /* Rank 0 has said its own failure already, unless the sentence was kept for here. */
        if (ranks->rank == 0 && (from != 0 || why) && sentence[0])
            log_error("%s", sentence);
    }
    free(all);
    return worst;
}

/* To rank 0. */
static void send_pieces(const struct ranks *ranks, const char *data, size_t n)
{
    for (size_t at = 0; at < n; at += ranks->piece)
        MPI_CHECK(MPI_Send(data + at, (int)(n - at < ranks->piece ? n - at : ranks->piece), MPI_BYTE, 0, 0,
                           ranks->comm));
}

static void receive_pieces(const struct ranks *ranks, char *data, size_t n, int from)
{
    for (size_t at = 0; at < n; at += ranks->piece)
        MPI_CHECK(MPI_Recv(data + at, (int)(n - at < ranks->piece ? n - at : ranks->piece), MPI_BYTE, from, 0,
                           ranks->comm, MPI_STATUS_IGNORE));
}

static size_t sum_of(const uint64_t *sizes, int n)
{
    size_t sum = 0;
    for (int r = 0; r < n; r++)
        sum += (size_t)sizes[r];
    return sum;
}

/* Rank 0: what the others send, each behind those of lower rank. */
static void gather_pieces(const struct ranks *ranks, const void *data, const uint64_t *sizes, char *gathered)
{
    for (int r = 0; r < ranks->size; gathered += sizes[r], r++) {
        if (r != ranks->rank)
            receive_pieces(ranks, gathered, (size_t)sizes[r], r);
        else if (sizes[r] > 0)
            memcpy(gathered, data, (size_t)sizes[r]);
    }
}

void *ranks_gather(const struct ranks *ranks, const void *data, size_t n_bytes, size_t *n_all)
{
    const uint64_t n = n_bytes;
    uint64_t *sizes = memory_zeroed((size_t)ranks->size, sizeof *sizes);
    MPI_CHECK(MPI_Gather(&n, 1, MPI_UINT64_T, sizes, 1, MPI_UINT64_T, 0, ranks->comm));
    const size_t total = sum_of(sizes, ranks->size); /* 0 elsewhere */
    char *gathered = ranks->rank == 0 ? memory_get(total) : NULL;
    if (gathered)
        gather_pieces(ranks, data, sizes, gathered);
    else
        send_pieces(ranks, data, n_bytes);
    if (n_all)
        *n_all = total;
    free(sizes);
    return gathered;
}

/* All together is no more than one call carries. */
static void gather_all_at_once(const struct ranks *ranks, const void *data, const uint64_t *sizes,
                               char *gathered)
{
    const size_t size = (size_t)ranks->size;
    int *counts = memory_get(size * sizeof *counts), *places = memory_get(size * sizeof *places), at = 0;
    for (size_t r = 0; r < size; at += counts[r], r++) {
        counts[r] = (int)sizes[r];
        places[r] = at;
    }
    MPI_CHECK(
        MPI_Allgatherv(data, counts[ranks->rank], MPI_BYTE, gathered, counts, places, MPI_BYTE, ranks->comm));
    free(counts);
    free(places);
}

static void gather_all_in_turn(const struct ranks *ranks, const void *data, const uint64_t *sizes,
                               char *gathered)
{
    for (int r = 0; r < ranks->size; gathered += sizes[r], r++) {
        if (r == ranks->rank && sizes[r] > 0)
            memcpy(gathered, data, (size_t)sizes[r]);
        ranks_broadcast(ranks, r, gathered, (size_t)sizes[r]);
    }
}

void *ranks_gather_all(const struct ranks *ranks, const void *data, size_t n_bytes, size_t *n_all)
{
    const uint64_t n = n_bytes;
    uint64_t *sizes = memory_get((size_t)ranks->size * sizeof *sizes);
    MPI_CHECK(MPI_Allgather(&n, 1, MPI_UINT64_T, sizes, 1, MPI_UINT64_T, ranks->comm));
    const size_t total = sum_of(sizes, ranks->size);
    char *gathered = memory_get(total);
    if (total <= ranks->piece)
        gather_all_at_once(ranks, data, sizes, gathered);
    else
        gather_all_in_turn(ranks, data, sizes, gathered);
    if (n_all)
        *n_all = total;
    free(sizes);
    return gathered;
}
