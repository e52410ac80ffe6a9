-- Orders that ended without a charge, by their end: they are kept for a while only. Those with a message are filed and stay.
CREATE INDEX orders_uncharged ON orders (ended_at) WHERE state IN ('canceled', 'expired') AND filed = 0;

-- Without it the whole table would be looked through for orders that reuse the number of one that goes.
CREATE INDEX orders_reuse ON orders (reuse_of) WHERE reuse_of IS NOT NULL;

-- The ledger still only grows, but what held the price of such an order and gave it back, and changes no balance, may go with it.
DROP TRIGGER ledger_only_grows_delete;
CREATE TRIGGER ledger_only_grows_delete BEFORE DELETE ON ledger
WHEN OLD.kind NOT IN ('hold', 'release') OR OLD.balance_minor <> 0
    OR NOT EXISTS (SELECT 1 FROM orders o WHERE o.id = OLD.order_id AND o.state IN ('canceled', 'expired'))
BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;

-- Of the audit only the oldest row may go.
DROP TRIGGER audit_only_grows_delete;
CREATE TRIGGER audit_only_grows_delete BEFORE DELETE ON audit
WHEN OLD.id <> (SELECT min(id) FROM audit) OR OLD.id = (SELECT max(id) FROM audit)
BEGIN SELECT RAISE (ABORT, 'the audit only grows'); END;
