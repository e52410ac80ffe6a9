-- What lies in a modem's own store while it may still hold messages of several SIMs is given to no customer, unless the network took it in
-- after this time. `sim_id` is the SIM that was last read in the modem; NULL: the store holds messages of that SIM alone.
ALTER TABLE modem ADD COLUMN others_until INTEGER;

-- Long messages whose parts lay in such a store. They are not joined with parts that are certainly the SIM's.
ALTER TABLE assembly ADD COLUMN doubtful INTEGER NOT NULL DEFAULT 0;
