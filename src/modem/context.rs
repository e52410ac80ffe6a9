//! What a session knows, whatever phase it is in.

use std::collections::VecDeque;
use std::sync::Arc;

use super::api::{Action, MessageOwner, MessageSlot, RawPdu, Received, SessionConfig, Token};
use super::profile::{Catalogue, PinAttempts, Profile};
use crate::at::{Domain, IccidSource, Indications, StoreSelection};
use crate::domain::Iccid;
use crate::domain::modem::{
    MessageStore, ModemIdentity, ModemReason, ModemSnapshot, ModemState, Registration, SimCard,
    StoreFill,
};

/// More announcements than this are not remembered one by one.
const MAX_ANNOUNCED: usize = 256;

/// Which stores there are and how they are chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StorePlan {
    /// Read by every sweep.
    pub readable: Vec<MessageStore>,
    /// Where messages arrive.
    pub receive: MessageStore,
    /// How many parameters `AT+CPMS` takes.
    pub parameters: u8,
}

impl StorePlan {
    pub fn selecting(&self, read: MessageStore) -> StoreSelection {
        StoreSelection { read, receive: self.receive, parameters: self.parameters }
    }
}

#[derive(Debug)]
pub(super) struct Context {
    pub config: SessionConfig,
    pub identity: Option<ModemIdentity>,
    /// What is known of the modem's model.
    pub profile: Arc<Profile>,
    generic: Arc<Profile>,
    pub sim: Option<SimCard>,
    /// The ICCID has been read since the last SIM event.
    pub card_known: bool,
    /// Whose the messages in the modem's own store are.
    pub own_store: MessageOwner,
    /// What was announced in the modem's own store since the ICCID was read.
    announced: Vec<MessageSlot>,
    pub iccid_source: Option<IccidSource>,
    pub plan: StorePlan,
    /// `AT+CSMS=1`: messages that came with their URC are acknowledged here.
    pub acknowledges: bool,
    /// What `AT+CNMI` was set to.
    pub indications: Option<Indications>,
    pub domains: Vec<(Domain, Registration)>,
    pub signal_dbm: Option<i16>,
    pub operator: Option<String>,
    stores: Arc<Vec<StoreFill>>,
    pub reason: Option<ModemReason>,
    /// Cards lost since messages were last served: stops a command that always ends in a SIM error
    /// from going round for ever.
    pub losses: u32,
    pub actions: VecDeque<Action>,
    /// Something that a snapshot shows is no longer as last reported.
    pub changed: bool,
    next_token: u64,
}

impl Context {
    pub fn new(config: SessionConfig) -> Context {
        Context {
            config,
            identity: None,
            profile: Catalogue::generic(),
            generic: Catalogue::generic(),
            sim: None,
            card_known: false,
            own_store: MessageOwner::Current,
            announced: Vec::new(),
            iccid_source: None,
            plan: StorePlan { readable: Vec::new(), receive: MessageStore::Sim, parameters: 3 },
            acknowledges: false,
            indications: None,
            domains: Vec::new(),
            signal_dbm: None,
            operator: None,
            stores: Arc::default(),
            reason: None,
            losses: 0,
            actions: VecDeque::new(),
            changed: true,
            next_token: 0,
        }
    }

    pub fn token(&mut self) -> Token {
        self.next_token += 1;
        Token(self.next_token)
    }

    /// The modem has told what it is.
    pub fn set_identity(&mut self, identity: ModemIdentity) {
        let forced =
            self.config.profile.as_deref().and_then(|name| self.config.profiles.named(name));
        let fitting = || self.config.profiles.choose(&identity.manufacturer, &identity.model);
        self.profile = forced.unwrap_or_else(fitting);
        self.identity = Some(identity);
        self.changed = true;
    }

    /// Questions for the attempts left for the PIN: the profile's, else the generic ones.
    pub fn pin_questions(&self) -> &[PinAttempts] {
        let own = &self.profile.pin_attempts;
        if own.is_empty() { &self.generic.pin_attempts } else { own }
    }

    /// Ways to read the ICCID in the order in which they are tried: the card's own file where that
    /// is wanted, what worked last, what the profile says, all others.
    pub fn iccid_sources(&self) -> VecDeque<IccidSource> {
        let profiled = self.profile.iccid.iter().map(|command| IccidSource::from_command(command));
        let mut sources = VecDeque::new();
        let card = self.config.iccid_from_card.then_some(IccidSource::File);
        for source in card
            .into_iter()
            .chain(self.iccid_source.iter().cloned())
            .chain(profiled)
            .chain(IccidSource::ALL)
        {
            if !sources.contains(&source) {
                sources.push_back(source);
            }
        }
        sources
    }

