#!/usr/bin/env bash
# The answer does not depend on the number of ranks, nor on compression, nor on how the hour is cut into files: h5diff finds no
# difference in /sources and /tally.
#
#     tests/app/invariance.sh DARKFOREST
set -euo pipefail

darkforest=$1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder"

extract() { # RANKS OUTPUT ARCHIVE...
    timeout 60 mpirun -n "$1" --oversubscribe "$darkforest" extract --quiet --window 20m --devices devices.csv -o "$2" "${@:3}"
}

# h5diff takes datasets of different sizes, and empty ones, for "not comparable" and says 0: sizes are compared first.
same_file() { # ONE OTHER
    diff <(cd "${1%/*}" && h5ls -r "${1##*/}") <(cd "${2%/*}" && h5ls -r "${2##*/}") &&
        h5diff -q "$1" "$2" /sources && h5diff -q "$1" "$2" /tally
}

compare() { # OUTPUT
    local file
    diff <(cd reference && ls features-*.h5) <(cd "$1" && ls features-*.h5)
    for file in reference/features-*.h5; do
        same_file "$file" "$1/${file#*/}" || {
            echo "different: $1/${file#*/}"
            exit 1
        }
    done
    echo "same: $1"
}

"$darkforest" synth --quiet -o hour.pcap --devices-out devices.csv --packets 100000 --sources 10000
gzip -k1 hour.pcap
zstd -qk1 hour.pcap
mkdir -p parts
editcap -c 30000 hour.pcap parts/part.pcapng

extract 1 reference hour.pcap
# A file of no rows would be the same for any reason.
test "$(h5ls -r reference/features-20170101T002000.h5/sources/address | grep -o '{[0-9]*' | tr -d '{')" -gt 100
for ranks in 2 3 5 7; do
    extract $ranks plain-$ranks hour.pcap
    compare plain-$ranks
done
for ranks in 1 3; do
    extract $ranks gzip-$ranks hour.pcap.gz
    compare gzip-$ranks
    extract $ranks zstd-$ranks hour.pcap.zst
    compare zstd-$ranks
done

# The hour in four pcapng files, in a folder: a folder is one capture.
extract 2 folder parts
compare folder

# And the comparison can fail: one packet more, in the middle of the hour.
tcpdump -r hour.pcap -c 50000 -w most.pcap 2>/dev/null
tcpdump -r hour.pcap -c 50001 -w more.pcap 2>/dev/null
timeout 60 "$darkforest" extract --quiet --window 1h -o most most.pcap
timeout 60 "$darkforest" extract --quiet --window 1h -o more more.pcap
if same_file most/features-20170101T000000.h5 more/features-20170101T000000.h5 >/dev/null; then
    echo "another packet made no difference"
    exit 1
fi
