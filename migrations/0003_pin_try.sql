-- A PIN that was entered and not (or not yet) taken. Written before the PIN is sent; no second one is sent while it is here.
CREATE TABLE pin_try (
    card     TEXT PRIMARY KEY,   -- its ICCID, or its modem's IMEI when the card does not tell its ICCID before its PIN
    tried_at INTEGER NOT NULL
) STRICT;
