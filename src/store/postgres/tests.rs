//! Tests with a real server, which `.ci/postgres-tests` starts.

use super::test_server::server_for;
use super::{Server, Session};
use crate::domain::Timestamp;
use crate::store::engine::Connection;
use crate::store::{Store, StoreError, WriteTx};

/// An empty database of its own.
fn fresh() -> (tempfile::TempDir, Server) {
    let dir = tempfile::tempdir().unwrap();
    let server = server_for(dir.path().join("test.db"));
    (dir, server.expect("SIMBRIDGE_TEST_POSTGRES is set by .ci/postgres-tests"))
}

/// Carries out a statement as the database's administrator.
async fn administer(server: &Server, sql: &'static str) {
    let server = server.clone();
    let work = move || Session::connect(&server, "")?.run(sql);
    tokio::task::spawn_blocking(work).await.unwrap().unwrap();
}

async fn add(store: &Store, name: &'static str) -> Result<(), StoreError> {
    store.write(move |tx| tx.add_account(name, Timestamp(1)).map(drop)).await
}

async fn names(store: &Store) -> Vec<String> {
    let accounts = store.read(|rows| rows.accounts()).await;
    let accounts = accounts.unwrap_or_else(|error: StoreError| panic!("{error}"));
    accounts.into_iter().map(|account| account.name).collect()
}

/// Carries out a statement in the session of the writer.
fn run(tx: &WriteTx<'_>, sql: &str) -> Result<(), StoreError> {
    match tx.connection() {
        Connection::Leader(writer) => writer.session().run(sql),
        _ => unreachable!("the writer leads"),
    }
}

/// The server as it is when it waits for a standby that never comes. It does so for sessions with
/// `synchronous_commit = on` alone, which other tests' do not have.
struct WithoutStandby {
    server: Server,
    store: Store,
    _turn: tokio::sync::MutexGuard<'static, ()>,
}

static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

