/* ranks_mpi.h - what a group of ranks is made of, and the check of every MPI call.
 * Private to the exchange room. Local. */
#ifndef DARKFOREST_RANKS_MPI_H
#define DARKFOREST_RANKS_MPI_H

#include "darkforest/exchange/ranks.h"

#include <mpi.h>

struct ranks {
    MPI_Comm comm;
    int rank, size;
};

/* The one checked wrapper: a failed MPI call is our bug or a broken machine, and ends every rank. */
#define MPI_CHECK(call) ranks_check((call), #call)
void ranks_check(int code, const char *call);

/* Open MPI 4.1 counts in int: longer messages go in pieces of this many bytes. */
#define RANKS_PIECE ((size_t)1 << 30)

#endif
