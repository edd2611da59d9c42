#!/usr/bin/env bash
# The scripts refuse the campaign files that the program refuses, in the same words. Takes the program as argument; needs no cluster.
set -euo pipefail
program=$1
scripts=$(cd "$(dirname "$0")/../../scripts" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/a"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

campaign_file() { # [MORE...]: lines after those of a good one
    printf '%s\n' '[campaign]' "output = out" '[month 2017-01]' 'archive = a' 'from = 2017-01-01' 'to = 2017-01-02' "$@" >"$work/c.ini"
}

open_campaign() (
    # shellcheck source=scripts/campaign.sh
    . "$scripts/campaign.sh"
    campaign_open "$work/c.ini"
)

expect() { # CODE WORDS
    local run code
    for run in open_campaign "$program reproduce --dry-run $work/c.ini"; do
        code=0
        $run >/dev/null 2>"$work/said" || code=$?
        if [ $code != "$1" ] || { [ -n "$2" ] && ! grep -qF -- "$2" "$work/said"; }; then
            echo "$run: exit $code, wanted $1 and '$2':"
            cat "$work/c.ini" "$work/said"
            exit 1
        fi
    done
}

campaign_file
expect 0 ''
campaign_file '; [month 2017-01]' '  # to = 3' '[slurm]' 'slice = 1h'
expect 0 ''
campaign_file '[month 2017-01]' 'from = 2017-01-02' 'to = 2017-01-03'
expect 78 'c.ini:7: there are two sections [month 2017-01]: the other one is in line 3'
campaign_file '  to = 2017-01-03'
expect 78 'c.ini:7: "to" is given twice in section [month 2017-01]: first in line 6'
campaign_file '[slurm]' 'slice = 1h' 'slice = 2h'
expect 78 'c.ini:9: "slice" is given twice in section [slurm]: first in line 8'
campaign_file '[month 2017-02]' 'archive = a' 'to = 2017-02-02'
expect 78 '[month 2017-02] names no from'
campaign_file '[month 2017-02]' 'archive = a' 'from = 2017-02-01'
expect 78 '[month 2017-02] names no to'
