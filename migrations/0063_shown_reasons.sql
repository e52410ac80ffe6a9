-- Whether an entry's customer is shown the operator's reason. Those from before this schema were written for the operator alone.
ALTER TABLE ledger ADD COLUMN note_shown INTEGER NOT NULL DEFAULT 0;
