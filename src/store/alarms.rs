//! Alarms, those that stand and those of the last time, and what was told of them.

use rusqlite::{Row, params};

use super::read_tx::parsed;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::Timestamp;
use crate::domain::alarm::{Alarm, StandingAlarm};
use crate::domain::notice::ToldAlarm;

/// An alarm with its end, if it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedAlarm {
    pub alarm: Alarm,
    pub raised_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// Reads the columns name, subject, text and raised_at.
fn standing(row: &Row<'_>) -> rusqlite::Result<StandingAlarm> {
    let alarm = Alarm { name: parsed(row, 0)?, subject: row.get(1)?, text: row.get(2)? };
    Ok(StandingAlarm { alarm, raised_at: Timestamp(row.get(3)?) })
}

impl ReadTx<'_> {
    /// The alarms that stand, oldest first.
    pub fn standing_alarms(&self) -> Result<Vec<StandingAlarm>, StoreError> {
        let sql = "SELECT name, subject, text, raised_at FROM alarm INDEXED BY alarm_standing \
                   WHERE ended_at IS NULL ORDER BY raised_at, id";
        self.all(sql, [], standing)
    }

    /// The alarms that have ended, the last one first; at most `limit`.
    pub fn ended_alarms(&self, limit: i64) -> Result<Vec<LoggedAlarm>, StoreError> {
        let sql = "SELECT name, subject, text, raised_at, ended_at FROM alarm INDEXED BY \
                   alarm_ended WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, id DESC LIMIT $1";
        self.all(sql, [limit], |row| {
            let StandingAlarm { alarm, raised_at } = standing(row)?;
            Ok(LoggedAlarm { alarm, raised_at, ended_at: Some(Timestamp(row.get(4)?)) })
        })
    }

    /// The alarms that were told over each channel and whose end was not.
    pub fn told_alarms(&self) -> Result<Vec<(String, ToldAlarm)>, StoreError> {
        let sql = "SELECT a.name, a.subject, a.text, a.raised_at, t.told_at, t.channel FROM \
                   told_alarm t JOIN alarm a ON a.id = t.alarm_id ORDER BY t.channel, a.id";
        self.all(sql, [], |row| {
            let told_at = Timestamp(row.get(4)?);
            Ok((row.get(5)?, ToldAlarm { alarm: standing(row)?, told_at }))
        })
    }
}

impl WriteTx<'_> {
    /// Lets exactly these alarms stand: adds those that are new, and ends all others.
    pub fn save_standing_alarms(
        &self,
        standing: &[StandingAlarm],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for known in self.standing_alarms()? {
            if !standing.iter().any(|alarm| alarm.is_same(&known)) {
                let sql = "UPDATE alarm SET ended_at = $1 WHERE name = $2 AND subject = $3 AND \
                           ended_at IS NULL";
                let (Alarm { name, subject, .. }, ended) = (&known.alarm, now.max(known.raised_at));
                self.execute(sql, params![ended.0, name.as_str(), subject])?;
            }
        }
        for StandingAlarm { alarm: Alarm { name, subject, text }, raised_at } in standing {
            let sql = "INSERT INTO alarm (name, subject, text, raised_at) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (name, subject, raised_at) DO UPDATE SET text = \
                       excluded.text, ended_at = NULL";
            self.execute(sql, params![name.as_str(), subject, text, raised_at.0])?;
        }
        Ok(())
    }

    /// Removes the alarms that ended before a time.
    pub fn purge_alarms(&self, before: Timestamp) -> Result<(), StoreError> {
        let sql = "DELETE FROM alarm WHERE ended_at IS NOT NULL AND ended_at < $1";
        self.execute(sql, [before.0]).map(drop)
    }

    /// Saves what the receivers of a channel know. Alarms that the database does not have are left
    /// out.
    pub fn save_told_alarms(&self, channel: &str, told: &[ToldAlarm]) -> Result<(), StoreError> {
        self.execute("DELETE FROM told_alarm WHERE channel = $1", [channel])?;
        for ToldAlarm { alarm: StandingAlarm { alarm, raised_at }, told_at } in told {
            let sql = "INSERT INTO told_alarm (channel, alarm_id, told_at) SELECT $1, id, $2 FROM \
                       alarm WHERE name = $3 AND subject = $4 AND raised_at = $5";
            let Alarm { name, subject, .. } = alarm;
            self.execute(sql, params![channel, told_at.0, name.as_str(), subject, raised_at.0])?;
        }
        Ok(())
    }
}
