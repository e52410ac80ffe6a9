-- A rental that runs and was charged in another currency, a suspended key holder, a resting SIM, a reuse, a withheld message.
UPDATE account SET balance_minor = balance_minor - 1500 WHERE id = 2;
UPDATE api_key SET allowed = '192.0.2.0/24' WHERE account_id = 1;
UPDATE sim SET rests_until = 9000000 WHERE id = 2;
INSERT INTO sim (id, iccid, number, number_source, number_at, country, created_at)
VALUES (3, '8931080000000000003', '+31612000003', 'operator', 1000, 'NL', 1000);
INSERT INTO rental (id, account_id, sim_id, number, country, package, renewal_package, auto_renew, state, terms, months, started_at, expires_at)
VALUES (1, 2, 3, '+31612000003', 'NL', '1m', '1m', 1, 'active', 1, 1, 1782133023000000, 1784725023000000);
INSERT INTO ledger (account_id, kind, balance_minor, held_minor, currency, rental_id, price_minor, price_currency, rate, cause, created_at)
VALUES (2, 'rental', -1500, 0, 'USD', 1, 1500, 'USD', '1', 'rental 1 term 1', 1782133023000000);
INSERT INTO orders (id, account_id, service_id, sim_id, number, country, price_minor, state, patterned, created_at, expires_at, ended_at, reuse_of)
VALUES (5, 1, 1, 1, '+31612000001', 'NL', 25, 'expired', 1, 700000000, 1300000000, 1300000000, 1);
INSERT INTO ledger (account_id, kind, balance_minor, held_minor, currency, order_id, cause, created_at)
VALUES (1, 'hold', 0, 25, 'USD', 5, 'order 5 hold', 700000000), (1, 'release', 0, -25, 'USD', 5, 'order 5 end', 1300000000);
INSERT INTO message (id, sim_id, sender, text, code, sent_at, received_at, complete, rental_id, withheld)
VALUES (4, 3, 'Rabobank', '1234', '1234', 1782133030000000, 1782133031000000, 1, 1, 'banks');
INSERT INTO audit (at, actor, deed, subject) VALUES (1782133031000000, 'operator', 'saw the messages', 'order 1');
