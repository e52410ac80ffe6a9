//! USSD: a code is sent in the form that the modem takes, and the network's answer ends the session
//! or leaves it open, as with a menu.
//!
//! 27.007 7.15 has the code in the character set of the terminal, but some models take it as packed
//! septets or UCS-2 in hexadecimal. What a model does not take it refuses, or the network ends the
//! session without a word, so nothing was done then. In these cases the code is sent once more, in
//! the other form.

use std::time::Duration;

use super::command_policy;
use super::profile::{Profile, Quirk};
use crate::at::{self, Command, FinalResult, UssdStatus};
use crate::domain::modem::{RequestError, UssdEnd};
use crate::domain::{Iccid, Moment};
use crate::sms;

/// How long the network's text may take.
pub(super) const TEXT_TIMEOUT: Duration = Duration::from_secs(60);
/// How long an operator may take to answer a menu. Networks themselves wait for some minutes at
/// most.
const MENU_TIMEOUT: Duration = Duration::from_secs(60);
/// The pause after a session was closed, so that what the modem says about its end is not taken for
/// the answer to the next code.
const CLOSED_PAUSE: Duration = Duration::from_secs(1);
/// How long a better answer may take when the network says that the session has ended: some say so
/// just before their text.
const LAST_WORD: Duration = Duration::from_secs(2);

/// The form in which a modem takes a USSD code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UssdForm {
    /// As it is.
    #[default]
    Plain,
    /// As packed septets in hexadecimal (23.038 6.1.2.3.1).
    Packed,
    /// As UCS-2 in hexadecimal.
    Ucs2,
}

impl UssdForm {
    /// The form that a profile names.
    pub(super) fn for_profile(profile: &Profile) -> UssdForm {
        match () {
            () if profile.has(Quirk::UssdPacked) => UssdForm::Packed,
            () if profile.has(Quirk::UssdUcs2) => UssdForm::Ucs2,
            () => UssdForm::Plain,
        }
    }

    /// The form to try when this one brought nothing.
    fn other(self) -> UssdForm {
        match self {
            UssdForm::Plain => UssdForm::Packed,
            UssdForm::Packed | UssdForm::Ucs2 => UssdForm::Plain,
        }
    }

    fn encode(self, code: &str) -> String {
        match self {
            UssdForm::Plain => code.to_owned(),
            UssdForm::Packed => sms::ussd_packed(code).unwrap_or_else(|| code.to_owned()),
            UssdForm::Ucs2 => sms::ussd_ucs2(code),
        }
    }
}

/// Checks that a text is a USSD code (22.030 6.5.2) or the answer to a menu: digits, asterisks and
/// hashes.
pub(super) fn check_code(code: &str) -> Result<(), RequestError> {
    let fits = (1..=40).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'#'));
    if fits { command_policy::check_ussd_code(code) } else { Err(RequestError::NotACode) }
}

/// What the network has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Report {
    pub status: UssdStatus,
    pub text: Option<String>,
}

impl Report {
    /// Reads a `+CUSD` line.
    pub fn read(line: &str) -> Report {
        let fields = at::parse_ussd(line);
        let text = fields.and_then(|fields| {
            let text = sms::ussd_text(fields.text?, fields.dcs).text;
            Some(text).filter(|text| !text.is_empty())
        });
        Report { status: fields.map_or(UssdStatus::Unknown, |fields| fields.status), text }
    }

    /// What it means that there is no text.
    fn end(&self) -> UssdEnd {
        match self.status {
            UssdStatus::Ended => UssdEnd::ByNetwork,
            UssdStatus::AnsweredElsewhere => UssdEnd::AnsweredElsewhere,
            UssdStatus::Unsupported => UssdEnd::Unsupported,
            UssdStatus::TimedOut => UssdEnd::TimedOut,
            UssdStatus::Final | UssdStatus::Menu | UssdStatus::Unknown => UssdEnd::NoText,
        }
    }

    /// Whether the network has done nothing, so that the code may be sent in another form.
    fn is_refusal(&self) -> bool {
        self.text.is_none() && matches!(self.status, UssdStatus::Ended | UssdStatus::Unsupported)
    }
}

/// Who has a code sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    Operator,
    /// It is sent in the name of this card.
    Card(Iccid),
}

/// A code with what has become of it.
#[derive(Debug)]
pub(super) struct Exchange {
    pub id: u64,
    pub asker: Asker,
    code: String,
    form: UssdForm,
    /// The form to try if this one brings nothing.
    other_form: Option<UssdForm>,
    report: Option<Report>,
    /// Whether a better answer has been waited for.
    waited: bool,
    /// Whether it answers a menu.
    is_choice: bool,
}

/// How an exchange goes on.
#[derive(Debug)]
pub(super) enum Next {
    /// Wait for the network until then.
    Wait(Exchange, Moment),
    /// Send the code again, in another form.
    SendAgain(Exchange),
    /// It has ended, with these lines for whoever asked.
    Finished {
        exchange: Exchange,
        reply: Result<Vec<String>, RequestError>,
        /// Until when the network waits for an answer; in the past where nobody gives one.
        menu: Option<Moment>,
    },
}

impl Exchange {
    pub fn new(id: u64, asker: Asker, code: String, form: UssdForm) -> Exchange {
        Exchange {
            id,
            asker,
            code,
            form,
            other_form: Some(form.other()),
            report: None,
            waited: false,
            is_choice: false,
        }
    }

    /// The answer to a menu, which is sent in the form that led to it.
    pub fn choice(id: u64, code: String, form: UssdForm) -> Exchange {
        let exchange = Exchange::new(id, Asker::Operator, code, form);
        Exchange { other_form: None, is_choice: true, ..exchange }
    }

