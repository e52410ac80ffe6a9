-- What several modems were found to tell of themselves at one time, such as an IMEI that every module of a pool has. It identifies
-- none of them: in the columns `imei` of `modem` and `stay` it is followed by `@` and the modem's port.
CREATE TABLE shared_modem_id (
    id       TEXT PRIMARY KEY,
    found_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
