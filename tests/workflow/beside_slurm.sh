#!/bin/sh
# Run a command beside a Slurm of one node. Nobody else on this machine sees it, and it ends with the command, however
# that ends: its processes and its /etc/slurm are in name spaces of their own. Needs root, and Debian's slurmctld,
# slurmd, slurm-client and munge.
#
#   sh tests/workflow/beside_slurm.sh squeue
set -eu
if [ "${1:-}" != --inside ]; then
    exec unshare --mount --pid --fork --kill-child --mount-proc sh "$0" --inside "$@"
fi
shift

home=$(mktemp -d)
chmod 755 "$home"
trap 'rm -rf "$home"' EXIT
trap 'exit 143' HUP INT TERM
mkdir "$home/etc" "$home/spool" "$home/state"
dd if=/dev/urandom of="$home/munge.key" bs=128 count=1 status=none
chmod 600 "$home/munge.key"
name=$(hostname -s)
port=$(shuf -i 20000-30000 -n 1)
megabytes=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
cat > "$home/etc/slurm.conf" << END
ClusterName=one-node
SlurmctldHost=$name(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$home/munge.socket
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.pid
SlurmctldLogFile=$home/slurmctld.log
SlurmdLogFile=$home/slurmd.log
# without systemd and control groups: memory is looked at each second
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
JobAcctGatherParams=OverMemoryKill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$home/finished.txt
MinJobAge=300
KillWait=2
MpiDefault=none
ReturnToService=2
NodeName=$name NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$megabytes
PartitionName=main Nodes=$name Default=YES MaxTime=INFINITE State=UP
END
mount --bind "$home/etc" /etc/slurm
munged --foreground --key-file="$home/munge.key" --socket="$home/munge.socket" --pid-file="$home/munge.pid" \
    --log-file="$home/munge.log" --seed-file="$home/munge.seed" 2> "$home/munge.out" &
tries=0
until [ -S "$home/munge.socket" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then break; fi
    sleep 0.1
done
slurmctld -D > "$home/slurmctld.out" 2>&1 &
slurmd -D > "$home/slurmd.out" 2>&1 &
tries=0
until timeout 5 sinfo --noheader --format %T 2> /dev/null | grep -q idle; do
    tries=$((tries + 1))
    if [ "$tries" -gt 120 ]; then
        echo "Slurm did not come up; its logs end so:" >&2
        tail -n 5 "$home"/*.log "$home"/*.out >&2
        exit 3
    fi
    sleep 0.5
done
"$@" &
wait $!
