"""Whether PostgreSQL's schema is the one that SQLite has, for `.ci/postgres-statements`.

PostgreSQL is given SQLite's own tables and indexes too, and lists both schemas in its own words.
What triggers do cannot be compared like that, so statements are tried in both databases, on the
representative rows of `tests/data/schemas`.
"""

import json
import re
import sqlite3
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What only PostgreSQL has.
ONLY_THERE = ("leader", "schema_version")
# Integer keys that the program gives. All others are given by the database.
GIVEN_KEYS = {
    "attribution",
    "erasure",
    "former_digest",
    "hearing_test",
    "last_message",
    "money",
    "removed_service",
    "service",
}
TYPES = {"INTEGER": "bigint", "BLOB": "bytea", "REAL": "double precision"}
OCTETS = re.compile(r"\b[xX]'([0-9a-fA-F]*)'")
# A condition of which SQLite checks this form faster than the list that PostgreSQL has instead.
ONE_OF = re.compile(r"(\w+) = '\w+'(?:\s+OR \1 = '\w+'){2,}")
# Conditions that PostgreSQL does not take as they are.
OTHER_TEXTS = {
    "(order_id IS NOT NULL) + (rental_id IS NOT NULL) + (audit_id IS NOT NULL) = 1":
        "num_nonnulls(order_id, rental_id, audit_id) = 1",
}
# Name and definition of all that is in the schema that the session looks into first.
LISTING = f"""
WITH relation AS (
    SELECT oid, relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
        AND relname NOT IN {ONLY_THERE}
), listed (name, definition) AS (
    SELECT 'table ' || relname, 'a table' FROM relation
    UNION ALL
    SELECT format('column %s.%s', relname, attname), concat_ws(' ',
        'place ' || row_number() OVER (PARTITION BY relation.oid ORDER BY attnum),
        format_type(atttypid, atttypmod),
        CASE WHEN attnotnull THEN 'NOT NULL' END,
        'DEFAULT ' || pg_get_expr(adbin, adrelid),
        'IDENTITY ' || nullif(attidentity::text, ''),
        'FROM ' || seqstart::text,
        'TO ' || seqmax::text)
    FROM relation
    JOIN pg_attribute ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    LEFT JOIN pg_sequence
        ON seqrelid = pg_get_serial_sequence(quote_ident(relname), attname)::regclass
    UNION ALL
    SELECT format('constraint of %s: %s', relname, pg_get_constraintdef(pg_constraint.oid)),
        count(*)::text
    FROM relation JOIN pg_constraint ON conrelid = relation.oid GROUP BY 1
    UNION ALL
    SELECT 'index ' || indexrelid::regclass, pg_get_indexdef(indexrelid, 0, true)
    FROM relation JOIN pg_index ON indrelid = relation.oid
    WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype <> 'f')
    UNION ALL
    SELECT 'trigger ' || tgname,
        split_part(pg_get_triggerdef(pg_trigger.oid, true), ' FOR EACH ROW', 1)
    FROM relation JOIN pg_trigger ON tgrelid = relation.oid AND NOT tgisinternal
)
SELECT json_build_array(name, definition) FROM listed;
"""

# By what a statement is refused that is tried: one of these, or nothing.
CONSTRAINT = "a constraint"
LEDGER = "the ledger only grows"
AUDIT = "the audit only grows"
RENTED = "the SIM is rented"
BUSY = "the SIM has an open order"
REFUSAL = f"""
CREATE FUNCTION pg_temp.refusal_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN NULL;
EXCEPTION WHEN integrity_constraint_violation THEN
    -- Triggers report just this, constraints what kind of them was broken.
    RETURN CASE SQLSTATE WHEN '23000' THEN SQLERRM ELSE '{CONSTRAINT}' END;
END $$;
"""


def copied(table, columns, source, **changed):
    """An INSERT of a row that is another one but for some columns."""
    values = [str(changed.get(column, column)) for column in columns.split()]
    names = columns.replace(" ", ", ")
    selected = ", ".join(values)
    new = changed.get("id", 90)
    return f"INSERT INTO {table} (id, {names}) SELECT {new}, {selected} FROM {table} WHERE {source}"


def order(**changed):
    columns = (
        "account_id service_id sim_id number country price_minor state patterned created_at"
        " expires_at"
    )
    return copied("orders", columns, "id = 4", **changed)


def rental(**changed):
    columns = (
        "account_id sim_id number country package renewal_package auto_renew state terms months"
        " started_at expires_at"
    )
    return copied("rental", columns, "id = 1", **changed)


