//! kill -9 at random moments while SMS arrive: each is in the database exactly once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::support::{Site, wait_for};

const SEED: u64 = 0x5EED_0001;
const MODEMS: usize = 8;
const MESSAGES: usize = 500;
const KILLS: usize = 40;

/// A small generator (xorshift64*): the same numbers in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % end
    }
}

#[test]
fn every_sms_exactly_once_however_often_the_daemon_is_killed() {
    let site = Site::with_modems(MODEMS);
    let numbers = site.network().numbers();
    let mut random = Random(SEED);
    let mut sent: HashMap<String, String> = HashMap::new();
    for round in 0..KILLS {
        // Some are there before the daemon comes up, the others come while it lives.
        let share = MESSAGES * (round + 1) / KILLS - sent.len();
        let before = usize::try_from(random.below(share as u64 + 1)).unwrap();
        send(&site, &numbers, &mut sent, before);
        let daemon = site.serve();
        send(&site, &numbers, &mut sent, share - before);
        let life = Instant::now() + Duration::from_millis(random.below(400));
        while Instant::now() < life {
            std::thread::park_timeout(life.saturating_duration_since(Instant::now()));
        }
        daemon.kill();
    }
    assert_eq!(sent.len(), MESSAGES);
    let daemon = site.serve();
    let taken =
        || numbers.iter().all(|number| site.network().stored(number) == 0 && site.network().waiting(number) == 0);
    wait_for("all stores to be empty", taken);
    let mut found: HashMap<String, String> = HashMap::new();
    for message in site.messages() {
        let (text, number) = (message["text"].as_str().unwrap(), message["number"].as_str().unwrap());
        assert_eq!(message["complete"], true, "{text}");
        assert!(found.insert(text.to_owned(), number.to_owned()).is_none(), "twice: {text}");
    }
    assert_eq!(found, sent);
    for modem in 0..MODEMS {
        assert_eq!(site.network().observed(modem).unwrap().deleted_unread, 0);
    }
    assert!(daemon.terminate() < Duration::from_secs(5));
}

/// Sends so many more: one in eight a long one, all different.
fn send(site: &Site, numbers: &[String], sent: &mut HashMap<String, String>, count: usize) {
    for _ in 0..count {
        let n = sent.len();
        let number = &numbers[n % numbers.len()];
        let text = if n.is_multiple_of(8) { format!("{n} {}", "long ".repeat(50)) } else { format!("message {n}") };
        site.send("Sender", number, &text);
        sent.insert(text, number.clone());
    }
}
