//! SIMs whose number is not known yet, and the attempts to find it out.

use rusqlite::params;

use super::engine::{Row, parsed};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::number_discovery::DiscoveryAttempt;
use crate::domain::{SimId, Timestamp};

/// A message that a SIM without a known number sends to another of our SIMs. The number is the
/// originator of the message that arrives there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loopback {
    /// The SIM without a number.
    pub sim: SimId,
    /// The SIM that it was sent to.
    pub receiver: SimId,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Whether it is certain that this SIM sent it, because the SIM was still in the modem
    /// afterwards.
    pub confirmed: bool,
    /// Its originator, once it has arrived.
    pub originator: Option<String>,
}

fn ask(row: &Row<'_>) -> rusqlite::Result<DiscoveryAttempt> {
    Ok(DiscoveryAttempt {
        method: parsed(row, 0)?,
        asked_at: Timestamp(row.get(1)?),
        tries: row.get(2)?,
        next_at: Timestamp(row.get(3)?),
        failure: row.get(4)?,
    })
}

impl ReadTx<'_> {
    /// The SIMs in use whose number is not known.
    pub fn numberless(&self) -> Result<Vec<SimId>, StoreError> {
        let sql = "SELECT id FROM sim WHERE number IS NULL AND retired_at IS NULL ORDER BY id";
        self.all(sql, [], |row| row.get(0).map(SimId))
    }

    /// The attempts to find out a SIM's number.
    pub fn asks(&self, sim: SimId) -> Result<Vec<DiscoveryAttempt>, StoreError> {
        let sql = "SELECT means, asked_at, tries, next_at, failure FROM number_ask WHERE sim_id = \
                   $1 ORDER BY means DESC";
        self.all(sql, [sim.0], ask)
    }

    /// When the next attempt is due after `now`.
    pub fn next_ask(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT min(next_at) FROM number_ask WHERE next_at > $1";
        Ok(self.first(sql, [now.0], |row| row.get::<Option<i64>>(0))?.flatten().map(Timestamp))
    }

    /// The message with this token.
    pub fn loopback(&self, token: &str) -> Result<Option<Loopback>, StoreError> {
        let sql = "SELECT sim_id, receiver_id, sent_at, confirmed, originator FROM loopback WHERE \
                   token = $1";
        self.first(sql, [token], |row| {
            Ok(Loopback {
                sim: SimId(row.get(0)?),
                receiver: SimId(row.get(1)?),
                sent_at: Timestamp(row.get(2)?),
                confirmed: row.get(3)?,
                originator: row.get(4)?,
            })
        })
    }
}

impl WriteTx<'_> {
    /// Saves the attempts by one method, and replaces what was saved for that method before.
    pub fn save_ask(&self, sim: SimId, ask: &DiscoveryAttempt) -> Result<(), StoreError> {
        let sql = "INSERT INTO number_ask (sim_id, means, asked_at, tries, next_at, failure) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (sim_id, means) DO UPDATE SET \
                   asked_at = excluded.asked_at, tries = excluded.tries, next_at = \
                   excluded.next_at, failure = excluded.failure";
        let values = params![
            sim.0,
            ask.method.as_str(),
            ask.asked_at.0,
            ask.tries,
            ask.next_at.0,
            ask.failure
        ];
        self.change(sql, values)
    }

    /// Deletes the attempts of a SIM whose number is known.
    pub fn forget_asks(&self, sim: SimId) -> Result<(), StoreError> {
        self.change("DELETE FROM number_ask WHERE sim_id = $1", [sim.0])
    }

    /// Saves a message that is about to be sent, and deletes those sent before `since`.
    pub fn add_loopback(
        &self,
        token: &str,
        loopback: &Loopback,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        self.change("DELETE FROM loopback WHERE sent_at < $1", [since.0])?;
        let sql =
            "INSERT INTO loopback (token, sim_id, receiver_id, sent_at) VALUES ($1, $2, $3, $4)";
        self.change(sql, params![token, loopback.sim.0, loopback.receiver.0, loopback.sent_at.0])
    }

    /// Records that it is certain which SIM sent the message.
    pub fn confirm_loopback(&self, token: &str) -> Result<(), StoreError> {
        let sql = "UPDATE loopback SET confirmed = 1 WHERE token = $1";
        self.change_one(sql, [token], "loopback", token.to_owned())
    }

    /// Records that the message has arrived, and from which number.
    pub fn loopback_came(&self, token: &str, originator: &str) -> Result<(), StoreError> {
        let sql = "UPDATE loopback SET originator = $1 WHERE token = $2";
        self.change_one(sql, [originator, token], "loopback", token.to_owned())
    }
}
