//! Numbered migrations, which are embedded in the program and applied at start, forward only.
//! `PRAGMA user_version` says how many have been applied.

use std::path::Path;

use rusqlite::Connection;

use super::super::StoreError;
use super::copy::keep_copy;

const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/0001_first.sql"),
    include_str!("../../../migrations/0002_rentals.sql"),
    include_str!("../../../migrations/0003_pin_try.sql"),
    include_str!("../../../migrations/0004_number_sources.sql"),
    include_str!("../../../migrations/0005_orders.sql"),
    include_str!("../../../migrations/0006_banks.sql"),
    include_str!("../../../migrations/0007_by_time.sql"),
    include_str!("../../../migrations/0008_pin_accepted.sql"),
    include_str!("../../../migrations/0009_kinds.sql"),
    include_str!("../../../migrations/0010_shared_modem_ids.sql"),
    include_str!("../../../migrations/0011_removed_services.sql"),
    include_str!("../../../migrations/0012_due_at.sql"),
    include_str!("../../../migrations/0013_assembly_times.sql"),
    include_str!("../../../migrations/0014_charge_on.sql"),
    include_str!("../../../migrations/0015_given_up.sql"),
    include_str!("../../../migrations/0016_fair_use.sql"),
    include_str!("../../../migrations/0017_retention.sql"),
    include_str!("../../../migrations/0018_audit_persons.sql"),
    include_str!("../../../migrations/0019_refunds.sql"),
    include_str!("../../../migrations/0020_keys.sql"),
    include_str!("../../../migrations/0021_own_store.sql"),
    include_str!("../../../migrations/0022_last_messages.sql"),
    include_str!("../../../migrations/0023_doubtful_messages.sql"),
    include_str!("../../../migrations/0024_not_sold.sql"),
    include_str!("../../../migrations/0025_outcomes.sql"),
    include_str!("../../../migrations/0026_traces.sql"),
    include_str!("../../../migrations/0027_rests_after_orders.sql"),
    include_str!("../../../migrations/0028_attribution.sql"),
    include_str!("../../../migrations/0029_pools.sql"),
    include_str!("../../../migrations/0030_limits.sql"),
    include_str!("../../../migrations/0031_key_limits.sql"),
    include_str!("../../../migrations/0032_account_prices.sql"),
    include_str!("../../../migrations/0033_client_addresses.sql"),
    include_str!("../../../migrations/0034_withheld_notices.sql"),
    include_str!("../../../migrations/0035_told_numbers.sql"),
    include_str!("../../../migrations/0036_marks.sql"),
    include_str!("../../../migrations/0037_health.sql"),
    include_str!("../../../migrations/0038_free_time.sql"),
    include_str!("../../../migrations/0039_outages.sql"),
    include_str!("../../../migrations/0040_moves.sql"),
    include_str!("../../../migrations/0041_key_refusals.sql"),
    include_str!("../../../migrations/0042_decimals.sql"),
    include_str!("../../../migrations/0043_erasure.sql"),
    include_str!("../../../migrations/0044_hearing_tests.sql"),
    include_str!("../../../migrations/0045_alarms.sql"),
    include_str!("../../../migrations/0046_outbox.sql"),
    include_str!("../../../migrations/0047_webhooks.sql"),
    include_str!("../../../migrations/0048_kept_answers.sql"),
    include_str!("../../../migrations/0049_told_alarms.sql"),
    include_str!("../../../migrations/0050_open_orders.sql"),
    include_str!("../../../migrations/0051_logins.sql"),
    include_str!("../../../migrations/0052_acknowledged_alarms.sql"),
    include_str!("../../../migrations/0053_samples.sql"),
    include_str!("../../../migrations/0054_alarm_members.sql"),
    include_str!("../../../migrations/0055_funds_after.sql"),
    include_str!("../../../migrations/0056_deliveries_by_event.sql"),
    include_str!("../../../migrations/0057_sandbox.sql"),
    include_str!("../../../migrations/0058_portal.sql"),
    include_str!("../../../migrations/0059_last_traces.sql"),
    include_str!("../../../migrations/0060_alarm_acknowledged_by.sql"),
    include_str!("../../../migrations/0061_cheaper_checks.sql"),
    include_str!("../../../migrations/0062_withheld_counts.sql"),
    include_str!("../../../migrations/0063_shown_reasons.sql"),
    include_str!("../../../migrations/0064_market_names.sql"),
    include_str!("../../../migrations/0065_market_orders.sql"),
    include_str!("../../../migrations/0066_payments.sql"),
    include_str!("../../../migrations/0067_rental_endings.sql"),
    include_str!("../../../migrations/0068_sites.sql"),
];

/// The version of the schema that this program writes.
pub(in crate::store) fn newest_schema() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings the database at `path` to the newest schema, with each step in a transaction of its own.
/// A database that already has a schema is copied into its folder first.
pub(in crate::store) fn migrate(conn: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = newest_schema();
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    if 0 < found && found < known {
        keep_copy(conn, path, found)
            .map_err(|error| StoreError::NoCopy { schema: found, reason: error.to_string() })?;
    }
    migrate_to(conn, MIGRATIONS.len())
}

