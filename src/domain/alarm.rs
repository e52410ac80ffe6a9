//! Alarms: what an operator should act on, and which of them are raised and end over time.

use std::fmt;
use std::str::FromStr;

use super::audit::Person;
use super::text::with_command;
use super::{EndpointId, Iccid, PortName, Timestamp, UnknownWord};

/// What an alarm is about, by the names that the alert rules in `docs/monitoring/alerts.yml` have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlarmName {
    /// A site is not connected.
    SiteDown,
    /// Another process with the key of a site that is connected is not let in.
    SiteRefused,
    /// Another daemon leads than before.
    LeaderChanged,
    /// A modem has not worked for minutes.
    ModemNotReady,
    /// A modem works, but not as it should.
    ModemWarning,
    /// A modem's message store is nearly full.
    StoreNearFull,
    /// Several orders in a row have expired on SIMs without any SMS.
    SimsDeaf,
    /// SIMs are read in two places in turn.
    SimInTwoPlaces,
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
    /// No webhook endpoint takes anything, or some have not for long.
    WebhooksFailing,
}

impl AlarmName {
    /// All names, in the order in which alarms are listed.
    pub const ALL: [AlarmName; 22] = [
        AlarmName::SiteDown,
        AlarmName::SiteRefused,
        AlarmName::LeaderChanged,
        AlarmName::ModemNotReady,
        AlarmName::ModemWarning,
        AlarmName::StoreNearFull,
        AlarmName::SimsDeaf,
        AlarmName::SimInTwoPlaces,
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
            AlarmName::SiteDown => "SiteDown",
            AlarmName::SiteRefused => "SiteRefused",
            AlarmName::LeaderChanged => "LeaderChanged",
            AlarmName::ModemNotReady => "ModemNotReady",
            AlarmName::ModemWarning => "ModemWarning",
            AlarmName::StoreNearFull => "StoreNearFull",
            AlarmName::SimsDeaf => "SimsDeaf",
            AlarmName::SimInTwoPlaces => "SimInTwoPlaces",
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
    /// What of its kind it is about: a site, a port, a bank, a country, a service. Empty where
    /// there is one alarm of the kind for everything.
    pub subject: String,
    /// What is wrong, without a customer's number or text.
    pub text: String,
    /// What tells more in a shell: a clause with the command between backticks. It is not stored
    /// with the alarm, and the console leads to its pages instead.
    pub in_shell: Option<String>,
    /// The things that it is about, such as SIMs, where one alarm stands for several, in an order
    /// of their own. When they are others, it is told again.
    pub members: Vec<String>,
}

/// What an alarm is about, for whoever leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlarmSubject<'a> {
    /// The site as a whole, or something that has no name of its own there.
    Site,
    /// The modem at a port.
    Modem(PortName),
    Bank(&'a str),
    /// The country with this code.
    Country(&'a str),
    /// The service of this name.
    Service(&'a str),
    /// The SIMs with these ICCIDs.
    Sims(Vec<Iccid>),
    /// The webhook endpoints with these ids.
    Endpoints(Vec<EndpointId>),
}

impl Alarm {
    /// Whether both are about the same thing.
    pub fn is_about(&self, other: &Alarm) -> bool {
        (self.name, &self.subject) == (other.name, &other.subject)
    }

    /// What it is about.
    pub fn about(&self) -> AlarmSubject<'_> {
        let subject = self.subject.as_str();
        match self.name {
            AlarmName::ModemNotReady | AlarmName::Undecodable => {
                AlarmSubject::Modem(PortName::from_stored(subject))
            }
            // Behind the port stands which of its warnings or stores it is.
            AlarmName::ModemWarning | AlarmName::StoreNearFull => {
                let port = subject.rsplit_once(' ').map_or(subject, |(port, _)| port);
                AlarmSubject::Modem(PortName::from_stored(port))
            }
            AlarmName::BankTrouble | AlarmName::RentalsUnvisited => AlarmSubject::Bank(subject),
            AlarmName::StockOut | AlarmName::StockRunway if !subject.is_empty() => {
                AlarmSubject::Country(subject)
            }
            AlarmName::FewCodes => AlarmSubject::Service(subject),
            AlarmName::SimsDeaf
            | AlarmName::SimInTwoPlaces
            | AlarmName::NumbersContested
            | AlarmName::RentalOffAir => {
                let iccids = self.members.iter().filter_map(|iccid| iccid.parse().ok());
                AlarmSubject::Sims(iccids.collect())
            }
            AlarmName::WebhooksFailing => {
                let ids = self.members.iter().filter_map(|id| id.parse().ok()).map(EndpointId);
                AlarmSubject::Endpoints(ids.collect())
            }
            AlarmName::SiteDown
            | AlarmName::SiteRefused
            | AlarmName::LeaderChanged
            | AlarmName::StockOut
            | AlarmName::StockRunway
            | AlarmName::ClockDoubted
            | AlarmName::NetworkClockWrong
            | AlarmName::DatabaseFailing
            | AlarmName::DiskLow
            | AlarmName::IdsRunningOut => AlarmSubject::Site,
        }
    }

    /// What is wrong, and what tells more in a shell.
    pub fn text_with_command(&self) -> String {
        match &self.in_shell {
            Some(more) => with_command(&self.text, more),
            None => self.text.clone(),
        }
    }
}

/// That an operator knows of an alarm and takes care of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    pub at: Timestamp,
    /// What is being done, in the operator's words.
    pub note: String,
    /// Who said so. What was acknowledged by an early version has nobody.
    pub by: Option<Person>,
}

/// An alarm that was raised and has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingAlarm {
    /// As it was observed last.
    pub alarm: Alarm,
    pub raised_at: Timestamp,
    /// Set once an operator has acknowledged it.
    pub acknowledged: Option<Acknowledgement>,
}

