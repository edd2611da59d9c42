#!/usr/bin/env bash
# How long extract takes against its floors, in one run: medians of ROUNDS rounds in which every command takes its turn, so that a
# machine that changes speed changes it for all.
#
#     bench/extract_speed.sh BUILD FOLDER [PACKETS SOURCES]     default 20,000,000 packets of 200,000 sources
#
# BUILD is a build folder (release), FOLDER has room for three times the capture; the captures made there are kept for the next run.
# FORMS="plain gzip packed" names the forms of input that are timed, LISTED how many addresses the device list has.
# Prints one line a command: median seconds, and the ratio to its floor. "wall" is what extract says of itself, "process" includes the
# start of MPI.
set -euo pipefail

build=$1 folder=$2 packets=${3:-20000000} sources=${4:-200000}
rounds=${ROUNDS:-5} ranks=${RANKS:-2} forms=" ${FORMS:-plain gzip packed} "
darkforest=$build/src/darkforest
mkdir -p "$folder"
plain=$folder/$packets.pcap devices=$folder/$packets.csv

export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=${COPY:-none}

has() { # FORM
    case $forms in *" $1 "*) true ;; *) false ;; esac
}

# synth CAPTURE: the hour, in the form that the name says
synth() {
    mpirun -n "$ranks" "$darkforest" synth -o "$1" --devices-out "$devices" --packets "$packets" \
        --sources "$sources" --devices $((sources * 3 / 25)) --listed "${LISTED:-$sources}" --quiet
}

# Compressed forms come from the plain capture, or, where that is not asked for and not there, as they are: it may be too large.
make_inputs() {
    ! has plain || [ -e "$plain" ] || synth "$plain"
    if has gzip && [ ! -e "$plain.gz" ]; then
        if [ -e "$plain" ]; then igzip -1 -k "$plain"; else synth "$plain.gz"; fi
    fi
    if has packed && [ ! -e "$plain.zst" ]; then
        if [ -e "$plain" ]; then mpirun -n "$ranks" "$darkforest" pack "$plain" -o "$plain.zst" --quiet; else synth "$plain.zst"; fi
    fi
}

# seconds NAME COMMAND...: appends the wall time of the process to $times/NAME; what it prints is thrown away, as the floors ask for
seconds() {
    local name=$1 start end
    shift
    start=$(date +%s.%N)
    "$@" >/dev/null
    end=$(date +%s.%N)
    echo "$end $start" | awk '{print $1 - $2}' >>"$times/$name"
}

# loop NAME PROGRAM: a bare loop over the plain capture, which says itself how long it took
loop() {
    "$build/bench/$2" "$plain" | sed 's/.*, \([0-9.]*\) s/\1/' >>"$times/$1"
}

extract() { # NAME ARGUMENTS...
    local name=$1
    shift
    rm -rf "$folder/out"
    seconds "$name-process" mpirun -n "$ranks" "$darkforest" extract "$@" -o "$folder/out" --quiet
    sed -n 's/.*"wall_seconds": \([0-9.]*\).*/\1/p' "$folder/out/run.json" >>"$times/$name"
    sed -n 's/.*"peak_memory_bytes_all_ranks": \([0-9]*\).*/\1/p' "$folder/out/run.json" >>"$times/$name-memory"
}

time_plain() {
    cat "$plain" >/dev/null
    loop walk walk
    extract plain "$plain"
    extract plain-devices "$plain" --devices "$devices"
    loop libpcap pcap_loop
    ranks=1 extract plain-1-rank "$plain"
    ranks=1 extract plain-devices-1-rank "$plain" --devices "$devices"
}

time_gzip() {
    cat "$plain.gz" >/dev/null
    seconds igzip igzip -dc "$plain.gz"
    rm -f "$plain.gz.dfx"
    extract gzip-devices "$plain.gz" --devices "$devices"
    extract gzip-devices-indexed "$plain.gz" --devices "$devices"
    rm -f "$plain.gz.dfx"
    extract gzip "$plain.gz"
    extract gzip-indexed "$plain.gz"
    seconds pack mpirun -n "$ranks" "$darkforest" pack "$plain.gz" -o "$folder/packed.pcap.zst" --quiet
    rm -f "$folder/packed.pcap.zst"
}

time_packed() {
    local packed=$plain.zst
    cat "$packed" >/dev/null
    seconds zstd zstd -dc "$packed"
    extract packed "$packed"
    extract packed-devices "$packed" --devices "$devices"
    ranks=1 extract packed-1-rank "$packed"
    ranks=1 extract packed-devices-1-rank "$packed" --devices "$devices"
}

median() { # NAME
    sort -n "$times/$1" | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

say() { # NAME FLOOR
    printf '%-28s %9.3f s   %6.2f x %s\n' "$1" "$(median "$1")" "$(echo "$(median "$1") $(median "$2")" | awk '{print $1 / $2}')" "$2"
}

say_plain() {
    local name
    say walk walk
    say libpcap walk
    for name in plain plain-process plain-devices plain-1-rank plain-devices-1-rank; do say $name walk; done
    say plain libpcap
    say plain-1-rank plain
    say plain-devices-1-rank plain-devices
    printf 'peak memory of all ranks, plain: %.1f bytes a packet\n' \
        "$(echo "$(median plain-memory) $packets" | awk '{print $1 / $2}')"
}

say_gzip() {
    local name
    for name in igzip gzip gzip-process gzip-indexed gzip-devices gzip-devices-indexed pack; do say $name igzip; done
}

say_packed() {
    local name
    for name in zstd packed packed-process packed-devices; do say $name zstd; done
    say packed-1-rank packed
    say packed-devices-1-rank packed-devices
}

main() {
    local form
    times=$(mktemp -d)
    trap 'rm -rf "$times"' EXIT
    make_inputs
    for _ in $(seq "$rounds"); do
        for form in $forms; do "time_$form"; done
    done
    printf '%s packets of %s sources, %s ranks, medians of %s rounds, load %s\n' "$packets" "$sources" "$ranks" "$rounds" \
        "$(cut -d' ' -f1 /proc/loadavg)"
    for form in $forms; do "say_$form"; done
}

main
