//! The message stores: which are used, list, read, delete (TS 27.005 clauses 3.2.2, 3.4.2, 3.4.3,
//! 3.5.4).

use super::charset::Charset;
use super::command::{Arguments, Ask, Command};
use super::reply::{Failure, Line, Outcome, Reply, line, ok};
use super::settings::Indications;
use super::store_name::StoreName;
use super::{Modem, Now, Quirk, in_range, text_mode};
use crate::simulator::memory::{MessageStore, Stored};

/// The index does not exist, or nothing is there.
const INVALID_INDEX: Failure = Failure::Cms(321);
const NOT_SUPPORTED: Failure = Failure::Cms(303);
const INVALID_PARAMETER: Failure = Failure::Cms(305);
/// The SIM is busy: after a start the stores cannot be read for a while.
const BUSY: Failure = Failure::Cms(314);

/// `<stat>` as text mode writes it; its place is the number of PDU mode.
pub const STATUS: [&str; 5] = ["REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL"];

/// `CMGF`, `CPMS`, `CMGL`, `CMGR`, `CMGD`, `CMGW`, and the settings of text mode.
pub fn answer(modem: &mut Modem, command: &Command, now: Now) -> Option<Outcome> {
    let touches = matches!(command.name.as_str(), "+CPMS" | "+CMGL" | "+CMGR" | "+CMGD")
        && command.ask != Ask::Test;
    if touches && modem.store_is_busy(now) {
        return Some(Err(BUSY));
    }
    Some(match (command.name.as_str(), &command.ask) {
        ("+CPMS", Ask::Test) => line(supported(modem)),
        ("+CPMS", Ask::Query) => stores(modem, now),
        ("+CPMS", Ask::Set(arguments)) => choose_stores(modem, arguments),
        ("+CMGL", Ask::Test) if modem.shows_text() => {
            line("+CMGL: (\"REC UNREAD\",\"REC READ\",\"STO UNSENT\",\"STO SENT\",\"ALL\")")
        }
        ("+CMGL", Ask::Test) => line("+CMGL: (0-4)"),
        ("+CMGL", Ask::Execute) => list(modem, 0),
        ("+CMGL", Ask::Set(arguments)) => {
            wanted_status(modem, arguments).and_then(|status| list(modem, status))
        }
        ("+CMGR" | "+CMGW", Ask::Test) => ok(),
        ("+CMGR", Ask::Set(arguments)) => read(modem, arguments),
        ("+CMGD", Ask::Test) => deletable(modem),
        ("+CMGD", Ask::Set(arguments)) => delete(modem, arguments),
        ("+CMGW", _) => Err(NOT_SUPPORTED),
        ("+CMGF", Ask::Test) => line("+CMGF: (0,1)"),
        ("+CMGF", Ask::Query) => line(format!("+CMGF: {}", u8::from(modem.settings.text_mode))),
        ("+CMGF", Ask::Set(_)) if modem.has(Quirk::TextModeOnly) => Err(Failure::Error),
        ("+CMGF", Ask::Set(arguments)) => in_range(arguments.number(0), 1).and_then(|mode| {
            modem.settings.text_mode = mode == 1;
            ok()
        }),
        ("+CSDH", Ask::Test) => line("+CSDH: (0,1)"),
        ("+CSDH", Ask::Query) => line(format!("+CSDH: {}", u8::from(modem.settings.all_headers))),
        ("+CSDH", Ask::Set(arguments)) => in_range(arguments.number(0), 1).and_then(|all| {
            modem.settings.all_headers = all == 1;
            ok()
        }),
        _ => return None,
    })
}

impl Modem {
    /// Whether messages are shown as text.
    pub(super) fn shows_text(&self) -> bool {
        let keeps_to_it = self.has(Quirk::TextModeOnly) || self.has(Quirk::KeepsTextMode);
        self.settings.text_mode || keeps_to_it
    }

    /// Another program sets text mode, the character set, and perhaps messages and status reports
    /// inside their URCs.
    pub(super) fn show_text(&mut self, charset: &str, direct: bool) {
        self.settings.text_mode = true;
        self.settings.charset = Charset::parse(charset).unwrap_or(Charset::Gsm);
        if direct {
            let before = self.settings.indications;
            self.settings.indications = Indications { mode: 2, mt: 2, ds: 1, ..before };
        }
    }

