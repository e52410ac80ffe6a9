//! The stock is read a window at a time: each SIM once, and in order.

use rusqlite::{Connection, params};

use super::super::{FIRST_WINDOW, WINDOW_GROWTH};
use super::*;
use crate::store::query_plans::traced_connection;

/// A stock of so many SIMs, in groups of three that were given out at the same time, and their ids
/// in the order in which they are given out.
fn stock_of(count: i64) -> (Connection, Vec<i64>) {
    let conn = traced_connection();
    let mut order = Vec::new();
    for id in 1..=count {
        let sql = "INSERT INTO sim (id, iccid, number, number_source, country, last_given_at, \
                   created_at) VALUES ($1, $2, $3, 'cnum', 'NL', $4, 0)";
        let (iccid, number) = (format!("8931{id:04}"), format!("+3161{id:04}"));
        let given_at = (count - id) / 3;
        conn.execute(sql, params![id, iccid, number, given_at]).unwrap();
        order.push((given_at, id));
    }
    order.sort_unstable();
    (conn, order.into_iter().map(|(_, id)| id).collect())
}

#[test]
fn each_sim_is_looked_at_once_and_in_order() {
    let order = StockQuery {
        country: "NL",
        service: SERVICES[0],
        account: None,
        sharing: SharingPolicy::Exclusive,
        now: Timestamp(1),
        used_since: Timestamp(0),
        rest_since: Timestamp(0),
        patterned: false,
    };
    let (now, since) = (Timestamp(1), Timestamp(0));
    let rental =
        RentalQuery { country: "NL", account: None, now, rest_since: since, ordered_since: since };
    let two_windows = (1 + WINDOW_GROWTH) * FIRST_WINDOW;
    for count in [0, 1, FIRST_WINDOW - 1, FIRST_WINDOW, FIRST_WINDOW + 1, two_windows, 500] {
        let (conn, in_order) = stock_of(count);
        let rows = ReadTx::on(&conn);
        let mut seen = Vec::new();
        let found = rows.find_for_order(order, |sim, _| {
            seen.push(sim.0);
            false
        });
        assert_eq!(found.unwrap(), None);
        assert_eq!(seen, in_order, "{count} for an order");

        let mut seen = Vec::new();
        let found = rows.search_for_rental(rental, SearchScope::All, |sim, _| {
            seen.push(sim.0);
            None
        });
        assert_eq!(found.unwrap(), SearchResult::Nothing);
        assert_eq!(seen, in_order, "{count} for a rental");

        let looked_at = usize::try_from(count).unwrap();
        let first = |few| rows.search_for_order(order, SearchScope::First(few), |_, _| false);
        assert_eq!(first(looked_at).unwrap(), SearchResult::Nothing);
        if let Some(few) = looked_at.checked_sub(1) {
            assert_eq!(first(few).unwrap(), SearchResult::TooFar);
        }
        let last = in_order.last().copied();
        let found = rows.find_for_order(order, |sim, _| Some(sim.0) == last).unwrap();
        assert_eq!(found.map(|(sim, _)| sim.0), last);
    }
}
