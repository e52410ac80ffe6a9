-- A service is not sold in a country at all; its price there counts for nothing then.
ALTER TABLE service_price ADD COLUMN sold INTEGER NOT NULL DEFAULT 1;
