#!/bin/sh
# The same rows written by 1, 2, 3, 5 and 7 ranks: nothing but /provenance differs. And they read back.
set -eu
bin=$1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

same() { # FILE FILE: equal but for /provenance
    h5diff --exclude-path=/provenance "$1" "$2" || { echo "$1 and $2 differ"; exit 1; }
}

for rows in 0 1 65536 65537 300000; do
    "$bin/make_features" "$work/1.h5" $rows 2>/dev/null
    "$bin/read_features" "$work/1.h5" $rows || { echo "$rows rows do not read back"; exit 1; }
    ranks=3
    test $rows = 300000 && ranks="2 3 5 7"
    for n in $ranks; do
        mpirun --oversubscribe -n "$n" "$bin/make_features" "$work/n.h5" $rows 2>/dev/null
        same "$work/1.h5" "$work/n.h5"
        "$bin/read_features" "$work/n.h5" $rows
    done
done

# The comparison above would notice: one row more is a difference.
"$bin/make_features" "$work/n.h5" 300001 2>/dev/null
if h5diff -q "$work/1.h5" "$work/n.h5" >/dev/null 2>&1; then
    echo "h5diff finds no difference where there is one"
    exit 1
fi
test -z "$(find "$work" -name '*partial*')"
