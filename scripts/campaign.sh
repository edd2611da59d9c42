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
window_seconds=
campaign_entries=()                    # SECTION|KEY in the order of the file; the bar is the byte 0x1f
declare -A campaign_values=()          # by SECTION|KEY
declare -A month_first=() month_end=() # seconds of the epoch, by month

# The keys of [slurm]: those that are options of sbatch, and those for the scripts. src/app/campaign.c has the same list.
sbatch_keys=(nodes ntasks-per-node time partition qos account mem constraint reservation mail-user mail-type)
script_keys=(slice tasks-at-once launcher tries)

# LINE|SECTION-LINE|SECTION|KEY|VALUE of each entry, read as the program reads it (inih and src/core/ini.c): indented lines are lines, a
# comment begins with ; or # or further on with a blank and ;, the first = or : ends the key. What is no such line, and a section or a key
# given twice (nobody can tell which was meant), is refused in the program's words.
read_entries() {
    LC_ALL=C awk '
        function refuse(line, why) {
            print "error: " FILENAME ":" line ": " why >"/dev/stderr"
            exit 78
        }
        function trimmed(text) {
            sub(/^[[:space:]]+/, "", text)
            sub(/[[:space:]]+$/, "", text)
            return text
        }
        BEGIN { OFS = "\037" }
        NR == 1 { sub(/^\357\273\277/, "") }
        { line = trimmed($0) }
        line ~ /^[;#]/ || line == "" { next }
        match(line, /[[:space:]];/) { line = substr(line, 1, RSTART - 1) }
        line ~ /^\[.*\]/ { section = substr(line, 2, index(line, "]") - 2); section_line = NR; next }
        line ~ /^\[/ || !match(line, /[=:]/) { refuse(NR, "not a line of `key = value`, `[section]` or a comment") }
        {
            key = trimmed(substr(line, 1, RSTART - 1))
            if (length(section) > 48) refuse(section_line, "the name of the section is longer than 48 bytes")
            if (section in lines && lines[section] != section_line)
                refuse(section_line, "there are two sections [" section "]: the other one is in line " lines[section])
            if ((section, key) in keys)
                refuse(NR, "\"" key "\" is given twice in section [" section "]: first in line " keys[section, key])
            lines[section] = section_line
            keys[section, key] = NR
            print NR, section_line + 0, section, key, trimmed(substr(line, RSTART + 1))
        }' "$campaign"
}

is_slurm_key() { # KEY
    local key
    for key in "${sbatch_keys[@]}" "${script_keys[@]}"; do
        [ "$key" != "$1" ] || return 0
    done
    return 1
}

# The keys of [slurm] are known here, those of the other sections to the program.
refuse_unknown() { # LINE SECTION-LINE SECTION KEY
    case $3 in
        '') die 78 "$campaign:$1: '$4' stands in no section" ;;
        campaign | "month "* | devices | extract | label | train) ;;
        slurm) is_slurm_key "$4" || die 78 "$campaign:$1: [slurm] has no key '$4'" ;;
        *) die 78 "$campaign:$2: there is no section [$3]" ;;
    esac
}

read_campaign() {
    local entries line section_line section key value
    entries=$(read_entries) || exit
    while IFS=$'\x1f' read -r line section_line section key value; do
        [ -n "$line" ] || continue
        refuse_unknown "$line" "$section_line" "$section" "$key"
        campaign_entries+=("$section"$'\x1f'"$key")
        campaign_values["$section"$'\x1f'"$key"]=$value
    done <<<"$entries"
}

# The value of KEY in [SECTION], else the default.
campaign_value() { # SECTION KEY [DEFAULT]
    printf '%s\n' "${campaign_values["$1"$'\x1f'"$2"]-${3:-}}"
}

campaign_keys() { # SECTION
    local entry
    for entry in "${campaign_entries[@]}"; do
        [ "${entry%$'\x1f'*}" != "$1" ] || printf '%s\n' "${entry#*$'\x1f'}"
    done
}

campaign_months() {
    local entry
    for entry in "${campaign_entries[@]}"; do
        case $entry in "month "*) entry=${entry#month } ;; *) continue ;; esac
        printf '%s\n' "${entry%$'\x1f'*}"
    done | uniq
}

