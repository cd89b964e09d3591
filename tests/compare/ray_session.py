"""Trials on a Ray cluster of this machine alone; says on standard output what became of them.

`test_actors` runs it in a network namespace of its own: outside, Ray binds to the machine's
address.
"""

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from ranker.compare.actors import Actor, Actors, connected
from ranker.compare.pool import HeadLostError, run_trials

PORT = 26379
HEAD = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block"]
HEAD += [f"--port={PORT}", "--node-ip-address=127.0.0.1", "--num-cpus=1", "--disable-usage-stats"]
HEAD += ["--include-dashboard=false", "--object-store-memory=80000000"]


def wait_for_head():
    """Waits until it takes connections."""
    while True:
        try:
            return socket.create_connection(("127.0.0.1", PORT)).close()
        except ConnectionRefusedError:
            time.sleep(0.2)


def listening():
    """Returns the addresses that are listened on in this network namespace, in hexadecimal."""
    lines = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return sorted({line[1].partition(":")[0] for line in lines if line[3] == "0A"})


def kill(name):
    """Kills the one process that is called so."""
    titles = {path.parent.name: path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")}
    (pid,) = [int(pid) for pid, title in titles.items() if name in title.partition(b"\0")[0]]
    os.kill(pid, signal.SIGKILL)


def main():
    """Runs the trials pickled on standard input; the one after the first is killed once.

    In the end the head is killed.
    """
    trials = pickle.load(sys.stdin.buffer)
    begun, begin = [], Actor.begin

    def noted(actor, trial):
        begun.append(trial.key)
        begin(actor, trial)

    Actor.begin = noted
    subprocess.Popen(HEAD, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for_head()
    done = []
    try:
        with connected(f"127.0.0.1:{PORT}") as head:
            workers = Actors(head, primary="like.auc")
            for ended in run_trials(trials, workers=workers, num_workers=1):
                done.append((ended.trial.key, ended.columns))
                if len(done) == 1:
                    kill(b"ray::Runner")
            said = {"done": done, "begun": [*begun], "addresses": listening()}
            kill(b"gcs_server")
            list(run_trials(trials, workers=workers, num_workers=1))
    except HeadLostError as error:
        said["lost"] = str(error)
    handler = signal.getsignal(signal.SIGTERM)
    print(json.dumps(said | {"sigterm": handler == signal.SIG_DFL}), flush=True)
    os._exit(0)  # before Ray ends it


if __name__ == "__main__":
    main()
