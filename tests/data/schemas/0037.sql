-- A notice of a withheld message, a number that was marked as used, one that fails for a service, a silent SIM.
INSERT INTO withheld_notice (id, order_id, rental_id, rule, at) VALUES (1, NULL, 1, 'banks', 1782133031000000);
INSERT INTO mark (number, service_id, used_at, unused_at) VALUES ('+31612000003', 2, 6000, NULL);
INSERT INTO pair_health (number, service_id, failures, rests, rests_until) VALUES ('+31612000001', 2, 3, 1, 9000);
INSERT INTO pair_failure (number, service_id, account_id, at) VALUES ('+31612000001', 2, 1, 5000);
UPDATE sim SET silent_orders = 1, silent_service = 2 WHERE id = 1;
