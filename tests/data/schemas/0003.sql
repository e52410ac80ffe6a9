-- A PIN that was entered and not taken.
INSERT INTO pin_try (card, tried_at) VALUES ('8931080000000000002', 1782133031000000);
