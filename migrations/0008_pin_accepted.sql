-- When the card took the PIN that was entered last; NULL while it has not. A card that did may be entered its PIN again even if it
-- does not tell how many attempts are left.
ALTER TABLE pin_try ADD COLUMN accepted_at INTEGER;
