//! Pure: what each chart draws of the figures of its topic, and the sentence that stands above it.

use std::time::Duration;

use super::names::ChartName;
use crate::domain::Currency;
use crate::domain::order::OrderEnd;
use crate::domain::sample::{
    ChartRange, FigureKind, Sample, Timeline, beginning, quantile, share_percent,
};
use crate::domain::text::counted_noun;
use crate::http::web::{Chart, Line, Unit};

/// How many lines a chart has at most; those that matter most are drawn.
const MOST_LINES: usize = 6;
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Draws a chart of the figures of its topic.
pub(super) fn draw(name: ChartName, of: &Timeline, currency: Currency) -> Chart {
    let chart = |heading: String, unit| {
        Chart::new(name.as_str(), heading, unit).over(of.from, of.range.step())
    };
    match name {
        ChartName::Messages => messages(chart, of),
        ChartName::Orders => orders(chart, of),
        ChartName::Success => success(chart, of),
        ChartName::Seconds => seconds(chart, of),
        ChartName::Stock => stock(chart, of),
        ChartName::Pairs => pairs(chart, of),
        ChartName::Sims => by_state(chart(now(of, "SIM", "SIMs"), Unit::Number("SIMs")), of),
        ChartName::Modems => {
            by_state(chart(now(of, "modem", "modems"), Unit::Number("modems")), of)
        }
        ChartName::Requests => requests(chart, of),
        ChartName::Waiting => waiting(chart, of),
        ChartName::Income => income(chart, of, currency),
        ChartName::Funds => funds(chart, of, currency),
        ChartName::Commits => commits(chart, of),
        ChartName::Memory => memory(chart, of),
        ChartName::Disk => disk(chart, of),
        ChartName::Processor => processor(chart, of),
        ChartName::Switches => switches(chart, of),
        ChartName::Deaf => deaf(chart, of),
        ChartName::Late => late(chart, of),
    }
}

/// The time of a chart in words.
fn within(of: &Timeline) -> &'static str {
    match of.range {
        ChartRange::Hour => "the last hour",
        ChartRange::Day => "the last 24 hours",
        ChartRange::Week => "the last 7 days",
        ChartRange::Month => "the last 30 days",
        ChartRange::Year => "the last year",
    }
}

fn counted(sample: &Sample, name: &str) -> Option<f64> {
    sample.figure(FigureKind::Count, name)
}

/// The sum of values: 0 if there are none, where `Iterator::sum` answers -0.
fn total(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |total, value| total + value)
}

/// How often something happened in the whole time.
fn sum(of: &Timeline, name: &str) -> f64 {
    let in_sample =
        |sample: &Sample| counted(sample, name).map(|it| it * f64::from(sample.minutes));
    total(of.samples.iter().filter_map(in_sample))
}

/// How often something happened in an hour.
fn hourly(of: &Timeline, name: &str, shown: &str) -> Line {
    Line::new(shown, of.line(|sample| counted(sample, name).map(|a_minute| a_minute * 60.0)))
}

fn percent_of_minute(seconds: f64) -> f64 {
    seconds / 60.0 * 100.0
}

/// A heading with how many there are of something now.
fn now(of: &Timeline, one: &str, several: &str) -> String {
    match of.samples.last() {
        Some(sample) => {
            let count = total(sample.figures.values().copied()).round();
            format!("{} by state.", counted_noun(count, one, several))
        }
        None => format!("The {several} by their state."),
    }
}

fn messages(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let came = counted_noun(sum(of, "received").round(), "message came", "messages came");
    let heading = format!("{came} in {}.", within(of));
    chart(heading, Unit::Number("messages an hour")).line(hourly(of, "received", "received"))
}

fn orders(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let ended = total(OrderEnd::ALL.map(|end| sum(of, end.as_str())));
    let got = sum(of, OrderEnd::Completed.as_str());
    let ended = counted_noun(ended.round(), "order ended", "orders ended");
    let heading = format!("{ended} in {}, {got:.0} with an SMS.", within(of));
    let words = OrderEnd::ALL.map(OrderEnd::as_str).into_iter();
    words.fold(chart(heading, Unit::Number("orders an hour")), |chart, end| {
        chart.line(hourly(of, end, end))
    })
}

fn share_of_sample(sample: &Sample) -> Option<f64> {
    let of = |end: OrderEnd| counted(sample, end.as_str());
    share_percent(of(OrderEnd::Completed)?, of(OrderEnd::Expired)?)
}

