//! What is asked of a modem, and why there may be no reply.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::Iccid;

/// What can be asked of the modem on a port, between its other work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModemRequest {
    /// Send this command, which begins with `AT`; the reply is the modem's.
    At(String),
    /// Send this USSD code; the reply is the network's text.
    Ussd(String),
    /// Restart the modem by its profile's command.
    Reset {
        /// By the stronger command, where the profile has one.
        hard: bool,
    },
    /// Try the PIN of the card once more, with what the configuration has now. Answered at once.
    TryPinAgain,
    /// Take the SIM card off the air, so that its bank can exchange it. Answered when everything
    /// in the message stores is on disk and deleted, and card and radio are off.
    Leave {
        /// The card that is to leave, as its ICCID was last read; another one stays. `None`: the
        /// ICCID could not be read.
        iccid: Option<Iccid>,
    },
    /// Choose this SIM slot inside the module, counted from 0. Only while off the air.
    Slot(u8),
    /// Go back on the air with whatever card is there. Answered at once.
    Return {
        /// By restarting the modem.
        restart: bool,
    },
    /// Do something in the name of one SIM card: begun only while that card is known to be in, and
    /// answered only when it still is.
    ForSim { iccid: Iccid, task: SimTask },
}

/// What is done in the name of one SIM card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SimTask {
    /// Send this USSD code; the reply is the network's text.
    Ussd(String),
    /// Send this message: the service centre's address (an octet 0 for the card's own), then an
    /// SMS-SUBMIT. Never sent a second time.
    Send(#[serde(with = "hex::serde")] Vec<u8>),
    /// Write this number, `+316…`, into the card's own-number phonebook; the reply is the number as
    /// it was read back.
    WriteNumber(String),
}

/// Why a request has no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum RequestError {
    /// The text is not one command line.
    #[error(
        "a command begins with AT, has at most 400 printable ASCII characters, and stands on one \
         line"
    )]
    NotACommand,
    /// The text is not a USSD code.
    #[error("a USSD code has digits, * and # only, like *100#")]
    NotACode,
    /// The command would write an IMEI.
    #[error("IMEIs are read, never written")]
    WritesImei,
    /// The command or code would enter a PIN or a PUK, or set or open a lock.
    #[error(
        "PINs come from the configuration's pin_file alone and are tried once; locks, and the \
         card's own files, are left as they are"
    )]
    EntersPin,
    /// The command would send, write, acknowledge or delete messages.
    #[error(
        "messages are deleted when they are on disk, by the daemon alone, and none are sent or \
         written by command"
    )]
    HandlesMessages,
    /// The command may change something, and the operator has not insisted.
    #[error("it is not known that this command changes nothing; `--force` sends it all the same")]
    NeedsForce,
    /// As many requests as are kept wait already.
    #[error("too many requests wait for this modem already")]
    TooMany,
    /// No final result came within the time that such a command has.
    #[error("the modem did not answer in time")]
    TimedOut,
    /// Another card is in the modem, or it is not certain which one was when it was done.
    #[error("the SIM card is not in this modem, or was exchanged meanwhile")]
    OtherCard,
    /// The modem, the card or the network refused it.
    #[error("refused: {0}")]
    Refused(FinalResult),
    /// The network has answered a USSD code without a text.
    #[error("{0}")]
    NoUssdText(UssdEnd),
    /// A message could not be stored or deleted in time.
    #[error("the message stores could not be emptied")]
    NotEmptied,
    /// There is a card, but it is still being identified.
    #[error("the modem is still starting")]
    Starting,
    /// Only a radio whose card is off the air can do it.
    #[error("the radio is not off the air")]
    OnAir,
    /// The modem's profile has no command for it.
    #[error("the modem's profile has no `slot` command")]
    NoSlots,
    /// What was read back is not what was written.
    #[error("the SIM card does not keep the number")]
    NotKept,
    /// The site that the modem is at cannot be asked.
    #[error("the modem's site is not connected")]
    SiteSilent,
    /// The site that the modem is at was asked.
    #[error("the modem's site was asked and has not replied: it may have carried this out")]
    SiteReplyLost,
    /// The modem went away, or the port has none.
    #[error("no modem answers on this port")]
    Gone,
}

/// How a USSD session ended without a text (27.007 7.15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum UssdEnd {
    #[error("the network gave no text")]
    NoText,
    #[error("the network has ended the session")]
    ByNetwork,
    #[error("another program on this modem has answered the network")]
    AnsweredElsewhere,
    #[error("the network does not support this")]
    Unsupported,
    #[error("the network did not answer in time")]
    TimedOut,
}

/// How a modem ended a command: V.250 clause 5.7.1, `+CME ERROR` of 3GPP TS 27.007 clause 9.2,
/// `+CMS ERROR` of 27.005 clause 3.2.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalResult {
    Ok,
    /// `ERROR`, and vendors' words for the same.
    Error,
    /// `+CME ERROR: n`; `None` for a text that 27.007 does not have.
    Cme(Option<u16>),
    /// `+CMS ERROR: n`; `None` for a text that 27.005 does not have.
    Cms(Option<u16>),
    /// `NO CARRIER`: ends a call; also comes by itself.
    NoCarrier,
    Busy,
    NoAnswer,
    NoDialtone,
}

impl fmt::Display for FinalResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FinalResult::Ok => f.write_str("OK"),
            FinalResult::Error => f.write_str("ERROR"),
            FinalResult::Cme(Some(code)) => write!(f, "+CME ERROR: {code}"),
            FinalResult::Cme(None) => f.write_str("+CME ERROR"),
            FinalResult::Cms(Some(code)) => write!(f, "+CMS ERROR: {code}"),
            FinalResult::Cms(None) => f.write_str("+CMS ERROR"),
            FinalResult::NoCarrier => f.write_str("NO CARRIER"),
            FinalResult::Busy => f.write_str("BUSY"),
            FinalResult::NoAnswer => f.write_str("NO ANSWER"),
            FinalResult::NoDialtone => f.write_str("NO DIALTONE"),
        }
    }
}
