//! What a session knows about the modem and its card, whatever phase it is in.

mod network;
mod stores;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::api::{Action, MessageOwner, MessageSlot, SessionConfig, Token};
use super::message_format::MessageFormat;
use super::profile::{Catalogue, PinAttempts, Profile};
use super::ussd::UssdForm;
use crate::at::{Charset, IccidSource, Indications, RegistrationDomain};
use crate::domain::modem::{
    MessageStore, ModemIdentity, ModemReason, ModemSnapshot, ModemState, ModemWarning,
    Registration, SimCard, StoreFill,
};
use crate::domain::{Iccid, ModemAtPort, Moment};
pub(super) use stores::StorePlan;

/// How long the operator is told of a voltage after the modem last spoke of it.
const VOLTAGE_LASTS: Duration = Duration::from_secs(3600);
/// The line by which the modem speaks of it is cut to this many characters.
const MAX_VOLTAGE_LINE: usize = 80;

#[derive(Debug)]
pub(super) struct Context {
    pub config: SessionConfig,
    pub identity: Option<ModemIdentity>,
    /// The profile of the modem's model.
    pub profile: Arc<Profile>,
    generic: Arc<Profile>,
    /// The form in which USSD codes are sent first.
    pub ussd_form: UssdForm,
    /// The character set of the modem's strings, where it has told one.
    pub charset: Option<Charset>,
    pub sim: Option<SimCard>,
    /// Whether the ICCID has been read since the last SIM event.
    pub card_known: bool,
    /// Whether the ICCID was read again since that was last asked, and was the same.
    pub card_confirmed: bool,
    /// The card that owns the messages in the modem's own store.
    pub own_store: MessageOwner,
    /// Whether that store was found empty when this card had just been read.
    pub own_store_emptied: bool,
    /// The messages in the modem's own store that were announced after the ICCID was read, and so
    /// belong to the card that is in.
    announced: Vec<MessageSlot>,
    /// The command that could last read the ICCID.
    pub iccid_source: Option<IccidSource>,
    pub plan: StorePlan,
    /// Whether `AT+CSMS=1` is set, so that messages inside their URC must be acknowledged by us.
    pub acknowledges: bool,
    /// The setting of `AT+CNMI`; `None` when the modem announces nothing.
    pub indications: Option<Indications>,
    pub domains: Vec<(RegistrationDomain, Registration)>,
    /// Whether the registration has been asked for in all domains since the card was identified.
    registration_read: bool,
    /// Whether the modem says that it was taken off the network.
    is_deregistered: bool,
    /// When the modem was last told to choose a network.
    pub network_chosen_at: Option<Moment>,
    /// Whether the operator has given a command that chooses the network, so that nothing else may.
    operator_chooses: bool,
    /// Why the network refuses the card, once the modem has been asked; it may have had no answer.
    pub refusal: Option<Option<String>>,
    pub signal_dbm: Option<i16>,
    pub operator: Option<String>,
    stores: Arc<Vec<StoreFill>>,
    /// Whether the modem shows messages as PDUs or as text.
    pub format: MessageFormat,
    /// The last line by which the modem said that its voltage is out of range, and when.
    voltage: Option<(String, Moment)>,
    /// Warnings about messages that stay in the modem.
    message_warnings: Vec<ModemWarning>,
    /// Whether no store has room for any message.
    no_room: bool,
    pub reason: Option<ModemReason>,
    /// How often the card was lost since messages were last served. This ends an otherwise endless
    /// cycle when a command always fails with a SIM error.
    pub losses: u32,
    pub actions: VecDeque<Action>,
    /// Whether something that a snapshot shows has changed since the last report.
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
            ussd_form: UssdForm::default(),
            charset: None,
            sim: None,
            card_known: false,
            card_confirmed: false,
            own_store: MessageOwner::Current,
            own_store_emptied: false,
            announced: Vec::new(),
            iccid_source: None,
            plan: StorePlan {
                readable: Vec::new(),
                unavailable: Vec::new(),
                receive: MessageStore::Sim,
                parameters: 3,
            },
            acknowledges: false,
            indications: None,
            domains: Vec::new(),
            registration_read: false,
            is_deregistered: false,
            network_chosen_at: None,
            operator_chooses: false,
            refusal: None,
            signal_dbm: None,
            operator: None,
            stores: Arc::default(),
            format: MessageFormat::default(),
            voltage: None,
            message_warnings: Vec::new(),
            no_room: false,
            reason: None,
            losses: 0,
            actions: VecDeque::new(),
            changed: true,
            next_token: 0,
        }
    }

    /// A new token for a question to the host.
    pub fn new_token(&mut self) -> Token {
        self.next_token += 1;
        Token(self.next_token)
    }

    /// The modem, once it is known.
    pub fn modem(&self) -> Option<ModemAtPort> {
        let id = self.identity.as_ref()?.id.clone();
        Some(ModemAtPort { id, port: self.config.port.clone() })
    }

    /// Notes which modem this is, and chooses its profile.
    pub fn set_identity(&mut self, identity: ModemIdentity) {
        let forced =
            self.config.profile.as_deref().and_then(|name| self.config.profiles.named(name));
        let fitting = || self.config.profiles.choose(&identity.manufacturer, &identity.model);
        self.profile = forced.unwrap_or_else(fitting);
        let learnt = self.config.ussd_forms.get(&model_name(&identity)).copied();
        self.ussd_form = match self.charset {
            // The modem has refused a plainer set, so the code is in this one (27.007 clause 7.15).
            Some(Charset::Ucs2) => UssdForm::Ucs2,
            _ => learnt.unwrap_or_else(|| UssdForm::for_profile(&self.profile)),
        };
        self.identity = Some(identity);
        self.changed = true;
    }

    /// Notes the form in which this modem has taken a USSD code, and tells it the host for other
    /// modems of this model.
    pub fn learn_ussd_form(&mut self, form: UssdForm) {
        let Some(identity) = self.identity.as_ref().filter(|_| self.ussd_form != form) else {
            return;
        };
        self.actions.push_back(Action::UssdFormLearnt { model: model_name(identity), form });
        self.ussd_form = form;
    }

    /// The commands that ask how many attempts for the PIN are left: those of the profile, then
    /// that of the standard, then those of other vendors.
    pub fn pin_questions(&self) -> impl Iterator<Item = &PinAttempts> {
        let own = &self.profile.pin_attempts;
        let is_own =
            |question: &&PinAttempts| own.iter().any(|own| own.command == question.command);
        own.iter().chain(self.generic.pin_attempts.iter().filter(move |other| !is_own(other)))
    }

    /// The commands that may read the ICCID, in the order in which they are tried: the one for the
    /// card's own file if that is configured, the one that worked last, those of the profile, and
    /// all others.
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

    /// Sets the reason that snapshots give for the present state.
    pub fn set_reason(&mut self, reason: ModemReason) {
        if self.reason.as_ref() != Some(&reason) {
            self.reason = Some(reason);
            self.changed = true;
        }
    }

    pub fn clear_reason(&mut self) {
        self.changed |= self.reason.take().is_some();
    }

    /// Forgets everything about the card, because of a SIM event.
    pub fn forget_card(&mut self) {
        self.card_known = false;
        self.announced = Vec::new();
        self.own_store = MessageOwner::Current;
        self.own_store_emptied = false;
        self.domains.clear();
        self.registration_read = false;
        self.is_deregistered = false;
        self.refusal = None;
        self.operator = None;
        self.stores = Arc::default();
        self.message_warnings = Vec::new();
        self.no_room = false;
        self.signal_dbm = None;
        self.changed = true;
        self.sim = None;
    }

    /// Notes that the modem showed a PDU.
    pub fn note_pdu(&mut self) {
        if self.format.on_pdu() && self.reason == Some(ModemReason::TextMode) {
            self.clear_reason();
        }
    }

    /// Notes the line by which the modem says that its supply voltage is out of range.
    pub fn note_voltage(&mut self, line: &str, now: Moment) {
        let line: String = line.chars().take(MAX_VOLTAGE_LINE).collect();
        self.changed |= self.voltage.as_ref().is_none_or(|(known, _)| *known != line);
        self.voltage = Some((line, now));
    }

    /// Forgets what the modem said of its supply voltage long ago.
    pub fn forget_old_voltage(&mut self, now: Moment) {
        let old = self.voltage.take_if(|(_, at)| now - *at > VOLTAGE_LASTS);
        self.changed |= old.is_some();
    }

    /// Sets the warnings about messages that stay in the modem.
    pub fn set_message_warnings(&mut self, warnings: impl Iterator<Item = ModemWarning>) {
        let warnings: Vec<ModemWarning> = warnings.collect();
        self.changed |= self.message_warnings != warnings;
        self.message_warnings = warnings;
    }

    fn warnings(&self) -> Arc<Vec<ModemWarning>> {
        let voltage = self.voltage.iter().map(|(line, _)| ModemWarning::Voltage(line.clone()));
        let no_room = self.no_room.then_some(ModemWarning::NoRoom);
        let warnings = voltage.chain(no_room).chain(self.message_warnings.iter().cloned());
        Arc::new(warnings.collect())
    }

    pub fn set_sim(&mut self, sim: SimCard) {
        self.changed |= self.sim.as_ref() != Some(&sim);
        self.sim = Some(sim);
    }

    /// The ICCID of the card that is in.
    pub fn iccid(&self) -> Option<&Iccid> {
        self.sim.as_ref().map(|sim| &sim.iccid)
    }

    /// Why the modem is in this state, where nothing else is known: a state that is not `Ready` has
    /// a reason.
    fn reason(&self, state: ModemState) -> Option<ModemReason> {
        // Whatever else is wrong, this is why it is not ready.
        let of_network = (state == ModemState::Registering).then(|| self.network_reason());
        of_network.or_else(|| self.reason.clone()).or(match state {
            ModemState::Probing => Some(ModemReason::BeingProbed),
            ModemState::SimCheck => Some(ModemReason::SimBeingChecked),
            ModemState::Identifying => Some(ModemReason::SimBeingRead),
            ModemState::Configuring => Some(ModemReason::BeingSetUp),
            ModemState::Switching => Some(ModemReason::OffAir),
            _ => None,
        })
    }

    pub fn snapshot(&self, state: ModemState) -> ModemSnapshot {
        ModemSnapshot {
            port: self.config.port.clone(),
            state,
            reason: self.reason(state),
            identity: self.identity.clone(),
            profile: self.identity.as_ref().map(|_| self.profile.name.clone()),
            sim: self.sim.clone(),
            signal_dbm: self.signal_dbm,
            operator: self.operator.clone(),
            registration: self.registration(),
            stores: Arc::clone(&self.stores),
            warnings: self.warnings(),
        }
    }
}

/// The name under which the host remembers what was learnt about a model.
fn model_name(identity: &ModemIdentity) -> String {
    format!("{} {}", identity.manufacturer, identity.model)
}
