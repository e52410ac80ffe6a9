-- What customers are told: each event is written in the transaction that makes it true, and read from here by those who
-- follow their account's events. AUTOINCREMENT: a client's position must never mean another event.
CREATE TABLE event (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES account (id),
    kind       TEXT NOT NULL,
    order_id   INTEGER REFERENCES orders (id) ON DELETE CASCADE,
    rental_id  INTEGER REFERENCES rental (id) ON DELETE CASCADE,
    message_id INTEGER REFERENCES message (id),   -- the message that it is about
    at         INTEGER NOT NULL,
    data       TEXT NOT NULL,                     -- JSON: the order or rental as it was, with texts
    CHECK (order_id IS NULL OR rental_id IS NULL)
) STRICT;
CREATE INDEX event_by_account ON event (account_id, id);
CREATE INDEX event_by_order ON event (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX event_by_rental ON event (rental_id, message_id) WHERE rental_id IS NOT NULL;

-- What a customer calls an order; the order in whose place it was made, which may be gone; why its number was reported.
ALTER TABLE orders ADD COLUMN client_ref TEXT;
ALTER TABLE orders ADD COLUMN replaces INTEGER;
ALTER TABLE orders ADD COLUMN report TEXT;
CREATE INDEX orders_by_client_ref ON orders (account_id, client_ref) WHERE client_ref IS NOT NULL;

-- When a tenant is next told that a rental is about to end; NULL: not again. Those that run are told at seven days.
ALTER TABLE rental ADD COLUMN notice_at INTEGER;
UPDATE rental SET notice_at = expires_at - 604800000000 WHERE state = 'active';
CREATE INDEX rental_notice ON rental (notice_at) WHERE state = 'active' AND notice_at IS NOT NULL;
