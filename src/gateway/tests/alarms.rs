//! Alarms over time: across restarts, and while the database cannot be written.

use super::*;
use crate::domain::alarm::{Alarm, AlarmName, StandingAlarm};
use crate::domain::audit::Person;
use crate::domain::login::LoginName;
use crate::domain::notice::{NoticeKind, NoticeTimes};

fn alarm(subject: &str) -> Alarm {
    let text = format!("{subject} does not work");
    let (name, subject) = (AlarmName::ModemNotReady, subject.to_owned());
    Alarm { name, subject, text, in_shell: None, members: Vec::new() }
}

impl Fixture {
    async fn observe(&self, subjects: &[&str]) {
        let observed = subjects.iter().map(|subject| alarm(subject)).collect();
        self.gateway.alarms().observe(observed).await.unwrap();
    }

    fn standing(&self) -> Vec<(String, i64)> {
        let standing = self.gateway.alarms().standing().into_iter();
        let second = |at: Timestamp| (at.0 - START_US) / SECOND_US;
        standing.map(|it| (it.alarm.subject, second(it.raised_at))).collect()
    }

    /// The alarms that have ended, with the seconds of their beginnings and ends.
    async fn ended(&self) -> Vec<(String, i64, i64)> {
        let ended = self.gateway.alarms().ended(RowLimit::ALL).await.unwrap().into_iter();
        let second = |at: Timestamp| (at.0 - START_US) / SECOND_US;
        ended
            .map(|it| {
                let LoggedAlarm { standing, ended_at } = it;
                let (raised, ended) = (second(standing.raised_at), second(ended_at.unwrap()));
                (standing.alarm.subject, raised, ended)
            })
            .collect()
    }
}

#[tokio::test]
async fn an_alarm_stands_over_a_restart_and_its_end_is_kept_for_ninety_days() {
    let mut fixture = Fixture::open().await;
    fixture.observe(&["a", "b"]).await;
    fixture.pass(10);
    fixture.restart().await;
    assert_eq!(fixture.standing(), [("a".to_owned(), 0), ("b".to_owned(), 0)]);
    fixture.observe(&["b", "c"]).await;
    assert_eq!(fixture.standing(), [("b".to_owned(), 0), ("c".to_owned(), 10)]);
    assert_eq!(fixture.ended().await, [("a".to_owned(), 0, 10)]);
    fixture.pass(90 * 24 * 3600);
    fixture.observe(&["b"]).await;
    let last = 10 + 90 * 24 * 3600;
    assert_eq!(fixture.ended().await, [("c".to_owned(), 10, last), ("a".to_owned(), 0, 10)]);
    fixture.pass(1);
    fixture.observe(&[]).await;
    let expected = [("b".to_owned(), 0, last + 1), ("c".to_owned(), 10, last)];
    assert_eq!(fixture.ended().await, expected, "a's end is longer ago");
    assert_eq!(fixture.standing(), []);
}

#[tokio::test]
async fn what_cannot_be_saved_stands_in_memory_and_is_saved_later() {
    let fixture = Fixture::open().await;
    fixture.gateway.0.env.store.close().await;
    fixture.gateway.alarms().observe(vec![alarm("a")]).await.unwrap_err();
    assert_eq!(fixture.standing(), [("a".to_owned(), 0)]);
    fixture.pass(5);
    let again = fixture.gateway.alarms().observe(vec![alarm("a")]).await;
    assert!(again.is_err(), "it is tried again, although nothing has changed");
    assert_eq!(fixture.standing(), [("a".to_owned(), 0)]);
}