/// Applies those of the first `count` migrations that have not been applied.
fn migrate_to(conn: &mut Connection, count: usize) -> Result<(), StoreError> {
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (version, sql) in
        (1_i64..).zip(MIGRATIONS.iter().take(count)).filter(|(version, _)| *version > found)
    {
        let step = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        step.execute_batch(sql)?;
        step.pragma_update(None, "user_version", version)?;
        step.commit()?;
    }
    Ok(())
}

#[cfg(test)]
pub(in crate::store) mod tests {
    use super::super::super::{CHECKS, MessageFilter, OtherDigests, Store};
    use super::*;
    use crate::domain::message::MessageKind;
    use crate::domain::{RowLimit, SimId, Timestamp};

    /// Representative rows, each with the first schema version that they can be written into.
    const ROWS: &[(usize, &str)] = &[
        (1, include_str!("../../../tests/data/schemas/0001.sql")),
        (2, include_str!("../../../tests/data/schemas/0002.sql")),
        (3, include_str!("../../../tests/data/schemas/0003.sql")),
        (4, include_str!("../../../tests/data/schemas/0004.sql")),
        (5, include_str!("../../../tests/data/schemas/0005.sql")),
        (6, include_str!("../../../tests/data/schemas/0006.sql")),
        (26, include_str!("../../../tests/data/schemas/0026.sql")),
        (33, include_str!("../../../tests/data/schemas/0033.sql")),
        (37, include_str!("../../../tests/data/schemas/0037.sql")),
        (40, include_str!("../../../tests/data/schemas/0040.sql")),
        (44, include_str!("../../../tests/data/schemas/0044.sql")),
        (45, include_str!("../../../tests/data/schemas/0045.sql")),
        (46, include_str!("../../../tests/data/schemas/0046.sql")),
        (49, include_str!("../../../tests/data/schemas/0049.sql")),
        (51, include_str!("../../../tests/data/schemas/0051.sql")),
        (57, include_str!("../../../tests/data/schemas/0057.sql")),
        (58, include_str!("../../../tests/data/schemas/0058.sql")),
        (64, include_str!("../../../tests/data/schemas/0064.sql")),
        (65, include_str!("../../../tests/data/schemas/0065.sql")),
    ];

    /// How many migrations there are.
    pub(in crate::store) const NEWEST: usize = MIGRATIONS.len();

    /// Makes a database as the first `count` migrations left it, with rows.
    pub(in crate::store) fn made_by(path: &Path, count: usize) {
        let mut conn = Connection::open(path).unwrap();
        conn.pragma_update(None, "foreign_keys", true).unwrap();
        // It need not survive a power failure.
        conn.pragma_update(None, "synchronous", false).unwrap();
        for version in 1..=count {
            migrate_to(&mut conn, version).unwrap();
            for (_, rows) in ROWS.iter().filter(|(first, _)| *first == version) {
                conn.execute_batch(rows).unwrap();
            }
        }
    }

    fn backups(folder: &Path) -> Vec<String> {
        let names = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.contains(".schema-")).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn a_database_of_every_earlier_schema_is_upgraded_and_a_copy_kept() {
        for count in 1..=MIGRATIONS.len() {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("old.db");
            made_by(&path, count);
            let store = Store::open(&path).unwrap();
            for check in 0..CHECKS {
                let faults = store.read(move |rows| rows.faults(check, None)).await.unwrap();
                assert_eq!(faults, [""; 0], "schema {count}");
            }
            let (accounts, messages) = store
                .read(|rows| {
                    Ok::<_, StoreError>((
                        rows.accounts()?,
                        rows.messages(MessageFilter::Newest(RowLimit::ALL))?,
                    ))
                })
                .await
                .unwrap();
            let balances: Vec<_> = accounts
                .iter()
                .map(|account| (account.name.as_str(), account.funds.balance.0))
                .collect();
            // From the second on he rents a number, and from the fortieth he was given some back.
            let of_bob = match count {
                1 => 2000,
                2..40 => 500,
                _ => 600,
            };
            assert_eq!(balances, [("ann", 950), ("bob", of_bob)], "schema {count}");
            assert!(messages.len() >= 3);
            for message in &messages {
                let (kind, detail) = match message.id.0 {
                    3 => (MessageKind::Undecodable, Some("too short")),
                    _ => (MessageKind::Text, None),
                };
                assert_eq!((message.kind, message.detail.as_deref()), (kind, detail));
            }
            let newest = store.read(|rows| rows.other_digests(SimId(1), None)).await.unwrap();
            assert_eq!(newest, OtherDigests { former: true, text_mode: false });
            let later = Some(Timestamp(i64::MAX));
            let later = store.read(move |rows| rows.other_digests(SimId(1), later)).await.unwrap();
            assert_eq!(later, OtherDigests { former: false, text_mode: false });
            store.close().await;
            let kept = backups(folder.path());
            if count == MIGRATIONS.len() {
                assert_eq!(kept, [""; 0], "nothing was upgraded");
                continue;
            }
            assert_eq!(kept, [format!("old.db.schema-{count}.backup")]);
            // The copy is as the database was before the upgrade, and can be upgraded itself.
            let again = folder.path().join("again.db");
            std::fs::rename(folder.path().join(&kept[0]), &again).unwrap();
            let found: i64 = Connection::open(&again)
                .unwrap()
                .query_row("PRAGMA user_version", [], |row| row.get(0))
                .unwrap();
            assert_eq!(usize::try_from(found).unwrap(), count);
            Store::open(&again).unwrap().close().await;
        }
    }

