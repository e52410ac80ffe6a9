//! The commands that are sent, how long each may take, and what its reply looks like.

use std::fmt;
use std::time::Duration;

use super::charset::Charset;
use super::iccid::IccidSource;
use super::registration::RegistrationDomain;
use crate::domain::modem::MessageStore;

/// A command that a session can send to a modem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `AT` finds out whether a modem answers.
    Attention,
    /// `ATQ0V1E0` has commands answered, in words, and not echoed (V.250 clauses 6.2.4 to 6.2.6).
    AnswerInWords,
    /// `+++` leaves the data mode of a call, if nothing is sent for a second before and after it.
    LeaveDataMode,
    /// `ATH` ends a call (V.250 clause 6.3.6).
    HangUp,
    /// `ATE0` switches the echo of commands off (V.250 clause 6.2.4).
    EchoOff,
    /// `AT+CMEE=1` makes the modem give errors as numbers (27.007 clause 9.1).
    NumericErrors,
    /// `AT+CSCS?` asks in which character set strings are.
    Charset,
    /// `AT+CSCS="IRA"` selects the character set of strings (27.007 clause 5.5).
    SetCharset(Charset),
    /// `AT+CGMI` asks for the manufacturer.
    Manufacturer,
    /// `AT+CGMM` asks for the model.
    Model,
    /// `AT+CGMR` asks for the version of the firmware.
    Firmware,
    /// `AT+CGSN` asks for the IMEI, or for what the manufacturer takes for the serial number
    /// (27.007 clause 5.4).
    Imei,
    /// `AT+CGSN=1` asks for the IMEI and nothing else.
    ImeiAlone,
    /// `AT+GSN` asks for the serial number (V.250 clause 6.1.7).
    SerialNumber,
    /// `ATI` asks for what the manufacturer has to say (V.250 clause 6.1.3).
    Information,
    /// `AT+CMEE?` asks how errors are reported now.
    ErrorFormat,
    /// `AT+CMGF?` asks for the format of messages now.
    MessageFormat,
    /// `AT+CFUN?`: are card and radio on (27.007 8.2)?
    Functionality,
    /// `AT+CFUN=<fun>`: 0, card and radio off; 1, both on; 4, the radio alone off.
    SetFunctionality(u8),
    /// `AT+CPIN?` asks whether the SIM card waits for a password (27.007 clause 8.3).
    SimState,
    /// One of the commands that read the ICCID.
    Iccid(IccidSource),
    /// `AT+CIMI` asks for the IMSI.
    Imsi,
    /// `AT+CNUM` asks for the numbers that the SIM card has as its own (EF MSISDN).
    OwnNumber,
    /// `AT+CPBS="ON"` selects the phonebook of own numbers.
    OwnPhonebook,
    /// `AT+CPBR=1` reads the first entry of the selected phonebook.
    OwnPhonebookEntry,
    /// `AT+CMGF=0` switches to PDU mode (27.005 clause 3.2.3).
    PduMode,
    /// `AT+CSMS=<service>`: 0, the modem acknowledges to the network by itself; 1, the host does
    /// (27.005 3.2.1).
    Service(u8),
    /// `AT+CNMA`: acknowledges a message that came with its URC (27.005 3.4.4).
    Acknowledge,
    /// `AT+CPMS=?` asks which message stores there are.
    StoresSupported,
    /// `AT+CPMS?` asks how full the selected stores are.
    StoresSelected,
    /// `AT+CPMS="SM",…` selects message stores (27.005 clause 3.2.2).
    SelectStores(StoreSelection),
    /// `AT+CNMI=?` asks which settings of message indications the modem takes.
    IndicationsSupported,
    /// `AT+CNMI=…` sets how new messages are indicated (27.005 clause 3.4.1).
    Indicate(Indications),
    /// `AT+CNMI?` asks how new messages are indicated now.
    IndicationsSet,
    /// `AT+CREG=1` asks for a URC with each change of registration.
    WatchRegistration(RegistrationDomain),
    /// `AT+CREG?` asks for the state of registration.
    Registration(RegistrationDomain),
    /// `AT+COPS?` asks which network the modem has selected.
    Operator,
    /// `AT+COPS=0` has the modem choose a network by itself (27.007 clause 7.3).
    ChooseNetwork,
    /// `AT+CEER` asks why the network last refused something (27.007 clause 6.10).
    ErrorReport,
    /// `AT+CSQ` asks for the signal strength.
    Signal,
    /// `AT+CMGL=4` lists all messages of the selected store.
    List,
    /// `AT+CMGL="ALL"` does so in text mode.
    ListText,
    /// `AT+CSDH=1` has text mode show all there is of a message (27.005 3.3.3).
    AllTextParameters,
    /// `AT+CMGR=<index>` reads one message.
    Read(i32),
    /// `AT+CMGD=<index>`. Never with a second parameter, which some modems refuse (`CMGD=i,0` on
    /// the MC35).
    Delete(i32),
    /// `AT+CMGD=?` asks which indexes hold messages.
    IndexesSupported,
    /// `AT+CPBW=1,"…"`: puts a number into the phonebook that is chosen (27.007 8.14).
    WriteOwnNumber(String),
    /// `AT+CMGS=<octets>`, and the PDU in hexadecimal once the modem asks for it (27.005 3.5.1).
    Send {
        /// Length of the TPDU in octets, without the service-centre address.
        octets: usize,
        /// Service-centre address and TPDU in hexadecimal.
        pdu: String,
    },
    /// `AT+CPIN="…"` enters the PIN (27.007 clause 8.3).
    EnterPin(Secret),
    /// `AT+CUSD=1,"…",15` sends a USSD code, or the answer to a menu (27.007 clause 7.15).
    Ussd(String),
    /// `AT+CUSD=2` closes a USSD session in which the network waits for an answer.
    CloseUssd,
    /// A command that a modem profile gives.
    Own(String),
    /// A command that an operator typed.
    Raw(String),
}

