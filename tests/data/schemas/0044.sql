-- A SIM that is taken to be deaf and was tested, and a key with which something was refused.
UPDATE sim SET silent_orders = 3, silent_service = 1, silent_mixed = 1, deaf_until = 9000000 WHERE id = 3;
INSERT INTO hearing_test (sim_id, tests, next_at) VALUES (3, 1, 5000000);
UPDATE api_key SET last_refused_at = 5000, refused_for = 'scope' WHERE account_id = 1;
