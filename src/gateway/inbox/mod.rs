//! The inbox: stores what modems hand over, and shows the messages that are made of it.
//!
//! Part, message, match, order and ledger are written in one transaction. Only after its commit may
//! the modem delete the PDU ([invariant 1](crate#what-always-holds)).

mod assembly;
mod attribution;
mod content;
mod delivering;
mod matching;
mod network_clocks;
mod news;
mod reading;
mod reviving;
mod searching;
mod telling;
mod withholding;

use std::sync::Arc;

use tokio::sync::watch;

use super::environment::Environment;
use super::listing::{ListRequest, in_words};
use super::sim_presence::SimPresence;
use super::{Error, Settings};
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::message::{Message, MessageKind, MessageState};
use crate::domain::{Iccid, MessageId, ModemAtPort, ModemId, OrderId, SimId, Timestamp};
use crate::sms::{self, TextMode};
use crate::store::{ListFilter, ListStep, MessageFilter, NewPart, ReadTx, StoreError, WriteTx};
pub(super) use assembly::Assemblies;
pub use attribution::Attribution;
use content::Content;
pub use delivering::Undeliverable;
pub(super) use matching::Matcher;
use matching::ReceivedMessage;
pub(super) use network_clocks::NetworkClocks;
use network_clocks::Stamped;
pub(super) use news::MessageNews;
use reading::{Decoded, Reading};

/// One PDU as a modem handed it over.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The modem that handed the message over.
    pub modem: ModemAtPort,
    /// The ICCID of the SIM that is in the modem.
    pub iccid: Iccid,
    /// The message as the modem showed it.
    pub pdu: Pdu,
    /// Whether the modem announced it while it was served, rather than having stored it before.
    /// Only then does its time stamp show what the service centre's clock says now.
    pub live: bool,
    /// Whether it lay in the modem's own store, where it may have come for another SIM.
    pub doubtful: bool,
}

/// The PDU as the modem gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pdu {
    /// The service centre's address, then the TPDU.
    Octets(Vec<u8>),
    /// A line that is not hexadecimal.
    Text(String),
    /// A message that the modem showed in text mode.
    TextMode(TextMode),
}

/// What became of a PDU that is now on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    /// The same PDU was stored before.
    Duplicate,
    /// A part of a long message whose other parts have not all come.
    Part,
    /// A text, and the order that it was matched to.
    Message(MessageId, Option<OrderId>),
    /// A message that is no text for a customer.
    Other(MessageId, MessageKind),
    /// It could not be decoded and is kept as it is.
    Undecodable(MessageId),
}

impl Ingested {
    fn message(self) -> Option<MessageId> {
        match self {
            Ingested::Message(message, _)
            | Ingested::Other(message, _)
            | Ingested::Undecodable(message) => Some(message),
            Ingested::Duplicate | Ingested::Part => None,
        }
    }
}

/// The messages of all SIMs.
pub struct Inbox {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
    clocks: Arc<NetworkClocks>,
    matcher: Arc<Matcher>,
    assemblies: Arc<Assemblies>,
    news: Arc<MessageNews>,
}

impl Inbox {
    pub(super) fn new(
        env: Arc<Environment>,
        presence: Arc<SimPresence>,
        clocks: Arc<NetworkClocks>,
        matcher: Arc<Matcher>,
        assemblies: Arc<Assemblies>,
        news: Arc<MessageNews>,
    ) -> Inbox {
        Inbox { env, presence, clocks, matcher, assemblies, news }
    }

