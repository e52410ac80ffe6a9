//! The one place where commands print: JSON as the daemon sent it, or tables and lines for people.
//! Wherever a text comes from, networks, modems, senders, customers or the daemon, what is printed
//! has nothing in it that a terminal would interpret ([`Line`]). Long work shows its progress on a
//! terminal.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

use chrono::{DateTime, Local, TimeZone, Utc};
use serde_json::Value;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use super::screen::{Cell, Fit, Line, Screen};
use crate::domain::country::Countries;
use crate::domain::text::{is_invisible, visible_lines};

/// How tables and times are printed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Style {
    /// Tables keep all their columns, even if the terminal is narrower.
    pub wide: bool,
    /// Times are in UTC instead of local time.
    pub utc: bool,
}

static STYLE: OnceLock<Style> = OnceLock::new();

/// Sets how everything is printed from now on. Only the first call has an effect.
pub(super) fn set_style(style: Style) {
    let _ = STYLE.set(style);
}

fn style() -> Style {
    STYLE.get().copied().unwrap_or_default()
}

/// Nobody reads standard output any more, like `head` once it has enough: that is no reason to
/// complain, but one to stop.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
pub(super) struct ReaderGone;

/// Prints a line to standard output.
pub(super) fn line(text: impl Into<Line>) -> anyhow::Result<()> {
    write(&in_locale(format!("{}\n", text.into())))
}

/// Prints the heading of what follows, with an empty line before it.
pub(super) fn heading(text: &str) -> anyhow::Result<()> {
    line("")?;
    line(text)
}

/// Prints a document that has several lines. A file or another program gets it as it is, because it
/// may be read again; a terminal does not interpret it.
pub(super) fn document(text: &str) -> anyhow::Result<()> {
    let is_shown = std::io::stdout().is_terminal();
    let text = if is_shown { visible_lines(text) } else { text.to_owned() };
    write(&(text + "\n"))
}

/// Prints lines in place of what the terminal showed before, without clearing it first, which would
/// flicker.
pub(super) fn redraw(lines: &[Line]) -> anyhow::Result<()> {
    let lines = lines.iter().map(|line| format!("{line}\x1b[K\n"));
    write(&in_locale(format!("\x1b[H{}\x1b[J", lines.collect::<String>())))
}

/// What is printed, in a terminal whose locale may have no UTF-8, as is usual on a serial console.
fn in_locale(text: String) -> String {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|locale| !locale.is_empty()));
    if has_utf8(set.as_deref()) { text } else { without_drawn_characters(&text) }
}

/// Whether the characters of a locale are encoded in UTF-8. Without a locale, that is not known to
/// be wrong.
fn has_utf8(locale: Option<&str>) -> bool {
    let Some(locale) = locale.map(str::to_ascii_lowercase) else { return true };
    locale.contains("utf-8") || locale.contains("utf8")
}

/// The bars of a signal and the mark of what was cut, in ASCII and of the same width. Texts of
/// others are left as they are.
fn without_drawn_characters(text: &str) -> String {
    let ascii = |c| match c {
        '▂' | '▄' | '▆' | '█' => '|',
        '…' => '~',
        other => other,
    };
    text.chars().map(ascii).collect()
}

fn write(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => ReaderGone.into(),
        _ => anyhow::Error::new(error).context("cannot print"),
    })
}

/// Prints an error or a warning, which may have several lines, to standard error.
pub(super) fn complain(what: impl Display) {
    // There is nowhere else to say that standard error cannot be written.
    let _ = writeln!(std::io::stderr().lock(), "{}", visible_lines(&sentence(&what.to_string())));
}

/// Prints lines of JSON as they are, but that a terminal interprets nothing in them.
pub(super) fn json_text(lines: &str) -> anyhow::Result<()> {
    write(&escaped(lines))
}

/// Prints indented JSON.
pub(super) fn json(value: &Value) -> anyhow::Result<()> {
    write(&(escaped(&serde_json::to_string_pretty(value)?) + "\n"))
}

