#!/usr/bin/env bash
# Sees to it that the packages of the named groups (scripts/packages.txt; default: build) are there: installs what is missing when
# it can (Debian, and root or sudo without a password), otherwise names it and ends with 1. Silent when nothing is missing.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)

is_there() { # KIND NAME
    case $1 in
        command) command -v "$2" >/dev/null ;;
        library) command -v pkg-config >/dev/null && pkg-config --exists "$2" ;;
        header) printf '#include <%s>\n' "$2" | "${CC:-cc}" -E -x c - >/dev/null 2>&1 ;;
        module) [ -x /usr/bin/python3 ] && [ -n "$(/usr/bin/python3 -c "
import importlib.util
print('yes' if importlib.util.find_spec('$2') else '')")" ] ;;
        package) ! command -v dpkg-query >/dev/null || dpkg-query -W "$2" >/dev/null 2>&1 ;;
        *) echo "$here/packages.txt: no such kind of check: $1" >&2; exit 70 ;;
    esac
}

missing_packages() { # GROUP...
    local group package kind name
    while read -r group package kind name; do
        case " $* " in *" $group "*) is_there "$kind" "$name" || echo "$package" ;; esac
    done < <(grep -v '^#' "$here/packages.txt" | grep .)
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

can_install() {
    command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

install_packages() { # PACKAGE...
    local log
    log=$(mktemp)
    echo "installing $*"
    if ! { as_root apt-get -q update && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends install "$@"; } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "error: apt-get failed; its whole talk is in $log" >&2
        return 1
    fi
    rm -f "$log"
}

main() {
    local missing
    [ $# -gt 0 ] || set -- build
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    if can_install; then
        install_packages "${missing[@]}"
        return
    fi
    echo "error: missing: ${missing[*]}" >&2
    echo "These are the names of Debian 12 packages. Ask the administrator for them, or load the modules that bring" \
        "the same things (see docs/running-on-slurm.md), then run this again." >&2
    return 1
}

main "$@"
