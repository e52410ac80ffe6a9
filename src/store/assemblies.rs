//! Long messages whose parts are being collected.

use std::cmp::Reverse;
use std::time::Duration;

use rusqlite::params;

use super::engine::Row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{AssemblyId, MessageId, SimId, Timestamp};

/// The parts of one long message that has not been received completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembly {
    pub id: AssemblyId,
    /// The SIM that receives it.
    pub sim: SimId,
    /// Whether it may have been another SIM.
    pub doubtful: bool,
    /// The sender as displayed.
    pub sender: String,
    /// How many parts the whole message has.
    pub total: u8,
    /// The message that shows it as incomplete, if there is one.
    pub message: Option<MessageId>,
}

/// What distinguishes the parts of one long message from those of another (3GPP TS 23.040,
/// 9.2.3.24.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAssembly<'n> {
    pub sim: SimId,
    /// Whether the part may have been received for another SIM.
    pub doubtful: bool,
    /// The sender as displayed.
    pub sender: &'n str,
    /// The concatenation reference number in the parts' headers.
    pub reference: u16,
    /// Whether the reference has 16 bits instead of 8.
    pub wide: bool,
    /// How many parts the headers say there are.
    pub total: u8,
}

/// A long message whose rest is awaited. It is not shown to customers yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwaitedMessage {
    /// The sender as displayed.
    pub sender: String,
    /// How many of its parts have arrived, and how many there are.
    pub arrived: u8,
    pub total: u8,
    /// When its first part was sent.
    pub since: Timestamp,
    /// When it is shown as incomplete.
    pub until: Timestamp,
}

/// How many incomplete long messages are looked at on either side of a part in time.
pub const MOST_NEIGHBOURS: i64 = 16;
/// How many of the long messages of a SIM are shown whose rest is awaited.
const MOST_AWAITED: i64 = 50;
/// Longer than the parts of one message lie apart.
const LONGEST_SPAN: Duration = Duration::from_secs(24 * 3600);

/// Incomplete long messages like `$1` to `$6` whose latest part was sent at `$7` or before, but not
/// before `$8`; the nearest first.
const NOT_AFTER: &str = "SELECT id, first_at, last_at FROM assembly WHERE sim_id = $1 AND sender = \
                         $2 AND reference = $3 AND total = $4 AND wide = $5 AND doubtful = $6 AND \
                         complete = 0 AND last_at <= $7 AND last_at >= $8 ORDER BY last_at DESC \
                         LIMIT $9";
/// The same for those whose latest part was sent after `$7`, but not after `$8`.
const AFTER: &str = "SELECT id, first_at, last_at FROM assembly WHERE sim_id = $1 AND sender = $2 \
                     AND reference = $3 AND total = $4 AND wide = $5 AND doubtful = $6 AND \
                     complete = 0 AND last_at > $7 AND last_at <= $8 ORDER BY last_at LIMIT $9";

const ASSEMBLY: &str = "SELECT id, sim_id, doubtful, sender, total, message_id FROM assembly";

fn assembly(row: &Row<'_>) -> rusqlite::Result<Assembly> {
    Ok(Assembly {
        id: AssemblyId(row.get(0)?),
        sim: SimId(row.get(1)?),
        doubtful: row.get(2)?,
        sender: row.get(3)?,
        total: row.get(4)?,
        message: row.get::<Option<i64>>(5)?.map(MessageId),
    })
}

impl ReadTx<'_> {
    /// The incomplete long message that a part of this number belongs to, which was sent `at`: of
    /// those that lack it the one whose parts are nearest in time, within `window`.
    ///
    /// Senders choose the reference, and some always choose the same one. So that nobody can make
    /// the parts that come later cost more, only so many neighbours in time are looked at.
    pub fn assembly_of_part(
        &self,
        like: &NewAssembly<'_>,
        sequence: u8,
        at: Timestamp,
        window: Duration,
    ) -> Result<Option<Assembly>, StoreError> {
        // Of those that are equally near, the newest.
        let mut nearest: Option<(Duration, Reverse<AssemblyId>)> = None;
        for (sql, edge) in [(NOT_AFTER, at.minus(window)), (AFTER, at.plus(LONGEST_SPAN))] {
            let NewAssembly { sim, doubtful, sender, reference, wide, total } = *like;
            let values = params![
                sim.0,
                sender,
                reference,
                total,
                wide,
                doubtful,
                at.0,
                edge.0,
                MOST_NEIGHBOURS
            ];
            let neighbours = self.all(sql, values, |row| {
                let (first, last) = (Timestamp(row.get(1)?), Timestamp(row.get(2)?));
                Ok((first.since(at).max(at.since(last)), Reverse(AssemblyId(row.get(0)?))))
            })?;
            for neighbour in neighbours {
                let is_nearer = nearest.is_none_or(|nearest| neighbour < nearest);
                let (distance, Reverse(id)) = neighbour;
                if distance <= window && is_nearer && !self.has_part_of(id, sequence)? {
                    nearest = Some(neighbour);
                }
            }
        }
        nearest.map_or(Ok(None), |(_, Reverse(id))| self.assembly(id))
    }

    fn has_part_of(&self, assembly: AssemblyId, sequence: u8) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM part WHERE assembly_id = $1 AND sequence = $2 LIMIT 1";
        Ok(self.first(sql, params![assembly.0, sequence], |_| Ok(()))?.is_some())
    }

    /// The long messages of a SIM whose rest is awaited at `now`, in the order in which they are to
    /// be shown.
    pub fn awaited_messages(
        &self,
        sim: SimId,
        now: Timestamp,
    ) -> Result<Vec<AwaitedMessage>, StoreError> {
        let sql = "SELECT sender, (SELECT count(*) FROM part WHERE assembly_id = a.id), total, \
                   first_at, due_at FROM assembly a WHERE sim_id = $1 AND due_at > $2 ORDER BY \
                   due_at LIMIT $3";
        self.all(sql, [sim.0, now.0, MOST_AWAITED], |row| {
            Ok(AwaitedMessage {
                sender: row.get(0)?,
                arrived: row.get(1)?,
                total: row.get(2)?,
                since: Timestamp(row.get(3)?),
                until: Timestamp(row.get(4)?),
            })
        })
    }

    pub fn assembly(&self, id: AssemblyId) -> Result<Option<Assembly>, StoreError> {
        self.first(&format!("{ASSEMBLY} WHERE id = $1"), [id.0], assembly)
    }
}

