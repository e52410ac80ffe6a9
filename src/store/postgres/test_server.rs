//! A PostgreSQL server for the tests: with `SIMBRIDGE_TEST_POSTGRES` they use its databases in
//! place of files.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_postgres::Config;

use super::super::{StoreError, attacks};
use super::candidate::Candidate;
use super::server::{Server, Upgrade};
use super::session::Session;
use super::writer::Writer;
use crate::domain::Moment;

/// Carries out statements in the database that stands for the file at `path`, if there is a server
/// for the tests.
pub(in crate::store) fn carry_out(path: &Path, sql: &str) -> Option<Result<(), StoreError>> {
    let server = server_for(path.to_owned())?;
    // What is said otherwise in PostgreSQL.
    let sql = sql
        .replace(
            "DROP TRIGGER IF EXISTS ledger_only_grows_update",
            "ALTER TABLE ledger DISABLE TRIGGER USER",
        )
        .replace(
            attacks::NEARLY_ALL_IDS_USED,
            "SELECT setval('orders_id_seq', 2147483646), setval('rental_id_seq', 2147483646)",
        );
    let carry_out = move || Session::connect(&server, "")?.run(&sql);
    Some(std::thread::spawn(carry_out).join().unwrap())
}

/// The database that stands for the file at `path`, if there is a server for the tests. It is made
/// if it is not there.
pub(in crate::store) fn server_for(path: PathBuf) -> Option<Server> {
    let template = |administrator: &Session, config: &Config| {
        TEMPLATE.get_or_init(|| make_template(administrator, config.clone())).clone()
    };
    database_on_server(path, template)
}

/// Like [`server_for`], but the database has no tables.
pub(in crate::store) fn empty_server_for(path: PathBuf) -> Option<Server> {
    database_on_server(path, |_, _| "template0".to_owned())
}

fn database_on_server(
    path: PathBuf,
    template: impl FnOnce(&Session, &Config) -> String + Send + 'static,
) -> Option<Server> {
    let config = std::env::var("SIMBRIDGE_TEST_POSTGRES").ok()?.parse().unwrap();
    // A session waits on a thread of its own, since most tests are on one of a runtime.
    Some(std::thread::spawn(move || database_for(&path, config, template)).join().unwrap())
}

/// The database for a path, which is made of a template if it is not there.
fn database_for(
    path: &Path,
    mut config: Config,
    template: impl FnOnce(&Session, &Config) -> String,
) -> Server {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    let name = format!("test_{:016x}", hasher.finish());
    let administrator = Session::connect(&server(config.clone()), "").unwrap();
    let sql = "SELECT count(*) FROM pg_database WHERE CAST(datname AS text) = $1";
    if administrator.number(sql, [&name]).unwrap() == 0 {
        drop_abandoned(&administrator);
        let template = template(&administrator, &config);
        administrator.run(&format!("CREATE DATABASE {name} TEMPLATE {template}")).unwrap();
        let path = path.display();
        administrator.run(&format!("COMMENT ON DATABASE {name} IS '{path}'")).unwrap();
    }
    config.dbname(name);
    server(config)
}

/// Drops the databases of tests that have ended: their folders are gone.
fn drop_abandoned(administrator: &Session) {
    let sql = "SELECT CAST(datname AS text), shobj_description(oid, 'pg_database') FROM \
               pg_database WHERE shobj_description(oid, 'pg_database') LIKE '/%'";
    let mut abandoned = Vec::new();
    administrator
        .visit(sql, [], |row| {
            let folder = Path::new(row.get_ref(1)?.as_str()?).parent();
            if folder.is_some_and(|folder| !folder.exists()) {
                abandoned.push(row.get_ref(0)?.as_str()?.to_owned());
            }
            Ok(true)
        })
        .unwrap();
    for name in abandoned {
        // Another test's thread may have done so.
        let _ = administrator.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    }
}

/// A database with the schema, which the others are copies of.
static TEMPLATE: OnceLock<String> = OnceLock::new();

fn make_template(administrator: &Session, mut config: Config) -> String {
    let name = format!("template_{}", std::process::id());
    administrator.run(&format!("CREATE DATABASE {name} TEMPLATE template0")).unwrap();
    config.dbname(&name);
    let server = server(config);
    let session = Candidate::new(server.clone()).take_lead(Moment::since_origin(Duration::ZERO));
    drop(Writer::begin_term(session.unwrap(), &server, &Arc::default()).unwrap());
    // It can be copied when its session has ended.
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE CAST(datname AS text) = $1";
    while administrator.number(sql, [&name]).unwrap() > 0 {
        std::thread::yield_now();
    }
    name
}

fn server(config: Config) -> Server {
    let holder = format!("test {}", std::process::id());
    Server {
        hosts: vec![config],
        tls: None,
        commit_limit: Duration::from_secs(10),
        lease: Duration::from_secs(15),
        holder,
        upgrade: Upgrade::Auto,
        demands: None,
    }
}
