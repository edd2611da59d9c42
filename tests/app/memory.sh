#!/usr/bin/env bash
# --memory is kept when sums and rows outgrow it, and the answer is the same: a rank takes what it was given and 64 MiB for the program,
# its libraries and the chunk that is being written.
#
#     tests/app/memory.sh DARKFOREST
set -euo pipefail

darkforest=$1
memory=32 allowance=64 # MiB
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,vader
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder"
mkdir scratch

extract() { # RANKS OUTPUT OPTION...
    timeout 200 mpirun -n "$1" --oversubscribe "$darkforest" extract --quiet hour.pcap -o "$2" --tmpdir scratch "${@:3}"
}

number() { # NAME OUTPUT
    sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" "$2/run.json"
}

same() { # OUTPUT
    local file
    for file in reference/features-*.h5; do
        diff <(cd reference && h5ls -r "${file#*/}") <(cd "$1" && h5ls -r "${file#*/}")
        h5diff -q "$file" "$1/${file#*/}" /sources
        h5diff -q "$file" "$1/${file#*/}" /tally
    done
}

"$darkforest" synth --quiet -o hour.pcap --packets 4000000 --sources 600000
extract 1 reference
[ "$(number spilled_bytes reference)" = 0 ]
# What the sanitizers keep is theirs, not the program's.
sanitized=$(ldd "$darkforest" | grep -c libasan || true)
for ranks in 1 2 3; do
    extract $ranks little-$ranks --memory ${memory}MiB
    same little-$ranks
    [ "$(number spilled_bytes little-$ranks)" -gt 10000000 ]
    peak=$(number peak_memory_bytes_largest_rank little-$ranks)
    echo "$ranks ranks: $((peak >> 20)) MiB, $(number spilled_bytes little-$ranks) bytes spilled"
    [ "$sanitized" != 0 ] || [ "$peak" -le $(((memory + allowance) << 20)) ]
    [ -z "$(ls scratch)" ]
done

# Nor do sums that were set aside leave anything behind, however many windows they are of.
extract 2 many --window 10s --memory ${memory}MiB
peak=$(number peak_memory_bytes_largest_rank many)
echo "many windows: $((peak >> 20)) MiB, $(number spilled_bytes many) bytes spilled"
[ "$sanitized" != 0 ] || [ "$peak" -le $(((memory + allowance) << 20)) ]

# Nor do sources whose addresses somebody has chosen so that the upper bits of their hashes, without the key, are the same.
/usr/bin/python3 -B - <<'PYTHON'
import random
import struct

def undone(x):  # of hash_u32 in include/darkforest/core/hash.h
    x ^= x >> 16
    x = x * 0x7ED1B41D & 0xFFFFFFFF
    x ^= x >> 13 ^ x >> 26
    x = x * 0xA5CB9243 & 0xFFFFFFFF
    return x ^ x >> 16

rng = random.Random(1)
with open("chosen.pcap", "wb") as f:
    f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
    for i in range(500000):
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40, 0, 0, 64, 6, 0, undone(rng.getrandbits(23)), 0x0A000001)
        data = bytes(12) + b"\x08\x00" + ip + struct.pack(">HHIIBBHHH", 1234, 80, 0, 0, 0x50, 2, 1024, 0, 0)
        f.write(struct.pack("<IIII", 1483228800 + i // 1000, 0, len(data), len(data)) + data)
PYTHON
timeout 200 mpirun -n 2 "$darkforest" extract --quiet chosen.pcap -o chosen --tmpdir scratch --memory ${memory}MiB
peak=$(number peak_memory_bytes_largest_rank chosen)
echo "chosen sources: $((peak >> 20)) MiB, $(number spilled_bytes chosen) bytes spilled"
[ "$sanitized" != 0 ] || [ "$peak" -le $(((memory + allowance) << 20)) ]
rm chosen.pcap

# Rows are printed some at a time, not file by file.
"$darkforest" export reference 2>said >rows.csv
peak=$(sed -n 's/.*peak memory \([0-9]*\)[.0-9]* MiB a rank.*/\1/p' said)
echo "export: $peak MiB"
[ "$sanitized" != 0 ] || [ "$peak" -le $allowance ]
[ "$(wc -l <rows.csv)" -gt 600000 ]

# What Slurm gave the job on this node is kept to when nobody says more.
SLURM_MEM_PER_NODE=64 extract 1 given
[ "$(number spilled_bytes given)" -gt 10000000 ]
same given

# A scratch disk that fills up while sums go there: one sentence, the exit code, nothing under a final name.
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=4m none scratch 2>/dev/null; then
    trap 'umount "$folder/scratch"; rm -r "$folder"' EXIT
    for ranks in 1 3; do
        code=0
        extract $ranks full-$ranks --memory ${memory}MiB 2>said || code=$?
        [ $code = 74 ] || { echo "exit $code"; cat said; exit 1; }
        [ "$(grep -c 'scratch cannot be written' said)" = 1 ]
        [ -z "$(find full-$ranks -name '*.h5*')" ]
    done
fi
