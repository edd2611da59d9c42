#!/usr/bin/env bash
# A real Slurm cluster of two nodes on one machine, to try jobs and to test them: slurmctld, and two slurmd, each in namespaces of its
# own with its own host name, processes, /dev/shm and /tmp. Needs root, and the packages of group slurm in scripts/packages.txt.
#
#     slurm-testbed.sh up              start; comes back when both nodes are idle
#     slurm-testbed.sh run COMMAND...  run a command as a user of this cluster (sbatch, srun, squeue, a script, ...)
#     slurm-testbed.sh status          nodes and jobs
#     slurm-testbed.sh kill-node n1    power off a node: all its processes die at once
#     slurm-testbed.sh start-node n1   and switch it on again
#     slurm-testbed.sh down            end all of it and remove its state
#
# Its state lies in $DARKFOREST_TESTBED (/tmp/darkforest-slurm unless set), which is also the one folder under /tmp that both nodes
# share; what jobs read and write belongs there or outside /tmp. CPUS_PER_NODE (4) may be more than the machine has.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "$0")/common.sh"

state=${DARKFOREST_TESTBED:-/tmp/darkforest-slurm}
nodes=(n1 n2)
controller_port=16817 # n1 and n2 listen on the next two

write_configuration() {
    cat >"$state/etc/slurm.conf" <<END
ClusterName=darkforest
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmctldPort=$controller_port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# Short-lived credentials: a job that is put back into the queue starts again only after they have expired.
AuthInfo=socket=$state/munge/socket,cred_expire=10
CryptoType=crypto/munge
StateSaveLocation=$state/controller
SlurmdSpoolDir=$state/spool
SlurmctldPidFile=$state/run/slurmctld.pid
SlurmdPidFile=$state/run/slurmd-%n.pid
SlurmctldLogFile=$state/log/slurmctld.log
SlurmdLogFile=$state/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SlurmdTimeout=10
KillWait=5
ReturnToService=2
SchedulerParameters=batch_sched_delay=1,sched_min_interval=100000
MaxArraySize=2001
NodeName=n1 NodeHostname=n1 NodeAddr=127.0.0.1 Port=$((controller_port + 1)) CPUs=${CPUS_PER_NODE:-4} RealMemory=4096
NodeName=n2 NodeHostname=n2 NodeAddr=127.0.0.1 Port=$((controller_port + 2)) CPUs=${CPUS_PER_NODE:-4} RealMemory=4096
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
END
}

start_munge() {
    head -c 1024 /dev/urandom >"$state/munge/key"
    chmod 600 "$state/munge/key"
    munged --force --key-file="$state/munge/key" --socket="$state/munge/socket" --pid-file="$state/run/munged.pid" \
        --log-file="$state/log/munged.log" --seed-file="$state/munge/seed" >>"$state/log/munged.err" 2>&1
}

# The inside of a node. The state folder may lie under /tmp, which each node has for itself: it is carried over by way of /mnt.
node_main() { # NODE
    hostname "$1"
    mount -t tmpfs tmpfs /dev/shm
    mount --bind "$state" /mnt
    mount --bind "/mnt/node/$1/tmp" /tmp
    mkdir -p "$state"
    mount --move /mnt "$state"
    # The PMIx of Slurm 22.05 does not know a spool folder by the name of its node.
    mount --bind "$state/node/$1/spool" "$state/spool"
    cd /
    while sleep 0.2; do slurmd -D -N "$1" || true; done # as systemd would: a slurmd that died comes back
}

start_node() { # NODE
    rm -rf "$state/node/$1"
    mkdir -p "$state/node/$1"/{tmp,spool}
    chmod 1777 "$state/node/$1/tmp"
    SLURM_CONF=$state/etc/slurm.conf DARKFOREST_TESTBED=$state setsid unshare -m -u -p --fork --kill-child --mount-proc \
        "$0" node "$1" >>"$state/log/node-$1.log" 2>&1 </dev/null &
    echo $! >"$state/run/node-$1.pid"
}

# Whether a process runs: a dead one that nobody has waited for yet does not.
runs() { # PID
    [ -e "/proc/$1" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null
}

# Ends what run/NAME.pid names with a signal, and by force when it has not gone after ten seconds.
stop_process() { # NAME SIGNAL
    local pid
    pid=$(cat "$state/run/$1.pid" 2>/dev/null) || return 0
    rm -f "$state/run/$1.pid"
    kill "-$2" "$pid" 2>/dev/null || return 0
    for _ in $(seq 100); do
        runs "$pid" || return 0
        sleep 0.1
    done
    kill -KILL "$pid" 2>/dev/null || true
}

# The end of its first process takes the node's whole process namespace with it.
kill_node() { # NODE
    stop_process "node-$1" KILL
}

# The environment of a user of this cluster. Both nodes have the machine's addresses, so MPI talks over the loopback.
user_environment() {
    export SLURM_CONF=$state/etc/slurm.conf
    export OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo
    mpi_environment
}

n_idle() {
    sinfo -h -N -t idle -o %N 2>/dev/null | wc -l
}

up() {
    if [ -e "$state/run/slurmctld.pid" ]; then
        say "already up in $state"
        return 0
    fi
    if (exec 3<>"/dev/tcp/127.0.0.1/$controller_port") 2>/dev/null; then
        die 75 "another such cluster runs on this machine: there is room for one"
    fi
    mkdir -p "$state"/{etc,munge,run,log,spool,controller}
    chmod 755 "$state" "$state/munge"
    write_configuration
    start_munge
    user_environment
    slurmctld >>"$state/log/slurmctld.err" 2>&1
    local node
    for node in "${nodes[@]}"; do start_node "$node"; done
    for _ in $(seq 300); do
        if [ "$(n_idle)" = ${#nodes[@]} ]; then
            say "two nodes are idle; try: $0 run srun -N 2 --ntasks-per-node 1 hostname"
            return 0
        fi
        sleep 0.2
    done
    tail -n 5 "$state"/log/*.log >&2
    die 70 "the nodes did not come up within a minute; the logs are in $state/log"
}

down() {
    local node
    for node in "${nodes[@]}"; do kill_node "$node"; done
    stop_process slurmctld TERM
    stop_process munged TERM
    rm -rf --one-file-system "$state"
}

need_root() {
    [ "$(id -u)" = 0 ] || die 78 "this needs root: the nodes get host names and file systems of their own"
    for program in munged slurmctld slurmd unshare; do
        command -v "$program" >/dev/null || die 78 "$program is missing; scripts/install-packages.sh slurm installs it"
    done
}

need_cluster() {
    [ -e "$state/run/slurmctld.pid" ] || die 78 "no cluster in $state; start one with: $0 up"
    user_environment
}

main() {
    local action=${1:-}
    shift || true
    case $action in
        up) need_root; up ;;
        down) need_root; down ;;
        run) need_cluster; exec "$@" ;;
        status) need_cluster; sinfo -N; squeue ;;
        kill-node) need_root; need_cluster; kill_node "$1" ;;
        start-node) need_root; need_cluster; start_node "$1" ;;
        node) node_main "$1" ;;
        *) show_use; exit 64 ;;
    esac
}

main "$@"
