//! Fills a database as some busy years would.

use std::path::Path;

use rusqlite::Connection;

use super::ACCOUNTS;

const SECOND_US: i64 = 1_000_000;
const DAY_US: i64 = 24 * 3600 * SECOND_US;
/// The length of the history.
const YEARS_US: i64 = 730 * DAY_US;

/// How much there is in a database.
pub struct Size {
    pub sims: usize,
    /// In how many of [`COUNTRIES`] the SIMs are, one after the other.
    pub countries: usize,
    pub services: usize,
    /// How many past orders there are, each with its message.
    pub history: usize,
}

/// Countries that SIMs can be in.
pub const COUNTRIES: [&str; 60] = [
    "NL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR",
    "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MD", "ME", "MK", "MT", "NO", "PL", "PT", "RO",
    "RS", "SE", "SI", "SK", "TR", "UA", "AR", "AU", "BR", "CA", "CL", "CN", "CO", "EG", "HK", "ID",
    "IL", "IN", "JP", "KR", "MA", "MX", "MY", "NZ", "PE", "PH", "TH", "ZA",
];

/// Fills a database with SIMs, services, customers with plenty of credit, and a history of two
/// years that ended an hour ago.
///
/// Of eight orders, one was completed, one cancelled, one skipped, and five expired. Each has its
/// hold and the end of the hold in the ledger. For each there was an SMS of one part, of which only
/// what retention keeps is left. No number was used for a service twice. With ten million orders
/// each number was used for a quarter of the services, and all numbers for the last of them.
pub fn fill(path: &Path, size: &Size) {
    let conn = Connection::open(path).unwrap();
    // The file need not survive a crash, so nothing is synced.
    conn.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA \
         cache_size = -2000000;
         PRAGMA locking_mode = EXCLUSIVE; PRAGMA threads = 2; PRAGMA temp_store = MEMORY;",
    )
    .unwrap();
    let indexes = indexes(&conn);
    conn.execute_batch("BEGIN").unwrap();
    // Building indexes at the end is many times faster than updating them with each row.
    indexes.iter().for_each(|(name, _)| conn.execute_batch(&format!("DROP INDEX {name}")).unwrap());
    stock(&conn, size);
    if size.history > 0 {
        history(&conn, size);
    }
    indexes.iter().for_each(|(_, sql)| conn.execute_batch(sql).unwrap());
    conn.execute_batch(
        "UPDATE account SET (balance_minor, held_minor) =
           (SELECT sum(balance_minor), sum(held_minor) FROM ledger WHERE account_id = account.id);
         COMMIT; PRAGMA journal_mode = WAL;",
    )
    .unwrap();
}

fn indexes(conn: &Connection) -> Vec<(String, String)> {
    let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// A common table expression `c (n)` with the numbers from 0 up to, but without, `end`.
fn count(end: usize) -> String {
    format!("WITH RECURSIVE c (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n + 1 < {end})")
}

fn stock(conn: &Connection, Size { sims, countries, services, .. }: &Size) {
    let codes = COUNTRIES.concat();
    let (some_sims, some_services, some_accounts) =
        (count(*sims), count(*services), count(ACCOUNTS));
    conn.execute_batch(&format!(
        "INSERT INTO sim (iccid, number, number_source, number_at, country, created_at)
           {some_sims} SELECT printf('8931080000000%06d', n), printf('+316%08d', n), 'cnum', 0, \
         substr('{codes}', n % {countries} * 2 + 1, 2), 0 FROM c;
         INSERT INTO service (name, price_minor) {some_services} SELECT 'service ' || n, 1 FROM c;
         INSERT INTO service_pattern (service_id, kind, pattern)
           {some_services} SELECT n + 1, 'sender', '^S' || (n + 1) || '$' FROM c;
         INSERT INTO account (name, created_at) {some_accounts} SELECT 'account ' || n, 0 FROM c;
         INSERT INTO ledger (account_id, kind, balance_minor, held_minor, currency, cause, \
         created_at)
           SELECT id, 'topup', 100000000, 0, 'USD', 'topup:' || id, unixepoch() * {SECOND_US} FROM \
         account;"
    ))
    .unwrap();
}

fn history(conn: &Connection, Size { sims, services, history, .. }: &Size) {
    let now = chrono::Utc::now().timestamp_micros();
    let (from, step) =
        (now - YEARS_US, (YEARS_US - 3600 * SECOND_US) / i64::try_from(*history).unwrap());
    let some = count(*history);
    // Every eighth order is completed, for a service that its SIM has not been used for before. The
    // first order of each SIM is for the last service, of which nothing is left in stock.
    let others = services - 1;
    let turn = format!("n / 8 / {sims}");
    conn.execute_batch(&format!(
        "INSERT INTO orders (account_id, service_id, sim_id, number, country, price_minor, state, \
         patterned, created_at,
           expires_at, ended_at, filed)
           {some} SELECT n % {ACCOUNTS} + 1,
             CASE WHEN n % 8 > 0 THEN n / 7 % {others} + 1 WHEN {turn} = 0 THEN {services}
               ELSE ({turn} * 4 + n / 8 % {sims} * 7) % {others} + 1 END,
             n / 8 % {sims} + 1, printf('+316%08d', n / 8 % {sims}), 'NL', 1,
             CASE n % 8 WHEN 0 THEN 'completed' WHEN 1 THEN 'canceled' WHEN 2 THEN 'skipped' ELSE \
         'expired' END, 1,
             {from} + n * {step}, {from} + n * {step} + 600000000, {from} + n * {step} + 5000000,
             n % 8 = 0 FROM c;
         INSERT INTO ledger (account_id, kind, balance_minor, held_minor, currency, order_id, \
         cause, created_at)
           SELECT o.account_id, CASE e.n WHEN 0 THEN 'hold' ELSE CASE o.state WHEN 'completed' \
         THEN 'capture' ELSE 'release' END END,
             CASE WHEN e.n = 1 AND o.state = 'completed' THEN -1 ELSE 0 END, 1 - 2 * e.n, 'USD', \
         o.id,
             CASE e.n WHEN 0 THEN printf('order:%d:made', o.id) ELSE printf('order:%d:ended', \
         o.id) END, o.created_at
           FROM orders o CROSS JOIN (SELECT 0 AS n UNION ALL SELECT 1) e;
         INSERT INTO message (sim_id, sender, text, code, sent_at, received_at, complete, \
         order_id, settled_at, raw)
           SELECT sim_id, 'S', CASE WHEN created_at > {now} - 30 * {DAY_US} THEN 'code 123456' END,
             CASE WHEN created_at > {now} - 30 * {DAY_US} THEN '123456' END, created_at, \
         created_at + 5000000, 1,
             CASE state WHEN 'completed' THEN id END, created_at + 600000000, created_at > {now} - \
         7 * {DAY_US} FROM orders;
         INSERT INTO part (sim_id, digest, pdu, imei, smsc, stamp, received_at, live, message_id)
           SELECT sim_id, randomblob(32), CASE raw WHEN 1 THEN randomblob(40) ELSE x'' END, \
         '356938035640001', '+31653131313',
             sent_at, received_at, 1, id FROM message;"
    ))
    .unwrap();
}
