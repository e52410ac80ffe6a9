-- Who was sent a message of a service to which number.
INSERT INTO trace (number, service_id, account_id, rented, sender, first_at, last_at, noted_after)
VALUES ('+31612000001', 1, 1, 0, 'Uber', 3000, 3000, 1);
