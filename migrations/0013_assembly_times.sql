-- The times of the earliest and the latest part of a long message that is gathered: a part's neighbours are found by them.
ALTER TABLE assembly ADD COLUMN first_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE assembly ADD COLUMN last_at INTEGER NOT NULL DEFAULT 0;
UPDATE assembly SET
    first_at = coalesce((SELECT min(coalesce(p.stamp, p.received_at)) FROM part p WHERE p.assembly_id = assembly.id), 0),
    last_at = coalesce((SELECT max(coalesce(p.stamp, p.received_at)) FROM part p WHERE p.assembly_id = assembly.id), 0)
WHERE complete = 0;
DROP INDEX assembly_open;
CREATE INDEX assembly_open ON assembly (sim_id, sender, reference, total, wide, last_at) WHERE complete = 0;
