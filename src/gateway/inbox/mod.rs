//! The inbox: stores what modems hand over, and shows the messages that are made of it.
//!
//! Part, message, match, order and ledger are written in one transaction. Only after its commit may
//! the modem delete the PDU ([invariant 1](crate#what-always-holds)).

mod assembly;
mod matching;
mod network_clocks;
mod news;

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::Error;
use super::environment::Environment;
use super::sim_presence::SimPresence;
use crate::domain::message::{Message, Owner};
use crate::domain::{Iccid, Imei, MessageId, OrderId, SimId, Timestamp};
use crate::sms::{self, Deliver};
use crate::store::{MessageFilter, NewMessage, NewPart, WriteTx};
pub(super) use assembly::Assemblies;
pub(super) use matching::Matcher;
use matching::ReceivedMessage;
pub(super) use network_clocks::NetworkClocks;
pub(super) use news::MessageNews;

/// One PDU as a modem handed it over.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The IMEI of the modem.
    pub imei: Imei,
    /// The ICCID of the SIM that received it.
    pub iccid: Iccid,
    /// The PDU.
    pub pdu: Pdu,
    /// Whether the modem announced it while it was served, rather than having stored it before.
    /// Only then does its time stamp show what the service centre's clock says now.
    pub live: bool,
}

/// The PDU as the modem gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pdu {
    /// The service centre's address, then the TPDU.
    Octets(Vec<u8>),
    /// A line that is not hexadecimal.
    Text(String),
}

/// What became of a PDU that is now on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    /// The same PDU was stored before.
    Duplicate,
    /// A part of a long message whose other parts have not all come.
    Part,
    /// A message, and the order that it was matched to.
    Message(MessageId, Option<OrderId>),
    /// It could not be decoded and is kept as it is.
    Undecodable(MessageId),
}

impl Ingested {
    fn message(self) -> Option<MessageId> {
        match self {
            Ingested::Message(message, _) | Ingested::Undecodable(message) => Some(message),
            Ingested::Duplicate | Ingested::Part => None,
        }
    }
}

/// A PDU, decoded before the transaction so that the writer's thread need not do it.
struct Reading {
    raw: Vec<u8>,
    digest: [u8; 32],
    decoded: Result<Deliver, String>,
}

impl Reading {
    fn new(pdu: Pdu) -> Reading {
        let (raw, decoded) = match pdu {
            Pdu::Octets(octets) => {
                let decoded = Deliver::decode(&octets).map_err(|error| error.to_string());
                (octets, decoded)
            }
            Pdu::Text(line) => {
                (line.into_bytes(), Err("the PDU line is not hexadecimal".to_owned()))
            }
        };
        // The service centre's address may differ between deliveries of the same TPDU.
        let identity = decoded.as_ref().ok().and_then(|_| sms::tpdu(&raw)).unwrap_or(&raw);
        let digest = Sha256::digest(identity).into();
        Reading { raw, digest, decoded }
    }

    /// The time stamp of the service centre.
    fn stamp(&self) -> Option<Timestamp> {
        self.decoded.as_ref().ok().and_then(|deliver| deliver.scts.to_utc()).map(Timestamp::from)
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
        let Arrival { imei, iccid, pdu, live } = arrival;
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
                if tx.has_part(sim, &reading.digest, reading.stamp())? {
                    return Ok(Ingested::Duplicate);
                }
                inbox.store_pdu(tx, sim, &imei, &reading, live, received_at)
            })
            .await
    }

    fn store_pdu(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
        imei: &Imei,
        reading: &Reading,
        live: bool,
        received_at: Timestamp,
    ) -> Result<Ingested, Error> {
        let deliver = reading.decoded.as_ref();
        let smsc = deliver.ok().and_then(|deliver| deliver.smsc.as_ref()).map(ToString::to_string);
        let stamp = reading.stamp();
        // Before the part itself is added, as a message's stamp must not confirm itself.
        let taken_at = self.clocks.taken_at(tx, smsc.as_deref(), stamp, received_at)?;
        let part = NewPart {
            sim,
            digest: &reading.digest,
            pdu: &reading.raw,
            imei,
            smsc: smsc.as_deref(),
            stamp,
            received_at,
            live: live && smsc.is_some() && stamp.is_some(),
            error: deliver.err().map(String::as_str),
            message: None,
        };
        let ingested = match deliver {
            Err(_) => Ingested::Undecodable(self.store_undecodable(tx, sim, received_at)?),
            Ok(deliver) => match deliver.concat() {
                Some(concat) => {
                    let part = tx.add_part(&part)?;
                    return self.assemblies.add_part(
                        tx,
                        sim,
                        part,
                        deliver,
                        concat,
                        stamp,
                        received_at,
                    );
                }
                None => self.store_single(tx, sim, deliver, (stamp, taken_at, received_at))?,
            },
        };
        tx.add_part(&NewPart { message: ingested.message(), ..part })?;
        Ok(ingested)
    }

    fn store_undecodable(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
        at: Timestamp,
    ) -> Result<MessageId, Error> {
        let message = NewMessage {
            sim,
            sender: None,
            text: None,
            code: None,
            sent_at: None,
            received_at: at,
            complete: true,
            owner: &Owner::Nobody,
            withheld: None,
            settled_at: Some(at),
        };
        let message = tx.add_message(&message)?;
        self.news.announce_after(tx, message, at);
        Ok(message)
    }

    fn store_single(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
        deliver: &Deliver,
        (sent_at, taken_at, received_at): (Option<Timestamp>, Timestamp, Timestamp),
    ) -> Result<Ingested, Error> {
        let (sender, text) = (deliver.originator.to_string(), deliver.text().text);
        let message = ReceivedMessage {
            sim,
            sender: &sender,
            text: &text,
            sent_at,
            taken_at,
            received_at,
            complete: true,
        };
        let (id, order) = self.matcher.store_message(tx, &message, None)?;
        Ok(Ingested::Message(id, order))
    }

    /// The messages that a filter selects, oldest first.
    pub async fn messages(&self, filter: MessageFilter) -> Result<Vec<Message>, Error> {
        Ok(self.env.store.read(move |rows| rows.messages(filter)).await?)
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
