-- The addresses that accounts have their events sent to. AUTOINCREMENT, so that no id ever means another endpoint.
CREATE TABLE webhook_endpoint (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id    INTEGER NOT NULL REFERENCES account (id),
    url           TEXT NOT NULL,
    types         TEXT NOT NULL,             -- patterns, separated by spaces
    secret        BLOB NOT NULL,
    former_secret BLOB,                      -- signs too, until former_until
    former_until  INTEGER,
    off_reason    TEXT CHECK (off_reason IN ('customer', 'gone', 'failing')),   -- NULL: it is on
    failing_since INTEGER,
    created_at    INTEGER NOT NULL,
    deleted_at    INTEGER,                   -- its deliveries are being removed, then it is
    position      INTEGER NOT NULL,          -- each event up to this one has its delivery, or needs none
    CHECK ((former_secret IS NULL) = (former_until IS NULL))
) STRICT;
CREATE INDEX webhook_endpoint_by_account ON webhook_endpoint (account_id) WHERE deleted_at IS NULL;
CREATE INDEX webhook_endpoint_deleted ON webhook_endpoint (id) WHERE deleted_at IS NOT NULL;

-- The delivery of an event to an endpoint, from the end of its first attempt on. It goes with its event.
CREATE TABLE webhook_delivery (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint_id INTEGER NOT NULL REFERENCES webhook_endpoint (id),
    event_id    INTEGER NOT NULL REFERENCES event (id) ON DELETE CASCADE,
    subject     TEXT,                        -- the order or rental whose events are sent in order
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'given_up')),
    next_at     INTEGER,                     -- NULL of a waiting one: an earlier one of its subject waits
    tries       INTEGER NOT NULL DEFAULT 0,
    repeated    INTEGER NOT NULL DEFAULT 0,  -- asked for once more: one attempt, which holds nothing back
    attempts    TEXT NOT NULL,               -- JSON: the last ones
    UNIQUE (event_id, endpoint_id),
    CHECK (next_at IS NULL OR state = 'waiting'),
    CHECK (repeated = 0 OR state = 'waiting')
) STRICT;
CREATE INDEX webhook_delivery_by_endpoint ON webhook_delivery (endpoint_id, id);
CREATE INDEX webhook_delivery_due ON webhook_delivery (endpoint_id, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (endpoint_id, subject, event_id) WHERE state = 'waiting' AND repeated = 0;

-- When a delivery that holds others back goes with its event, the next one of its subject takes its turn.
CREATE TRIGGER webhook_delivery_gone AFTER DELETE ON webhook_delivery
WHEN OLD.next_at IS NOT NULL AND OLD.repeated = 0 AND OLD.subject IS NOT NULL
BEGIN
    UPDATE webhook_delivery SET next_at = OLD.next_at WHERE next_at IS NULL AND id = (
        SELECT id FROM webhook_delivery WHERE endpoint_id = OLD.endpoint_id AND subject = OLD.subject AND state = 'waiting'
            AND repeated = 0 ORDER BY event_id LIMIT 1);
END;
