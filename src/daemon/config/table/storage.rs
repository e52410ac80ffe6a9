//! The sections about the database, and about what shares it.

use std::path::PathBuf;
use std::time::Duration;

use crate::daemon::config::key::Shape::Table;
use crate::daemon::config::key::TakesEffect::Restart;
use crate::daemon::config::key::{
    DatabaseUrl, FilePath, Flag, Key, OneOf, OptionalKey, Section, Text, Time, Whole, key, optional,
};
use crate::store::postgres::Upgrade;

section! {
    database: Table("database"),
    "Where all data is stored: in a file of SQLite (`path`), or on a PostgreSQL server (`url`).";

    PATH: Key<FilePath> = key("path", FilePath,
        || PathBuf::from("/var/lib/simbridge/simbridge.db"), Restart,
        "The SQLite database. Its folder is created if it does not exist.");
    CHECKPOINT: Key<OneOf<bool>> = key("checkpoint",
        OneOf(&[("auto", false), ("external", true)]), || false, Restart,
        "Who moves the write-ahead log into the database: SQLite (`\"auto\"`) or Litestream \
         (`\"external\"`).");
    URL: OptionalKey<DatabaseUrl> = optional("url", DatabaseUrl,
        r#""postgres://simbridge@db.example.org/simbridge""#, Restart,
        "The database on a PostgreSQL server, instead of `path`: user, host and name, without a \
         password. Of several hosts, separated by commas, the one that takes writes is used. A \
         host can be the folder of a Unix socket, with `%2F` for each `/`. The keys below are \
         only for such a database.");
    PASSWORD_FILE: OptionalKey<FilePath> = optional("password_file", FilePath,
        r#""credential:database""#, Restart,
        "A file with one line, the user's password, or `credential:NAME`. It is read at the \
         start.");
    TLS: Key<Flag> = key("tls", Flag, || true, Restart,
        "Whether what is said to the server is encrypted, and the server has to show a \
         certificate for its name. Unix sockets need none.");
    CA_FILE: OptionalKey<FilePath> = optional("ca_file", FilePath,
        r#""/etc/simbridge/database-ca.crt""#, Restart,
        "The authorities that may have signed the server's certificate, in PEM. Without it, those \
         of this machine.");
    COMMIT_LIMIT: Key<Time> = key("commit_limit", Time::Positive, || Duration::from_secs(10),
        Restart,
        "How long the server may take to carry out a statement or a commit. After that the daemon \
         ends, and systemd starts it anew.");
    REPLICAS: Key<Whole<usize>> = key("replicas", Whole::from_to(0, 8), || 0, Restart,
        "How many standbys of the server must have each commit before it is told. When the server \
         does not wait for so many, the daemon does not lead.");
    UPGRADE: Key<OneOf<Upgrade>> = key("upgrade",
        OneOf(&[("auto", Upgrade::Auto), ("manual", Upgrade::Manual)]), || Upgrade::Auto, Restart,
        "What a new version does about an older schema: `\"auto\"` upgrades it at the start, with \
         `\"manual\"` the daemon leads only after the command `migrate`.");
}

section! {
    cluster: Table("cluster"), "This daemon among those that use the same database.";

    NAME: OptionalKey<Text> = optional("name", Text, r#""api-1""#, Restart,
        "What the others call this daemon. Without it, the name of this machine.");
    LEASE: Key<Time> = key("lease", Time::Positive, || Duration::from_secs(15), Restart,
        "For how long the daemon that leads may write nothing before another one ends its session \
         and takes the lead. It writes every three seconds; this must be longer than \
         `commit_limit`.");
}
