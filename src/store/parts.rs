//! TPDUs as they were read from the modems.

use rusqlite::params;

use super::error::one_row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{AssemblyId, MessageId, PartId, SimId, Timestamp};

/// A part to be kept.
#[derive(Debug, Clone)]
pub struct NewPart<'n> {
    /// The SIM that received it.
    pub sim: SimId,
    /// What makes it the same part when it is read again.
    pub digest: &'n [u8; 32],
    /// Octets with the service centre's address, or the line when it was no PDU.
    pub pdu: &'n [u8],
    /// IMEI of the modem that it was read from.
    pub imei: &'n str,
    /// The service centre's address.
    pub smsc: Option<&'n str>,
    /// The service centre's time stamp.
    pub stamp: Option<Timestamp>,
    /// When it reached us.
    pub received_at: Timestamp,
    /// Whether it was delivered immediately, so that its stamp shows the service centre's clock.
    pub live: bool,
    /// Why it could not be decoded.
    pub error: Option<&'n str>,
    /// The message that it is, when it is a whole one.
    pub message: Option<MessageId>,
}

/// A part of a long message as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// Octets with the service centre's address.
    pub pdu: Vec<u8>,
    /// Its place in the message, from 1.
    pub sequence: u8,
    /// The service centre's time stamp.
    pub stamp: Option<Timestamp>,
    /// When it reached us.
    pub received_at: Timestamp,
}

impl StoredPart {
    /// When it was sent: its stamp, or when it reached us if that cannot be read.
    pub fn at(&self) -> Timestamp {
        self.stamp.unwrap_or(self.received_at)
    }
}

impl ReadTx<'_> {
    /// Whether this SIM's part with that stamp was kept before.
    pub fn has_part(
        &self,
        sim: SimId,
        digest: &[u8; 32],
        stamp: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let sql =
            "SELECT 1 FROM part WHERE coalesce(stamp, 0) = $1 AND sim_id = $2 AND digest = $3";
        let values = params![stamp.map_or(0, |at| at.0), sim.0, digest.as_slice()];
        Ok(self.first(sql, values, |_| Ok(()))?.is_some())
    }

    /// Stamp less arrival, in microseconds, of the newest `limit` live messages of a service centre
    /// since `since`: of a long one its first part only, so that it has one voice.
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

    /// The parts of a long message that are there, in its order.
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
    /// Keeps a part.
    pub fn add_part(&self, new: &NewPart<'_>) -> Result<PartId, StoreError> {
        let sql = "INSERT INTO part (sim_id, digest, pdu, imei, smsc, stamp, received_at, live, \
                   error, message_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let values = params![
            new.sim.0,
            new.digest.as_slice(),
            new.pdu,
            new.imei,
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

    /// Puts a part into the long message that it belongs to.
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
