#!/usr/bin/env bash
# The tests, from a fresh machine: installs what is missing, then the release build with all tests, the same under the address and
# undefined-behaviour sanitizers, and a short run of each fuzzer. The summaries come last. Ends with 0 when everything passed.
#
#     FUZZ_SECONDS=60 scripts/test.sh          fuzz each target longer (10 s by default)
#     FUZZ_SEED=0 scripts/test.sh              with other inputs each time (by default each run begins with the same ones)
#     DARKFOREST_KILLS=10 scripts/test.sh      kill a rank of a job on the cluster at ten moments instead of three
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

failed=()

# Every mpirun of a user on a machine makes the same folder and removes it when it is empty, under the feet of one that starts at that
# moment ("unable to create the desired directory: File exists"). Tests run several side by side: this keeps it until they have ended.
hold_mpi_folder() {
    mpi_folder=${TMPDIR:-/tmp}/ompi.$(hostname -s).$(id -u)/held.$$
    mkdir -p "$mpi_folder" || mkdir -p "$mpi_folder" || true
    trap 'rmdir "$mpi_folder" "${mpi_folder%/*}" 2>/dev/null || true' EXIT
}

run_ctest() { # PRESET
    local folder
    folder=$(build_folder "$1")
    say "tests, $1"
    ctest --test-dir "$folder" --output-on-failure -j "$(nproc)" --timeout 600 2>&1 | tee "$folder/ctest.log" |
        grep -v ' Passed ' || true
    grep -q '^100% tests passed' "$folder/ctest.log" || failed+=("tests, $1")
}

fuzz() { # FUZZER
    local folder corpus
    folder=$(build_folder fuzz)
    corpus=corpus/$(basename "$1")
    mkdir -p "$folder/$corpus"
    (cd "$folder" && "$1" -seed="$FUZZ_SEED" -max_total_time="$FUZZ_SECONDS" -rss_limit_mb=4096 -timeout=10 "$corpus") >"$1.log" 2>&1
}

fuzz_all() { # as many at once as there are processors
    local folder fuzzer
    folder=$(build_folder fuzz)
    say "fuzzing, ${FUZZ_SECONDS:=10} s each, seed ${FUZZ_SEED:=1}"
    : >"$folder/failed"
    for fuzzer in "$folder"/fuzzers/*; do
        [ -x "$fuzzer" ] || continue
        [ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n || true
        { fuzz "$fuzzer" || echo "$fuzzer" >>"$folder/failed"; } &
    done
    wait
    while read -r fuzzer; do
        tail -n 40 "$fuzzer.log"
        failed+=("$fuzzer (its finding is named in $fuzzer.log)")
    done <"$folder/failed"
}

summaries() {
    local preset
    for preset in asan release; do
        say "summary of the tests, $preset"
        sed -n '/% tests passed/,$p' "$(build_folder $preset)/ctest.log"
    done
    [ ${#failed[@]} -eq 0 ] || printf 'failed: %s\n' "${failed[@]}"
}

main() {
    "$root/scripts/install-packages.sh" build test
    # The cluster tests need root as well; without it they say so and are skipped.
    [ "$(id -u)" != 0 ] || "$root/scripts/install-packages.sh" slurm
    mpi_environment
    hold_mpi_folder
    say "building, release"
    build release ON
    run_ctest release
    say "building, with sanitizers"
    build asan ON
    run_ctest asan
    if command -v clang >/dev/null; then
        say "building the fuzzers"
        build fuzz ON fuzzers
        fuzz_all
    fi
    summaries
    [ ${#failed[@]} -eq 0 ]
}

main
