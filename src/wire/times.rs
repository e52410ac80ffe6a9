//! Times of one clock in terms of another: what travels is how long before or after the writing of
//! its frame something is. Both clocks may be wrong, and may be wrong by different amounts.

use serde::{Deserialize, Serialize};

use super::words::{Answer, Question, Report};
use crate::domain::Timestamp;

/// A time as it travels: microseconds from the writing of its frame, negative for what is past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(i64);

impl Offset {
    /// How far a time is from `now`, at which its frame is written.
    pub fn from_time(time: Timestamp, now: Timestamp) -> Offset {
        Offset(time.0.saturating_sub(now.0))
    }

    /// The time by a clock that shows `now`, at which the frame has come.
    pub fn to_time(self, now: Timestamp) -> Timestamp {
        Timestamp(now.0.saturating_add(self.0))
    }
}

impl<T> Question<T> {
    /// The same question in another kind of time.
    pub fn map_time<U>(self, convert: impl Fn(T) -> U) -> Question<U> {
        match self {
            Question::RecordIdentity { modem, others, sim } => {
                Question::RecordIdentity { modem, others, sim }
            }
            Question::RecordEmptiedStore { modem, iccid } => {
                Question::RecordEmptiedStore { modem, iccid }
            }
            Question::PermitPin { modem, iccid, only_if_accepted } => {
                Question::PermitPin { modem, iccid, only_if_accepted }
            }
            Question::RecordAcceptedPin { modem, iccid } => {
                Question::RecordAcceptedPin { modem, iccid }
            }
            Question::Store(received) => Question::Store(received),
            Question::ReadSlots { bank } => Question::ReadSlots { bank },
            Question::SaveSlot { bank, record } => {
                Question::SaveSlot { bank, record: record.map_time(convert) }
            }
            Question::SaveSwitch(record) => Question::SaveSwitch(record.map_time(convert)),
            Question::ReadDemands { sims } => Question::ReadDemands { sims },
            Question::Release { iccid } => Question::Release { iccid },
        }
    }
}

impl<T> Answer<T> {
    /// The same answer in another kind of time.
    pub fn map_time<U>(self, convert: impl Fn(T) -> U + Copy) -> Answer<U> {
        match self {
            Answer::Done => Answer::Done,
            Answer::Owner(owner) => Answer::Owner(owner),
            Answer::Pin(permission) => Answer::Pin(permission),
            Answer::Slots(records) => {
                let records = records.into_iter().map(|record| record.map_time(convert));
                Answer::Slots(records.collect())
            }
            Answer::Demands(demands) => {
                let demands = demands.into_iter().map(|demand| demand.map_time(convert));
                Answer::Demands(demands.collect())
            }
            Answer::Released(granted) => Answer::Released(granted),
        }
    }
}

impl<T> Report<T> {
    /// The same report in another kind of time.
    pub fn map_time<U>(self, convert: impl Fn(T) -> U + Copy) -> Report<U> {
        match self {
            Report::Port { snapshot, age } => Report::Port { snapshot, age },
            Report::PortRemoved(port) => Report::PortRemoved(port),
            Report::Bank(report) => Report::Bank(report.map_time(convert)),
            Report::BankGone(bank) => Report::BankGone(bank),
            Report::Reclaimed(iccid) => Report::Reclaimed(iccid),
            Report::PinNotEntered(number) => Report::PinNotEntered(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::bank::{SlotContents, SlotDemand, SlotRecord, SwitchTrigger};

    const SECOND: i64 = 1_000_000;

    #[test]
    fn a_time_is_as_long_ago_by_the_receivers_clock_as_it_was_by_the_senders() {
        let (site, centre) = (Timestamp(1_000 * SECOND), Timestamp(50_000 * SECOND));
        for (there, here) in [(990, 49_990), (1_000, 50_000), (1_300, 50_300)] {
            let offset = Offset::from_time(Timestamp(there * SECOND), site);
            assert_eq!(offset.to_time(centre), Timestamp(here * SECOND));
        }
        let far = Offset::from_time(Timestamp(i64::MIN), site);
        assert_eq!(far.to_time(Timestamp(-5)), Timestamp(i64::MIN));
    }

    #[test]
    fn the_times_in_slots_and_demands_are_converted() {
        let record = SlotRecord {
            slot: 3,
            contents: SlotContents::Empty,
            visited_at: Some(Timestamp(40 * SECOND)),
        };
        let question = Question::SaveSlot { bank: "rack1".to_owned(), record: record.clone() };
        let sent = question.clone().map_time(|time| Offset::from_time(time, Timestamp(0)));
        let received = sent.map_time(|offset| offset.to_time(Timestamp(60 * SECOND)));
        let later = SlotRecord { visited_at: Some(Timestamp(100 * SECOND)), ..record };
        assert_eq!(received, Question::SaveSlot { bank: "rack1".to_owned(), record: later });

        let demand = SlotDemand {
            iccid: "8931040000000000018".parse().unwrap(),
            held: true,
            collecting: false,
            trigger: Some(SwitchTrigger::Order { until: Timestamp(9 * SECOND) }),
            rented: true,
        };
        let answer = Answer::Demands(vec![demand.clone()]);
        let moved = answer.map_time(|time| Offset::from_time(time, Timestamp(10 * SECOND)));
        let trigger = Some(SwitchTrigger::Order { until: Offset(-SECOND) });
        let expected = SlotDemand {
            iccid: demand.iccid,
            held: true,
            collecting: false,
            trigger,
            rented: true,
        };
        assert_eq!(moved, Answer::Demands(vec![expected]));
    }
}
