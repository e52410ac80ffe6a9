//! What the daemon takes from the operating system: the real clock, real randomness, and as many
//! file descriptors as it may have. Clock and randomness are read nowhere else.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Local, NaiveTime, TimeDelta, TimeZone, Utc};
use parking_lot::Mutex;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use tokio::signal::unix::{SignalKind, signal};

use super::monotonic_clock::MonotonicClock;
use crate::domain::Timestamp;
use crate::domain::clock_trust::ClockTrust;
use crate::gateway::{Clock, Entropy, TimeSource};
use crate::http::REFUSAL_SHARE;

/// The signal that Linux sends when a write exceeds the limit on file sizes.
const SIGXFSZ: i32 = 25;

/// How many connections there may be to webhook endpoints at most.
const WEBHOOK_CONNECTIONS: usize = 4096;
/// The most connections to the admin socket, and the fewest.
const ADMIN_CONNECTIONS: usize = 256;
const LEAST_ADMIN_CONNECTIONS: usize = 8;

/// The name of this machine, by which operators of several know which one it is.
pub fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    crate::domain::text::one_line(name.trim())
}

/// Reads a wall clock, which may be wrong or be set.
pub type WallClock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// The system's wall clock, except that it never goes back and follows no jump before it is
/// believable.
pub fn clock() -> Clock {
    monotonic(Box::new(|| utc_now().into()))
}

/// A wall clock made monotonic: what is created now is never older than what was created before.
pub fn monotonic(wall: WallClock) -> Clock {
    let clock = Mutex::new(MonotonicClock::new(wall()));
    Arc::new(SteadyClock { wall, started: time_since_boot(), clock })
}

/// A wall clock that is compared with a clock that nobody can set.
struct SteadyClock {
    wall: WallClock,
    /// When it was made, as the time since the boot.
    started: Duration,
    clock: Mutex<MonotonicClock>,
}

impl TimeSource for SteadyClock {
    fn now(&self) -> Timestamp {
        let mut clock = self.clock.lock();
        clock.now((self.wall)(), time_since_boot().saturating_sub(self.started))
    }

    fn trust(&self) -> ClockTrust {
        self.now();
        self.clock.lock().trust()
    }

    fn day_of(&self, at: Timestamp) -> Timestamp {
        day_of(at, &Local)
    }
}

/// When the day began in a zone that a time is in. Where the clocks go over midnight, a day begins
/// an hour later.
fn day_of(at: Timestamp, zone: &impl TimeZone) -> Timestamp {
    let time = DateTime::from_timestamp_micros(at.0).unwrap_or(DateTime::<Utc>::MIN_UTC);
    let midnight = time.with_timezone(zone).date_naive().and_time(NaiveTime::MIN);
    let hours = [midnight, midnight + TimeDelta::hours(1)];
    let began = hours.iter().find_map(|hour| zone.from_local_datetime(hour).earliest());
    began.map_or(at, |began| began.to_utc().into())
}

/// The time since the machine was started, with the time that it was suspended.
fn time_since_boot() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// The system's wall clock, as the simulated network reads it.
#[expect(clippy::disallowed_methods, reason = "the edge: everything else is given this clock")]
pub fn utc_now() -> DateTime<Utc> {
    Utc::now()
}

/// Random octets from the system's own generator.
pub fn entropy() -> Entropy {
    Arc::new(random)
}

/// 32 random bytes, or `None` when the system has none.
#[expect(clippy::disallowed_methods, reason = "the edge: everything else is given this randomness")]
pub fn random() -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).ok().map(|()| bytes)
}

/// Raises the limit on file descriptors as far as the system permits, and makes exceeding the limit
/// on file sizes an error of the write instead of the end of the process. Needs a runtime.
pub fn raise_limits() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // If this fails, the present limit stays in force.
        let _ =
            setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
    if let Ok(mut exceeded) = signal(SignalKind::from_raw(SIGXFSZ)) {
        tokio::spawn(async move { while exceeded.recv().await.is_some() {} });
    }
}

/// How many connections to serve at a time if the configuration allows `configured`: so many that
/// they take at most half of all file descriptors together with those that are being refused, since
/// modems and the database need the others.
pub(super) fn connection_limit(configured: usize) -> usize {
    let most = |descriptors: usize| descriptors / 2 / (REFUSAL_SHARE + 1) * REFUSAL_SHARE;
    descriptors().map_or(configured, |descriptors| configured.min(most(descriptors)))
}

/// How many connections to the admin socket to serve at a time: no more than a sixteenth of all
/// file descriptors, but so many that one can be asked something while others wait.
pub(super) fn admin_connection_limit() -> usize {
    let most = descriptors().map_or(ADMIN_CONNECTIONS, |descriptors| descriptors / 16);
    most.clamp(LEAST_ADMIN_CONNECTIONS, ADMIN_CONNECTIONS)
}

/// How many connections there may be to webhook endpoints: an eighth of all file descriptors.
pub(super) fn webhook_connection_limit() -> usize {
    descriptors()
        .map_or(WEBHOOK_CONNECTIONS, |descriptors| descriptors / 8)
        .min(WEBHOOK_CONNECTIONS)
}

/// How many file descriptors this process may have, unless that is not limited.
fn descriptors() -> Option<usize> {
    getrlimit(Resource::Nofile).current.and_then(|limit| usize::try_from(limit).ok())
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;

    use super::*;

    #[test]
    fn days_begin_at_midnight_of_the_zone() {
        let zone = FixedOffset::east_opt(2 * 3600).unwrap();
        for (time, began) in [
            ("2026-06-22T12:00:00Z", "2026-06-21T22:00:00Z"),
            ("2026-06-21T22:00:00Z", "2026-06-21T22:00:00Z"),
            ("2026-06-21T21:59:59Z", "2026-06-20T22:00:00Z"),
        ] {
            let (time, began) = (time.parse().unwrap(), began.parse().unwrap());
            assert_eq!(day_of(time, &zone), began, "{time}");
        }
    }
}
