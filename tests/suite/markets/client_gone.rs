//! Clients that close their connection before they are told of the order that they make.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use super::{Customer, add_service};
use crate::support::{Site, wait_for};

#[test]
fn an_order_of_which_its_client_cannot_be_told_is_canceled() {
    let site = Site::with_modems(1);
    let _daemon = site.serve_ready();
    add_service(&site);
    let customer = Customer::new(&site, "ann", "5.00");
    for path in [
        format!(
            "/stubs/handler_api.php?api_key={}&action=getNumber&service=wa&country=48",
            customer.key
        ),
        "/v1/user/buy/activation/netherlands/any/whatsapp".to_owned(),
    ] {
        let before = canceled(&site);
        // Whoever goes before the purchase has begun makes no order, and that is seen nowhere.
        wait_for("an order that is canceled", || {
            ask_and_go(&site, &customer, &path);
            wait_for("no order to be open", || {
                site.json(&["order", "list", "--state", "open"]).as_array().unwrap().is_empty()
            });
            canceled(&site) > before
        });
        assert!(customer.action("getBalance").unwrap().body == "ACCESS_BALANCE:5.00");
    }
    let bought = customer.action("getNumber&service=wa&country=48").unwrap();
    assert!(bought.body.starts_with("ACCESS_NUMBER:"), "{bought:?}");
    assert_eq!(customer.action("getBalance").unwrap().body, "ACCESS_BALANCE:4.50");
}

fn canceled(site: &Site) -> usize {
    site.json(&["order", "list", "--state", "canceled"]).as_array().unwrap().len()
}

/// Asks for a number while the database is locked, and goes before it can be answered.
fn ask_and_go(site: &Site, customer: &Customer, path: &str) {
    let holder = rusqlite::Connection::open(site.dir.path().join("simbridge.db")).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut stream = TcpStream::connect(&customer.address).unwrap();
    let key = &customer.key;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\n\r\n")
        .unwrap();
    // Meanwhile the request comes as far as it can.
    for _ in 0..10 {
        site.admin("/status");
    }
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "", "the daemon has closed the connection");
    holder.execute_batch("ROLLBACK").unwrap();
}
