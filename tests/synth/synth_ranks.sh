#!/bin/sh
# The same options give the same bytes for any number of ranks, plain and packed; another seed gives others.
set -eu
darkforest=$1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make() { # RANKS FILE OPTION...
    ranks=$1 file=$2
    shift 2
    mpirun --oversubscribe -n "$ranks" "$darkforest" synth --quiet -o "$file" --packets 60000 --sources 1000 "$@"
}

compare() { # ENDING RANKS...
    ending=$1
    shift
    make 1 "$work/1.$ending" --devices-out "$work/1.csv"
    for ranks; do
        make "$ranks" "$work/n.$ending" --devices-out "$work/n.csv"
        cmp "$work/1.$ending" "$work/n.$ending"
        cmp "$work/1.csv" "$work/n.csv"
    done
}

compare pcap 2 3 7 20 # more ranks than blocks, too
compare pcap.gz 2 5
compare pcap.zst 2 5
gzip -dc "$work/1.pcap.gz" | cmp - "$work/1.pcap"
zstd -dcq "$work/1.pcap.zst" | cmp - "$work/1.pcap"

make 2 "$work/n.pcap" --seed 2
if cmp -s "$work/1.pcap" "$work/n.pcap"; then
    echo "another seed gives the same packets"
    exit 1
fi
test -z "$(find "$work" -name '*.partial')"
