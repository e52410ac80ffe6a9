//! How many instructions the daemon executes for a message, and in which parts of the program. They
//! are counted by callgrind, a tool of valgrind; where it is missing, this part is left out.
//! Instructions of the kernel are not counted. The counts are the same on a busy machine as on an
//! idle one, so they are fit for comparing two versions of the program.

use std::collections::HashMap;
use std::process::Command;

use super::messages::{closed_loop, site};
use super::support::PROGRAM;
use super::table;

const MODEMS: usize = 64;
/// Messages before the counting begins, so that what happens only once is not counted.
const WARM_UP: usize = MODEMS * 4;
const MESSAGES: usize = MODEMS * 100;
/// Places with fewer instructions per message are not shown.
const LEAST: u64 = 1_000;

pub fn run() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("\nvalgrind is not there: instructions are not counted");
        return;
    }
    let site = site(MODEMS);
    let counts = site.dir.path().join("counts");
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--instr-atstart=no"])
        .arg(format!("--callgrind-out-file={}", counts.display()));
    command.args([PROGRAM, "serve"]).env("SIMBRIDGE_CONFIG", site.config());
    let daemon = site.serve_by(command);
    site.wait_ready();
    closed_loop(&site, daemon.id(), MODEMS, WARM_UP);
    control(&["-i", "on"], daemon.id());
    closed_loop(&site, daemon.id(), MODEMS, MESSAGES);
    control(&["-d"], daemon.id());
    // The clock of its metrics is one that valgrind does not have, so they are not read.
    daemon.kill();
    let counts = std::fs::read_to_string(counts.with_extension("1")).unwrap();
    let mut places: Vec<_> = by_place(&counts).into_iter().collect();
    places.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let a_message = |count: u64| count / u64::try_from(MESSAGES).unwrap();
    let all: u64 = places.iter().map(|(_, count)| count).sum();
    table::head(&["instructions a message, by where the source is", "", "%"]);
    let row = |place: &str, count: u64| {
        let share = format!("{:.1}", count as f64 * 100.0 / all as f64);
        table::row(&[place, &a_message(count).to_string(), &share]);
    };
    row("all", all);
    let (told, rest): (Vec<_>, Vec<_>) =
        places.into_iter().partition(|(_, count)| a_message(*count) >= LEAST);
    told.iter().for_each(|(place, count)| row(place, *count));
    row("the rest", rest.iter().map(|(_, count)| count).sum());
    println!("\nallocations a message: {}", a_message(allocations(&counts)));
}

fn control(args: &[&str], pid: u32) {
    let done = Command::new("callgrind_control").args(args).arg(pid.to_string()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Counts instructions by the place of their source line, from a file in callgrind's format. It has
/// lines that name a file (the first time by its full name, later by a number), lines with a
/// position and a cost, and calls, which are followed by a line with the cost of what was called.
fn by_place(counts: &str) -> HashMap<String, u64> {
    let mut names = HashMap::new();
    let (mut place, mut called) = (String::new(), false);
    let mut sums = HashMap::new();
    for line in counts.lines() {
        if let Some((kind @ ("fl" | "fi" | "fe" | "cfi" | "cfl"), name)) = line.split_once('=') {
            let (number, rest) = name.split_once(')').unwrap();
            if !rest.is_empty() {
                names.insert(number.to_owned(), place_of(rest.trim()));
            }
            if !kind.starts_with('c') {
                place.clone_from(&names[number]);
            }
        } else if line.starts_with("calls=") {
            called = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            let cost = line.split(' ').nth(1).and_then(|cost| cost.parse::<u64>().ok());
            if !std::mem::take(&mut called) {
                *sums.entry(place.clone()).or_default() += cost.unwrap_or_default();
            }
        }
    }
    sums
}

/// The number of calls that allocate memory.
fn allocations(counts: &str) -> u64 {
    let mut names = HashMap::new();
    let (mut sum, mut gives) = (0, false);
    for line in counts.lines() {
        if let Some(("fn" | "cfn", name)) = line.split_once('=') {
            let (number, rest) = name.split_once(')').unwrap();
            if !rest.is_empty() {
                names.insert(
                    number.to_owned(),
                    ["malloc", "calloc", "realloc"].contains(&rest.trim()),
                );
            }
            gives = line.starts_with('c') && names[number];
        } else if let Some(calls) = line.strip_prefix("calls=").filter(|_| gives) {
            sum += calls.split(' ').next().unwrap().parse::<u64>().unwrap();
        }
    }
    sum
}

/// The place that a source file belongs to: a module of ours, a crate, or the standard library.
fn place_of(file: &str) -> String {
    if let Some(ours) = file.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/")) {
        return ours
            .rsplit_once('/')
            .map_or(ours, |(folder, _)| folder)
            .split('/')
            .take(2)
            .collect::<Vec<_>>()
            .join("/");
    }
    if let Some((_, of_crate)) = file.split_once("registry/src/") {
        return of_crate.split('/').nth(1).unwrap_or(of_crate).to_owned();
    }
    let known = [("/library/", "Rust's standard library"), ("malloc/", "libc: allocation")];
    let found = known.iter().find(|(part, _)| file.contains(part));
    found.map_or("libc and what has no source", |(_, place)| place).to_owned()
}
