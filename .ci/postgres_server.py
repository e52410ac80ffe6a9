"""A throw-away PostgreSQL server, for the checks that need one."""
import os
import pwd
import subprocess
import time
from pathlib import Path

BINARIES = Path("/usr/lib/postgresql/15/bin")


def install():
    """Installs PostgreSQL from Debian where there is none, which needs root."""
    if (BINARIES / "postgres").exists():
        return
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    # RUNLEVEL=1 keeps the package from starting a server of its own.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", "postgresql-15"]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


class Server:
    """A server in a folder of its own, that listens on a socket there. It never runs as root, as which it refuses to."""

    def __init__(self, folder, *settings):
        self.folder, self.user = folder, None
        if os.getuid() == 0:
            self.user = "postgres"
            os.chown(folder, *pwd.getpwnam(self.user)[2:4])
        data = folder / "data"
        self.run("initdb", "--pgdata", data, "--encoding", "UTF8", "--locale", "C", "--auth", "trust", "--no-sync")
        settings = ["listen_addresses=", f"unix_socket_directories={folder}", "fsync=off", *settings]
        log = open(folder / "log", "wb")
        command = [BINARIES / "postgres", "-D", data, *(part for setting in settings for part in ("-c", setting))]
        self.child = subprocess.Popen(command, user=self.user, cwd=folder, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while self.run("pg_isready", "--host", folder, check=False).returncode != 0:
            if self.child.poll() is not None or time.monotonic() > end:
                self.stop()
                raise SystemExit(f"the PostgreSQL server does not start\n{(folder / 'log').read_text()[-2000:]}")
            time.sleep(0.1)

    def run(self, program, *args, **options):
        options = {"check": True, "capture_output": True, "text": True, **options}
        return subprocess.run([BINARIES / program, *args], user=self.user, cwd=self.folder, **options)

    def ask(self, script):
        """The lines that psql prints for a script."""
        command = ["--host", self.folder, "--dbname", "postgres", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]
        done = self.run("psql", *command, input=script, check=False)
        if done.returncode != 0:
            raise SystemExit(f"psql: {done.stderr}")
        return done.stdout.splitlines()

    def stop(self):
        self.child.terminate()
        self.child.wait()
