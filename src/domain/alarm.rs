//! Alarms: what an operator should act on, and which of them are raised and end over time.

use std::fmt;
use std::str::FromStr;

use super::{Timestamp, UnknownWord};

/// What an alarm is about, by the names that the alert rules in `docs/monitoring/alerts.yml` have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlarmName {
    /// A modem has not worked for minutes.
    ModemNotReady,
    /// A modem works, but not as it should.
    ModemWarning,
    /// A modem's message store is nearly full.
    StoreNearFull,
    /// SIMs receive nothing.
    SimsDeaf,
    /// Several SIMs claim one number.
    NumbersContested,
    /// Services have no number left.
    StockOut,
    /// The numbers of services will soon be used up.
    StockRunway,
    /// Few orders of a service get their code.
    FewCodes,
    /// A PDU could not be decoded.
    Undecodable,
    /// A SIM bank does not work as it should.
    BankTrouble,
    /// Rented SIMs in a bank are overdue for a visit.
    RentalsUnvisited,
    /// Rented SIMs are off the air.
    RentalOffAir,
    /// This machine's clock may be wrong.
    ClockDoubted,
    /// The clock of a service centre may be wrong.
    NetworkClockWrong,
    /// The database cannot be written, or too slowly.
    DatabaseFailing,
    /// Little room is left on the database's disk.
    DiskLow,
    /// The ids of orders or rentals will be used up.
    IdsRunningOut,
    /// No webhook endpoint takes anything.
    WebhooksFailing,
}

impl AlarmName {
    /// All of them.
    pub const ALL: [AlarmName; 18] = [
        AlarmName::ModemNotReady,
        AlarmName::ModemWarning,
        AlarmName::StoreNearFull,
        AlarmName::SimsDeaf,
        AlarmName::NumbersContested,
        AlarmName::StockOut,
        AlarmName::StockRunway,
        AlarmName::FewCodes,
        AlarmName::Undecodable,
        AlarmName::BankTrouble,
        AlarmName::RentalsUnvisited,
        AlarmName::RentalOffAir,
        AlarmName::ClockDoubted,
        AlarmName::NetworkClockWrong,
        AlarmName::DatabaseFailing,
        AlarmName::DiskLow,
        AlarmName::IdsRunningOut,
        AlarmName::WebhooksFailing,
    ];

    /// The word in commands, notices and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            AlarmName::ModemNotReady => "ModemNotReady",
            AlarmName::ModemWarning => "ModemWarning",
            AlarmName::StoreNearFull => "StoreNearFull",
            AlarmName::SimsDeaf => "SimsDeaf",
            AlarmName::NumbersContested => "NumbersContested",
            AlarmName::StockOut => "StockOut",
            AlarmName::StockRunway => "StockRunway",
            AlarmName::FewCodes => "FewCodes",
            AlarmName::Undecodable => "Undecodable",
            AlarmName::BankTrouble => "BankTrouble",
            AlarmName::RentalsUnvisited => "RentalsUnvisited",
            AlarmName::RentalOffAir => "RentalOffAir",
            AlarmName::ClockDoubted => "ClockDoubted",
            AlarmName::NetworkClockWrong => "NetworkClockWrong",
            AlarmName::DatabaseFailing => "DatabaseFailing",
            AlarmName::DiskLow => "DiskLow",
            AlarmName::IdsRunningOut => "IdsRunningOut",
            AlarmName::WebhooksFailing => "WebhooksFailing",
        }
    }
}

impl fmt::Display for AlarmName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AlarmName {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<AlarmName, UnknownWord> {
        AlarmName::ALL.into_iter().find(|name| name.as_str() == text).ok_or(UnknownWord)
    }
}

/// Something that an operator should act on, as it is at one moment. Name and subject say which
/// alarm it is, however its text changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    pub name: AlarmName,
    /// What of its kind it is about: a port, a bank, a country, a service. Empty where there is one
    /// alarm of the kind for the whole site.
    pub subject: String,
    /// What is wrong and what to do, without a customer's number or text.
    pub text: String,
}