    /// Stores a PDU and everything that follows from it. When this answers `Ok` it is on disk.
    pub async fn ingest(self: &Arc<Self>, arrival: Arrival) -> Result<Ingested, Error> {
        let received_at = self.env.now();
        let Arrival { modem, iccid, pdu, live, doubtful } = arrival;
        let reading = Reading::new(pdu);
        let inbox = Arc::clone(self);
        // A burst that waited at the network has old time stamps, and says nothing of its clock.
        let live = live && !self.presence.may_have_waited(&iccid, received_at);
        self.env
            .store
            .write_often(move |tx| {
                let sim = match tx.sim_id(&iccid)? {
                    Some(known) => known,
                    None => tx.ensure_sim(&iccid, received_at)?.id,
                };
                let is_known = match doubtful {
                    true => reading.is_known_of_modem(tx, sim, &modem.id)?,
                    false => reading.is_known(tx, sim)?,
                };
                if is_known {
                    return Ok(Ingested::Duplicate);
                }
                let doubtful =
                    doubtful && !inbox.is_of_sim(tx, sim, &modem, &reading, received_at)?;
                inbox.store_pdu(tx, sim, &modem.id, &reading, (live, doubtful), received_at)
            })
            .await
    }

    fn store_pdu(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
        modem: &ModemId,
        reading: &Reading,
        (live, doubtful): (bool, bool),
        received_at: Timestamp,
    ) -> Result<Ingested, Error> {
        let deliver = reading.deliver();
        let smsc = reading.smsc();
        let stamp = reading.stamp();
        // Before the part itself is added, as a message's stamp must not confirm itself.
        let live = live && smsc.is_some() && stamp.is_some();
        let stamped = Stamped { smsc: smsc.as_deref(), stamp, received_at, live };
        let taken_at = self.clocks.taken_at(tx, &stamped)?;
        let part = NewPart {
            sim,
            digest: &reading.digest,
            pdu: &reading.raw,
            modem,
            smsc: smsc.as_deref(),
            stamp,
            received_at,
            live,
            error: reading.decoded.as_ref().err().map(String::as_str),
            message: None,
        };
        if let Some((deliver, concat)) = deliver.and_then(|d| Some((d, d.concat()?))) {
            let part = tx.add_part(&part)?;
            let owner = (sim, doubtful);
            return self.assemblies.add_part(tx, owner, part, deliver, concat, stamp, received_at);
        }
        let (sender, content) = read_single(&reading.decoded);
        let content = if doubtful { content.doubted() } else { content };
        let message = ReceivedMessage {
            sim,
            sender: sender.as_deref(),
            content: &content,
            sent_at: stamp,
            taken_at,
            received_at,
            complete: true,
            doubtful,
        };
        let ingested = self.matcher.store_message(tx, &message, None)?;
        let part = tx.add_part(&NewPart { message: ingested.message(), ..part })?;
        if reading.is_text_mode() {
            tx.mark_text_mode(part, sim, stamp)?;
        }
        Ok(ingested)
    }

    /// Whether a message from the modem's own store came for this SIM after all, because the
    /// network took it in after the last time that another SIM may have been in the modem.
    fn is_of_sim(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
        modem: &ModemAtPort,
        reading: &Reading,
        received_at: Timestamp,
    ) -> Result<bool, Error> {
        let store = tx.own_store(&tx.modem_id(modem)?)?.filter(|store| store.sim == sim);
        let Some(until) = store.and_then(|store| store.others_until) else { return Ok(false) };
        let smsc = reading.smsc();
        let stamped =
            Stamped { smsc: smsc.as_deref(), stamp: reading.stamp(), received_at, live: false };
        self.clocks.was_taken_after(tx, &stamped, until)
    }

    /// The messages that the operator asks for, of all kinds or of those that are shown unasked,
    /// oldest first. That the operator saw them is recorded in the audit.
    pub async fn list(
        &self,
        request: ListRequest,
        with_all_kinds: bool,
    ) -> Result<Vec<Message>, Error> {
        let (settings, now) = (self.env.settings(), self.env.now());
        let read = self.env.store.read(move |rows| {
            let filter = filter(rows, request, &settings)?;
            Ok::<_, Error>((rows.list_messages(&filter, with_all_kinds)?, in_words(rows, &filter)?))
        });
        let (messages, whose) = read.await?;
        let action = AuditAction::SawMessages;
        self.env.store.write(move |tx| tx.note(Actor::Operator, action, whose, now)).await?;
        Ok(messages)
    }

