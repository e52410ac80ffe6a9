-- SIM banks: what was found in their slots, the switches of their radios, where each SIM was when, and orders on SIMs that
-- are parked when they are made.

-- What was found in a bank's slots: a hint for the next switch. To whom a message belongs the ICCID says that was read on the radio.
CREATE TABLE bank_slot (
    bank       TEXT NOT NULL,
    slot       INTEGER NOT NULL CHECK (slot BETWEEN 0 AND 4294967295),
    holds      TEXT NOT NULL CHECK (holds IN ('unknown', 'empty', 'sim')),
    iccid      TEXT,
    visited_at INTEGER,   -- when it was last on the air
    PRIMARY KEY (bank, slot),
    CHECK ((holds = 'sim') = (iccid IS NOT NULL))
) STRICT, WITHOUT ROWID;
-- A card is in one slot at most.
CREATE UNIQUE INDEX bank_slot_card ON bank_slot (iccid) WHERE iccid IS NOT NULL;

-- Switches that are over, newest last.
CREATE TABLE bank_move (
    id       INTEGER PRIMARY KEY,
    bank     TEXT NOT NULL,
    radio    TEXT NOT NULL,   -- the radio's port
    slot     INTEGER NOT NULL CHECK (slot BETWEEN 0 AND 4294967295),
    left_iccid  TEXT,         -- ICCID of the card that left
    found_iccid TEXT,         -- ICCID of the card that was read afterwards
    outcome  TEXT NOT NULL CHECK (outcome IN ('done', 'no-network', 'lied', 'empty', 'failed')),
    began_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL
) STRICT;
CREATE INDEX bank_move_by_bank ON bank_move (bank, id);
CREATE INDEX bank_move_by_age ON bank_move (ended_at);

-- Where a SIM was: one row for as long as the same modem has it.
CREATE TABLE stay (
    id       INTEGER PRIMARY KEY,
    sim_id   INTEGER NOT NULL REFERENCES sim (id),
    imei     TEXT NOT NULL,
    bank     TEXT,
    slot     INTEGER CHECK (slot BETWEEN 0 AND 4294967295),
    since    INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL,   -- when it was last read there
    ended_at INTEGER CHECK (ended_at >= since),   -- NULL while nothing is known of its leaving
    CHECK (slot IS NULL OR bank IS NOT NULL)
) STRICT;
-- A SIM is in one place.
CREATE UNIQUE INDEX stay_now ON stay (sim_id) WHERE ended_at IS NULL;
CREATE INDEX stay_of_modem ON stay (imei) WHERE ended_at IS NULL;
CREATE INDEX stay_by_sim ON stay (sim_id, id);
CREATE INDEX stay_by_age ON stay (ended_at) WHERE ended_at IS NOT NULL;

-- The order was made while its SIM was parked: its lifetime begins when the SIM is on the air. What is completed has begun.
ALTER TABLE orders ADD COLUMN awaits_sim INTEGER NOT NULL DEFAULT 0
    CHECK (awaits_sim = 0 OR (awaits_sim = 1 AND state <> 'completed'));
CREATE INDEX orders_awaiting ON orders (expires_at) WHERE state = 'open' AND awaits_sim = 1;

-- Long messages whose rest is awaited, by SIM.
CREATE INDEX assembly_awaited ON assembly (sim_id, due_at) WHERE due_at IS NOT NULL;
