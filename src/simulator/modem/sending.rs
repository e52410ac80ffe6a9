//! Messages from the host to the network (TS 27.005 clause 3.5.1) and the settings that go with
//! them.

use super::command::{Arguments, Ask, Command};
use super::reply::{Failure, Outcome, Prompt, Reply, line, ok};
use super::{Modem, Now};
use crate::sms::{Submit, tpdu};

const INVALID_PDU: Failure = Failure::Cms(304);
const NO_NETWORK: Failure = Failure::Cms(331);

/// A message that the host sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The destination as it was written: international, or national to the sender's country.
    pub to: String,
    /// The message that is sent.
    pub content: Content,
}

/// What a host sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A PDU: protocol, coding and user data are passed on as the host made them.
    Draft(Box<Submit>),
    /// A text from text mode.
    Text(String),
}

/// `CMGS`, `CSCA`, `CSMP`, `CSAS`, `CRES`, `CMMS`, `CGSMS`.
pub fn answer(modem: &mut Modem, command: &Command, _: Now) -> Option<Outcome> {
    Some(match (command.name.as_str(), &command.ask) {
        ("+CMGS" | "+CSCA" | "+CSAS" | "+CRES", Ask::Test) => ok(),
        ("+CMGS", Ask::Set(arguments)) => prompt(modem, arguments),
        ("+CSCA", Ask::Query) => match modem.usable_sim() {
            Ok(card) => line(format!("+CSCA: \"{}\",145", card.service_centre)),
            Err(fault) => Err(fault.cms()),
        },
        ("+CSCA", Ask::Set(arguments)) => set_centre(modem, arguments),
        ("+CSMP", Ask::Test) => line("+CSMP: (0-255),(0-255),(0-255),(0-255)"),
        ("+CSMP", Ask::Query) => {
            let [first, validity, pid, dcs] = modem.settings.text_parameters;
            line(format!("+CSMP: {first},{validity},{pid},{dcs}"))
        }
        ("+CSMP", Ask::Set(arguments)) => set_parameters(modem, arguments),
        ("+CSAS" | "+CRES", Ask::Execute | Ask::Set(_)) | ("+CMMS" | "+CGSMS", Ask::Set(_)) => ok(),
        ("+CMMS", Ask::Query) => line("+CMMS: 0"),
        ("+CMMS", Ask::Test) => line("+CMMS: (0-2)"),
        ("+CGSMS", Ask::Query) => line("+CGSMS: 3"),
        ("+CGSMS", Ask::Test) => line("+CGSMS: (0-3)"),
        _ => return None,
    })
}

fn prompt(modem: &mut Modem, arguments: &Arguments) -> Outcome {
    modem.usable_sim().map_err(|fault| fault.cms())?;
    if modem.settings.text_mode {
        let to = modem.settings.charset.decode(arguments.text(0).as_bytes());
        let to = to.filter(|to| !to.is_empty()).ok_or(Failure::Cms(305))?;
        return Ok(Reply::Prompt(Prompt::SendText { to }));
    }
    let length =
        arguments.number(0).filter(|length| (7..=164).contains(length)).ok_or(INVALID_PDU)?;
    Ok(Reply::Prompt(Prompt::SendPdu { length }))
}

fn set_centre(modem: &mut Modem, arguments: &Arguments) -> Outcome {
    let centre =
        modem.settings.charset.decode(arguments.text(0).as_bytes()).ok_or(Failure::Cms(305))?;
    let card = modem.usable_sim().map_err(|fault| fault.cms())?;
    card.service_centre = centre;
    ok()
}

fn set_parameters(modem: &mut Modem, arguments: &Arguments) -> Outcome {
    for (place, parameter) in modem.settings.text_parameters.iter_mut().enumerate() {
        *parameter =
            arguments.number_or(place, *parameter).filter(|v| *v < 256).ok_or(Failure::Cms(305))?;
    }
    ok()
}

impl Modem {
    /// Sends or stores the text that was entered at a prompt, which is complete.
    pub(super) fn submit(&mut self, prompt: Prompt, text: &[u8], _: Now) -> Outcome {
        let submission = match prompt {
            Prompt::SendPdu { length } => draft(text, length).ok_or(INVALID_PDU)?,
            Prompt::SendText { to } => {
                let text = self.settings.charset.decode(text).ok_or(Failure::Cms(305))?;
                Submission { to, content: Content::Text(text.replace('\r', "\n")) }
            }
        };
        if !self.is_registered() {
            return Err(NO_NETWORK);
        }
        self.submissions.push(submission);
        self.observed.submitted += 1;
        self.reference = self.reference.wrapping_add(1);
        line(format!("+CMGS: {}", self.reference))
    }
}

fn draft(text: &[u8], length: usize) -> Option<Submission> {
    let digits: Vec<u8> =
        text.iter().copied().filter(|octet| !octet.is_ascii_whitespace()).collect();
    let octets = hex::decode(digits).ok()?;
    if tpdu(&octets)?.len() != length {
        return None;
    }
    let message = Submit::decode(&octets).ok()?;
    Some(Submission {
        to: message.destination.to_string(),
        content: Content::Draft(Box::new(message)),
    })
}
