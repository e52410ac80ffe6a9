//! Whatever lines come, neither end panics, and both go on with what is right.

use proptest::prelude::*;

use super::super::{
    BadFrame, CentreSession, FromCentre, FromSite, MAX_FRAME, Question, Refusal, SILENCE,
    SiteSession,
};
use super::samples::{self, NOW, iccid};
use super::site::{at, identity};
use crate::domain::Random;

fn welcome_site() -> SiteSession {
    let mut session = SiteSession::new(identity(), at(0));
    session.ask(Question::Release { iccid: iccid(1) }, at(0));
    session.connected(at(0));
    session.next_frame(at(0), NOW).unwrap();
    session.take_line("\"welcome\"", at(0), NOW).unwrap();
    session
}

fn welcome_centre() -> CentreSession {
    let mut session = CentreSession::new(at(0), SILENCE);
    let hello = FromSite::Hello(samples::hello()).to_line(NOW).unwrap();
    session.take_line(hello.trim_end(), at(0), NOW).unwrap();
    session.welcome();
    session
}

fn drain(mut next: impl FnMut() -> Option<String>) {
    while let Some(line) = next() {
        assert!(line.ends_with('\n') && line.len() <= MAX_FRAME + 1);
    }
}

/// Gives a line to both ends, in each stage that they can be in.
fn give(line: &str) {
    let fresh_site = SiteSession::new(identity(), at(0));
    for mut session in [fresh_site, welcome_site()] {
        let _ = session.take_line(line, at(100), NOW);
        let _ = (session.tick(at(9_000)), session.deadline(), session.is_silent(at(9_000)));
        drain(|| session.next_frame(at(20_000), NOW));
    }
    let mut refused = welcome_centre();
    refused.refuse(Refusal::Revoked);
    for mut session in [CentreSession::new(at(0), SILENCE), welcome_centre(), refused] {
        let _ = session.take_line(line, at(100), NOW);
        let _ = (session.tick(at(9_000)), session.deadline(), session.is_silent(at(9_000)));
        drain(|| session.next_frame(at(20_000), NOW));
    }
}

/// One to four small faults.
fn damage(octets: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let place = random.index(octets.len());
        match random.below(6) {
            0 if !octets.is_empty() => octets[place] ^= 1 << random.below(8),
            1 => octets.truncate(place),
            2 => octets.insert(place, b"{}[]\",:0-e\n"[random.index(11)]),
            3 if !octets.is_empty() => drop(octets.remove(place)),
            4 => {
                let piece: Vec<u8> = octets.iter().skip(place).take(20).copied().collect();
                let to = random.index(octets.len());
                octets.splice(to..to, piece);
            }
            _ => {
                let digits = format!("{}", u64::MAX >> random.below(64));
                octets.splice(place..place, digits.into_bytes());
            }
        }
    }
}

/// The valid frames of both sides, as they travel.
fn valid_lines() -> Vec<String> {
    let site = samples::from_site().into_iter().map(|frame| frame.to_line(NOW).unwrap());
    let centre = samples::from_centre().into_iter().map(|frame| frame.to_line(NOW).unwrap());
    site.chain(centre).filter(|line| line.len() < 1_000).collect()
}

#[test]
fn a_hundred_thousand_damaged_frames_do_no_harm() {
    let lines = valid_lines();
    let mut random = Random::new(0x517e);
    let mut understood = 0;
    for round in 0..100_000 {
        let mut octets = lines[round % lines.len()].trim_end().as_bytes().to_vec();
        damage(&mut octets, &mut random);
        let line = String::from_utf8_lossy(&octets);
        let read = FromSite::from_line(&line, NOW).is_ok();
        let heard = FromCentre::from_line(&line, NOW).is_ok();
        understood += u32::from(read || heard);
        // What is not understood never gets beyond the reading.
        if read || heard || round % 50 == 0 {
            give(&line);
        }
    }
    assert!(understood > 1_000, "{understood} of them were still frames");
}

proptest! {
    #[test]
    fn any_text_is_taken_or_refused(line in "\\PC{0,80}|[{}\\[\\]\":,a-z0-9_-]{0,60}") {
        give(&line);
        let refused = FromSite::from_line(&line, NOW);
        if line != "\"beat\"" {
            let is_refused = matches!(refused, Err(BadFrame::NotUnderstood { .. }));
            prop_assert!(is_refused, "{line}");
        }
    }
}
