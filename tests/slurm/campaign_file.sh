#!/usr/bin/env bash
# The scripts read campaign files as the program does, and refuse those that it refuses, in the same words. Takes the program as argument;
# needs no cluster.
set -euo pipefail
program=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# An archive and device lists that the program can read: the dry run does.
"$program" synth --quiet --sources 100 --packets 1000 -o "$work/a.pcap"
mv "$work/a.pcap" "$work/a"

campaign_file() { # [MORE...]: lines after those of a good one
    printf '%s\n' '[campaign]' "output = out" '[month 2017-01]' 'archive = a' 'from = 2017-01-01' 'to = 2017-01-02' "$@" >"$work/c.ini"
}

# Each month with its windows, as the scripts see them.
open_campaign() (
    # shellcheck source=scripts/campaign.sh
    . "$root/scripts/campaign.sh"
    campaign_open "$work/c.ini"
    for month in $(campaign_months); do
        echo "$month: $(((month_end[$month] - month_first[$month] + window_seconds - 1) / window_seconds)) windows"
    done
)

ask_program() (
    set -o pipefail
    "$program" reproduce --dry-run "$work/c.ini" | sed -nE 's/^(.*): extract: 0 of ([0-9]+) windows finished$/\1: \2 windows/p'
)

expect() { # CODE WORDS RUN...
    local run code
    for run in "${@:3}"; do
        code=0
        $run >"$work/$run" 2>"$work/said" || code=$?
        if [ $code != "$1" ] || { [ -n "$2" ] && ! grep -qF -- "$2" "$work/said"; }; then
            echo "$run: exit $code, wanted $1 and '$2':"
            cat "$work/c.ini" "$work/said"
            exit 1
        fi
    done
}

refused() { # WORDS
    expect 78 "$1" open_campaign ask_program
}

# By both, and what both see is the same.
accepted() { # [MONTH-LINE...]
    expect 0 '' open_campaign ask_program
    printf '%s\n' "${@:-2017-01: 24 windows}" >"$work/wanted"
    diff "$work/wanted" "$work/open_campaign" && diff "$work/wanted" "$work/ask_program"
}

value_is() { # VALUE SECTION KEY [DEFAULT]
    local value
    value=$(. "$root/scripts/campaign.sh" && campaign_open "$work/c.ini" && campaign_value "${@:2}")
    [ "$value" = "$1" ] || { echo "[$2] $3 is '$value', not '$1':"; cat "$work/c.ini"; exit 1; }
}

