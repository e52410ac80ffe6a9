//! The terminal that output goes to: its size, its colours, and columns that fit into it.

use std::fmt;
use std::io::IsTerminal;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::domain::text::visible;

/// What separates columns.
const GAP: &str = "  ";
/// What stands before the lines of a text after its first.
const INDENT: &str = "  ";
/// Columns are not made narrower than this.
const MIN_WIDTH: usize = 6;
/// Before columns are made narrower than this, others are left out.
const LEAST: usize = 24;

/// Where output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Screen {
    /// Columns and lines; `None` where there is no terminal, so that nothing is cut off.
    pub size: Option<(usize, usize)>,
    pub colours: bool,
}

/// What may be done with a column where the terminal is too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Nothing.
    Whole,
    /// It may be cut.
    Cut,
    /// It may be left out.
    LeftOut,
}

/// The colour of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colour {
    Plain,
    Good,
    Middling,
    Bad,
    Faint,
}

/// A cell of a table. Its text has nothing in it that a terminal would interpret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    text: String,
    colour: Colour,
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell::with(text, Colour::Plain)
    }
}

impl Cell {
    pub fn with(text: impl AsRef<str>, colour: Colour) -> Cell {
        Cell { text: visible(text.as_ref()), colour }
    }
}

/// A line for a terminal. A terminal interprets nothing in it but the colours that this module has
/// put there, wherever the texts in it come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line(String);

impl<T: AsRef<str>> From<T> for Line {
    fn from(text: T) -> Line {
        Line(visible(text.as_ref()))
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Screen {
    /// The terminal on standard output, without colours if `NO_COLOR` is set.
    pub fn of_stdout() -> Screen {
        let out = std::io::stdout();
        if !out.is_terminal() {
            return Screen { size: None, colours: false };
        }
        let size = rustix::termios::tcgetwinsize(&out).ok().filter(|size| size.ws_col > 0);
        Screen {
            size: size.map(|size| (size.ws_col.into(), size.ws_row.into())),
            colours: std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty()),
        }
    }

    /// A line with one text, cut to the terminal's width, in its colour if there are colours.
    pub fn single(&self, cell: &Cell) -> Line {
        let text = self.size.map_or_else(|| cell.text.clone(), |(width, _)| cut(&cell.text, width));
        Line(self.paint(text, cell.colour))
    }

    /// As many lines as a text needs in the terminal's width, each but the first indented.
    pub fn wrapped(&self, cell: &Cell) -> Vec<Line> {
        let Some((width, _)) = self.size else { return vec![self.single(cell)] };
        let (mut lines, mut line) = (Vec::new(), String::new());
        for word in cell.text.split(' ') {
            if line.width() + 1 + word.width() > width && !line.trim().is_empty() {
                lines.push(std::mem::replace(&mut line, INDENT.to_owned()));
            } else if !lines.is_empty() || !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
        lines.into_iter().map(|text| self.single(&Cell { text, colour: cell.colour })).collect()
    }

    /// The text, which must be a cell's, in a colour, if there are colours.
    fn paint(&self, text: String, colour: Colour) -> String {
        let code = match colour {
            Colour::Good => "32",
            Colour::Middling => "33",
            Colour::Bad => "1;31",
            Colour::Faint => "2",
            Colour::Plain => return text,
        };
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text }
    }

    /// Formats rows as lines with aligned columns. If they do not fit, the widest columns are cut.
    pub fn columns(&self, rows: &[Vec<Cell>]) -> Vec<Line> {
        let mut widths = widths(rows);
        if let Some((columns, _)) = self.size {
            let room = room_in(columns, widths.len());
            fit(&mut widths, room, |_| true);
        }
        rows.iter().map(|row| self.row(row, &widths)).collect()
    }

    /// Formats a table as lines with aligned columns. Until they fit, cut where they may be, those
    /// in which nothing stands go first, and then those that may be left out, each time the last.
    /// What fits in no way is as wide as it is.
    pub fn fitted(&self, rows: &[Vec<Cell>], fits: &[Fit]) -> Vec<Line> {
        let (mut rows, mut fits) = (rows.to_vec(), fits.to_vec());
        let Some((columns, _)) = self.size else { return self.columns(&rows) };
        let least = |width: usize, fit: Fit| if fit == Fit::Cut { width.min(LEAST) } else { width };
        loop {
            let widths = widths(&rows);
            let least: usize =
                widths.iter().zip(&fits).map(|(width, fit)| least(*width, *fit)).sum();
            let wanted: usize = if has_empty(&rows) { widths.iter().sum() } else { least };
            let is_too_wide = wanted > room_in(columns, widths.len());
            let last = (0..fits.len()).rev().find(|column| is_empty(&rows, *column));
            let last = last.or_else(|| fits.iter().rposition(|fit| *fit == Fit::LeftOut));
            let Some(last) = last.filter(|_| is_too_wide) else { break };
            fits.remove(last);
            for row in rows.iter_mut().filter(|row| last < row.len()) {
                row.remove(last);
            }
        }
        let mut widths = widths(&rows);
        let room = room_in(columns, widths.len());
        fit(&mut widths, room, |column| fits.get(column) == Some(&Fit::Cut));
        rows.iter().map(|row| self.row(row, &widths)).collect()
    }

    fn row(&self, row: &[Cell], widths: &[usize]) -> Line {
        let mut line = String::new();
        let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
        for (place, (cell, width)) in
            row.iter().zip(widths).enumerate().take_while(|(place, _)| *place <= last)
        {
            let text = cut(&cell.text, *width);
            let padding = if place < last { width.saturating_sub(text.width()) } else { 0 };
            line.push_str(if place > 0 { GAP } else { "" });
            line.push_str(&self.paint(text, cell.colour));
            line.push_str(&" ".repeat(padding));
        }
        Line(line)
    }
}

/// Whether nothing stands in a column below its head.
fn is_empty(rows: &[Vec<Cell>], column: usize) -> bool {
    let mut cells = rows.iter().skip(1).filter_map(|row| row.get(column));
    rows.len() > 1 && cells.all(|cell| matches!(cell.text.as_str(), "" | "-"))
}

/// Whether nothing stands in some column of a table.
fn has_empty(rows: &[Vec<Cell>]) -> bool {
    (0..rows.first().map_or(0, Vec::len)).any(|column| is_empty(rows, column))
}

/// The widths that the columns of a table need.
fn widths(rows: &[Vec<Cell>]) -> Vec<usize> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell: &Cell| cell.text.width()).max().unwrap_or(0)
    };
    (0..count).map(width).collect()
}

