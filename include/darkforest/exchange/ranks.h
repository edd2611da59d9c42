/*
 * ranks.h - the ranks of a run, or a group of them, and how they agree. All functions but the accessors are
 * Collective over the group. One rank is a group too: everything works, nothing is sent.
 *
 * Errors of MPI itself end the program (MPI_Abort with EXIT_BUG): nothing here returns them.
 */
#ifndef DARKFOREST_EXCHANGE_RANKS_H
#define DARKFOREST_EXCHANGE_RANKS_H

#include <stddef.h>
#include <stdint.h>

struct ranks;

/* Local, before MPI has started: the launcher's word for the number of this task; NULL for a process that no
 * launcher started. */
const char *ranks_task_number(void);

/* MPI_Init and MPI_Finalize. ranks_start refuses (exit EXIT_BAD_CONFIG)
 * a launch in which N tasks each believe to be alone. */
struct ranks *ranks_start(int *argc, char ***argv);
void ranks_finish(struct ranks *world);
/* Ends every rank at once with `code`: for a failure after which no rank can go on. Local. */
_Noreturn void ranks_abort(int code);

int ranks_rank(const struct ranks *ranks);
int ranks_size(const struct ranks *ranks);

/* The ranks that gave the same colour, in their old order. Free with ranks_free. */
struct ranks *ranks_split(const struct ranks *ranks, int colour);
/* The ranks that share memory with this one. */
struct ranks *ranks_node(const struct ranks *ranks);
void ranks_free(struct ranks *ranks);

void ranks_barrier(const struct ranks *ranks);
/* A barrier for long waits: this rank sleeps, and calls `meanwhile` some times a second. */
void ranks_wait(const struct ranks *ranks, void (*meanwhile)(void *context), void *context);
void ranks_sum_u64(const struct ranks *ranks, uint64_t *values, size_t n);
void ranks_sum_i64(const struct ranks *ranks, int64_t *values, size_t n);
void ranks_max_u64(const struct ranks *ranks, uint64_t *values, size_t n);
uint64_t ranks_sum_before(const struct ranks *ranks, uint64_t value); /* the sum over lower ranks */
void ranks_broadcast(const struct ranks *ranks, int root, void *data, size_t n_bytes); /* any size */

/*
 * The worst exit code over the ranks (0 when all is well). Rank 0 prints one sentence: of the ranks with that
 * code the first one's that has any. That is `why` where it is not NULL, and else what the rank has logged
 * last, which rank 0's own is not printed again.
 */
int ranks_agree(const struct ranks *ranks, int code, const char *why);

/* The bytes of every rank, any number of them, in rank order, at rank 0 (NULL elsewhere): fresh memory.
 * *n_all, where n_all is not NULL: how many there are at rank 0, 0 elsewhere. */
void *ranks_gather(const struct ranks *ranks, const void *data, size_t n_bytes, size_t *n_all);
/* The same at every rank. */
void *ranks_gather_all(const struct ranks *ranks, const void *data, size_t n_bytes, size_t *n_all);

#endif