what_is_read() {
    campaign_file
    accepted
    campaign_file '; [month 2017-01]' '  # to = 3' '[slurm]' 'slice = 1h'
    accepted
    campaign_file '  [month after] ; the second' '  archive : a' $'\tfrom:2017-02-01T00:30' 'to = 2017-02-01 03Z' '[extract]' 'window = 0.5H'
    accepted '2017-01: 48 windows' 'after: 5 windows'
    echo 240.0.0.1 | tee "$work/d" "$work/=" >"$work/b"
    campaign_file '[extract]' 'window = 90min' 'filter : not port 123 ; but =' '[devices]' $'files:  d = b\t' '[slurm]' 'slice = 10800'
    accepted '2017-01: 16 windows'
    value_is 'not port 123' extract filter
    value_is 'd = b' devices files
    value_is 'none' label rules none
    printf '\xef\xbb\xbf%s' "$(sed 's/$/\r/' "$work/c.ini")" >"$work/with-bom" && mv "$work/with-bom" "$work/c.ini"
    accepted '2017-01: 16 windows'
    cp "$root/jobs/campaign-example.ini" "$work/c.ini"
    mkdir -p "$work"/archive/year=2017/month=0{1,2,3}
    for month in "$work"/archive/year=2017/*; do cp "$work/a" "$month"; done
    cp "$work/b" "$work/devices.csv"
    accepted '2017-01: 24 windows' '2017-02: 24 windows' '2017-03: 24 windows'
}

what_is_refused() {
    campaign_file '[month 2017-01]' 'from = 2017-01-02' 'to = 2017-01-03'
    refused 'c.ini:7: there are two sections [month 2017-01]: the other one is in line 3'
    campaign_file '  to = 2017-01-03'
    refused 'c.ini:7: "to" is given twice in section [month 2017-01]: first in line 6'
    campaign_file '[slurm]' 'slice = 1h' 'slice: 2h'
    refused 'c.ini:9: "slice" is given twice in section [slurm]: first in line 8'
    campaign_file '[month 2017-02]' 'archive = a' 'to = 2017-02-02'
    refused '[month 2017-02] names no from'
    campaign_file '[month 2017-02]' 'archive = a' 'from = 2017-02-01'
    refused '[month 2017-02] names no to'
    campaign_file '[month 2017-02]' 'from = 2017-02-01' 'to = 2017-02-02'
    refused '[month 2017-02] names no archive'
    campaign_file '[month a/b]' 'archive = a' 'from = 2017-02-01' 'to = 2017-02-02'
    refused '[month a/b]: the name of a month is made of letters'
    campaign_file '[month 2017-02]' 'archive = a' 'from = tomorrow' 'to = 2017-02-02'
    refused "[month 2017-02] from is not a time: 'tomorrow'"
    campaign_file 'just words'
    refused 'c.ini:7: not a line of `key = value`'
    for time in 1483228800Z 01483228800 1969-12-31 2262-01-01 2017-02-29 2017-01-01T24; do
        campaign_file '[month 2017-02]' 'archive = a' "from = $time" 'to = 2262-02-02'
        refused "[month 2017-02] from is not a time: '$time'"
    done
    for month in ' 2017-01' '2017-01 '; do
        campaign_file "[month $month]" 'archive = a' 'from = 2017-01-01' 'to = 2017-01-02'
        refused "[month $month]: the name of a month is made of letters"
    done
    long=$(printf %042d 1)
    campaign_file "[month $long]" 'archive = a' 'from = 2017-01-01' 'to = 2017-01-02'
    accepted '2017-01: 24 windows' "$long: 24 windows"
    campaign_file "[month 0$long]" 'archive = a' 'from = 2017-01-01' 'to = 2017-01-02'
    refused 'c.ini:7: the name of the section is longer than 48 bytes'
    campaign_file '[devices]' 'files = ; none'
    refused '[devices] files names none: without the key every source is kept'
    campaign_file '[campaign]' 'name = x'
    printf '\xef\xbb\xbf%s' "$(cat "$work/c.ini")" >"$work/with-bom" && mv "$work/with-bom" "$work/c.ini"
    refused 'c.ini:7: there are two sections [campaign]: the other one is in line 1'
    for window in 1h30m 0 1.5s soon; do
        campaign_file '[extract]' "window = $window"
        refused "[extract] window is not a duration of whole seconds: '$window'"
    done
}

what_is_misspelt() {
    campaign_file '[slurm]' 'slice = 1h' 'parition = x'
    refused "c.ini:9: [slurm] has no key 'parition'"
    campaign_file '' '[mnth after]' 'archive = a'
    refused 'c.ini:8: there is no section [mnth after]'
    sed -i '1i name = x' "$work/c.ini"
    refused "c.ini:1: 'name' stands in no section"
    campaign_file '[extract]' 'windows = 7m'
    expect 78 "c.ini:8: [extract] has no key 'windows'" ask_program
    campaign_file '[extract]' 'to = 2017-01-02' 'window = 7m'
    expect 78 "c.ini:8: [extract] has no key 'to'" ask_program
    sed -i 's/^from/form/' "$work/c.ini"
    expect 78 "c.ini:5: [month 2017-01] has no key 'form'" ask_program
    campaign_file '[train]' 'learners = forest, bayes'
    expect 78 "there is no learner 'forest,'; names are separated by blanks" ask_program
}

# By the scripts alone: the program passes the values of [slurm] over.
what_only_the_scripts_go_by() {
    local key value
    for value in '' 5x -1 2.5 1234567890; do
        for key in tries tasks-at-once ntasks-per-node; do
            campaign_file '[slurm]' "$key = $value"
            expect 78 "c.ini: [slurm] $key is not a whole number from " open_campaign
            expect 0 '' ask_program
        done
    done
    campaign_file '[slurm]' 'tasks-at-once = 0'
    expect 78 "c.ini: [slurm] tasks-at-once is not a whole number from 1 on: '0'" open_campaign
    for value in '' slurm 'mpirun -x'; do
        campaign_file '[slurm]' "launcher = $value"
        expect 78 "c.ini: [slurm] launcher is neither srun nor mpirun: '$value'" open_campaign
    done
    campaign_file '[slurm]' 'tries = 0' 'tasks-at-once = 08' 'launcher = mpirun' 'ntasks-per-node = 1' 'nodes = 2-4'
    accepted
}

# Both have a list of the keys of [slurm].
slurm_keys_are_the_same() {
    local keys
    keys=$(. "$root/scripts/campaign.sh" && printf '%s\n' "${sbatch_keys[@]}" "${script_keys[@]}" | sort)
    sed -n '/slurm_keys\[\] = {/,/};/p' "$root/src/app/campaign.c" | grep -o '"[^"]*"' | tr -d '"' | sort | diff - <(echo "$keys")
    for key in $keys; do
        sed -n '/^\[slurm\]/,$p' "$root/jobs/campaign-example.ini" | grep -qE "^(; )?$key = " || { echo "the example lacks $key"; exit 1; }
    done
}

what_is_read
what_is_refused
what_is_misspelt
what_only_the_scripts_go_by
slurm_keys_are_the_same