    /// SQLite makes a table of an IN list's values each time that it checks one.
    #[test]
    fn states_of_orders_and_kinds_of_entries_are_checked_without_a_list() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate_to(&mut conn, MIGRATIONS.len()).unwrap();
        conn.pragma_update(None, "foreign_keys", false).unwrap();
        let rows = [
            (
                "orders",
                "INSERT INTO orders (account_id, service_id, sim_id, number, country, \
                 price_minor, state, patterned, created_at, expires_at, ended_at) VALUES (1, 1, 1, \
                 '1', 'NL', 1, $1, 0, 1, 2, iif($1 = 'open', NULL, 3))",
                &["open", "completed", "canceled", "skipped", "expired"][..],
            ),
            (
                "ledger",
                "INSERT INTO ledger (account_id, kind, balance_minor, held_minor, currency, \
                 cause, created_at) VALUES (1, $1, -1, 0, 'USD', $1, 1)",
                &[
                    "hold",
                    "capture",
                    "release",
                    "topup",
                    "adjustment",
                    "rental",
                    "extension",
                    "renewal",
                ],
            ),
        ];
        for (table, insert, words) in rows {
            let program = format!("EXPLAIN {insert}");
            let mut steps = conn.prepare(&program).unwrap();
            let opcodes = steps.query_map(["open"], |row| row.get(1)).unwrap();
            let opcodes: Vec<String> = opcodes.collect::<Result<_, _>>().unwrap();
            assert!(!opcodes.contains(&"OpenEphemeral".to_owned()), "{table}");
            for word in words {
                conn.execute(insert, [word]).unwrap_or_else(|error| panic!("{word}: {error}"));
            }
            assert!(conn.execute(insert, ["unknown"]).is_err(), "{table}");
        }
    }

    #[tokio::test]
    async fn the_last_copies_are_kept_and_none_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        for _ in 0..5 {
            let _ = std::fs::remove_file(&path);
            made_by(&path, 1);
            Store::open(&path).unwrap().close().await;
        }
        assert_eq!(
            backups(folder.path()),
            ["x.db.schema-1.backup-3", "x.db.schema-1.backup-4", "x.db.schema-1.backup-5"]
        );
    }

    #[tokio::test]
    async fn without_a_copy_nothing_is_upgraded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        made_by(&path, 1);
        // A folder that has the name which the copy would have.
        std::fs::create_dir(folder.path().join("x.db.unfinished")).unwrap();
        std::fs::write(folder.path().join("x.db.unfinished/full"), "").unwrap();
        let Err(StoreError::NoCopy { schema: 1, .. }) = Store::open(&path) else {
            panic!("upgraded without a copy")
        };
        let version: i64 = Connection::open(&path)
            .unwrap()
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        assert_eq!(version, 1);
    }

    #[test]
    fn a_database_with_orders_and_messages_keeps_its_sims_when_their_table_is_recreated() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "foreign_keys", true).unwrap();
        for sql in MIGRATIONS.get(..3).unwrap() {
            conn.execute_batch(sql).unwrap();
        }
        conn.pragma_update(None, "user_version", 3).unwrap();
        conn.execute_batch(
            "INSERT INTO sim (id, iccid, number, number_source, created_at, rests_until, \
             retired_at)
                 VALUES (7, '89310', '+31612345678', 'cnum', 1, 2, 3), (8, '89311', NULL, NULL, 4, \
             0, NULL);
             INSERT INTO message (id, sim_id, received_at, complete) VALUES (1, 7, 5, 1), (2, 8, \
             6, 1);
             INSERT INTO part (sim_id, digest, pdu, imei, received_at, live) VALUES (7, x'00', \
             x'00', '1', 5, 0);",
        )
        .unwrap();
        migrate_to(&mut conn, MIGRATIONS.len()).unwrap();
        let sims: String = conn
            .query_row(
                "SELECT group_concat(concat_ws(' ', id, iccid, number, number_source, created_at, \
                 rests_until, retired_at), ',') FROM sim",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(sims, "7 89310 +31612345678 cnum 1 2 3,8 89311 4 0");
        let orphans: i64 = conn
            .query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(orphans, 0);
        conn.execute("UPDATE sim SET number_source = 'ussd' WHERE id = 7", []).unwrap();
        assert!(conn.execute("DELETE FROM sim WHERE id = 7", []).is_err(), "messages refer to it");
        assert!(conn.execute("UPDATE sim SET number_source = 'guess' WHERE id = 7", []).is_err());
    }
}
