//! The site's figures over time.

use axum::extract::{Path, Query, State};
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminState, Answer, Refused, refused};
use crate::domain::sample::{ChartRange, Sample, SampleTopic, Timeline};

/// The endpoint for figures over time.
pub(super) fn routes() -> Router<AdminState> {
    Router::new().route("/samples/{topic}", get(samples))
}

#[derive(Deserialize)]
struct Wanted {
    range: String,
}

async fn samples(
    State(admin): State<AdminState>,
    Path(topic): Path<String>,
    Query(Wanted { range }): Query<Wanted>,
) -> Answer {
    let (topic, range) = (parse_topic(&topic)?, parse_range(&range)?);
    let timeline = admin.gateway.samples().timeline(topic, range).await?;
    Ok(Json(view(&timeline)))
}

fn parse_topic(word: &str) -> Result<SampleTopic, Refused> {
    word.parse().map_err(|_| {
        let topics = SampleTopic::ALL.map(SampleTopic::as_str).join(", ");
        refused(format!("no figures are called {word}; there are {topics}"))
    })
}

fn parse_range(word: &str) -> Result<ChartRange, Refused> {
    word.parse().map_err(|_| {
        let ranges = ChartRange::ALL.map(ChartRange::as_str).join(", ");
        refused(format!("{word}: figures are shown of the last {ranges}"))
    })
}

fn view(timeline: &Timeline) -> Value {
    let sample = |sample: &Sample| {
        let at = sample.at.to_string();
        json!({ "at": at, "minutes": sample.minutes, "figures": sample.figures })
    };
    json!({
        "topic": timeline.topic.as_str(),
        "range": timeline.range.as_str(),
        "step_seconds": timeline.range.step().as_secs(),
        "from": timeline.from.to_string(),
        "to": timeline.to.to_string(),
        "samples": timeline.samples.iter().map(sample).collect::<Vec<_>>(),
    })
}
