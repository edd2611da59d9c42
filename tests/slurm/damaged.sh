#!/usr/bin/env bash
# A month of which one hour is cut off in its middle: the other hours and the tables come all the same, the status command and the report
# name the file, and exit codes tell; the hour after it is named too, because files overlap. With the file mended and both slices taken away,
# submitting again makes the month whole. Takes the
# program as argument; skipped (77) without root or Slurm.
set -euo pipefail
# shellcheck source=tests/slurm/cluster.sh
. "$(dirname "$0")/cluster.sh"

hours=4
month=2017-01
bad=2017-01-01T02
name=damaged

status() { # CODE TEXT...
    local said code=0 text
    said=$("$work/home/scripts/campaign-status.sh" --verify "$work/$name.ini") || code=$?
    [ $code = "$1" ] || fail "campaign-status ends with $code, not $1: $said"
    for text in "${@:2}"; do
        grep -q -- "$text" <<<"$said" || fail "campaign-status does not say '$text': $said"
    done
}

submit_and_wait() {
    in_cluster "$work/home/scripts/submit-campaign.sh" "$work/$name.ini"
    wait_for_queue 120
}

# Their attributes differ: they tell the sizes of all files of the archive.
same_hours() { # HOUR...
    local hour group
    for hour in "$@"; do
        for group in /sources /tally; do
            h5diff -q "$work"/{truth,$name}/features/$month/features-20170101T"${hour}"0000.h5 $group || fail "hour $hour differs"
        done
    done
}

cluster_start "$1"
make_archive $hours 20000 $month
make_truth $hours $month
write_campaign $name $hours srun 1h $month

file=$work/archive/$month/$bad.pcap
mv "$file" "$work/good.pcap"
head -c $(($(stat -c %s "$work/good.pcap") / 2 + 5)) "$work/good.pcap" >"$file"
submit_and_wait
status 65 "^damaged .*$bad.pcap: at byte .*(slices: 20170101T020000 20170101T030000)" "2 done, 2 damaged" "files are whole" "tables: done"
grep -q "$bad.pcap: at byte" "$work/$name/report/report.html" || fail "the report does not name the damaged file"
same_hours 00 01
in_cluster "$work/home/scripts/submit-campaign.sh" "$work/$name.ini"
[ -z "$(in_cluster squeue -h)" ] || fail "a campaign with a damaged hour was submitted again"

mv "$work/good.pcap" "$file"
rm -r "$work/$name/runs/$month"/20170101T0[23]0000 "$work/$name/features/$month"/features-20170101T0[23]0000.h5
submit_and_wait
status 0 "4 done" "files are whole" "tables: done"
same_hours 00 01 02 03
if grep -q "$bad.pcap: at byte" "$work/$name/report/report.html"; then fail "the report still names the damaged file"; fi
echo "one damaged hour stopped no other, was named, and could be mended"
