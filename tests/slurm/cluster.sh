# Sourced by the tests of this folder: a cluster of their own, a synthetic archive of two months, and the truth to compare with.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export DARKFOREST_TESTBED=/tmp/darkforest-slurm-test
export CPUS_PER_NODE=2
work=$DARKFOREST_TESTBED/work
# shellcheck disable=SC2034  # for those who source this
testbed=$root/scripts/slurm-testbed.sh

skip() {
    echo "skipped: $*"
    exit 77
}

fail() {
    echo "FAILED: $*"
    tail -n 25 "$work"/*/logs/*.log 2>/dev/null || true
    exit 1
}

in_cluster() {
    "$testbed" run "$@"
}

cluster_start() { # PROGRAM
    [ "$(id -u)" = 0 ] || skip "the two-node cluster needs root"
    command -v slurmctld >/dev/null || skip "Slurm is not installed: scripts/install-packages.sh slurm"
    unshare -m -u -p --fork true 2>/dev/null || skip "no namespaces may be made here"
    "$testbed" down
    trap '"$testbed" down' EXIT
    "$testbed" up
    # The nodes do not see the machine's /tmp, where this tree may lie.
    mkdir -p "$work/home"
    cp -r "$root/scripts" "$root/jobs" "$work/home"
    cp "$1" "$work/darkforest"
    export DARKFOREST=$work/darkforest
}

# One file an hour, HOURS of them from the first of January and of February; each hour has devices of its own.
make_archive() { # HOURS PACKETS MONTH...
    local month hour start
    for month in "${@:3}"; do
        mkdir -p "$work/archive/$month" "$work/devices"
        for ((hour = 0; hour < $1; hour++)); do
            start=$month-01T$(printf %02d "$hour")
            "$DARKFOREST" synth --quiet --profile "$month" --start "$start" --packets "$2" --sources $(($2 / 10)) \
                --devices $(($2 / 50)) --listed $(($2 / 20)) --seed "$hour" -o "$work/archive/$month/$start.pcap" \
                --devices-out "$work/devices/$start.csv"
        done
    done
    awk 'NR == 1 || !/^address,/' "$work"/devices/*.csv >"$work/devices.csv"
}

write_campaign() { # NAME HOURS LAUNCHER SLICE MONTH...
    local month
    rm -rf "${work:?}/$1"
    {
        printf '[campaign]\nname = %s\noutput = %s\n' "$1" "$1"
        for month in "${@:5}"; do
            printf '[month %s]\narchive = archive/%s\nfrom = %s-01T00\nto = %s-01T%02d\n' "$month" "$month" "$month" "$month" "$2"
        done
        printf '[train]\nlearners = forest bayes\nfolds = 2\n'
        printf '[slurm]\nslice = %s\nnodes = 2\nntasks-per-node = 1\ntime = 5\nlauncher = %s\ntasks-at-once = 4\n' "$4" "$3"
    } >"$work/$1.ini"
}

# What a campaign must come to: the same by one process, without Slurm.
make_truth() { # HOURS MONTH... [-- EXTRACT-OPTION...]
    local n=$1 months=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do months+=("$1"); shift; done
    [ $# -eq 0 ] || shift
    local month
    for month in "${months[@]}"; do
        "$DARKFOREST" extract --quiet "$work/archive/$month" --from "$month-01T00" --to "$month-01T$(printf %02d "$n")" \
            -o "$work/truth/$month" "$@"
    done
}

wait_for_queue() { # SECONDS
    local second
    for ((second = 0; second < $1 * 2; second++)); do
        [ -n "$(in_cluster squeue -h)" ] || return 0
        sleep 0.5
    done
    in_cluster squeue
    fail "the queue is not empty after $1 s"
}

same_features() { # NAME
    local truth other
    for truth in "$work"/truth/*/features-*.h5; do
        other=$work/$1/features/${truth#"$work"/truth/}
        [ -e "$other" ] || fail "$other is missing"
        h5diff -q "$truth" "$other" /sources || fail "$other differs from a single process's"
        h5diff -q "$truth" "$other" /tally || fail "$other has another tally than a single process's"
    done
    [ "$(find "$work/$1/features" -name '*.h5' | wc -l)" = "$(find "$work/truth" -name '*.h5' | wc -l)" ] ||
        fail "$1 has more feature files than it should"
    [ -z "$(find "$work/$1" -name '*.partial')" ] || fail "$1 holds partial files"
}
