//! The words of notices.

use std::fmt::Write;

use crate::domain::notice::{Notice, NoticeKind};

/// How many characters the alarms of one message have in all: Telegram and ntfy take 4096. What is
/// beyond it is counted, and `simbridge alarm list` has all.
const MOST_CHARS: usize = 3500;
/// How many characters of one alarm's text are told.
const MOST_OF_ONE: usize = 400;
/// How many alarms are named in a subject.
const MOST_NAMED: usize = 3;

/// Notices in words, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// What the notice is about, on one line.
    pub subject: String,
    pub text: String,
    /// Whether there is anything in it but the ends of alarms.
    pub is_urgent: bool,
}

impl Message {
    /// Puts the notices that are due into one message. `site` is the name of this machine.
    pub fn new(site: &str, notices: &[Notice]) -> Message {
        let standing: Vec<&Notice> =
            notices.iter().filter(|notice| notice.kind != NoticeKind::Ended).collect();
        let told: Vec<&Notice> =
            if standing.is_empty() { notices.iter().collect() } else { standing.clone() };
        let word = if standing.is_empty() { "ended: " } else { "" };
        let subject = format!("simbridge on {site}: {word}{}", named(&told));
        Message { subject, text: text(notices), is_urgent: !standing.is_empty() }
    }

    /// The message that shows that a channel works.
    pub fn test(site: &str) -> Message {
        Message {
            subject: format!("simbridge on {site}: test"),
            text: "This is a test of the notices: nothing is wrong.\n".to_owned(),
            is_urgent: false,
        }
    }
}

/// The names of some alarms, each once.
fn named(notices: &[&Notice]) -> String {
    let mut names: Vec<&str> = notices.iter().map(|it| it.alarm.alarm.name.as_str()).collect();
    names.dedup();
    names.sort_unstable();
    names.dedup();
    let more = match names.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    names.truncate(MOST_NAMED);
    format!("{}{more}", names.join(", "))
}

fn text(notices: &[Notice]) -> String {
    let (mut text, mut last, mut left_out) = (String::new(), None, 0);
    for Notice { kind, alarm } in notices {
        let said: String = alarm.alarm.text_with_command().chars().take(MOST_OF_ONE).collect();
        let mut part = String::new();
        if last != Some(kind) {
            let heading = match kind {
                NoticeKind::Raised => "Raised:",
                NoticeKind::Changed => "Changed:",
                NoticeKind::Standing => "Still there:",
                NoticeKind::Ended => "Ended:",
            };
            let _ = writeln!(part, "{}{heading}", if last.is_some() { "\n" } else { "" });
        }
        let _ = writeln!(part, "- {} since {}: {said}", alarm.alarm.name, alarm.raised_at);
        if text.chars().count() + part.chars().count() > MOST_CHARS {
            left_out += 1;
            continue;
        }
        last = Some(kind);
        text += &part;
    }
    if left_out > 0 {
        let _ = writeln!(text, "\nand {left_out} more; `simbridge alarm list` shows all");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::alarm::{Alarm, AlarmName, StandingAlarm};

    fn notice(kind: NoticeKind, name: AlarmName, text: &str) -> Notice {
        let (subject, text) = (String::new(), text.to_owned());
        let alarm = Alarm { name, subject, text, in_shell: None, members: Vec::new() };
        Notice { kind, alarm: StandingAlarm { alarm, raised_at: Timestamp(0), acknowledged: None } }
    }

    #[test]
    fn what_is_raised_comes_first_and_names_the_subject() {
        let notices = [
            notice(NoticeKind::Raised, AlarmName::StockOut, "no number in NL"),
            notice(NoticeKind::Raised, AlarmName::DiskLow, "5 MB are left"),
            notice(NoticeKind::Changed, AlarmName::RentalOffAir, "2 rented SIMs"),
            notice(NoticeKind::Standing, AlarmName::StockOut, "no number in UK"),
            notice(NoticeKind::Ended, AlarmName::SimsDeaf, "8931"),
        ];
        let message = Message::new("rack1", &notices);
        assert_eq!(message.subject, "simbridge on rack1: DiskLow, RentalOffAir, StockOut");
        assert!(message.is_urgent);
        let at = "1970-01-01T00:00:00.000000Z";
        assert_eq!(
            message.text,
            format!(
                "Raised:\n- StockOut since {at}: no number in NL\n- DiskLow since {at}: 5 MB are \
                 left\n\nChanged:\n- RentalOffAir since {at}: 2 rented SIMs\n\nStill \
                 there:\n- StockOut since {at}: no number in UK\n\nEnded:\n- SimsDeaf since \
                 {at}: 8931\n"
            )
        );
    }

    #[test]
    fn of_alarms_that_have_ended_it_says_so() {
        let ended = [notice(NoticeKind::Ended, AlarmName::SimsDeaf, "8931")];
        let message = Message::new("rack1", &ended);
        assert_eq!(message.subject, "simbridge on rack1: ended: SimsDeaf");
        assert!(!message.is_urgent);
    }

    #[test]
    fn a_flood_of_long_alarms_fits_and_is_counted() {
        let long = "é".repeat(1000);
        let notices: Vec<Notice> = (AlarmName::ALL.into_iter())
            .map(|name| notice(NoticeKind::Raised, name, &long))
            .collect();
        let message = Message::new("rack1", &notices);
        assert!(message.text.chars().count() < 4096, "{}", message.text.chars().count());
        let told = message.text.lines().filter(|line| line.starts_with("- ")).count();
        assert!(told > 5, "{}", message.text);
        let rest = format!("and {} more; `simbridge alarm list` shows all\n", notices.len() - told);
        assert!(message.text.ends_with(&rest), "{}", message.text);
        assert!(
            message.subject.ends_with(&format!(" and {} more", AlarmName::ALL.len() - 3)),
            "{}",
            message.subject
        );
    }
}
