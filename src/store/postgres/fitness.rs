//! Whether a server is fit for this program: it keeps what it has confirmed, compares texts as the
//! statements expect, and its clock agrees with that of this machine.

use std::time::Duration;

use super::super::StoreError;
use super::session::Session;
use crate::domain::Timestamp;

/// The oldest version that is tested, as `server_version_num` has it.
const OLDEST: i64 = 150_000;
/// How far the clocks may be apart.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);
/// How a database that is fit is made.
const CREATE: &str = "`createdb --template=template0 --encoding=UTF8 --locale=C`";

/// What a server is asked about itself.
const QUESTION: &str = "SELECT CAST(current_setting('server_version_num') AS bigint), \
     CAST(pg_encoding_to_char(encoding) AS text), CAST(datcollate AS text), \
     CAST(datlocprovider AS text), current_setting('fsync'), \
     current_setting('full_page_writes'), current_setting('synchronous_commit'), \
     current_setting('synchronous_standby_names'), CAST(pg_is_in_recovery() AS int), \
     CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) \
     FROM pg_database WHERE datname = current_database()";

/// What is demanded of a server.
#[derive(Debug, Clone, Copy)]
pub struct Demands {
    /// How many standbys must have each commit before it is confirmed.
    pub replicas: usize,
    /// This machine's clock.
    pub now: fn() -> Timestamp,
}

/// What a server is like.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Traits {
    version: i64,
    encoding: String,
    collation: String,
    /// Who compares texts: the C library (`c`), or ICU (`i`).
    provider: String,
    fsync: String,
    full_page_writes: String,
    synchronous_commit: String,
    standby_names: String,
    is_in_recovery: bool,
    clock: Timestamp,
}

/// Fails with what would be right, and how to get there, unless the server is fit.
pub(super) fn check(session: &Session, demands: &Demands) -> Result<(), StoreError> {
    let asked_at = (demands.now)();
    let mut traits = None;
    session.visit(QUESTION, [], |row| {
        let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str()?.to_owned());
        traits = Some(Traits {
            version: row.get_ref(0)?.as_i64()?,
            encoding: text(1)?,
            collation: text(2)?,
            provider: text(3)?,
            fsync: text(4)?,
            full_page_writes: text(5)?,
            synchronous_commit: text(6)?,
            standby_names: text(7)?,
            is_in_recovery: row.get_ref(8)?.as_i64()? != 0,
            clock: Timestamp(row.get_ref(9)?.as_i64()?),
        });
        Ok(false)
    })?;
    let traits = traits.ok_or(StoreError::Gone)?;
    let fault = traits
        .fault(demands.replicas)
        .or_else(|| clock_fault(traits.clock, asked_at, (demands.now)()));
    fault.map_or(Ok(()), |fault| Err(StoreError::Unfit(fault)))
}

impl Traits {
    /// What is wrong with the server, and what would be right.
    fn fault(&self, replicas: usize) -> Option<String> {
        if self.version < OLDEST {
            return Some(format!(
                "it is PostgreSQL {}, and has to be {} or newer: upgrade it",
                self.version / 10_000,
                OLDEST / 10_000
            ));
        }
        if self.is_in_recovery {
            return Some("it is a standby: name the host that takes writes in `url`".to_owned());
        }
        if self.encoding != "UTF8" {
            return Some(format!(
                "the database's encoding is {} and has to be UTF8: make it anew with {CREATE}",
                self.encoding
            ));
        }
        if !matches!(self.collation.as_str(), "C" | "POSIX") || self.provider == "i" {
            return Some(format!(
                "the database's collation is {} and has to be C: make it anew with {CREATE}",
                if self.provider == "i" { "one of ICU" } else { &self.collation }
            ));
        }
        self.setting_fault().or_else(|| self.replication_fault(replicas))
    }

    /// A setting with which the server would lose what it has confirmed.
    fn setting_fault(&self) -> Option<String> {
        let settings = [
            ("fsync", &self.fsync),
            ("full_page_writes", &self.full_page_writes),
            ("synchronous_commit", &self.synchronous_commit),
        ];
        let (name, _) = settings.into_iter().find(|(_, value)| *value == "off")?;
        Some(format!(
            "`{name}` is off, so that it may lose messages that are deleted from their modems: run \
             `ALTER SYSTEM SET {name} = on` and `SELECT pg_reload_conf()`"
        ))
    }

