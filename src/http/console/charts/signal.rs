//! The chart of a modem's signal.

use std::time::Duration;

use maud::{Markup, html};

use super::super::Operator;
use super::super::modems::short_port;
use super::csv;
use crate::domain::Timestamp;
use crate::domain::sample::{SignalTrace, beginning};
use crate::http::web::{Chart, Download, Fault, Line, Page, Unit, Visit, link, path};

/// How many minutes one point stands for.
const STEP: Duration = Duration::from_secs(300);
/// How many points a day has.
const POINTS: usize = 288;

/// A modem's signal on its page, with the ways to its figures.
pub(in crate::http::console) fn signal_part(visit: &Visit<Operator>, port: &str) -> Markup {
    let more = html! {
        (link(&path!("/modems/{}/signal", port), "Figures")) " · " (link_to_file(port))
    };
    html! { h2 { "Signal" } (chart_of(visit, port).more(more)) }
}

fn link_to_file(port: &str) -> Markup {
    link(&path!("/modems/{}/signal.csv", port), "CSV")
}

/// The page with the figures.
pub(super) async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let modem = visit.modem_at(visit.param("port"))?;
    let port = modem.snapshot.port.as_str();
    let (chart, name) = (chart_of(&visit, port), short_port(&modem.snapshot.port));
    let table = chart.table();
    Ok(Page::new(format!("Signal of modem {name}"))
        .below("Modems", "/modems")
        .below(format!("Modem {name}"), path!("/modems/{}", port))
        .part("chart", html! { (chart.more(link_to_file(port))) })
        .part("figures", html! { h2 { "Figures" } (table) }))
}

pub(super) async fn file(visit: Visit<Operator>) -> Result<Download, Fault> {
    let modem = visit.modem_at(visit.param("port"))?;
    Ok(csv(&chart_of(&visit, modem.snapshot.port.as_str())).download("signal.csv"))
}

fn chart_of(visit: &Visit<Operator>, port: &str) -> Chart {
    let trace = visit.gateway().samples().signal(port).unwrap_or_default();
    signal_chart(&trace).figures_on(path!("/modems/{}/signal", port))
}

/// The signal of the last 24 hours, as far back as the daemon runs.
fn signal_chart(trace: &SignalTrace) -> Chart {
    let minutes: Vec<(Timestamp, Option<i16>)> = trace.minutes().collect();
    let last = minutes.last().map_or(Timestamp(0), |(at, _)| beginning(*at, STEP));
    let from = last.plus(STEP).minus(STEP * u32::try_from(POINTS).unwrap_or(0));
    Chart::new("signal-plot", heading(&minutes), Unit::Dbm)
        .over(from, STEP)
        .without_zero()
        .line(Line::new("signal", means(&minutes, from)))
}

fn heading(minutes: &[(Timestamp, Option<i16>)]) -> String {
    let known = || minutes.iter().filter_map(|(_, dbm)| *dbm);
    match (known().min(), known().max()) {
        (Some(low), Some(high)) => {
            format!("The signal was from {low} to {high} dBm in the last 24 hours.")
        }
        _ => "The modem has told no signal in the last 24 hours.".to_owned(),
    }
}

/// The mean of the minutes of each point.
fn means(minutes: &[(Timestamp, Option<i16>)], from: Timestamp) -> Vec<Option<f64>> {
    let mut sums = vec![(0.0, 0.0); POINTS];
    for (at, dbm) in minutes {
        let point = at.since(from).as_secs() / STEP.as_secs();
        let sum = usize::try_from(point).ok().and_then(|point| sums.get_mut(point));
        if let (Some((sum, count)), Some(dbm)) = (sum.filter(|_| *at >= from), dbm) {
            *sum += f64::from(*dbm);
            *count += 1.0;
        }
    }
    sums.into_iter().map(|(sum, count)| (count > 0.0).then(|| sum / count)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_means_of_five_minutes_and_a_day_has_288() {
        let mut trace = SignalTrace::default();
        let at = |minute: i64| Timestamp(minute * 60_000_000);
        for (minute, dbm) in [(1000, -70), (1001, -80), (1007, -60)] {
            trace.note(at(minute), Some(dbm));
        }
        let minutes: Vec<_> = trace.minutes().collect();
        let values = means(&minutes, at(1010).minus(STEP * 288));
        assert_eq!(values.len(), POINTS);
        assert_eq!(values[285..], [None, Some(-75.0), Some(-60.0)]);
        let text = html! { (signal_chart(&trace)) }.0;
        assert!(text.contains("from -80 to -60 dBm in the last 24 hours."), "{text}");
        let none = html! { (signal_chart(&SignalTrace::default())) }.0;
        assert!(none.contains("has told no signal"), "{none}");
    }
}
