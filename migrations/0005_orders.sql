-- A service may have a reuse window and price of its own; NULL: the configuration's.
ALTER TABLE service ADD COLUMN reuse_window_us INTEGER CHECK (reuse_window_us >= 0);
ALTER TABLE service ADD COLUMN reuse_price_percent INTEGER CHECK (reuse_price_percent >= 0);

-- When its customer was first shown it: that goes into the audit once.
ALTER TABLE message ADD COLUMN seen_at INTEGER;

-- All that an account skipped lies together: the catalogue with its stock asks for it.
DROP INDEX orders_skipped;
CREATE INDEX orders_skipped ON orders (account_id, service_id, number) WHERE state = 'skipped';

-- A tenant has the number, also when another card takes its place.
CREATE INDEX rental_active_number ON rental (number) WHERE state = 'active';

-- A completed order is filed when its lifetime is over and it collects no more: what runs is looked for among what runs, and
-- not among all that ever did.
ALTER TABLE orders ADD COLUMN filed INTEGER NOT NULL DEFAULT 0;
UPDATE orders SET filed = 1 WHERE state = 'completed' AND expires_at < unixepoch () * 1000000;
DROP INDEX orders_running;
CREATE INDEX orders_running ON orders (sim_id, expires_at) WHERE state IN ('open', 'completed') AND filed = 0;
CREATE INDEX orders_to_file ON orders (expires_at) WHERE state = 'completed' AND filed = 0;

-- The same parts, found by their time first: those that come now then lie side by side, whatever the history.
CREATE TABLE part_2 (
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
    message_id  INTEGER REFERENCES message (id)
) STRICT;
INSERT INTO part_2 (id, sim_id, digest, pdu, imei, smsc, stamp, received_at, live, error, sequence, assembly_id, message_id)
SELECT id, sim_id, digest, pdu, imei, smsc, stamp, received_at, live, error, sequence, assembly_id, message_id FROM part;
DROP TABLE part;
ALTER TABLE part_2 RENAME TO part;
-- The same TPDU on the same SIM is the same message. It bears its stamp, so the stamp is the same too.
CREATE UNIQUE INDEX part_once ON part (coalesce(stamp, 0), sim_id, digest);
CREATE INDEX part_by_assembly ON part (assembly_id, sequence) WHERE assembly_id IS NOT NULL;
CREATE INDEX part_by_message ON part (message_id) WHERE message_id IS NOT NULL;
-- By time, so that a service centre that was long silent is not looked through from its beginning.
CREATE INDEX part_live ON part (smsc, received_at) WHERE live = 1 AND (sequence IS NULL OR sequence = 1);
