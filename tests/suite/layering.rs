//! The layers: which top-level module may import which, and where SQL text and AT commands may
//! stand.

use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may name in `crate::…`. `main.rs` sees everything.
const ROOMS: &[(&str, &[&str])] = &[
    (
        "cli",
        &[
            "daemon",
            "simulator",
            "http",
            "driver",
            "bank",
            "modem",
            "gateway",
            "store",
            "domain",
            "at",
            "sms",
        ],
    ),
    (
        "daemon",
        &[
            "simulator",
            "http",
            "driver",
            "bank",
            "modem",
            "gateway",
            "store",
            "domain",
            "at",
            "sms",
        ],
    ),
    ("simulator", &["sms", "domain"]),
    ("http", &["gateway", "domain"]),
    ("driver", &["modem", "bank", "domain"]),
    // A serial SIM bank's control line speaks AT, too.
    ("bank", &["modem", "at", "domain"]),
    ("modem", &["at", "sms", "domain"]),
    ("gateway", &["domain", "store", "sms"]),
    ("store", &["domain"]),
    ("at", &["domain"]),
    ("domain", &[]),
    ("sms", &[]),
];

/// Words that begin an SQL statement, as they stand inside a string literal.
const SQL: &[&str] = &[
    "SELECT ",
    "INSERT INTO",
    "UPDATE ",
    "DELETE FROM",
    "CREATE TABLE",
    "CREATE INDEX",
    "PRAGMA ",
    "BEGIN IMMEDIATE",
    "SAVEPOINT ",
];

fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Every source file of `src` with the room that it is in; `main.rs` and `lib.rs` are in none.
pub fn files() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&src, &mut paths);
    paths
        .into_iter()
        .filter_map(|path| {
            let inside = path.strip_prefix(&src).unwrap().to_path_buf();
            let first = inside.components().next()?.as_os_str().to_str()?.to_owned();
            let room = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).unwrap();
            (room != "main" && room != "lib").then_some((room, inside, text))
        })
        .collect()
}

/// The rooms that a text names after `crate::`, be it in a `use` (also a braced one) or in a path;
/// comments do not count.
fn named_rooms(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    let mut rooms = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let heads: Vec<&str> = match rest.strip_prefix('{') {
            Some(braced) => braced.split('}').next().unwrap_or("").split(',').collect(),
            None => vec![rest],
        };
        for head in heads {
            let word: String = head
                .trim()
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            rooms.push(word);
        }
    }
    rooms
}

#[test]
fn imports_point_only_downwards() {
    let mut faults = Vec::new();
    for (room, path, text) in files() {
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            faults.push(format!("{}: no room is called `{room}`", path.display()));
            continue;
        };
        for named in named_rooms(&text) {
            let is_room = ROOMS.iter().any(|(name, _)| *name == named);
            if is_room && named != room && !allowed.contains(&named.as_str()) {
                faults.push(format!("{}: `{room}` must not import `{named}`", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_braced_import_and_a_path_are_both_seen() {
    let text = "use crate::{store, sms::Deliver};\n// crate::http\nfn f() { crate::at::x() }";
    assert_eq!(named_rooms(text), ["store", "sms", "at"]);
}

#[test]
fn sql_stands_only_in_store() {
    let mut faults = Vec::new();
    for (room, path, text) in files() {
        if room == "store" {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            if !code.starts_with("//")
                && code.contains('"')
                && SQL.iter().any(|word| code.contains(word))
            {
                faults.push(format!("{}:{}: SQL outside store", path.display(), number + 1));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn at_commands_stand_only_where_the_wire_is() {
    let mut faults = Vec::new();
    for (room, path, text) in files() {
        if matches!(room.as_str(), "at" | "modem" | "simulator") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.trim_start();
            if !code.starts_with("//")
                && (code.contains("\"AT+") || code.contains("\"AT\\") || code.contains("\"AT^"))
            {
                faults.push(format!(
                    "{}:{}: an AT command outside at, modem, simulator",
                    path.display(),
                    number + 1
                ));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_file_of_the_pure_rooms_reads_a_clock_or_logs() {
    let mut faults = Vec::new();
    for (room, path, text) in files() {
        if !matches!(room.as_str(), "domain" | "at" | "sms" | "modem") {
            continue;
        }
        for word in [
            "async fn",
            "Instant::now",
            "Utc::now",
            "SystemTime::now",
            "tracing::",
            "getrandom",
            "println!",
        ] {
            let used = text.lines().any(|l| !l.trim_start().starts_with("//") && l.contains(word));
            if used {
                faults.push(format!("{}: `{word}` in a pure room", path.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
