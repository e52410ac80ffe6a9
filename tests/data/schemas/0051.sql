-- An operator with a session, who has a second factor, and a customer with a link.
INSERT INTO login (id, name, role, password, totp_secret, totp_step, recovery_codes, sign_ins, signed_in_at, created_at)
    VALUES (1, 'ben', 'owner', '$argon2id$', zeroblob(20), 7, zeroblob(64), 2, 5000, 4000);
INSERT INTO login (id, name, account_id, created_at) VALUES (2, 'ann', 1, 4000);
INSERT INTO session (digest, login_id, created_at, seen_at, proven_at, ends_at, address, browser)
    VALUES (zeroblob(32), 1, 5000, 6000, 5000, 9000, '192.0.2.7', 'Firefox');
INSERT INTO invite (digest, login_id, created_at, expires_at) VALUES (zeroblob(32), 2, 4000, 9000);