    /// Whether the stores cannot be read yet after a start.
    pub(super) fn store_is_busy(&self, now: Now) -> bool {
        self.busy_until_ms.is_some_and(|until_ms| now.ms < until_ms)
    }

    /// The store of that name; the card's only when the card can be used.
    pub(super) fn store(&mut self, name: StoreName) -> Result<&mut MessageStore, Failure> {
        match name {
            StoreName::Me => Ok(&mut self.own),
            StoreName::Sm => {
                self.usable_sim().map(|card| &mut card.messages).map_err(|fault| fault.cms())
            }
        }
    }

    /// How many messages a store has, and how many places.
    fn fill(&mut self, name: StoreName) -> Result<(usize, usize), Failure> {
        if name == StoreName::Sm && self.has(Quirk::CardWithoutRoom) {
            return self.store(name).map(|_| (0, 0));
        }
        self.store(name).map(|store| (store.used(), store.capacity()))
    }

    /// The store that the host reads and deletes from.
    fn reading_store(&mut self) -> Result<&mut MessageStore, Failure> {
        let [name, ..] = self.settings.stores;
        self.store(name)
    }
}

/// `+CPMS: ("SM","ME"),…`: a list for each argument.
fn supported(modem: &Modem) -> String {
    let names: Vec<String> = modem.config.stores.iter().map(|name| format!("\"{name}\"")).collect();
    let arguments = modem.config.store_arguments.iter().max().copied().unwrap_or(3);
    format!("+CPMS: {}", vec![format!("({})", names.join(",")); arguments].join(","))
}

fn stores(modem: &mut Modem, now: Now) -> Outcome {
    let lagging = modem.has(Quirk::CountsLag) && now.ms < modem.counts_right_ms;
    let mut parts = Vec::new();
    for name in modem.settings.stores {
        let (used, total) = modem.fill(name)?;
        let used = if lagging { 0 } else { used };
        parts.push(format!("\"{name}\",{used},{total}"));
    }
    line(format!("+CPMS: {}", parts.join(",")))
}

fn choose_stores(modem: &mut Modem, arguments: &Arguments) -> Outcome {
    if !modem.config.store_arguments.contains(&arguments.count()) {
        return Err(INVALID_PARAMETER);
    }
    let mut chosen = modem.settings.stores;
    for (place, store) in
        chosen.iter_mut().enumerate().filter(|(place, _)| !arguments.omitted(*place))
    {
        let wanted = StoreName::parse(arguments.text(place));
        *store =
            wanted.filter(|name| modem.config.stores.contains(name)).ok_or(INVALID_PARAMETER)?;
    }
    let mut counts = Vec::new();
    for name in chosen {
        let (used, total) = modem.fill(name)?;
        counts.push(format!("{used},{total}"));
    }
    modem.settings.stores = chosen;
    line(format!("+CPMS: {}", counts.join(",")))
}

/// A number in PDU mode, words in text mode; some hosts write the words in the chosen character
/// set.
fn wanted_status(modem: &Modem, arguments: &Arguments) -> Result<usize, Failure> {
    if !modem.shows_text() {
        return in_range(arguments.number(0), 4).map_err(|_| INVALID_PARAMETER);
    }
    let words = arguments.text(0);
    let decoded = modem.settings.charset.decode(words.as_bytes()).unwrap_or_default();
    STATUS.iter().position(|known| *known == words || *known == decoded).ok_or(INVALID_PARAMETER)
}

fn list(modem: &mut Modem, status: usize) -> Outcome {
    let settings = modem.settings.clone();
    let (name, hides) = (name(modem), modem.has(Quirk::EmptyList));
    let shows_text = modem.shows_text();
    let has_status = !modem.has(Quirk::EmptyStatus);
    let mut lines: Vec<Line> = Vec::new();
    let mut first_reads = 0;
    for (index, message) in modem.reading_store()?.messages() {
        if hides || (status != 4 && status != message.status()) {
            continue;
        }
        if shows_text {
            lines.extend(text_mode::listed(&settings, index, message));
        } else {
            let length = Layout::tpdu_length(&message.pdu);
            let status = shown_status(message, has_status);
            lines.push(format!("+CMGL: {index},{status},{name},{length}").into_bytes());
            lines.push(hex::encode_upper(&message.pdu).into_bytes());
        }
        first_reads += u64::from(!std::mem::replace(&mut message.read, true));
    }
    modem.observed.read += first_reads;
    Ok(Reply::Lines(lines))
}

