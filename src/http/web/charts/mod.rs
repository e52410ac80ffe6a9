//! Charts: SVG that the daemon writes. They need no script, print, and have their figures in a
//! table. Lines differ by their dashes and their names, not by colour alone.

mod scale;
mod unit;

use std::fmt::Write;
use std::ops::Range;
use std::time::Duration;

use maud::{Markup, Render, html};

use super::moments::moment;
use crate::domain::Timestamp;
use scale::{TimeLabel, ticks, time_labels};
pub use unit::Unit;

/// The size of a chart in its own units, and the margins for the labels of its axes.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 26.0;
/// How many lines can be told apart. More have the style of the last.
const STYLES: usize = 6;
/// The size of a sparkline.
const SPARK_WIDTH: f64 = 120.0;
const SPARK_HEIGHT: f64 = 24.0;

/// A line of a chart: its name, and its value at each step.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub name: String,
    /// `None` where nothing is known, as when the daemon did not run.
    pub values: Vec<Option<f64>>,
}

impl Line {
    /// A line with this name and these values.
    pub fn new(name: impl Into<String>, values: Vec<Option<f64>>) -> Line {
        Line { name: name.into(), values }
    }

    fn last(&self) -> Option<f64> {
        self.values.iter().rev().flatten().next().copied()
    }
}

/// A chart of values over time.
#[derive(Debug, Clone)]
pub struct Chart {
    id: String,
    heading: String,
    unit: Unit,
    from: Timestamp,
    step: Duration,
    lines: Vec<Line>,
    /// How many steps without a value a line goes over.
    bridged: usize,
    has_zero: bool,
    more: Option<Markup>,
    /// The page with the figures.
    figures: Option<String>,
}

impl Chart {
    /// A chart with an id that no other element of the page has. The heading is a sentence that
    /// says what is to be seen.
    pub fn new(id: impl Into<String>, heading: impl Into<String>, unit: Unit) -> Chart {
        Chart {
            id: id.into(),
            heading: heading.into(),
            unit,
            from: Timestamp(0),
            step: Duration::from_secs(60),
            lines: Vec::new(),
            bridged: 0,
            has_zero: true,
            more: None,
            figures: None,
        }
    }

    /// When the first step begins, and how long each is.
    pub fn over(mut self, from: Timestamp, step: Duration) -> Chart {
        (self.from, self.step) = (from, step);
        self
    }

    /// Adds a line.
    pub fn line(mut self, line: Line) -> Chart {
        self.lines.push(line);
        self
    }

    /// Lets lines go over so many steps without a value, for what is not known at each step.
    pub fn bridging(mut self, steps: usize) -> Chart {
        self.bridged = steps;
        self
    }

    /// Lets the scale begin where the values do, for a unit whose zero means nothing.
    pub fn without_zero(mut self) -> Chart {
        self.has_zero = false;
        self
    }

    /// What stands below the chart, such as the way to its figures.
    pub fn more(mut self, more: Markup) -> Chart {
        self.more = Some(more);
        self
    }

    /// The page that has the chart's [`table`](Chart::table): its figures are read off there, one
    /// after another, by a slider or by pointing at the chart.
    pub fn figures_on(mut self, page: impl Into<String>) -> Chart {
        self.figures = Some(page.into());
        self
    }

    /// The figures of the chart as a table, newest first.
    pub fn table(&self) -> Markup {
        let at = |index: usize| self.from.plus(self.step * u32::try_from(index).unwrap_or(0));
        html! {
            table class="figures" id=(self.table_id()) {
                caption { (self.heading) }
                thead { tr {
                    th scope="col" { "From" }
                    @for line in &self.lines { th scope="col" class="number" { (line.name) } }
                } }
                // The script reads what is not there as nothing.
                tbody { @for index in self.known_span().rev() { tr {
                    th scope="row" { (moment(at(index))) }
                    @for line in &self.lines { td class="number" data-label=(line.name) {
                        (self.value(line.values.get(index).copied().flatten()))
                    } }
                } } }
            }
        }
    }

