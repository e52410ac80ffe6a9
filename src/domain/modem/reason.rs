//! Why a modem is in the state that it is in.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{MessageStore, RecoveryStep};
use crate::domain::{Iccid, PortName};

/// Why a modem is in its state, or what it waits for. `Display` gives the words for an operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ModemReason {
    // What is being done, where nothing is wrong.
    /// The port is being opened.
    #[error("the port is being opened")]
    BeingOpened,
    /// The modem is asked whether it answers, and who it is.
    #[error("it is being found out which modem this is")]
    BeingProbed,
    /// The modem is asked whether there is a usable card.
    #[error("the SIM card's state is being read")]
    SimBeingChecked,
    /// The card is being identified.
    #[error("the SIM card is being read")]
    SimBeingRead,
    /// PDU mode, message stores and indications are being set.
    #[error("the modem is being set up")]
    BeingSetUp,
    /// The registration has not been read yet.
    #[error("the registration with the network is being read")]
    RegistrationBeingRead,
    /// The modem looks for a network.
    #[error("looking for a network")]
    Searching,
    /// The modem neither has a network nor looks for one. Many say so before they begin to look.
    #[error("not registered, and not looking for a network")]
    NotSearching,

    /// The modem does not say how it is registered, as where there is no coverage.
    #[error("the modem does not tell whether it has a network (no coverage?)")]
    NoRegistrationTold,

    // The port.
    /// The port's path names nothing.
    #[error("there is nothing at this path")]
    NothingAtPath,
    /// The process may not open the device.
    #[error(
        "no permission to open it (is the service's user in the group that owns the device, such \
         as dialout?)"
    )]
    NoPermission,
    /// Another program has the port open.
    #[error("held by {program} (pid {pid})")]
    HeldBy { program: String, pid: u32 },
    /// The port is locked, and it is not known by whom.
    #[error("held by another program (or by this one, under another name)")]
    HeldByAnother,
    /// The operating system refused to open the port. This is its error.
    #[error("cannot be opened: {0}")]
    CannotOpen(String),
    /// The operating system did not open the port in time.
    #[error("opening takes too long")]
    OpenTimedOut,
    /// The task that opened the port was aborted.
    #[error("opening was interrupted")]
    OpenAborted,
    /// The modem is served on another of its ports.
    #[error("another port of the modem on {0}, which serves it")]
    ServedOnOtherPort(PortName),
    /// The modem tells the same as the one on that port, or shows the same card; it is not certain
    /// yet whether it is the same modem.
    #[error("perhaps another port of the modem on {0}: both read their SIM cards again")]
    MayBeServedOnOtherPort(PortName),
    /// The server of a remote line cannot be reached. This is the operating system's error.
    #[error("no connection to the line's server: {0}")]
    CannotConnect(String),
    /// Whoever listens at the address of a remote line does not speak RFC 2217, or hangs.
    #[error(
        "the line's server does not answer as RFC 2217 says: it hangs, or offers the line without \
         Telnet, as tcp://"
    )]
    NotRfc2217,
    /// The server of a remote line serves another client. These are its words.
    #[error("another client uses the line; its server says \"{0}\"")]
    LineInUse(String),
    /// The server of a remote line has closed the connection at once, with these words.
    #[error("the line's server refuses it and says \"{0}\"")]
    LineRefused(String),
    /// The server of a remote line has closed the connection.
    #[error("the line's server has closed the connection")]
    LineClosed,
    /// The server of a remote line does not even answer for itself.
    #[error("the line's server, or the network to it, has stopped answering")]
    ServerSilent,
    /// Nothing comes over a remote line whose server cannot be asked.
    #[error("nothing comes over the line: the modem, the line's server or the network hangs")]
    LineSilent,
    /// The device went away while it was open.
    #[error("the port hung up")]
    HungUp,
    /// Reading from the port failed. This is the operating system's error.
    #[error("reading failed: {0}")]
    ReadFailed(String),
    /// Writing to the port failed. This is the operating system's error.
    #[error("writing failed: {0}")]
    WriteFailed(String),
    /// The port took no more bytes within the write time-out.
    #[error("the modem does not read what it is sent")]
    WriteTimedOut,

    /// The site that the port is at says nothing: its daemon, its machine or the network to it.
    #[error("nothing is heard of its site")]
    SiteSilent,

    // The modem.
    /// None of the `AT` commands was answered.
    #[error("no answer to AT")]
    Silent,
    /// The modem gives final results as numbers, and words could not be switched on.
    #[error("the modem answers in digits, and does not take ATV1")]
    AnswersInDigits,
    /// Something else has changed the settings of the modem.
    #[error("the modem's settings were changed by something else; it is set up again")]
    SettingsLost,
    /// The modem was not identified before that was needed.
    #[error("the modem is not known")]
    ModemUnknown,
    /// The modem was not identified, or the ICCID not read, before that was needed.
    #[error("the modem or its card is not known")]
    ModemOrSimUnknown,
    /// Several commands in a row were not answered.
    #[error("the modem leaves commands without an answer")]
    CommandsUnanswered,
    /// Not even the resynchronisation was answered.
    #[error("the modem has stopped answering")]
    StoppedAnswering,
    /// The modem restarted by itself.
    #[error("the modem has restarted by itself")]
    Restarted,
    /// The operator had the modem restarted.
    #[error("restarted by the operator")]
    RestartedByOperator,
    /// The modem was restarted because it announces nothing after its store was full.
    #[error("restarted after its store was full")]
    RestartedAfterFullStore,
    /// The modem refuses PDU mode, or accepts it and keeps to text mode.
    #[error("the modem keeps to text mode: its messages are read as text")]
    TextMode,
    /// The modem refuses every choice of message stores.
    #[error("no message store can be chosen")]
    NoMessageStore,
    /// The message store is not readable yet.
    #[error("the message store is not ready yet")]
    StoreNotReady,
    /// One of several message stores cannot be selected any more.
    #[error("the message store {0} cannot be chosen")]
    StoreUnavailable(MessageStore),
    /// The modem does not announce messages.
    #[error("the modem accepts no AT+CNMI setting: messages are found only by sweeps")]
    NoIndications,
    /// A message could not be stored in the database.
    #[error("messages cannot be stored now; they stay in the modem")]
    HostCannotStore,
    /// The radio is off while its bank exchanges the card.
    #[error("off the air: its bank exchanges the SIM card")]
    OffAir,

    // The network.
    /// The network refuses the card.
    #[error("the network refuses the SIM card{}", in_words(.cause.as_deref()))]
    RegistrationDenied {
        /// The reason in the modem's words (`AT+CEER`), if it gives one.
        cause: Option<String>,
    },
    /// The network accepts the card for emergency calls alone.
    #[error("the network accepts the SIM card for emergency calls only")]
    EmergencyOnly,
    /// Another program has taken the modem off the network.
    #[error("taken off the network by AT+COPS=2")]
    Deregistered,

    // The SIM card.
    /// The modem says that no card is in.
    #[error("no SIM card")]
    NoSim,
    /// The card is not usable yet.
    #[error("the SIM card is not ready")]
    SimNotReady,
    /// The card is busy.
    #[error("the SIM card is still starting")]
    SimStarting,
    /// The modem does not say how the card is.
    #[error("the SIM card's state cannot be read")]
    SimStateUnreadable,
    /// The card failed, or is not accepted by this modem.
    #[error("the SIM card is broken or not accepted")]
    SimFailure,
    /// The card may have been exchanged, and is identified again.
    #[error("the SIM card is being read again")]
    SimBeingReadAgain,
    /// The card is found, and lost whenever it is used.
    #[error("the SIM card answers, but fails whenever it is used")]
    SimFailsInUse,
    /// The card is unusable for ever.
    #[error("the SIM card is blocked for good: its PUK was entered wrongly too often")]
    SimBlocked,
    /// The modem wants a code before it takes this card. None is ever entered.
    #[error(
        "{0}; no code is entered: unlock the modem by hand, or insert a SIM card that it takes"
    )]
    ModemLocked(DeviceLock),
    /// No command returned the ICCID.
    #[error("no command reads the SIM card's ICCID")]
    IccidUnreadable,
    /// The card could not be recorded in the database.
    #[error("the card cannot be recorded now")]
    HostCannotRecordSim,

    // Its PIN.
    /// The card needs its PIN, and none is configured.
    #[error("the SIM card wants its PIN")]
    PinWanted,
    /// The card is blocked until its PUK is entered.
    #[error("the SIM card is blocked and wants its PUK")]
    PukWanted,
    /// The card does not say how many attempts are left, so none is made.
    #[error(
        "the SIM card wants its PIN, and does not tell how many attempts are left: enter it by \
         hand, or set pin_without_count = true to have it tried once"
    )]
    PinAttemptsUnknown,
    /// Only one attempt is left, which is reserved for the operator, or none.
    #[error(
        "the SIM card wants its PIN and has at most one attempt left, which is not touched: enter \
         it by hand"
    )]
    PinLastAttempt,
    /// The card has just refused the configured PIN. Its ICCID, if that can be read.
    #[error("the SIM card refused the PIN of the pin_file; it is not tried again{}", retry(.0))]
    PinRefused(Option<Iccid>),
    /// The card refused the configured PIN earlier. Its ICCID, if that can be read.
    #[error(
        "the SIM card has refused the PIN of the pin_file once, or it is not known what came of \
         that; it is not tried again{}", retry(.0)
    )]
    PinRefusedBefore(Option<Iccid>),
    /// The operator has allowed that the PIN is tried once more, so the port is opened anew.
    #[error("the PIN is tried once more")]
    PinAllowedAgain,
    /// The attempt could not be recorded, so it is not made.
    #[error("the SIM card wants its PIN; that it is tried cannot be recorded now")]
    PinAttemptNotRecorded,

    // What the driver did.
    /// The session failed, and this was done about it.
    #[error("{cause}; {step}")]
    Failed {
        /// Why the session failed.
        cause: Box<ModemReason>,
        /// What was done about it.
        step: RecoveryStep,
    },
    /// The examination of a port (`simbridge probe`) took too long.
    #[error("no more was found out in time")]
    ProbeTimedOut,
}

