-- How many decimals the amounts of this database have. Until now all had two, whatever the currency.
CREATE TABLE money (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    decimals INTEGER NOT NULL
) STRICT;
INSERT INTO money (id, decimals) VALUES (1, 2);