#[tokio::test]
async fn an_acknowledged_alarm_is_told_again_when_it_has_ended_and_its_note_is_kept() {
    let mut fixture = Fixture::open().await;
    let times = NoticeTimes { after: Duration::ZERO, repeat: Some(Duration::from_secs(60)) };
    let due = |fixture: &Fixture| {
        let (due, next) =
            fixture.gateway.alarms().due_notices("mail", times, fixture.gateway.now());
        (due.iter().map(|notice| notice.kind.as_str()).collect::<Vec<_>>(), next)
    };
    fixture.observe(&["/dev/a", "/dev/b"]).await;
    let (first, _) = fixture.gateway.alarms().due_notices("mail", times, fixture.gateway.now());
    fixture.gateway.alarms().note_told("mail", &first).await.unwrap();
    let acknowledge = async |fixture: &Fixture, name: &str, subject: Option<&str>, note: &str| {
        let done = fixture.gateway.alarms().acknowledge(name, subject, note).await;
        done.map(|alarm| alarm.alarm.subject).map_err(|error| error.to_string())
    };
    let several = acknowledge(&fixture, "modem-not-ready", None, "known").await.unwrap_err();
    assert!(several.contains("say about which: /dev/a, /dev/b"), "{several}");
    for (name, subject, note, word) in [
        ("ModemOff", None, "known", "no alarm is called ModemOff; there are SiteDown,"),
        ("DiskLow", None, "known", "no alarm DiskLow stands"),
        ("ModemNotReady", Some("c"), "known", "no alarm ModemNotReady about c stands"),
        ("ModemNotReady", Some("a"), " ", "write a word"),
        ("ModemNotReady", Some("a"), "two\nlines", "one line of at most 200 characters"),
    ] {
        let refused = acknowledge(&fixture, name, subject, note).await.unwrap_err();
        assert!(refused.contains(word), "{refused}");
    }
    let ann = Person::Login(LoginName::from_stored("ann".to_owned()));
    let acknowledged = acknowledge(&fixture, "ModemNotReady", Some("a"), " ordered a new one ");
    let done = on_behalf_of(ann.clone(), acknowledged).await;
    assert_eq!(done, Ok("/dev/a".to_owned()));
    fixture.restart().await;
    fixture.observe(&["/dev/a", "/dev/b"]).await;
    fixture.pass(3600);
    assert_eq!(due(&fixture).0, ["standing"], "of the other");
    let standing = fixture.gateway.alarms().standing();
    let note = |it: &StandingAlarm| it.acknowledged.as_ref().map(|it| it.note.clone());
    assert_eq!(note(&standing[0]), Some("ordered a new one".to_owned()));
    let by = |it: &StandingAlarm| it.acknowledged.as_ref().and_then(|it| it.by.clone());
    assert_eq!(by(&standing[0]), Some(ann.clone()));
    fixture.observe(&["/dev/b"]).await;
    assert_eq!(due(&fixture).0, ["standing", "ended"]);
    let ended = fixture.gateway.alarms().ended(RowLimit::ALL).await.unwrap();
    assert_eq!(note(&ended[0].standing), Some("ordered a new one".to_owned()));
    assert_eq!(by(&ended[0].standing), Some(ann));
    let audit = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let last = audit.last().unwrap();
    assert_eq!(
        (last.action.as_str(), last.subject.as_str()),
        ("acknowledged", "alarm ModemNotReady of /dev/a")
    );
}

#[tokio::test]
async fn of_what_an_alarm_was_told_is_known_after_a_restart() {
    let mut fixture = Fixture::open().await;
    let times = NoticeTimes { after: Duration::ZERO, repeat: None };
    let of = |members: &[&str]| {
        let members = members.iter().map(ToString::to_string).collect();
        vec![Alarm { members, ..alarm("") }]
    };
    let due = |fixture: &Fixture| {
        let (due, _) = fixture.gateway.alarms().due_notices("mail", times, fixture.gateway.now());
        due.into_iter().map(|it| (it.kind, it.alarm.alarm.members)).collect::<Vec<_>>()
    };
    let both = ["8931", "8932"].map(str::to_owned).to_vec();
    fixture.gateway.alarms().observe(of(&["8931", "8932"])).await.unwrap();
    assert_eq!(due(&fixture), [(NoticeKind::Raised, both.clone())]);
    let (told, _) = fixture.gateway.alarms().due_notices("mail", times, fixture.gateway.now());
    fixture.gateway.alarms().note_told("mail", &told).await.unwrap();
    fixture.pass(600);
    fixture.restart().await;
    assert_eq!(due(&fixture), [], "nothing has changed");
    fixture.gateway.alarms().observe(of(&["8932"])).await.unwrap();
    fixture.restart().await;
    assert_eq!(due(&fixture), [(NoticeKind::Changed, vec!["8932".to_owned()])]);
}