impl StandingAlarm {
    /// Whether both are the same, raised at the same time.
    pub fn is_same(&self, other: &StandingAlarm) -> bool {
        self.raised_at == other.raised_at && self.alarm.is_about(&other.alarm)
    }
}

/// Why a name and a subject do not say which alarm is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotStanding {
    /// No alarm of this name and subject stands.
    None,
    /// Several of this name do, which are about these subjects.
    Several(Vec<String>),
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
    /// about the same thing the first counts. Returns whether any was raised, has ended, or has
    /// other members.
    pub fn observe(&mut self, observed: Vec<Alarm>, now: Timestamp) -> bool {
        let mut standing: Vec<StandingAlarm> = Vec::with_capacity(observed.len());
        let mut is_changed = false;
        for alarm in observed {
            if standing.iter().any(|known| known.alarm.is_about(&alarm)) {
                continue;
            }
            let known = self.0.iter().find(|known| known.alarm.is_about(&alarm));
            is_changed |= known.is_none_or(|known| known.alarm.members != alarm.members);
            let raised_at = known.map_or(now, |known| known.raised_at);
            let acknowledged = known.and_then(|known| known.acknowledged.clone());
            standing.push(StandingAlarm { alarm, raised_at, acknowledged });
        }
        is_changed |= standing.len() != self.0.len();
        self.0 = standing;
        is_changed
    }

    /// The alarm of a name that is about a subject; of a port the last part of its path is enough.
    /// Without a subject it is the only alarm of the name.
    pub fn find(
        &self,
        name: AlarmName,
        subject: Option<&str>,
    ) -> Result<&StandingAlarm, NotStanding> {
        let is_meant = |known: &&StandingAlarm| {
            let known = known.alarm.subject.as_str();
            let is_it = |wanted| known == wanted || known.rsplit('/').next() == Some(wanted);
            subject.is_none_or(is_it)
        };
        let named = self.0.iter().filter(|known| known.alarm.name == name).filter(is_meant);
        match named.collect::<Vec<_>>().as_slice() {
            [] => Err(NotStanding::None),
            [one] => Ok(one),
            several => {
                let subjects = several.iter().map(|one| one.alarm.subject.clone());
                Err(NotStanding::Several(subjects.collect()))
            }
        }
    }

    /// Notes that an operator has acknowledged an alarm, if it still stands.
    pub fn acknowledge(&mut self, alarm: &StandingAlarm) {
        if let Some(known) = self.0.iter_mut().find(|known| known.is_same(alarm)) {
            known.acknowledged.clone_from(&alarm.acknowledged);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(subject: &str, text: &str) -> Alarm {
        let name = AlarmName::ModemNotReady;
        let (subject, text) = (subject.to_owned(), text.to_owned());
        Alarm { name, subject, text, in_shell: None, members: Vec::new() }
    }

    #[test]
    fn an_alarm_stands_from_the_time_that_it_was_raised_whatever_its_text() {
        let mut alarms = StandingAlarms::default();
        assert!(alarms.observe(vec![alarm("a", "for 5 min"), alarm("a", "twice")], Timestamp(1)));
        assert!(!alarms.observe(vec![alarm("a", "for 6 min")], Timestamp(2)), "nothing changed");
        assert!(alarms.observe(vec![alarm("b", "new"), alarm("a", "for 7 min")], Timestamp(3)));
        let standing = |alarm, at| {
            let raised_at = Timestamp(at);
            StandingAlarm { alarm, raised_at, acknowledged: None }
        };
        let expected = [standing(alarm("b", "new"), 3), standing(alarm("a", "for 7 min"), 1)];
        assert_eq!(alarms.all(), expected);
        assert!(alarms.observe(vec![alarm("a", "for 8 min")], Timestamp(4)), "one has ended");
        assert!(alarms.observe(Vec::new(), Timestamp(5)));
        assert!(alarms.observe(vec![alarm("a", "again")], Timestamp(6)));
        assert_eq!(alarms.all(), [standing(alarm("a", "again"), 6)]);
    }

    #[test]
    fn an_alarm_is_found_by_its_name_and_as_much_of_its_subject_as_tells_it() {
        let mut alarms = StandingAlarms::default();
        alarms.observe(vec![alarm("/dev/a", ""), alarm("/dev/b", "")], Timestamp(1));
        let name = AlarmName::ModemNotReady;
        let subject = |wanted| alarms.find(name, wanted).map(|it| it.alarm.subject.as_str());
        assert_eq!(subject(Some("b")), Ok("/dev/b"));
        assert_eq!(subject(Some("/dev/a")), Ok("/dev/a"));
        assert_eq!(subject(Some("dev")), Err(NotStanding::None));
        let both = vec!["/dev/a".to_owned(), "/dev/b".to_owned()];
        assert_eq!(subject(None), Err(NotStanding::Several(both)));
        assert_eq!(alarms.find(AlarmName::DiskLow, None), Err(NotStanding::None));
        alarms.observe(vec![alarm("/dev/b", "")], Timestamp(2));
        assert!(alarms.find(name, None).is_ok());
    }

    #[test]
    fn an_alarm_stays_acknowledged_until_it_ends() {
        let mut alarms = StandingAlarms::default();
        alarms.observe(vec![alarm("a", "")], Timestamp(1));
        let mut seen = alarms.all()[0].clone();
        seen.acknowledged =
            Some(Acknowledgement { at: Timestamp(2), note: "known".to_owned(), by: None });
        alarms.acknowledge(&seen);
        alarms.observe(vec![alarm("a", "worse")], Timestamp(3));
        assert_eq!(alarms.all()[0].acknowledged, seen.acknowledged);
        alarms.observe(Vec::new(), Timestamp(4));
        alarms.observe(vec![alarm("a", "")], Timestamp(5));
        alarms.acknowledge(&seen);
        assert_eq!(alarms.all()[0].acknowledged, None, "another time");
    }

    #[test]
    fn one_that_is_about_other_things_is_a_change_and_goes_on() {
        let mut alarms = StandingAlarms::default();
        let of = |members: &[&str]| {
            let members = members.iter().map(ToString::to_string).collect();
            vec![Alarm { members, ..alarm("", "deaf") }]
        };
        assert!(alarms.observe(of(&["8931"]), Timestamp(1)));
        assert!(!alarms.observe(of(&["8931"]), Timestamp(2)));
        assert!(alarms.observe(of(&["8931", "8932"]), Timestamp(3)));
        assert_eq!(alarms.all()[0].raised_at, Timestamp(1));
        assert_eq!(alarms.all()[0].alarm.members, ["8931", "8932"]);
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
