-- An order whose customer has asked for another code, and has finished it.
UPDATE orders SET lifetime_us = 1200000000, asked_again_after = 1, finished_at = ended_at + 1000000 WHERE id = 1 AND state = 'completed';