def entry(**changed):
    columns = "account_id kind balance_minor held_minor currency order_id cause created_at"
    return copied("ledger", columns, "id = 1", **changed)


def audit_row(new):
    return copied("audit", "at actor deed subject", "id = 1", id=new)


def event(new, order_id=4):
    return copied("event", "account_id kind order_id at data", "id = 1", id=new, order_id=order_id)


def waiting_delivery(event_id, next_at="NULL"):
    columns = "endpoint_id event_id subject state next_at attempts"
    changed = {"id": event_id, "event_id": event_id, "state": "'waiting'", "next_at": next_at}
    return copied("webhook_delivery", columns, "event_id = 1", **changed)


# Statements that are carried out one after the other, and by what each is refused.
TRIALS = [
    # No SIM has two holders at a time.
    (order(), CONSTRAINT),
    (order(sim_id=3), RENTED),
    ("UPDATE orders SET sim_id = 3 WHERE id = 4", RENTED),
    ("UPDATE orders SET sim_id = 3 WHERE id = 2", None),
    (rental(), CONSTRAINT),
    (rental(sim_id=1), BUSY),
    ("UPDATE rental SET sim_id = 1 WHERE id = 1", BUSY),
    ("UPDATE rental SET state = 'ended', ended_at = expires_at WHERE id = 1", None),
    ("UPDATE orders SET sim_id = 3 WHERE id = 4", None),
    ("UPDATE rental SET state = 'active', ended_at = NULL WHERE id = 1", BUSY),
    # The ledger only grows, but for entries of orders without a charge.
    (entry(), CONSTRAINT),
    ("UPDATE ledger SET balance_minor = balance_minor + 1 WHERE id = 1", LEDGER),
    ("UPDATE ledger SET note = NULL WHERE id = 1", LEDGER),
    ("DELETE FROM ledger WHERE id = 1", LEDGER),
    ("DELETE FROM ledger WHERE order_id = 1", LEDGER),
    ("DELETE FROM ledger WHERE order_id = 3", LEDGER),
    ("DELETE FROM ledger WHERE order_id = 2", None),
    (entry(kind="'release'", balance_minor=-5, order_id=5, cause="'x'"), None),
    ("DELETE FROM ledger WHERE id = 90", LEDGER),
    # The audit only grows, but for its oldest rows.
    ("DELETE FROM audit", AUDIT),
    (audit_row(101), None),
    (audit_row(102), None),
    ("DELETE FROM audit WHERE id = 101", AUDIT),
    ("DELETE FROM audit", AUDIT),
    ("DELETE FROM audit WHERE id <= 101", None),
    ("UPDATE audit SET subject = ''", AUDIT),
    # Both are blanked when an account is erased.
    ("INSERT INTO erasure (account_id, name) VALUES (1, 'ann')", None),
    ("UPDATE audit SET subject = ''", None),
    ("UPDATE audit SET actor = ''", AUDIT),
    ("UPDATE ledger SET note = NULL, cause = 'erased:1' WHERE id = 1", None),
    ("UPDATE ledger SET note = NULL, cause = 'erased:2' WHERE id = 2", LEDGER),
    ("UPDATE ledger SET cause = 'other' WHERE id = 1", LEDGER),
    ("UPDATE ledger SET note = 'why' WHERE id = 1", LEDGER),
    ("UPDATE ledger SET day = 1 WHERE id = 1", LEDGER),
    # When a delivery goes that holds others back, the next one of its subject takes its turn.
    (event(70, order_id=2), None),
    (event(71), None),
    (event(72), None),
    (event(73), None),
    (event(74), None),
    (waiting_delivery(70, next_at=5), None),
    (waiting_delivery(71), None),
    (waiting_delivery(72), None),
    (waiting_delivery(73), None),
    (waiting_delivery(74), None),
    ("DELETE FROM orders WHERE id = 2", None),
    ("DELETE FROM event WHERE id IN (71, 72)", None),
    # Conditions.
    (order(id=2147483648, service_id=1), CONSTRAINT),
    ("UPDATE orders SET state = 'unknown' WHERE id = 1", CONSTRAINT),
    ("UPDATE orders SET price_minor = -1 WHERE id = 1", CONSTRAINT),
    ("UPDATE orders SET ended_at = NULL WHERE id = 1", CONSTRAINT),
    ("UPDATE account SET held_minor = -1", CONSTRAINT),
    ("UPDATE bank_slot SET slot = -1 WHERE slot = 0", CONSTRAINT),
    ("UPDATE bank_slot SET iccid = NULL WHERE slot = 0", CONSTRAINT),
    ("UPDATE message SET rental_id = 1 WHERE id = 1", CONSTRAINT),
    ("UPDATE message SET kind = 'probe' WHERE id = 1", CONSTRAINT),
    ("UPDATE message SET kind = 'probe' WHERE id = 2", None),
    ("UPDATE client_address SET rental_id = 1 WHERE id = 1", CONSTRAINT),
    ("UPDATE client_address SET order_id = NULL WHERE id = 1", CONSTRAINT),
    ("UPDATE login SET totp_secret = NULL WHERE id = 1", CONSTRAINT),
    (entry(kind="'unknown'", cause="'y'"), CONSTRAINT),
    ("INSERT INTO sample VALUES ('a', 60, 0, 1, '{')", CONSTRAINT),
    ("INSERT INTO sample VALUES ('a', 60, 0, 1, '{\"b\": 1}')", None),
    # What there may be once, and what refers to something.
    ("INSERT INTO login (id, name, role, created_at) VALUES (90, 'BEN', 'viewer', 1)", CONSTRAINT),
    ("INSERT INTO login (id, name, account_id, created_at) VALUES (90, 'Ben', 1, 1)", None),
    ("INSERT INTO account_price (account_id, percent) VALUES (2, 80)", CONSTRAINT),
    (copied("part", "sim_id digest pdu imei received_at live", "stamp IS NULL"), CONSTRAINT),
    ("UPDATE message SET sim_id = 90 WHERE id = 1", CONSTRAINT),
    ("DELETE FROM sim WHERE id = 1", CONSTRAINT),
    ("DELETE FROM login WHERE id = 1", None),
]


