# Sourced by the batch scripts of jobs/: darkforest under the launcher, stopped in good order, put back into the queue with work left.
# shellcheck shell=bash
#
#     DARKFOREST            the program; by default the one on PATH, else this tree's release build
#     DARKFOREST_LAUNCHER   srun (by PMIx) or mpirun; by default what the campaign file says, else srun
#     DARKFOREST_TRIES      how often a job that stopped with work left is put back into the queue; the same, else 5

# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

was_signalled=0
was_cancelled=0
launched=
beginning=60 # seconds in which a rank that is killed has most likely not begun to work

# What the campaign says of the launcher and of tries, where submit-campaign.sh has not handed it on.
job_settings() {
    : "${DARKFOREST_LAUNCHER:=$(campaign_value slurm launcher srun)}" "${DARKFOREST_TRIES:=$(campaign_value slurm tries 5)}"
}

# This job by the id that means it alone: the last task of an array has the number of the array, which means all of its tasks.
own_job_id() {
    echo "${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_}${SLURM_ARRAY_TASK_ID:-${SLURM_JOB_ID:-0}}"
}

# A minute before Slurm will end this job, should its signal not have come, in seconds of the epoch; nothing outside of a job or without a
# limit.
job_deadline() {
    local end
    end=$(squeue -h -j "$(own_job_id)" -o %e 2>/dev/null) || return 0
    end=$(date -d "$end" +%s 2>/dev/null) || return 0
    echo $((end - 60))
}

# Slurm signals the batch script (--signal=B:USR1@120, scancel); the ranks hear it from here, in the one form both launchers pass on.
# After a cancellation nothing is put back into the queue.
stop_in_good_order() { # SIGNAL
    was_signalled=1
    [ "$1" != TERM ] || was_cancelled=1
    echo "job: $1 received, stopping in good order"
    [ -z "$launched" ] || kill -USR1 "$launched" 2>/dev/null || true
}

# Runs the launcher to its end; its exit code.
run_launcher() { # COMMAND...
    local code=0
    "$@" &
    launched=$!
    # A signal ends `wait` early: wait until the launcher itself has ended.
    while wait "$launched" || code=$?; kill -0 "$launched" 2>/dev/null; do code=0; done
    launched=
    return "$code"
}

# Whether an exit code is none of the program's, and the launcher should be asked again:
# - mpirun's own, 1, mostly says that it could not begin: all mpiruns of a user on a node, and the daemons (orted) by which Open MPI 4
#   reaches the other nodes of a job, make the same folder, ompi.HOST.UID, and each removes it when it is empty, under the feet of one that
#   starts at that moment;
# - ranks crash now and then while MPI begins, on a busy node. (srun tells how the last of them ended, whom it killed for the first one's sake.)
could_not_begin() { # CODE SECONDS
    [ "$1" = "$launcher_failed" ] || { [ "$1" -gt 128 ] && [ "$2" -lt "$beginning" ]; }
}

# Runs darkforest on all tasks of the job; its exit code.
launch() { # ARGUMENT...
    local launcher=(mpirun) launcher_failed=1 tries=3 began=$SECONDS program code=0
    program=$(darkforest_program) || return
    if [ "${DARKFOREST_LAUNCHER:=srun}" != mpirun ]; then
        # The first rank makes the report when the others have left: however long it takes.
        launcher=(srun --mpi=pmix --kill-on-bad-exit=1 --wait=0)
        launcher_failed=none
    fi
    trap 'stop_in_good_order USR1' USR1
    trap 'stop_in_good_order TERM' TERM
    run_launcher "${launcher[@]}" "$program" "$@" || code=$?
    while could_not_begin "$code" $((SECONDS - began)) && ((--tries > 0)); do
        [ "$was_signalled" = 0 ] || return 75
        echo "job: ${launcher[0]} ended with $code, which is not the program's: once more"
        code=0 began=$SECONDS
        run_launcher "${launcher[@]}" "$program" "$@" || code=$?
    done
    return "$code"
}

# Leaves the job with a code. 75 means work left: back into the queue, unless the user stopped it or it had its tries.
leave() { # CODE
    trap '' USR1 TERM
    if [ "$1" = 75 ] && [ "$was_cancelled" = 0 ] && [ -n "${SLURM_JOB_ID:-}" ] && [ ! -e "${stop_file:-/nonexistent}" ]; then
        if [ "${SLURM_RESTART_COUNT:-0}" -lt "${DARKFOREST_TRIES:-5}" ]; then
            echo "job: work is left; back into the queue (try $((${SLURM_RESTART_COUNT:-0} + 1)))"
            scontrol requeue "$(own_job_id)" && sleep 60 # until Slurm ends this run
            echo "job: Slurm did not take it back; submit again to go on"
        else
            echo "job: work is left and the tries are used up; submit again to go on"
        fi
    fi
    exit "$1"
}
