-- Two accounts; one has paid for an SMS, has an order open, and gave two up; a long message waits for its rest.
INSERT INTO account (id, name, balance_minor, held_minor, created_at) VALUES (1, 'ann', 950, 60, 1000), (2, 'bob', 2000, 0, 1000);
INSERT INTO api_key (digest, prefix, account_id, created_at, revoked_at)
VALUES (zeroblob(32), '00000000', 1, 1000, NULL), (x'1111111111111111111111111111111111111111111111111111111111111111', '11111111', 2, 1000, 2000);
INSERT INTO service (id, name, price_minor) VALUES (1, 'Uber', 50), (2, 'Any', 60);
INSERT INTO service_price (service_id, country, price_minor) VALUES (1, 'UK', 80);
INSERT INTO service_pattern (service_id, kind, pattern) VALUES (1, 'sender', '^Uber$');
INSERT INTO sim (id, iccid, imsi, number, number_source, number_at, country, last_given_at, created_at)
VALUES (1, '8931080000000000001', '204080000000001', '+31612000001', 'cnum', 1000, 'NL', 5000, 1000),
       (2, '8931080000000000002', '204080000000002', NULL, NULL, NULL, NULL, 0, 1000);
INSERT INTO modem (imei, sim_id, updated_at) VALUES ('350000000000001', 1, 1000);
INSERT INTO orders (id, account_id, service_id, sim_id, number, country, price_minor, state, patterned, created_at, expires_at, ended_at)
VALUES (1, 1, 1, 1, '+31612000001', 'NL', 50, 'completed', 1, 2000, 602000000, 3000),
       (2, 1, 1, 1, '+31612000001', 'NL', 50, 'canceled', 1, 4000, 604000000, 4500),
       (3, 1, 1, 1, '+31612000001', 'NL', 50, 'skipped', 1, 4600, 604600000, 4700),
       (4, 1, 2, 1, '+31612000001', 'NL', 60, 'open', 0, 5000, 605000000, NULL);
INSERT INTO ledger (account_id, kind, balance_minor, held_minor, currency, order_id, cause, created_at)
VALUES (1, 'topup', 1000, 0, 'USD', NULL, 'topup a', 1500), (2, 'topup', 2000, 0, 'USD', NULL, 'topup b', 1500),
       (1, 'hold', 0, 50, 'USD', 1, 'order 1 hold', 2000), (1, 'capture', -50, -50, 'USD', 1, 'order 1 end', 3000),
       (1, 'hold', 0, 50, 'USD', 2, 'order 2 hold', 4000), (1, 'release', 0, -50, 'USD', 2, 'order 2 end', 4500),
       (1, 'hold', 0, 50, 'USD', 3, 'order 3 hold', 4600), (1, 'release', 0, -50, 'USD', 3, 'order 3 end', 4700),
       (1, 'hold', 0, 60, 'USD', 4, 'order 4 hold', 5000);
INSERT INTO message (id, sim_id, sender, text, code, sent_at, received_at, complete, order_id)
VALUES (1, 1, 'Uber', 'Your Uber code is 1234', '1234', 2900, 3000, 1, 1),
       (2, 1, 'Nobody', 'to nobody', NULL, 3500, 3600, 1, NULL),
       (3, 1, NULL, NULL, NULL, NULL, 3700, 1, NULL);
INSERT INTO assembly (id, sim_id, sender, reference, wide, total, due_at) VALUES (1, 1, 'Long', 7, 0, 3, 900000000);
INSERT INTO part (sim_id, digest, pdu, imei, smsc, stamp, received_at, live, error, sequence, assembly_id, message_id)
VALUES (1, x'01', x'00', '350000000000001', '+31653131313', 2900, 3000, 1, NULL, NULL, NULL, 1),
       (1, x'02', x'00', '350000000000001', '+31653131313', 3500, 3600, 1, NULL, NULL, NULL, 2),
       (1, x'03', x'040B91', '350000000000001', NULL, NULL, 3700, 0, 'too short', NULL, NULL, 3),
       (1, x'04', x'00', '350000000000001', '+31653131313', 3800, 3900, 1, NULL, 2, 1, NULL);
