#!/usr/bin/env bash
# A campaign of twelve synthetic hours in two months on a two-node cluster, by srun and by mpirun: from packets to the report, the same
# features, models and results as from one process; submitting again finds nothing to do. Takes the program as argument; skipped (77) without root or Slurm.
set -euo pipefail
# shellcheck source=tests/slurm/cluster.sh
. "$(dirname "$0")/cluster.sh"

hours=6
months=(2017-01 2017-02)

write_with_devices() { # NAME LAUNCHER
    write_campaign "$1" $hours "$2" 1h "${months[@]}"
    printf '[devices]\nfiles = devices.csv\n' >>"$work/$1.ini"
}

run_campaign() { # LAUNCHER
    local name=by-$1 code=0
    write_with_devices "$name" "$1"
    in_cluster "$work/home/scripts/submit-campaign.sh" "$work/$name.ini"
    wait_for_queue 240
    "$work/home/scripts/campaign-status.sh" "$work/$name.ini" || code=$?
    [ $code = 0 ] || fail "$name ended with $code"
    same_as_truth "$name"
    [ -s "$work/$name/report/report.html" ] || fail "$name has no report"
    in_cluster "$work/home/scripts/submit-campaign.sh" "$work/$name.ini"
    [ -z "$(in_cluster squeue -h)" ] || fail "$name: a finished campaign was submitted again"
}

cluster_start "$1"
make_archive $hours 20000 "${months[@]}"
write_with_devices truth srun
"$DARKFOREST" reproduce --quiet "$work/truth.ini" >/dev/null
run_campaign srun
run_campaign mpirun
echo "twelve hours by srun and by mpirun equal those of one process"
