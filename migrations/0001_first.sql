-- Times are integer microseconds since 1970, UTC. Amounts are integer minor units of the account currency.

CREATE TABLE account (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    -- Sums of the ledger's effects, kept beside it so that a balance costs the same whatever the history.
    balance_minor INTEGER NOT NULL DEFAULT 0,
    held_minor    INTEGER NOT NULL DEFAULT 0 CHECK (held_minor >= 0),
    created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE api_key (
    digest     BLOB PRIMARY KEY CHECK (length(digest) = 32),  -- SHA-256 of the key; the key itself is never kept
    prefix     TEXT NOT NULL,
    account_id INTEGER NOT NULL REFERENCES account (id),
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_key_by_prefix ON api_key (prefix);

CREATE TABLE service (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    price_minor INTEGER NOT NULL CHECK (price_minor >= 0),
    enabled     INTEGER NOT NULL DEFAULT 1,
    priority    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE service_price (
    service_id  INTEGER NOT NULL REFERENCES service (id),
    country     TEXT NOT NULL,
    price_minor INTEGER NOT NULL CHECK (price_minor >= 0),
    PRIMARY KEY (service_id, country)
) STRICT;

CREATE TABLE service_pattern (
    id         INTEGER PRIMARY KEY,
    service_id INTEGER NOT NULL REFERENCES service (id),
    kind       TEXT NOT NULL CHECK (kind IN ('sender', 'text')),
    pattern    TEXT NOT NULL
) STRICT;
CREATE INDEX service_pattern_by_service ON service_pattern (service_id, kind);

CREATE TABLE sim (
    id            INTEGER PRIMARY KEY,
    iccid         TEXT NOT NULL UNIQUE,
    imsi          TEXT,
    number        TEXT,   -- E.164 with +
    number_source TEXT CHECK (number_source IN ('phonebook', 'cnum', 'operator')),
    number_at     INTEGER,
    country       TEXT,
    last_given_at INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    CHECK ((number IS NULL) = (number_source IS NULL))
) STRICT;
CREATE INDEX sim_by_number ON sim (number);
CREATE INDEX sim_stock ON sim (country, last_given_at, id) WHERE number IS NOT NULL;

-- Which SIM was last confirmed in which modem: what lies in the modem's own store belongs to it.
CREATE TABLE modem (
    imei       TEXT PRIMARY KEY,
    sim_id     INTEGER NOT NULL REFERENCES sim (id),
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE orders (
    id          INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id < 2147483648),
    account_id  INTEGER NOT NULL REFERENCES account (id),
    service_id  INTEGER NOT NULL REFERENCES service (id),
    sim_id      INTEGER NOT NULL REFERENCES sim (id),
    number      TEXT NOT NULL,
    country     TEXT NOT NULL,
    price_minor INTEGER NOT NULL CHECK (price_minor >= 0),
    state       TEXT NOT NULL CHECK (state IN ('open', 'completed', 'canceled', 'skipped', 'expired')),
    -- The service had patterns when the order was made: it may share its SIM.
    patterned   INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL CHECK (expires_at >= created_at),
    ended_at    INTEGER,
    CHECK ((state = 'open') = (ended_at IS NULL))
) STRICT;
-- A SIM has at most one open order per service.
CREATE UNIQUE INDEX orders_open_per_sim ON orders (sim_id, service_id) WHERE state = 'open';
CREATE INDEX orders_open_per_account ON orders (account_id, id) WHERE state = 'open';
CREATE INDEX orders_due ON orders (expires_at) WHERE state = 'open';
-- What a message may still be given to: open and collecting orders of a SIM.
CREATE INDEX orders_running ON orders (sim_id, expires_at) WHERE state IN ('open', 'completed');
-- A number is never sold twice for the same service.
CREATE INDEX orders_used ON orders (number, service_id) WHERE state = 'completed';
CREATE INDEX orders_skipped ON orders (number, service_id, account_id) WHERE state = 'skipped';

CREATE TABLE ledger (
    id            INTEGER PRIMARY KEY,
    account_id    INTEGER NOT NULL REFERENCES account (id),
    kind          TEXT NOT NULL CHECK (kind IN ('topup', 'hold', 'capture', 'release')),
    balance_minor INTEGER NOT NULL,   -- what it adds to the balance
    held_minor    INTEGER NOT NULL,   -- what it adds to the holds
    currency      TEXT NOT NULL,
    order_id      INTEGER REFERENCES orders (id),
    cause         TEXT NOT NULL UNIQUE,   -- nothing is applied twice
    created_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX ledger_by_account ON ledger (account_id, id);
CREATE TRIGGER ledger_only_grows_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;
CREATE TRIGGER ledger_only_grows_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;

CREATE TABLE message (
    id          INTEGER PRIMARY KEY,
    sim_id      INTEGER NOT NULL REFERENCES sim (id),
    sender      TEXT,   -- NULL: the PDU could not be decoded
    text        TEXT,
    code        TEXT,
    sent_at     INTEGER,
    received_at INTEGER NOT NULL,
    complete    INTEGER NOT NULL,
    order_id    INTEGER REFERENCES orders (id)
) STRICT;
CREATE INDEX message_by_order ON message (order_id, id) WHERE order_id IS NOT NULL;

-- A long message whose parts are being gathered.
CREATE TABLE assembly (
    id         INTEGER PRIMARY KEY,
    sim_id     INTEGER NOT NULL REFERENCES sim (id),
    sender     TEXT NOT NULL,
    reference  INTEGER NOT NULL,
    wide       INTEGER NOT NULL,   -- 16-bit reference
    total      INTEGER NOT NULL,
    due_at     INTEGER,            -- when it is shown as incomplete; NULL once it has become a message
    message_id INTEGER REFERENCES message (id),
    complete   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX assembly_open ON assembly (sim_id, sender, reference, total) WHERE complete = 0;
CREATE INDEX assembly_due ON assembly (due_at) WHERE due_at IS NOT NULL;

-- One TPDU as it came from a modem. The same TPDU on the same SIM is the same message.
CREATE TABLE part (
    id          INTEGER PRIMARY KEY,
    sim_id      INTEGER NOT NULL REFERENCES sim (id),
    digest      BLOB NOT NULL,      -- SHA-256 of the TPDU, or of the line when it was no PDU
    pdu         BLOB NOT NULL,      -- with the service centre's address, or the line
    imei        TEXT NOT NULL,
    smsc        TEXT,
    stamp       INTEGER,            -- service-centre time stamp
    received_at INTEGER NOT NULL,
    live        INTEGER NOT NULL,   -- it came at once: its stamp tells the service centre's clock
    error       TEXT,               -- why it could not be decoded
    sequence    INTEGER,
    assembly_id INTEGER REFERENCES assembly (id),
    message_id  INTEGER REFERENCES message (id),
    UNIQUE (sim_id, digest)
) STRICT;
CREATE INDEX part_by_assembly ON part (assembly_id, sequence) WHERE assembly_id IS NOT NULL;
CREATE INDEX part_live ON part (smsc, id) WHERE live = 1;
