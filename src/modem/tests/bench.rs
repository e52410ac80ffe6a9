//! A test bench for a session: a modem that answers from a table, and scripts that play a dialogue.
//!
//! Each line of a script is a step that begins with a verb:
//!  - `> command`: the session must send this command. If it reads the ICCID before, as before any
//!    message, the modem answers that from its table.
//!  - `< line|line`: the modem sends these lines.
//!  - `raw text`: the modem sends this text without a line end.
//!  - `store SM 3 [ICCID]`: the session must hand the message in this slot to the host.
//!  - `commit`, `refuse`: the host answers for the oldest message.
//!  - `wait 5s`: time passes.
//!  - `auto 5s`: time passes, and the modem answers from its table.
//!  - `quiet`: the session must not have sent or handed on anything.
//!  - `state Ready`: the session must be in this state.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::super::*;
pub use crate::domain::modem::*;
pub use crate::domain::sim::NumberSource;
pub use crate::domain::{Iccid, ModemAtPort, Moment, PortName};

pub const ICCID: &str = "8931440400000000123";
pub const OTHER: &str = "8931440400000000999";
pub const IMEI: &str = "861234567890123";
/// SMS-DELIVER of 24 octets behind a service-centre address of 8.
pub const PDU: &str =
    "07911326040000F0040B911346610089F60000208062917314080CC8F71D14969741F977FD07";
pub const PDU_LENGTH: usize = 30;

/// The replies of a well-behaved modem.
const TABLE: &[(&str, &str)] = &[
    ("AT", "OK"),
    ("ATQ0V1E0", "OK"),
    ("+++", "-"),
    ("ATE0", "OK"),
    ("AT+CMEE=1", "OK"),
    ("AT+CSCS?", "+CSCS: \"IRA\"|OK"),
    ("AT+CGSN", "861234567890123|OK"),
    ("AT+CMEE?", "+CMEE: 1|OK"),
    ("AT+CMGF?", "+CMGF: 0|OK"),
    ("AT+CGMI", "Bench|OK"),
    ("AT+CGMM", "EC25|OK"),
    ("AT+CGMR", "EC25EFAR06A06M4G|OK"),
    ("AT+CFUN?", "+CFUN: 1|OK"),
    ("AT+CPIN?", "+CPIN: READY|OK"),
    ("AT+CCID", "+CCID: 8931440400000000123|OK"),
    ("AT+CIMI", "204041234567890|OK"),
    ("AT+CNUM", "+CNUM: \"\",\"+31612345678\",145|OK"),
    ("AT+CMGF=0", "OK"),
    ("AT+CSDH=1", "OK"),
    ("AT+CSMS=0", "+CSMS: 1,1,1|OK"),
    ("AT+CPMS?", "+CPMS: \"SM\",0,20,\"SM\",0,20,\"SM\",0,20|OK"),
    ("AT+CPMS=?", "+CPMS: (\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")|OK"),
    ("AT+CPMS=\"SM\",\"SM\",\"SM\"", "+CPMS: 0,20,0,20,0,20|OK"),
    ("AT+CPMS=\"ME\",\"ME\",\"SM\"", "+CPMS: 0,99,0,99,0,20|OK"),
    ("AT+CNMI=?", "+CNMI: (0-2),(0-3),(0,2),(0,1),(0,1)|OK"),
    ("AT+CNMI=2,1,0,0,0", "OK"),
    ("AT+CNMI?", "+CNMI: 2,1,0,0,0|OK"),
    ("AT+CREG=1", "OK"),
    ("AT+CGREG=1", "OK"),
    ("AT+CEREG=1", "OK"),
    ("AT+CREG?", "+CREG: 1,1|OK"),
    ("AT+CGREG?", "+CGREG: 1,0|OK"),
    ("AT+CEREG?", "+CEREG: 1,0|OK"),
    ("AT+CSQ", "+CSQ: 20,99|OK"),
    ("AT+COPS?", "+COPS: 0,0,\"vodafone NL\",7|OK"),
    ("AT+CMGL=4", "OK"),
];

/// The default settings of a session.
pub fn config() -> SessionConfig {
    SessionConfig::new(PortName::from_stored("port"))
}