/// Digits that are sent to the modem and shown nowhere, not even in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl From<&str> for Secret {
    fn from(digits: &str) -> Secret {
        Secret(digits.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

/// Parameters of `AT+CPMS` (27.005 3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSelection {
    /// `<mem1>` and `<mem2>`: read, listed, deleted, and written.
    pub read: MessageStore,
    /// `<mem3>`: where messages arrive.
    pub receive: MessageStore,
    /// How many parameters this modem takes, 1 to 3.
    pub parameters: u8,
}

/// Parameters of `AT+CNMI` (27.005 3.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indications {
    /// `<mode>`: when the modem may send URCs.
    pub mode: u8,
    /// `<mt>`: 1 stores a message and announces it by `+CMTI`; 2 sends it with its URC.
    pub mt: u8,
    /// `<bm>`: how cell broadcasts are indicated.
    pub bm: u8,
    /// `<ds>`: how status reports are indicated.
    pub ds: u8,
    /// `<bfr>`: whether URCs that were held back are sent or dropped.
    pub bfr: u8,
}

/// What comes between the command and its final result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expects {
    /// Nothing, or nothing that matters.
    Nothing,
    /// Lines that begin with one of these.
    Prefixed(&'static [&'static str]),
    /// At least one line that is nothing but a value, or has a tag that ends in this word.
    Value(&'static str),
    /// At least one line that begins with this.
    Required(&'static str),
    /// `+CMGR:` and a PDU, or nothing.
    Message,
    /// `+CMGL:` and a PDU, many times or never.
    Messages,
    /// Any lines at all.
    Anything,
}

/// The modem answers by itself, without card or network.
const QUICK: Duration = Duration::from_secs(5);
/// The SIM card or the message store takes part: vendors' manuals allow 5 to 20 s, SIM800 25 s for
/// deletion.
const SIM: Duration = Duration::from_secs(25);
/// The modem reads up to 255 messages.
const LIST: Duration = Duration::from_secs(60);
/// The network takes part in the answer.
const NETWORK: Duration = Duration::from_secs(45);
/// The modem searches for a network: vendors' manuals allow two or three minutes.
const SEARCHING: Duration = Duration::from_secs(120);
/// Until the modem asks for the text of a message.
const PROMPT: Duration = Duration::from_secs(10);
/// `AT` alone and its like, which are repeated until a modem answers.
const GREETING: Duration = Duration::from_secs(1);
/// The second of silence that has to follow upon `+++`, and the modem's answer to it.
const LEAVING_DATA_MODE: Duration = Duration::from_secs(2);

impl Command {
    /// How long the network may take with a message, from the prompt on: vendors' manuals allow up
    /// to two minutes.
    pub const SENDING: Duration = Duration::from_secs(120);

    /// How long the reply may take, from the sending to the final result, whatever else the modem
    /// says meanwhile.
    pub fn timeout(&self) -> Duration {
        match self {
            Command::Attention | Command::AnswerInWords | Command::HangUp => GREETING,
            Command::LeaveDataMode => LEAVING_DATA_MODE,
            Command::EchoOff
            | Command::NumericErrors
            | Command::Charset
            | Command::SetCharset(_)
            | Command::Manufacturer
            | Command::Model
            | Command::Firmware
            | Command::Imei
            | Command::ImeiAlone
            | Command::SerialNumber
            | Command::Information
            | Command::ErrorFormat
            | Command::MessageFormat
            | Command::AllTextParameters
            | Command::WatchRegistration(_)
            | Command::Registration(_)
            | Command::Signal => QUICK,
            Command::List | Command::ListText => LIST,
            Command::Operator | Command::Ussd(_) | Command::Raw(_) => NETWORK,
            Command::ChooseNetwork => SEARCHING,
            Command::Send { .. } => PROMPT,
            _ => SIM,
        }
    }

    /// Whether it is one of the commands with which a conversation begins. A modem may leave them
    /// unanswered, and a late answer to one does no harm when it is taken for that to another.
    pub fn is_greeting(&self) -> bool {
        matches!(
            self,
            Command::Attention | Command::AnswerInWords | Command::LeaveDataMode | Command::HangUp
        )
    }

    /// What its reply looks like.
    pub fn expects(&self) -> Expects {
        match self {
            Command::Manufacturer => Expects::Value("CGMI"),
            Command::Model => Expects::Value("CGMM"),
            Command::Firmware => Expects::Value("CGMR"),
            Command::Imei | Command::ImeiAlone => Expects::Value("CGSN"),
            Command::SerialNumber => Expects::Value("GSN"),
            Command::ErrorFormat => Expects::Required("+CMEE:"),
            Command::MessageFormat => Expects::Required("+CMGF:"),
            Command::Imsi => Expects::Value("CIMI"),
            Command::Iccid(IccidSource::File) => Expects::Required("+CRSM:"),
            Command::Iccid(_) => Expects::Value("CCID"),
            Command::Functionality => Expects::Required("+CFUN:"),
            Command::SimState => Expects::Required("+CPIN:"),
            Command::Charset => Expects::Prefixed(&["+CSCS:"]),
            Command::OwnNumber => Expects::Prefixed(&["+CNUM:"]),
            Command::OwnPhonebookEntry => Expects::Prefixed(&["+CPBR:"]),
            Command::StoresSupported | Command::StoresSelected => Expects::Required("+CPMS:"),
            Command::SelectStores(_) => Expects::Prefixed(&["+CPMS:"]),
            Command::IndicationsSupported | Command::IndicationsSet => Expects::Required("+CNMI:"),
            Command::Registration(domain) => Expects::Required(domain.prefix()),
            Command::Operator => Expects::Required("+COPS:"),
            Command::ErrorReport => Expects::Prefixed(&["+CEER:"]),
            Command::Signal => Expects::Required("+CSQ:"),
            Command::IndexesSupported => Expects::Required("+CMGD:"),
            Command::List | Command::ListText => Expects::Messages,
            Command::Read(_) => Expects::Message,
            Command::Information | Command::Own(_) | Command::Raw(_) => Expects::Anything,
            Command::Send { .. } => Expects::Required("+CMGS:"),
            _ => Expects::Nothing,
        }
    }

    /// The command as it is sent, without the final CR.
    pub fn line(&self) -> String {
        match self {
            Command::SelectStores(chosen) => chosen.line(),
            Command::Indicate(Indications { mode, mt, bm, ds, bfr }) => {
                format!("AT+CNMI={mode},{mt},{bm},{ds},{bfr}")
            }
            Command::SetCharset(charset) => format!("AT+CSCS=\"{}\"", charset.as_str()),
            Command::WatchRegistration(domain) => format!("AT{}=1", domain.tag()),
            Command::Registration(domain) => format!("AT{}?", domain.tag()),
            Command::Read(index) => format!("AT+CMGR={index}"),
            Command::Delete(index) => format!("AT+CMGD={index}"),
            Command::SetFunctionality(functionality) => format!("AT+CFUN={functionality}"),
            Command::Own(text) | Command::Raw(text) => text.clone(),
            Command::WriteOwnNumber(number) => {
                let kind = if number.starts_with('+') { 145 } else { 129 };
                format!("AT+CPBW=1,\"{number}\",{kind}")
            }
            Command::Send { octets, .. } => format!("AT+CMGS={octets}"),
            Command::Service(service) => format!("AT+CSMS={service}"),
            Command::Ussd(code) => format!("AT+CUSD=1,\"{code}\",15"),
            Command::EnterPin(Secret(digits)) => format!("AT+CPIN=\"{digits}\""),
            Command::Iccid(IccidSource::Own(text)) => text.to_string(),
            fixed => fixed.fixed().to_owned(),
        }
    }

    fn fixed(&self) -> &'static str {
        match self {
            Command::AnswerInWords => "ATQ0V1E0",
            Command::LeaveDataMode => "+++",
            Command::HangUp => "ATH",
            Command::EchoOff => "ATE0",
            Command::NumericErrors => "AT+CMEE=1",
            Command::Charset => "AT+CSCS?",
            Command::Manufacturer => "AT+CGMI",
            Command::Model => "AT+CGMM",
            Command::Firmware => "AT+CGMR",
            Command::Imei => "AT+CGSN",
            Command::ImeiAlone => "AT+CGSN=1",
            Command::SerialNumber => "AT+GSN",
            Command::Information => "ATI",
            Command::ErrorFormat => "AT+CMEE?",
            Command::MessageFormat => "AT+CMGF?",
            Command::Functionality => "AT+CFUN?",
            Command::SimState => "AT+CPIN?",
            Command::Iccid(source) => source.fixed(),
            Command::Acknowledge => "AT+CNMA",
            Command::Imsi => "AT+CIMI",
            Command::OwnNumber => "AT+CNUM",
            Command::OwnPhonebook => "AT+CPBS=\"ON\"",
            Command::OwnPhonebookEntry => "AT+CPBR=1",
            Command::PduMode => "AT+CMGF=0",
            Command::StoresSupported => "AT+CPMS=?",
            Command::StoresSelected => "AT+CPMS?",
            Command::IndicationsSupported => "AT+CNMI=?",
            Command::IndicationsSet => "AT+CNMI?",
            Command::Operator => "AT+COPS?",
            Command::ChooseNetwork => "AT+COPS=0",
            Command::ErrorReport => "AT+CEER",
            Command::Signal => "AT+CSQ",
            Command::List => "AT+CMGL=4",
            Command::ListText => "AT+CMGL=\"ALL\"",
            Command::AllTextParameters => "AT+CSDH=1",
            Command::IndexesSupported => "AT+CMGD=?",
            Command::CloseUssd => "AT+CUSD=2",
            _ => "AT",
        }
    }
}

