"""What can fail in a cluster. Each function makes something fail, sees what has to come of it, and mends it."""
import signal

from processes import Failed, wait_for


def leader_killed(cluster, traffic):
    cluster.wait_for_leader().service.send(signal.SIGKILL)


def leader_restarted(cluster, traffic):
    cluster.wait_for_leader().service.restart()


def leader_frozen(cluster, traffic):
    """It hangs; after the lease another one leads. When it goes on, it does not say what it knew before, and ends."""
    leader = cluster.wait_for_leader()
    order, _ = wait_for("an order", lambda: traffic.make_order("watcher", 2))
    endings = len(leader.service.endings)
    leader.service.send(signal.SIGSTOP)
    try:
        wait_for_another_leader(cluster, leader)
        polls = traffic.open_request(leader.api, "getsms", orderId=order)
        orders = traffic.open_request(leader.api, "makeorder", serviceId=2)
    finally:
        was_killed = len(leader.service.endings) > endings
        leader.service.send(signal.SIGCONT)
    said = [read_answer(request) for request in (polls, orders) if request]
    if not was_killed and any("WAITING" in answer or "ORDER_ID" in answer for answer in said):
        raise Failed(f"a leader that had hung answered {said}")
    wait_for("the former leader to end", lambda: len(leader.service.endings) > endings)
    wait_for("the order to be canceled", lambda: traffic.cancel("watcher", order))


def leader_cut_off_from_the_database(cluster, traffic, mode="hold"):
    leader = cluster.wait_for_leader()
    endings = len(leader.service.endings)
    cluster.links.set(mode, *leader.database.values())
    try:
        wait_for_another_leader(cluster, leader)
        wait_for("the former leader to end", lambda: len(leader.service.endings) > endings)
    finally:
        cluster.links.set("pass", *leader.database.values())


def leader_refused_by_the_database(cluster, traffic):
    leader_cut_off_from_the_database(cluster, traffic, "cut")


def standby_killed(cluster, traffic):
    cluster.standby().service.send(signal.SIGKILL)


def primary_killed(cluster, traffic):
    """As if its machine had lost its power."""
    primary = wait_for("a primary", cluster.primary)
    primary.kill()
    try:
        wait_for_another_primary(cluster, primary)
    finally:
        primary.start()


def primary_frozen(cluster, traffic):
    primary = wait_for("a primary", cluster.primary)
    primary.freeze()
    try:
        wait_for_another_primary(cluster, primary)
    finally:
        primary.thaw()


def server_of_the_primary_killed(cluster, traffic):
    """Patroni starts it again."""
    primary = wait_for("a primary", cluster.primary)
    primary.kill_server()


def patroni_of_the_primary_killed(cluster, traffic):
    """It is started again, and the server runs on."""
    wait_for("a primary", cluster.primary).patroni.send(signal.SIGKILL)


def synchronous_standby_killed(cluster, traffic):
    """Patroni has the other one confirm commits."""
    standby = wait_for("a synchronous standby", cluster.synchronous)
    standby.kill()
    try:
        wait_for("another synchronous standby", lambda: cluster.synchronous() not in (None, standby))
    finally:
        standby.start()


def all_standbys_killed(cluster, traffic):
    """Nobody leads who cannot commit, and no order is made."""
    primary, leader = wait_for("a primary", cluster.primary), cluster.wait_for_leader()
    endings = len(leader.service.endings)
    standbys = [node for node in cluster.nodes if node is not primary]
    for standby in standbys:
        standby.kill()
    try:
        wait_for("the leader to end", lambda: len(leader.service.endings) > endings)
        told = len(traffic.told)
        wait_for_refusals(traffic, 10)
        if len(traffic.told) != told:
            raise Failed("an order was made without a standby")
    finally:
        for standby in standbys:
            standby.start()


def primary_split_off(cluster, traffic):
    """The old primary and the old leader are left with each other, and Patroni does not stop that primary."""
    primary, leader = wait_for("a primary", cluster.primary), cluster.wait_for_leader()
    other = cluster.standby()
    foreign = [link for name, link in leader.database.items() if name != primary.name]
    links = [primary.replication, primary.etcd, other.database[primary.name], *foreign]
    primary.patroni.send(signal.SIGSTOP)
    cluster.links.set("hold", *links)
    try:
        wait_for_another_primary(cluster, primary)
        wait_for_another_leader(cluster, leader)
    finally:
        cluster.links.set("pass", *links)
        primary.patroni.send(signal.SIGCONT)


