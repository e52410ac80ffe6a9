"""A cluster on this machine, with the real parts: etcd, PostgreSQL under Patroni, HAProxy, central daemons and sites.

The files in docs/cluster are used, with other addresses and folders.
"""
import json
import os
import pwd
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from links import Links
from postgres_server import BINARIES
from processes import Failed, Service, children_of, free_port, signal_all, wait_for

ROOT = Path(__file__).resolve().parent.parent
RECIPES = ROOT / "docs" / "cluster"
PACKAGES = ("postgresql-15", "patroni", "etcd-server", "haproxy")
PASSWORD = "of-the-check"
# As in systemd/simbridge.service, and in that of Patroni, for which systemd's default holds.
SIMBRIDGE_RESTART_S = 5
SIMBRIDGE_LASTING_STATUS = 78
PATRONI_RESTART_S = 0.1
WAN_S = 0.03


def install():
    """Installs the parts from Debian where they are missing, which needs root."""
    programs = (BINARIES / "postgres", "/usr/bin/patroni", "/usr/bin/etcd", "/usr/sbin/haproxy")
    missing = [package for package, path in zip(PACKAGES, programs) if not Path(path).exists()]
    if not missing:
        return
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    # RUNLEVEL=1 keeps the packages from starting services of their own.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    command = ["apt-get", "install", "-qq", "-y", "--no-upgrade", "--no-install-recommends", *missing]
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)


def fill(recipe, changes):
    """A recipe's text with other values. Each that is to be changed has to be there."""
    text = (RECIPES / recipe).read_text()
    for old, new in changes.items():
        if old not in text:
            raise Failed(f"{recipe} has no {old!r} any more")
        text = text.replace(old, str(new))
    return text


def owned_folder(path, user):
    path.mkdir()
    if user:
        os.chown(path, *pwd.getpwnam(user)[2:4])
    return path


def http(port, path, timeout_s=3):
    """Status and body of an answer; status 0 if there is none."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=timeout_s) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


class Etcd:
    def __init__(self, folder, user):
        owned_folder(folder, user)
        self.port, peers = free_port(), free_port()
        (folder / "etcd.yml").write_text(fill("etcd.yml", {
            "/var/lib/etcd/simbridge": folder / "data",
            "192.0.2.11:2379": f"127.0.0.1:{self.port}",
            "192.0.2.11:2380": f"127.0.0.1:{peers}",
            ",db-b=http://192.0.2.12:2380,db-c=http://192.0.2.13:2380": "",
        }))
        self.service = Service(["/usr/bin/etcd", "--config-file", folder / "etcd.yml"], folder / "log", 1, user)


class PatroniNode:
    """A server of PostgreSQL with its Patroni, as a machine of its own: others reach it, and it reaches etcd, over links."""

    def __init__(self, name, folder, user, etcd, links):
        self.name, self.folder, self.user = name, owned_folder(folder, user), user
        self.port, self.rest, reached, to_etcd = (free_port() for _ in range(4))
        self.replication, self.etcd = links.add(reached, self.port), links.add(to_etcd, etcd.port)
        (folder / "patroni.yml").write_text(fill("patroni.yml", {
            "name: db-a": f"name: {name}",
            "192.0.2.11:2379,192.0.2.12:2379,192.0.2.13:2379": f"127.0.0.1:{to_etcd}\n  use_proxies: true",
            "192.0.2.11:8008": f"127.0.0.1:{self.rest}",
            "listen: 192.0.2.11:5432": f"listen: 127.0.0.1:{self.port}",
            "connect_address: 192.0.2.11:5432": f"connect_address: 127.0.0.1:{reached}",
            "/var/lib/postgresql/15/simbridge": folder / "data",
            "/var/lib/postgresql/patroni.pgpass": folder / "pgpass",
            "/var/run/postgresql": folder,
            'ssl: "on"': 'ssl: "off"',
            "hostssl": "host",
            "192.0.2.0/28": "127.0.0.1/32",
            "192.0.2.32/28": "127.0.0.1/32",
            "mode: automatic": 'mode: "off"',
        }))
        self.patroni = Service(["/usr/bin/patroni", folder / "patroni.yml"], folder / "log", PATRONI_RESTART_S, user)

    def postgres(self):
        """The processes of the server, also of one that is only starting."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if command[0] == bytes(BINARIES / "postgres") and bytes(self.folder / "data") in command:
                found += [int(folder.name), *children_of(folder.name)]
        return found

    def processes(self):
        return [self.patroni.child.pid, *self.postgres()]

    def start(self):
        self.patroni.start()

    def kill(self):
        """As if the machine had lost its power."""
        self.patroni.halt(signal.SIGKILL)
        signal_all(signal.SIGKILL, self.postgres())

    def kill_server(self):
        signal_all(signal.SIGKILL, self.postgres())

    def freeze(self):
        signal_all(signal.SIGSTOP, self.processes())

    def thaw(self):
        signal_all(signal.SIGCONT, self.processes())

    def has_role(self, role):
        return http(self.rest, f"/{role}")[0] == 200

    def ask(self, script, database="simbridge"):
        """The lines that psql prints, or None if the server does not answer."""
        command = [BINARIES / "psql", "--host", self.folder, "--port", str(self.port), "--dbname", database, "--no-psqlrc"]
        command += ["--quiet", "--tuples-only", "--no-align", "--field-separator=\t", "--set", "ON_ERROR_STOP=1"]
        options = {"input": script, "text": True, "capture_output": True, "user": self.user, "cwd": self.folder}
        try:
            done = subprocess.run(command, timeout=30, **options)
        except subprocess.TimeoutExpired:
            return None
        return done.stdout.splitlines() if done.returncode == 0 else None


