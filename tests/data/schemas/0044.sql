-- A SIM that is tested for being deaf.
INSERT INTO hearing_test (sim_id, tests, next_at) VALUES (2, 1, 1782133931000000);
