//! The README's first command, in its quick form.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::Stdio;

use crate::support::privacy::Secret;
use crate::support::{Daemon, Site, http};

#[test]
fn demo_once_plays_an_order_through() {
    let site = Site::with_modems(0);
    let output = site.run(&["demo", "--once", "--modems", "3"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let text = said.split_once("SUCCESS_").and_then(|(_, rest)| rest.lines().next()).unwrap();
    site.secrets.add(Secret::Text(text.to_owned()));
    let logged = String::from_utf8(output.stderr).unwrap();
    assert_eq!(site.secrets.found_in(&logged, site.dir.path()), [""; 0], "{logged}");
    for step in [
        "/api/makeorder?serviceId=1&country=NL  ->  ORDER_ID_1_NUMBER_06",
        "->  SUCCESS_Your Uber code is ",
        "->  24.50",
    ] {
        assert!(said.contains(step), "{step} is missing in:\n{said}");
    }
    let once = site.json(&["demo", "--once", "--modems", "1"]);
    let answer = once["requests"][2]["answer"].as_str().unwrap().to_owned();
    site.secrets.add(Secret::Text(answer.trim_start_matches("SUCCESS_").to_owned()));
    assert!(once["ok"] == true && answer.starts_with("SUCCESS_Your Uber code is "), "{once}");
    assert!(
        said.ends_with("The code arrived, the ledger adds up, and the modem's store is empty.\n"),
        "{said}"
    );
}

#[test]
fn the_demo_takes_a_free_port_when_its_own_is_in_use_unless_one_is_named() {
    // Whether this test has it or another program: it is in use.
    let _taken = TcpListener::bind("127.0.0.1:8080");
    let site = Site::with_modems(0);
    let mut child =
        site.command(&["demo", "--modems", "1"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told = output.find(|line| line.contains("127.0.0.1:8080")).unwrap();
    let address = told
        .strip_prefix("127.0.0.1:8080 is in use; customers are served on ")
        .and_then(|rest| rest.strip_suffix('.'))
        .unwrap_or_else(|| panic!("{told}"))
        .to_owned();
    for path in ["api/makeorder", "v2/openapi.json", "v2/orders", "v2/orders/2?wait=60"] {
        assert!(output.any(|line| line.contains(&format!("http://{address}/{path}"))), "{path}");
    }
    // Programs for number markets find the services, too.
    let prices =
        "GET /v1/guest/prices?product=whatsapp HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let (head, body) = http(&address, prices);
    assert!(head.starts_with("HTTP/1.1 200") && body.contains("netherlands"), "{head}\n{body}");
    Daemon::of(child).terminate();
    let output = site.run(&["demo", "--listen", "127.0.0.1:8080"]);
    let said = String::from_utf8(output.stderr).unwrap();
    let words = "choose another address with --listen, like --listen 127.0.0.1:0";
    assert!(output.status.code() == Some(1) && said.contains(words), "{said}");
}
