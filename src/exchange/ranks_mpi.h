/* ranks_mpi.h - what a group of ranks is made of, and the check of every MPI call.
 * Private to the exchange room. Local. */
#ifndef DARKFOREST_RANKS_MPI_H
#define DARKFOREST_RANKS_MPI_H

#include "darkforest/exchange/ranks.h"

#include <mpi.h>

struct ranks {
    MPI_Comm comm;
    int rank, size;
    size_t piece; /* bytes of one message at most; what is longer goes in pieces */
};

/* The one checked wrapper: a failed MPI call is our bug or a broken machine, and ends every rank. */
#define MPI_CHECK(call) ranks_check((call), #call)
void ranks_check(int code, const char *call);

#endif