impl WithoutStandby {
    /// Opens a store that has an account, and then lets commits wait.
    async fn open(mut server: Server) -> WithoutStandby {
        let _turn = TURN.lock().await;
        server.config.options("-c synchronous_commit=on");
        let store = Store::open_on(server.clone()).unwrap();
        add(&store, "ann").await.unwrap();
        administer(&server, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'").await;
        administer(&server, "SELECT pg_reload_conf()").await;
        // Commits wait from the moment on at which the server has read its settings anew.
        let other = server.clone();
        std::thread::spawn(move || {
            let session = Session::connect(&other, "").unwrap();
            while session.run("UPDATE money SET decimals = decimals").is_ok() {}
        });
        administer(&server, AWAIT_WAITING_COMMIT).await;
        WithoutStandby { server, store, _turn }
    }

    /// Lets commits wait no more.
    async fn close(self) {
        administer(&self.server, "ALTER SYSTEM RESET synchronous_standby_names").await;
        administer(&self.server, "SELECT pg_reload_conf()").await;
        // The next one must not begin before the server has read them.
        administer(&self.server, "UPDATE money SET decimals = decimals").await;
    }
}

/// Returns when a commit in this database waits for its standby.
const AWAIT_WAITING_COMMIT: &str = "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity \
     WHERE datname = current_database() AND wait_event = 'SyncRep') LOOP PERFORM pg_sleep(0.01); \
     PERFORM pg_stat_clear_snapshot(); END LOOP; END $$";

#[tokio::test]
#[ignore = "needs a server: .ci/postgres-tests"]
async fn one_daemon_leads_and_the_next_one_does_when_it_has_ended() {
    let (_dir, server) = fresh();
    let first = Store::open_on(server.clone()).unwrap();
    add(&first, "ann").await.unwrap();
    let Err(StoreError::Led { holder }) = Store::open_on(server.clone()) else { panic!() };
    assert_eq!(holder, format!(" ({})", server.holder));
    first.close().await;
    let second = Store::open_on(server).unwrap();
    add(&second, "bob").await.unwrap();
    assert_eq!(names(&second).await, ["ann", "bob"]);
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres-tests"]
async fn who_has_lost_the_lead_writes_nothing_even_if_its_session_lives() {
    let (_dir, server) = fresh();
    let store = Store::open_on(server.clone()).unwrap();
    add(&store, "ann").await.unwrap();
    administer(&server, "UPDATE leader SET epoch = epoch + 1, holder = 'other'").await;
    let refused = add(&store, "bob").await;
    assert!(matches!(&refused, Err(StoreError::Led { holder }) if holder == " (other)"));
    assert!(matches!(store.lost().await, StoreError::Led { .. }));
    assert!(store.has_lost_place() && store.check_place().is_err());
    assert_eq!(names(&store).await, ["ann"]);
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres-tests"]
async fn a_session_that_is_ended_ends_the_store_and_leaves_no_half_operation() {
    let (_dir, server) = fresh();
    let store = Store::open_on(server.clone()).unwrap();
    let ended = store.write(|tx| {
        tx.add_account("half", Timestamp(1))?;
        run(tx, "SELECT pg_terminate_backend(pg_backend_pid())")
    });
    assert!(matches!(ended.await, Err(StoreError::Away(_))));
    assert!(matches!(store.lost().await, StoreError::Away(_)));
    assert!(matches!(add(&store, "later").await, Err(StoreError::Away(_))));
    // Readers have sessions of their own, which see what was committed.
    assert_eq!(names(&store).await, [""; 0]);
    let next = Store::open_on(server).unwrap();
    add(&next, "ann").await.unwrap();
    assert_eq!(names(&next).await, ["ann"]);
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres-tests"]
async fn an_operation_that_overlooks_a_failed_statement_fails() {
    let (_dir, server) = fresh();
    let store = Store::open_on(server).unwrap();
    let overlooked = store.write(|tx| {
        tx.add_account("ann", Timestamp(1))?;
        let _ = tx.number("SELECT 1 / (id - id) FROM account", []);
        Ok::<_, StoreError>(())
    });
    // A neighbour in the same transaction is not touched.
    let (overlooked, neighbour) = tokio::join!(overlooked, add(&store, "bob"));
    assert!(overlooked.is_err() && neighbour.is_ok());
    // In a part of its own a statement may fail.
    let part = store.write(|tx| {
        let failed = tx.attempt(|tx| tx.number("SELECT 1 / (id - id) FROM account", []))?;
        assert!(failed.is_err());
        tx.add_account("cat", Timestamp(1)).map(drop)
    });
    part.await.unwrap();
    assert_eq!(names(&store).await, ["bob", "cat"]);
}

/// A transaction that wrote nothing would not wait for the standby: a leader could find a message
/// there that its predecessor has not replicated, and its modem would delete it.
#[tokio::test]
#[ignore = "needs a server: .ci/postgres-tests"]
async fn an_operation_that_writes_nothing_is_answered_when_what_it_read_is_replicated() {
    let (_dir, server) = fresh();
    let held = WithoutStandby::open(server).await;
    let found = held.store.write(|tx| tx.accounts().map(|accounts| accounts.len())).await;
    held.close().await;
    assert!(matches!(found, Err(StoreError::Away(_))), "{found:?}");
}

/// The server reports such a commit as successful.
#[tokio::test]
#[ignore = "needs a server: .ci/postgres-tests"]
async fn a_commit_whose_wait_for_the_standby_is_canceled_is_not_confirmed() {
    let (_dir, server) = fresh();
    let held = WithoutStandby::open(server).await;
    // EXISTS would not carry out what it selects, so it is counted.
    let cancel = "DO $$ BEGIN WHILE (SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity \
                  WHERE datname = current_database() AND wait_event = 'SyncRep' AND query = \
                  'COMMIT') = 0 LOOP PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END \
                  LOOP; END $$";
    let (added, ()) = tokio::join!(add(&held.store, "bob"), administer(&held.server, cancel));
    let lost = held.store.lost().await;
    let names = names(&held.store).await;
    held.close().await;
    assert!(
        matches!(&added, Err(StoreError::Away(reason)) if reason.contains("not confirmed")),
        "{added:?}"
    );
    assert!(matches!(lost, StoreError::Away(_)));
    assert_eq!(names, ["ann", "bob"], "it is committed there alone");
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres-tests"]
async fn what_is_written_is_told_by_topic() {
    let (_dir, server) = fresh();
    let store = Store::open_on(server).unwrap();
    let mut accounts = store.changes().follow(crate::domain::topic::Topic::Accounts);
    add(&store, "ann").await.unwrap();
    assert!(accounts.has_changed().unwrap());
    accounts.mark_unchanged();
    names(&store).await;
    assert!(!accounts.has_changed().unwrap());
}
