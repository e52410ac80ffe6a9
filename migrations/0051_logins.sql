-- People who sign in: operators to the console, an account's customers to the portal. AUTOINCREMENT, so that no id ever means another.
CREATE TABLE login (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL,
    role            TEXT CHECK (role IN ('owner', 'operator', 'viewer')),   -- of an operator
    account_id      INTEGER REFERENCES account (id),                        -- of a customer
    password        TEXT,                     -- argon2id, as a PHC string; NULL: none was set since the last link
    totp_secret     BLOB CHECK (length(totp_secret) = 20),
    totp_step       INTEGER,                  -- the last step whose code was used: none is used again
    offered_secret  BLOB CHECK (length(offered_secret) = 20),               -- not confirmed by a code yet
    recovery_codes  BLOB NOT NULL DEFAULT x'' CHECK (length(recovery_codes) % 32 = 0),   -- the SHA-256 of each that was not used
    sign_ins        INTEGER NOT NULL DEFAULT 0,
    signed_in_at    INTEGER,
    time_zone       TEXT NOT NULL DEFAULT 'local' CHECK (time_zone IN ('local', 'utc')),
    theme           TEXT NOT NULL DEFAULT 'system' CHECK (theme IN ('system', 'light', 'dark')),
    sound           INTEGER NOT NULL DEFAULT 0,
    shortcuts       INTEGER NOT NULL DEFAULT 1,
    created_at      INTEGER NOT NULL,
    disabled_at     INTEGER,
    CHECK ((role IS NULL) <> (account_id IS NULL)),
    CHECK (totp_secret IS NOT NULL OR length(recovery_codes) = 0)
) STRICT;
CREATE UNIQUE INDEX login_of_console ON login (name COLLATE NOCASE) WHERE role IS NOT NULL;
CREATE UNIQUE INDEX login_of_portal ON login (name COLLATE NOCASE) WHERE account_id IS NOT NULL;
CREATE INDEX login_by_account ON login (account_id) WHERE account_id IS NOT NULL;

-- Of a session's and a link's secret only the SHA-256 is kept. What has ended is removed with other due work.
CREATE TABLE session (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    digest     BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
    login_id   INTEGER NOT NULL REFERENCES login (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,              -- when it was used last, at most ten minutes late
    proven_at  INTEGER NOT NULL,              -- when its person gave the password or a code last
    ends_at    INTEGER NOT NULL,              -- unless it is used again
    address    TEXT,                          -- from where its person signed in, while that is kept
    browser    TEXT NOT NULL
) STRICT;
CREATE INDEX session_by_login ON session (login_id, id);
CREATE INDEX session_by_end ON session (ends_at);
CREATE INDEX session_by_address ON session (created_at) WHERE address IS NOT NULL;

-- The link with which somebody sets the password of a login: one at most, which is removed when it is used.
CREATE TABLE invite (
    digest     BLOB PRIMARY KEY CHECK (length(digest) = 32),
    login_id   INTEGER NOT NULL UNIQUE REFERENCES login (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX invite_by_end ON invite (expires_at);
