-- For how long a rental runs on for nothing, behind what was paid for; and how much of that lies before the last term that was charged.
ALTER TABLE rental ADD COLUMN free_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rental ADD COLUMN free_before_us INTEGER NOT NULL DEFAULT 0;

-- How many months a rental's term has; NULL: it was charged before this was kept.
ALTER TABLE ledger ADD COLUMN months INTEGER;

-- What a rental was charged can be given back too, in parts, and no more than all of it.
DROP TRIGGER ledger_refund;
CREATE TRIGGER ledger_refund BEFORE INSERT ON ledger
WHEN NEW.kind = 'refund' AND NOT EXISTS (SELECT 1 FROM ledger c WHERE c.order_id = NEW.order_id AND c.kind = 'capture'
    AND c.account_id = NEW.account_id AND NEW.balance_minor BETWEEN 1 AND -c.balance_minor)
    AND (NEW.order_id IS NOT NULL OR NEW.rental_id IS NULL OR NEW.held_minor <> 0 OR NEW.balance_minor NOT BETWEEN 1
        AND coalesce ((SELECT -sum(l.balance_minor) FROM ledger l WHERE l.rental_id = NEW.rental_id AND l.account_id = NEW.account_id), 0))
BEGIN SELECT RAISE (ABORT, 'a refund is at most what its order or rental was charged'); END;
