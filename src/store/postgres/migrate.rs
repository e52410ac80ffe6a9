//! The schema's migrations. The first file makes the schema as SQLite's migrations up to its number
//! leave it; each later one of SQLite's has its counterpart.

use super::super::StoreError;
use super::super::sqlite::newest_schema;
use super::lead::Lead;
use super::server::{Server, Upgrade};
use super::session::Session;

/// Each file with the version of the schema that it leads to.
const MIGRATIONS: &[(i64, &str)] =
    &[(68, include_str!("../../../migrations/postgres/0068_baseline.sql"))];

/// Brings the schema up to date, with each step in a transaction of its own. Only the daemon that
/// leads does so.
///
/// # Errors
/// A step has failed, or there are some and somebody has to ask for them.
pub(super) fn migrate(session: &Session, upgrade: Upgrade) -> Result<(), StoreError> {
    let (found, known) = (version(session)?, newest_schema());
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    if upgrade == Upgrade::Manual && (1..known).contains(&found) {
        return Err(StoreError::Unfit(format!(
            "its schema has the version {found}, and this simbridge needs {known}: make a dump \
             with `pg_dump`, then run `simbridge migrate`"
        )));
    }
    for step in MIGRATIONS.iter().filter(|(version, _)| *version > found) {
        session.begin()?;
        apply(session, step)?;
        session.commit()?;
    }
    Ok(())
}

/// Makes the newest schema in an empty database, within the open transaction.
pub(in crate::store) fn create_schema(session: &Session) -> Result<(), StoreError> {
    MIGRATIONS.iter().try_for_each(|step| apply(session, step))
}

fn apply(session: &Session, (version, sql): &(i64, &str)) -> Result<(), StoreError> {
    session.run(sql)?;
    session.change("UPDATE schema_version SET version = $1", [*version]).map(drop)
}

/// Brings the schema up to date while no daemon leads. Answers the versions before and after.
///
/// # Errors
/// The server cannot be used, a daemon leads, or a step has failed.
pub fn upgrade_schema(server: &Server) -> Result<(i64, i64), StoreError> {
    let session = Session::connect(server, "")?;
    server.check_fitness(&session)?;
    Lead::lock(&session)?;
    let found = version(&session)?;
    migrate(&session, Upgrade::Auto)?;
    Ok((found, version(&session)?))
}

/// The version of the schema; 0 for an empty database.
pub(in crate::store) fn version(session: &Session) -> Result<i64, StoreError> {
    let sql = "SELECT count(*) FROM pg_class WHERE oid = to_regclass('schema_version')";
    match session.number(sql, [])? {
        0 => Ok(0),
        _ => session.number("SELECT version FROM schema_version", []),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_later_migration_of_sqlite_has_its_counterpart() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|(version, _)| *version).collect();
        assert_eq!(versions, (68..=newest_schema()).collect::<Vec<_>>());
    }
}
