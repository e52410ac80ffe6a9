-- A number by USSD, a SIM whose number is asked for, a message from it to another.
UPDATE sim SET number_source = 'ussd' WHERE id = 1;
INSERT INTO number_ask (sim_id, means, asked_at, tries, next_at, failure) VALUES (2, 'ussd', 1782133031000000, 1, 1782133931000000, 'no answer');
INSERT INTO loopback (token, sim_id, receiver_id, sent_at) VALUES ('token', 2, 1, 1782133031000000);
