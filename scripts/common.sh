# Sourced by the other scripts: where the tree is, and how MPI is run on one machine.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() {
    printf '== %s\n' "$*"
}

die() { # CODE TEXT...
    local code=$1
    shift
    printf 'error: %s\n' "$*" >&2
    exit "$code"
}

# The comment at the head of the script that runs.
show_use() {
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

# Root and containers need to be told so; more ranks than cores need to be allowed, and to yield to each other. (Open MPI 4, 5. Others
# do not read these.)
mpi_environment() {
    export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_mpi_yield_when_idle=1
    export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
    if [ "$(id -u)" = 0 ]; then
        export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    fi
}

# The build folder of a preset of CMakePresets.json.
build_folder() { # PRESET
    if [ "$1" = release ]; then echo "$root/build"; else echo "$root/build-$1"; fi
}

# Builds the targets (all when none is named) with a preset; quiet unless it fails. TESTS is ON or OFF: tests need more packages.
build() { # PRESET TESTS [TARGET...]
    local folder
    folder=$(build_folder "$1")
    mkdir -p "$folder"
    if ! { cmake -S "$root" -G Ninja --preset "$1" -DDARKFOREST_TESTS="$2" && ninja -C "$folder" "${@:3}"; } \
        >"$folder/build.log" 2>&1; then
        tail -n 40 "$folder/build.log" >&2
        die 70 "the $1 build failed; its whole talk is in $folder/build.log"
    fi
}

# The program: $DARKFOREST, else the one on PATH, else this tree's release build.
darkforest_program() {
    local program=${DARKFOREST:-}
    [ -n "$program" ] || program=$(command -v darkforest || true)
    [ -n "$program" ] || program=$root/build/src/darkforest
    [ -x "$program" ] || die 78 "darkforest is not on PATH; load its module or set DARKFOREST"
    echo "$program"
}
