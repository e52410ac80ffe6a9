-- What was paid into an account, corrected by the operator, or given back, is listed for its customer without what it has ordered and rented.
CREATE INDEX ledger_payments ON ledger (account_id, id) WHERE kind = 'topup' OR kind = 'adjustment' OR kind = 'refund';
