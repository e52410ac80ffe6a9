-- For how long at least no order had completed on a rental's number when it began; NULL: this was not looked at.
ALTER TABLE rental ADD COLUMN order_rest_us INTEGER;
CREATE INDEX rental_by_number ON rental (number, started_at);
