//! Notices: when an operator is told of an alarm over one of the channels, and when again.

use std::time::Duration;

use super::Timestamp;
use super::alarm::StandingAlarm;

/// When the alarms are told over a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeTimes {
    /// An alarm that ends before it has stood for so long is not told at all.
    pub after: Duration,
    /// One that still stands is told again whenever so much time has passed; `None`: it is not.
    pub repeat: Option<Duration>,
}

/// What a notice says of an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeKind {
    /// It was raised.
    Raised,
    /// It was told before and still stands.
    Standing,
    /// It was told before and has ended.
    Ended,
}

impl NoticeKind {
    /// The word in notices and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            NoticeKind::Raised => "raised",
            NoticeKind::Standing => "standing",
            NoticeKind::Ended => "ended",
        }
    }
}

/// One alarm that is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub kind: NoticeKind,
    pub alarm: StandingAlarm,
}

/// An alarm that was told over a channel and whose end was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldAlarm {
    /// As it was told last.
    pub alarm: StandingAlarm,
    pub told_at: Timestamp,
}

/// What the receivers of a channel know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToldAlarms(pub Vec<ToldAlarm>);

impl ToldAlarms {
    /// What is to be told now of the alarms that stand: first what was raised.
    pub fn due(
        &self,
        standing: &[StandingAlarm],
        times: NoticeTimes,
        now: Timestamp,
    ) -> Vec<Notice> {
        let notice = |kind, alarm: &StandingAlarm| Notice { kind, alarm: alarm.clone() };
        let (mut raised, mut again) = (Vec::new(), Vec::new());
        for alarm in standing {
            match self.0.iter().find(|told| told.alarm.is_same(alarm)) {
                None if now.since(alarm.raised_at) >= times.after => {
                    raised.push(notice(NoticeKind::Raised, alarm));
                }
                Some(told) if times.repeat.is_some_and(|time| now.since(told.told_at) >= time) => {
                    again.push(notice(NoticeKind::Standing, alarm));
                }
                _ => {}
            }
        }
        let has_ended = |told: &&ToldAlarm| !standing.iter().any(|it| it.is_same(&told.alarm));
        let ended = self.0.iter().filter(has_ended);
        let ended = ended.map(|told| notice(NoticeKind::Ended, &told.alarm));
        raised.into_iter().chain(again).chain(ended).collect()
    }

    /// Notes what was told.
    pub fn note(&mut self, notices: &[Notice], now: Timestamp) {
        for Notice { kind, alarm } in notices {
            self.0.retain(|told| !told.alarm.is_same(alarm));
            if *kind != NoticeKind::Ended {
                self.0.push(ToldAlarm { alarm: alarm.clone(), told_at: now });
            }
        }
    }

    /// When something of alarms that go on standing becomes due next.
    pub fn next_due(&self, standing: &[StandingAlarm], times: NoticeTimes) -> Option<Timestamp> {
        let of_one =
            |alarm: &StandingAlarm| match self.0.iter().find(|told| told.alarm.is_same(alarm)) {
                None => Some(alarm.raised_at.plus(times.after)),
                Some(told) => times.repeat.map(|time| told.told_at.plus(time)),
            };
        standing.iter().filter_map(of_one).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alarm::{Alarm, AlarmName};

    const TIMES: NoticeTimes =
        NoticeTimes { after: Duration::from_secs(60), repeat: Some(Duration::from_secs(3600)) };

    fn at(seconds: u64) -> Timestamp {
        Timestamp(0).plus(Duration::from_secs(seconds))
    }

    fn alarm(subject: &str, raised: u64) -> StandingAlarm {
        let subject = subject.to_owned();
        let alarm = Alarm { name: AlarmName::ModemNotReady, subject, text: "x".to_owned() };
        StandingAlarm { alarm, raised_at: at(raised) }
    }

    fn tell(told: &mut ToldAlarms, standing: &[StandingAlarm], now: u64) -> Vec<String> {
        let due = told.due(standing, TIMES, at(now));
        told.note(&due, at(now));
        due.iter().map(|n| format!("{} {}", n.kind.as_str(), n.alarm.alarm.subject)).collect()
    }

    #[test]
    fn an_alarm_is_told_when_it_lasts_again_while_it_stands_and_when_it_has_ended() {
        let mut told = ToldAlarms::default();
        let (a, b) = (alarm("a", 0), alarm("b", 30));
        assert_eq!(tell(&mut told, std::slice::from_ref(&a), 59), [""; 0]);
        assert_eq!(tell(&mut told, &[a.clone(), b.clone()], 60), ["raised a"]);
        assert_eq!(told.next_due(&[a.clone(), b.clone()], TIMES), Some(at(90)));
        assert_eq!(tell(&mut told, std::slice::from_ref(&a), 89), [""; 0], "b was never told");
        assert_eq!(told.next_due(std::slice::from_ref(&a), TIMES), Some(at(3660)));
        assert_eq!(tell(&mut told, std::slice::from_ref(&a), 3660), ["standing a"]);
        assert_eq!(tell(&mut told, &[], 3661), ["ended a"]);
        assert_eq!(tell(&mut told, &[], 3662), [""; 0]);
        assert_eq!(told, ToldAlarms::default());
    }

    #[test]
    fn one_that_ended_and_was_raised_again_is_told_as_ended_and_later_as_raised() {
        let mut told = ToldAlarms::default();
        tell(&mut told, &[alarm("a", 0)], 60);
        let again = alarm("a", 100);
        assert_eq!(tell(&mut told, std::slice::from_ref(&again), 100), ["ended a"]);
        assert_eq!(tell(&mut told, std::slice::from_ref(&again), 160), ["raised a"]);
    }

    #[test]
    fn without_a_time_to_repeat_it_is_told_once() {
        let mut told = ToldAlarms::default();
        let times = NoticeTimes { repeat: None, ..TIMES };
        let standing = [alarm("a", 0)];
        let due = told.due(&standing, times, at(60));
        told.note(&due, at(60));
        assert_eq!(told.due(&standing, times, at(1_000_000)), []);
        assert_eq!(told.next_due(&standing, times), None);
    }
}