def faults(server, fresh):
    """Brings the schema into a server, and tells what is wrong with it beside a fresh database."""
    files = sorted((ROOT / "migrations/postgres").glob("*.sql"))
    server.ask("\n".join(["BEGIN;", *(file.read_text() for file in files), "COMMIT;"]))
    # Rows can be copied only between tables that are the same.
    found = [*wrong_files(server, fresh, files), *differences(server, fresh)]
    return found or list(faults_of_rows(server))


def wrong_files(server, fresh, files):
    (newest,) = fresh.execute("PRAGMA user_version").fetchone()
    numbers = [int(file.name[:4]) for file in files]
    if numbers != list(range(numbers[0], newest + 1)):
        yield f"migrations/postgres has files for {numbers}, and SQLite's schema is {newest}"
    if server.ask("SELECT version FROM schema_version") != [str(numbers[0])]:
        yield f"{files[0].name} does not say that it brings schema {numbers[0]}"


def differences(server, fresh):
    lines = server.ask("\n".join([
        "BEGIN;",
        "CREATE SCHEMA from_sqlite;",
        "SET LOCAL search_path = from_sqlite, public;",
        *translated_tables(fresh),
        *translated_indexes(fresh),
        LISTING,
        "ROLLBACK;",
    ]))
    of_sqlite = dict(map(json.loads, lines)) | triggers(fresh)
    of_postgres = dict(map(json.loads, server.ask(LISTING)))
    for name in sorted(of_sqlite.keys() | of_postgres.keys()):
        one, other = of_sqlite.get(name, "none"), of_postgres.get(name, "none")
        if one != other:
            yield f"{name}\n  SQLite:     {one}\n  PostgreSQL: {other}"


def tables(database):
    """The names of the tables, those first that others refer to."""
    listed = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    parents = 'SELECT "table" FROM pragma_foreign_key_list(?1) WHERE "table" <> ?1'
    graph = {}
    for (table,) in database.execute(listed).fetchall():
        graph[table] = [parent for (parent,) in database.execute(parents, [table])]
    return list(TopologicalSorter(graph).static_order())


def translated_tables(database):
    last_ids = dict(database.execute("SELECT name, seq FROM sqlite_sequence"))
    definition = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
    for table in tables(database):
        (text,) = database.execute(definition, [table]).fetchone()
        text = re.sub(r"--[^\n]*", "", text)
        for sqlite, postgres in OTHER_TEXTS.items():
            text = text.replace(sqlite, postgres)
        text = ONE_OF.sub(in_list, text)
        text = OCTETS.sub(r"'\\x\1'", text)
        key = translated_key(table, text, last_ids)
        text = re.sub(r"INTEGER PRIMARY KEY( AUTOINCREMENT)?", key, text)
        for sqlite, postgres in TYPES.items():
            text = re.sub(rf"\b{sqlite}\b", postgres, text)
        yield re.sub(r"\) STRICT(, WITHOUT ROWID)?$", ");", text)


