//! Measures every performance figure that simbridge must reach, and prints each beside a baseline
//! of the same run. It uses the real daemon, simulated modems on PTYs, HTTP over loopback and a
//! real disk.
//!
//! `cargo bench --bench figures` takes a quarter of an hour. Parts of it can be run alone: `--
//! polls messages instructions latency distance neighbours followers pages thousand engines`.
//! Benchmarks that take longer are programs of their own: `size` (a database of ten million
//! messages) and `load` (ten minutes at full speed).
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a benchmark may panic"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]

mod client;
mod distance;
mod engines;
mod followers;
mod instructions;
mod latency;
mod messages;
mod neighbours;
mod pages;
mod polls;
mod process;
mod reader;
mod session;
mod table;
mod thousand;

#[path = "../../tests/suite/several_sites/centre.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod centre;
#[path = "../../tests/suite/several_sites/proxy.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod proxy;
#[path = "../../tests/suite/server.rs"]
mod server;
#[path = "../../tests/suite/support.rs"]
#[expect(dead_code, reason = "shared with the tests, which use all of it")]
mod support;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some(polls::BARE) => return polls::bare_server(),
        Some(reader::READER) => return reader::run(&args[1..]),
        _ => {}
    }
    let parts: [(&str, fn()); 10] = [
        ("polls", polls::run),
        ("messages", messages::run),
        ("instructions", instructions::run),
        ("latency", latency::run),
        ("distance", distance::run),
        ("neighbours", neighbours::run),
        ("followers", followers::run),
        ("pages", pages::run),
        ("thousand", thousand::run),
        ("engines", engines::run),
    ];
    let named: Vec<&String> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    if let Some(unknown) = named.iter().find(|name| parts.iter().all(|(part, _)| part != *name)) {
        let names: Vec<&str> = parts.iter().map(|(part, _)| *part).collect();
        eprintln!("no part is called {unknown}: {}", names.join(" "));
        std::process::exit(2);
    }
    table::machine();
    for (part, run) in parts {
        if named.is_empty() || named.iter().any(|name| *name == part) {
            run();
        }
    }
}
