/*
 * two_nodes.c - makes one machine look like two, for tests: loaded before a program (LD_PRELOAD), ranks of
 * even and of odd number share no memory, as if they were on different nodes, dealt out one by one.
 */
#include <mpi.h>

int MPI_Comm_split_type(MPI_Comm comm, int type, int key, MPI_Info info, MPI_Comm *part)
{
    int rank;
    MPI_Comm node;
    int code = PMPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (code == MPI_SUCCESS)
        code = PMPI_Comm_split(comm, rank % 2, key, &node);
    if (code != MPI_SUCCESS)
        return code;
    code = PMPI_Comm_split_type(node, type, key, info, part);
    PMPI_Comm_free(&node);
    return code;
}
