# Sourced by the tests of this folder: a cluster of their own, a synthetic archive of two months, and the truth to compare with.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export DARKFOREST_TESTBED=/tmp/darkforest-slurm-test
export CPUS_PER_NODE=2
work=$DARKFOREST_TESTBED/work

skip() {
    echo "skipped: $*"
    exit 77
}

fail() {
    echo "FAILED: $*"
    tail -n 25 "$work"/*/logs/*.log 2>/dev/null || true
    exit 1
}

# What it starts lives on: the lock of this test is not for it to hold.
testbed() {
    "$root/scripts/slurm-testbed.sh" "$@" 9>&-
}

in_cluster() {
    testbed run "$@"
}

cluster_start() { # PROGRAM
    [ "$(id -u)" = 0 ] || skip "the two-node cluster needs root"
    command -v slurmctld >/dev/null || skip "Slurm is not installed: scripts/install-packages.sh slurm"
    unshare -m -u -p --fork true 2>/dev/null || skip "no namespaces may be made here"
    # There is room for one such cluster on a machine: test runs queue for it.
    exec 9>"$DARKFOREST_TESTBED.lock"
    flock -w 600 9 || skip "another test has had the cluster for ten minutes"
    testbed down
    trap 'testbed down' EXIT
    testbed up
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

# What the features must come to: the same by one process, without Slurm.
make_truth() { # HOURS MONTH...
    local month
    for month in "${@:2}"; do
        "$DARKFOREST" extract --quiet "$work/archive/$month" --from "$month-01T00" --to "$month-01T$(printf %02d "$1")" \
            -o "$work/truth/features/$month"
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

# Every HDF5 file of the truth, and no other, byte for byte but for what each run says of itself.
same_as_truth() { # NAME
    local file
    while read -r file; do
        [ -e "$work/$1/$file" ] || fail "$1/$file is missing"
        # h5diff takes datasets of different sizes for "not comparable" and says 0: sizes are compared first.
        diff <(cd "$work/truth/${file%/*}" && h5ls -r "${file##*/}") <(cd "$work/$1/${file%/*}" && h5ls -r "${file##*/}") &&
            h5diff -q --exclude-path=/provenance "$work/truth/$file" "$work/$1/$file" || fail "$1/$file differs from a single process's"
    done < <(results_of truth)
    [ "$(results_of "$1" | wc -l)" = "$(results_of truth | wc -l)" ] || fail "$1 has more files than it should"
    [ -z "$(find "$work/$1" -name '*.partial')" ] || fail "$1 holds partial files"
    if grep -lq $'\r' "$work/$1"/logs/*.log 2>/dev/null; then fail "the logs of $1 hold carriage returns"; fi
}

results_of() { # NAME
    (cd "$work/$1" && find features models results -name '*.h5' 2>/dev/null | sort)
}