    pub fn command(&self) -> Command {
        Command::Ussd(self.form.encode(&self.code))
    }

    pub fn form(&self) -> UssdForm {
        self.form
    }

    /// Whether the network has shown that it understands this form.
    pub fn is_form_right(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.text.is_some())
    }

    /// Notes what the network has said. The end of a session does not replace its text.
    pub fn note(&mut self, report: Report) {
        let is_better = |known: &Report| {
            known.text.is_none()
                || (report.text.is_some()
                    && (known.status == UssdStatus::Ended || report.status != UssdStatus::Ended))
        };
        if self.report.as_ref().is_none_or(is_better) {
            self.report = Some(report);
        }
    }

    /// Goes on after the command was accepted, or after the network has said something.
    pub fn go_on(mut self, now: Moment) -> Next {
        match &self.report {
            None => Next::Wait(self, now + TEXT_TIMEOUT),
            Some(report) if report.status == UssdStatus::Ended && !self.waited => {
                self.waited = true;
                Next::Wait(self, now + LAST_WORD)
            }
            Some(report) => match self.other_form.filter(|_| report.is_refusal()) {
                Some(form) => self.send_again(form),
                None => self.finish(now),
            },
        }
    }

    /// Goes on after the modem or the network has refused the code.
    pub fn on_refused(mut self, result: FinalResult, now: Moment) -> Next {
        if self.report.is_some() {
            return self.go_on(now);
        }
        match self.other_form.take().filter(|_| may_be_for_form(result)) {
            Some(form) => self.send_again(form),
            None => self.fail(RequestError::Refused(result), now),
        }
    }

    /// Ends it because the time is over.
    pub fn expire(self, now: Moment) -> Next {
        if self.report.is_some() { self.go_on(now) } else { self.fail(RequestError::TimedOut, now) }
    }

    /// Ends it without an answer. A session that may be open is closed, so that what the network
    /// may still say is not taken for the answer to another code.
    fn fail(self, error: RequestError, now: Moment) -> Next {
        let may_be_open = self.is_choice || error == RequestError::TimedOut;
        Next::Finished { exchange: self, reply: Err(error), menu: may_be_open.then_some(now) }
    }

    fn send_again(self, form: UssdForm) -> Next {
        let exchange = Exchange { form, other_form: None, report: None, waited: false, ..self };
        Next::SendAgain(exchange)
    }

    fn finish(self, now: Moment) -> Next {
        let Some(report) = self.report.clone() else {
            return self.fail(RequestError::TimedOut, now);
        };
        let waits = report.status == UssdStatus::Menu;
        let end = report.end();
        let (reply, menu) = match (report.text, &self.asker) {
            // A menu without a text nobody can answer.
            (None, _) => (Err(RequestError::NoUssdText(end)), now),
            (Some(text), Asker::Card(_)) => (Ok(vec![text]), now),
            (Some(text), Asker::Operator) => {
                let note = waits.then(|| MENU_NOTE.to_owned());
                (Ok([text].into_iter().chain(note).collect()), now + MENU_TIMEOUT)
            }
        };
        Next::Finished { exchange: self, reply, menu: waits.then_some(menu) }
    }
}

/// What an operator is told with a menu.
const MENU_NOTE: &str =
    "(the network waits for a choice for a minute: send its digits like a code)";

/// Whether an error may be about the form of the code, and not about the card or the network.
fn may_be_for_form(result: FinalResult) -> bool {
    match result {
        FinalResult::Error => true,
        // 27.007 9.2: 30 to 32 are about the network, 5 to 18 and 40 to 48 about card and locks.
        FinalResult::Cme(code) => {
            result.sim_trouble().is_none() && !matches!(code, Some(5..=18 | 30..=32 | 40..=48))
        }
        _ => false,
    }
}

/// Whether a USSD session is open in which the network waits for an answer.
#[derive(Debug, Default)]
pub(super) enum Menu {
    /// Nothing is known yet: another program, or an earlier session, may have left one open.
    #[default]
    Unknown,
    None,
    /// The network waits for an answer; the session is closed then.
    Open {
        until: Moment,
        form: UssdForm,
    },
    /// It has been closed; no code is sent before this time.
    Closed {
        until: Moment,
    },
}

impl Menu {
    /// A session that was closed just now.
    pub fn closed(now: Moment) -> Menu {
        Menu::Closed { until: now + CLOSED_PAUSE }
    }

    /// Whether a code may be taken for the answer to a menu.
    pub fn may_be_open(&self) -> bool {
        matches!(self, Menu::Unknown | Menu::Open { .. })
    }

    /// Whether it has to be closed, because nobody has answered.
    pub fn is_overdue(&self, now: Moment) -> bool {
        matches!(self, Menu::Open { until, .. } if *until <= now)
    }

    /// Whether a code may be sent now. A session that is open has to be closed first.
    pub fn allows_code(&mut self, now: Moment) -> bool {
        if matches!(self, Menu::Closed { until } if *until <= now) {
            *self = Menu::None;
        }
        !matches!(self, Menu::Closed { .. })
    }

    /// The form of the code that led to the menu which this text would answer. A code begins with
    /// `*` or `#` (22.030 6.5.2), so digits alone are a choice.
    pub fn form_of_choice(&self, text: &str) -> Option<UssdForm> {
        match self {
            Menu::Open { form, .. } if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(*form)
            }
            _ => None,
        }
    }

    /// When something has to be done about it.
    pub fn deadline(&self) -> Option<Moment> {
        match self {
            Menu::Unknown | Menu::None => None,
            Menu::Open { until, .. } | Menu::Closed { until } => Some(*until),
        }
    }
}
