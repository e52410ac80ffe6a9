//! Numbered migrations, embedded, applied at start, forward only; `PRAGMA user_version` holds how many are in.

use rusqlite::Connection;

use super::StoreError;

const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/0001_first.sql"),
    include_str!("../../migrations/0002_rentals.sql"),
    include_str!("../../migrations/0003_pin_try.sql"),
    include_str!("../../migrations/0004_number_sources.sql"),
    include_str!("../../migrations/0005_orders.sql"),
];

/// Brings the database to the newest schema, each step in a transaction of its own.
pub(super) fn migrate(conn: &mut Connection) -> Result<(), StoreError> {
    let found: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (version, sql) in (1_i64..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        let step = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        step.execute_batch(sql)?;
        step.pragma_update(None, "user_version", version)?;
        step.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_with_orders_and_messages_keeps_its_sims_when_their_table_is_made_anew() {
        let mut conn = Connection::open_in_memory().unwrap();
        conn.pragma_update(None, "foreign_keys", true).unwrap();
        for sql in MIGRATIONS.get(..3).unwrap() {
            conn.execute_batch(sql).unwrap();
        }
        conn.pragma_update(None, "user_version", 3).unwrap();
        conn.execute_batch(
            "INSERT INTO sim (id, iccid, number, number_source, created_at, rests_until, retired_at)
                 VALUES (7, '89310', '+31612345678', 'cnum', 1, 2, 3), (8, '89311', NULL, NULL, 4, 0, NULL);
             INSERT INTO message (id, sim_id, received_at, complete) VALUES (1, 7, 5, 1), (2, 8, 6, 1);
             INSERT INTO part (sim_id, digest, pdu, imei, received_at, live) VALUES (7, x'00', x'00', '1', 5, 0);",
        )
        .unwrap();
        migrate(&mut conn).unwrap();
        let told: String = conn
            .query_row("SELECT group_concat(concat_ws(' ', id, iccid, number, number_source, created_at, rests_until, retired_at), ',') FROM sim", [], |row| row.get(0))
            .unwrap();
        assert_eq!(told, "7 89310 +31612345678 cnum 1 2 3,8 89311 4 0");
        let orphans: i64 =
            conn.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).unwrap();
        assert_eq!(orphans, 0);
        conn.execute("UPDATE sim SET number_source = 'ussd' WHERE id = 7", []).unwrap();
        assert!(conn.execute("DELETE FROM sim WHERE id = 7", []).is_err(), "messages point at it");
        assert!(conn.execute("UPDATE sim SET number_source = 'guess' WHERE id = 7", []).is_err());
    }
}