    /// The names of the columns and the rows of the figures as plain numbers, for CSV.
    pub fn plain(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let names = self.lines.iter().map(|line| line.name.clone());
        let names = ["from".to_owned()].into_iter().chain(names).collect();
        let rows = (0..self.steps()).map(|index| {
            let at = self.from.plus(self.step * u32::try_from(index).unwrap_or(0));
            let value = |line: &Line| line.values.get(index).copied().flatten();
            let values = self
                .lines
                .iter()
                .map(|line| value(line).map(|value| self.unit.plain(value)).unwrap_or_default());
            [at.to_string()].into_iter().chain(values).collect()
        });
        (names, rows.collect())
    }

    fn table_id(&self) -> String {
        format!("{}-figures", self.id)
    }

    /// Chooses the step that is read off. The script shows it and says there what the table does.
    fn slider(&self, page: &str) -> Markup {
        let last = self.steps().saturating_sub(1);
        html! {
            input type="range" class="read-off" min="0" max=(last) value=(last) hidden
                aria-label="Read the chart off" data-figures={ (page) "#" (self.table_id()) }
                data-from=(self.from.0 / 1_000_000) data-step=(self.step.as_secs());
            // The slider itself says the same to a reader of screens.
            output aria-hidden="true" {}
        }
    }

    fn steps(&self) -> usize {
        self.lines.iter().map(|line| line.values.len()).max().unwrap_or(0)
    }

    fn value(&self, value: Option<f64>) -> String {
        value.map_or_else(|| "–".to_owned(), |value| self.unit.text(value))
    }

    /// Whether any line has a value at this step.
    fn is_known(&self, index: usize) -> bool {
        self.lines.iter().any(|line| line.values.get(index).is_some_and(Option::is_some))
    }

    /// The steps from the first to the last at which any line has a value.
    fn known_span(&self) -> Range<usize> {
        let mut known = (0..self.steps()).filter(|index| self.is_known(*index));
        let first = known.next();
        first.map_or(0..0, |first| first..known.next_back().unwrap_or(first) + 1)
    }

    /// Whether some steps between the first and the last that are known have no value.
    fn has_gaps(&self) -> bool {
        let known: Vec<usize> = (0..self.steps()).filter(|index| self.is_known(*index)).collect();
        let is_gap = |pair: &[usize]| match pair {
            [before, after] => after - before > self.bridged + 1,
            _ => false,
        };
        known.windows(2).any(is_gap)
    }

    fn plot(&self) -> Plot {
        let values = || self.lines.iter().flat_map(|line| line.values.iter().flatten().copied());
        let zero = self.has_zero.then_some(0.0);
        let low = values().chain(zero).fold(f64::INFINITY, f64::min);
        let high = values().chain(zero).fold(f64::NEG_INFINITY, f64::max);
        let ticks = ticks(low, high);
        let edge = |at: Option<&f64>| at.copied().unwrap_or(0.0);
        let (low, high) = (edge(ticks.first()), edge(ticks.last()));
        Plot { steps: self.steps().max(2), low, high, ticks, area: Area::CHART }
    }

    fn drawing(&self) -> Markup {
        let plot = self.plot();
        let length = self.step * u32::try_from(plot.steps.saturating_sub(1)).unwrap_or(u32::MAX);
        let labels = time_labels(self.from, length);
        let title = format!("{}-title", self.id);
        html! {
            svg class="plot" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img"
                aria-labelledby=(title) {
                title id=(title) { (self.heading) }
                g class="grid" {
                    @for tick in &plot.ticks {
                        @let y = coordinate(plot.y(*tick));
                        line x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
                        text class="y" x=(LEFT - 6.0) y=(y) dy="4" { (self.unit.text(*tick)) }
                    }
                    @for TimeLabel { at, text } in &labels {
                        @let x = coordinate(plot.x_at(at.since(self.from), length));
                        text class="x" x=(x) y=(HEIGHT - 6.0) { (text) }
                    }
                }
                @for (index, line) in self.lines.iter().enumerate() {
                    @let path = plot.path(&line.values, self.bridged);
                    path class={ "line line-" (style(index)) } d=(path) { title { (line.name) } }
                }
                path class="cursor" d={ "M" (LEFT) " " (TOP) "V" (HEIGHT - BOTTOM) }
                    data-width=(WIDTH - LEFT - RIGHT) {}
            }
        }
    }
}

