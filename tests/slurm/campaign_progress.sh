#!/usr/bin/env bash
# What campaign-status.sh and submit-campaign.sh make of a campaign that `darkforest reproduce` works off by itself, and of one that was
# changed or damaged since. Takes the program as argument; needs no cluster: nothing is submitted.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DARKFOREST=$1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export PATH=$work/bin:$PATH

fail() {
    echo "FAILED: $*"
    exit 1
}

expect() { # CODE SAYS-NOT|- SAYS|- SCRIPT WORD...
    local code=0
    "$root/scripts/$4" "${@:5}" >"$work/said" 2>&1 || code=$?
    [ $code = "$1" ] || fail "${*:4} ends with $code, not $1: $(cat "$work/said")"
    [ "$2" = - ] || ! grep -qE -- "$2" "$work/said" || fail "${*:4} says '$2': $(cat "$work/said")"
    [ "$3" = - ] || grep -qE -- "$3" "$work/said" || fail "${*:4} does not say '$3': $(cat "$work/said")"
}

# Slurm's commands, none of which may be needed for a look.
make_slurm() {
    local command
    mkdir "$work/bin"
    for command in sbatch squeue scancel; do
        printf '#!/bin/sh\nexit 1\n' >"$work/bin/$command"
        chmod +x "$work/bin/$command"
    done
}

make_campaign() {
    "$DARKFOREST" synth --quiet --profile 2017-01 --start 2017-01-01T00:20 --packets 20000 --sources 2000 --devices 400 --listed 1000 \
        -o "$work/hour.pcap" --devices-out "$work/devices.csv"
    printf '%s\n' '[campaign]' 'output = out' '[month a]' 'archive = hour.pcap' 'from = 2017-01-01T00' 'to = 2017-01-01T03' \
        '[extract]' 'window: 30m' '[train]' 'folds = 0' 'learners = bayes' >"$work/study.ini"
}

# Later than all that was made before, whatever the file system's clock.
newer() { # FILE
    touch -d "+2 seconds" "$1"
}

a_fresh_one() {
    expect 75 - 'study: 3 slices, 3 waiting' campaign-status.sh "$work/study.ini"
    expect 0 - 'extract a, slices 0-2: sbatch .*--qos=long --mail-type=FAIL' submit-campaign.sh "$work/with-qos.ini" --dry-run
    expect 75 'refused the job' 'squeue does not answer: nothing was submitted' submit-campaign.sh "$work/with-qos.ini"
    expect 0 - '^    scripts/submit-campaign.sh' submit-campaign.sh --help
    expect 0 '^set|#' '^    scripts/campaign-status.sh' campaign-status.sh --help
    expect 64 - 'no option --al;' campaign-status.sh "$work/study.ini" --al
    expect 64 - 'usage' submit-campaign.sh "$work/study.ini" "$work/study.ini"
}

# The program's refusals are the submission's.
a_wrong_one() {
    sed 's/^window/windows/' "$work/study.ini" >"$work/wrong.ini"
    expect 78 sbatch "wrong.ini:8: \\[extract\\] has no key 'windows'" submit-campaign.sh --dry-run "$work/wrong.ini"
    sed 's/hour.pcap/none.pcap/; s/= out/= none/' "$work/study.ini" >"$work/wrong.ini"
    expect 66 sbatch 'none.pcap' submit-campaign.sh --dry-run "$work/wrong.ini"
    [ ! -e "$work/none" ] || fail "a refused campaign has a folder"
}

job_names() { # CAMPAIGN
    "$root/scripts/submit-campaign.sh" --dry-run "$1" 2>&1 | grep -o 'job-name=[^ ]*'
}

