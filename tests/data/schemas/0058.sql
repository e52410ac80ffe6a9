-- An account whose customers see the services' ids, and what they are shown first.
UPDATE account SET shows_api_ids = 1 WHERE id = 1;
INSERT INTO favourite (account_id, service_id) SELECT 1, min(id) FROM service;
-- An alarm that somebody has acknowledged.
INSERT INTO alarm (name, subject, text, raised_at, acknowledged_at, note) VALUES ('StockOut', 'UK', 'no number is left', 1782133023000000, 1782133083000000, 'ten more SIMs on Friday');
