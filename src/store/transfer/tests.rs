//! There and back, on a real server, and what is refused.

use std::path::{Path, PathBuf};

use rusqlite::types::Value;

use super::super::Store;
use super::super::postgres::{Server, empty_server_for};
use super::super::sqlite::{NEWEST, made_by, migrate};
use super::*;
use crate::domain::Timestamp;

/// Values of all kinds, where the checks of the database allow any.
const ODD_ROWS: &str = "
    INSERT INTO audit (at, actor, deed, subject, uid, user_name)
    VALUES (9223372036854775807, '', 'é\u{FFFD}😀', 'a\nb\tc\\', -9223372036854775808, NULL);
    INSERT INTO site (name, key_digest, created_at)
    VALUES ('', CAST(zeroblob(31) || x'ff' AS BLOB), 0), ('Ä', randomblob(32), -1);
    INSERT INTO webhook_endpoint (account_id, url, types, secret, former_secret, former_until,
        created_at, position)
    VALUES (1, 'https://a.example', '', x'', x'00ff', 1, 1, 0);
    DELETE FROM account_price;
    INSERT INTO account_price (account_id, service_id, country, percent)
    VALUES (2, NULL, 'NL', 7), (2, NULL, NULL, 8), (2, 1, NULL, 9);
    DELETE FROM sqlite_sequence WHERE name = 'event';
    INSERT INTO sqlite_sequence (name, seq) VALUES ('event', 4000000000);
";

/// A database with rows that was upgraded to the newest schema, and an empty one on the server.
struct Fixture {
    folder: tempfile::TempDir,
    path: PathBuf,
    server: Server,
}

impl Fixture {
    fn new(schema: usize) -> Fixture {
        Fixture::of(upgraded_from(schema))
    }

    fn of((folder, path): (tempfile::TempDir, PathBuf)) -> Fixture {
        let server =
            empty_server_for(path.clone()).expect("SIMBRIDGE_TEST_POSTGRES names a server");
        Fixture { folder, path, server }
    }

    fn change(&self, sql: &str) {
        rusqlite::Connection::open(&self.path).unwrap().execute_batch(sql).unwrap();
    }

    fn to_server(&self) -> Result<Copied, CopyError> {
        copy_to_server(&self.path, &self.server, None, &mut |_| {})
    }

    fn to_file(&self, name: &str) -> Result<Copied, CopyError> {
        copy_to_file(&self.server, &self.folder.path().join(name), None, &mut |_| {})
    }

    /// What an error says, when nothing was copied to the server.
    fn refusal(&self) -> String {
        let before = std::fs::read(&self.path).unwrap();
        let error = self.to_server().unwrap_err();
        assert!(error.is_undone());
        assert_eq!(std::fs::read(&self.path).unwrap(), before);
        error.to_string()
    }

    fn is_server_empty(&self) -> bool {
        let session = Session::connect(&self.server, "").unwrap();
        first_table(&session).unwrap().is_none()
    }
}

/// A database as the first migrations left it, with rows, and then upgraded.
fn upgraded_from(schema: usize) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.db");
    made_by(&path, schema);
    upgrade(&path).unwrap();
    (folder, path)
}

fn upgrade(path: &Path) -> Result<(), StoreError> {
    let mut conn = rusqlite::Connection::open(path)?;
    conn.execute_batch("PRAGMA foreign_keys = true; PRAGMA synchronous = false")?;
    migrate(&mut conn, path)
}

fn in_runtime<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(work)
}