    /// Says in words what is waited for.
    pub fn set_reason(&mut self, reason: ModemReason) {
        if self.reason.as_ref() != Some(&reason) {
            self.reason = Some(reason);
            self.changed = true;
        }
    }

    pub fn no_reason(&mut self) {
        self.changed |= self.reason.take().is_some();
    }

    /// After a SIM event: nothing is known of the card.
    pub fn forget_card(&mut self) {
        self.card_known = false;
        self.announced = Vec::new();
        self.own_store = MessageOwner::Current;
        self.domains.clear();
        self.operator = None;
        self.stores = Arc::default();
        self.signal_dbm = None;
        self.changed = true;
        self.sim = None;
    }

    /// A store was looked at. That alone is no news.
    pub fn filled(&mut self, store: MessageStore, (used, total): (u32, u32)) {
        let stores = Arc::make_mut(&mut self.stores);
        stores.retain(|known| known.store != store);
        stores.push(StoreFill { store, used, total });
    }

    /// A store was listed, and so many messages were in it.
    pub fn found(&mut self, store: MessageStore, messages: usize) {
        let known = Arc::make_mut(&mut self.stores).iter_mut().find(|known| known.store == store);
        if let Some(known) = known {
            known.used = u32::try_from(messages).unwrap_or(u32::MAX);
        }
    }

    pub fn set_sim(&mut self, sim: SimCard) {
        self.sim = Some(sim);
        self.changed = true;
    }

    /// A `+CMTI` came.
    pub fn announce(&mut self, slot: MessageSlot) {
        let matters = self.card_known
            && slot.store != MessageStore::Sim
            && self.announced.len() < MAX_ANNOUNCED;
        if matters && !self.announced.contains(&slot) {
            self.announced.push(slot);
        }
    }

    /// The slot is empty again: what comes into it next is announced anew.
    pub fn unannounce(&mut self, slot: MessageSlot) {
        self.announced.retain(|announced| *announced != slot);
    }

    /// From now on the modem's own store holds only messages of the card that is in.
    pub fn take_custody(&mut self) {
        self.own_store = MessageOwner::Current;
        self.announced = Vec::new();
    }

    /// For which card a message was received that lies in a store, or came by itself.
    fn owner(&self, slot: Option<MessageSlot>) -> Option<&Iccid> {
        let current = self.iccid()?;
        match (&self.own_store, slot) {
            (MessageOwner::Previous(previous), Some(slot))
                if slot.store != MessageStore::Sim && !self.announced.contains(&slot) =>
            {
                Some(previous)
            }
            _ => Some(current),
        }
    }

    /// The ICCID of the card that is in.
    pub fn iccid(&self) -> Option<&Iccid> {
        self.sim.as_ref().map(|sim| &sim.iccid)
    }

    /// The message with its owner; `None` as long as modem or card is not known.
    pub fn received(&self, slot: Option<MessageSlot>, pdu: RawPdu, live: bool) -> Option<Received> {
        Some(Received {
            imei: self.identity.as_ref()?.imei.clone(),
            iccid: self.owner(slot)?.clone(),
            slot,
            pdu,
            live,
        })
    }

    /// The best that any part of the network says.
    pub fn registration(&self) -> Option<Registration> {
        let known = || self.domains.iter().map(|(_, registration)| *registration);
        known().find(|registration| registration.is_registered()).or_else(|| known().next())
    }

    pub fn is_registered(&self) -> bool {
        self.registration().is_some_and(Registration::is_registered)
    }

    pub fn set_registration(&mut self, domain: Domain, registration: Registration) {
        let before = self.registration();
        match self.domains.iter_mut().find(|(known, _)| *known == domain) {
            Some(entry) => entry.1 = registration,
            None => self.domains.push((domain, registration)),
        }
        self.changed |= before != self.registration();
    }

    pub fn snapshot(&self, state: ModemState) -> ModemSnapshot {
        ModemSnapshot {
            port: self.config.port.clone(),
            state,
            reason: self.reason.clone(),
            identity: self.identity.clone(),
            profile: self.identity.as_ref().map(|_| self.profile.name.clone()),
            sim: self.sim.clone(),
            signal_dbm: self.signal_dbm,
            operator: self.operator.clone(),
            registration: self.registration(),
            stores: Arc::clone(&self.stores),
        }
    }
}