/// What an operator can do about a card that has refused its PIN.
fn retry(iccid: &Option<Iccid>) -> String {
    match iccid {
        Some(iccid) => format!(": put it right, then `simbridge sim pin-retry {iccid}`"),
        None => ": enter it by hand".to_owned(),
    }
}

/// What a modem is locked to, so that it takes no other card without a code (22.022, 27.007 8.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceLock {
    /// `PH-SIM`: to the card with which its owner has locked it.
    Card,
    /// `PH-FSIM`: to the first card that was in it.
    FirstCard,
    /// `PH-NET`: to the cards of a network.
    Network,
    /// `PH-NETSUB`: to some of the cards of a network.
    NetworkSubset,
    /// `PH-SP`: to the cards of a service provider.
    ServiceProvider,
    /// `PH-CORP`: to the cards of a company.
    Company,
    /// Something else; the vendor knows to what.
    Other,
}

impl DeviceLock {
    /// From the code that the modem wants, such as `PH-NET PIN`, in capitals.
    pub fn from_code(code: &str) -> DeviceLock {
        let name = code.strip_suffix(" PIN").or(code.strip_suffix(" PUK")).unwrap_or(code);
        match name {
            "PH-SIM" => DeviceLock::Card,
            "PH-FSIM" => DeviceLock::FirstCard,
            "PH-NET" => DeviceLock::Network,
            // The second name is that of Siemens.
            "PH-NETSUB" | "PH-NS" => DeviceLock::NetworkSubset,
            "PH-SP" => DeviceLock::ServiceProvider,
            "PH-CORP" | "PH-C" => DeviceLock::Company,
            _ => DeviceLock::Other,
        }
    }
}