impl IccidSource {
    /// From a command as a profile names it.
    pub fn from_command(command: &str) -> IccidSource {
        let known =
            Self::ALL.into_iter().find(|source| source.fixed().eq_ignore_ascii_case(command));
        known.unwrap_or_else(|| IccidSource::Own(command.into()))
    }

    fn fixed(&self) -> &'static str {
        match self {
            IccidSource::Ccid | IccidSource::Own(_) => "AT+CCID",
            IccidSource::Qccid => "AT+QCCID",
            IccidSource::Iccid => "AT+ICCID",
            IccidSource::Ciccid => "AT+CICCID",
            IccidSource::Huawei => "AT^ICCID?",
            IccidSource::Telit => "AT#CCID",
            IccidSource::Sierra => "AT!ICCID?",
            IccidSource::File => "AT+CRSM=176,12258,0,0,10",
        }
    }
}

impl StoreSelection {
    /// How many messages fit into the store in which messages arrive, according to the pairs of
    /// numbers in the reply.
    pub fn room(&self, fills: &[(u32, u32)]) -> Option<u32> {
        let of_receiving = fills.get(2).filter(|_| self.parameters >= 3);
        let of_reading = fills.first().filter(|_| self.read == self.receive);
        of_receiving.or(of_reading).map(|(_, total)| *total)
    }

