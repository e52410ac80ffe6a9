//! The parts of messages: TPDUs as they were read from the modems.

use rusqlite::params;

use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{AssemblyId, MessageId, ModemId, PartId, SimId, Timestamp};

/// The other digests by which a message may have been stored before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OtherDigests {
    /// The one that versions up to schema 8 stored a part with.
    pub former: bool,
    /// The one of a message that was read in text mode.
    pub text_mode: bool,
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
    /// Whether it was delivered immediately.
    pub live: bool,
}

impl StoredPart {
    /// When it was sent: its time stamp, or when it reached us if the stamp cannot be read.
    pub fn at(&self) -> Timestamp {
        self.stamp.unwrap_or(self.received_at)
    }
}

impl ReadTx<'_> {
    /// Whether a part of this SIM with this digest and this time stamp was stored before.
    pub fn has_part(
        &self,
        sim: SimId,
        digest: &[u8; 32],
        stamp: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM part WHERE coalesce(stamp, 0) = $1 AND sim_id = $2 AND \
                   digest = $3";
        let values = params![stamp.map_or(0, |at| at.0), sim.0, digest.as_slice()];
        Ok(self.first(sql, values, |_| Ok(()))?.is_some())
    }

    /// The SIMs that received something with this time stamp in a modem.
    pub fn sims_with_part_at(
        &self,
        modem: &ModemId,
        stamp: Option<Timestamp>,
    ) -> Result<Vec<SimId>, StoreError> {
        let sql = "SELECT DISTINCT sim_id FROM part WHERE coalesce(stamp, 0) = $1 AND imei = $2";
        self.all(sql, params![stamp.map_or(0, |at| at.0), modem], |row| row.get(0).map(SimId))
    }

    /// By which other digests a message of this SIM with this time stamp may have been stored.
    /// Almost always by none, which spares the writer both digests and two searches.
    pub fn other_digests(
        &self,
        sim: SimId,
        stamp: Option<Timestamp>,
    ) -> Result<OtherDigests, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM former_digest WHERE newest_stamp >= $1), \
                   EXISTS (SELECT 1 FROM text_mode_part WHERE sim_id = $2 AND stamp = $1)";
        let found = self.first(sql, params![stamp.map_or(0, |at| at.0), sim.0], |row| {
            Ok(OtherDigests { former: row.get(0)?, text_mode: row.get(1)? })
        })?;
        Ok(found.unwrap_or(OtherDigests { former: true, text_mode: true }))
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
        let texts = self.all(sql, values, |row| row.get::<Option<String>>(0))?;
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
            self.all(sql, params![smsc, since.0, limit], |row| row.get::<Option<i64>>(0))?;
        Ok(samples.into_iter().flatten().collect())
    }

    /// The service centre of a message's earliest part, and whether that came at once.
    pub fn first_part_of(
        &self,
        message: MessageId,
    ) -> Result<Option<(Option<String>, bool)>, StoreError> {
        let sql = "SELECT smsc, live FROM part WHERE message_id = $1 ORDER BY coalesce(stamp, \
                   received_at), id LIMIT 1";
        self.first(sql, [message.0], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// How many parts of a long message have arrived.
    pub fn part_count(&self, assembly: AssemblyId) -> Result<i64, StoreError> {
        self.number("SELECT count(*) FROM part WHERE assembly_id = $1", [assembly.0])
    }

    /// The parts of a long message that have arrived, in the order of their numbers.
    pub fn parts_of(&self, assembly: AssemblyId) -> Result<Vec<StoredPart>, StoreError> {
        let sql = "SELECT pdu, sequence, stamp, received_at, live FROM part WHERE assembly_id = $1 \
                   ORDER BY sequence, id";
        self.all(sql, [assembly.0], |row| {
            Ok(StoredPart {
                pdu: row.get(0)?,
                sequence: row.get(1)?,
                stamp: row.get::<Option<i64>>(2)?.map(Timestamp),
                received_at: Timestamp(row.get(3)?),
                live: row.get(4)?,
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
        Ok(PartId(self.insert(sql, values)?))
    }

    /// Records that a part was read in text mode, so that it is found when it comes as a PDU.
    pub fn mark_text_mode(
        &self,
        part: PartId,
        sim: SimId,
        stamp: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO text_mode_part (sim_id, stamp, part_id) VALUES ($1, $2, $3)";
        self.change(sql, params![sim.0, stamp.map_or(0, |at| at.0), part.0])?;
        Ok(())
    }

    /// Records which long message a part belongs to, and its number in it.
    pub fn place_part(
        &self,
        part: PartId,
        assembly: AssemblyId,
        sequence: u8,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE part SET assembly_id = $1, sequence = $2 WHERE id = $3";
        self.change_one(sql, params![assembly.0, sequence, part.0], "part", part)
    }
}
