-- When each SIM received something last, to ten minutes. A time with each message in the SIM's own row, or an index of its messages,
-- would have each message write one more page.
CREATE TABLE last_message (
    sim_id INTEGER PRIMARY KEY REFERENCES sim (id),
    at     INTEGER NOT NULL
) STRICT;
INSERT INTO last_message (sim_id, at) SELECT sim_id, max(received_at) FROM message WHERE kind <> 'outgoing' GROUP BY sim_id;