/// What so many columns of a terminal's have for texts.
fn room_in(columns: usize, count: usize) -> usize {
    columns.saturating_sub(GAP.len() * count.saturating_sub(1))
}

/// Makes the widest column that may be cut narrower until all columns fit.
fn fit(widths: &mut [usize], room: usize, may_be_cut: impl Fn(usize) -> bool) {
    while widths.iter().sum::<usize>() > room {
        let cuttable = widths.iter_mut().enumerate().filter(|(column, _)| may_be_cut(*column));
        match cuttable.map(|(_, width)| width).max() {
            Some(widest) if *widest > MIN_WIDTH => *widest -= 1,
            _ => return,
        }
    }
}

/// Cuts a text to a width. A path keeps its end, any other text its beginning.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(1);
    let mut fits = |c: &char| {
        let wide = c.width().unwrap_or(0);
        let is_room = wide <= room;
        room = room.saturating_sub(wide);
        is_room
    };
    if text.starts_with('/') {
        let kept: Vec<char> = text.chars().rev().take_while(&mut fits).collect();
        return format!("…{}", kept.into_iter().rev().collect::<String>());
    }
    let kept: String = text.chars().take_while(fits).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(rows: &[&[&str]]) -> Vec<Vec<Cell>> {
        rows.iter().map(|row| row.iter().map(|text| Cell::from(*text)).collect()).collect()
    }

    fn texts(screen: &Screen, table: &[Vec<Cell>]) -> Vec<String> {
        screen.columns(table).iter().map(Line::to_string).collect()
    }

    #[test]
    fn columns_fit_into_a_terminal_and_nothing_is_cut_elsewhere() {
        let table = rows(&[
            &["PORT", "STATE", "REASON"],
            &["/dev/serial/modem001", "Ready", ""],
            &["/dev/b", "x", "some long reason"],
        ]);
        let wide = texts(&Screen { size: None, colours: false }, &table);
        assert_eq!(
            wide,
            [
                "PORT                  STATE  REASON",
                "/dev/serial/modem001  Ready",
                "/dev/b                x      some long reason"
            ]
        );
        let narrow = texts(&Screen { size: Some((32, 24)), colours: false }, &table);
        assert_eq!(
            narrow,
            [
                "PORT          STATE  REASON",
                "…al/modem001  Ready",
                "/dev/b        x      some long …"
            ]
        );
        assert!(narrow.iter().all(|line| line.width() <= 32));
    }

    #[test]
    fn what_must_be_whole_is_whole_and_what_matters_less_is_left_out() {
        let table = rows(&[
            &["ID", "ICCID", "IMSI", "NAME", "AT"],
            &["1", "8931040000000000018", "204040000000001", "a customer's name", "12:57:03"],
        ]);
        let fits = [Fit::Whole, Fit::Whole, Fit::LeftOut, Fit::Cut, Fit::LeftOut];
        let at = |columns| {
            let screen = Screen { size: Some((columns, 24)), colours: false };
            screen.fitted(&table, &fits).iter().map(Line::to_string).collect::<Vec<_>>().remove(1)
        };
        let all = "1   8931040000000000018  204040000000001  a customer's name  12:57:03";
        assert_eq!(at(80), all);
        assert_eq!(at(66), "1   8931040000000000018  204040000000001  a customer's name");
        assert_eq!(at(60), "1   8931040000000000018  204040000000001  a customer's name");
        assert_eq!(at(45), "1   8931040000000000018  a customer's name");
        assert_eq!(at(38), "1   8931040000000000018  a customer's…");
        assert_eq!(at(20), "1   8931040000000000018  a cus…", "an ICCID is never cut");
        let wide = Screen { size: None, colours: false };
        assert_eq!(wide.fitted(&table, &fits)[1].to_string(), all);
    }

    #[test]
    fn columns_in_which_nothing_stands_go_before_any_is_cut() {
        let table = rows(&[
            &["ID", "LABEL", "NAME", "NOTE", "AT"],
            &["1", "-", "a customer's name", "", "12:57:03"],
            &["2", "-", "another", "", "-"],
        ]);
        let fits = [Fit::Whole, Fit::Whole, Fit::Cut, Fit::Cut, Fit::LeftOut];
        let at = |columns| {
            let screen = Screen { size: Some((columns, 24)), colours: false };
            screen.fitted(&table, &fits).iter().map(Line::to_string).collect::<Vec<_>>().remove(1)
        };
        assert_eq!(at(50), "1   -      a customer's name        12:57:03");
        assert_eq!(at(40), "1   -      a customer's name  12:57:03");
        assert_eq!(at(31), "1   a customer's name  12:57:03");
        assert_eq!(at(28), "1   a customer's name");
        let empty = rows(&[&["ID", "NAME"]]);
        let screen = Screen { size: Some((4, 24)), colours: false };
        assert_eq!(screen.fitted(&empty, &[Fit::Whole, Fit::Whole])[0].to_string(), "ID  NAME");
    }

    #[test]
    fn a_text_that_is_too_long_goes_on_in_the_next_line() {
        let wrapped = |columns, text: &str| -> Vec<String> {
            let screen = Screen { size: Some((columns, 24)), colours: false };
            screen.wrapped(&Cell::from(text)).iter().map(Line::to_string).collect()
        };
        let text = "! Alarm: none of 8931040000000000018 and 8931040000000000026 is sold";
        assert_eq!(wrapped(80, text), [text]);
        let expected =
            ["! Alarm: none of", "  8931040000000000018 and", "  8931040000000000026 is", "  sold"];
        assert_eq!(wrapped(25, text), expected);
        assert_eq!(wrapped(80, ""), [""]);
    }

    #[test]
    fn wide_characters_count_twice_and_colours_not_at_all() {
        assert_eq!(cut("你好你好", 5), "你好…");
        let screen = Screen { size: Some((80, 24)), colours: true };
        let table = [
            vec![Cell::with("a", Colour::Bad), Cell::from("b")],
            vec![Cell::from("aa"), Cell::from("b")],
        ];
        assert_eq!(texts(&screen, &table), ["\x1b[1;31ma\x1b[0m   b", "aa  b"]);
        let plain = Screen { colours: false, ..screen };
        assert_eq!(texts(&plain, &table), ["a   b", "aa  b"]);
    }

    #[test]
    fn a_terminal_interprets_nothing_but_our_colours() {
        let screen = Screen { size: Some((80, 24)), colours: true };
        let table = [
            vec![Cell::with("\x1b[31ma", Colour::Bad), Cell::from("Net\x1b]0;x\x07")],
            vec![Cell::from("\u{202e}a\n\u{9b}2J"), Cell::from("b")],
        ];
        let expected =
            ["\x1b[1;31m\u{fffd}[31ma\x1b[0m  Net\u{fffd}]0;x\u{fffd}", "\u{fffd}a \u{fffd}2J  b"];
        assert_eq!(texts(&screen, &table), expected);
        let alarm = Cell::with("a\x1bb", Colour::Faint);
        assert_eq!(screen.single(&alarm).to_string(), "\x1b[2ma\u{fffd}b\x1b[0m");
        assert_eq!(Line::from("a\x1bb\u{2028}").to_string(), "a\u{fffd}b ");
    }
}
