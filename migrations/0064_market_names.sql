-- What programs that were written for other markets call a service: a code of the handler_api dialect, a product name of 5sim's. NULL: it is not sold there.
ALTER TABLE service ADD COLUMN market_code TEXT CHECK (length(market_code) BETWEEN 2 AND 4);
ALTER TABLE service ADD COLUMN fivesim_name TEXT CHECK (length(fivesim_name) BETWEEN 2 AND 40);
CREATE UNIQUE INDEX service_by_market_code ON service (market_code) WHERE market_code IS NOT NULL;
CREATE UNIQUE INDEX service_by_fivesim_name ON service (fivesim_name) WHERE fivesim_name IS NOT NULL;
