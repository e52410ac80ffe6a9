-- What was made with a test key, an endpoint that is told of it, and an event.
INSERT INTO api_key (digest, prefix, account_id, created_at, test) VALUES (randomblob(32), 'sk_test_0a1b2c3d', 1, 1, 1);
INSERT INTO test_order (account_id, service, price_minor, created_at, expires_at, told, next_at) VALUES (1, 'code', 50, 1782133023000000, 1782133623000000, 1, 1782220023000000);
INSERT INTO test_rental (account_id, package, renewal_package, auto_renew, months, price_minor, started_at, told, next_at) VALUES (1, '1m', '1m', 1, 1, 1620, 1782133023000000, 0, 1782133083000000);
INSERT INTO webhook_endpoint (id, account_id, url, types, secret, created_at, position, test) VALUES (60, 1, 'https://test.example', '*', zeroblob(32), 1, 0, 1);
INSERT INTO event (id, account_id, kind, test_id, at, data) VALUES (50, 1, 'order.created', 2000000000, 1782133023000000, '{"id":2000000000}');
INSERT INTO webhook_delivery (id, endpoint_id, event_id, subject, state, attempts) VALUES (60, 60, 50, 'test 2000000000', 'taken', '[]');
