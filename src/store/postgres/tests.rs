//! Tests with a real server, which `.ci/postgres-tests` starts.

use std::time::Duration;

use super::test_server::server_for;
use super::{Candidate, Lead, Server, Session};
use crate::domain::{Moment, Timestamp};
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
        server.hosts[0].options("-c synchronous_commit=on");
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
    assert_eq!(holder.as_ref(), Some(&server.holder));
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
    assert!(
        matches!(&refused, Err(StoreError::Led { holder }) if holder.as_deref() == Some("other"))
    );
    assert!(matches!(store.lost().await, StoreError::Led { .. }));
    assert!(store.has_lost_place() && store.check_place().is_err());
    assert_eq!(names(&store).await, ["ann"]);
}

/// Returns when a commit of the leader in this database waits for its standby.
const AWAIT_COMMIT_OF_LEADER: &str = "DO $$ BEGIN WHILE NOT EXISTS (SELECT FROM pg_stat_activity \
     WHERE datname = current_database() AND wait_event = 'SyncRep' AND query = 'COMMIT') LOOP \
     PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); END LOOP; END $$";

/// Asks for the lead at a moment that is so many seconds after the candidate's first attempt.
async fn ask(mut candidate: Candidate, seconds: u64) -> (Candidate, Result<Store, StoreError>) {
    let now = Moment::since_origin(Duration::from_secs(seconds));
    let asking = move || {
        let led = Store::lead(&mut candidate, now);
        (candidate, led)
    };
    tokio::task::spawn_blocking(asking).await.unwrap()
}

