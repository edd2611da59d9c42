#!/bin/sh
# What synth cannot do, it says in one sentence, with the right exit code and nothing left on disk.
set -u
darkforest=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

expect() { # CODE WORD ARGUMENT...
    code=$1 word=$2
    shift 2
    "$darkforest" synth --quiet "$@" >/dev/null 2>"$work/log"
    got=$?
    if [ $got -ne "$code" ] || ! grep -q -- "$word" "$work/log" || [ "$(grep -c 'error:' "$work/log")" -ne 1 ]; then
        echo "synth $*: exit $got, wanted $code and a sentence with '$word':"
        cat "$work/log"
        failed=1
    fi
    left=$(find "$work" -name '*.pcap*')
    [ -z "$left" ] || { echo "synth $*: left $left"; failed=1; }
}

expect 64 'needs -o'
expect 64 'must end in' -o "$work/hour.txt"
expect 64 'no operands' -o "$work/hour.pcap" more
expect 64 'would both be' -o "$work/hour.pcap" --devices-out "$work/hour.pcap"
expect 64 'less than --devices' -o "$work/hour.pcap" --sources 10 --devices 100
expect 64 'too few' -o "$work/hour.pcap" --sources 1000 --packets 800
expect 64 '--start' -o "$work/hour.pcap" --start 2200-01-01
expect 64 '--duration' -o "$work/hour.pcap" --duration 10ms
expect 64 '--profile' -o "$work/hour.pcap" --profile 2018-01
for count in packets sources devices listed; do
    expect 64 "--$count takes a whole number from 1" -o "$work/hour.pcap" --$count 0
done
expect 74 'cannot be written' -o /dev/null/hour.pcap --packets 20000 --sources 100
expect 74 'cannot be written' -o "$work/hour.pcap" --devices-out /dev/null/list.csv --packets 20000 --sources 100

# A full disk.
if [ "$(id -u)" -eq 0 ] && mkdir "$work/small" && mount -t tmpfs -o size=1m tmpfs "$work/small" 2>/dev/null; then
    expect 74 'No space left' -o "$work/small/hour.pcap" --packets 50000 --sources 1000
    umount "$work/small"
fi
exit $failed
