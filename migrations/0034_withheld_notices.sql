-- That something was withheld from the holder of an order or a rental, and by which rule. It says nothing of the message.
CREATE TABLE withheld_notice (
    id        INTEGER PRIMARY KEY,
    order_id  INTEGER REFERENCES orders (id) ON DELETE CASCADE,
    rental_id INTEGER REFERENCES rental (id) ON DELETE CASCADE,
    rule      TEXT NOT NULL,
    at        INTEGER NOT NULL,
    CHECK ((order_id IS NULL) <> (rental_id IS NULL))
) STRICT;
CREATE UNIQUE INDEX withheld_notice_of_order ON withheld_notice (order_id, rule) WHERE order_id IS NOT NULL;
CREATE UNIQUE INDEX withheld_notice_of_rental ON withheld_notice (rental_id, rule) WHERE rental_id IS NOT NULL;
