-- Which person the operator was: the user at the other end of the admin socket, by number and name.
ALTER TABLE audit ADD COLUMN uid INTEGER;
ALTER TABLE audit ADD COLUMN user_name TEXT;