fn success(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let of_end = |end: OrderEnd| sum(of, end.as_str());
    let share = share_percent(of_end(OrderEnd::Completed), of_end(OrderEnd::Expired));
    let heading = match share {
        Some(share) => format!(
            "{share:.0} % of the orders that were waited for to the end got their code in {}.",
            within(of)
        ),
        None => format!("No order was waited for to its end in {}.", within(of)),
    };
    chart(heading, Unit::Percent("orders with their code, of those that were waited for"))
        .line(Line::new("got their code", of.line(share_of_sample)))
}

fn seconds(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    chart(
        "Half of the codes came within the lower time, nine in ten within the upper one."
            .to_owned(),
        Unit::Seconds("from an order to its code"),
    )
    .line(Line::new("half", of.line(|sample| quantile(sample, 0.5))))
    .line(Line::new("nine in ten", of.line(|sample| quantile(sample, 0.9))))
}

fn stock(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let without = of.samples.last().and_then(|sample| sample.figures.get("without"));
    let heading = match without {
        Some(pairs) if *pairs >= 1.0 => {
            let pairs = counted_noun(
                pairs.round(),
                "pair of a service and a country has",
                "pairs of a service and a country have",
            );
            format!("{pairs} no number left.")
        }
        _ => "Every service has a number in every country in which it is sold.".to_owned(),
    };
    chart(heading, Unit::Number("numbers, and pairs without any"))
        .line(Line::new("fewest of a pair", of.figure("least")))
        .line(Line::new("pairs without any", of.figure("without")))
}

/// The pairs with the fewest numbers. They are sampled once an hour.
fn pairs(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let steps = HOUR.as_secs() / of.range.step().as_secs().max(1);
    let heading = "The stock of those services and countries that lasts least.".to_owned();
    let empty = chart(heading, Unit::Number("numbers that can be ordered"))
        .bridging(usize::try_from(steps).unwrap_or(0));
    by_last(of, |a, b| a.total_cmp(b))
        .into_iter()
        .take(MOST_LINES)
        .fold(empty, |chart, name| chart.line(Line::new(name.clone(), of.figure(&name))))
}

/// A line for each state, those first that most are in; where there are too many, the rest have
/// one line, so that the lines add up to the whole.
fn by_state(chart: Chart, of: &Timeline) -> Chart {
    let mut names = by_last(of, |a, b| b.total_cmp(a));
    let shown = if names.len() > MOST_LINES { MOST_LINES - 1 } else { MOST_LINES };
    let rest = names.split_off(names.len().min(shown));
    let chart = names
        .into_iter()
        .fold(chart, |chart, name| chart.line(Line::new(name.replace('_', " "), of.figure(&name))));
    if rest.is_empty() {
        return chart;
    }
    let in_rest = |sample: &Sample| {
        total(rest.iter().filter_map(|name| sample.figure(of.topic.kind(), name)))
    };
    chart.line(Line::new("other states", of.line(|sample| Some(in_rest(sample)))))
}

/// The names of all figures, in the order of their last values.
fn by_last(of: &Timeline, order: impl Fn(&f64, &f64) -> std::cmp::Ordering) -> Vec<String> {
    let last = |name: &str| of.figure(name).into_iter().rev().flatten().next().unwrap_or(0.0);
    let mut names: Vec<(String, f64)> =
        of.names().into_iter().map(|name| (name.clone(), last(&name))).collect();
    names.sort_by(|(_, a), (_, b)| order(a, b));
    names.into_iter().map(|(name, _)| name).collect()
}

fn requests(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let mut names: Vec<(String, f64)> =
        of.names().into_iter().map(|name| (name.clone(), sum(of, &name))).collect();
    names.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let all = total(names.iter().map(|(_, count)| *count));
    let answered = counted_noun(
        all.round(),
        "request of a customer was answered",
        "requests of customers were answered",
    );
    let heading = format!("{answered} in {}.", within(of));
    names
        .into_iter()
        .take(MOST_LINES)
        .fold(chart(heading, Unit::Number("requests an hour by answer")), |chart, (name, _)| {
            chart.line(hourly(of, &name, &name))
        })
}

fn waiting(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let values = of.figure("waiting");
    let most = values.iter().flatten().copied().fold(0.0, f64::max);
    let most = counted_noun(most.round(), "request", "requests");
    let heading = format!("At most {most} waited for an SMS in {}.", within(of));
    chart(heading, Unit::Number("requests that wait")).line(Line::new("waiting", values))
}

/// What was charged and given back, by kind, in each day.
fn income(chart: impl Fn(String, Unit) -> Chart, of: &Timeline, currency: Currency) -> Chart {
    let unit =
        Unit::Money(currency, if is_by_hour(of) { "income an hour" } else { "income a day" });
    let grown: Vec<f64> = of.names().iter().flat_map(|name| of.growth(name)).flatten().collect();
    let heading = match grown.is_empty() {
        // One sample tells nothing of what was earned before it.
        true => format!("What was earned in {}.", within(of)),
        false => {
            let earned = unit.text(total(grown));
            format!("{earned} {currency} were earned in {}.", within(of))
        }
    };
    of.names().into_iter().fold(chart(heading, unit), |chart, name| {
        let values = in_each(of, &of.growth(&name));
        chart.line(Line::new(name, values))
    })
}