    /// That fewer standbys confirm a commit than have to.
    fn replication_fault(&self, replicas: usize) -> Option<String> {
        let confirming = match self.synchronous_commit.as_str() {
            "local" => 0,
            _ => confirming(&self.standby_names),
        };
        (confirming < replicas).then(|| {
            format!(
                "`replicas` is {replicas}, but its commits wait for {confirming} standbys \
                 (`synchronous_standby_names` is '{}', `synchronous_commit` {}): run something \
                 like `ALTER SYSTEM SET synchronous_standby_names = 'ANY {replicas} (b, c)'` and \
                 `SELECT pg_reload_conf()`",
                self.standby_names, self.synchronous_commit
            )
        })
    }
}

/// How many standbys a commit waits for: `ANY 1 (b, c)`, `FIRST 2 (b, c)`, `2 (b, c)`, or a list of
/// names, of which it waits for one.
fn confirming(standby_names: &str) -> usize {
    let Some((method, _)) = standby_names.split_once('(') else {
        return usize::from(!standby_names.trim().is_empty());
    };
    method.split_whitespace().last().and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// That the server's clock showed what this machine's did not show while it was asked.
fn clock_fault(clock: Timestamp, asked_at: Timestamp, answered_at: Timestamp) -> Option<String> {
    let (behind, ahead) = (asked_at.since(clock), clock.since(answered_at));
    let (apart, word) = if behind > ahead { (behind, "behind") } else { (ahead, "ahead of") };
    (apart > CLOCK_TOLERANCE).then(|| {
        format!(
            "its clock is {} s {word} this machine's: have NTP set both, which `timedatectl` shows",
            apart.as_secs()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit() -> Traits {
        Traits {
            version: 150_020,
            encoding: "UTF8".to_owned(),
            collation: "C".to_owned(),
            provider: "c".to_owned(),
            fsync: "on".to_owned(),
            full_page_writes: "on".to_owned(),
            synchronous_commit: "on".to_owned(),
            standby_names: String::new(),
            is_in_recovery: false,
            clock: Timestamp(0),
        }
    }

    #[test]
    fn a_server_that_is_not_fit_is_told_what_would_be_right() {
        assert_eq!(fit().fault(0), None);
        let off = || "off".to_owned();
        for (traits, told) in [
            (Traits { version: 140_009, ..fit() }, "it is PostgreSQL 14, and has to be 15"),
            (Traits { is_in_recovery: true, ..fit() }, "it is a standby"),
            (
                Traits { encoding: "LATIN1".to_owned(), ..fit() },
                "the database's encoding is LATIN1",
            ),
            (
                Traits { collation: "en_US.UTF-8".to_owned(), ..fit() },
                "the database's collation is en_US.UTF-8 and has to be C",
            ),
            (
                Traits { provider: "i".to_owned(), ..fit() },
                "the database's collation is one of ICU",
            ),
            (Traits { fsync: off(), ..fit() }, "`fsync` is off"),
            (Traits { full_page_writes: off(), ..fit() }, "`full_page_writes` is off"),
            (Traits { synchronous_commit: off(), ..fit() }, "`synchronous_commit` is off"),
        ] {
            let fault = traits.fault(0).unwrap();
            assert!(fault.starts_with(told), "{fault}");
        }
    }

    #[test]
    fn as_many_standbys_confirm_a_commit_as_are_wanted() {
        for (names, count) in [
            ("", 0),
            (" ", 0),
            ("b", 1),
            ("b, c", 1),
            ("*", 1),
            ("2 (b, c)", 2),
            ("ANY 1 (b, c)", 1),
            ("first 2(b, c)", 2),
        ] {
            assert_eq!(confirming(names), count, "{names}");
            let traits = Traits { standby_names: names.to_owned(), ..fit() };
            assert_eq!(traits.fault(count), None);
            assert!(
                traits.fault(count + 1).unwrap().contains(&format!("wait for {count} standbys"))
            );
            let local = Traits { synchronous_commit: "local".to_owned(), ..traits };
            assert!(local.fault(1).is_some());
            assert_eq!(local.fault(0), None);
        }
    }

    #[test]
    fn the_clocks_may_be_two_seconds_apart() {
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        for (clock, told) in [
            (95, Some("its clock is 5 s behind this machine's")),
            (98, None),
            (103, None),
            (105, None),
            (107, Some("its clock is 4 s ahead of this machine's")),
        ] {
            // It was asked at 100, and the answer was there at 103.
            let fault = clock_fault(at(clock), at(100), at(103));
            assert_eq!(fault.as_deref().map(|fault| fault.split(':').next().unwrap()), told);
        }
    }
}
