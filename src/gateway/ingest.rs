//! An SMS comes in: part, message, match, order and ledger in one transaction. Only after its
//! commit may the modem forget it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sha2::{Digest, Sha256};

use super::{Error, Gateway, number_discovery};
use crate::domain::catalogue::Waiting;
use crate::domain::ledger::Posting;
use crate::domain::message::Owner;
use crate::domain::network_clock::{self, SAMPLE_AGE, SAMPLES};
use crate::domain::order::OrderState;
use crate::domain::{Catalogue, MessageId, Order, OrderId, SimId, Timestamp, code};
use crate::sms::{self, Deliver};
use crate::store::{Actor, NewMessage, NewPart, WriteTx};

/// One PDU as a modem gave it.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// IMEI of the modem.
    pub imei: String,
    /// ICCID of the SIM that it came for.
    pub iccid: String,
    /// What was read.
    pub pdu: Pdu,
    /// Whether it came at once: its stamp tells the service centre's clock.
    pub live: bool,
}

/// What a modem gave for a PDU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pdu {
    /// Octets: service centre's address, then TPDU.
    Octets(Vec<u8>),
    /// The line was not hexadecimal.
    Text(String),
}

/// What became of a PDU that is now on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ingested {
    /// It was there before.
    Duplicate,
    /// A part of a long message whose rest is awaited.
    Part,
    /// A message, and the order that it was given to.
    Message(MessageId, Option<OrderId>),
    /// It could not be decoded; kept as it is.
    Undecodable(MessageId),
}

impl Ingested {
    /// The message that it became.
    fn message(self) -> Option<MessageId> {
        match self {
            Ingested::Message(message, _) | Ingested::Undecodable(message) => Some(message),
            Ingested::Duplicate | Ingested::Part => None,
        }
    }
}

/// A PDU with what can be said of it without the database.
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

    /// The service centre's time stamp.
    fn stamp(&self) -> Option<Timestamp> {
        self.decoded.as_ref().ok().and_then(|deliver| deliver.scts.to_utc()).map(Timestamp::from)
    }
}

/// A whole message, or what is there of it, ready to be given to somebody.
pub(super) struct Whole<'w> {
    pub(super) sim: SimId,
    pub(super) sender: &'w str,
    pub(super) text: &'w str,
    /// The stamp of its earliest part.
    pub(super) sent_at: Option<Timestamp>,
    /// When the network took in its earliest part, by our clock.
    pub(super) taken_at: Timestamp,
    /// When its last part reached us.
    pub(super) received_at: Timestamp,
    pub(super) complete: bool,
}

