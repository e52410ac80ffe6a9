//! Alarms, those that stand and those of the last time, and what was told of them.

use rusqlite::params;

use super::audit::person;
use super::engine::{Row, parsed};
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::Timestamp;
use crate::domain::alarm::{Acknowledgement, Alarm, StandingAlarm};
use crate::domain::audit::Person;
use crate::domain::notice::ToldAlarm;

/// An alarm with its end, if it has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedAlarm {
    /// The alarm as it was while it stood.
    pub standing: StandingAlarm,
    pub ended_at: Option<Timestamp>,
}

/// The columns of an alarm `a` that [`standing`] reads after its members, which stand each on a
/// line.
const STANDING: &str = "a.name, a.subject, a.text, a.raised_at, a.acknowledged_at, a.note, \
                        a.acknowledged_uid, a.acknowledged_by";

fn standing(row: &Row<'_>) -> rusqlite::Result<StandingAlarm> {
    let members = row.get_ref(0)?.as_str()?.lines().map(str::to_owned).collect();
    let (name, subject, text) = (parsed(row, 1)?, row.get(2)?, row.get(3)?);
    let alarm = Alarm { name, subject, text, in_shell: None, members };
    let acknowledged = match row.get::<Option<i64>>(5)? {
        Some(at) => {
            let (note, by) = (row.get(6)?, person(row.get(7)?, row.get(8)?));
            Some(Acknowledgement { at: Timestamp(at), note, by })
        }
        None => None,
    };
    Ok(StandingAlarm { alarm, raised_at: Timestamp(row.get(4)?), acknowledged })
}

impl ReadTx<'_> {
    /// The alarms that stand, oldest first.
    pub fn standing_alarms(&self) -> Result<Vec<StandingAlarm>, StoreError> {
        let sql = format!(
            "SELECT a.members, {STANDING} FROM alarm a WHERE a.ended_at IS NULL ORDER BY \
             a.raised_at, a.id"
        );
        self.all(&sql, [], standing)
    }

    /// The alarms that have ended, the last one first; at most `limit`.
    pub fn ended_alarms(&self, limit: i64) -> Result<Vec<LoggedAlarm>, StoreError> {
        let sql = format!(
            "SELECT a.members, {STANDING}, a.ended_at FROM alarm a WHERE a.ended_at IS NOT NULL \
             ORDER BY a.ended_at DESC, a.id DESC LIMIT $1"
        );
        self.all(&sql, [limit], |row| {
            Ok(LoggedAlarm { standing: standing(row)?, ended_at: Some(Timestamp(row.get(9)?)) })
        })
    }

    /// The alarms that were told over each channel and whose end was not.
    pub fn told_alarms(&self) -> Result<Vec<(String, ToldAlarm)>, StoreError> {
        let sql = format!(
            "SELECT t.members, {STANDING}, t.told_at, t.channel FROM told_alarm t JOIN alarm a ON \
             a.id = t.alarm_id ORDER BY t.channel, a.id"
        );
        self.all(&sql, [], |row| {
            let told_at = Timestamp(row.get(9)?);
            Ok((row.get(10)?, ToldAlarm { alarm: standing(row)?, told_at }))
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
                self.change(sql, params![ended.0, name.as_str(), subject])?;
            }
        }
        standing.iter().try_for_each(|alarm| self.save_standing_alarm(alarm))
    }

    /// Adds an alarm that stands, or saves it as it is now. What an operator has acknowledged stays
    /// so, also when it is saved as it was before that.
    pub fn save_standing_alarm(&self, standing: &StandingAlarm) -> Result<(), StoreError> {
        let StandingAlarm { alarm, raised_at, acknowledged } = standing;
        let Alarm { name, subject, text, members, .. } = alarm;
        let sql = "INSERT INTO alarm (name, subject, text, raised_at, members) VALUES ($1, $2, \
                   $3, $4, $5) ON CONFLICT (name, subject, raised_at) DO UPDATE SET text = \
                   excluded.text, members = excluded.members, ended_at = NULL";
        let members = members.join("\n");
        self.change(sql, params![name.as_str(), subject, text, raised_at.0, members])?;
        let Some(Acknowledgement { at, note, by }) = acknowledged else { return Ok(()) };
        let sql = "UPDATE alarm SET acknowledged_at = $1, note = $2, acknowledged_uid = $3, \
                   acknowledged_by = $4 WHERE name = $5 AND subject = $6 AND raised_at = $7";
        let (uid, by) = (by.as_ref().and_then(Person::uid), by.as_ref().and_then(Person::name));
        let values = params![at.0, note, uid, by, name.as_str(), subject, raised_at.0];
        self.change(sql, values)
    }

    /// Removes the alarms that ended before a time.
    pub fn purge_alarms(&self, before: Timestamp) -> Result<(), StoreError> {
        let sql = "DELETE FROM alarm WHERE ended_at IS NOT NULL AND ended_at < $1";
        self.change(sql, [before.0])
    }

    /// Saves what the receivers of a channel know. Alarms that the database does not have are left
    /// out.
    pub fn save_told_alarms(&self, channel: &str, told: &[ToldAlarm]) -> Result<(), StoreError> {
        self.change("DELETE FROM told_alarm WHERE channel = $1", [channel])?;
        for ToldAlarm { alarm: StandingAlarm { alarm, raised_at, .. }, told_at } in told {
            let sql = "INSERT INTO told_alarm (channel, alarm_id, told_at, members) SELECT $1, id, \
                       $2, $3 FROM alarm WHERE name = $4 AND subject = $5 AND raised_at = $6";
            let Alarm { name, subject, members, .. } = alarm;
            let (name, members) = (name.as_str(), members.join("\n"));
            let values = params![channel, told_at.0, members, name, subject, raised_at.0];
            self.change(sql, values)?;
        }
        Ok(())
    }
}