impl Render for Chart {
    fn render(&self) -> Markup {
        html! {
            figure class="chart" {
                figcaption { (self.heading) }
                @if self.lines.iter().all(|line| line.last().is_none()) {
                    p class="empty" {
                        "Nothing was sampled in this time yet. A sample is taken every minute."
                    }
                } @else {
                    (self.drawing())
                    @if let Some(page) = &self.figures { (self.slider(page)) }
                    ul class="legend" { @for (index, line) in self.lines.iter().enumerate() { li {
                        svg class="key" viewBox="0 0 28 8" aria-hidden="true" {
                            path class={ "line line-" (style(index)) } d="M1 4H27" {}
                        }
                        (line.name) ": " b { (self.value(line.last())) }
                    } } }
                    p class="quiet" {
                        (self.unit.name()) ", times in UTC."
                        @if self.has_gaps() { " The daemon did not run where a line is broken." }
                    }
                }
                @if let Some(more) = &self.more { p { (more) } }
            }
        }
    }
}

/// The number of a line's style.
fn style(index: usize) -> usize {
    (index + 1).min(STYLES)
}

/// A small line without axes, with what it says for those who do not see it.
pub fn sparkline(label: &str, values: &[Option<f64>]) -> Markup {
    let known = || values.iter().flatten().copied();
    let high = known().fold(0.0, f64::max);
    let plot = Plot {
        steps: values.len().max(2),
        low: known().fold(0.0, f64::min),
        high: if high > 0.0 { high } else { 1.0 },
        ticks: Vec::new(),
        area: Area::SPARKLINE,
    };
    html! {
        svg class="sparkline" viewBox={ "0 0 " (SPARK_WIDTH) " " (SPARK_HEIGHT) } role="img"
            aria-label=(label) {
            path class="line line-1" d=(plot.path(values, 0)) {}
        }
    }
}

/// Where in a drawing the lines are.
#[derive(Debug, Clone, Copy)]
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Area {
    const CHART: Area =
        Area { left: LEFT, right: WIDTH - RIGHT, top: TOP, bottom: HEIGHT - BOTTOM };
    const SPARKLINE: Area =
        Area { left: 1.0, right: SPARK_WIDTH - 1.0, top: 2.0, bottom: SPARK_HEIGHT - 2.0 };
}

/// Where values are in a drawing.
#[derive(Debug, Clone)]
struct Plot {
    steps: usize,
    low: f64,
    high: f64,
    ticks: Vec<f64>,
    area: Area,
}

impl Plot {
    fn x(&self, index: usize) -> f64 {
        let share = index as f64 / (self.steps.saturating_sub(1)).max(1) as f64;
        self.area.left + (self.area.right - self.area.left) * share
    }

    fn x_at(&self, after: Duration, length: Duration) -> f64 {
        let share = after.as_secs_f64() / length.as_secs_f64().max(1.0);
        self.area.left + (self.area.right - self.area.left) * share
    }

    fn y(&self, value: f64) -> f64 {
        let height = self.high - self.low;
        let share = if height > 0.0 { (value - self.low) / height } else { 0.0 };
        self.area.bottom - (self.area.bottom - self.area.top) * share
    }

    /// The path of a line, broken where more than `bridged` steps have no value. A value between
    /// two gaps is a dot.
    fn path(&self, values: &[Option<f64>], bridged: usize) -> String {
        let (mut path, mut last) = (String::new(), None::<usize>);
        for (index, value) in values.iter().enumerate() {
            let Some(value) = value else { continue };
            let is_joined = last.is_some_and(|last| index - last <= bridged + 1);
            let command = if is_joined { 'L' } else { 'M' };
            let (x, y) = (coordinate(self.x(index)), coordinate(self.y(*value)));
            // A text takes any characters.
            let _ = write!(path, "{command}{x} {y}");
            if !is_joined {
                path.push_str("h0");
            }
            last = Some(index);
        }
        path
    }
}

