//! Long messages: their parts come in any order, across restarts and however long apart
//! ([invariant 3](crate#what-always-holds)).

use std::sync::Arc;
use std::time::Duration;

use super::Ingested;
use super::content::Content;
use super::matching::{Matcher, ReceivedMessage};
use super::network_clocks::{NetworkClocks, Stamped};
use crate::domain::message::MessageKind;
use crate::domain::{AssemblyId, PartId, SimId, Timestamp, code};
use crate::gateway::Error;
use crate::gateway::background::Wakeups;
use crate::sms::{self, Concat, Deliver};
use crate::store::{Assembly, NewAssembly, StoredPart, WriteTx};

/// How long after its first part a long message is shown as incomplete. Parts usually come within
/// seconds of each other.
const PATIENCE: Duration = Duration::from_secs(180);
/// The same for one of which a part has the code. An order that waits for it has not much longer.
const PATIENCE_WITH_CODE: Duration = Duration::from_secs(20);

/// The long messages whose parts are gathered.
pub(in crate::gateway) struct Assemblies {
    wakeups: Arc<Wakeups>,
    clocks: Arc<NetworkClocks>,
    matcher: Arc<Matcher>,
}

impl Assemblies {
    pub(in crate::gateway) fn new(
        wakeups: Arc<Wakeups>,
        clocks: Arc<NetworkClocks>,
        matcher: Arc<Matcher>,
    ) -> Assemblies {
        Assemblies { wakeups, clocks, matcher }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a part with all that is known of it; a struct would be built once, here"
    )]
    /// Adds a part to its message, which is stored when all its parts are there. One that may have
    /// been received for another SIM is joined with others like it only.
    pub(super) fn add_part(
        &self,
        tx: &WriteTx<'_>,
        (sim, doubtful): (SimId, bool),
        part: PartId,
        deliver: &Deliver,
        concat: Concat,
        stamp: Option<Timestamp>,
        received_at: Timestamp,
    ) -> Result<Ingested, Error> {
        let sender = deliver.originator.to_string();
        let like = NewAssembly {
            sim,
            doubtful,
            sender: &sender,
            reference: concat.reference,
            wide: concat.wide,
            total: concat.total,
        };
        let at = stamp.unwrap_or(received_at);
        // The rule of `sms::place`, asked of the database; a test compares the two.
        let window = sms::PART_WINDOW.to_std().unwrap_or_default();
        let found = tx.assembly_of_part(&like, concat.sequence, at, window)?;
        let assembly = match found {
            Some(assembly) => {
                tx.widen_assembly(assembly.id, at)?;
                assembly
            }
            None => self.add_assembly(tx, &like, at, received_at)?,
        };
        tx.place_part(part, assembly.id, concat.sequence)?;
        if tx.part_count(assembly.id)? < i64::from(assembly.total) {
            if has_code(deliver) {
                tx.hasten_assembly(assembly.id, received_at.plus(PATIENCE_WITH_CODE))?;
                self.wakeups.deadlines_change_after(tx);
            }
            return Ok(Ingested::Part);
        }
        self.store_message(tx, &assembly, &tx.parts_of(assembly.id)?, true, received_at)
    }

    fn add_assembly(
        &self,
        tx: &WriteTx<'_>,
        like: &NewAssembly<'_>,
        at: Timestamp,
        received_at: Timestamp,
    ) -> Result<Assembly, Error> {
        let id = tx.add_assembly(like, at, received_at.plus(PATIENCE))?;
        self.wakeups.deadlines_change_after(tx);
        Ok(Assembly {
            id,
            sim: like.sim,
            doubtful: like.doubtful,
            sender: like.sender.to_owned(),
            total: like.total,
            message: None,
        })
    }

    /// Stores what there is of a long message whose other parts have not come in time.
    pub(in crate::gateway) fn show_incomplete(
        &self,
        tx: &WriteTx<'_>,
        assembly: &Assembly,
    ) -> Result<(), Error> {
        let parts = tx.parts_of(assembly.id)?;
        let last = parts.iter().map(|part| part.received_at).max();
        match last {
            Some(last) => self.store_message(tx, assembly, &parts, false, last).map(drop),
            None => Err(has_no_parts(assembly.id)),
        }
    }

    fn store_message(
        &self,
        tx: &WriteTx<'_>,
        assembly: &Assembly,
        parts: &[StoredPart],
        complete: bool,
        received_at: Timestamp,
    ) -> Result<Ingested, Error> {
        let content = content_of(parts)
            .unwrap_or_else(|| Content::undecodable("none of its parts can be decoded"));
        let content = if assembly.doubtful { content.doubted() } else { content };
        let first = parts
            .iter()
            .min_by_key(|part| part.stamp.unwrap_or(part.received_at))
            .ok_or_else(|| has_no_parts(assembly.id))?;
        let smsc = Deliver::decode(&first.pdu)
            .ok()
            .and_then(|part| part.smsc)
            .map(|smsc| smsc.to_string());
        let stamped = Stamped {
            smsc: smsc.as_deref(),
            stamp: first.stamp,
            received_at: first.received_at,
            live: first.live,
        };
        let message = ReceivedMessage {
            sim: assembly.sim,
            sender: Some(&assembly.sender),
            content: &content,
            sent_at: first.stamp,
            taken_at: self.clocks.taken_at(tx, &stamped)?,
            received_at,
            complete,
            doubtful: assembly.doubtful,
        };
        let ingested = self.matcher.store_message(tx, &message, assembly.message)?;
        if let Some(id) = ingested.message() {
            tx.set_shown_message(assembly.id, id, complete)?;
        }
        Ok(ingested)
    }
}

/// Whether a part of a text says what its code is.
fn has_code(part: &Deliver) -> bool {
    let text = sms::join(std::slice::from_ref(part)).text;
    let content = Content::of_deliver(part, text);
    content.kind == MessageKind::Text && content.text.is_some_and(|text| code::is_announced(&text))
}

/// What the parts are and say; `None` when none can be decoded. Parts that follow each other are
/// joined before they are decoded, as a character may be split between two; `…` stands for missing
/// ones.
fn content_of(parts: &[StoredPart]) -> Option<Content> {
    let mut runs: Vec<Vec<Deliver>> = Vec::new();
    let mut expected = 1;
    for part in parts {
        let Ok(deliver) = Deliver::decode(&part.pdu) else { continue };
        match runs.last_mut() {
            Some(run) if part.sequence == expected => run.push(deliver),
            _ => runs.push(vec![deliver]),
        }
        expected = part.sequence.saturating_add(1);
    }
    let texts: Vec<String> = runs.iter().map(|run| sms::join(run).text).collect();
    // Whether anything can be read is decided without the marks of what is missing.
    let mut content = Content::of_deliver(runs.first()?.first()?, texts.concat());
    if let Some(text) = &mut content.text {
        *text = texts.join("…");
        if parts.first().is_some_and(|part| part.sequence > 1) {
            text.insert(0, '…');
        }
    }
    Some(content)
}

fn has_no_parts(id: AssemblyId) -> Error {
    crate::store::StoreError::Row { table: "assembly", key: id.to_string(), fault: "has no parts" }
        .into()
}
