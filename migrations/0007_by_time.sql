-- What was given to nobody is found by its time alone: what comes now lies side by side, whichever SIM it came to, and not on a
-- page for each.
DROP INDEX message_unclaimed;
CREATE INDEX message_unclaimed ON message (received_at) WHERE order_id IS NULL AND rental_id IS NULL;

-- A service centre's clock is read from the index alone.
DROP INDEX part_live;
CREATE INDEX part_live ON part (smsc, received_at, stamp, sequence, live) WHERE live = 1 AND (sequence IS NULL OR sequence = 1);
