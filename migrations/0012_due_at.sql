-- When a rental is to be renewed or ended: the end of its last term, or later where a term that was over was renewed only now.
ALTER TABLE rental ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
UPDATE rental SET due_at = expires_at;
DROP INDEX rental_due;
CREATE INDEX rental_due ON rental (due_at) WHERE state = 'active';
