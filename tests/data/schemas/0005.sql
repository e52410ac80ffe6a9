-- A filed order, a service with a reuse of its own, a message that its customer has seen.
UPDATE orders SET filed = 1 WHERE state = 'completed';
UPDATE service SET reuse_window_us = 3600000000, reuse_price_percent = 40 WHERE id = 1;
UPDATE message SET seen_at = 1782133032000000 WHERE id = 4;