fn is_by_hour(of: &Timeline) -> bool {
    matches!(of.range, ChartRange::Hour | ChartRange::Day)
}

/// What has grown in the hour or the day (UTC) that a step is in; where steps are longer, as much
/// of it as comes to a day.
fn in_each(of: &Timeline, grown: &[Option<f64>]) -> Vec<Option<f64>> {
    let (step, period) = (of.range.step(), if is_by_hour(of) { HOUR } else { DAY });
    if step >= period {
        let share = period.as_secs_f64() / step.as_secs_f64();
        return grown.iter().map(|value| value.map(|value| value * share)).collect();
    }
    let period_of =
        |index: usize| beginning(of.from.plus(step * u32::try_from(index).unwrap_or(0)), period);
    let in_period = |index: usize| {
        let of_period = grown.iter().enumerate();
        let of_period = of_period.filter(|(other, _)| period_of(*other) == period_of(index));
        total(of_period.filter_map(|(_, value)| *value))
    };
    let known = grown.iter().enumerate();
    known.map(|(index, value)| value.map(|_| in_period(index))).collect()
}

fn commits(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let milliseconds = |share: f64| of.line(|sample| quantile(sample, share).map(|us| us / 1e3));
    chart(
        "How long it took until what was written was on disk.".to_owned(),
        Unit::Milliseconds("until a commit was on disk"),
    )
    .line(Line::new("half", milliseconds(0.5)))
    .line(Line::new("99 in 100", milliseconds(0.99)))
}

fn funds(chart: impl Fn(String, Unit) -> Chart, of: &Timeline, currency: Currency) -> Chart {
    let heading = "What customers have paid in and not spent, and what of it is held.".to_owned();
    chart(heading, Unit::Money(currency, "balances and holds"))
        .line(Line::new("balances", of.figure("balance")))
        .line(Line::new("holds", of.figure("held")))
}

fn memory(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    chart("The memory that the daemon uses.".to_owned(), Unit::Octets("resident memory"))
        .line(Line::new("memory", of.figure("memory")))
}

fn disk(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let heading = "The database's size, and the space that is left on its disk.".to_owned();
    chart(heading, Unit::Octets("the database and its disk"))
        .line(Line::new("free", of.figure("disk_free")))
        .line(Line::new("database", of.figure("database")))
}

fn processor(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let heading = "The processor time that the daemon uses.".to_owned();
    let percent = |sample: &Sample| counted(sample, "used").map(percent_of_minute);
    chart(heading, Unit::Percent("one processor")).line(Line::new("used", of.line(percent)))
}

fn switches(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let switched =
        counted_noun(sum(of, "switches").round(), "SIM was switched", "SIMs were switched");
    let heading = format!("{switched} in {}.", within(of));
    chart(heading, Unit::Number("switches an hour"))
        .line(hourly(of, "switches", "switches"))
        .line(hourly(of, "failed", "failed"))
}

fn deaf(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let heading = "How long radios received nothing because of switches.".to_owned();
    chart(heading, Unit::Seconds("time without reception, in an hour")).line(hourly(
        of,
        "deaf_seconds",
        "without reception",
    ))
}

fn late(chart: impl Fn(String, Unit) -> Chart, of: &Timeline) -> Chart {
    let heading = "Rented SIMs in banks that were overdue for a visit.".to_owned();
    chart(heading, Unit::Number("SIMs that are late")).line(Line::new("late", of.figure("late")))
}

#[cfg(test)]
mod tests {
    use maud::Render;

    use super::*;
    use crate::domain::Timestamp;
    use crate::domain::sample::SampleTopic;

    /// A day in which `figures` were sampled in each ten minutes, less one of them.
    fn day(name: ChartName, figures: &[(&str, f64)]) -> Timeline {
        let now = Timestamp(1_782_133_023_000_000);
        let (from, _) = ChartRange::Day.around(now);
        let step = ChartRange::Day.step();
        let sample = |index: u32| {
            let grown = |(name, figure): &(&str, f64)| {
                let total = name_is_total(name).then_some(figure * f64::from(index));
                ((*name).to_owned(), total.unwrap_or(*figure))
            };
            let at = from.plus(step * index);
            Sample { at, minutes: 10, figures: figures.iter().map(grown).collect() }
        };
        let samples: Vec<Sample> = (0..144).filter(|index| *index != 70).map(sample).collect();
        Timeline::new(name.topic(), ChartRange::Day, now, &samples)
    }

