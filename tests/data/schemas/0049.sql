-- An address that an account's events are sent to, what was sent there, an answer that is kept, and an alarm that was told.
INSERT INTO webhook_endpoint (id, account_id, url, types, secret, created_at, position)
VALUES (1, 1, 'https://example.org/hook', 'order.*', zeroblob(32), 1782133023000000, 1);
INSERT INTO webhook_delivery (endpoint_id, event_id, subject, state, tries, attempts) VALUES (1, 1, 'order 1', 'taken', 0, '[]');
INSERT INTO kept_answer (account_id, key, fingerprint, answer, at) VALUES (1, 'job 7', zeroblob(32), '{"id":1}', 1782133023000000);
INSERT INTO told_alarm (channel, alarm_id, told_at) VALUES ('mail', 1, 5001);
