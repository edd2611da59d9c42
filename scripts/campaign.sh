# Sourced by the scripts that work a campaign file off: its values, its slices, and what the run records of the slices say.
# jobs/campaign-example.ini describes the file; the words here are the same.
# shellcheck shell=bash

# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

campaign=        # the file
campaign_folder= # where it lies: relative paths count from here
output=          # the campaign's output folder
# shellcheck disable=SC2034  # for those who source this
name=
slice_seconds=
declare -A month_first=() month_end=() # seconds of the epoch, by month

# The value of KEY in [SECTION], else the default.
campaign_value() { # SECTION KEY [DEFAULT]
    awk -v section="[$1]" -v key="$2" -v value="${3:-}" '
        { sub(/^[ \t]+/, ""); sub(/\r$/, "") }
        /^[;#]/ || /^$/ { next }
        /^\[/ { inside = index($0, section) == 1; next }
        inside && (i = index($0, "=")) {
            k = substr($0, 1, i - 1); v = substr($0, i + 1)
            gsub(/[ \t]+$/, "", k); sub(/[ \t]+;.*/, "", v); sub(/^[ \t]+/, "", v); sub(/[ \t]+$/, "", v)
            if (k == key) value = v
        }
        END { print value }' "$campaign"
}

campaign_keys() { # SECTION
    awk -v section="[$1]" '
        /^[ \t]*[;#]/ { next }
        /^\[/ { inside = index($0, section) == 1; next }
        inside && (i = index($0, "=")) { k = substr($0, 1, i - 1); gsub(/[ \t]/, "", k); print k }' "$campaign"
}

campaign_months() {
    sed -nE 's/^\[month ([A-Za-z0-9._-]+)\].*/\1/p' "$campaign"
}

# A section or a key given twice: nobody can tell which was meant. Like the program, which says it in these words.
refuse_repeats() {
    local said
    said=$(awk '
        { sub(/^[ \t]+/, ""); sub(/\r$/, "") }
        /^[;#]/ || /^$/ { next }
        /^\[/ {
            section = substr($0, 2, index($0, "]") - 2)
            if (section in sections) {
                printf "%d: there are two sections [%s]: the other one is in line %d\n", NR, section, sections[section]
                exit
            }
            sections[section] = NR
            next
        }
        i = index($0, "=") {
            key = substr($0, 1, i - 1)
            gsub(/[ \t]+$/, "", key)
            if ((section, key) in keys) {
                printf "%d: \"%s\" is given twice in section [%s]: first in line %d\n", NR, key, section, keys[section, key]
                exit
            }
            keys[section, key] = NR
        }' "$campaign")
    [ -z "$said" ] || die 78 "$campaign:$said"
}

# Paths of a list, each counted from the folder of the campaign file.
absolute_paths() { # PATH...
    local path
    for path in "$@"; do
        case $path in /*) printf '%s\n' "$path" ;; *) printf '%s\n' "$campaign_folder/$path" ;; esac
    done
}

# 2017-01-01, 2017-01-01T03, 2017-01-01T03:30[:05], all UTC, or seconds of the epoch; as seconds of the epoch.
seconds_of_time() { # TIME
    local time=${1%Z}
    case $time in
        *[!0-9]*) ;;
        ?*) echo "$time"; return ;;
    esac
    case $time in *T??) time=$time:00 ;; esac
    date -u -d "$time UTC" +%s 2>/dev/null || die 78 "$campaign: not a time: $1"
}

seconds_of_duration() { # DURATION
    local number=${1%[smhd]} unit=1
    case $1 in *m) unit=60 ;; *h) unit=3600 ;; *d) unit=86400 ;; esac
    case $number in '' | *[!0-9]*) die 78 "$campaign: not a duration: $1" ;; esac
    echo $((number * unit))
}

stamp() { # SECONDS
    TZ=UTC printf '%(%Y%m%dT%H%M%S)T' "$1"
}

campaign_open() { # FILE
    [ -r "$1" ] || die 66 "$1: no such campaign file"
    campaign_folder=$(cd "$(dirname "$1")" && pwd)
    campaign=$campaign_folder/$(basename "$1")
    refuse_repeats
    name=$(campaign_value campaign name "$(basename "$1" .ini)")
    output=$(campaign_value campaign output)
    [ -n "$output" ] || die 78 "$campaign: [campaign] names no output"
    output=$(absolute_paths "$output")
    [[ $name =~ ^[A-Za-z0-9._-]+$ ]] || die 78 "$campaign: [campaign] name is for job names: letters, digits, . _ -"
    slice_seconds=$(seconds_of_duration "$(campaign_value slurm slice 1h)")
    read_months
}

# A slice holds whole windows: otherwise two tasks would write one window.
read_months() {
    local month window key
    window=$(seconds_of_duration "$(campaign_value extract window 1h)")
    ((window > 0 && slice_seconds > 0 && slice_seconds % window == 0)) ||
        die 78 "$campaign: [slurm] slice must be a multiple of [extract] window"
    for month in $(campaign_months); do
        for key in from to; do
            [ -n "$(campaign_value "month $month" "$key")" ] || die 78 "$campaign: [month $month] names no $key"
        done
        month_first[$month]=$(seconds_of_time "$(campaign_value "month $month" from)")
        month_end[$month]=$(seconds_of_time "$(campaign_value "month $month" to)")
        [ "${month_first[$month]}" -lt "${month_end[$month]}" ] ||
            die 78 "$campaign: [month $month] ends before it begins"
        [ $((month_first[$month] % window)) = 0 ] ||
            die 78 "$campaign: [month $month] does not begin where a window begins"
    done
    [ ${#month_first[@]} -gt 0 ] || die 78 "$campaign: there is no [month NAME] section"
}

n_slices() { # MONTH
    echo $(((month_end[$1] - month_first[$1] + slice_seconds - 1) / slice_seconds))
}

slice_from() { # MONTH INDEX
    echo $((month_first[$1] + $2 * slice_seconds))
}

slice_to() { # MONTH INDEX
    local end=$((month_first[$1] + ($2 + 1) * slice_seconds))
    echo $((end < month_end[$1] ? end : month_end[$1]))
}

# Where a slice is extracted and where its run record lies.
slice_folder() { # MONTH INDEX
    echo "$output/runs/$1/$(stamp "$(slice_from "$1" "$2")")"
}

slice_log() { # MONTH INDEX
    echo "$output/logs/$1-$2.log"
}

# A number or text at the top of a run record; nothing when it is not there.
record_value() { # RUN.JSON KEY
    [ ! -e "$1" ] || sed -nE "s/^  \"$2\": \"?(.*[^\",])\"?,?\$/\1/p" "$1"
}

# Lines that name the damaged inputs of a run.
record_damages() { # RUN.JSON
    [ ! -e "$1" ] || sed -nE '/^  "damages": \[$/,/^  \]/s/^    "(.*)",?$/\1/p
        /^  "refused": \[$/,/^  \]/s/^ +"why": "(.*)",?$/\1/p' "$1"
}

record_packets() { # RUN.JSON: how many records the run read
    sed -nE 's/^    "records": ([0-9]+),?$/\1/p' "$1"
}

# done, damaged (what it held was used), stopped, failed, running, broken (ended without a word) or waiting. From files only: a run
# that lives writes its log at least every 30 s.
slice_state() { # MONTH INDEX
    local folder log
    folder=$(slice_folder "$1" "$2")
    log=$(slice_log "$1" "$2")
    if [ -n "$(find "$log" -newermt '-90 seconds' 2>/dev/null)" ] && [ ! -e "$folder/run.json" ]; then
        echo running
    elif [ -e "$folder/run.json" ]; then
        finished_state "$folder"
    elif [ -e "$log" ]; then
        echo broken
    else
        echo waiting
    fi
}

# A run that ended well but whose files never came into the month's folder is broken too: its job died between the two.
finished_state() { # SLICE-FOLDER
    case $(record_value "$1/run.json" exit_code)$([ -e "$1/published" ] || echo " unpublished") in
        0) echo "done" ;;
        65) echo damaged ;;
        75*) echo stopped ;;
        0* | 65*) echo broken ;;
        *) echo failed ;;
    esac
}