impl Gateway {
    /// Takes in a PDU. When this answers `Ok` it is on disk.
    pub async fn ingest(&self, arrival: Arrival) -> Result<Ingested, Error> {
        let received_at = self.env.now();
        let Arrival { imei, iccid, pdu, live } = arrival;
        let reading = Reading::new(pdu);
        let gateway = self.clone();
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
                gateway.keep(tx, sim, &imei, &reading, live, received_at)
            })
            .await
    }

    fn keep(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
        imei: &str,
        reading: &Reading,
        live: bool,
        received_at: Timestamp,
    ) -> Result<Ingested, Error> {
        let deliver = reading.decoded.as_ref();
        let smsc = deliver.ok().and_then(|deliver| deliver.smsc.as_ref()).map(ToString::to_string);
        let stamp = reading.stamp();
        // The part itself is added after this: a message is not its own witness.
        let taken_at = taken_at(self, tx, smsc.as_deref(), stamp, received_at)?;
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
            Err(_) => Ingested::Undecodable(self.keep_undecodable(tx, sim, received_at)?),
            Ok(deliver) => match deliver.concat() {
                Some(concat) => {
                    let part = tx.add_part(&part)?;
                    return self.gather(tx, sim, part, deliver, concat, stamp, received_at);
                }
                None => self.keep_single(tx, sim, deliver, (stamp, taken_at, received_at))?,
            },
        };
        tx.add_part(&NewPart { message: ingested.message(), ..part })?;
        Ok(ingested)
    }

    fn keep_undecodable(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
        at: Timestamp,
    ) -> Result<MessageId, Error> {
        let nothing = NewMessage {
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
        let message = tx.add_message(&nothing)?;
        self.tell_after(tx, message, at);
        Ok(message)
    }

    fn keep_single(
        &self,
        tx: &WriteTx<'_>,
        sim: SimId,
        deliver: &Deliver,
        (sent_at, taken_at, received_at): (Option<Timestamp>, Timestamp, Timestamp),
    ) -> Result<Ingested, Error> {
        let (sender, text) = (deliver.originator.to_string(), deliver.text().text);
        let whole = Whole {
            sim,
            sender: &sender,
            text: &text,
            sent_at,
            taken_at,
            received_at,
            complete: true,
        };
        let (message, order) = self.give(tx, &whole, None)?;
        Ok(Ingested::Message(message, order))
    }

    /// Adds the message (or mends `shown`) and gives it to the order that it belongs to.
    pub(super) fn give(
        &self,
        tx: &WriteTx<'_>,
        whole: &Whole<'_>,
        shown: Option<MessageId>,
    ) -> Result<(MessageId, Option<OrderId>), Error> {
        let settings = self.env.settings();
        let rule = settings.block_list.rule(whole.sender, whole.text);
        let owner = match shown.map(|shown| tx.owner_of_message(shown)).transpose()? {
            None | Some(Owner::Nobody) => self.find_owner(tx, whole, rule)?,
            Some(given) => given,
        };
        // Also one that was given to its customer in part: it stays theirs in the books, and its
        // rest is not shown.
        let withheld = owner.withheld().or(rule);
        let code = code::find(whole.text);
        let new = NewMessage {
            sim: whole.sim,
            sender: Some(whole.sender),
            text: Some(whole.text),
            code: code.as_deref(),
            sent_at: whole.sent_at,
            received_at: whole.received_at,
            complete: whole.complete,
            owner: &owner,
            withheld,
            settled_at: settled_at(tx, &owner, whole.received_at)?,
        };
        let message = match shown {
            Some(shown) => tx.mend_message(shown, &new).map(|()| shown)?,
            None => tx.add_message(&new)?,
        };
        if let Some(rule) = withheld {
            let deed = format!("withheld, rule {rule}");
            tx.note(Actor::Daemon, &deed, format!("message {message}"), whole.received_at)?;
        }
        if let Some(order) = owner.order() {
            self.wake_after(tx, order);
        }
        self.count_heard_after(tx, whole.sim);
        self.tell_after(tx, message, whole.received_at);
        Ok((message, owner.order()))
    }

    /// Finds whose the message is: nobody's to see, the tenant's, an order's, or nobody's.
    fn find_owner(
        &self,
        tx: &WriteTx<'_>,
        whole: &Whole<'_>,
        rule: Option<&str>,
    ) -> Result<Owner, Error> {
        if self.numbers.take_loopback(tx, whole.sim, whole.sender, whole.text, whole.received_at)? {
            return Ok(Owner::Withheld(number_discovery::RULE.to_owned()));
        }
        if let Some(rule) = rule {
            return Ok(Owner::Withheld(rule.to_owned()));
        }
        if !tx.was_ever_let(whole.sim)? {
            // As most SIMs: spares them the questions about tenants.
            return Ok(self.match_order(tx, whole)?.map_or(Owner::Nobody, Owner::Order));
        }
        // A tenancy whose end has come, but that nobody has renewed or ended yet, must be clear
        // first.
        let now = self.env.now().max(whole.received_at);
        let tenant = match self.settle_tenant(tx, whole.sim, now)? {
            true => tx.rental_at(whole.sim, whole.received_at)?,
            false => None,
        };
        match tenant.filter(|rental| rental.ends_at() > whole.received_at) {
            Some(rental) if rental.was_running(whole.taken_at, whole.received_at) => {
                Ok(Owner::Rental(rental.id))
            }
            // It is from before the tenant's time, and orders are there none.
            Some(_) => Ok(Owner::Nobody),
            // Our clock was set back: the tenant is there already, whatever it says.
            None if tx.is_let_from_later_on(whole.sim, self.env.now())? => Ok(Owner::Nobody),
            None => Ok(self.match_order(tx, whole)?.map_or(Owner::Nobody, Owner::Order)),
        }
    }

    /// Finds whose the message is. An open order is completed by it and its price charged.
    fn match_order(&self, tx: &WriteTx<'_>, whole: &Whole<'_>) -> Result<Option<OrderId>, Error> {
        let running = tx.running_orders(whole.sim, whole.received_at)?;
        let running = running
            .into_iter()
            .filter(|order| order.was_running(whole.taken_at, whole.received_at));
        let running: Vec<Order> = running.collect();
        let waiting: Vec<Waiting<&Order>> = running
            .iter()
            .map(|order| Waiting {
                order,
                service: order.service,
                open: order.state == OrderState::Open,
            })
            .collect();
        let Some(order) = self.catalogue().choose(&waiting, whole.sender, whole.text) else {
            return Ok(None);
        };
        let mut order = order.clone();
        if order.awaits_sim {
            // What came for it shows that its SIM is on the air.
            order = order.begin(whole.received_at.plus(self.env.settings().order_lifetime));
            tx.begin_order(order.id, order.expires_at)?;
            self.wakeups.deadlines_change_after(tx);
        }
        if let Ok(completed) = order.clone().complete(whole.received_at) {
            tx.end_order(&completed)?;
            self.count_end_after(tx, &completed);
            self.wakeups.bank_demand_changes_after(tx);
            let (hot, number) = (Arc::clone(&self.cache), completed.number.clone());
            tx.after_commit(move || hot.used(&number));
            let posting = Posting::Capture { amount: order.price, order: order.id };
            tx.post(order.account, &posting, &self.env.settings().currency, whole.received_at)?;
        }
        Ok(Some(order.id))
    }

    pub(super) fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue.read())
    }

    /// Tells those who follow the messages, once the operation is on disk.
    fn tell_after(&self, tx: &WriteTx<'_>, message: MessageId, at: Timestamp) {
        let (newest, last_message_at) =
            (self.newest_message.clone(), Arc::clone(&self.last_message_at));
        tx.after_commit(move || {
            last_message_at.store(at.0, Ordering::SeqCst);
            newest.send_modify(|known| *known = message.max(*known));
        });
    }
}

