//! The parts of messages: TPDUs as they were read from the modems.

use rusqlite::params;

use super::error::one_row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{AssemblyId, MessageId, ModemId, PartId, SimId, Timestamp};

/// The digests by which a part is recognised when it is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartDigests {
    /// The one that a part is stored with.
    pub present: [u8; 32],
    /// The one that it would have been stored with by versions up to schema 8.
    pub former: [u8; 32],
    /// The one of the same message as a modem shows it in text mode; where that cannot be known,
    /// the one that the part is stored with.
    pub as_text: [u8; 32],
}

/// A part that is to be added.
#[derive(Debug, Clone)]
pub struct NewPart<'n> {
    /// The SIM that received it.
    pub sim: SimId,
    /// The digest by which the part is recognised when it is read again.
    pub digest: &'n [u8; 32],
    /// The octets with the service centre's address before them, or the line when that was no PDU.
    pub pdu: &'n [u8],
    /// The modem that it was read from, as it identifies itself.
    pub modem: &'n ModemId,
    /// The service centre's address.
    pub smsc: Option<&'n str>,
    /// The service centre's time stamp; `None` when it cannot be read.
    pub stamp: Option<Timestamp>,
    /// When it reached us.
    pub received_at: Timestamp,
    /// Whether it was delivered immediately, so that its stamp shows the service centre's clock.
    pub live: bool,
    /// Why it could not be decoded; `None` when it was.
    pub error: Option<&'n str>,
    /// The message that consists of this part alone, if it does.
    pub message: Option<MessageId>,
}

/// A part of a long message as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// The octets with the service centre's address before them.
    pub pdu: Vec<u8>,
    /// Its number within the message, from 1.
    pub sequence: u8,
    /// The service centre's time stamp; `None` when it cannot be read.
    pub stamp: Option<Timestamp>,
    /// When it reached us.
    pub received_at: Timestamp,
}

impl StoredPart {
    /// When it was sent: its time stamp, or when it reached us if the stamp cannot be read.
    pub fn at(&self) -> Timestamp {
        self.stamp.unwrap_or(self.received_at)
    }
}

impl ReadTx<'_> {
    /// Whether a part of this SIM with one of these digests and with this time stamp was stored
    /// before.
    pub fn has_part(
        &self,
        sim: SimId,
        digests: &PartDigests,
        stamp: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        // SQLite would build a table in memory for `IN` and for `OR`.
        let sql = "SELECT 1 FROM part WHERE coalesce(stamp, 0) = $1 AND sim_id = $2 AND \
                   digest = $3 \
                   UNION ALL SELECT 1 FROM part WHERE coalesce(stamp, 0) = $1 AND sim_id = $2 AND \
                   digest = $4 \
                   UNION ALL SELECT 1 FROM part WHERE coalesce(stamp, 0) = $1 AND sim_id = $2 AND \
                   digest = $5 LIMIT 1";
        let PartDigests { present, former, as_text } = digests;
        let at = stamp.map_or(0, |at| at.0);
        let values = params![at, sim.0, present.as_slice(), former.as_slice(), as_text.as_slice()];
        Ok(self.first(sql, values, |_| Ok(()))?.is_some())
    }

    /// The texts of the messages of this SIM that have this time stamp and sender and consist of
    /// one part.
    pub fn texts_of_parts(
        &self,
        sim: SimId,
        stamp: Option<Timestamp>,
        sender: &str,
    ) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT m.text FROM part p JOIN message m ON m.id = p.message_id WHERE \
                   coalesce(p.stamp, 0) = $1 AND p.sim_id = $2 AND m.sender = $3";
        let values = params![stamp.map_or(0, |at| at.0), sim.0, sender];
        let texts = self.all(sql, values, |row| row.get::<_, Option<String>>(0))?;
        Ok(texts.into_iter().flatten().collect())
    }

    /// For the newest `limit` live messages of a service centre since `since`, the time stamp minus
    /// the arrival, in microseconds. Of a long message only the first part counts, so that it is
    /// one sample.
    pub fn clock_samples(
        &self,
        smsc: &str,
        since: Timestamp,
        limit: i64,
    ) -> Result<Vec<i64>, StoreError> {
        let sql = "SELECT stamp - received_at FROM part WHERE smsc = $1 AND live = 1 AND \
                   received_at >= $2 AND (sequence IS NULL OR sequence = 1) ORDER BY received_at \
                   DESC LIMIT $3";
        let samples =
            self.all(sql, params![smsc, since.0, limit], |row| row.get::<_, Option<i64>>(0))?;
        Ok(samples.into_iter().flatten().collect())
    }

    /// The parts of a long message that have arrived, in the order of their numbers.
    pub fn parts_of(&self, assembly: AssemblyId) -> Result<Vec<StoredPart>, StoreError> {
        let sql = "SELECT pdu, sequence, stamp, received_at FROM part WHERE assembly_id = $1 \
                   ORDER BY sequence, id";
        self.all(sql, [assembly.0], |row| {
            Ok(StoredPart {
                pdu: row.get(0)?,
                sequence: row.get(1)?,
                stamp: row.get::<_, Option<i64>>(2)?.map(Timestamp),
                received_at: Timestamp(row.get(3)?),
            })
        })
    }
}

impl WriteTx<'_> {
    /// Adds a part and returns its id.
    pub fn add_part(&self, new: &NewPart<'_>) -> Result<PartId, StoreError> {
        let sql = "INSERT INTO part (sim_id, digest, pdu, imei, smsc, stamp, received_at, live, \
                   error, message_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = params![
            new.sim.0,
            new.digest.as_slice(),
            new.pdu,
            new.modem,
            new.smsc,
            new.stamp.map(|at| at.0),
            new.received_at.0,
            new.live,
            new.error,
            new.message.map(|message| message.0)
        ];
        self.execute(sql, values)?;
        Ok(PartId(self.inserted()))
    }

    /// Records which long message a part belongs to, and its number in it.
    pub fn place_part(
        &self,
        part: PartId,
        assembly: AssemblyId,
        sequence: u8,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE part SET assembly_id = $1, sequence = $2 WHERE id = $3";
        one_row(self.execute(sql, params![assembly.0, sequence, part.0])?, "part", part)
    }
}
