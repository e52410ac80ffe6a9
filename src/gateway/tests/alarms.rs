//! Alarms over time: across restarts, and while the database cannot be written.

use super::*;
use crate::domain::alarm::{Alarm, AlarmName};

fn alarm(subject: &str) -> Alarm {
    let text = format!("{subject} does not work");
    Alarm { name: AlarmName::ModemNotReady, subject: subject.to_owned(), text }
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
            .map(|it| (it.alarm.subject, second(it.raised_at), second(it.ended_at.unwrap())))
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