/// Prints JSON on one line.
pub(super) fn json_line(value: &Value) -> anyhow::Result<()> {
    write(&(escaped(&value.to_string()) + "\n"))
}

/// JSON in which everything that a terminal would interpret is escaped. What is not ASCII stands
/// only in strings, where an escape sequence means the same character; control characters below
/// U+0020 are escaped already.
fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if c >= '\u{7f}' && is_invisible(c) {
            c.encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| escaped += &format!("\\u{unit:04x}"));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Prints a list of objects as JSON, or as a table with these columns that fits into the terminal.
/// An empty table is the text `empty`.
pub(super) fn list(
    as_json: bool,
    rows: &Value,
    columns: &[&str],
    empty: &str,
) -> anyhow::Result<()> {
    if as_json { json(rows) } else { table(rows, columns, empty) }
}

/// Prints an object as JSON, or these of its fields, one per line.
pub(super) fn object(as_json: bool, object: &Value, names: &[&str]) -> anyhow::Result<()> {
    if as_json { json(object) } else { fields(object, names) }
}

/// Waits until nobody reads standard output any more, for commands that have nothing to print for
/// long. Where that cannot be told, it waits for ever.
#[expect(deprecated, reason = "standard output stays open for as long as the program runs")]
pub(super) async fn reader_gone() -> ReaderGone {
    let Ok(out) = AsyncFd::with_interest(std::io::stdout(), Interest::ERROR) else {
        return std::future::pending().await;
    };
    match out.ready(Interest::ERROR).await {
        Ok(_) => ReaderGone,
        Err(_) => std::future::pending().await,
    }
}

/// A column's name. One that begins with a question mark is left out where the terminal is too
/// narrow, the last such one first; one with an exclamation mark is never cut.
fn column_name(column: &str) -> &str {
    column.trim_start_matches(['?', '!'])
}

/// Members that are sentences of ours, in which times may stand.
const SENTENCES: &[&str] =
    &["subject", "reason", "trouble", "why", "failure", "number_problem", "warning"];

/// A member of an object as people read it. States are spelt in one way.
fn member(object: &Value, name: &str) -> String {
    let text = cell(object.get(name));
    match name {
        // A `-` alone is none.
        "state" if text.len() > 1 => text.replace('-', "_"),
        name if SENTENCES.contains(&name) => sentence(&text),
        "country" => country(&text),
        "countries" => match object.get(name).and_then(Value::as_object) {
            Some(prices) if !prices.is_empty() => {
                let price = |(code, price): (&String, &Value)| {
                    format!("{}={}", country(code), cell(Some(price)))
                };
                prices.iter().map(price).collect::<Vec<_>>().join(" ")
            }
            _ => text,
        },
        _ => text,
    }
}

/// A country's ISO 3166 code, as people read it everywhere; in JSON some have the longer codes of
/// the first version of the customers' API.
pub(super) fn country(code: &str) -> String {
    Countries::default().iso_code(code).to_owned()
}

/// A sentence of ours with its times as people read them.
pub(super) fn sentence(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(first) = rest.chars().next() {
        let (length, local) = match rest.get(..AS_STORED).and_then(time) {
            Some(local) => (AS_STORED, local),
            None => (first.len_utf8(), first.to_string()),
        };
        shown += &local;
        rest = rest.get(length..).unwrap_or_default();
    }
    shown
}

/// Prints a list of objects as a table with these columns.
pub(super) fn table(rows: &Value, columns: &[&str], empty: &str) -> anyhow::Result<()> {
    let rows = rows.as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return line(empty);
    }
    let head =
        columns.iter().map(|column| Cell::from(column_name(column).to_uppercase())).collect();
    let row = |row: &Value| {
        columns.iter().map(|column| Cell::from(member(row, column_name(column)))).collect()
    };
    let table: Vec<Vec<Cell>> = [head].into_iter().chain(rows.iter().map(row)).collect();
    let mut screen = Screen::of_stdout();
    if style().wide {
        screen.size = None;
    }
    let fits: Vec<Fit> = columns.iter().map(|column| fit_of(column)).collect();
    screen.fitted(&table, &fits).into_iter().try_for_each(line)
}

