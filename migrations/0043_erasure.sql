ALTER TABLE account ADD COLUMN erased_at INTEGER;

-- An account whose erasure is under way, with the name that it had, by which what names it is found.
CREATE TABLE erasure (
    account_id INTEGER PRIMARY KEY REFERENCES account (id),
    name       TEXT NOT NULL
) STRICT;

-- The ledger still only grows, but that what the operator wrote of an account that is being erased is blanked.
DROP TRIGGER ledger_only_grows_update;
CREATE TRIGGER ledger_only_grows_update BEFORE UPDATE ON ledger
WHEN NOT EXISTS (SELECT 1 FROM erasure e WHERE e.account_id = OLD.account_id) OR NEW.note IS NOT NULL
    OR (NEW.cause IS NOT OLD.cause AND (OLD.kind NOT IN ('topup', 'adjustment') OR NEW.cause <> 'erased:' || OLD.id))
    OR NEW.id IS NOT OLD.id OR NEW.account_id IS NOT OLD.account_id OR NEW.kind IS NOT OLD.kind
    OR NEW.balance_minor IS NOT OLD.balance_minor OR NEW.held_minor IS NOT OLD.held_minor OR NEW.currency IS NOT OLD.currency
    OR NEW.order_id IS NOT OLD.order_id OR NEW.rental_id IS NOT OLD.rental_id OR NEW.price_minor IS NOT OLD.price_minor
    OR NEW.price_currency IS NOT OLD.price_currency OR NEW.rate IS NOT OLD.rate OR NEW.created_at IS NOT OLD.created_at
    OR NEW.day IS NOT OLD.day OR NEW.key_prefix IS NOT OLD.key_prefix OR NEW.months IS NOT OLD.months
BEGIN SELECT RAISE (ABORT, 'the ledger only grows'); END;

-- And so does the audit, but that names and reasons are taken out of it then.
DROP TRIGGER audit_only_grows_update;
CREATE TRIGGER audit_only_grows_update BEFORE UPDATE ON audit
WHEN NOT EXISTS (SELECT 1 FROM erasure)
    OR NEW.id IS NOT OLD.id OR NEW.at IS NOT OLD.at OR NEW.actor IS NOT OLD.actor OR NEW.deed IS NOT OLD.deed
    OR NEW.uid IS NOT OLD.uid OR NEW.user_name IS NOT OLD.user_name OR NEW.key_prefix IS NOT OLD.key_prefix
BEGIN SELECT RAISE (ABORT, 'the audit only grows'); END;