class Daemon:
    """A daemon of simbridge with its configuration, in a folder of its own."""

    def __init__(self, program, folder, configuration):
        self.program, self.folder, self.config = program, folder, folder / "simbridge.toml"
        self.config.write_text(configuration)
        command = [program, "serve", "--config", self.config]
        environment = {**os.environ, "RUST_LOG": os.environ.get("RUST_LOG", "info")}
        self.service = Service(
            command, folder / "log", SIMBRIDGE_RESTART_S, lasting_status=SIMBRIDGE_LASTING_STATUS, environment=environment
        )

    def ask(self, *args):
        """What a command prints, or None if it fails."""
        command = [self.program, *args, "--json", "--config", self.config]
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else None


class Central(Daemon):
    def __init__(self, name, program, folder, nodes, links):
        folder.mkdir()
        self.name, self.api, self.metrics, self.sites = name, free_port(), free_port(), free_port()
        self.database = {node.name: links.add(free_port(), node.port) for node in nodes}
        hosts = ",".join(f"127.0.0.1:{link.port}" for link in self.database.values())
        (folder / "password").write_text(PASSWORD + "\n")
        super().__init__(program, folder, fill("simbridge.toml", {
            "db-a.example.org,db-b.example.org,db-c.example.org": hosts,
            "credential:database": folder / "password",
            "replicas = 1": "replicas = 1\ntls = false",
            'name = "api-1"': f'name = "{name}"',
            "192.0.2.33:8080": f"127.0.0.1:{self.api}",
            "192.0.2.40/32": "127.0.0.1/32",
            "/run/simbridge": folder,
            "192.0.2.33:9464": f"127.0.0.1:{self.metrics}",
            "0.0.0.0:8443": f"127.0.0.1:{self.sites}",
            "/etc/simbridge": folder,
        }) + BUSINESS)
        self.fingerprint = self.ask("site", "certificate")["fingerprint"]

    def leads(self):
        return http(self.metrics, "/readyz", timeout_s=1)[0] == 200


# Orders that end soon, and numbers that can be sold again and again.
BUSINESS = """
[orders]
lifetime = "60s"
max_open_per_account = 1000
number_format = "international"
number_rest = "0s"
number_cooldown = "1s"
[limits]
give_up_pause = "0s"
"""


class SiteBox(Daemon):
    """A site with simulated modems, which run on when its daemon ends. A link leads to each central daemon."""

    def __init__(self, name, place, program, folder, modems, centrals, key, links):
        folder.mkdir()
        self.name, self.modems = name, folder / "modems"
        self.links = {central.name: links.add(free_port(), central.sites, WAN_S) for central in centrals}
        self.numbers = [f"+316{place}{modem:07}" for modem in range(modems)]
        (folder / "scenario.toml").write_text("".join(
            f'[[modem]]\nimei = "35{place}{modem:012}"\nsim.number = "{number}"\n'
            f'sim.iccid = "8931{place}{modem:014}"\nsim.imsi = "20408{place}{modem:09}"\n'
            for modem, number in enumerate(self.numbers)
        ))
        (folder / "key").write_text(key + "\n")
        simulate = [program, "simulate", "--scenario", folder / "scenario.toml", "--dir", self.modems]
        self.simulator = Service([*simulate, "--modems", modems], folder / "simulator.log", 1)
        addresses = ", ".join(f'"127.0.0.1:{link.port}"' for link in self.links.values())
        super().__init__(program, folder, fill("site.toml", {
            'name = "ams"': f'name = "{name}"',
            '"api-1.example.org:8443", "api-2.example.org:8443"': addresses,
            "FINGERPRINT-OF-API-1": centrals[0].fingerprint,
            "FINGERPRINT-OF-API-2": centrals[1].fingerprint,
            "credential:site": folder / "key",
            "/run/simbridge": folder,
            "/dev/serial/by-path/*": self.modems / "modem*",
        }))


class Balancer:
    def __init__(self, folder, user, centrals):
        owned_folder(folder, user)
        self.port = free_port()
        changes = {"bind :443 ssl crt /etc/haproxy/customers.pem alpn h2,http/1.1": f"bind 127.0.0.1:{self.port}"}
        for central, address in zip(centrals, ("192.0.2.33", "192.0.2.34")):
            changes[f"{address}:8080"] = f"127.0.0.1:{central.api} port {central.metrics}"
        (folder / "haproxy.cfg").write_text(fill("haproxy.cfg", changes))
        self.service = Service(["/usr/sbin/haproxy", "-db", "-f", folder / "haproxy.cfg"], folder / "log", 1, user)


