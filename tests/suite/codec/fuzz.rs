//! A bounded run of each fuzz target on the stable toolchain: the seed corpus, and what small
//! damage makes of it.

use super::{at_checks, checks, wire_checks};
use simbridge::domain::Random;
use std::fs;
use std::path::Path;

/// Rounds of damage; each target's whole corpus is damaged anew in each.
const ROUNDS: u64 = 400;

/// The corpus of a target, in the order of the files' names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> =
        fs::read_dir(&dir).expect("a corpus").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    assert!(paths.len() >= 5, "a corpus worth the name in {}", dir.display());
    paths.iter().map(|path| fs::read(path).expect("a seed")).collect()
}

/// One to four small faults, of the kinds that a line and a sloppy sender make.
fn damage(octets: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.index(octets.len());
        match random.below(6) {
            0 if !octets.is_empty() => octets[at] ^= 1 << random.below(8),
            1 if !octets.is_empty() => {
                octets[at] = [0x00, 0x1b, 0x7f, 0x80, 0xd8, 0xff][random.index(6)]
            }
            2 => octets.truncate(at),
            3 => octets.insert(at, random.below(256) as u8),
            4 if !octets.is_empty() => drop(octets.remove(at)),
            _ => {
                octets.truncate(at);
                octets.extend(&other[random.index(other.len())..]);
            }
        }
    }
}

fn run(target: &str, check: fn(&[u8])) {
    let seeds = corpus(target);
    seeds.iter().for_each(|seed| check(seed));
    let mut random = Random::new(0x5eed);
    for _ in 0..ROUNDS {
        for seed in &seeds {
            let mut octets = seed.clone();
            let other = &seeds[random.index(seeds.len())];
            damage(&mut octets, other, &mut random);
            check(&octets);
        }
    }
}

#[test]
fn tpdu() {
    run("tpdu", checks::tpdu);
}

#[test]
fn join() {
    run("join", checks::join_parts);
}

#[test]
fn ussd() {
    run("ussd", checks::ussd);
}

#[test]
fn at_lines() {
    run("at_lines", at_checks::lines);
}

#[test]
fn wire() {
    run("wire", wire_checks::frames);
}
