#!/usr/bin/env bash
# What a cluster does to jobs: one rank killed at random moments (three; DARKFOREST_KILLS=10 for more), a signal in mid-window, a
# cancellation, a slurmd that dies and comes back, a node lost. After each, the same slice is submitted again (where Slurm does not do so itself), and the
# feature files are those of an undisturbed run; a window that was finished is not computed again, and nothing is left over. Takes the
# program, and a seed; skipped (77) without root or Slurm.
set -euo pipefail
# shellcheck source=tests/slurm/cluster.sh
. "$(dirname "$0")/cluster.sh"

hours=4
RANDOM=${2:-1}

ranks_of_job() {
    pgrep -f "^$work/darkforest extract" || true
}

wait_for_ranks() {
    for _ in $(seq 300); do
        [ "$(ranks_of_job | wc -l)" = 2 ] && return 0
        sleep 0.05
    done
    fail "no two ranks within 15 s"
}

submit() { # NAME
    mkdir -p "$work/$1/logs"
    (cd "$work/home" && in_cluster sbatch --parsable --array=0 -N 2 --ntasks-per-node=1 --time=5 --chdir="$work" \
        --export="ALL,DARKFOREST_HOME=$work/home" --output="$work/$1/logs/2017-01-%a.log" jobs/extract.sbatch "$work/$1.ini" 2017-01)
}

# Finished windows with their inodes: a window that is computed again gets another.
finished() { # NAME
    find "$work/$1/runs" -name 'features-*.h5' -printf '%f %i\n' | sort
}

check_round() { # NAME FINISHED-BEFORE
    local kept
    same_as_truth "$1"
    kept=$(finished "$1" | comm -12 - <(printf '%s\n' "$2") | grep -c . || true)
    [ "$kept" = "$(grep -c . <<<"$2" || true)" ] || fail "$1: a finished window was computed again"
    [ -z "$(find "$work/scratch" -mindepth 1 2>/dev/null)" ] || fail "$1: scratch files are left"
}

# Runs a disturbance on a fresh slice at a random moment, and has the slice finished.
disturb() { # NAME WHAT MAX-MILLISECONDS [SECONDS-TO-WAIT]
    local name=$1 before job
    write_campaign "$name" $hours srun "${hours}h" 2017-01
    job=$(submit "$name")
    wait_for_ranks
    sleep "$(awk -v r="$RANDOM" -v m="$3" 'BEGIN { print r / 32768 * m / 1000 }')"
    before=$(finished "$name")
    "$2" "$job"
    wait_for_queue "${4:-60}"
    if [ "$("$work/home/scripts/campaign-status.sh" "$work/$name.ini" | grep -c ' 1 done')" = 0 ]; then
        before=$(finished "$name")
        submit "$name" >/dev/null
        wait_for_queue 60
    fi
    check_round "$name" "$before"
    echo "$name: as if nothing had been ($(grep -c . <<<"$before" || true) windows were finished before)"
}

kill_a_rank() {
    local victims
    mapfile -t victims < <(ranks_of_job)
    [ ${#victims[@]} = 0 ] || kill -KILL "${victims[RANDOM % ${#victims[@]}]}" 2>/dev/null || true
}

signal_job() { # JOB
    in_cluster scancel --signal=USR1 --batch "$1" 2>/dev/null || true
}

cancel_job() { # JOB
    in_cluster scancel "$1"
}

# The node comes back only after Slurm has missed it.
lose_a_node() {
    testbed kill-node n2
    for _ in $(seq 120); do
        case $(in_cluster sinfo -h -N -n n2 -o %T) in down*) break ;; esac
        sleep 0.5
    done
    testbed start-node n2
}

restart_slurmd() {
    pkill -KILL -f '^slurmd -D -N n2' || true
}

# A task that stopped with work left goes back into the queue alone, also as the last of its array, which Slurm knows by the array's number.
# Each run of a task leaves a line; the first of the last task stops, its second finds that it was put back.
requeue_alone() {
    local array
    mkdir -p "$work/requeue"
    cat >"$work/requeue/job.sh" <<'EOF'
#!/usr/bin/env bash
. "$1/scripts/job.sh"
echo run >>"$2/$SLURM_ARRAY_TASK_ID"
[ "$SLURM_ARRAY_TASK_ID" != 1 ] || [ "$(grep -c . "$2/1")" -gt 1 ] || leave 75
sleep 10
echo end >>"$2/$SLURM_ARRAY_TASK_ID"
EOF
    array=$(in_cluster sbatch --parsable --requeue --array=0-1 --ntasks=1 --time=5 --chdir="$work" --output="$work/requeue/%a.log" \
        "$work/requeue/job.sh" "$work/home" "$work/requeue")
    for _ in $(seq 60); do
        [ "$(grep -c . "$work/requeue/0" 2>/dev/null)" != 2 ] || break
        sleep 0.5
    done
    [ "$(tr '\n' ' ' <"$work/requeue/0")" = "run end " ] || fail "requeue: the other task of the array ran again, or not to its end"
    in_cluster squeue -h -r -j "$array" -o '%K %r' | grep -q '^1 BeginTime' || fail "requeue: the task was not put back"
    in_cluster scancel "$array"
    wait_for_queue 60
    echo "requeue: a task goes back alone"
}

main() {
    local round
    cluster_start "$1"
    make_archive $hours 1000000 2017-01
    make_truth $hours 2017-01
    requeue_alone
    for round in $(seq "${DARKFOREST_KILLS:-3}"); do disturb "kill-$round" kill_a_rank 1000; done
    disturb signal signal_job 700
    disturb cancel cancel_job 700
    disturb slurmd restart_slurmd 700
    disturb node lose_a_node 700 120 # Slurm lets a job whose node was lost wait before it starts again
}

main "$@"
