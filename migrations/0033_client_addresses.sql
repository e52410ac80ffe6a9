-- From where something was asked for. In a table of their own, because they are kept for a shorter time than what they belong to.
CREATE TABLE client_address (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    address   TEXT NOT NULL,
    order_id  INTEGER REFERENCES orders (id) ON DELETE CASCADE,
    rental_id INTEGER REFERENCES rental (id) ON DELETE CASCADE,
    audit_id  INTEGER REFERENCES audit (id) ON DELETE CASCADE,
    CHECK ((order_id IS NOT NULL) + (rental_id IS NOT NULL) + (audit_id IS NOT NULL) = 1)
) STRICT;
CREATE UNIQUE INDEX client_address_of_order ON client_address (order_id) WHERE order_id IS NOT NULL;
CREATE UNIQUE INDEX client_address_of_rental ON client_address (rental_id) WHERE rental_id IS NOT NULL;
CREATE UNIQUE INDEX client_address_of_audit ON client_address (audit_id) WHERE audit_id IS NOT NULL;
CREATE INDEX client_address_by_time ON client_address (at);

-- The first characters of the key with which a customer did it.
ALTER TABLE audit ADD COLUMN key_prefix TEXT;