def patroni_of_the_primary_frozen(cluster, traffic):
    """Another node becomes primary, and the old one runs on, within reach of all, without a standby."""
    primary = wait_for("a primary", cluster.primary)
    primary.patroni.send(signal.SIGSTOP)
    try:
        wait_for_another_primary(cluster, primary)
        cluster.wait_for_leader()
        wait_for("orders on the new primary", lambda: traffic.pause_since_last() < 1)
    finally:
        primary.patroni.send(signal.SIGCONT)


def commit_canceled(cluster, traffic):
    """Somebody cancels a commit that waits for a standby. Its daemon tells nobody that it was made."""
    primary, leader = wait_for("a primary", cluster.primary), cluster.wait_for_leader()
    endings = len(leader.service.endings)
    cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name LIKE 'simbridge %'"
    cluster.links.set("hold", primary.replication)
    try:
        wait_for("a commit that waits", lambda: primary.ask(cancel))
        wait_for("the leader to end", lambda: len(leader.service.endings) > endings)
    finally:
        cluster.links.set("pass", primary.replication)


def site_killed(cluster, traffic):
    site = traffic.any_site()
    site.service.send(signal.SIGKILL)
    wait_until_off_sale(traffic, site)


def site_frozen(cluster, traffic):
    site = traffic.any_site()
    site.service.send(signal.SIGSTOP)
    try:
        wait_until_off_sale(traffic, site)
    finally:
        site.service.send(signal.SIGCONT)


def site_link_held(cluster, traffic, mode="hold"):
    site = traffic.any_site()
    cluster.links.set(mode, *site.links.values())
    try:
        wait_until_off_sale(traffic, site)
    finally:
        cluster.links.set("pass", *site.links.values())


def site_link_held_upwards(cluster, traffic):
    site_link_held(cluster, traffic, "hold-up")


def site_link_held_downwards(cluster, traffic):
    site_link_held(cluster, traffic, "hold-down")


def site_link_cut(cluster, traffic):
    site_link_held(cluster, traffic, "cut")


def read_answer(connection):
    with connection:
        try:
            return connection.makefile("rb").read().decode()
        except OSError:
            return ""


def wait_for_another_leader(cluster, leader):
    wait_for("another leader", lambda: any(central.leads() for central in cluster.centrals if central is not leader))


def wait_for_another_primary(cluster, primary):
    wait_for("another primary", lambda: any(node.has_role("primary") for node in cluster.nodes if node is not primary))


def wait_for_refusals(traffic, count):
    before = traffic.refused()
    wait_for("requests to be refused", lambda: traffic.refused() >= before + count)


def wait_until_off_sale(traffic, site):
    """Until none of a site's SIMs is sold any more."""
    others = len(traffic.numbers) - len(site.numbers)
    wait_for(f"the numbers of {site.name} to be off sale", lambda: traffic.on_sale() == others)


ALL = [
    leader_killed, leader_restarted, leader_frozen, leader_cut_off_from_the_database, leader_refused_by_the_database,
    standby_killed, primary_killed, primary_frozen, server_of_the_primary_killed, patroni_of_the_primary_killed,
    patroni_of_the_primary_frozen, synchronous_standby_killed, all_standbys_killed, primary_split_off, commit_canceled,
    site_killed, site_frozen, site_link_held, site_link_held_upwards, site_link_held_downwards, site_link_cut,
]


def recover(cluster, traffic):
    """Waits until everything is as it was."""
    cluster.wait_for_leader()
    wait_for("all SIMs to be on sale", traffic.all_on_sale)
    wait_for("both standbys of the database", cluster.is_replicated)
    cluster.wait_for_standby()


def happen(failure, cluster, traffic):
    """How long customers waited for an order, and how long it took until all SIMs were on sale."""
    began = traffic.now()
    failure(cluster, traffic)
    cluster.wait_for_leader()
    wait_for("all SIMs to be on sale", traffic.all_on_sale)
    on_sale = traffic.now() - began
    recover(cluster, traffic)
    return traffic.pause_since(began), on_sale
