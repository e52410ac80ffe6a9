-- What a message is, and what there is to know beside its text.
ALTER TABLE message ADD COLUMN kind TEXT NOT NULL DEFAULT 'text' CHECK (kind = 'text'
    -- Only a text is given to a customer.
    OR (order_id IS NULL AND rental_id IS NULL AND kind IN
        ('message-waiting', 'probe', 'empty', 'data', 'sim-data', 'status-report', 'outgoing', 'undecodable')));
ALTER TABLE message ADD COLUMN detail TEXT;   -- in words for the operator; nothing of the text
UPDATE message SET kind = 'undecodable', detail = (SELECT error FROM part WHERE message_id = message.id) WHERE sender IS NULL;

-- The parts that were read in text mode. Their digest is made of what a modem shows then, so a message that comes as a PDU is looked up
-- by that digest too where there is one of its time.
CREATE TABLE text_mode_part (
    sim_id  INTEGER NOT NULL REFERENCES sim (id),
    stamp   INTEGER NOT NULL,   -- 0 when there is none
    part_id INTEGER NOT NULL REFERENCES part (id),
    PRIMARY KEY (sim_id, stamp, part_id)
) STRICT, WITHOUT ROWID;

-- Until this schema the digest was made of the whole TPDU. A message that is not newer than the last of those is looked up by that digest
-- too.
CREATE TABLE former_digest (newest_stamp INTEGER PRIMARY KEY) STRICT;
INSERT INTO former_digest SELECT max(coalesce(stamp, 0)) FROM part HAVING count(*) > 0;
