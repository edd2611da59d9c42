#!/usr/bin/env bash
# train and evaluate, as users run them: every learner and the cross-validation give the same bytes for 1, 2, 3, 5 and 7 ranks, with
# rows shared or spread; wrong use and rows with nothing to learn in them get one sentence and the right exit code.
#
# usage: train_ranks.sh DARKFOREST TWO_NODES
#
# TWO_NODES is a library that makes one machine look like two (two_nodes.c).
set -euo pipefail
darkforest=$1 two_nodes=$2
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
# On two nodes: ranks in groups, of which some lie on both, and one window over both.
two="env LD_PRELOAD=$two_nodes ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0"
for ranks in 2 3 5 7; do
    mpirun --oversubscribe -n $ranks $two "$darkforest" $train -o n.h5 >n.txt
    h5diff -q --exclude-path=/provenance 1.h5 n.h5 || { echo "models of $ranks ranks on two nodes differ"; exit 1; }
    cmp 1.txt n.txt
done

# More ranks than pieces of work; as many groups as pieces; one piece and several ranks; --spread has no groups.
fits() { # learner, folds, ranks, groups that the run must tell of (0: none), more options
    local learner=$1 folds=$2 ranks=$3 groups=$4 few="train hours --learner $1 --n-estimators 10 --folds $2"
    shift 4
    "$darkforest" $few -o few.h5 --quiet >few.txt
    mpirun --oversubscribe -n "$ranks" "$darkforest" $few "$@" -o n.h5 >n.txt 2>err.txt
    h5diff -q --exclude-path=/provenance few.h5 n.h5 || { echo "$learner, $folds folds: models of $ranks ranks differ"; exit 1; }
    cmp few.txt n.txt
    if [ "$groups" = 0 ]; then
        ! grep "groups of ranks" err.txt
    else
        grep -q "over $groups groups of ranks" err.txt || { echo "no word of $groups groups"; cat err.txt; exit 1; }
    fi
    [ "$(grep -c 'done, wall' err.txt)" = 1 ] || { echo "more than one rank talks"; cat err.txt; exit 1; }
}
fits boosting 2 3 3
fits boosting 2 8 3
fits boosting 0 5 0
fits boosting 2 3 0 --spread
fits adaboost 5 7 5

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

# What is marked as undefined is explained, below all else and only where there is any.
explained() { # TABLE
    local last='\*: undefined (0 / 0) and counted as 0'
    if grep -q '[0-9]\*' "$1"; then tail -1 "$1" | grep -qx "$last"; else ! grep -x "$last" "$1"; fi
}
"$darkforest" train hours --learner bayes -o bayes.h5 --quiet >bayes.txt
for table in 1.txt r1.txt bayes.txt; do
    explained $table || { echo "$table: what is marked and what is explained differ"; cat $table; exit 1; }
done
grep -q '[0-9]\*' 1.txt && ! grep '[0-9]\*' bayes.txt

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
expect 64 "max-features" train hours -o m.h5 --max-features 10
expect 64 "min-samples-split" train hours -o m.h5 --min-samples-split 1
# a parameter that no learner heard would look as if one had
expect 64 "--algorithm sets a parameter that none" train hours -o m.h5 --algorithm SAMME
expect 64 "--min-samples-leaf sets a parameter that none" train hours -o m.h5 --learner adaboost --learner bayes --min-samples-leaf 2
expect 66 "nowhere" train nowhere -o m.h5
expect 64 "hour.pcap is there and no HDF5 file" train hours -o hour.pcap
expect 64 "hour.pcap is there and no HDF5 file" evaluate 1.h5 hours -o hour.pcap
expect 64 "of this name" train hours -o -
expect 65 "" train hour.pcap -o m.h5
expect 64 "model file" evaluate 1.h5
expect 66 "nowhere" evaluate nowhere.h5 hours
expect 65 "" evaluate hour.pcap hours
# an hour without a source, and one whose sources are all alike
"$darkforest" extract hour.pcap -o empty --quiet --filter "src host 1.2.3.4"
expect 65 "feature files hold no rows in all: to learn from, sources of two classes" train empty -o m.h5
once=$("$darkforest" export hours --with-addresses --quiet |
    awk -F, 'NR == 1 { while ($++i != "address"); next } { print $i }' | sort | uniq -u | sed -n 1p)
