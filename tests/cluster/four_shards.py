"""Four shards on HyperQueue's server with two workers; shard 1 is killed when it has kept something, and queued again."""

import os
import pathlib
import signal
import sys
import time

import hyperqueue
from hyperqueue.cluster import LocalCluster, WorkerConfig

SHARDS = 4
program = pathlib.Path(sys.argv[1]).resolve()
parts = pathlib.Path("results/shards")
parts.mkdir(parents=True)


def command(shard):
    return [str(program), "run", "sweep.toml", "--out", str(parts), "--shard", shard, "--resume", "--threads", "1", "--quiet"]


def process_of(file):
    """The process that measures a shard, by the variable that HyperQueue has set."""
    for folder in pathlib.Path("/proc").iterdir():
        try:
            names = (folder / "environ").read_bytes().split(b"\0")
            if b"HQ_TASK_ID=1" in names and (folder / "exe").resolve() == program:
                return int(folder.name)
        except OSError:
            pass
    raise SystemExit(f"failed: nothing measures {file}")


with LocalCluster(str(pathlib.Path("hq").resolve())) as cluster:
    for _ in range(2):
        cluster.start_worker(WorkerConfig(cores=1))
    client = cluster.client()
    job = hyperqueue.Job(default_workdir=".", max_fails=None)
    # Tasks are numbered from 0 here, shards from 1.
    job.program(["true"])
    for _ in range(SHARDS):
        job.program(command(f"auto/{SHARDS}"))
    submitted = client.submit(job)

    first = parts / f"shard-1-of-{SHARDS}.cells"
    while not first.exists():
        time.sleep(0.1)
    os.kill(process_of(first), signal.SIGKILL)
    if client.wait_for_jobs([submitted], raise_on_error=False):
        raise SystemExit("failed: the kill came too late")
    assert list(client.get_failed_tasks(submitted)) == [1]

    again = hyperqueue.Job(default_workdir=".")
    again.program(["true"])
    again.program(command(f"auto/{SHARDS}"))
    client.wait_for_jobs([client.submit(again)])