impl WriteTx<'_> {
    /// Begins to collect a long message with a part that was sent `at`. It is shown as incomplete
    /// at `due_at` if the other parts have not arrived by then.
    pub fn add_assembly(
        &self,
        new: &NewAssembly<'_>,
        at: Timestamp,
        due_at: Timestamp,
    ) -> Result<AssemblyId, StoreError> {
        let sql = "INSERT INTO assembly (sim_id, doubtful, sender, reference, wide, total, due_at, \
                   first_at, last_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
        let NewAssembly { sim, doubtful, sender, reference, wide, total } = *new;
        let values = params![sim.0, doubtful, sender, reference, wide, total, due_at.0, at.0];
        Ok(AssemblyId(self.insert(sql, values)?))
    }

    /// Records that a part of a long message was sent `at`.
    pub fn widen_assembly(&self, id: AssemblyId, at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE assembly SET first_at = CASE WHEN first_at > $1 THEN $1 ELSE first_at \
                   END, last_at = CASE WHEN last_at < $1 THEN $1 ELSE last_at END WHERE id = $2";
        self.change_one(sql, [at.0, id.0], "assembly", id)
    }

    /// Has a long message that is not shown yet be shown at `due_at`, unless it is before.
    pub fn hasten_assembly(&self, id: AssemblyId, due_at: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE assembly SET due_at = CASE WHEN due_at > $1 THEN $1 ELSE due_at END \
                   WHERE id = $2";
        self.change_one(sql, [due_at.0, id.0], "assembly", id)
    }

    /// Records which message shows a long message, and whether that is complete.
    pub fn set_shown_message(
        &self,
        id: AssemblyId,
        message: MessageId,
        complete: bool,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE assembly SET message_id = $1, complete = $2, due_at = NULL WHERE id = $3";
        self.change_one(sql, params![message.0, complete, id.0], "assembly", id)?;
        self.change("UPDATE part SET message_id = $1 WHERE assembly_id = $2", [message.0, id.0])
    }
}

#[cfg(test)]
mod tests {
    use super::super::NewPart;
    use super::super::query_plans::{steps_of, traced_connection};
    use super::*;
    use crate::domain::{Iccid, ModemId};

    const LIKE: NewAssembly<'_> = NewAssembly {
        sim: SimId(1),
        doubtful: false,
        sender: "Uber",
        reference: 7,
        wide: false,
        total: 255,
    };
    const HOUR: Duration = Duration::from_secs(3600);

    /// Takes a first part in as the inbox does.
    fn take_part(tx: &WriteTx<'_>, n: i64, sequence: u8) {
        let at = Timestamp(n * 100_000);
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&n.to_le_bytes());
        let part = NewPart {
            sim: LIKE.sim,
            digest: &digest,
            pdu: &[0; 160],
            modem: &ModemId::from_stored("1"),
            smsc: None,
            stamp: Some(at),
            received_at: at,
            live: false,
            error: None,
            message: None,
        };
        let part = tx.add_part(&part).unwrap();
        let assembly = match tx.assembly_of_part(&LIKE, sequence, at, HOUR).unwrap() {
            Some(found) => {
                tx.widen_assembly(found.id, at).unwrap();
                found.id
            }
            None => tx.add_assembly(&LIKE, at, at.plus(HOUR)).unwrap(),
        };
        tx.place_part(part, assembly, sequence).unwrap();
        tx.part_count(assembly).unwrap();
    }

    #[test]
    fn a_part_costs_the_same_however_many_like_it_are_incomplete() {
        for sequences in [&[1][..], &[1, 2, 1, 3, 1, 2, 3, 4]] {
            let conn = traced_connection();
            let tx = WriteTx::on(&conn);
            tx.ensure_sim(&Iccid::from_stored("8931"), Timestamp(0)).unwrap();
            let mut sequence = sequences.iter().copied().cycle();
            let mut cost_after = |known: i64, more: i64| {
                (known..known + more).for_each(|n| take_part(&tx, n, sequence.next().unwrap()));
                steps_of(&conn)
            };
            cost_after(0, 200);
            let few = cost_after(200, 100);
            cost_after(300, 5_700);
            let many = cost_after(6_000, 100);
            assert!(many <= few + few / 4, "{many} steps instead of {few} for {sequences:?}");
        }
    }
}