/// Asks until the session of the former leader, which was ended, is over.
async fn ask_until_it_leads(mut candidate: Candidate, seconds: u64) -> Store {
    loop {
        match ask(candidate, seconds).await {
            (_, Ok(store)) => return store,
            (back, Err(error)) => {
                use StoreError::{LeaderEnded, Led};
                assert!(matches!(error, Led { .. } | LeaderEnded { .. }), "{error}");
                candidate = back;
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres-tests"]
async fn a_leader_that_shows_nothing_for_the_lease_loses_the_lead() {
    let (_dir, server) = fresh();
    let first = Store::open_on(server.clone()).unwrap();
    let (candidate, led) = ask(Candidate::new(server), 0).await;
    assert!(matches!(led, Err(StoreError::Led { .. })));
    // It shows something just in time.
    first.touch().await.unwrap();
    let (candidate, led) = ask(candidate, 16).await;
    assert!(matches!(led, Err(StoreError::Led { .. })));
    add(&first, "ann").await.unwrap();
    let (candidate, _) = ask(candidate, 30).await;
    let (candidate, _) = ask(candidate, 45).await;
    add(&first, "bob").await.unwrap();
    let (candidate, _) = ask(candidate, 46).await;
    let second = ask_until_it_leads(candidate, 62).await;
    assert!(matches!(add(&first, "late").await, Err(StoreError::Away(_))));
    assert!(matches!(first.lost().await, StoreError::Away(_)));
    add(&second, "cat").await.unwrap();
    assert_eq!(names(&second).await, ["ann", "bob", "cat"]);
    let (before, now) = (first.term().unwrap(), second.term().unwrap());
    assert_eq!(now.epoch, before.epoch + 1);
    assert_eq!(now.previous.as_ref(), Some(&before.holder));
}

#[tokio::test]
#[ignore = "needs a server: .ci/postgres-tests"]
async fn who_copies_or_upgrades_the_database_is_not_ended_for_its_silence() {
    let (_dir, server) = fresh();
    let other = server.clone();
    let copying = tokio::task::spawn_blocking(move || {
        let session = Session::connect(&other, "").unwrap();
        Lead::lock(&session).unwrap();
        session
    });
    let session = copying.await.unwrap();
    let (candidate, _) = ask(Candidate::new(server), 0).await;
    let (candidate, _) = ask(candidate, 100).await;
    let (_, led) = ask(candidate, 200).await;
    assert!(matches!(led, Err(StoreError::Led { .. })));
    let number = move || session.number("SELECT 7", []);
    assert_eq!(tokio::task::spawn_blocking(number).await.unwrap().unwrap(), 7);
}

/// The server does not notice that the daemon of such a session has gone.
#[tokio::test]
#[ignore = "needs a server: .ci/postgres-tests"]
async fn a_leader_whose_commit_waits_for_a_standby_loses_the_lead() {
    let (_dir, mut server) = fresh();
    server.commit_limit = Duration::MAX;
    let held = WithoutStandby::open(server).await;
    let (candidate, _) = ask(Candidate::new(held.server.clone()), 0).await;
    let (store, waits) = (held.store.clone(), administer(&held.server, AWAIT_COMMIT_OF_LEADER));
    let (added, ()) = tokio::join!(add(&store, "bob"), async {
        waits.await;
        // This one's sign of life is in its transaction, which nobody else sees.
        let (_, ended) = ask(candidate, 16).await;
        assert!(matches!(ended, Err(StoreError::LeaderEnded { .. })));
    });
    held.close().await;
    assert!(matches!(added, Err(StoreError::Away(reason)) if !reason.contains("no answer")));
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

#[tokio::test]
#[ignore = "needs a server: .ci/postgres-tests"]
async fn a_warning_about_something_else_does_not_make_a_commit_fail() {
    let (_dir, server) = fresh();
    let store = Store::open_on(server).unwrap();
    let warned = store.write(|tx| {
        tx.add_account("ann", Timestamp(1))?;
        run(tx, "DO $$ BEGIN RAISE WARNING 'like ANALYZE of what belongs to others'; END $$")
    });
    warned.await.unwrap();
    add(&store, "bob").await.unwrap();
    assert_eq!(names(&store).await, ["ann", "bob"]);
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

/// A change that the schema refuses.
const NAMELESS: &str = "UPDATE account SET name = NULL";

/// The answers of changes are waited for together, but each operation is told its own.
#[tokio::test]
#[ignore = "needs a server: .ci/postgres-tests"]
async fn a_change_that_fails_is_the_failure_of_its_own_operation_and_of_its_own_part() {
    let (_dir, server) = fresh();
    let store = Store::open_on(server).unwrap();
    add(&store, "ann").await.unwrap();
    let nameless = store.write(|tx| tx.change(NAMELESS, []));
    let nobody = store.write(|tx| {
        tx.change_one("UPDATE account SET name = 'x' WHERE id = $1", [99], "account", 99)?;
        tx.add_account("nobody's", Timestamp(1)).map(drop)
    });
    let (bob, nameless, nobody, cat) =
        tokio::join!(add(&store, "bob"), nameless, nobody, add(&store, "cat"));
    assert!(bob.is_ok() && cat.is_ok());
    assert!(matches!(&nameless, Err(StoreError::Refused(_))), "{nameless:?}");
    assert!(
        matches!(&nobody, Err(StoreError::Row { table: "account", key, .. }) if key == "99"),
        "{nobody:?}"
    );

    let part = store.write(|tx| {
        tx.change("UPDATE account SET name = 'dora' WHERE name = 'cat'", [])?;
        let failed = tx.attempt(|tx| tx.change(NAMELESS, []))?;
        assert!(matches!(failed, Err(StoreError::Refused(_))));
        tx.add_account("eve", Timestamp(1)).map(drop)
    });
    part.await.unwrap();
    let before = store.write(|tx| {
        tx.change(NAMELESS, [])?;
        tx.attempt(|tx| tx.add_account("part", Timestamp(1))).map(drop)
    });
    assert!(matches!(before.await, Err(StoreError::Refused(_))));
    let mut names = names(&store).await;
    names.sort();
    assert_eq!(names, ["ann", "bob", "dora", "eve"]);
}
