#!/bin/sh
# Ranks that have done at very different times still leave together: a heavy and a light file that cannot be cut, a deadline that has
# passed, a rank that is stopped for a while, so that another reads most of its share. A rank that waits for one that has left would hang
# here: each run has a minute.
set -eu
darkforest=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

run() { # CODE RANKS OPTION...
    code=$1 ranks=$2 got=0
    shift 2
    rm -rf "$work/out" "$work/index"
    mkdir "$work/index"
    timeout 60 mpirun --oversubscribe -n "$ranks" "$darkforest" extract "$@" -o "$work/out" --index-dir "$work/index" \
        2>"$work/said" || got=$?
    [ $got = "$code" ] || { echo "$ranks ranks, $*: exit $got instead of $code"; cat "$work/said"; exit 1; }
}

# More than one lap of a team, and less.
"$darkforest" synth --quiet -o "$work/heavy.pcap.gz" --packets 600000 --sources 2000
"$darkforest" synth --quiet -o "$work/light.pcap.gz" --packets 20000 --sources 2000 --seed 2
"$darkforest" synth --quiet -o "$work/plain.pcap" --packets 300000 --sources 2000 --seed 3
for ranks in 1 3 5; do
    run 0 $ranks "$work/heavy.pcap.gz" "$work/light.pcap.gz" "$work/plain.pcap"
    grep -q "920000 records read" "$work/said"
    run 75 $ranks "$work/heavy.pcap.gz" "$work/light.pcap.gz" "$work/plain.pcap" --deadline 1
    grep -q "stopping: the deadline has come" "$work/said"
    test -z "$(find "$work/out" -name '*.h5*')"
done

# One rank of two sleeps on and off; what comes of it is what one rank makes.
"$darkforest" synth --quiet -o "$work/large.pcap" --packets 1500000 --sources 2000 --seed 4
"$darkforest" extract --quiet "$work/large.pcap" -o "$work/alone"
cat >"$work/drowsy" <<'END'
#!/bin/sh
if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then
    { while kill -STOP $$; sleep 0.2; kill -CONT $$; do sleep 0.02; done; } 2>/dev/null &
fi
exec "$@"
END
chmod +x "$work/drowsy"
rm -rf "$work/out"
timeout 60 mpirun --oversubscribe -n 2 "$work/drowsy" "$darkforest" extract --quiet "$work/large.pcap" -o "$work/out"
for file in "$work"/alone/features-*.h5; do
    # h5diff takes tables of different sizes for not comparable, and says nothing.
    test "$(h5ls "$file/sources")" = "$(h5ls "$work/out/${file##*/}/sources")"
    h5diff -q "$file" "$work/out/${file##*/}" /sources
done