"$darkforest" extract hour.pcap -o lone --quiet --filter "src host $once"
expect 65 "feature files hold one row in all: " train lone -o m.h5
expect 65 "no rows" evaluate 1.h5 empty
"$darkforest" synth -o few.pcap --packets 20000 --sources 100 --quiet
"$darkforest" extract few.pcap -o few --quiet
expect 65 "256 folds are more than there are rows" train few -o m.h5 --folds 256

# Weights that a double cannot hold end the growing of trees, and it is told.
"$darkforest" train few -o over.h5 --learner adaboost --algorithm SAMME --learning-rate 1000 >out.txt 2>err.txt
[ "$(grep -c 'warning: adaboost: weights have left' err.txt)" = 1 ] || { cat err.txt; exit 1; }

# Rows that a node has no memory for (1.4 MB, four fifths of 1 MiB) are refused before they are read; two nodes have it. Where rows fit and
# a set of all does not, they stay with their ranks.
"$darkforest" synth -o many.pcap --sources 20000 --packets 400000 --quiet
"$darkforest" extract many.pcap -o many --quiet
"$darkforest" train many --n-estimators 5 -o many.h5 --quiet >many.txt
refused() { # RANKS, ARGUMENTS
    local ranks=$1 got=0
    shift
    SLURM_MEM_PER_NODE=1 mpirun --oversubscribe -n "$ranks" "$darkforest" "$@" >out.txt 2>err.txt || got=$?
    [ $got = 78 ] && [ "$(grep -c error: err.txt)" = 1 ] && grep -q "error: 20.* rows take 1.* MiB on a node that has .*: take more nodes" err.txt ||
        { echo "$* on $ranks ranks of a small node: code $got"; cat err.txt; exit 1; }
}
fits_in() { # MiB, COMMAND...: the same model as with more
    SLURM_MEM_PER_NODE=$1 mpirun --oversubscribe -n 2 "${@:2}" train many --n-estimators 5 -o n.h5 >n.txt 2>err.txt
    h5diff -q --exclude-path=/provenance many.h5 n.h5 && cmp many.txt n.txt
}
for ranks in 1 3; do
    refused $ranks train many -o m.h5
    refused $ranks train many -o m.h5 --spread
    refused $ranks evaluate 1.h5 many
done
fits_in 1 $two "$darkforest"
fits_in 2 "$darkforest"
grep -q "memory has no room for .* rows stay with their ranks" err.txt || { echo "a set of all rows where there is no memory for it"; cat err.txt; exit 1; }
fits_in 100 "$darkforest"
! grep "no room" err.txt

# What fails in one group only ends all ranks with one sentence: in a fold that leaves out the only row of a class, all are alike.
one=$("$darkforest" export hours --with-addresses | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["label"] == "backscatter" && !other { other = $at["address"] }
    $at["label"] == "scanning" && n++ < 40 { same = same " or src host " $at["address"] }
    END { print "src host " other same }')
"$darkforest" extract hour.pcap -o one --quiet --filter "$one"
for ranks in 1 2 4 7; do
    got=0
    mpirun --oversubscribe -n $ranks "$darkforest" train one -o m.h5 --learner forest --folds 3 --test-share 0 >out.txt 2>err.txt || got=$?
    [ $got = 65 ] && [ "$(grep -c error: err.txt)" = 1 ] && grep -q "error: fold . of ., .*: all .* rows are of class" err.txt ||
        { echo "a failure in one group of $ranks ranks: code $got"; cat err.txt; exit 1; }
done
[ ! -e m.h5 ] && [ -z "$(find . -name '*.partial')" ] || { echo "a failed run left a file"; exit 1; }
