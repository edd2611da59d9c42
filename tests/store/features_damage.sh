#!/bin/sh
# A feature file cut short anywhere, or with bytes changed: read, or refused with a sentence and 65, and never a crash.
set -eu
bin=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$bin/make_features" "$work/whole.h5" 500 2>/dev/null
/usr/bin/python3 - "$bin/read_features" "$work" <<'PY'
import random, subprocess, sys

reader, work = sys.argv[1:]
whole = open(work + "/whole.h5", "rb").read()
path = work + "/damaged.h5"
outcomes = {}

def judge(what, data, may_read):
    open(path, "wb").write(data)
    run = subprocess.run([reader, path], capture_output=True, text=True, timeout=60)
    assert run.returncode in ((0, 65) if may_read else (65,)), (what, run.returncode, run.stderr)
    assert run.returncode == 0 or (run.stderr.count("\n") == 1 and path in run.stderr), (what, run.stderr)
    outcomes[run.returncode] = outcomes.get(run.returncode, 0) + 1

for n in range(0, len(whole), len(whole) // 60):
    judge(f"cut at {n}", whole[:n], False)
judge("a text file", b"window_start,address\n" * 500, False)
rng = random.Random(1)
for k in range(300):
    data = bytearray(whole)
    for _ in range(1 + k % 4):
        data[rng.randrange(len(data))] = rng.randrange(256)
    judge(f"change {k}", bytes(data), True)
assert outcomes[65] > 110, outcomes
PY
