#!/usr/bin/env bash
# --memory is kept when sums and rows outgrow it, and the answer is the same: a rank takes what it was given and 64 MiB for the program,
# its libraries and the chunk that is being written.
#
#     tests/app/memory.sh DARKFOREST
set -euo pipefail

darkforest=$1
memory=32 allowance=64 # MiB
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder"
mkdir scratch

extract() { # RANKS OUTPUT OPTION...
    timeout 200 mpirun -n "$1" --oversubscribe "$darkforest" extract --quiet hour.pcap -o "$2" --tmpdir scratch "${@:3}"
}

number() { # NAME OUTPUT
    sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" "$2/run.json"
}

same() { # OUTPUT
    local file
    for file in reference/features-*.h5; do
        diff <(cd reference && h5ls -r "${file#*/}") <(cd "$1" && h5ls -r "${file#*/}")
        h5diff -q "$file" "$1/${file#*/}" /sources
        h5diff -q "$file" "$1/${file#*/}" /tally
    done
}

"$darkforest" synth --quiet -o hour.pcap --packets 4000000 --sources 600000
extract 1 reference
[ "$(number spilled_bytes reference)" = 0 ]
# What the sanitizers keep is theirs, not the program's.
sanitized=$(ldd "$darkforest" | grep -c libasan || true)
for ranks in 1 2 3; do
    extract $ranks little-$ranks --memory ${memory}MiB
    same little-$ranks
    [ "$(number spilled_bytes little-$ranks)" -gt 10000000 ]
    peak=$(number peak_memory_bytes_largest_rank little-$ranks)
    echo "$ranks ranks: $((peak >> 20)) MiB, $(number spilled_bytes little-$ranks) bytes spilled"
    [ "$sanitized" != 0 ] || [ "$peak" -le $(((memory + allowance) << 20)) ]
    [ -z "$(ls scratch)" ]
done

# Nor do sums that were set aside leave anything behind, however many windows they are of.
extract 2 many --window 10s --memory ${memory}MiB
peak=$(number peak_memory_bytes_largest_rank many)
echo "many windows: $((peak >> 20)) MiB, $(number spilled_bytes many) bytes spilled"
[ "$sanitized" != 0 ] || [ "$peak" -le $(((memory + allowance) << 20)) ]

# Rows are printed some at a time, not file by file.
"$darkforest" export reference 2>said >rows.csv
peak=$(sed -n 's/.*peak memory \([0-9]*\)[.0-9]* MiB a rank.*/\1/p' said)
echo "export: $peak MiB"
[ "$sanitized" != 0 ] || [ "$peak" -le $allowance ]
[ "$(wc -l <rows.csv)" -gt 600000 ]

# What Slurm gave the job on this node is kept to when nobody says more.
SLURM_MEM_PER_NODE=64 extract 1 given
[ "$(number spilled_bytes given)" -gt 10000000 ]
same given

# A scratch disk that fills up while sums go there: one sentence, the exit code, nothing under a final name.
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=4m none scratch 2>/dev/null; then
    trap 'umount "$folder/scratch"; rm -r "$folder"' EXIT
    for ranks in 1 3; do
        code=0
        extract $ranks full-$ranks --memory ${memory}MiB 2>said || code=$?
        [ $code = 74 ] || { echo "exit $code"; cat said; exit 1; }
        [ "$(grep -c 'scratch cannot be written' said)" = 1 ]
        [ -z "$(find full-$ranks -name '*.h5*')" ]
    done
fi