/// A coordinate to a tenth, without a decimal where that is 0.
fn coordinate(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    format!("{tenths}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: Vec<Option<f64>>) -> Chart {
        let step = Duration::from_secs(600);
        let at = Timestamp(1_782_133_023_000_000);
        Chart::new("messages", "12 messages came in a day.", Unit::Number("messages an hour"))
            .over(at, step)
            .line(Line::new("received", values))
    }

    #[test]
    fn a_line_is_broken_where_nothing_is_known_and_a_lonely_value_is_a_dot() {
        let plot = Plot {
            steps: 5,
            low: 0.0,
            high: 10.0,
            ticks: Vec::new(),
            area: Area { left: 0.0, right: 40.0, top: 0.0, bottom: 10.0 },
        };
        let values = [Some(0.0), Some(10.0), None, Some(5.0), None];
        assert_eq!(plot.path(&values, 0), "M0 10h0L10 0M30 5h0");
        assert_eq!(plot.path(&values, 1), "M0 10h0L10 0L30 5");
        assert_eq!(plot.path(&[None, None], 0), "");
    }

    #[test]
    fn a_chart_of_300_points_is_small_and_has_classes_only() {
        let values = (0..300).map(|n| (n % 50 > 4).then_some(f64::from(n * n % 977))).collect();
        let text = chart(values).render().0;
        assert!(text.len() < 6000, "{}", text.len());
        for word in ["style=", "<script", "onclick", "NaN", "inf"] {
            assert!(!text.contains(word), "{word}");
        }
        assert!(text.contains("The daemon did not run where a line is broken."));
        assert!(text.contains(r#"aria-labelledby="messages-title""#));
    }

    #[test]
    fn the_table_and_the_file_have_the_figures_of_the_chart() {
        let unknown_at_last = chart(vec![None, Some(1.5), None, Some(3.0), None]).table().0;
        assert_eq!(unknown_at_last.matches("<tr>").count(), 4, "a gap is shown: {unknown_at_last}");
        let chart = chart(vec![None, Some(1.5), Some(1234.0)]);
        let (names, rows) = chart.plain();
        assert_eq!(names, ["from", "received"]);
        let values: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
        assert_eq!(values, ["", "1.5", "1234"]);
        let table = chart.table().0;
        let place = |text: &str| table.find(text).unwrap();
        assert!(place("1234") < place("1.5"), "{table}");
        assert_eq!(
            table.matches("<tr>").count(),
            3,
            "what is before the first has no row: {table}"
        );
    }

    #[test]
    fn a_chart_is_read_off_step_by_step_from_the_table_of_its_page() {
        let text = chart(vec![Some(1.0); 144]).figures_on("/charts/messages?range=24h").render().0;
        for piece in [
            r##"data-figures="/charts/messages?range=24h#messages-figures""##,
            r#"min="0" max="143" value="143""#,
            r#"data-from="1782133023" data-step="600""#,
            r#"d="M64 10V194" data-width="644""#,
        ] {
            assert!(text.contains(piece), "{piece}\n{text}");
        }
        assert!(chart(Vec::new()).table().0.contains(r#"id="messages-figures""#));
    }

    #[test]
    fn without_a_value_it_says_so() {
        for values in [vec![], vec![None, None]] {
            let text = chart(values).render().0;
            assert!(text.contains("Nothing was sampled") && !text.contains("<svg"), "{text}");
        }
        assert!(chart(vec![Some(3.0)]).render().0.contains("<svg"));
    }

    #[test]
    fn names_of_strangers_are_escaped() {
        let named = Chart::new("a", "x", Unit::Number("y"))
            .line(Line::new("<b>\"", vec![Some(1.0), Some(2.0)]));
        let text = named.render().0;
        assert!(text.contains("&lt;b&gt;&quot;") && !text.contains("<b>\""), "{text}");
    }

    #[test]
    fn a_sparkline_of_nothing_is_empty_and_of_values_goes_up_and_down() {
        assert!(sparkline("none", &[]).0.contains(r#"d="""#));
        let text = sparkline("messages an hour", &[Some(0.0), Some(2.0), Some(1.0)]).0;
        assert!(text.contains(r#"d="M1 22h0L60 2L119 12""#), "{text}");
    }
}
