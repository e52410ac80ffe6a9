//! How the last 24 hours went, in a line each.

use maud::{Markup, html};

use super::Operator;
use crate::domain::order::OrderEnd;
use crate::domain::sample::{ChartRange, FigureKind, Sample, SampleTopic, Timeline, share_percent};
use crate::http::web::{Fault, Visit, link, sparkline};

/// The messages, the share of orders with their code, and the fewest numbers of any service.
pub(super) async fn trends(visit: &Visit<Operator>) -> Result<Markup, Fault> {
    let messages = day(visit, SampleTopic::Messages).await?.figure("received");
    let codes = day(visit, SampleTopic::Orders).await?.line(share_with_code);
    let stock = day(visit, SampleTopic::Stock).await?.figure("least");
    Ok(html! {
        h2 { "The last 24 hours" }
        ul class="legend" {
            li { (drawn("Messages in the last 24 hours", &messages)) " messages" }
            li { (drawn("Share of orders with their code", &codes)) " orders with their code" }
            li { (drawn("Fewest numbers of any service", &stock)) " stock, the least" }
        }
        @if [&messages, &codes, &stock].iter().all(|values| !is_line(values)) {
            p class="calm" { "There is a line for each once the daemon has run for 20 minutes." }
        }
        p { (link("/charts", "All charts")) }
    })
}

/// Whether so much is known that there is a line.
fn is_line(values: &[Option<f64>]) -> bool {
    values.iter().flatten().nth(1).is_some()
}

/// A line, or as long as there is none, nothing.
fn drawn(label: &str, values: &[Option<f64>]) -> Markup {
    html! { @if is_line(values) { (sparkline(label, values)) } @else { "–" } }
}

async fn day(visit: &Visit<Operator>, topic: SampleTopic) -> Result<Timeline, Fault> {
    Ok(visit.gateway().samples().timeline(topic, ChartRange::Day).await?)
}

fn share_with_code(sample: &Sample) -> Option<f64> {
    let of = |end: OrderEnd| sample.figure(FigureKind::Count, end.as_str());
    share_percent(of(OrderEnd::Completed)?, of(OrderEnd::Expired)?)
}
