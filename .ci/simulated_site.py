"""Simulated modems with the daemon, for the checks that are written in Python."""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PATIENCE_S = 60


def run_in_venv(name, packages):
    """Goes on in a virtual environment under target/ that has these packages."""
    venv = TARGET / f"{name}-venv"
    python = venv / "bin" / "python"
    if Path(sys.prefix).resolve() == venv.resolve():
        return
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    os.execv(python, [python, *sys.argv])


class Site:
    """Modems and daemon in a folder of their own."""

    def __init__(self, program, folder, settings="", modems=2, ports=None):
        """The daemon serves `ports`, or else those of the simulated modems."""
        self.program, self.folder, self.children = program, folder, []
        self.config = folder / "simbridge.toml"
        self.config.write_text(
            f'[database]\npath = "{folder}/db"\n[http]\nlisten = "127.0.0.1:0"\n[admin]\nsocket = "{folder}/admin"\n'
            + "".join(f'[[modem]]\nport = "{port}"\n' for port in ports or [f"{folder}/modems/modem*"])
            + settings
        )
        self.start("simulate", "--modems", modems, "--dir", folder / "modems")
        self.modems = modems
        self.daemon = self.start("serve", "--config", self.config)
        self.wait_for_modems()
        self.address = "http://" + self.ask("status")["listen"]

    def start(self, *args):
        log = open(self.folder / "log", "ab")
        child = subprocess.Popen([self.program, *map(str, args)], stdout=log, stderr=log)
        self.children.append(child)
        return child

    def wait_for_modems(self):
        self.wait_for("the modems", lambda: self.ask("status")["modems"]["ready"] == self.modems)

    def restart(self, end):
        """Ends the daemon, as `end` does with its process, and starts it again at the same address. Its modems come up later."""
        listen = self.address.removeprefix("http://")
        self.config.write_text(self.config.read_text().replace('listen = "127.0.0.1:0"', f'listen = "{listen}"'))
        end(self.daemon)
        self.daemon.wait()
        self.children.remove(self.daemon)
        self.daemon = self.start("serve", "--config", self.config)
        self.wait_for("the daemon", lambda: self.ask("status")["listen"] == listen)

    def ask(self, *args):
        command = [self.program, *args, "--json", "--config", str(self.config)]
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    def send(self, number, sender, text):
        """Sends an SMS to one of the simulated SIMs."""
        command = [self.program, "simulate", "send", "--dir", self.folder / "modems", "--to", number, "--from", sender]
        subprocess.run([*command, text], check=True, stdout=subprocess.DEVNULL)

    def wait_for(self, what, there):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            try:
                if there():
                    return
            except subprocess.CalledProcessError:
                pass
            time.sleep(0.1)
        self.fail(f"waited in vain for {what}\n{(self.folder / 'log').read_text()[-2000:]}")

    def fail(self, what):
        raise SystemExit(f"{Path(sys.argv[0]).name}: {what}")

    def expect(self, said, expected):
        if said != expected:
            self.fail(f"{said!r} instead of {expected!r}")

    def stop(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            child.wait()
