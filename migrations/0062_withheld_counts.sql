-- How many messages each rule has withheld. Of a notice from before this schema it is known only that one was.
ALTER TABLE withheld_notice ADD COLUMN messages INTEGER NOT NULL DEFAULT 1;
