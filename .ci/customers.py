"""Customers of a cluster, and people who send SMS to its SIMs; and whether all that they were told is true."""
import json
import random
import re
import socket
import threading
import time
import urllib.parse

from cluster import http
from processes import Failed, wait_for

# What a customer waits for an answer. An order whose answer comes later is one that nobody was told of.
CUSTOMER_PATIENCE_S = 5
ORDERED = re.compile(r"ORDER_ID_(\d+)_NUMBER_(\d+)$")


class Simulator:
    """The control socket of simulated modems."""

    def __init__(self, site):
        self.path = str(site.modems / "control.sock")

    def ask(self, **request):
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(self.path)
            control.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(control.makefile().readline())
        if "error" in answer:
            raise Failed(f"the simulator refused {request}: {answer}")
        return answer["ok"]

    def send(self, sender, number, text):
        self.ask(**{"do": "send", "from": sender, "to": number, "text": text})

    def has_delivered(self, number):
        """Whether nothing waits for a SIM in its modem or in the network."""
        return self.ask(do="stored", number=number) == self.ask(do="waiting", number=number) == 0


class Traffic:
    """Orders and messages all the time, and all that was told and sent."""

    def __init__(self, cluster, seed):
        self.cluster, self.random, self.lock = cluster, random.Random(seed), threading.Lock()
        self.sent, self.told, self.codes = {}, {}, {}
        self.successes, self.refusals, self.stopped, self.threads = [time.monotonic()], {}, threading.Event(), []

    def prepare(self):
        """Accounts and services, while all is well."""
        self.simulators = {number: Simulator(site) for site in self.cluster.sites for number in site.numbers}
        self.numbers = sorted(self.simulators)
        leader = self.cluster.wait_for_leader()
        for name in ("Uber", "Probe", "Shown"):
            leader.ask("service", "add", name, "--price", "0.10", "--sender", f"^{name}$")
        self.keys = {}
        for account in ("prober", "watcher", "ann", "bob", "cem"):
            leader.ask("account", "add", account)
            leader.ask("account", "topup", account, "5000.00", "--yes")
            self.keys[account] = leader.ask("key", "add", account)["key"]

    def start(self):
        self.stopped.clear()
        for work in self.probe, self.send_notes, *(lambda name=name: self.order(name) for name in ("ann", "bob", "cem")):
            thread = threading.Thread(target=self.repeat, args=[work], daemon=True)
            thread.start()
            self.threads.append(thread)

    def repeat(self, work):
        while not self.stopped.is_set():
            work()

    def stop(self):
        self.stopped.set()
        while self.threads:
            self.threads.pop().join()

    def ask(self, account, call, **query):
        """The answer to a request through the balancer; empty if there is none."""
        query = urllib.parse.urlencode({"key": self.keys[account], **query})
        status, body = http(self.cluster.balancer.port, f"/api/{call}?{query}", CUSTOMER_PATIENCE_S)
        if status != 200 or body == "ERROR":
            with self.lock:
                kind = f"{status} {body[:40] if status == 200 else ''}".strip()
                self.refusals[kind] = self.refusals.get(kind, 0) + 1
            return ""
        return body

    def make_order(self, account, service):
        """The id and the number of a new order; nothing if there is none."""
        made = ORDERED.match(self.ask(account, "makeorder", serviceId=service))
        if not made:
            return None
        with self.lock:
            self.told[int(made[1])] = "made"
        return made[1], f"+{made[2]}"

    def cancel(self, account, order):
        """Whether an order is over."""
        said = self.ask(account, "cancelorder", orderId=order)
        if said == "ORDER_CANCELED":
            with self.lock:
                self.told[int(order)] = "canceled"
        return said in ("ORDER_CANCELED", "ORDER_ALREADY_EXPIRED")

    def open_request(self, port, call, **query):
        """A request to a daemon, past the balancer, whose answer is not waited for; `None` if nobody listens there."""
        query = urllib.parse.urlencode({"key": self.keys["watcher"], **query})
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        except ConnectionRefusedError:
            return None
        connection.sendall(f"GET /api/{call}?{query} HTTP/1.0\r\nHost: x\r\n\r\n".encode())
        return connection

    def probe(self):
        """One order after the other, which show how long there are none."""
        if made := self.make_order("prober", 2):
            self.successes.append(time.monotonic())
            self.cancel("prober", made[0])
        self.stopped.wait(0.2)

    def order(self, account):
        """An order that gets its code, or is canceled."""
        made = self.make_order(account, 1)
        if made and self.random.random() < 0.3:
            self.cancel(account, made[0])
        elif made:
            self.fetch_code(account, *made)
        self.stopped.wait(self.random.uniform(0.2, 1))

    def fetch_code(self, account, order, number):
        self.send("Uber", number, f"Your code is {order}-{len(self.sent)}")
        for _ in range(4):
            said = self.ask(account, "getsms", orderId=order, wait=4)
            if said.startswith("SUCCESS_"):
                with self.lock:
                    self.codes[int(order)] = said.removeprefix("SUCCESS_")
                return

    def send_notes(self):
        """An SMS to any SIM, one in eight a long one."""
        text = "note " + ("long " * 50 if self.random.random() < 0.125 else "")
        self.send("Shop", self.random.choice(self.numbers), f"{text}{len(self.sent)}")
        self.stopped.wait(self.random.uniform(0.1, 0.4))

    def send(self, sender, number, text):
        with self.lock:
            text = f"{text}.{len(self.sent)}"
            self.sent[text] = number
        self.simulators[number].send(sender, number, text)

    def on_sale(self):
        """How many SIMs can be ordered, by what the API says of a service that nobody orders."""
        said = self.ask("watcher", "services", country="NL")
        services = json.loads(said)["services"] if said.startswith("{") else []
        return next((service["count"] for service in services if service["name"] == "Shown"), 0)

    def all_on_sale(self):
        return self.on_sale() == len(self.numbers)

    def any_site(self):
        return self.random.choice(self.cluster.sites)

    def now(self):
        return time.monotonic()

    def refused(self):
        with self.lock:
            return sum(self.refusals.values())

    def pause_since_last(self):
        return self.now() - self.successes[-1]

    def pause_since(self, began):
        """The longest time without a successful order since then."""
        times = [began, *(at for at in self.successes if at > began), self.now()]
        return max(later - earlier for earlier, later in zip(times, times[1:]))

    def all_delivered(self):
        return all(simulator.has_delivered(number) for number, simulator in self.simulators.items())

    def check(self):
        """That each message was stored once, and that what customers were told is so."""
        wait_for("all stores to be empty", self.all_delivered)
        self.check_messages()
        self.check_orders()
        self.cluster.verify()

    def read(self, sql):
        primary = wait_for("a primary", self.cluster.primary)
        lines = primary.ask(sql)
        if lines is None:
            raise Failed(f"the primary does not answer: {sql}")
        return [line.split("\t") for line in lines]

    def check_messages(self):
        with self.lock:
            sent = sorted(self.sent.items())
        stored = sorted((text, number) for text, number in self.read(
            "SELECT m.text, s.number FROM message m JOIN sim s ON s.id = m.sim_id"
        ))
        if stored != sent:
            missing, foreign = sorted(set(sent) - set(stored)), sorted(set(stored) - set(sent))
            twice = [text for (text, _), (other, _) in zip(stored, stored[1:]) if text == other]
            raise Failed(
                f"of {len(sent)} SMS {len(missing)} are missing, {len(twice)} there twice, {len(foreign)} not sent, "
                f"such as {missing[:5]}, {twice[:5]}, {foreign[:5]}"
            )

    def check_orders(self):
        states = {int(order): state for order, state in self.read("SELECT id, state FROM orders")}
        with self.lock:
            told, codes = dict(self.told), dict(self.codes)
        for order, what in told.items():
            state = states.get(order)
            if state is None or (what == "canceled" and state != "canceled"):
                raise Failed(f"order {order} is {state}, and its customer was told that it is {what}")
        texts = {int(order): text for order, text in self.read("SELECT order_id, text FROM message WHERE order_id > 0")}
        wrong = {order: code for order, code in codes.items() if texts.get(order) != code}
        if wrong:
            raise Failed(f"codes that customers were told and the database does not have: {wrong}")

    def totals(self):
        ended = ", ".join(f"{count} × {kind}" for kind, count in sorted(self.refusals.items()))
        return f"{len(self.told)} orders told, {len(self.codes)} codes, {len(self.sent)} SMS; not answered: {ended or 'none'}"
