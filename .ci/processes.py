"""Processes that a service manager would keep alive, for the checks of a cluster."""
import os
import random
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

PATIENCE_S = 240
# Below the ports that the kernel gives to connections, so that a server finds its port free when it starts again.
PORTS = range(20000, 32000)
given_ports = set()


def free_port():
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in given_ports:
            given_ports.add(port)
            return port


class Failed(Exception):
    """Something does not hold."""


def wait_for(what, there, patience_s=PATIENCE_S, pause_s=0.3):
    """Waits until something is there, and returns it."""
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        if found := there():
            return found
        time.sleep(pause_s)
    raise Failed(f"waited in vain for {what}")


def children_of(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def signal_all(number, pids):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


class Service:
    """A process that is started again when it fails, as systemd does with `Restart=on-failure`."""

    def __init__(self, command, log, restart_s, user=None, lasting_status=None, environment=None):
        self.command, self.log, self.restart_s = [str(part) for part in command], log, restart_s
        self.user, self.lasting_status, self.environment = user, lasting_status, environment
        self.child, self.supervisor, self.halted = None, None, threading.Event()
        self.endings = []

    def start(self):
        self.halted.clear()
        self.supervisor = threading.Thread(target=self.supervise, daemon=True)
        self.spawn()
        self.supervisor.start()

    def spawn(self):
        log = open(self.log, "ab")
        self.child = subprocess.Popen(
            self.command, stdout=log, stderr=log, user=self.user, cwd=self.log.parent, env=self.environment
        )

    def supervise(self):
        while True:
            status = self.child.wait()
            self.endings.append(status)
            if self.halted.is_set():
                return
            with open(self.log, "a") as log:
                log.write(f"-- {time.strftime('%H:%M:%S')} ended with status {status}\n")
            if status in (0, self.lasting_status) or self.halted.wait(self.restart_s):
                return
            self.spawn()

    def send(self, number):
        self.child.send_signal(number)

    def halt(self, number=signal.SIGTERM):
        """Ends it for now: nobody starts it again."""
        if self.supervisor is None:
            return
        self.halted.set()
        self.send(number)
        self.send(signal.SIGCONT)
        self.supervisor.join(30)
        if self.supervisor.is_alive():
            self.send(signal.SIGKILL)
            self.supervisor.join()
        self.supervisor = None

    def restart(self):
        self.halt()
        self.start()