# Who has written the row of the lead in each transaction that was committed. The row is locked meanwhile, so that the ids
# are in the order of the commits.
AUDIT = """
CREATE SCHEMA audit;
CREATE TABLE audit.lead (id bigserial PRIMARY KEY, epoch bigint, holder text, pid int, at timestamptz);
CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO audit.lead (epoch, holder, pid, at) VALUES (NEW.epoch, NEW.holder, pg_backend_pid(), clock_timestamp());
    RETURN NULL;
END $$;
CREATE TRIGGER note AFTER UPDATE ON public.leader FOR EACH ROW EXECUTE FUNCTION audit.note();
"""


class Cluster:
    """The whole of it."""

    def __init__(self, program, folder, modems):
        self.program, self.folder, self.modems = program, folder, modems
        self.links = Links()
        user = "postgres" if os.getuid() == 0 else None
        folder.chmod(0o755)
        self.etcd = Etcd(folder / "etcd", user)
        self.nodes = [PatroniNode(name, folder / name, user, self.etcd, self.links) for name in ("db-a", "db-b", "db-c")]
        self.centrals = [Central(name, program, folder / name, self.nodes, self.links) for name in ("api-1", "api-2")]
        self.balancer = Balancer(folder / "balancer", user, self.centrals)
        self.sites = []

    def start(self):
        self.etcd.service.start()
        wait_for("etcd", lambda: http(self.etcd.port, "/health")[0] == 200)
        self.nodes[0].start()
        wait_for("the first node", lambda: self.nodes[0].has_role("primary"))
        for node in self.nodes[1:]:
            node.start()
        wait_for("the standbys", self.is_replicated)
        self.make_database()
        for central in self.centrals:
            central.service.start()
        self.balancer.service.start()
        leader = self.wait_for_leader()
        self.primary().ask(AUDIT)
        self.add_sites(leader)

    def make_database(self):
        made = self.primary().ask(
            f"CREATE ROLE simbridge LOGIN PASSWORD '{PASSWORD}';\n"
            "CREATE DATABASE simbridge OWNER simbridge TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C';\n", "postgres"
        )
        if made is None:
            raise Failed("the database cannot be made")

    def add_sites(self, leader):
        for place, name in enumerate(("ams", "fra"), 1):
            key = leader.ask("site", "add", name)["key"]
            site = SiteBox(name, place, self.program, self.folder / name, self.modems, self.centrals, key, self.links)
            self.sites.append(site)
            site.simulator.start()
            site.service.start()

    def primary(self):
        """The node that takes writes, by what Patroni says of it."""
        return next((node for node in self.nodes if node.has_role("primary")), None)

    def synchronous(self):
        return next((node for node in self.nodes if node.has_role("synchronous")), None)

    def is_replicated(self):
        """Whether both standbys follow the primary, and the one that Patroni would promote confirms commits."""
        sql = (
            "SELECT count(*), string_agg(application_name, ',') FILTER (WHERE sync_state = 'sync') "
            "FROM pg_stat_replication WHERE state = 'streaming'"
        )
        primary, synchronous = self.primary(), self.synchronous()
        if not primary or not synchronous:
            return False
        return primary.ask(sql, "postgres") == [f"2\t{synchronous.name}"]

    def leader(self):
        return next((central for central in self.centrals if central.leads()), None)

    def standby(self):
        leader = self.wait_for_leader()
        return next(central for central in self.centrals if central is not leader)

    def wait_for_leader(self):
        return wait_for("a daemon that leads", self.leader)

    def wait_for_standby(self):
        """Until a daemon stands by."""
        standby = self.standby()
        wait_for("the standby", lambda: http(standby.metrics, "/healthz", timeout_s=1)[0] == 200)

    def ready_modems(self):
        leader = self.leader()
        status = leader and leader.ask("status")
        return status["modems"]["ready"] if status else 0

    def epoch(self):
        primary = self.primary()
        lines = primary and primary.ask("SELECT epoch FROM leader")
        return int(lines[0]) if lines else None

    def verify(self):
        said = self.wait_for_leader().ask("verify")
        if not (said and said["ok"]):
            raise Failed(f"verify: {said}")

    def check_terms(self):
        """That each commit was made in the newest term there was, and each term had one session."""
        lines = self.primary().ask("SELECT epoch, holder, pid FROM audit.lead ORDER BY id")
        terms = []
        for line in lines:
            epoch, holder, pid = line.split("\t")
            if not terms or terms[-1] != (int(epoch), holder, pid):
                terms.append((int(epoch), holder, pid))
        epochs = [epoch for epoch, _, _ in terms]
        if epochs != sorted(set(epochs)):
            raise Failed(f"several wrote in one term, or after its end: {terms}")
        return len(terms)

    def stop(self):
        services = [part.service for part in (*self.sites, *self.centrals, self.balancer)]
        services += [site.simulator for site in self.sites]
        for service in services:
            service.halt()
        for node in self.nodes:
            node.kill()
        self.etcd.service.halt()
