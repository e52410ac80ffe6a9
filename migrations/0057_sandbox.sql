-- What customers try out with test keys. Nothing here is real: it stands beside the tables of orders and rentals, refers to none of
-- them, and is told to test keys and test endpoints alone.
ALTER TABLE api_key ADD COLUMN test INTEGER NOT NULL DEFAULT 0 CHECK (test IN (0, 1));
ALTER TABLE webhook_endpoint ADD COLUMN test INTEGER NOT NULL DEFAULT 0 CHECK (test IN (0, 1));
ALTER TABLE event ADD COLUMN test_id INTEGER;    -- the test order or rental that it is about; NULL: it is about nothing of a test

-- What becomes of it follows from its service and the time. AUTOINCREMENT, so that no id ever means another order.
CREATE TABLE test_order (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id  INTEGER NOT NULL REFERENCES account (id),
    service     TEXT NOT NULL,
    number_of   INTEGER,                         -- the order whose number it has; NULL: its own
    price_minor INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    replaces    INTEGER,
    client_ref  TEXT,
    given_up    TEXT CHECK (given_up IN ('canceled', 'skipped', 'reported')),
    given_up_at INTEGER,
    told        INTEGER NOT NULL,                -- of how many things that happen to it its account was told
    next_at     INTEGER NOT NULL,                -- when the next one happens; the last is that it is removed
    CHECK ((given_up IS NULL) = (given_up_at IS NULL))
) STRICT;
CREATE INDEX test_order_by_account ON test_order (account_id, id);
CREATE INDEX test_order_next ON test_order (next_at);

-- The newest of an account is the one that it has.
CREATE TABLE test_rental (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id      INTEGER NOT NULL REFERENCES account (id),
    package         TEXT NOT NULL,
    renewal_package TEXT NOT NULL,
    auto_renew      INTEGER NOT NULL CHECK (auto_renew IN (0, 1)),
    months          INTEGER NOT NULL,
    price_minor     INTEGER NOT NULL,
    started_at      INTEGER NOT NULL,
    told            INTEGER NOT NULL,            -- of how many of its texts its account was told
    next_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX test_rental_by_account ON test_rental (account_id, id);
CREATE INDEX test_rental_next ON test_rental (next_at);

INSERT INTO sqlite_sequence (name, seq) VALUES ('test_order', 1999999999), ('test_rental', 2099999999);
