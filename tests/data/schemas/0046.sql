-- What an account was told of an order.
INSERT INTO event (account_id, kind, order_id, at, data) VALUES (1, 'order.created', 1, 1782133023000000, '{"id":1}');
UPDATE orders SET client_ref = 'job 7' WHERE id = 1;
