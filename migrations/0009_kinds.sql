-- What a message is, and what there is to know beside its text.
ALTER TABLE message ADD COLUMN kind TEXT NOT NULL DEFAULT 'text';
ALTER TABLE message ADD COLUMN detail TEXT;   -- in words for the operator; nothing of the text
UPDATE message SET kind = 'undecodable', detail = (SELECT error FROM part WHERE message_id = message.id) WHERE sender IS NULL;

-- Only a text is given to a customer. These are no CHECKs, since SQLite would examine the whole table and its indexes for them.
CREATE TRIGGER message_kind_insert BEFORE INSERT ON message
WHEN NEW.kind <> 'text' AND (NEW.order_id IS NOT NULL OR NEW.rental_id IS NOT NULL
    OR NEW.kind NOT IN ('text', 'message-waiting', 'probe', 'empty', 'data', 'sim-data', 'status-report', 'outgoing', 'undecodable'))
BEGIN SELECT RAISE (ABORT, 'the message is no text'); END;
CREATE TRIGGER message_kind_update BEFORE UPDATE OF kind, order_id, rental_id ON message
WHEN NEW.kind <> 'text' AND (NEW.order_id IS NOT NULL OR NEW.rental_id IS NOT NULL
    OR NEW.kind NOT IN ('text', 'message-waiting', 'probe', 'empty', 'data', 'sim-data', 'status-report', 'outgoing', 'undecodable'))
BEGIN SELECT RAISE (ABORT, 'the message is no text'); END;
