//! Figures over time: condensed, over restarts and outages, and never more than so many.

use super::*;
use crate::domain::sample::{ChartRange, Figures, SampleSpan, SampleTopic, beginning};

const MINUTE: Duration = Duration::from_secs(60);

impl Fixture {
    /// Samples the minute that has just passed, in which so many messages were received.
    async fn sample(&self, received: f64) {
        let at = beginning(self.gateway.now(), MINUTE).minus(MINUTE);
        let figures = Figures::from([("received".to_owned(), received)]);
        let counted = [(SampleTopic::Messages, figures)].into();
        self.gateway.samples().record(at, counted).await.unwrap();
    }

    async fn received(&self, range: ChartRange) -> Vec<Option<f64>> {
        let timeline = self.gateway.samples().timeline(SampleTopic::Messages, range).await;
        timeline.unwrap().figure("received")
    }

    async fn samples_of(&self, span: SampleSpan) -> usize {
        let (from, to) = (Timestamp(0), Timestamp(i64::MAX));
        let read = self.gateway.0.env.store.read(move |rows| {
            Ok::<_, StoreError>(rows.samples(SampleTopic::Messages, span, from, to)?.len())
        });
        read.await.unwrap()
    }
}

#[tokio::test]
async fn charts_survive_a_restart_and_show_the_time_without_the_daemon() {
    let mut fixture = Fixture::open().await;
    fixture.pass(3600 - (START_US / SECOND_US) % 3600);
    for minute in 1..=95 {
        fixture.pass(60);
        fixture.sample(f64::from(minute % 10)).await;
    }
    fixture.pass(3 * 3600);
    fixture.restart().await;
    for _ in 0..13 {
        fixture.pass(60);
        fixture.sample(2.0).await;
    }
    // Now it is 4:48, and the last step ends at 4:50.
    let day = fixture.received(ChartRange::Day).await;
    assert_eq!(day.len(), 144);
    let from_end = |steps: usize| day[144 - steps];
    // The daemon ran from 0:00 to 1:35, and from 4:35 on.
    assert_eq!((from_end(1), from_end(2), from_end(3)), (Some(2.0), Some(2.0), None));
    let before = 20;
    assert_eq!(from_end(before), Some(3.0), "1, 2, 3, 4 and 5");
    assert_eq!(from_end(before + 1), Some(4.5), "means of whole ten minutes");
    assert_eq!(from_end(before + 9), Some(4.5));
    assert_eq!(from_end(before + 10), None, "before the first");
    let hour = fixture.received(ChartRange::Hour).await;
    assert_eq!((hour.len(), hour.iter().flatten().count()), (60, 13));
    let week = fixture.received(ChartRange::Week).await;
    assert_eq!(week.iter().flatten().count(), 3, "0:00, 1:00 and 4:00");
    assert_eq!(fixture.samples_of(SampleSpan::TenMinutes).await, 9 + 2);
}

#[tokio::test]
async fn samples_are_condensed_and_their_number_is_bounded() {
    let fixture = Fixture::open().await;
    fixture.pass(3600 - (START_US / SECOND_US) % 3600);
    for _ in 0..52 * 60 {
        fixture.pass(60);
        fixture.sample(1.0).await;
    }
    let counts = [
        fixture.samples_of(SampleSpan::Minute).await,
        fixture.samples_of(SampleSpan::TenMinutes).await,
        fixture.samples_of(SampleSpan::Hour).await,
    ];
    assert_eq!(counts, [48 * 60, 52 * 6, 52]);
    fixture.pass(13 * 24 * 3600);
    fixture.sample(1.0).await;
    let (minutes, tens) = (
        fixture.samples_of(SampleSpan::Minute).await,
        fixture.samples_of(SampleSpan::TenMinutes).await,
    );
    assert_eq!((minutes, tens), (1, 24 * 6 + 1));
    fixture.pass(401 * 24 * 3600);
    fixture.sample(1.0).await;
    assert_eq!(fixture.samples_of(SampleSpan::Hour).await, 1, "of the last sample");
}

#[tokio::test]
async fn the_signal_of_a_modem_is_known_for_a_day_and_forgotten_with_its_port() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.gateway.samples().note_signals();
    fixture.pass(120);
    fixture.gateway.samples().note_signals();
    let port = port(1);
    let trace = fixture.gateway.samples().signal(port.as_str()).unwrap();
    assert_eq!(trace.minutes().count(), 3);
    fixture.gateway.modems().remove(&port, fixture.gateway.now());
    fixture.gateway.samples().note_signals();
    assert_eq!(fixture.gateway.samples().signal(port.as_str()), None);
}