# Jobs are found by their names: those of two campaigns differ, also where both are called alike.
the_names_of_jobs() {
    mkdir "$work/other"
    cp "$work"/{hour.pcap,study.ini} "$work/other"
    job_names "$work/study.ini" >"$work/names"
    grep -qE 'name=df-study-[0-9]+-a$' "$work/names" && grep -qE 'name=df-study-[0-9]+-tables$' "$work/names" || fail "$(cat "$work/names")"
    job_names "$work/other/../study.ini" | diff "$work/names" - || fail "the jobs of a campaign have other names by another path"
    job_names "$work/other/study.ini" >"$work/others"
    [ -s "$work/others" ] || fail "the other campaign has no jobs"
    if grep -Fxf "$work/names" "$work/others"; then fail "two campaigns have jobs of one name"; fi
    sed 's/month a/month tables/' "$work/study.ini" >"$work/wrong.ini"
    expect 78 sbatch 'wrong.ini: .month tables.' submit-campaign.sh --dry-run "$work/wrong.ini"
}

a_reproduced_one() {
    (cd "$work" && "$DARKFOREST" reproduce --quiet study.ini >/dev/null)
    grep -q '^# study$' "$work/out/tables.md" || fail "the campaign has not the name of its file"
    expect 0 waiting 'study: 3 slices, 3 done' campaign-status.sh "$work/study.ini"
    grep -q '^20000 records read' "$work/said" || fail "the records of the one run are not counted: $(cat "$work/said")"
    expect 0 - '^a +20170101T010000 +done' campaign-status.sh "$work/study.ini" --all
    expect 0 sbatch "nothing is missing: $root/scripts/campaign-status.sh " submit-campaign.sh --dry-run "$work/study.ini"
    mv "$work/out/features/a/features-20170101T013000.h5" "$work/aside.h5"
    expect 75 - '2 done, 1 waiting' campaign-status.sh "$work/study.ini"
    expect 0 - 'slices 1: sbatch' submit-campaign.sh --dry-run "$work/study.ini"
    mv "$work/aside.h5" "$work/out/features/a/features-20170101T013000.h5"
}

# A run that finds all finished reads nothing: what was read before it still counts.
a_twice_reproduced_one() {
    (cd "$work" && "$DARKFOREST" reproduce --quiet study.ini >/dev/null)
    grep -q '^    "records": 0,$' "$work/out/features/a/run.json" || fail "the second run has read something"
    expect 0 - '^20000 records read in [0-9]+ s of extraction, [0-9.]+ million a second' campaign-status.sh "$work/study.ini"
}

# A file that is not whole is named; so is what kept all from being read.
a_verified_one() {
    local file=$work/out/features/a/features-20170101T000000.h5
    expect 0 - '[0-9]+ finished files are whole' campaign-status.sh --verify "$work/study.ini"
    cp -p "$file" "$work/aside.h5"
    truncate -s -100 "$file"
    touch -r "$work/aside.h5" "$file"
    expect 65 'files are whole' 'features-20170101T000000.h5: NOT whole' campaign-status.sh --verify "$work/study.ini"
    mv "$work/aside.h5" "$file"
    DARKFOREST=$work/none expect 78 whole 'error: darkforest is not on PATH' campaign-status.sh --verify "$work/study.ini"
    DARKFOREST=$work/bin/squeue expect 1 'are whole' 'could not be verified: .* ended with 1' campaign-status.sh --verify "$work/study.ini"
}

# A slice whose own run was stopped, and which `reproduce` finished later.
a_mixed_one() {
    local slice=$work/out/runs/a/20170101T010000
    mkdir -p "$slice"
    printf '{\n  "exit_code": 75,\n  "error": null,\n  "wall_seconds": 1.5\n}\n' >"$slice/run.json"
    expect 75 null '2 done, 1 stopped' campaign-status.sh "$work/study.ini"
    printf '{\n  "exit_code": 78,\n  "error": "no rule \\"x\\""\n}\n' >"$slice/run.json"
    expect 74 - 'failed +exit 78: no rule "x"$' campaign-status.sh "$work/study.ini"
    touch -d '2017-01-01' "$slice/run.json"
    expect 0 - '3 done' campaign-status.sh "$work/study.ini"
    rm -r "$slice"
}