/// Columns whose texts are of use when their end is missing. No other is ever cut: half an id, a
/// number or an amount is none.
const MAY_BE_CUT: &[&str] = &[
    "text",
    "reason",
    "note",
    "subject",
    "senders",
    "texts",
    "countries",
    "label",
    "trouble",
    "allowed",
    "why",
    "answer",
    "account",
    "service",
    "name",
    "operator",
    "port",
    "modem",
    "actor",
    "profile",
];

fn fit_of(column: &str) -> Fit {
    let name = column_name(column);
    match (column.starts_with('?'), name == column && MAY_BE_CUT.contains(&name)) {
        (true, _) => Fit::LeftOut,
        (false, true) => Fit::Cut,
        (false, false) => Fit::Whole,
    }
}

/// Prints fields of an object, one per line; those that it has.
pub(super) fn fields(object: &Value, names: &[&str]) -> anyhow::Result<()> {
    let names = names.iter().map(|name| column_name(name));
    let names: Vec<&str> = names.filter(|name| object.get(name).is_some()).collect();
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0);
    names.iter().try_for_each(|name| line(format!("{name:width$}  {}", member(object, name))))
}

/// A value as people read it: `-` for nothing, times in their zone, without fractions of a second.
pub(super) fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::Bool(true)) => "yes".to_owned(),
        Some(Value::Bool(false)) => "no".to_owned(),
        Some(Value::String(text)) => time(text).unwrap_or_else(|| text.clone()),
        Some(Value::Array(items)) if items.is_empty() => "-".to_owned(),
        Some(Value::Object(fields)) if fields.is_empty() => "-".to_owned(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(" ")
        }
        Some(Value::Object(fields)) => fields
            .iter()
            .map(|(key, value)| format!("{key}={}", cell(Some(value))))
            .collect::<Vec<_>>()
            .join(" "),
        Some(Value::Number(number)) => number.to_string(),
    }
}

/// The length of a time in JSON.
const AS_STORED: usize = "2026-06-22T12:57:03.123456Z".len();

/// `2026-06-22T12:57:03.123456Z` as `2026-06-22 14:57:03+02`, where the clocks show that.
fn time(text: &str) -> Option<String> {
    let time = DateTime::parse_from_rfc3339(text).ok().filter(|_| text.len() == AS_STORED)?;
    Some(in_zone(time.to_utc()))
}

/// A time as people read it, with its zone: local, or UTC if that is wanted.
pub(super) fn in_zone(time: DateTime<Utc>) -> String {
    if style().utc { written(time) } else { written(time.with_timezone(&Local)) }
}

/// The day of a time, in the zone in which times are shown.
pub(super) fn day(time: DateTime<Utc>) -> String {
    let day = if style().utc { time.date_naive() } else { time.with_timezone(&Local).date_naive() };
    day.to_string()
}

fn written<Z: TimeZone<Offset: Display>>(time: DateTime<Z>) -> String {
    let zone = time.format("%:z").to_string();
    let zone = match zone.as_str() {
        "+00:00" => "Z",
        zone => zone.strip_suffix(":00").unwrap_or(zone),
    };
    format!("{}{zone}", time.format("%Y-%m-%d %H:%M:%S"))
}

/// A line on standard error that shows the progress of a long operation. It is overwritten by the
/// next one and erased at the end; where there is no terminal, nothing is shown.
pub(super) struct Progress {
    is_shown: bool,
}

impl Progress {
    pub fn begin() -> Progress {
        Progress { is_shown: std::io::stderr().is_terminal() }
    }

