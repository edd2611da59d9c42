#!/usr/bin/env bash
# train and evaluate, as users run them: every learner and the cross-validation give the same bytes for 1, 2, 3, 5 and 7 ranks, with
# rows shared or spread; wrong use and rows with nothing to learn in them get one sentence and the right exit code.
#
# usage: train_ranks.sh DARKFOREST
set -euo pipefail
darkforest=$1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$darkforest" synth -o hour.pcap --scale 0.0002 --quiet
"$darkforest" extract hour.pcap -o hours --quiet

train="train hours --learner all --n-estimators 10 --folds 3 --quiet"
"$darkforest" $train -o 1.h5 >1.txt
for ranks in 2 3 5 7; do
    for way in "" --spread; do
        mpirun --oversubscribe -n $ranks "$darkforest" $train $way -o n.h5 >n.txt
        h5diff -q --exclude-path=/provenance 1.h5 n.h5 || { echo "models of $ranks ranks $way differ"; exit 1; }
        cmp 1.txt n.txt
    done
done
# The comparison would notice another seed.
"$darkforest" $train --seed 2 -o n.h5 >n.txt
if h5diff -q --exclude-path=/provenance 1.h5 n.h5 >/dev/null 2>&1; then
    echo "h5diff finds no difference where there is one"
    exit 1
fi

"$darkforest" evaluate 1.h5 hours -o r1.h5 --quiet >r1.txt
mpirun --oversubscribe -n 3 "$darkforest" evaluate 1.h5 hours -o r3.h5 --quiet >r3.txt
h5diff -q --exclude-path=/provenance r1.h5 r3.h5
cmp r1.txt r3.txt
grep -q "boosting .*macro average" r1.txt

# code, part of the sentence, arguments
expect() {
    local code=$1 part=$2 got=0
    shift 2
    "$darkforest" "$@" >out.txt 2>err.txt || got=$?
    [ $got = "$code" ] || { echo "$*: exit code $got, not $code"; cat err.txt; exit 1; }
    grep -q -- "$part" err.txt || { echo "$*: does not say \"$part\""; cat err.txt; exit 1; }
    [ "$(grep -c 'error:' err.txt)" = 1 ] || { echo "$*: not one sentence"; cat err.txt; exit 1; }
}
expect 64 "feature files" train -o m.h5
expect 64 "-o MODEL.h5" train hours
expect 64 "no learner perceptron" train hours -o m.h5 --learner perceptron
expect 64 "bins" train hours -o m.h5 --bins 1
expect 64 "min-samples-split" train hours -o m.h5 --min-samples-split 1
expect 66 "nowhere" train nowhere -o m.h5
expect 65 "" train hour.pcap -o m.h5
expect 64 "model file" evaluate 1.h5
expect 66 "nowhere" evaluate nowhere.h5 hours
expect 65 "" evaluate hour.pcap hours
# an hour without a source, and one whose sources are all alike
"$darkforest" extract hour.pcap -o empty --quiet --filter "src host 1.2.3.4"
expect 65 "no rows" train empty -o m.h5
expect 65 "no rows" evaluate 1.h5 empty
[ ! -e m.h5 ] && [ -z "$(find . -name '*.partial')" ] || { echo "a failed run left a file"; exit 1; }