impl fmt::Display for DeviceLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DeviceLock::Card => "the modem is locked to another SIM card (PH-SIM)",
            DeviceLock::FirstCard => "the modem is locked to the first SIM card in it (PH-FSIM)",
            DeviceLock::Network => "the modem is locked to another mobile network (PH-NET)",
            DeviceLock::NetworkSubset => {
                "the modem is locked to other SIM cards of this network (PH-NETSUB)"
            }
            DeviceLock::ServiceProvider => "the modem is locked to another mobile operator (PH-SP)",
            DeviceLock::Company => "the modem is locked to the SIM cards of a company (PH-CORP)",
            DeviceLock::Other => "the modem wants a code that is not the SIM card's PIN",
        })
    }
}

/// The cause behind what it has caused.
fn in_words(cause: Option<&str>) -> String {
    cause.map(|cause| format!(" ({cause})")).unwrap_or_default()
}

impl ModemReason {
    /// The card into which the PIN is not entered again until the operator allows it.
    pub fn card_with_refused_pin(&self) -> Option<&Iccid> {
        match self {
            ModemReason::PinRefused(iccid) | ModemReason::PinRefusedBefore(iccid) => iccid.as_ref(),
            _ => None,
        }
    }

    /// Whether an open line to the modem has failed, and not the modem.
    pub fn is_of_line(&self) -> bool {
        matches!(
            self,
            ModemReason::HungUp
                | ModemReason::ReadFailed(_)
                | ModemReason::WriteFailed(_)
                | ModemReason::LineClosed
                | ModemReason::ServerSilent
        )
    }

    /// Whether it only says what is being done: nothing is known yet that keeps the modem from
    /// working.
    pub fn is_progress(&self) -> bool {
        matches!(
            self,
            ModemReason::BeingOpened
                | ModemReason::BeingProbed
                | ModemReason::MayBeServedOnOtherPort(_)
                | ModemReason::SimBeingChecked
                | ModemReason::SimBeingRead
                | ModemReason::BeingSetUp
                | ModemReason::RegistrationBeingRead
                | ModemReason::Searching
                | ModemReason::NotSearching
                | ModemReason::NoRegistrationTold
        )
    }
}
