-- A rental that was moved, with an outage for which something was given back, and one that lasts.
UPDATE account SET balance_minor = balance_minor + 100 WHERE id = 2;
UPDATE rental SET moved_at = 1782133027000000 WHERE id = 1;
INSERT INTO rental_move (id, rental_id, sim_id, number, from_at, to_at) VALUES (1, 1, 2, '+31612000002', 1782133023000000, 1782133027000000);
INSERT INTO ledger (account_id, kind, balance_minor, held_minor, currency, rental_id, note, cause, created_at)
VALUES (2, 'refund', 100, 0, 'USD', 1, 'off the air', 'rental:1:outage:1', 1782300000000000);
INSERT INTO outage (id, rental_id, began_at, counted_us, seen_at, ended_at, credit_minor)
VALUES (1, 1, 1782200000000000, 90000000000, 1782290000000000, 1782300000000000, 100),
       (2, 1, 1782400000000000, 60000000, 1782400060000000, NULL, 0);
