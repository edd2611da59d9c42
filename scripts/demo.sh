#!/usr/bin/env bash
# The main job, from a fresh machine to a report to look at, in some minutes: installs what is missing, builds, makes three synthetic
# telescope hours with their device lists, and runs the paper's whole study on them over two MPI ranks.
#
#     scripts/demo.sh [FOLDER]      (where it all goes; build/demo unless given)
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

out=${1:-$root/build/demo}

darkforest() {
    mpirun -n 2 "$root/build/src/darkforest" "$@"
}

# A seed of its own, and so other addresses: the campaign looks for the devices of all months in each of them.
make_hour() { # MONTH SEED
    local archive=$out/archive/$1.pcap.gz devices=$out/archive/devices-$1.csv
    [ ! -e "$archive" ] || [ ! -e "$devices" ] || return 0
    say "a synthetic telescope hour of $1, a fiftieth of the real one's senders"
    darkforest synth --profile "$1" --seed "$2" --scale 0.02 --packets 2000000 -o "$archive" --devices-out "$devices"
}

main() {
    local month
    "$root/scripts/install-packages.sh" build
    mpi_environment
    say "building"
    build release OFF
    mkdir -p "$out/archive"
    for month in 1 2 3; do make_hour "2017-0$month" "$month"; done
    cp "$root/jobs/synthetic-campaign.ini" "$out/campaign.ini"
    say "packets to features, labels, models, judgements, tables: what $out/campaign.ini says"
    darkforest reproduce "$out/campaign.ini"
    say "done: open $out/results/report/report.html, or read $out/results/report/report.md"
}

main
