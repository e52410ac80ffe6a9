-- What an account pays instead of a service's price: an amount, or a share of that price in percent. Without a service it is for every
-- one, without a country for every one.
CREATE TABLE account_price (
    account_id  INTEGER NOT NULL REFERENCES account (id),
    service_id  INTEGER REFERENCES service (id),
    country     TEXT,
    price_minor INTEGER CHECK (price_minor >= 0),
    percent     INTEGER CHECK (percent BETWEEN 0 AND 1000),
    CHECK ((price_minor IS NULL) <> (percent IS NULL)),
    CHECK (service_id IS NOT NULL OR price_minor IS NULL)
) STRICT;
CREATE UNIQUE INDEX account_price_once ON account_price (account_id, coalesce(service_id, 0), coalesce(country, ''));
