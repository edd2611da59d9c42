#!/usr/bin/env bash
# walls.sh must be able to fail: each breach that it looks for is planted in a copy of the tree, alone, and must be found.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

plant() { # WHAT-IT-SHOWS FILE LINE
    rm -rf "$scratch/tree"
    mkdir -p "$scratch/tree"
    cp -r "$here/../src" "$here/../include" "$here/../tests" "$here/../bench" "$here/../scripts" "$scratch/tree/"
    mkdir -p "$(dirname "$scratch/tree/$2")"
    printf '%s\n' "$3" >>"$scratch/tree/$2"
    if "$here/walls.sh" "$scratch/tree" >/dev/null; then
        echo "not found: $1"
        exit 1
    fi
}

plant "a room that its row does not name" src/learn/planted.c '#include "darkforest/packet/packet.h"'
plant "a breach in a public header" include/darkforest/core/planted.h '#  include "darkforest/sources/source.h"'
plant "a way round the wall" src/label/planted.c '#include "../learn/tree.h"'
plant "MPI outside its room" src/sources/planted.c '#include <mpi.h>'
plant "MPI in the store, which writes with several ranks" src/store/planted.c '#include <mpi.h>'
plant "HDF5 outside its room" src/report/planted.c '#include <hdf5.h>'
plant "libpcap outside its room" src/app/planted.c '#include <pcap/pcap.h>'
plant "two files of one name" src/report/log.h '/* again */'
plant "a script and a test of one name" tests/core/demo.sh '# again'
echo "every planted breach was found"