/// All rows of all tables, and the last ids of tables that remember them.
fn rows_of(path: &Path) -> Vec<(String, Vec<Vec<Value>>)> {
    let conn = rusqlite::Connection::open(path).unwrap();
    let all = |sql: &str| -> Vec<Vec<Value>> {
        let mut statement = conn.prepare(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|n| row.get(n)).collect());
        rows.unwrap().collect::<Result<_, _>>().unwrap()
    };
    let tables = catalogue::tables().unwrap().into_iter();
    let mut rows: Vec<_> = tables.map(|table| (table.name.clone(), all(&table.select()))).collect();
    let last_ids = "SELECT name, seq FROM sqlite_sequence WHERE seq > 0 ORDER BY name";
    rows.push(("sqlite_sequence".to_owned(), all(last_ids)));
    rows
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn a_database_of_every_earlier_schema_is_the_same_there_and_back() {
    let mut before = Vec::new();
    for schema in 1..=NEWEST {
        let (folder, path) = upgraded_from(schema);
        let rows = rows_of(&path);
        if rows == before && schema < NEWEST {
            // That was copied.
            continue;
        }
        before = rows;
        let fixture = Fixture::of((folder, path));
        if schema == NEWEST {
            fixture.change(ODD_ROWS);
        }
        let copied = fixture.to_server().unwrap();
        let aside = copied.put_aside.unwrap();
        assert_eq!(aside, fixture.path.with_added_extension("moved"));
        let back = fixture.to_file("back.db").unwrap();
        assert_eq!((back.tables, back.rows), (copied.tables, copied.rows));
        assert_eq!(rows_of(&aside), rows_of(&fixture.folder.path().join("back.db")), "{schema}");
    }
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn both_copies_can_be_written_and_no_id_is_given_twice() {
    let fixture = Fixture::new(NEWEST);
    fixture.change(ODD_ROWS);
    fixture.to_server().unwrap();
    let write = |store: Store| {
        let ids = in_runtime(async {
            let written = store.write(|tx| {
                let account = tx.add_account("new", Timestamp(1))?;
                let sql = "INSERT INTO event (account_id, kind, at, data) VALUES (1, 'x', 1, '')";
                Ok::<_, StoreError>((account.0, tx.insert(sql, [])?))
            });
            let ids = written.await.unwrap();
            store.close().await;
            ids
        });
        assert!(ids.0 > 2 && ids.1 == 4_000_000_001, "{ids:?}");
    };
    fixture.to_file("back.db").unwrap();
    write(Store::open_on(fixture.server.clone()).unwrap());
    write(Store::open_with(&fixture.folder.path().join("back.db"), false).unwrap());
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn a_database_that_began_on_a_server_has_the_ids_of_a_new_file() {
    let fixture = Fixture::new(NEWEST);
    in_runtime(Store::open_on(fixture.server.clone()).unwrap().close());
    fixture.to_file("back.db").unwrap();
    let new = fixture.folder.path().join("new.db");
    upgrade(&new).unwrap();
    assert_eq!(rows_of(&fixture.folder.path().join("back.db")), rows_of(&new));
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn u0000_in_a_text_from_before_becomes_what_is_stored_for_it_now() {
    let fixture = Fixture::new(NEWEST);
    fixture.change(
        "INSERT INTO audit (id, at, actor, deed, subject) \
                    VALUES (900, 1, 'a', 'b', 'c' || char(0) || 'd')",
    );
    fixture.to_server().unwrap();
    fixture.to_file("back.db").unwrap();
    let back = rusqlite::Connection::open(fixture.folder.path().join("back.db")).unwrap();
    let subject = "SELECT subject FROM audit WHERE id = 900";
    let subject: String = back.query_row(subject, [], |row| row.get(0)).unwrap();
    assert_eq!(subject, "c\u{FFFD}d");
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn a_source_with_faults_is_not_copied_and_the_server_stays_empty() {
    let fixture = Fixture::new(NEWEST);
    fixture.change("UPDATE account SET balance_minor = 7 WHERE id = 1");
    let said = fixture.refusal();
    assert!(said.starts_with("the file has faults: account 1: its balance or its holds"), "{said}");
    assert!(fixture.is_server_empty());
    // What only the copying itself finds, when half of the tables are written.
    let fixture = Fixture::new(NEWEST);
    fixture.change(
        "INSERT INTO audit (at, actor, deed, subject) \
                    VALUES (1, 'a', 'b', CAST(x'736563726574ff' AS TEXT))",
    );
    let said = fixture.refusal();
    assert!(said.starts_with("table audit: ") && !said.contains("secret"), "{said}");
    assert!(fixture.is_server_empty());
    // What the server refuses.
    let fixture = Fixture::new(NEWEST);
    fixture.change(
        "PRAGMA ignore_check_constraints = true; PRAGMA foreign_keys = false; INSERT \
                    INTO kept_answer (account_id, key, fingerprint, answer, at) VALUES (77, \
                    'secret', zeroblob(32), '', 1)",
    );
    let said = fixture.refusal();
    assert!(said.contains("refers to a row that does not exist"), "{said}");
    assert!(fixture.is_server_empty());
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn what_is_in_use_or_not_empty_is_refused() {
    let fixture = Fixture::new(NEWEST);
    let daemon = Store::open_with(&fixture.path, false).unwrap();
    let said = fixture.to_server().unwrap_err().to_string();
    assert!(said.contains("has the database") && said.contains("stop it first"), "{said}");
    in_runtime(daemon.close());
    fixture.to_server().unwrap();
    let aside = fixture.path.with_added_extension("moved");
    let Err(StoreError::Open { reason, .. }) = Store::open_with(&fixture.path, false) else {
        panic!("a daemon starts without the database that was copied");
    };
    assert!(reason.contains("test.db.moved"), "{reason}");
    std::fs::rename(&aside, &fixture.path).unwrap();
    let said = fixture.refusal();
    assert!(said.contains("is not empty, it has the table account;"), "{said}");
    let daemon = Store::open_on(fixture.server.clone()).unwrap();
    for said in [fixture.refusal(), fixture.to_file("new.db").unwrap_err().to_string()] {
        assert!(said.starts_with("another daemon (test "), "{said}");
    }
    in_runtime(daemon.close());
    let said = fixture.to_file("test.db").unwrap_err().to_string();
    assert!(said.contains("already exists"), "{said}");
    let names = std::fs::read_dir(fixture.folder.path()).unwrap();
    let unfinished = names.filter(|file| {
        let name = file.as_ref().unwrap().file_name();
        name.to_string_lossy().contains("unfinished")
    });
    assert_eq!(unfinished.count(), 0);
}

#[test]
#[ignore = "needs a server: .ci/postgres-tests"]
fn only_the_newest_schema_is_copied() {
    let fixture = Fixture::new(NEWEST);
    let said = fixture.to_file("new.db").unwrap_err().to_string();
    assert!(said.contains("there is no database of simbridge on it"), "{said}");
    fixture.change("PRAGMA user_version = 5");
    let said = fixture.refusal();
    assert!(said.contains("an older simbridge has made it (schema version 5"), "{said}");
}

#[test]
fn an_error_names_some_faults_and_how_many_more_there_are() {
    let faults = |count: usize| (1..=count).map(|n| format!("row {n}")).collect::<Vec<_>>();
    assert_eq!(named(&faults(2)), "row 1; row 2");
    assert!(named(&faults(12)).ends_with("; row 10; and 2 more"));
}
