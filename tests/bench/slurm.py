# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Slurm from Debian on this machine alone, at its best configuration, as the rival in throughput."""

import concurrent.futures
import os
import shutil
import socket
import subprocess
import time

CONFIG = """ClusterName=bench
SlurmctldHost=localhost
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={root}/munge.sock
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.pid
SlurmctldPort={port}
SlurmdPort={port2}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,default_queue_depth=1000
SlurmdParameters=config_overrides
MpiDefault=none
NodeName=localhost CPUs=128 RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=localhost Default=YES MaxTime=INFINITE State=UP
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def spawn(processes, log, *words, env=None):
    processes.append(subprocess.Popen(words, stdout=log, stderr=log, env=env))


def throughput(root, jobs):
    """Jobs a second of `jobs` times `true`, or None when Slurm is not here."""
    if not all(shutil.which(name) for name in ("munged", "slurmctld", "slurmd", "sbatch")) or os.geteuid() != 0:
        return None
    root.mkdir(parents=True)
    for name in ("state", "spool", "out"):
        (root / name).mkdir()
    root.chmod(0o755)
    (root / "munge.key").write_bytes(os.urandom(128))
    (root / "munge.key").chmod(0o400)
    config = root / "slurm.conf"
    config.write_text(CONFIG.format(root=root, port=free_port(), port2=free_port()))
    env = {**os.environ, "SLURM_CONF": str(config)}
    processes = []
    with open(root / "log", "wb") as log:
        try:
            spawn(processes, log, "munged", "-F", "--force", f"--key-file={root}/munge.key",
                  f"--socket={root}/munge.sock", f"--pid-file={root}/munge.pid", f"--log-file={root}/munge.log",
                  f"--seed-file={root}/munge.seed")
            time.sleep(1)
            spawn(processes, log, "slurmctld", "-D", "-i", env=env)
            spawn(processes, log, "slurmd", "-D", "-N", "localhost", env=env)
            wait_idle(env)
            return measure(root, env, jobs)
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                process.wait()


def wait_idle(env):
    for _ in range(60):
        state = subprocess.run(["sinfo", "-h", "-o", "%t"], env=env, capture_output=True, text=True).stdout
        if "idle" in state:
            return
        time.sleep(0.5)
    raise AssertionError("Slurm's node does not become idle")


def measure(root, env, jobs):
    script = root / "job.sh"
    script.write_text("#!/bin/sh\ntrue\n")

    def submit(number):
        subprocess.run(["sbatch", "-n1", "-Q", "-o", f"{root}/out/{number}", str(script)], env=env, check=True,
                       capture_output=True)

    begin = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(submit, range(jobs)))
    while subprocess.run(["squeue", "-h"], env=env, capture_output=True, text=True).stdout.strip():
        time.sleep(0.02)
    return jobs / (time.perf_counter() - begin)
