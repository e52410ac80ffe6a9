-- Whether an account's customers are shown the services' ids of the API in the portal.
ALTER TABLE account ADD COLUMN shows_api_ids INTEGER NOT NULL DEFAULT 0;

-- The services that an account's customers are shown first.
CREATE TABLE favourite (
    account_id INTEGER NOT NULL REFERENCES account (id),
    service_id INTEGER NOT NULL REFERENCES service (id),
    PRIMARY KEY (account_id, service_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX favourite_by_service ON favourite (service_id);

-- The keys of an account.
CREATE INDEX api_key_by_account ON api_key (account_id);