# Paths of a list, each counted from the folder of the campaign file.
absolute_paths() { # PATH...
    local path
    for path in "$@"; do
        case $path in /*) printf '%s\n' "$path" ;; *) printf '%s\n' "$campaign_folder/$path" ;; esac
    done
}

# 2017-01-01, 2017-01-01T03, 2017-01-01T03:30[:05], all UTC, or seconds of the epoch; as seconds of the epoch.
seconds_of_time() { # SECTION KEY
    local given time date='^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}(:[0-9]{2}){0,2})?$'
    given=$(campaign_value "$1" "$2")
    if [[ $given =~ ^[0-9]{1,10}$ ]] && ((10#$given < 9223372036)); then
        echo $((10#$given))
        return
    fi
    time=${given%Z}
    time=${time/ /T}
    case $time in *T??) time=$time:00 ;; esac
    { [[ $time =~ $date && $time > 1970-01 && $time < 2262-01 ]] && date -u -d "$time UTC" +%s 2>/dev/null; } ||
        die 78 "$campaign: [$1] $2 is not a time: '$given' (a slice begins and ends with a whole second)"
}

# 90, 30s, 5m, 0.5h, 1d, as the program has them; a whole second or more of them.
seconds_of_duration() { # SECTION KEY DEFAULT
    local given
    given=$(campaign_value "$1" "$2" "$3")
    LC_ALL=C awk -v text="$given" 'BEGIN {
        n = split("s 1e9 ms 1e6 us 1e3 ns 1 m 60e9 min 60e9 h 3600e9 d 86400e9", words, " ")
        ns[""] = 1e9
        for (i = 1; i < n; i += 2) ns[words[i]] = words[i + 1]
        text = tolower(text)
        if (!match(text, /^([0-9]+[.]?[0-9]*|[.][0-9]+)(e[-+]?[0-9]+)?/)) exit 1
        unit = substr(text, RLENGTH + 1)
        length_ns = int(substr(text, 1, RLENGTH) * ns[unit] + 0.5)
        if (!(unit in ns) || length_ns < 1e9 || length_ns % 1e9) exit 1
        printf "%.0f\n", length_ns / 1e9
    }' || die 78 "$campaign: [$1] $2 is not a duration of whole seconds: '$given'"
}

stamp() { # SECONDS
    TZ=UTC printf '%(%Y%m%dT%H%M%S)T' "$1"
}

is_name() { # TEXT
    local LC_ALL=C # letters are those of ASCII
    [[ $1 =~ ^[A-Za-z0-9_-][A-Za-z0-9._-]*$ ]]
}

campaign_open() { # FILE
    [ -f "$1" ] && [ -r "$1" ] || die 66 "$1: no such campaign file, or it may not be read"
    campaign_folder=$(cd "$(dirname "$1")" && pwd)
    campaign=$campaign_folder/$(basename "$1")
    read_campaign
    name=$(campaign_value campaign name "$(basename "$1" .ini)")
    output=$(campaign_value campaign output)
    is_name "$name" || die 78 "$campaign: [campaign] name (absent: the file's) is made of letters, digits, . _ -: '$name'"
    [ -n "$output" ] || die 78 "$campaign: [campaign] names no output"
    [ -n "$(campaign_value devices files none)" ] ||
        die 78 "$campaign: [devices] files names none: without the key every source is kept"
    output=$(absolute_paths "$output")
    window_seconds=$(seconds_of_duration extract window 1h) || exit
    # An hour, or the whole windows that are not shorter.
    slice_seconds=$(seconds_of_duration slurm slice "$(((3600 + window_seconds - 1) / window_seconds * window_seconds))s") || exit
    # A slice holds whole windows: otherwise two tasks would write one window.
    ((slice_seconds % window_seconds == 0)) || die 78 "$campaign: [slurm] slice must be a multiple of [extract] window"
    check_slurm
    read_months
}

# A whole number of at least LEAST, where the key is given.
check_count() { # KEY LEAST
    local given
    given=$(campaign_value slurm "$1" "$2")
    [[ $given =~ ^[0-9]{1,9}$ ]] && ((10#$given >= $2)) ||
        die 78 "$campaign: [slurm] $1 is not a whole number from $2 on: '$given'"
}

# What the scripts themselves go by; of the other keys Slurm knows best what it takes (`nodes = 2-4`, say).
check_slurm() {
    local launcher
    check_count tasks-at-once 1
    check_count tries 0
    check_count ntasks-per-node 1
    launcher=$(campaign_value slurm launcher srun)
    case $launcher in
        srun | mpirun) ;;
        *) die 78 "$campaign: [slurm] launcher is neither srun nor mpirun: '$launcher'" ;;
    esac
}

read_months() {
    local month key
    while IFS= read -r month; do
        is_name "$month" || die 78 "$campaign: [month $month]: the name of a month is made of letters, digits, . _ -"
        for key in from to archive; do
            [ -n "$(campaign_value "month $month" "$key")" ] || die 78 "$campaign: [month $month] names no $key"
        done
        month_first[$month]=$(seconds_of_time "month $month" from) || exit
        month_end[$month]=$(seconds_of_time "month $month" to) || exit
        ((month_first[$month] < month_end[$month])) || die 78 "$campaign: [month $month] ends before it begins"
        ((month_first[$month] % window_seconds == 0)) ||
            die 78 "$campaign: [month $month] does not begin where a window begins"
    done < <(campaign_months)
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

# A number or text at the top of a run record; nothing when it is null or not there.
record_value() { # RUN.JSON KEY
    [ ! -e "$1" ] || sed -nE "/^  \"$2\": /!d; s///; s/,\$//; /^null\$/d; s/^\"(.*)\"\$/\1/; s/\\\\([\"\\\\])/\\1/g; p" "$1"
}

# Its exit code and its error, if it tells one.
record_ending() { # RUN.JSON
    local error
    error=$(record_value "$1" error)
    echo "exit $(record_value "$1" exit_code)${error:+: $error}"
}

# Whether a run used what its damaged inputs held: 65, and no error.
used_damaged() { # RUN.JSON
    [ "$(record_value "$1" exit_code)" = 65 ] && [ -z "$(record_value "$1" error)" ]
}

# Lines that name the damaged inputs of a run.
record_damages() { # RUN.JSON
    [ ! -e "$1" ] || sed -nE '/^  "damages": \[$/,/^  \]/s/^    "(.*)",?$/\1/p
        /^  "refused": \[$/,/^  \]/s/^ +"why": "(.*)",?$/\1/p' "$1"
}

# How many records were read and in how many seconds, by the last run and by earlier ones into the same place; a run that found all
# finished read none, and its time is not counted.
record_sums() { # RUN.JSON
    LC_ALL=C awk '/^ +"records": [0-9]/ { n = $2 + 0 }
        /^ +"wall_seconds": / { if (n > 0) { records += n; seconds += $2 } n = 0 }
        END { printf "%.0f %.6f\n", records, seconds }' "$1"
}

# Whether the month's folder holds all windows of a slice; with RUN.JSON, each newer than that: what the slice's own run last said, if it
# said anything, and `reproduce` has been there since. (It writes a file for every window, and a file that is there is whole.)
has_windows() { # MONTH INDEX [RUN.JSON]
    local at=$((month_first[$1] + $2 * slice_seconds)) file
    local end=$((at + slice_seconds))
    for (( ; at < end && at < month_end[$1]; at += window_seconds)); do
        TZ=UTC printf -v file '%s/features/%s/features-%(%Y%m%dT%H%M%S)T.h5' "$output" "$1" "$at"
        [ "$file" -nt "${3:-}" ] || return 1
    done
}

# done, damaged (what it held was used), stopped, failed, running, broken (ended without a word) or waiting. From files only: a run
# that lives writes its log at least every 30 s.
slice_state() { # MONTH INDEX
    local folder log state=waiting
    folder=$(slice_folder "$1" "$2")
    log=$(slice_log "$1" "$2")
    if [ -e "$folder/run.json" ]; then
        state=$(finished_state "$1" "$2" "$folder")
    elif [ -d "$folder" ] && [ -e "$log" ]; then # the log of a folder that was taken away tells of no task
        state=broken
        [ -z "$(find "$log" -newermt '-180 seconds')" ] || state=running
    fi
    case $state in
        stopped | failed | broken | waiting) ! has_windows "$1" "$2" "$folder/run.json" || state="done" ;;
    esac
    echo "$state"
}

# A run that ended well but whose files are not all in the month's folder is broken too: its job died between the two, the slice was
# shorter then, or a file was taken away.
finished_state() { # MONTH INDEX SLICE-FOLDER
    local code
    code=$(record_value "$3/run.json" exit_code)
    if [ "$code" = 75 ]; then
        echo stopped
    elif [ "$code" != 0 ] && ! used_damaged "$3/run.json"; then
        echo failed
    elif [ ! -e "$3/published" ] || ! has_windows "$1" "$2"; then
        echo broken
    elif [ "$code" = 0 ]; then
        echo "done"
    else
        echo damaged
    fi
}

# Whether every model and every result that the campaign asks for is there.
has_models() {
    local months month learners learner
    mapfile -t months < <(campaign_months)
    learners=$(campaign_value train learners all)
    [ "$learners" != all ] || learners="forest boosting adaboost bayes"
    for month in "${months[@]}"; do
        for learner in $learners; do
            [ -e "$output/models/$month/$learner.h5" ] || return 1
            [ "$month" = "${months[0]}" ] || [ -e "$output/results/${months[0]}/$learner-on-$month.h5" ] || return 1
        done
    done
}

# Whether the campaign file was saved since the run that a record is of began: that run has read it as it was then.
saved_since() { # RUN.JSON
    local began
    began=$(date -u -d "$(record_value "$1" started)" +%s 2>/dev/null) || return 1
    [ "$(stat -c %Y "$campaign")" -gt "$began" ]
}

# done, not yet, "older than" what, "without" what (the report is made when the run record is closed and can be cut short by a time limit),
# or "exit" with the code of the run that was to make them.
tables_state() {
    local record=$output/run.json code
    code=$(record_value "$record" exit_code)
    if [ -z "$code" ]; then
        echo "not yet"
    elif saved_since "$record"; then
        echo "older than the campaign file"
    elif [ -n "$(find "$output/features" -name 'features-*.h5' -newer "$record" -print -quit 2>/dev/null)" ]; then
        echo "older than the features"
    elif [ "$code" != 0 ] && ! used_damaged "$record"; then
        echo "exit $code"
    elif ! has_models || [ ! -e "$output/tables.md" ]; then
        echo "without all of their models, results and tables.md"
    elif [ -e "$output/report/report.html" ] && ! [ "$record" -nt "$output/report/report.html" ]; then
        echo "done"
    else
        echo "without their report; the log of the job says why"
    fi
}
