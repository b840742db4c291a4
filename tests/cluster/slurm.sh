#!/bin/bash
# Four shards as an array job of a real Slurm on this machine, one killed and queued again, merged, and compared byte for byte.
# As root, with Debian's packages: apt-get install --no-install-recommends slurm-wlm munge
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
for command in sbatch slurmctld slurmd munged; do
    command -v "$command" > /dev/null || PATH=$PATH:/usr/sbin command -v "$command" > /dev/null || skip "no $command: install slurm-wlm and munge"
done
[ "$(id -u)" = 0 ] || skip "Slurm is started as root"
export PATH=$PATH:/usr/sbin

# munge, slurmctld and slurmd on loopback, without systemd; what was started is ended by its id.
host=$(hostname -s)
install -d -o munge -g munge -m 0755 /run/munge
install -d -o munge -g munge -m 0700 /var/log/munge /var/lib/munge
started=()
if ! munge -n 2> /dev/null | unmunge > /dev/null 2>&1; then
    setpriv --reuid=munge --regid=munge --clear-groups munged
    started+=("$(cat /run/munge/munged.pid)")
fi
mkdir -p slurm/state slurm/spool
export SLURM_CONF=$folder/slurm/slurm.conf
cat > "$SLURM_CONF" <<CONF
ClusterName=local
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CryptoType=crypto/munge
StateSaveLocation=$folder/slurm/state
SlurmdSpoolDir=$folder/slurm/spool
SlurmctldPidFile=$folder/slurm/slurmctld.pid
SlurmdPidFile=$folder/slurm/slurmd.pid
SlurmctldLogFile=$folder/slurm/slurmctld.log
SlurmdLogFile=$folder/slurm/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
KillWait=2
SchedulerParameters=requeue_delay=1
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
finish() {
    scontrol shutdown > /dev/null 2>&1 || true
    for id in "${started[@]}"; do kill "$id" 2> /dev/null || true; done
}
trap finish EXIT
slurmctld -c
until_true 30 scontrol ping > /dev/null
slurmd
is_up() { sinfo -h -o %T | grep -q -e idle -e mixed; }
until_true 60 is_up

"$program" slurm sweep.toml --shards 4 --out results --write job.sh
merge=$(bash job.sh)
array=$((merge - 1))

# Shard 2 is killed when it has kept something, and queued again.
has_begun() { [ -s results/shards/shard-2-of-4.cells ]; }
until_true 600 has_begun
scontrol requeue "${array}_2"
restarts() { scontrol show job "${array}_2" | grep -q "Restarts=1"; }
until_true 60 restarts

has_ended() { ! squeue -h -j "$array,$merge" 2> /dev/null | grep -q .; }
until_true 1800 has_ended
cat results/shards/*.log
compare results Slurm