impl Alarm {
    /// Whether both are about the same thing.
    pub fn is_about(&self, other: &Alarm) -> bool {
        (self.name, &self.subject) == (other.name, &other.subject)
    }
}

/// An alarm that was raised and has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingAlarm {
    /// As it was observed last.
    pub alarm: Alarm,
    pub raised_at: Timestamp,
}

impl StandingAlarm {
    /// Whether both are the same, raised at the same time.
    pub fn is_same(&self, other: &StandingAlarm) -> bool {
        self.raised_at == other.raised_at && self.alarm.is_about(&other.alarm)
    }
}

/// The alarms that stand.
#[derive(Debug, Clone, Default)]
pub struct StandingAlarms(Vec<StandingAlarm>);

impl StandingAlarms {
    /// Goes on with those that stood before a restart.
    pub fn from_stored(standing: Vec<StandingAlarm>) -> StandingAlarms {
        StandingAlarms(standing)
    }

    /// All of them, in the order in which they were observed last.
    pub fn all(&self) -> &[StandingAlarm] {
        &self.0
    }

    /// Takes what is wrong now: what is new is raised, and what is not among it has ended. Of two
    /// about the same thing the first counts. Returns whether any was raised or has ended.
    pub fn observe(&mut self, observed: Vec<Alarm>, now: Timestamp) -> bool {
        let mut standing: Vec<StandingAlarm> = Vec::with_capacity(observed.len());
        let mut is_changed = false;
        for alarm in observed {
            if standing.iter().any(|known| known.alarm.is_about(&alarm)) {
                continue;
            }
            let known = self.0.iter().find(|known| known.alarm.is_about(&alarm));
            is_changed |= known.is_none();
            let raised_at = known.map_or(now, |known| known.raised_at);
            standing.push(StandingAlarm { alarm, raised_at });
        }
        is_changed |= standing.len() != self.0.len();
        self.0 = standing;
        is_changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(subject: &str, text: &str) -> Alarm {
        let name = AlarmName::ModemNotReady;
        Alarm { name, subject: subject.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn an_alarm_stands_from_the_time_that_it_was_raised_whatever_its_text() {
        let mut alarms = StandingAlarms::default();
        assert!(alarms.observe(vec![alarm("a", "for 5 min"), alarm("a", "twice")], Timestamp(1)));
        assert!(!alarms.observe(vec![alarm("a", "for 6 min")], Timestamp(2)), "nothing changed");
        assert!(alarms.observe(vec![alarm("b", "new"), alarm("a", "for 7 min")], Timestamp(3)));
        let standing = |alarm, at| StandingAlarm { alarm, raised_at: Timestamp(at) };
        let expected = [standing(alarm("b", "new"), 3), standing(alarm("a", "for 7 min"), 1)];
        assert_eq!(alarms.all(), expected);
        assert!(alarms.observe(vec![alarm("a", "for 8 min")], Timestamp(4)), "one has ended");
        assert!(alarms.observe(Vec::new(), Timestamp(5)));
        assert!(alarms.observe(vec![alarm("a", "again")], Timestamp(6)));
        assert_eq!(alarms.all(), [standing(alarm("a", "again"), 6)]);
    }

    #[test]
    fn one_that_ends_as_another_is_raised_is_a_change() {
        let mut alarms = StandingAlarms::default();
        alarms.observe(vec![alarm("a", "")], Timestamp(1));
        assert!(alarms.observe(vec![alarm("b", "")], Timestamp(2)));
        assert_eq!(alarms.all().len(), 1);
    }

    #[test]
    fn each_name_is_read_as_it_is_written() {
        for name in AlarmName::ALL {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        assert_eq!("modemNotReady".parse::<AlarmName>(), Err(UnknownWord));
    }
}