    /// Replaces what is shown.
    pub fn show(&self, what: impl Display) {
        if self.is_shown {
            // The work goes on even if the terminal has gone.
            let _ = write!(std::io::stderr(), "\r\x1b[K{}", Line::from(what.to_string()));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.show("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn cells_for_people() {
        for (value, text) in [
            (json!(null), "-"),
            (json!(true), "yes"),
            (json!({"UK": "0.80"}), "UK=0.80"),
            (json!(["a", "b"]), "a b"),
            (json!(7), "7"),
        ] {
            assert_eq!(cell(Some(&value)), text);
        }
    }

    #[test]
    fn countries_are_spelt_by_their_iso_codes() {
        let service = json!({ "country": "UK", "countries": { "NL": "0.50", "USA": "off" } });
        assert_eq!(member(&service, "country"), "GB");
        assert_eq!(member(&service, "countries"), "NL=0.50 US=off");
        let none = json!({ "country": null, "countries": {} });
        assert_eq!([member(&none, "country"), member(&none, "countries")], ["-", "-"]);
    }

    #[test]
    fn a_terminal_without_utf8_gets_bars_that_it_can_show() {
        for (locale, has) in [
            (None, true),
            (Some("C"), false),
            (Some("POSIX"), false),
            (Some("nl_NL.ISO-8859-15"), false),
            (Some("C.UTF-8"), true),
            (Some("nl_NL.utf8"), true),
        ] {
            assert_eq!(has_utf8(locale), has, "{locale:?}");
        }
        assert_eq!(without_drawn_characters("▂▄▆█ -71 dBm é…"), "|||| -71 dBm é~");
    }

    #[test]
    fn a_time_has_its_zone() {
        let time: DateTime<Utc> = "2026-06-22T12:57:03.000001Z".parse().unwrap();
        let zone = |seconds| time.with_timezone(&chrono::FixedOffset::east_opt(seconds).unwrap());
        assert_eq!(written(time), "2026-06-22 12:57:03Z");
        assert_eq!(written(zone(2 * 3600)), "2026-06-22 14:57:03+02");
        assert_eq!(written(zone(-(3 * 3600 + 1800))), "2026-06-22 09:27:03-03:30");
        let shown = |text: &str| cell(Some(&json!(text)));
        assert_eq!(shown("2026-06-22T12:57:03.000001Z"), in_zone(time));
        for text in ["2026-06-22T12:57:03Z", "see 2026-06-22T12:57:03.000001Z"] {
            assert_eq!(shown(text), text, "as it is");
        }
        let said = "é2026-06-22T12:57:03.000001Z: …2026-06-22T12:57:03.000001 2026-06-22T12:57:03Z";
        let expected =
            format!("é{}: …2026-06-22T12:57:03.000001 2026-06-22T12:57:03Z", in_zone(time));
        assert_eq!(sentence(said), expected);
    }

    #[test]
    fn states_are_spelt_in_one_way_and_only_sentences_of_ours_are_changed() {
        let at = "2026-06-22T12:57:03.000001Z";
        let row = json!({ "state": "used-by-tenant", "reason": format!("until {at}"),
            "text": format!("until {at}"), "none": null });
        assert_eq!(member(&row, "state"), "used_by_tenant");
        assert_eq!(member(&json!({}), "state"), "-");
        assert_eq!(member(&row, "reason"), format!("until {}", cell(Some(&json!(at)))));
        assert_eq!(member(&row, "text"), format!("until {at}"), "a stranger's");
    }

    #[test]
    fn json_means_the_same_and_has_nothing_that_a_terminal_interprets() {
        let value =
            json!({ "name\u{9b}": "a\u{1b}[31m\n\u{7f}\u{85}\u{202e}\u{2028}\u{e0041}é😀" });
        let printed = escaped(&value.to_string());
        let expected = r#"{"name\u009b":"a\u001b[31m\n\u007f\u0085\u202e\u2028\udb40\udc41é😀"}"#;
        assert_eq!(printed, expected);
        assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), value);
    }
}
