//! Notices: when an operator is told of an alarm over one of the channels, and when again.

use std::time::Duration;

use super::Timestamp;
use super::alarm::StandingAlarm;

/// One whose members change is told again after so much time at the earliest, so that SIMs which
/// come and go do not make a notice each.
const BETWEEN_CHANGES: Duration = Duration::from_secs(300);

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
    /// The alarm was raised.
    Raised,
    /// It was told before, and is about other things now, such as one more SIM.
    Changed,
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
            NoticeKind::Changed => "changed",
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

impl ToldAlarm {
    /// From when on it is to be told that the alarm is about other things, if it is.
    fn change_due(&self, now: &StandingAlarm, times: NoticeTimes) -> Option<Timestamp> {
        let is_other = self.alarm.alarm.members != now.alarm.members;
        is_other.then(|| self.told_at.plus(times.after.max(BETWEEN_CHANGES)))
    }
}

/// What a receiver of a channel knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToldAlarms(pub Vec<ToldAlarm>);

impl ToldAlarms {
    /// What is to be told now of the alarms that stand: first what was raised, then what is about
    /// other things. Of one that an operator has acknowledged only the end is told, where it was
    /// told before.
    pub fn due(
        &self,
        standing: &[StandingAlarm],
        times: NoticeTimes,
        now: Timestamp,
    ) -> Vec<Notice> {
        let notice = |kind, alarm: &StandingAlarm| Notice { kind, alarm: alarm.clone() };
        let (mut raised, mut changed, mut again) = (Vec::new(), Vec::new(), Vec::new());
        for alarm in standing.iter().filter(|alarm| alarm.acknowledged.is_none()) {
            match self.0.iter().find(|told| told.alarm.is_same(alarm)) {
                None if now.since(alarm.raised_at) >= times.after => {
                    raised.push(notice(NoticeKind::Raised, alarm));
                }
                Some(told) if told.change_due(alarm, times).is_some_and(|due| due <= now) => {
                    changed.push(notice(NoticeKind::Changed, alarm));
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
        raised.into_iter().chain(changed).chain(again).chain(ended).collect()
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
                Some(told) => {
                    let again = times.repeat.map(|time| told.told_at.plus(time));
                    again.into_iter().chain(told.change_due(alarm, times)).min()
                }
            };
        standing.iter().filter(|it| it.acknowledged.is_none()).filter_map(of_one).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alarm::{Acknowledgement, Alarm, AlarmName};

    const TIMES: NoticeTimes =
        NoticeTimes { after: Duration::from_secs(60), repeat: Some(Duration::from_secs(3600)) };

    fn at(seconds: u64) -> Timestamp {
        Timestamp(0).plus(Duration::from_secs(seconds))
    }

    fn alarm(subject: &str, raised: u64) -> StandingAlarm {
        let (name, text) = (AlarmName::ModemNotReady, "x".to_owned());
        let subject = subject.to_owned();
        let alarm = Alarm { name, subject, text, in_shell: None, members: Vec::new() };
        StandingAlarm { alarm, raised_at: at(raised), acknowledged: None }
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
    fn of_an_acknowledged_one_only_the_end_is_told_and_only_where_it_was_told_before() {
        let mut told = ToldAlarms::default();
        let (mut a, mut b) = (alarm("a", 0), alarm("b", 30));
        assert_eq!(tell(&mut told, std::slice::from_ref(&a), 60), ["raised a"]);
        let acknowledged = Some(Acknowledgement { at: at(61), note: "known".to_owned(), by: None });
        a.acknowledged.clone_from(&acknowledged);
        b.acknowledged = acknowledged;
        assert_eq!(tell(&mut told, &[a.clone(), b.clone()], 9000), [""; 0]);
        assert_eq!(told.next_due(&[a, b], TIMES), None);
        assert_eq!(tell(&mut told, &[], 9001), ["ended a"]);
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
    fn one_that_is_about_another_sim_is_told_again_but_not_for_each_that_comes_and_goes() {
        let mut told = ToldAlarms::default();
        let of = |members: &[&str]| {
            let mut alarm = alarm("", 0);
            alarm.alarm.members = members.iter().map(ToString::to_string).collect();
            [alarm]
        };
        assert_eq!(tell(&mut told, &of(&["8931"]), 60), ["raised "]);
        let both = of(&["8931", "8932"]);
        assert_eq!(tell(&mut told, &both, 61), [""; 0]);
        assert_eq!(told.next_due(&both, TIMES), Some(at(360)));
        assert_eq!(tell(&mut told, &of(&["8931"]), 360), [""; 0], "it has come and gone");
        assert_eq!(told.next_due(&of(&["8931"]), TIMES), Some(at(3660)));
        assert_eq!(tell(&mut told, &both, 400), ["changed "]);
        assert_eq!(tell(&mut told, &both, 1000), [""; 0], "once");
        assert_eq!(tell(&mut told, &of(&["8932", "8933"]), 1000), ["changed "], "as many, others");
        assert_eq!(tell(&mut told, &[], 1001), ["ended "]);
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
