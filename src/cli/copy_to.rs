//! `copy-to`: copies the database of a stopped daemon from its file to a PostgreSQL server, or
//! back.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{anyhow, bail};
use serde_json::json;

use super::print::{self, Progress};
use crate::daemon::config::{Config, Database, DatabaseServer};
use crate::daemon::database;
use crate::store::postgres::{Server, ServerAddress, Upgrade};
use crate::store::{Copied, copy_to_file, copy_to_server};

/// The arguments of `copy-to`.
#[derive(clap::Args)]
pub(super) struct CopyTo {
    /// Where to: a file that does not exist, or the address of an empty database, like
    /// postgres://simbridge@db.example/simbridge
    #[arg(value_name = "URL|FILE")]
    to: String,
    /// Where from, instead of the database of the configuration
    #[arg(long, value_name = "URL|FILE")]
    from: Option<String>,
    /// A file with the password for the server that an address names
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// The authorities for that server's certificate, in PEM, if this machine does not trust them
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Do not encrypt the connection to that server
    #[arg(long)]
    no_tls: bool,
}

/// A database as it is named on the command line.
#[derive(Debug, Clone)]
enum Named {
    File(PathBuf),
    Server(ServerAddress),
}

impl Named {
    /// Reads an argument. The error does not repeat it, since there may be a password in it.
    fn parse(text: &str) -> anyhow::Result<Named> {
        if !text.contains("://") {
            return Ok(Named::File(text.into()));
        }
        let address = text.parse().map(Named::Server);
        address.map_err(|must_be| {
            anyhow!("the address must be {must_be}; `--password-file FILE` names such a file")
        })
    }
}

/// Where a database is.
enum Place {
    File(PathBuf),
    Server(Box<Server>),
}

const FIELDS: &[&str] = &["from", "to", "tables", "rows", "seconds", "put_aside"];

impl Place {
    /// Where the database of a configuration is.
    fn configured(database: Database) -> anyhow::Result<Place> {
        match database {
            Database::File { path, .. } => Ok(Place::File(path)),
            Database::Server(server) => {
                // It takes the lock of the lead, and begins no term.
                let cluster = Config::defaults().cluster;
                let server = database::server(&server, &cluster).map_err(anyhow::Error::msg)?;
                Ok(Place::Server(Box::new(server)))
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Place::File(path) => path.display().to_string(),
            Place::Server(server) => server.to_string(),
        }
    }
}

/// Copies the database. `configured` is that of the configuration; a number may be sold again after
/// `cooldown`.
pub(super) async fn run(
    CopyTo { to, from, password_file, ca_file, no_tls }: CopyTo,
    configured: impl FnOnce() -> anyhow::Result<Database>,
    cooldown: Option<Duration>,
    json: bool,
) -> anyhow::Result<()> {
    let place = |named| {
        Place::configured(match named {
            Named::File(path) => Database::File { path, external_checkpoint: false },
            Named::Server(address) => Database::Server(DatabaseServer {
                address,
                password_file: password_file.clone(),
                tls: !no_tls,
                ca_file: ca_file.clone(),
                commit_limit: Duration::MAX,
                replicas: 0,
                upgrade: Upgrade::Manual,
            }),
        })
    };
    let to = place(Named::parse(&to)?)?;
    let from = match from {
        Some(from) => place(Named::parse(&from)?)?,
        None => Place::configured(configured()?)?,
    };
    let (source, target) = (from.name(), to.name());
    let copied = tokio::task::spawn_blocking(move || copy(&from, &to, cooldown)).await??;
    report(&source, &target, &copied, json)
}

fn copy(from: &Place, to: &Place, cooldown: Option<Duration>) -> anyhow::Result<Copied> {
    let progress = Progress::begin();
    let mut show = |what: String| progress.show(what);
    let copied = match (from, to) {
        (Place::File(file), Place::Server(server)) => {
            copy_to_server(file, server, cooldown, &mut show)
        }
        (Place::Server(server), Place::File(file)) => {
            copy_to_file(server, file, cooldown, &mut show)
        }
        (Place::File(_), Place::File(_)) => {
            bail!("a file is copied to another one by `simbridge backup`, while the daemon runs")
        }
        (Place::Server(_), Place::Server(_)) => {
            bail!("a database is copied from server to server by `pg_dump`")
        }
    };
    copied.map_err(|error| match error {
        error if error.is_undone() => anyhow::Error::new(error)
            .context(format!("nothing was copied, and {} is as it was", from.name())),
        error => error.into(),
    })
}

fn report(from: &str, to: &str, copied: &Copied, json: bool) -> anyhow::Result<()> {
    let Copied { put_aside, tables, rows, took } = copied;
    let made = json!({
        "from": from,
        "to": to,
        "tables": tables,
        "rows": rows,
        "seconds": took.as_secs(),
        "put_aside": put_aside,
    });
    print::object(json, &made, FIELDS)?;
    if json {
        return Ok(());
    }
    print::line(match put_aside {
        Some(_) => {
            "Set `[database] url` before you start the daemon: the file was renamed, so that none \
             is started on it."
        }
        None => {
            "Set `[database] path` before you start the daemon. Nothing was changed on the server: \
             no daemon must use its database any more."
        }
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_address_is_told_from_a_file_and_must_not_have_a_password() {
        let named = Named::parse("postgres://ann@db.example:5433/numbers").unwrap();
        let Named::Server(address) = named else { panic!("{named:?}") };
        assert_eq!(address.to_string(), "numbers on db.example");
        let named = Named::parse("/var/lib/new.db").unwrap();
        assert!(matches!(named, Named::File(path) if path == Path::new("/var/lib/new.db")));
        for wrong in ["postgres://ann:secret@db.example/x", "mysql://ann:secret@db.example"] {
            let fault = Named::parse(wrong).unwrap_err().to_string();
            assert!(fault.starts_with("the address must be ") && !fault.contains("secret"));
        }
    }
}
