-- What a message is, and what there is to know beside its text. Only a text is given to a customer.
ALTER TABLE message ADD COLUMN kind TEXT NOT NULL DEFAULT 'text'
    CHECK (kind IN ('text', 'message-waiting', 'probe', 'empty', 'data', 'sim-data', 'status-report', 'outgoing', 'undecodable'))
    CHECK (kind = 'text' OR (order_id IS NULL AND rental_id IS NULL));
ALTER TABLE message ADD COLUMN detail TEXT;   -- in words for the operator; nothing of the text
UPDATE message SET kind = 'undecodable', detail = (SELECT error FROM part WHERE message_id = message.id) WHERE sender IS NULL;
