-- A bank with a card that is on the air and one that is not, a move between them, and where the cards were.
INSERT INTO bank_slot (bank, slot, holds, iccid, visited_at) VALUES ('rack', 0, 'sim', '8931080000000000001', 5000), ('rack', 1, 'sim', '8931080000000000002', NULL), ('rack', 2, 'empty', NULL, NULL);
INSERT INTO bank_move (id, bank, radio, slot, left_iccid, found_iccid, outcome, began_at, ended_at)
VALUES (1, 'rack', '/dev/radio0', 0, '8931080000000000002', '8931080000000000001', 'done', 4000, 5000);
INSERT INTO stay (id, sim_id, imei, bank, slot, since, seen_at, ended_at)
VALUES (1, 2, '350000000000001', 'rack', 1, 1000, 3900, 4000), (2, 1, '350000000000001', 'rack', 0, 5000, 6000, NULL);
