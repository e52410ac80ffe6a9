//! Long messages: parts in any order, across restarts, however long apart (I3).

use std::time::Duration;

use super::ingest::{Ingested, Whole, taken_at};
use super::{Error, Gateway};
use crate::domain::{AssemblyId, PartId, SimId, Timestamp};
use crate::sms::{self, Concat, Deliver};
use crate::store::{Assembly, NewAssembly, StoredPart, Tx};

/// How long after its first part a long message is shown as incomplete. Parts come within seconds of each other.
const PATIENCE: Duration = Duration::from_secs(180);
/// Parts stamped further apart are of different messages that used the same reference: senders count to 255 and begin anew.
const SAME_MESSAGE: Duration = Duration::from_secs(600);

impl Gateway {
    #[expect(
        clippy::too_many_arguments,
        reason = "a part with all that is known of it; a struct would be built once, here"
    )]
    pub(super) fn gather(
        &self,
        tx: &Tx<'_>,
        sim: SimId,
        part: PartId,
        deliver: &Deliver,
        concat: Concat,
        stamp: Option<Timestamp>,
        received_at: Timestamp,
    ) -> Result<Ingested, Error> {
        let sender = deliver.originator.to_string();
        let like =
            NewAssembly { sim, sender: &sender, reference: concat.reference, wide: concat.wide, total: concat.total };
        let at = stamp.unwrap_or(received_at);
        let assembly = match find(tx, &like, concat.sequence, at)? {
            Some(assembly) => assembly,
            None => self.begin(tx, &like, received_at)?,
        };
        tx.place_part(part, assembly.id, concat.sequence)?;
        let parts = tx.parts_of(assembly.id)?;
        if parts.len() < usize::from(assembly.total) {
            return Ok(Ingested::Part);
        }
        self.show(tx, &assembly, &parts, true, received_at)
    }

    fn begin(&self, tx: &Tx<'_>, like: &NewAssembly<'_>, received_at: Timestamp) -> Result<Assembly, Error> {
        let id = tx.add_assembly(like, received_at.plus(PATIENCE))?;
        let deadlines = std::sync::Arc::clone(&self.deadlines);
        tx.after_commit(move || deadlines.notify_one());
        Ok(Assembly { id, sim: like.sim, sender: like.sender.to_owned(), total: like.total, message: None })
    }

    /// Shows what there is of a long message whose rest has not come in time.
    pub(super) fn show_incomplete(&self, tx: &Tx<'_>, assembly: &Assembly) -> Result<(), Error> {
        let parts = tx.parts_of(assembly.id)?;
        let last = parts.iter().map(|part| part.received_at).max();
        match last {
            Some(last) => self.show(tx, assembly, &parts, false, last).map(drop),
            None => Err(fault(assembly.id)),
        }
    }

    fn show(
        &self,
        tx: &Tx<'_>,
        assembly: &Assembly,
        parts: &[StoredPart],
        complete: bool,
        received_at: Timestamp,
    ) -> Result<Ingested, Error> {
        let text = text_of(parts);
        let first =
            parts.iter().min_by_key(|part| part.stamp.unwrap_or(part.received_at)).ok_or_else(|| fault(assembly.id))?;
        let smsc = Deliver::decode(&first.pdu).ok().and_then(|part| part.smsc).map(|smsc| smsc.to_string());
        let whole = Whole {
            sim: assembly.sim,
            sender: &assembly.sender,
            text: &text,
            sent_at: first.stamp,
            taken_at: taken_at(tx, smsc.as_deref(), first.stamp, first.received_at)?,
            received_at,
            complete,
        };
        let (message, order) = self.give(tx, &whole, assembly.message)?;
        tx.assembly_shown(assembly.id, message, complete)?;
        Ok(Ingested::Message(message, order))
    }
}

/// The unfinished message that a part belongs to: it lacks this part, and its stamps are the nearest.
fn find(tx: &Tx<'_>, like: &NewAssembly<'_>, sequence: u8, at: Timestamp) -> Result<Option<Assembly>, Error> {
    let mut best = None;
    for candidate in tx.assemblies_like(like)? {
        let parts = tx.parts_of(candidate.id)?;
        if parts.iter().any(|part| part.sequence == sequence) {
            continue;
        }
        let apart = parts.iter().map(|part| part.stamp.unwrap_or(part.received_at).0.abs_diff(at.0)).max().unwrap_or(0);
        let nearer = best.as_ref().is_none_or(|(nearest, _)| apart < *nearest);
        if nearer && u128::from(apart) <= SAME_MESSAGE.as_micros() {
            best = Some((apart, candidate));
        }
    }
    Ok(best.map(|(_, assembly)| assembly))
}

/// The text of the parts, joined before decoding; where parts are missing between others, `…`.
fn text_of(parts: &[StoredPart]) -> String {
    let mut runs: Vec<Vec<Deliver>> = Vec::new();
    let mut expected = 1;
    let mut text = String::new();
    for part in parts {
        let Ok(deliver) = Deliver::decode(&part.pdu) else { continue };
        match runs.last_mut() {
            Some(run) if part.sequence == expected => run.push(deliver),
            _ => runs.push(vec![deliver]),
        }
        expected = part.sequence.saturating_add(1);
    }
    let starts_late = parts.first().is_some_and(|part| part.sequence > 1);
    for (index, run) in runs.iter().enumerate() {
        if index > 0 || starts_late {
            text.push('…');
        }
        text.push_str(&sms::join(run).text);
    }
    text
}

fn fault(id: AssemblyId) -> Error {
    crate::store::StoreError::Row { table: "assembly", key: id.to_string(), fault: "has no parts" }.into()
}
