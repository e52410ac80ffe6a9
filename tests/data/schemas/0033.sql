-- Limits and a price of one customer, and where an order and a rental came from.
UPDATE account SET max_open = 5, orders_per_day = -1, spend_per_day = 10000 WHERE id = 1;
UPDATE api_key SET scopes = 'read,orders', spend_per_day = 500 WHERE account_id = 1;
INSERT INTO account_price (account_id, service_id, country, price_minor, percent) VALUES (1, 1, 'NL', 40, NULL), (2, NULL, NULL, NULL, 90);
INSERT INTO client_address (id, at, address, order_id, rental_id) VALUES (1, 2000, '192.0.2.1', 1, NULL), (2, 1782133023000000, '192.0.2.2', NULL, 1);