def in_list(alternatives):
    words = ", ".join(re.findall(r"'\w+'", alternatives[0]))
    return f"{alternatives[1]} IN ({words})"


def translated_key(table, text, last_ids):
    if table in GIVEN_KEYS:
        return "bigint PRIMARY KEY"
    options = f"START WITH {last_ids.get(table, 0) + 1}"
    if limit := re.search(r"CHECK \(id < (\d+)\)", text):
        options += f" MAXVALUE {int(limit[1]) - 1}"
    return f"bigint GENERATED BY DEFAULT AS IDENTITY ({options}) PRIMARY KEY"


def translated_indexes(database):
    """CREATE INDEX for each, with the parentheses that PostgreSQL wants around expressions."""
    listed = "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    for (text,) in database.execute(listed):
        start = text.index("(") + 1
        depth, at, items = 1, start, [start]
        while depth:
            depth += {"(": 1, ")": -1}.get(text[at], 0)
            if depth == 0 or (depth == 1 and text[at] == ","):
                items.append(at + 1)
            at += 1
        columns = [text[begin : end - 1].strip() for begin, end in zip(items, items[1:])]
        columns = [
            item if re.fullmatch(r"\w+( COLLATE \w+)?", item) else f"({item})" for item in columns
        ]
        yield f"{text[:start]}{', '.join(columns)}){text[at:]};"


def triggers(database):
    """When each trigger is run, as LISTING says it."""
    listed = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    return {
        f"trigger {name}": re.match(r"CREATE TRIGGER .*? ON \w+", text)[0]
        for name, text in database.execute(listed)
    }


def faults_of_rows(server):
    """Copies the representative rows, tries the statements in both databases, and compares."""
    database = migrated(with_rows=True)
    names = tables(database)
    listing = [f"SELECT json_build_array('{name}', to_json(t)) FROM {name} t;" for name in names]
    brought = map(json.loads, server.ask("\n".join(listing)))
    yield from differing_rows(rows(migrated(with_rows=False)), brought, "in an empty database")
    lines = server.ask("\n".join([
        "BEGIN;",
        REFUSAL,
        f"TRUNCATE {', '.join(names)};",
        *copies(database),
        *(f"SELECT json_build_array(pg_temp.refusal_of($try${text}$try$));" for text, _ in TRIALS),
        *listing,
        "ROLLBACK;",
    ]))
    answers = list(map(json.loads, lines))
    for (text, expected), (in_postgres,) in zip(TRIALS, answers):
        for place, refusal in ("SQLite", refusal_of(database, text)), ("PostgreSQL", in_postgres):
            if refusal != expected:
                yield f"{text}\n  {place} refuses it by {refusal}, expected was {expected}"
    yield from differing_rows(rows(database), answers[len(TRIALS) :], "after the trials")


def migrated(with_rows):
    """A database that all migrations have made, with the representative rows or without."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.execute("PRAGMA foreign_keys = ON")
    for file in sorted((ROOT / "migrations").glob("*.sql")):
        database.executescript(f"BEGIN; {file.read_text()}; COMMIT;")
        representative = ROOT / "tests/data/schemas" / f"{file.name[:4]}.sql"
        if with_rows and representative.exists():
            database.executescript(representative.read_text())
    return database


def rows(database):
    """Name of the table and columns of each row, as PostgreSQL tells them in JSON."""
    for table in tables(database):
        cursor = database.execute(f"SELECT * FROM {table} ORDER BY 1")
        columns = [column for column, *_ in cursor.description]
        for row in cursor:
            values = [f"\\x{value.hex()}" if isinstance(value, bytes) else value for value in row]
            yield [table, dict(zip(columns, values))]


def copies(database):
    for table, row in rows(database):
        values = ", ".join(map(literal, row.values()))
        yield f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values});"


def literal(value):
    if value is None:
        return "NULL"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def refusal_of(database, text):
    try:
        database.execute(text)
    except sqlite3.IntegrityError as error:
        return CONSTRAINT if " constraint failed" in str(error) else str(error)


def differing_rows(of_sqlite, of_postgres, when):
    one, other = (
        Counter(json.dumps(row, sort_keys=True) for row in those)
        for those in (of_sqlite, of_postgres)
    )
    for row in one - other:
        yield f"only SQLite has this row {when}: {row}"
    for row in other - one:
        yield f"only PostgreSQL has this row {when}: {row}"