    fn line(self) -> String {
        let (read, receive) = (self.read, self.receive);
        match self.parameters {
            0 | 1 => format!("AT+CPMS=\"{read}\""),
            2 => format!("AT+CPMS=\"{read}\",\"{read}\""),
            _ => format!("AT+CPMS=\"{read}\",\"{read}\",\"{receive}\""),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_as_sent() {
        let stores = |parameters| {
            Command::SelectStores(StoreSelection {
                read: MessageStore::Modem,
                receive: MessageStore::Sim,
                parameters,
            })
        };
        let table = [
            (Command::Attention, "AT"),
            (Command::AnswerInWords, "ATQ0V1E0"),
            (Command::LeaveDataMode, "+++"),
            (stores(1), "AT+CPMS=\"ME\""),
            (stores(2), "AT+CPMS=\"ME\",\"ME\""),
            (stores(3), "AT+CPMS=\"ME\",\"ME\",\"SM\""),
            (
                Command::Indicate(Indications { mode: 2, mt: 1, ..Indications::default() }),
                "AT+CNMI=2,1,0,0,0",
            ),
            (Command::Registration(RegistrationDomain::Lte), "AT+CEREG?"),
            (Command::Delete(0), "AT+CMGD=0"),
            (Command::Iccid(IccidSource::Huawei), "AT^ICCID?"),
            (Command::WriteOwnNumber("+31612345678".to_owned()), "AT+CPBW=1,\"+31612345678\",145"),
            (Command::Send { octets: 15, pdu: "00".to_owned() }, "AT+CMGS=15"),
        ];
        for (command, line) in table {
            assert_eq!(command.line(), line);
        }
    }
}
