#!/usr/bin/env bash
# The walls between the rooms: what each room includes, against the rows of src/CMakeLists.txt. Also: MPI, HDF5 and libpcap are heard
# only in their room, and no two sources and scripts of the tree bear the same name.
#
#     tests/walls.sh [TREE]     (the tree to check; this one by default)
set -euo pipefail

tree=${1:-$(dirname "$0")/..}
n_wrong=0

wrong() {
    echo "wall: $*"
    n_wrong=$((n_wrong + 1))
}

# "room core packet ..." a line: the room, then what its row names.
rooms_table() {
    sed 's/#.*//' "$tree/src/CMakeLists.txt" | tr '\n' ' ' | grep -o 'df_room([^)]*)' |
        sed -E 's/df_room\(//; s/\)//; s/ LIBRARIES.*//; s/ ROOMS / /; s/ +/ /g'
}

# Every source of a room, in the order of their names.
room_sources() { # ROOM
    find "$tree/src/$1" "$tree/include/darkforest/$1" -name '*.[ch]' 2>/dev/null | sort
}

check_includes() { # ROOM ALLOWED...
    local room=$1 source included
    while read -r source; do
        while read -r included; do
            case " $* " in
                *" $included "*) ;;
                *) wrong "${source#"$tree"/} includes the room $included, which the row of $room does not name" ;;
            esac
        done < <(sed -nE 's|^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]darkforest/([^/"]*)/.*|\1|p' "$source" | sort -u)
        if grep -qE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"]*\.\./' "$source"; then
            wrong "${source#"$tree"/} reaches out of its folder by a relative path"
        fi
    done < <(room_sources "$room")
}

# An outside library is heard only in the rooms that design it in.
check_library() { # HEADER ROOM...
    local source room
    while read -r source; do
        room=${source#"$tree"/}
        room=${room#src/}
        room=${room#include/darkforest/}
        room=${room%%/*}
        case " ${*:2} " in
            *" $room "*) ;;
            *) wrong "${source#"$tree"/} includes <$1>, which belongs to: ${*:2}" ;;
        esac
    done < <(grep -rlE "^[[:space:]]*#[[:space:]]*include[[:space:]]*[<\"]$1[>\"]" --include='*.[ch]' \
        "$tree/src" "$tree/include" || true)
}

check_names() {
    local name
    while read -r name; do
        wrong "two files are called $name"
    done < <(find "$tree/src" "$tree/include" "$tree/tests" "$tree/bench" "$tree/scripts" \
        \( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' \) -printf '%f\n' | sort | uniq -d)
}

main() {
    local row n_rooms=0
    while read -r row; do
        # shellcheck disable=SC2086  # a row is a list of words
        check_includes $row
        n_rooms=$((n_rooms + 1))
    done < <(rooms_table)
    check_library 'mpi\.h' exchange
    check_library 'hdf5\.h' store
    check_library 'pcap(/pcap)?\.h' archive
    check_names
    [ "$n_rooms" -gt 0 ] || wrong "src/CMakeLists.txt has no df_room line that this script understands"
    echo "$n_rooms rooms, $n_wrong breaches"
    [ "$n_wrong" -eq 0 ]
}

main