# To have a slice computed again its folder and its files are taken away; the log stays.
a_slice_again() {
    local slice=$work/out/runs/a/20170101T010000 log=$work/out/logs/a-1.log
    mkdir -p "$slice" "$work/out/logs" "$work/aside"
    echo 'out of memory' >"$log"
    mv "$work"/out/features/a/features-20170101T01*.h5 "$work/aside"
    expect 75 - '2 done, 1 running' campaign-status.sh "$work/study.ini"
    touch -d '2017-01-01' "$log"
    expect 74 - 'broken +out of memory' campaign-status.sh "$work/study.ini"
    rmdir "$slice"
    expect 75 - '2 done, 1 waiting' campaign-status.sh "$work/study.ini"
    newer "$log"
    expect 75 - '2 done, 1 waiting' campaign-status.sh "$work/study.ini"
    expect 0 - 'slices 1: sbatch' submit-campaign.sh --dry-run "$work/study.ini"
    mv "$work"/aside/* "$work/out/features/a"
    rm "$log"
}

a_changed_one() {
    sed -i 's/= bayes/= bayes forest/' "$work/study.ini"
    newer "$work/study.ini"
    expect 75 'tables: done' 'tables: older than the campaign file' campaign-status.sh "$work/study.ini"
    expect 0 extract 'train, judge, report: sbatch' submit-campaign.sh --dry-run "$work/study.ini"
    touch -d '2017-01-01' "$work/study.ini"
    expect 75 'tables: done' 'tables: without all of their models' campaign-status.sh "$work/study.ini"
    expect 0 extract 'train, judge, report: sbatch' submit-campaign.sh --dry-run "$work/study.ini"
    sed -i 's/= bayes forest/= bayes/' "$work/study.ini"
    touch -d '2017-01-01' "$work/study.ini"
    newer "$work/out/features/a/features-20170101T000000.h5"
    expect 75 - 'tables: older than the features' campaign-status.sh "$work/study.ini"
    touch -r "$work/study.ini" "$work"/out/features/a/features-*.h5
    expect 0 - 'tables: done' campaign-status.sh "$work/study.ini"
    touch -d '2017-01-01' "$work/out/report/report.html"
    expect 75 'tables: done' 'tables: without their report' campaign-status.sh "$work/study.ini"
    expect 0 extract 'train, judge, report: sbatch' submit-campaign.sh --dry-run "$work/study.ini"
    touch "$work/out/report/report.html"
    expect 0 - 'tables: done' campaign-status.sh "$work/study.ini"
    sed 's/folds = 0/folds = 3/' "$work/study.ini" >"$work/others.ini"
    expect 78 sbatch 'made with other settings' submit-campaign.sh --dry-run "$work/others.ini"
}

# The slice of 01:00 as its job does it, started in another folder.
extract_slice() { # CODE CAMPAIGN
    local code=0
    (cd "$work/elsewhere" && SLURM_ARRAY_TASK_ID=1 DARKFOREST_HOME=$root DARKFOREST_LAUNCHER=mpirun \
        bash "$root/jobs/extract.sbatch" "$2" a) >"$work/said" 2>&1 || code=$?
    [ $code = "$1" ] || fail "the slice ends with $code, not $1: $(cat "$work/said")"
}

# Patterns count from the campaign's folder, wherever the script was started.
a_slice_from_elsewhere() {
    mkdir -p "$work/elsewhere"
    touch "$work/elsewhere/hour-2.pcap"
    sed "s/hour.pcap/hour*.pcap/; s/= out/= patterns/" "$work/study.ini" >"$work/patterns.ini"
    extract_slice 0 "$work/patterns.ini"
    grep -qF "\"$work/hour.pcap\"" "$work/patterns/runs/a/20170101T010000/run.json" || fail "the campaign's files were not read"
}

# A file that was taken from the month's folder is computed anew, and a slice whose files cannot come there is not done.
a_slice_whose_files_are_gone() {
    local place=$work/patterns/features/a slice=$work/patterns/runs/a/20170101T010000
    rm "$place/features-20170101T013000.h5"
    expect 74 - '20170101T010000 +broken +not all of its files are in' campaign-status.sh "$work/patterns.ini"
    expect 0 - 'slices 0-2: sbatch' submit-campaign.sh --dry-run "$work/patterns.ini"
    extract_slice 0 "$work/patterns.ini"
    grep -q '^  "windows": 1,$' "$slice/run.json" || fail "not one window was computed: $(cat "$slice/run.json")"
    expect 75 - '1 done, 2 waiting' campaign-status.sh "$work/patterns.ini"
    mv "$place" "$work/aside-features"
    touch "$place"
    extract_slice 74 "$work/patterns.ini"
    expect 74 '1 done' '20170101T010000 +broken' campaign-status.sh "$work/patterns.ini"
    rm "$place"
    mv "$work/aside-features" "$place"
}

# 65 with an error is no damage of which the rest was used: nothing is published, and it has failed.
a_slice_of_nothing() {
    sed "s/hour.pcap/& notes.txt/; s/= out/= nothing/" "$work/study.ini" >"$work/nothing.ini"
    echo 'what we did' >"$work/notes.txt"
    extract_slice 65 "$work/nothing.ini"
    [ ! -e "$work/nothing/features" ] || fail "a slice that read nothing was published"
    expect 74 - '20170101T010000 +failed +exit 65: .*notes.txt' campaign-status.sh "$work/nothing.ini"
    expect 65 sbatch 'notes.txt' submit-campaign.sh --dry-run "$work/nothing.ini"
}

# Rules that are named but missing are not those that the program has without a name.
a_slice_without_rules() {
    { sed 's/= out/= ruleless/' "$work/study.ini" && printf '[label]\nrules =\n'; } >"$work/ruleless.ini"
    extract_slice 78 "$work/ruleless.ini"
    expect 78 sbatch 'error' submit-campaign.sh --dry-run "$work/ruleless.ini"
}

# Damage is the last word only when nothing is left to do.
a_damaged_one() {
    local slice=$work/out/runs/a/20170101T010000
    mkdir -p "$slice"
    printf '{\n  "exit_code": 65,\n  "wall_seconds": 1.5,\n  "damages": [\n    "x.pcap: at byte 7"\n  ]\n}\n' >"$slice/run.json"
    touch "$slice/published"
    expect 65 - '^damaged +x.pcap: at byte 7 \(slices: 20170101T010000\)' campaign-status.sh "$work/study.ini"
    mv "$work/out/run.json" "$work/aside.json"
    expect 75 - 'tables: not yet' campaign-status.sh "$work/study.ini"
    sed 's/"exit_code": 0/"exit_code": 65/; s/"error": null/"error": "no sources"/' "$work/aside.json" >"$work/out/run.json"
    expect 65 'tables: done' 'tables: exit 65: no sources$' campaign-status.sh "$work/study.ini"
    expect 0 - 'train, judge, report: sbatch' submit-campaign.sh --dry-run "$work/study.ini"
    mv "$work/aside.json" "$work/out/run.json"
    sed -i 's/"exit_code": 65/"exit_code": 74/' "$slice/run.json"
    expect 74 - '1 failed' campaign-status.sh "$work/study.ini"
}

make_slurm
make_campaign
{ cat "$work/study.ini" && printf '[slurm]\nqos: long\nmail-type = FAIL\n'; } >"$work/with-qos.ini"
a_fresh_one
a_wrong_one
the_names_of_jobs
a_reproduced_one
a_twice_reproduced_one
a_verified_one
a_mixed_one
a_slice_again
a_changed_one
a_slice_from_elsewhere
a_slice_whose_files_are_gone
a_slice_of_nothing
a_slice_without_rules
a_damaged_one