/// Since when retention counts: the end of what the message belongs to, or its arrival.
fn settled_at(
    tx: &WriteTx<'_>,
    owner: &Owner,
    received_at: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    Ok(match owner {
        Owner::Order(id) => Some(tx.order(*id)?.map_or(received_at, |order| order.expires_at)),
        Owner::Rental(id) => tx.rental(*id)?.and_then(|rental| rental.state.ended_at()),
        Owner::Nobody | Owner::Withheld(_) => Some(received_at),
    })
}

/// When the network took a part in, by our clock, as live messages of its service centre have shown
/// that one's clock.
pub(super) fn taken_at(
    gateway: &Gateway,
    tx: &WriteTx<'_>,
    smsc: Option<&str>,
    stamp: Option<Timestamp>,
    received_at: Timestamp,
) -> Result<Timestamp, Error> {
    let samples = match smsc {
        Some(smsc) => {
            let set_at = Timestamp(gateway.clock_set_at.load(Ordering::SeqCst));
            let since = received_at.minus(SAMPLE_AGE).max(set_at);
            tx.clock_samples(smsc, since, i64::try_from(SAMPLES).unwrap_or(i64::MAX))?
        }
        None => Vec::new(),
    };
    Ok(network_clock::taken_at(stamp, received_at, &samples))
}
