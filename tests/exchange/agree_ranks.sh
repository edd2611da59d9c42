#!/bin/sh
# Ranks agree on the worst code, and the first that brought it is heard once; N processes that are each alone refuse to run.
set -eu
program=$1
said=$(mktemp)
trap 'rm -f "$said"' EXIT

expect() { # CODE LINES RANKS CODES...
    code=$1 lines=$2 ranks=$3 got=0
    shift 3
    mpirun --oversubscribe -n "$ranks" "$program" "$@" 2>"$said" || got=$?
    if [ $got != "$code" ] || [ "$(grep '^darkforest:' "$said" || true)" != "$lines" ]; then
        echo "$ranks ranks, codes $*: exit $got instead of $code, said:"
        cat "$said"
        exit 1
    fi
}

expect 0 "" 5 0 0 0 0 0
expect 74 "darkforest: error: rank 0 failed with 74" 1 74
expect 74 "darkforest: error: rank 1 failed with 74" 5 0 74 65 74 66
expect 74 "darkforest: error: rank 0 failed with 65
darkforest: error: rank 2 failed with 74" 3 65 0 74
expect 65 "darkforest: error: rank 0 kept this for later" 2 -65
expect 65 "darkforest: error: rank 1 kept this for later" 2 0 -65

# A launch without the right plugin: four processes, and each believes to be alone.
lonely() { # PROCID
    got=0
    SLURM_STEP_NUM_TASKS=4 SLURM_PROCID=$1 "$program" 2>"$said" || got=$?
    [ $got = 78 ] || { echo "task $1 of a lonely launch leaves with $got"; exit 1; }
}
lonely 0
grep -q -e '--mpi=pmix' "$said" || { echo "the way out is not named"; exit 1; }
lonely 3
[ ! -s "$said" ] || { echo "every task says the same"; exit 1; }
# The launcher of another MPI.
got=0
PMI_SIZE=2 PMI_RANK=0 "$program" 2>"$said" || got=$?
[ $got = 78 ] && grep -q 'the MPI that darkforest was built with' "$said" || { echo "two processes of another MPI leave with $got"; exit 1; }
SLURM_STEP_NUM_TASKS=1 SLURM_PROCID=0 "$program"
SLURM_STEP_NUM_TASKS=4 "$program"
SLURM_STEP_NUM_TASKS=2 SLURM_PROCID=0 mpirun --oversubscribe -n 2 "$program"
