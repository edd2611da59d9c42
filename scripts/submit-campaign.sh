#!/usr/bin/env bash
# Submits what is missing of a campaign: one array of extraction tasks a month, and after all of them the job that trains, judges and
# reports. Run it again at any time: finished slices and those in the queue are left alone.
#
#     scripts/submit-campaign.sh [--dry-run] CAMPAIGN.ini
#
# Prints a line for each job with its id; with --dry-run the commands, and submits nothing. What `darkforest reproduce --dry-run` refuses
# is refused first, with its exit code. Ends with 0 when jobs were submitted or nothing is left to do.
set -euo pipefail
# shellcheck source=scripts/campaign.sh
. "$(dirname "$0")/campaign.sh"

dry_run=0
waits_for=() # what is in the queue: new extraction arrays by their ids, tasks of older ones as ID_INDEX
submitted=0
jobs=    # what the names of all jobs begin with
files=() # the campaign's
queue=   # the user's tasks: job name, array, index

# What [slurm] says, as options of sbatch; keys that it does not give are left to Slurm.
shape() {
    local key value
    for key in "${sbatch_keys[@]}"; do
        value=$(campaign_value slurm "$key")
        [ -z "$value" ] || printf '%s\n' "--$key=$value"
    done
}

# Submits and prints the job's id; with --dry-run prints the command instead.
submit() { # WHAT SBATCH-ARGUMENT...
    local what=$1 options id
    shift
    mapfile -t options < <(shape)
    if [ "$dry_run" = 1 ]; then
        printf '%s: sbatch' "$what" >&2
        printf ' %q' "${options[@]}" "$@" >&2
        echo >&2
        echo DRY
        return
    fi
    id=$(sbatch --parsable "${options[@]}" "$@") || die 74 "$what: sbatch refused the job"
    id=${id%%;*}
    echo "$what: job $id" >&2
    echo "$id"
}

# What is queued already is not submitted again: where Slurm does not say what is, nothing is submitted.
ask_queue() {
    queue=$(squeue -h -r -u "$(id -un)" -o '%j %F %K') && return
    [ "$dry_run" = 1 ] || die 75 "squeue does not answer: nothing was submitted"
    echo "warning: squeue does not answer: what is in the queue already is not known" >&2
}

# "array-id task-index" of each task in the queue under a job name.
queued_tasks() { # JOB-NAME
    awk -v name="$1" '$1 == name { print $2, $3 }' <<<"$queue"
}

# 0,1,2,5 -> 0-2,5
as_ranges() {
    awk 'NR == 1 { first = last = $1; next } $1 == last + 1 { last = $1; next } { print_range(); first = last = $1 }
        function print_range() { out = out (out == "" ? "" : ",") (first == last ? first : first "-" last) }
        END { if (NR) { print_range(); print out } }'
}

missing_slices() { # MONTH QUEUED-INDEX...
    local index state
    for ((index = 0; index < $(n_slices "$1"); index++)); do
        case " ${*:2} " in *" $index "*) continue ;; esac
        state=$(slice_state "$1" "$index")
        case $state in done | damaged) ;; *) echo "$index" ;; esac
    done
}

# A slice's log counts with its folder: so a job that dies before its first command is seen to be broken. Older logs are of no task.
make_folders() { # MONTH INDEX...
    local index
    for index in "${@:2}"; do
        [ -d "$(slice_folder "$1" "$index")" ] || [ ! -e "$(slice_log "$1" "$index")" ] ||
            mv -f "$(slice_log "$1" "$index")" "$(slice_log "$1" "$index").old"
        mkdir -p "$(slice_folder "$1" "$index")" || exit 74
    done
}

