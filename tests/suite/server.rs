//! Databases on the PostgreSQL server of `SIMBRIDGE_TEST_POSTGRES`, for the real program.

use std::path::{Path, PathBuf};

use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};

/// Whether there is a server.
pub fn is_there() -> bool {
    std::env::var_os("SIMBRIDGE_TEST_POSTGRES").is_some()
}

fn server() -> Config {
    std::env::var("SIMBRIDGE_TEST_POSTGRES").unwrap().parse().unwrap()
}

/// The folder with the server's socket.
pub fn socket_folder() -> PathBuf {
    match &server().get_hosts()[0] {
        Host::Unix(folder) => folder.clone(),
        Host::Tcp(_) => panic!("the server for tests listens on a socket"),
    }
}

/// The address of a new, empty database, whose name ends in `name`. Its owner is an ordinary user.
pub fn create_database(name: &str) -> String {
    let folder = socket_folder();
    let name = format!("suite_{}_{name}", std::process::id());
    let user = "simbridge";
    administer(
        &format!(
            "DO $$ BEGIN CREATE ROLE {user} LOGIN; EXCEPTION WHEN duplicate_object OR \
             unique_violation THEN NULL; END $$"
        ),
        None,
    );
    administer(&format!("CREATE DATABASE {name} OWNER {user} TEMPLATE template0"), None);
    format!("postgres:///{name}?host={}&user={user}", folder.display())
}

/// Carries out a statement as the administrator, in the database at an address or in his own.
pub fn administer(sql: &str, address: Option<&str>) {
    let mut config = server();
    if let Some(address) = address {
        let named: Config = address.parse().unwrap();
        config.dbname(named.get_dbname().unwrap());
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (client, connection) = config.connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
    });
}

/// Has a configuration name the database at an address instead of its file. `keys` are more keys of
/// its section.
pub fn use_database(config: &Path, address: &str, keys: &str) {
    let text = std::fs::read_to_string(config).unwrap();
    let (before, rest) = text.split_once("path = ").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    let text = format!("{before}url = \"{address}\"\n{keys}{after}");
    std::fs::write(config, text).unwrap();
}