pub struct Bench {
    pub session: Session,
    pub now: Moment,
    pub sent: VecDeque<String>,
    /// Everything that was ever sent.
    pub log: Vec<String>,
    pub handed_on: VecDeque<(Token, Received)>,
    pub uncommitted: VecDeque<Token>,
    pub reports: Vec<ModemSnapshot>,
    pub identified: Vec<SimCard>,
    /// The modem of each of them.
    pub modems: Vec<ModemAtPort>,
    pub emptied: Vec<Token>,
    pub answers: Vec<(u64, Result<Vec<String>, RequestError>)>,
    pub reopen: Option<ModemReason>,
    pub dropped: usize,
    /// The forms of USSD codes that the session has learnt.
    pub learnt: Vec<UssdForm>,
    /// The cards whose PIN was tried, as the host remembers them, and whether they accepted it.
    pub tried: BTreeMap<String, bool>,
    /// Whether the host can record that a PIN is tried.
    pub records_tries: bool,
    /// The host's answer to `Identified`.
    pub owner: Result<MessageOwner, NotRecorded>,
    table: Vec<(String, String)>,
}

impl Bench {
    pub fn new() -> Bench {
        Bench::with(config())
    }

    pub fn with(config: SessionConfig) -> Bench {
        let now = Moment::since_origin(Duration::from_secs(1000));
        let mut bench = Bench {
            session: Session::new(config, now),
            now,
            sent: VecDeque::new(),
            log: Vec::new(),
            handed_on: VecDeque::new(),
            uncommitted: VecDeque::new(),
            reports: Vec::new(),
            identified: Vec::new(),
            modems: Vec::new(),
            emptied: Vec::new(),
            answers: Vec::new(),
            reopen: None,
            dropped: 0,
            learnt: Vec::new(),
            tried: BTreeMap::new(),
            records_tries: true,
            owner: Ok(MessageOwner::default()),
            table: TABLE
                .iter()
                .map(|(command, reply)| ((*command).to_owned(), (*reply).to_owned()))
                .collect(),
        };
        bench.act();
        bench
    }

    /// A session with a well-behaved modem that is ready and has done its first sweep.
    pub fn ready() -> Bench {
        let mut bench = Bench::new();
        bench.auto(Duration::from_millis(10));
        assert_eq!(bench.session.state(), ModemState::Ready, "{:?}", bench.log);
        bench
    }

    /// A ready modem with `SM` selected, and nothing due for a minute.
    pub fn idle() -> Bench {
        let mut bench = Bench::ready();
        bench.receive_one();
        bench
    }

    /// Has a ready modem read and delete a message in `SM`, so that this store is selected. Nothing
    /// is due for a minute then.
    pub fn receive_one(&mut self) {
        self.on("AT+CMGR=1", &Bench::message(PDU_LENGTH));
        self.play("auto 5s\n < +CMTI: \"SM\",1\n auto 3s");
        self.handed_on.clear();
        self.on("AT+CMGR=1", "+CMS ERROR: 321");
        self.log.clear();
    }

    /// Sets what the modem answers to a command from now on; `-` is silence.
    pub fn on(&mut self, command: &str, reply: &str) -> &mut Bench {
        self.table.retain(|(known, _)| known != command);
        self.table.push((command.to_owned(), reply.to_owned()));
        self
    }

    pub fn snapshot(&self) -> &ModemSnapshot {
        self.reports.last().expect("a report")
    }

    pub fn act(&mut self) {
        while let Some(action) = self.session.next_action() {
            match action {
                Action::Write(bytes) => {
                    let text = String::from_utf8(bytes)
                        .unwrap()
                        .replace('\x1b', "ESC ")
                        .replace('\x1a', " END");
                    let line = text.strip_suffix('\r').map(str::to_owned).unwrap_or(text);
                    self.log.push(line.clone());
                    self.sent.push_back(line);
                }
                Action::Store { token, received } => {
                    self.handed_on.push_back((token, received));
                    self.uncommitted.push_back(token);
                }
                Action::Identified { token, sim, modem } => {
                    self.modems.push(modem);
                    self.identified.push(sim);
                    self.session.on_identified(token, self.owner.clone(), self.now);
                }
                Action::MayEnterPin { token, modem, iccid, only_if_accepted } => {
                    let card =
                        iccid.map_or_else(|| modem.id.to_string(), |iccid| iccid.to_string());
                    let answer = match self.tried.get(&card) {
                        Some(false) => PinPermission::RefusedBefore,
                        None if only_if_accepted => PinPermission::NeverAccepted,
                        Some(true) | None => PinPermission::Granted,
                    };
                    let answer = if self.records_tries { Ok(answer) } else { Err(()) };
                    if answer == Ok(PinPermission::Granted) {
                        self.tried.insert(card, false);
                    }
                    self.session.on_pin_permission(token, answer, self.now);
                }
                Action::PinAccepted { modem, iccid } => {
                    match iccid {
                        Some(iccid) => self.tried.insert(iccid.to_string(), true),
                        None => self.tried.remove(modem.id.as_str()),
                    };
                }
                Action::UssdFormLearnt { form, .. } => self.learnt.push(form),
                Action::Emptied { token, .. } => self.emptied.push(token),
                Action::Report(snapshot) => self.reports.push(snapshot),
                Action::Answer { id, reply } => self.answers.push((id, reply)),
                Action::Dropped { count } => self.dropped += count,
                Action::Reopen { reason } => self.reopen = Some(reason),
            }
        }
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        self.session.receive(bytes, self.now);
        self.act();
    }

