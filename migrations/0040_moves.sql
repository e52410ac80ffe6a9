-- Since when a rental has its SIM; NULL: from its start.
ALTER TABLE rental ADD COLUMN moved_at INTEGER;

-- The SIMs that rentals had before they were moved to others.
CREATE TABLE rental_move (
    id        INTEGER PRIMARY KEY,
    rental_id INTEGER NOT NULL REFERENCES rental (id),
    sim_id    INTEGER NOT NULL REFERENCES sim (id),
    number    TEXT NOT NULL,
    from_at   INTEGER NOT NULL,
    to_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX rental_move_of_rental ON rental_move (rental_id, sim_id);
CREATE INDEX rental_move_by_sim ON rental_move (sim_id);
CREATE INDEX rental_move_by_number ON rental_move (number);

-- Who has a SIM is found by when he got it, whenever his rental began.
DROP INDEX rental_by_sim;
CREATE INDEX rental_by_sim ON rental (sim_id, coalesce (moved_at, started_at));
