"""A run of a cluster with customers, whose folder stays when the run fails."""
import shutil
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import cluster as parts
from customers import Traffic
from failures import recover


@contextmanager
def cluster_run(program, modems, seed):
    # So that nothing runs on when the run is ended from outside.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    parts.install()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="cluster-"))
    print(f"-- the logs are in {folder}", flush=True)
    cluster = parts.Cluster(program, folder, modems)
    traffic = Traffic(cluster, seed)
    try:
        cluster.start()
        traffic.prepare()
        recover(cluster, traffic)
        print(f"-- the cluster is up after {time.monotonic() - began:.0f} s", flush=True)
        yield cluster, traffic
    finally:
        traffic.stop()
        cluster.stop()
    shutil.rmtree(folder)
