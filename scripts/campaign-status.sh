#!/usr/bin/env bash
# How far a campaign has come, read from its files alone: no accounting, no queue is asked.
#
#     scripts/campaign-status.sh [--all] [--verify] CAMPAIGN.ini
#
# A line for each slice that is running, stopped, failed or broken (every slice with --all), one for each damaged input with the slices
# that it belongs to, then the sums. --verify reads every finished file and proves it whole. Ends with 74 when a slice failed or is
# broken, else 75 when work is left, else 65 when a damaged input is among what is done or a finished file is not whole, and with 0 when all
# is well. (Any other code is that of the job for models and tables, or of `darkforest verify`: 74 when it could not read a file.)
set -euo pipefail
# shellcheck source=scripts/campaign.sh
. "$(dirname "$0")/campaign.sh"

declare -A count=([done]=0 [damaged]=0 [stopped]=0 [failed]=0 [running]=0 [broken]=0 [waiting]=0)
declare -A damaged_slices=() # by what is damaged
packets=0
seconds=0
all=0
verify=0
files=() # the campaign's

last_line() { # MONTH INDEX
    [ ! -e "$(slice_log "$1" "$2")" ] || tail -n 1 "$(slice_log "$1" "$2")"
}

# Why a slice is as it is, in one line.
slice_why() { # STATE MONTH INDEX
    local record folder
    folder=$(slice_folder "$2" "$3")
    record=$folder/run.json
    case $1 in
        damaged) record_damages "$record" | head -n 1 ;;
        failed | stopped) record_ending "$record" ;;
        broken)
            if [ -e "$folder/published" ]; then
                echo "not all of its files are in $output/features/$2"
            else
                last_line "$2" "$3"
            fi
            ;;
        running) last_line "$2" "$3" ;;
    esac
}

add_record() { # RUN.JSON
    local records its_seconds
    [ -e "$1" ] || return 0
    read -r records its_seconds < <(record_sums "$1")
    packets=$((packets + records))
    seconds=$(LC_ALL=C awk -v a="$seconds" -v b="$its_seconds" 'BEGIN { printf "%.6f", a + b }')
}

add_damages() { # MONTH INDEX
    local what
    while read -r what; do
        damaged_slices[$what]+=" $(stamp "$(slice_from "$1" "$2")")"
    done < <(record_damages "$(slice_folder "$1" "$2")/run.json")
}

# What `reproduce` extracted stands in one record for the month; a damaged input is told with the month instead of slices.
add_month() { # MONTH
    local what record=$output/features/$1/run.json
    add_record "$record"
    while read -r what; do
        damaged_slices[$what]+=" $1"
    done < <(record_damages "$record")
}

# Each damaged input, and the slices that may lack packets for it; of many, the first.
show_damages() {
    local what slices
    while read -r what; do
        [ -n "$what" ] || continue
        read -ra slices <<<"${damaged_slices[$what]}"
        printf 'damaged    %s (slices: %s%s)\n' "$what" "${slices[*]:0:4}" "$([ ${#slices[@]} -le 4 ] || echo " and $((${#slices[@]} - 4)) more")"
    done < <(printf '%s\n' "${!damaged_slices[@]}" | sort)
}

# Whether all finished files are as they were written; those that are not are named.
verify_files() {
    local files program said code=0
    program=$(darkforest_program) || exit
    mapfile -t files < <(find "$output/features" "$output/models" "$output/results" -name '*.h5' 2>/dev/null | sort)
    [ ${#files[@]} -gt 0 ] || return 0
    said=$("$program" verify --quiet "${files[@]}") || code=$?
    if [ $code = 0 ]; then
        echo "${#files[@]} finished files are whole"
    else
        grep -E ': (NOT whole|not verified): ' <<<"$said" || die $code "the files could not be verified: $program ended with $code"
        return $code
    fi
}

show_month() { # MONTH
    local index n state folder by_reproduce=0
    n=$(n_slices "$1")
    for ((index = 0; index < n; index++)); do
        state=$(slice_state "$1" "$index")
        folder=$(slice_folder "$1" "$index")
        count[$state]=$((count[$state] + 1))
        case $state in
            done | damaged) add_record "$folder/run.json" ;;&
            done) [ -e "$folder/published" ] || by_reproduce=1 ;;
            damaged) add_damages "$1" "$index" ;;
        esac
        case $state in done | damaged | waiting) [ "$all" = 1 ] || continue ;; esac
        printf '%-10s %-16s %-8s %s\n' "$1" "$(stamp "$(slice_from "$1" "$index")")" "$state" "$(slice_why "$state" "$1" "$index")"
    done
    [ "$by_reproduce" = 0 ] || add_month "$1"
}

show_sums() {
    local state n=0 text=
    for state in "done" damaged running stopped failed broken waiting; do
        n=$((n + count[$state]))
        [ "${count[$state]}" = 0 ] || text+=", ${count[$state]} $state"
    done
    echo "$name: $n slices${text}"
    LC_ALL=C awk -v p="$packets" -v s="$seconds" 'BEGIN {
        printf "%.0f records read in %.0f s of extraction", p, s
        if (s > 0) printf ", %.2f million a second and task", p / s / 1e6
        print "" }'
}

show_tables() {
    local state
    state=$(tables_state)
    case $state in
        "done") echo "tables: done, $output/report/report.html" ;;
        exit*) echo "tables: $(record_ending "$output/run.json")" ;;
        *) echo "tables: $state" ;;
    esac
    [ ! -e "$output/STOP" ] || echo "stopped by $output/STOP; remove it and submit again to go on"
    case $state in
        "done" | exit*) tables_code=$(record_value "$output/run.json" exit_code) ;;
        *) tables_code=75 ;;
    esac
}

read_words() { # WORD...
    local word
    for word in "$@"; do
        case $word in
            --all) all=1 ;;
            --verify) verify=1 ;;
            --help | -h) show_use; exit 0 ;;
            -*) die 64 "there is no option $word; --help says which there are" ;;
            *) files+=("$word") ;;
        esac
    done
    [ ${#files[@]} -eq 1 ] || die 64 "usage: campaign-status.sh [--all] [--verify] CAMPAIGN.ini"
}

main() {
    local month whole=0
    read_words "$@"
    campaign_open "${files[0]}"
    [ ! -e "$output" ] || { [ -r "$output" ] && [ -x "$output" ]; } || die 74 "$output cannot be read: Permission denied"
    for month in $(campaign_months); do show_month "$month"; done
    show_damages
    show_sums
    show_tables
    [ "$verify" = 0 ] || verify_files || whole=$?
    [ $((count[failed] + count[broken])) = 0 ] || exit 74
    [ $((count[stopped] + count[running] + count[waiting])) = 0 ] || exit 75
    [ "$tables_code" = 0 ] || exit "$tables_code"
    [ "${count[damaged]}$whole" = 00 ] || exit 65
}

main "$@"