    pub fn lines(&mut self, lines: &str) {
        let bytes: String = lines.split('|').map(|line| format!("\r\n{line}\r\n")).collect();
        self.raw(bytes.as_bytes());
    }

    /// Lets time pass from deadline to deadline, without a word from the modem.
    pub fn wait(&mut self, length: Duration) {
        let end = self.now + length;
        for _ in 0..100_000 {
            if !self.reach_deadline(end) {
                return;
            }
        }
        panic!("the session ticks without end");
    }

    /// Lets time pass until the session's next deadline; returns `false` when none was left before
    /// `end`, which it is then.
    fn reach_deadline(&mut self, end: Moment) -> bool {
        let Some(deadline) = self.session.next_deadline().filter(|deadline| *deadline <= end)
        else {
            self.now = end;
            return false;
        };
        self.now = self.now.max(deadline);
        self.session.tick(self.now);
        self.act();
        true
    }

    /// Has the modem answer a command from its table.
    pub fn answer(&mut self, command: &str) {
        let command = command.trim_start_matches("ESC ");
        let reply = self.table.iter().find(|(known, _)| known == command);
        match reply.map(|(_, reply)| reply.clone()).as_deref() {
            Some("-") => {}
            Some(lines) => self.lines(lines),
            None if command.starts_with("AT+CMGD=") => self.lines("OK"),
            None => self.lines("ERROR"),
        }
    }

    /// Has the modem answer from its table what is sent before this command, which is left to the
    /// test.
    pub fn answer_until(&mut self, command: &str) {
        while let Some(sent) = self.sent.pop_front().filter(|sent| sent != command) {
            self.answer(&sent);
        }
        assert_eq!(self.log.last().map(String::as_str), Some(command));
    }

    /// Lets time pass while the modem answers from its table and the host commits at once.
    pub fn auto(&mut self, length: Duration) {
        let end = self.now + length;
        for _ in 0..100_000 {
            if let Some(command) = self.sent.pop_front() {
                self.answer(&command);
            } else if let Some(token) = self.uncommitted.pop_front() {
                self.session.on_stored(token, true, self.now);
                self.act();
            } else if !self.reach_deadline(end) {
                return;
            }
        }
        panic!("the session works without end: {:?}", &self.log[self.log.len() - 20..]);
    }

    fn stores(&mut self, wanted: &str) {
        let (_, received) = self
            .handed_on
            .pop_front()
            .unwrap_or_else(|| panic!("nothing handed on, wanted {wanted}"));
        let place = match received.slot {
            Some(slot) => format!("{} {}", slot.store, slot.index),
            None => " -1".to_owned(),
        };
        let owned = format!("{place} {}", received.iccid);
        assert!(wanted == place || wanted == owned, "handed on {owned}, wanted {wanted}");
    }

    pub fn play(&mut self, script: &str) -> &mut Bench {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
            let seconds = || Duration::from_secs_f64(rest.trim_end_matches('s').parse().unwrap());
            match verb {
                ">" => {
                    if rest != "AT+CCID" && self.sent.front().is_some_and(|sent| sent == "AT+CCID")
                    {
                        self.sent.pop_front();
                        self.answer("AT+CCID");
                    }
                    assert_eq!(
                        self.sent.pop_front().as_deref().map(str::trim),
                        Some(rest),
                        "at: {line}\nall: {:?}",
                        self.log
                    );
                }
                "<" => self.lines(rest),
                "raw" => self.raw(rest.as_bytes()),
                "store" => self.stores(rest),
                "commit" | "refuse" => {
                    let token = self.uncommitted.pop_front().expect("something to commit");
                    self.session.on_stored(token, verb == "commit", self.now);
                    self.act();
                }
                "wait" => self.wait(seconds()),
                "auto" => self.auto(seconds()),
                "quiet" => {
                    assert!(self.sent.is_empty() && self.handed_on.is_empty(), "{:?}", self.sent)
                }
                "state" => assert_eq!(self.session.state().to_string(), rest),
                _ => panic!("no such verb: {line}"),
            }
        }
        self
    }

    /// The reply to `AT+CMGR` with a message of this length in its header.
    pub fn message(length: usize) -> String {
        format!("+CMGR: 0,,{length}|{PDU}|OK")
    }

    pub fn count(&self, command: &str) -> usize {
        self.log.iter().filter(|sent| *sent == command).count()
    }
}