    /// Like [`Inbox::list`], but looks back only so far at a time, and records nothing: with the
    /// messages it answers whose they are, as the audit says it of whoever is shown them.
    pub async fn list_step(
        &self,
        request: ListRequest,
        with_all_kinds: bool,
    ) -> Result<(ListStep<Message>, String), Error> {
        let settings = self.env.settings();
        let read = self.env.store.read(move |rows| {
            let filter = filter(rows, request, &settings)?;
            Ok((rows.messages_step(&filter, with_all_kinds)?, in_words(rows, &filter)?))
        });
        read.await
    }

    /// The messages that a filter selects, oldest first.
    pub async fn messages(&self, filter: MessageFilter) -> Result<Vec<Message>, Error> {
        Ok(self.env.store.read(move |rows| rows.messages(filter)).await?)
    }

    /// A message with the PDUs that it was made of. That the operator saw it is recorded in the
    /// audit.
    pub async fn message(&self, id: MessageId) -> Result<(Message, Vec<Vec<u8>>), Error> {
        let now = self.env.now();
        let read = self.env.store.write(move |tx| {
            let no_such = || {
                Error::refused(format!("no message {id}"))
                    .in_shell("`simbridge message list` shows them")
            };
            let found = tx.message(id)?.ok_or_else(no_such)?;
            tx.note(Actor::Operator, AuditAction::SawMessages, format!("message {id}"), now)?;
            Ok((found, tx.pdus_of(id)?))
        });
        read.await
    }

    /// A message with the PDUs that it was made of, for whoever records in the audit who saw it;
    /// `None` if there is no such message.
    pub async fn details(&self, id: MessageId) -> Result<Option<(Message, Vec<Vec<u8>>)>, Error> {
        let read = self.env.store.read(move |rows| {
            let Some(message) = rows.message(id)? else { return Ok(None) };
            Ok(Some((message, rows.pdus_of(id)?)))
        });
        let found: Result<_, StoreError> = read.await;
        Ok(found?)
    }

    /// When the last message was received, if one ever was.
    pub fn last_message_at(&self) -> Option<Timestamp> {
        self.news.last_message_at()
    }

    /// Follows the messages: notified of each commit that added or changed one. Holds the id of the
    /// newest message.
    pub fn subscribe(&self) -> watch::Receiver<Option<MessageId>> {
        self.news.subscribe()
    }
}

/// The filter for a list of messages.
fn filter(
    rows: &ReadTx<'_>,
    request: ListRequest,
    settings: &Settings,
) -> Result<ListFilter, Error> {
    request.resolve(rows, &settings.countries, &MessageState::ALL.map(MessageState::as_str))
}

/// Whom a message of its own is from, or went to, and what it says.
fn read_single(decoded: &Result<Decoded, String>) -> (Option<String>, Content) {
    let pdu = match decoded {
        Ok(Decoded::Pdu(pdu)) => Ok(pdu),
        Ok(Decoded::TextMode(message, pdu)) => {
            let content = Content::of_text_mode(message, pdu.as_deref());
            return (Some(message.sender()), content);
        }
        Err(error) => Err(error),
    };
    match pdu {
        Err(error) => (None, Content::undecodable(error)),
        Ok(sms::Pdu::Deliver(deliver)) => (
            Some(deliver.originator.to_string()),
            Content::of_deliver(deliver, deliver.text().text),
        ),
        Ok(sms::Pdu::StatusReport(report)) => {
            (Some(report.recipient.to_string()), Content::of_status_report(report))
        }
        Ok(sms::Pdu::Submit(submit)) => {
            (Some(submit.destination.to_string()), Content::of_submit(submit))
        }
    }
}
