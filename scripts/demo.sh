#!/usr/bin/env bash
# The main job, from a fresh machine to a report to look at, in some minutes: installs what is missing, builds, makes a synthetic
# telescope hour with a device list, and runs the whole pipeline over two MPI ranks.
#
#     scripts/demo.sh [FOLDER]      (results; build/demo unless given)
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

out=${1:-$root/build/demo}

darkforest() {
    mpirun --oversubscribe -n 2 "$root/build/src/darkforest" "$@"
}

make_hour() {
    if [ -e "$out/hour.pcap.gz" ] && [ -e "$out/devices.csv" ]; then
        say "the synthetic hour is there already"
        return
    fi
    say "a telescope hour, synthetic: 3 million packets, 300,000 senders, 22,000 of them devices"
    darkforest synth --profile 2017-01 --scale 0.075 --packets 3000000 -o "$out/hour.pcap.gz" --devices-out "$out/devices.csv"
}

run_pipeline() {
    say "extract: packets to features and labels"
    darkforest extract "$out/hour.pcap.gz" --devices "$out/devices.csv" --from 2017-01-01T00 --to 2017-01-01T01 -o "$out/features"
    say "train: a random forest, judged on rows that it has not seen"
    darkforest train "$out/features" --learner forest --n-estimators 100 --max-depth 3 -o "$out/forest.h5"
    say "report"
    "$root/build/src/darkforest" report "$out/features" "$out/forest.h5" -o "$out/report"
}

main() {
    "$root/scripts/install-packages.sh" build
    mpi_environment
    say "building"
    build release OFF
    mkdir -p "$out"
    make_hour
    run_pipeline
    say "done: open $out/report/report.html, or read $out/report/report.md"
}

main
