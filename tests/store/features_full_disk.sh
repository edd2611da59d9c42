#!/bin/sh
# No room, no folder, no permission, or a failure of one rank alone: exit 74 on every rank, one sentence, and nothing under
# the final name.
set -eu
bin=$1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
work=$(mktemp -d)
trap 'umount "$work" 2>/dev/null || true; rm -rf "$work"' EXIT

fails() { # RANKS PATH ROWS [FAILING-RANK]
    code=0
    mpirun --oversubscribe -n "$1" "$bin/make_features" "$2" "$3" ${4:+"$4"} >"$TMP_LOG" 2>&1 || code=$?
    test "$code" = 74 || { echo "$2 with $1 ranks: exit $code, not 74"; cat "$TMP_LOG"; exit 1; }
    test "$(grep -c 'darkforest: error:' "$TMP_LOG")" = 1 || { cat "$TMP_LOG"; exit 1; }
}

TMP_LOG=$(mktemp)
fails 1 /dev/null/no/folder.h5 200000
fails 2 /dev/null/no/folder.h5 200000
fails 2 "$work/failed.h5" 10 1
test -z "$(ls -A "$work")" || { ls -la "$work"; exit 1; }
if mount -t tmpfs -o size=512k none "$work" 2>/dev/null; then
    for ranks in 1 2; do
        fails $ranks "$work/full.h5" 200000
        test -z "$(ls -A "$work")" || { ls -la "$work"; exit 1; }
    done
    umount "$work"
else
    echo "a small file system cannot be mounted here: the full disk was not tried"
fi
rm -f "$TMP_LOG"