/// `<stat>` of PDU mode; empty on a modem that leaves it out.
fn shown_status(message: &Stored, has_status: bool) -> String {
    if has_status { message.status().to_string() } else { String::new() }
}

/// `<alpha>`: the sender's name, of which there is none.
fn name(modem: &Modem) -> &'static str {
    if modem.has(Quirk::EmptyName) { "\"\"" } else { "" }
}

fn read(modem: &mut Modem, arguments: &Arguments) -> Outcome {
    let settings = modem.settings.clone();
    let (name, has_status) = (name(modem), !modem.has(Quirk::EmptyStatus));
    let shows_text = modem.shows_text();
    let keep_status = arguments.number(1) == Some(1);
    let index = arguments.number(0).ok_or(INVALID_INDEX)?;
    let message = modem.reading_store()?.get_mut(index).ok_or(INVALID_INDEX)?;
    let lines = if shows_text {
        text_mode::read(&settings, message)
    } else {
        let length = Layout::tpdu_length(&message.pdu);
        let status = shown_status(message, has_status);
        let head = format!("+CMGR: {status},{name},{length}");
        vec![head.into_bytes(), hex::encode_upper(&message.pdu).into_bytes()]
    };
    if !keep_status {
        let first = !std::mem::replace(&mut message.read, true);
        modem.observed.read += u64::from(first);
    }
    Ok(Reply::Lines(lines))
}

fn deletable(modem: &mut Modem) -> Outcome {
    let taken: Vec<String> =
        modem.reading_store()?.messages().map(|(index, _)| index.to_string()).collect();
    line(format!("+CMGD: ({}),(0-4)", taken.join(",")))
}

/// `<delflag>` 0 deletes the one at the index; 1–3 all that are read (and what was sent, of which
/// there is nothing), 4 all.
fn delete(modem: &mut Modem, arguments: &Arguments) -> Outcome {
    let flag = in_range(arguments.number_or(1, 0), 4).map_err(|_| INVALID_PARAMETER)?;
    let index = arguments.number(0).ok_or(INVALID_INDEX)?;
    let store = modem.reading_store()?;
    let doomed: Vec<usize> = match flag {
        0 if !store.has_place(index) => return Err(INVALID_INDEX),
        0 => vec![index],
        _ => store
            .messages()
            .filter(|(_, message)| flag == 4 || message.read)
            .map(|(index, _)| index)
            .collect(),
    };
    let gone: Vec<Stored> = doomed.into_iter().filter_map(|index| store.take(index)).collect();
    modem.full_told &= gone.is_empty();
    modem.observed.deleted += gone.len() as u64;
    modem.observed.deleted_unread += gone.iter().filter(|message| !message.read).count() as u64;
    ok()
}

/// Where a received message's fields lie: service centre's address, then SMS-DELIVER (TS 23.040
/// clause 9.2.2.1).
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// The first octet: message type and flags.
    pub first: u8,
    /// The protocol identifier (TP-PID).
    pub pid: u8,
    /// The data coding scheme (TP-DCS).
    pub dcs: u8,
    /// Type of the originating address.
    pub originator_kind: u8,
    /// Where the user data begins, behind its length.
    pub user_data: usize,
}

impl Layout {
    /// `None` when the octets end before the user data.
    pub fn of(pdu: &[u8]) -> Option<Self> {
        let first_at = usize::from(*pdu.first()?) + 1;
        let digits = usize::from(*pdu.get(first_at + 1)?);
        let pid_at = first_at + 3 + digits.div_ceil(2);
        let user_data = pid_at + 10;
        (user_data <= pdu.len()).then_some(())?;
        Some(Self {
            first: *pdu.get(first_at)?,
            originator_kind: *pdu.get(first_at + 2)?,
            pid: *pdu.get(pid_at)?,
            dcs: *pdu.get(pid_at + 1)?,
            user_data,
        })
    }

    /// The octets of the TPDU, without the service centre's address: the `<length>` of PDU mode.
    pub fn tpdu_length(pdu: &[u8]) -> usize {
        let prefix = pdu.first().map_or(0, |length| usize::from(*length) + 1);
        pdu.len().saturating_sub(prefix)
    }
}
