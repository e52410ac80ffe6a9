-- How a rental has ended. Of one from before this schema it is known whether its time was over.
ALTER TABLE rental ADD COLUMN ending TEXT CHECK (ending IN ('term-over', 'by-operator', 'finished', 'canceled'));
UPDATE rental SET ending = CASE WHEN ended_at < expires_at THEN 'by-operator' ELSE 'term-over' END WHERE state = 'ended';
