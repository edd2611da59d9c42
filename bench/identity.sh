#!/usr/bin/env bash
# The same bytes, at a size that a test has no time for: every feature file that extract writes against those of one rank on the
# plain capture, for each number of ranks and each form of the input.
#
#     bench/identity.sh BUILD FOLDER [PACKETS SOURCES]     default 5,000,000 packets of 200,000 sources
#
# FOLDER has room for four times the capture, which is made there and kept. RANKS="1 2 3 5 7 16" names the numbers of ranks, MEMORY=32MiB
# what a rank gets where spilling is forced. Prints a line a run and ends with 1 when one differs.
set -euo pipefail

darkforest=$(realpath "$1")/src/darkforest folder=$2 packets=${3:-5000000} sources=${4:-200000}
mkdir -p "$folder"
cd "$folder"
plain=$packets.pcap gzip=$packets.pcap.gz packed=$packets.pcap.zst parts=$packets.parts reference=$packets.reference

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export OMPI_MCA_mpi_yield_when_idle=1

run() { # RANKS COMMAND...
    mpirun --oversubscribe -n "$1" "$darkforest" "${@:2}" --quiet
}

make_inputs() {
    [ -e "$plain" ] || run 2 synth -o "$plain" --packets "$packets" --sources "$sources"
    [ -e "$gzip" ] || igzip -1 -k "$plain"
    [ -e "$packed" ] || run 2 pack "$plain" -o "$packed"
    # Many small files, as a folder.
    [ -e "$parts" ] || { mkdir "$parts" && editcap -F pcap -c $((packets / 100)) "$plain" "$parts/part.pcap"; }
    [ -e "$reference" ] || run 1 extract "$plain" -o "$reference"
}

differing=0

compare() { # NAME RANKS ARGUMENTS...
    local file spilled
    rm -rf out
    run "$2" extract "${@:3}" -o out
    spilled=$(sed -n 's/.*"spilled_bytes": \([0-9]*\).*/\1/p' out/run.json)
    for file in "$reference"/features-*.h5; do
        # h5diff takes tables of different sizes for not comparable, and says nothing.
        if [ "$(h5ls "$file/sources")" != "$(h5ls "out/${file##*/}/sources")" ] ||
            ! h5diff -q "$file" "out/${file##*/}" /sources || ! h5diff -q "$file" "out/${file##*/}" /tally; then
            echo "DIFFERENT: ${file##*/}"
            differing=1
        fi
    done
    [ "$(find out -name 'features-*.h5' | wc -l)" = "$(find "$reference" -name 'features-*.h5' | wc -l)" ] || differing=1
    printf '%-22s %3s ranks   %s files the same, %s bytes spilled\n' "$1" "$2" "$(find out -name 'features-*.h5' | wc -l)" "$spilled"
}

make_inputs
for ranks in ${RANKS:-1 2 3 5 7 16}; do
    compare plain "$ranks" "$plain"
    rm -f "$gzip.dfx"
    compare "gzip, no index" "$ranks" "$gzip"
    compare "gzip with index" "$ranks" "$gzip"
    compare packed "$ranks" "$packed"
    compare "100 small files" "$ranks" "$parts"
    compare "spilling forced" "$ranks" "$plain" --memory "${MEMORY:-32MiB}"
done
exit $differing