submit_month() { # MONTH
    local job=$jobs-$1 array id index indexes=() missing
    while read -r id index; do
        waits_for+=("${id}_$index")
        indexes+=("$index")
    done < <(queued_tasks "$job")
    mapfile -t missing < <(missing_slices "$1" "${indexes[@]}")
    [ ${#missing[@]} -gt 0 ] || return 0
    array=$(printf '%s\n' "${missing[@]}" | as_ranges)
    [ "$dry_run" = 1 ] || make_folders "$1" "${missing[@]}"
    id=$(submit "extract $1, slices $array" --job-name="$job" --array="$array%$(campaign_value slurm tasks-at-once 24)" \
        --chdir="$campaign_folder" --output="$output/logs/$1-%a.log" "$root/jobs/extract.sbatch" "$campaign" "$1")
    waits_for+=("$id")
    submitted=1
}

# The dependency on all of them: afterok:1_4:1_5:2. Of an older array those tasks alone that are still to come: others of it have failed,
# perhaps, and are in a newer one.
after_all() {
    [ ${#waits_for[@]} -eq 0 ] || printf '%s\n' "${waits_for[@]}" | sort -u | tr '\n' ':' | sed 's/:$//; s/^/--dependency=afterok:/'
}

submit_rest() {
    local job=$jobs-tables dependency waiting=()
    mapfile -t waiting < <(queued_tasks "$job" | cut -d' ' -f1)
    if [ "$submitted" = 0 ]; then
        [ ${#waiting[@]} -eq 0 ] || return 0
        [ "$(tables_state)" != "done" ] || return 0
    elif [ ${#waiting[@]} -gt 0 ] && [ "$dry_run" = 0 ]; then
        # It waits for arrays of before: the new ones must be waited for too.
        scancel "${waiting[@]}"
    fi
    dependency=$(after_all)
    submit "train, judge, report" --job-name="$job" --chdir="$campaign_folder" --output="$output/logs/tables.log" \
        ${dependency:+"$dependency" --kill-on-invalid-dep=yes} "$root/jobs/reproduce.sbatch" "$campaign" >/dev/null
    submitted=1
}

# What the program refuses is not submitted: it reads the file as the jobs will. Where it cannot run at all (built for the nodes, not for
# this machine), the jobs must find out.
ask_program() { # FILE
    local program code=0
    program=$(darkforest_program) || exit
    (mpi_environment && env -u SLURM_PROCID "$program" reproduce --dry-run --quiet "$1" >/dev/null) || code=$?
    case $code in
        0) ;;
        6[4-9] | 7[0-8]) exit "$code" ;;
        *) echo "warning: $program does not run here (exit $code): $1 was not checked by it" >&2 ;;
    esac
}

read_words() { # WORD...
    local word
    for word in "$@"; do
        case $word in
            --dry-run) dry_run=1 ;;
            --help | -h) show_use; exit 0 ;;
            -*) die 64 "there is no option $word; --help says which there are" ;;
            *) files+=("$word") ;;
        esac
    done
    [ ${#files[@]} -eq 1 ] || die 64 "usage: submit-campaign.sh [--dry-run] CAMPAIGN.ini"
}

main() {
    local month
    read_words "$@"
    command -v sbatch >/dev/null || die 78 "there is no Slurm here; darkforest reproduce ${files[0]} does the same as one MPI job"
    ask_program "${files[0]}"
    campaign_open "${files[0]}"
    [ -z "${month_first[tables]:-}" ] || die 78 "$campaign: [month tables]: the job behind all months is called so"
    case $output in
        *[%\\]*) die 78 "$output: Slurm takes % and \\ in the names of logs for something else: choose another [campaign] output" ;;
    esac
    # Campaigns of one name have jobs of their own.
    jobs=df-$name-$(realpath -m "$output" | cksum | cut -d ' ' -f 1)
    [ ! -e "$output/STOP" ] || die 75 "$output/STOP stops this campaign; remove it to go on"
    unset "${!SQUEUE_@}" # all of the queue is asked for
    ask_queue
    unset SBATCH_EXPORT # the jobs need what is exported here
    export DARKFOREST_HOME=$root
    [ -z "${DARKFOREST:-}" ] || DARKFOREST=$(realpath -s "$DARKFOREST") # the jobs begin elsewhere
    DARKFOREST_LAUNCHER=$(campaign_value slurm launcher srun)
    DARKFOREST_TRIES=$(campaign_value slurm tries 5)
    export DARKFOREST_LAUNCHER DARKFOREST_TRIES
    [ "$dry_run" = 1 ] || mkdir -p "$output/logs" || exit 74
    for month in $(campaign_months); do submit_month "$month"; done
    submit_rest
    [ "$submitted" = 1 ] || echo "nothing is missing: $(dirname "$0")/campaign-status.sh ${files[0]} says more" >&2
}

main "$@"
