//! Long messages whose parts are being collected.

use rusqlite::{Row, params};

use super::error::one_row;
use super::{ReadTx, StoreError, WriteTx};
use crate::domain::{AssemblyId, MessageId, SimId, Timestamp};

/// The parts of one long message that has not been received completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assembly {
    pub id: AssemblyId,
    /// The SIM that receives it.
    pub sim: SimId,
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
    /// The sender as displayed.
    pub sender: &'n str,
    /// The concatenation reference number in the parts' headers.
    pub reference: u16,
    /// Whether the reference has 16 bits instead of 8.
    pub wide: bool,
    /// How many parts the headers say there are.
    pub total: u8,
}

const ASSEMBLY: &str = "SELECT id, sim_id, sender, total, message_id FROM assembly";

fn assembly(row: &Row<'_>) -> rusqlite::Result<Assembly> {
    Ok(Assembly {
        id: AssemblyId(row.get(0)?),
        sim: SimId(row.get(1)?),
        sender: row.get(2)?,
        total: row.get(3)?,
        message: row.get::<_, Option<i64>>(4)?.map(MessageId),
    })
}

impl ReadTx<'_> {
    /// The incomplete long messages that a part could belong to, newest first.
    pub fn assemblies_like(&self, like: &NewAssembly<'_>) -> Result<Vec<Assembly>, StoreError> {
        let sql = format!(
            "{ASSEMBLY} WHERE sim_id = $1 AND sender = $2 AND reference = $3 AND total = $4 AND \
             wide = $5 AND complete = 0 ORDER BY id DESC"
        );
        self.all(
            &sql,
            params![like.sim.0, like.sender, like.reference, like.total, like.wide],
            assembly,
        )
    }

    pub fn assembly(&self, id: AssemblyId) -> Result<Option<Assembly>, StoreError> {
        self.first(&format!("{ASSEMBLY} WHERE id = $1"), [id.0], assembly)
    }
}

impl WriteTx<'_> {
    /// Begins to collect a long message, which is shown as incomplete at `due_at` if the other
    /// parts have not arrived by then.
    pub fn add_assembly(
        &self,
        new: &NewAssembly<'_>,
        due_at: Timestamp,
    ) -> Result<AssemblyId, StoreError> {
        let sql = "INSERT INTO assembly (sim_id, sender, reference, wide, total, due_at) VALUES \
                   ($1, $2, $3, $4, $5, $6)";
        self.execute(
            sql,
            params![new.sim.0, new.sender, new.reference, new.wide, new.total, due_at.0],
        )?;
        Ok(AssemblyId(self.inserted()))
    }

    /// Records which message shows a long message, and whether that is complete.
    pub fn set_shown_message(
        &self,
        id: AssemblyId,
        message: MessageId,
        complete: bool,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE assembly SET message_id = $1, complete = $2, due_at = NULL WHERE id = $3";
        one_row(self.execute(sql, params![message.0, complete, id.0])?, "assembly", id)?;
        self.execute("UPDATE part SET message_id = $1 WHERE assembly_id = $2", [message.0, id.0])
            .map(drop)
    }
}
