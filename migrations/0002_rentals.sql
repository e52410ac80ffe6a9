-- Reuse, rentals, retention, suspended accounts, resting SIMs, the block list's record, and the audit.

ALTER TABLE account ADD COLUMN suspended_at INTEGER;
ALTER TABLE api_key ADD COLUMN allowed TEXT;   -- addresses and networks that may use it, between spaces; NULL: all
ALTER TABLE sim ADD COLUMN rests_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sim ADD COLUMN retired_at INTEGER;
ALTER TABLE orders ADD COLUMN reuse_of INTEGER REFERENCES orders (id);

-- When a number was used for a service: the cool-down counts from then.
DROP INDEX orders_used;
CREATE INDEX orders_used ON orders (number, service_id, ended_at) WHERE state = 'completed';

CREATE TABLE rental (
    id              INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id < 2147483648),
    account_id      INTEGER NOT NULL REFERENCES account (id),
    sim_id          INTEGER NOT NULL REFERENCES sim (id),
    number          TEXT NOT NULL,
    country         TEXT NOT NULL,
    package         TEXT NOT NULL,
    renewal_package TEXT NOT NULL,
    auto_renew      INTEGER NOT NULL,
    state           TEXT NOT NULL CHECK (state IN ('active', 'ended')),
    -- Terms paid for, and their months together: the end is that many months after the start.
    terms           INTEGER NOT NULL CHECK (terms >= 1),
    months          INTEGER NOT NULL CHECK (months >= 1),
    started_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL CHECK (expires_at > started_at),
    ended_at        INTEGER,
    CHECK ((state = 'active') = (ended_at IS NULL))
) STRICT;
-- A SIM has one tenant.
CREATE UNIQUE INDEX rental_active_per_sim ON rental (sim_id) WHERE state = 'active';
CREATE INDEX rental_by_sim ON rental (sim_id, started_at);
CREATE INDEX rental_due ON rental (expires_at) WHERE state = 'active';
-- A rented SIM has no open order.
CREATE TRIGGER order_on_rented_sim_insert BEFORE INSERT ON orders
WHEN NEW.state = 'open' AND EXISTS (SELECT 1 FROM rental r WHERE r.sim_id = NEW.sim_id AND r.state = 'active')
BEGIN SELECT RAISE (ABORT, 'the SIM is rented'); END;
CREATE TRIGGER order_on_rented_sim_update BEFORE UPDATE OF state, sim_id ON orders
WHEN NEW.state = 'open' AND EXISTS (SELECT 1 FROM rental r WHERE r.sim_id = NEW.sim_id AND r.state = 'active')
BEGIN SELECT RAISE (ABORT, 'the SIM is rented'); END;
CREATE TRIGGER rental_on_busy_sim_insert BEFORE INSERT ON rental
WHEN NEW.state = 'active' AND EXISTS (SELECT 1 FROM orders o WHERE o.sim_id = NEW.sim_id AND o.state = 'open')
BEGIN SELECT RAISE (ABORT, 'the SIM has an open order'); END;
CREATE TRIGGER rental_on_busy_sim_update BEFORE UPDATE OF state, sim_id ON rental
WHEN NEW.state = 'active' AND EXISTS (SELECT 1 FROM orders o WHERE o.sim_id = NEW.sim_id AND o.state = 'open')
BEGIN SELECT RAISE (ABORT, 'the SIM has an open order'); END;

-- The ledger with more kinds of entry, and with the price as it is declared when that is in another currency.
DROP TRIGGER ledger_only_grows_update;
DROP TRIGGER ledger_only_grows_delete;
CREATE TABLE ledger_2 (
    id             INTEGER PRIMARY KEY,
    account_id     INTEGER NOT NULL REFERENCES account (id),
    kind           TEXT NOT NULL CHECK (kind IN ('topup', 'adjustment', 'hold', 'capture', 'release',
                                                 'rental', 'extension', 'renewal')),
    balance_minor  INTEGER NOT NULL,   -- what it adds to the balance
    held_minor     INTEGER NOT NULL,   -- what it adds to the holds
    currency       TEXT NOT NULL,
    order_id       INTEGER REFERENCES orders (id),
    rental_id      INTEGER REFERENCES rental (id),
    price_minor    INTEGER,            -- the declared price
    price_currency TEXT,
    rate           TEXT,               -- account currency for one of the price's
    note           TEXT,               -- why, in the operator's words
    cause          TEXT NOT NULL UNIQUE,   -- nothing is applied twice
    created_at     INTEGER NOT NULL
) STRICT;
INSERT INTO ledger_2 (id, account_id, kind, balance_minor, held_minor, currency, order_id, cause, created_at)
SELECT id, account_id, kind, balance_minor, held_minor, currency, order_id, cause, created_at FROM ledger;
DROP TABLE ledger;
ALTER TABLE ledger_2 RENAME TO ledger;
CREATE INDEX ledger_by_account ON ledger (account_id, id);
CREATE INDEX ledger_by_order ON ledger (order_id, id) WHERE order_id IS NOT NULL;
CREATE INDEX ledger_by_rental ON ledger (rental_id, id) WHERE rental_id IS NOT NULL;
CREATE TRIGGER ledger_only_grows_update BEFORE UPDATE ON ledger
BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;
CREATE TRIGGER ledger_only_grows_delete BEFORE DELETE ON ledger
BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;

ALTER TABLE message ADD COLUMN rental_id INTEGER REFERENCES rental (id) CHECK (rental_id IS NULL OR order_id IS NULL);
ALTER TABLE message ADD COLUMN withheld TEXT;            -- the block list's rule that keeps it from customers
ALTER TABLE message ADD COLUMN settled_at INTEGER;       -- retention counts from here; NULL while its rental runs
ALTER TABLE message ADD COLUMN raw INTEGER NOT NULL DEFAULT 1;   -- its PDUs are there
UPDATE message SET settled_at = coalesce((SELECT o.expires_at FROM orders o WHERE o.id = message.order_id), received_at);
CREATE INDEX message_by_rental ON message (rental_id, id) WHERE rental_id IS NOT NULL;
-- What came to a SIM and was given to nobody.
CREATE INDEX message_unclaimed ON message (sim_id, received_at) WHERE order_id IS NULL AND rental_id IS NULL;
CREATE INDEX message_text_due ON message (settled_at) WHERE text IS NOT NULL AND settled_at IS NOT NULL;
CREATE INDEX message_raw_due ON message (settled_at) WHERE raw = 1 AND settled_at IS NOT NULL;
CREATE INDEX assembly_by_message ON assembly (message_id) WHERE message_id IS NOT NULL AND complete = 0;
CREATE INDEX part_by_message ON part (message_id) WHERE message_id IS NOT NULL;

-- Who did or saw what; never a text.
CREATE TABLE audit (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,   -- operator, daemon, or account N
    deed       TEXT NOT NULL,
    subject    TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_only_grows_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit only grows'); END;
CREATE TRIGGER audit_only_grows_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit only grows'); END;
