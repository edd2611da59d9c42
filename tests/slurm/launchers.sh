#!/usr/bin/env bash
# How a job starts the program: mpirun is asked again when it could not begin, and both launchers when a rank was killed as soon as it had
# begun; other codes, and what comes after a signal, are taken as they are. Takes the program as argument; needs no cluster.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DARKFOREST=$1 PATH=$work/bin:$PATH work

# Launchers that end with one code after the other from a list; after SIGNAL:CODE the batch script has had a signal.
make_launchers() {
    mkdir "$work/bin"
    cat >"$work/bin/mpirun" <<'END'
#!/usr/bin/env bash
echo "${0##*/} ${*: -2}" >>"$work/started"
read -r code <"$work/codes"
sed -i 1d "$work/codes"
trap '' USR1
case $code in *:*) kill -"${code%:*}" $PPID && sleep 0.2 ;; esac
exit "${code#*:}"
END
    chmod +x "$work/bin/mpirun"
    cp "$work/bin/mpirun" "$work/bin/srun"
}

launches() { # CODE STARTS LAUNCHER CODE-OF-LAUNCHER...
    local code=0
    printf '%s\n' "${@:4}" >"$work/codes"
    : >"$work/started"
    (. "$root/scripts/job.sh" && beginning=${within:-$beginning} DARKFOREST_LAUNCHER=$3 launch info) >"$work/said" 2>&1 || code=$?
    [ "$code" = "$1" ] && [ "$(grep -cxF "$3 $DARKFOREST info" "$work/started")" = "$2" ] ||
        { echo "$3 that ends with ${*:4}: exit $code, not $1, or not $2 starts:"; cat "$work/started" "$work/said"; exit 1; }
}

make_launchers
launches 0 1 mpirun 0
launches 0 2 mpirun 1 0
launches 75 3 mpirun 1 1 75
launches 1 3 mpirun 1 1 1 0
for signal in TERM USR1; do launches 75 1 mpirun $signal:1 0; done
launches 75 2 mpirun 1 USR1:1 0
launches 1 1 srun USR1:1 0
for launcher in srun mpirun; do launches 75 1 $launcher USR1:75 0; done
for code in 65 74 75 78; do launches $code 1 mpirun $code 0; done
launches 1 1 srun 1 0
for launcher in srun mpirun; do
    launches 65 3 $launcher 139 143 65
    launches 137 3 $launcher 137 137 137 0
    launches 75 1 $launcher USR1:139 0
    within=0 launches 139 1 $launcher 139 0
done
DARKFOREST=$work/nowhere launches 78 0 mpirun 0
