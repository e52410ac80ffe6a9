-- What an order was charged can be given back, once. A CHECK cannot be altered, and to make the ledger anew would take minutes with
-- tens of millions of entries; nothing that is stored changes, so only the text of the table's definition does.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace (sql, '''topup'', ''adjustment''', '''topup'', ''refund'', ''adjustment''')
WHERE type = 'table' AND name = 'ledger';
PRAGMA writable_schema = RESET;

CREATE TRIGGER ledger_refund BEFORE INSERT ON ledger
WHEN NEW.kind = 'refund' AND NOT EXISTS (SELECT 1 FROM ledger c WHERE c.order_id = NEW.order_id AND c.kind = 'capture'
    AND c.account_id = NEW.account_id AND NEW.balance_minor BETWEEN 1 AND -c.balance_minor)
BEGIN SELECT RAISE (ABORT, 'a refund is at most what its order was charged'); END;