    fn name_is_total(name: &str) -> bool {
        ["capture", "refund"].contains(&name)
    }

    fn dollar() -> Currency {
        "USD".parse().unwrap()
    }

    fn drawn(name: ChartName, figures: &[(&str, f64)]) -> String {
        draw(name, &day(name, figures), dollar()).render().0
    }

    #[test]
    fn headings_are_sentences_with_the_sums_of_the_time() {
        let text = drawn(ChartName::Messages, &[("received", 2.0)]);
        assert!(text.contains("2860 messages came in the last 24 hours."), "{text}");
        assert!(text.contains("<b>120</b>"), "an hour: {text}");
        let text = drawn(ChartName::Orders, &[("completed", 0.3), ("expired", 0.1)]);
        assert!(text.contains("572 orders ended in the last 24 hours, 429 with an SMS."), "{text}");
        let text = drawn(ChartName::Success, &[("completed", 0.3), ("expired", 0.1)]);
        assert!(text.contains("75 % of the orders that were waited for"), "{text}");
        let text = drawn(ChartName::Stock, &[("least", 0.0), ("without", 2.0)]);
        assert!(text.contains("2 pairs of a service and a country have no number left."));
        let text = drawn(ChartName::Sims, &[("available", 8.0), ("rented", 2.0)]);
        assert!(text.contains("10 SIMs by state."), "{text}");
    }

    #[test]
    fn states_add_up_to_the_whole_and_those_that_are_over_come_last() {
        let now = Timestamp(1_782_133_023_000_000);
        let (from, to) = ChartRange::Day.around(now);
        let minute = Duration::from_secs(60);
        let sample = |at: Timestamp, figures: &[(&str, f64)]| {
            let figures = figures.iter().map(|(name, it)| ((*name).to_owned(), *it)).collect();
            Sample { at, minutes: 1, figures }
        };
        let samples = [
            sample(from, &[("no-number", 8.0), ("offline", 2.0)]),
            sample(to.minus(minute * 2), &[("offline", 10.0)]),
            sample(to.minus(minute), &[("available", 9.0), ("retired", 1.0)]),
        ];
        let of = Timeline::new(SampleTopic::Sims, ChartRange::Day, now, &samples);
        let text = draw(ChartName::Sims, &of, dollar()).render().0;
        assert!(text.contains("10 SIMs by state."), "no SIM is counted twice: {text}");
        let names = by_last(&of, |a, b| b.total_cmp(a));
        assert_eq!(names, ["offline", "available", "retired", "no-number"]);
    }

    #[test]
    fn where_there_are_many_states_the_rest_have_a_line() {
        let states = [("a", 9.0), ("b", 8.0), ("c", 7.0), ("d", 6.0), ("e", 5.0)];
        let figures = [&states[..], &[("f", 2.0), ("g", 1.0)]].concat();
        let text = drawn(ChartName::Sims, &figures);
        assert!(text.contains("38 SIMs by state.") && text.contains("other states"), "{text}");
        assert!(text.contains("<b>3</b>"), "{text}");
        let text = drawn(ChartName::Sims, &figures[..6]);
        assert!(!text.contains("other states"), "{text}");
    }

    #[test]
    fn income_is_what_totals_grow_by() {
        let (chart, growth) = (ChartName::Income, [("capture", 50.0), ("refund", -10.0)]);
        let text = drawn(chart, &growth);
        // 143 steps from the first to the last, and what came in the gap is in the step after it.
        assert!(text.contains("57.20 USD were earned in the last 24 hours."), "{text}");
        let timeline = day(chart, &growth);
        let values = in_each(&timeline, &timeline.growth("capture"));
        assert_eq!((values[0], values[70]), (None, None));
        assert_eq!(values[140], Some(300.0), "six steps of an hour");
    }

    #[test]
    fn every_chart_can_be_drawn_of_anything_and_of_nothing() {
        let of_all = [("5", 1.0), ("more", 1.0), ("Uber/NL", 3.0), ("memory", 3e7), ("used", 0.6)];
        for name in ChartName::ALL {
            for range in ChartRange::ALL {
                let now = Timestamp(1_782_133_023_000_000);
                let empty = Timeline::new(name.topic(), range, now, &[]);
                let text = draw(name, &empty, dollar()).render().0;
                assert!(!text.contains("-0"), "{name}: {text}");
            }
            let text = drawn(name, &of_all);
            assert!(text.len() < 20_000 && !text.contains("NaN"), "{name}");
        }
        let text = drawn(ChartName::Processor, &[("used", 0.6)]);
        assert!(text.contains("<b>1 %</b>"), "{text}");
    }
}
