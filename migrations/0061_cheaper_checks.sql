-- SQLite makes a table of the values of an IN list that has three or more, each time it checks one. These two were checked with
-- each order and each entry. Nothing that is stored changes, so only the text of the tables' definitions does (as in 0019).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace (sql, 'CHECK (state IN (''open'', ''completed'', ''canceled'', ''skipped'', ''expired''))',
    'CHECK (state = ''open'' OR state = ''completed'' OR state = ''canceled'' OR state = ''skipped'' OR state = ''expired'')')
WHERE type = 'table' AND name = 'orders';
UPDATE sqlite_schema SET sql = replace (sql, 'CHECK (kind IN (''topup'', ''refund'', ''adjustment'', ''hold'', ''capture'', ''release'',
                                                 ''rental'', ''extension'', ''renewal''))',
    'CHECK (kind = ''hold'' OR kind = ''capture'' OR kind = ''release'' OR kind = ''topup'' OR kind = ''refund'' OR kind = ''adjustment''
        OR kind = ''rental'' OR kind = ''extension'' OR kind = ''renewal'')')
WHERE type = 'table' AND name = 'ledger';
PRAGMA writable_schema = RESET;

-- A trigger has each statement on its table keep a journal of its own. That of refunds had each entry do so; what a refund may be is
-- looked at where one is made, and by `verify`.
DROP TRIGGER ledger_refund;

-- An order that has ended never opens again, so its end need not be looked at.
DROP TRIGGER order_on_rented_sim_update;
CREATE TRIGGER order_on_rented_sim_update BEFORE UPDATE OF sim_id ON orders
WHEN NEW.state = 'open' AND EXISTS (SELECT 1 FROM rental r WHERE r.sim_id = NEW.sim_id AND r.state = 'active')
BEGIN SELECT RAISE (ABORT, 'the SIM is rented'); END;

-- The events of an account, by runs of 1024 ids: those of a moment lie together, and not each on a page of its account's.
DROP INDEX event_by_account;
CREATE INDEX event_by_account ON event (id >> 10, account_id);
