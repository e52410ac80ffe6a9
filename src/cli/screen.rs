//! The terminal that output goes to: its size, its colours, and columns that fit into it.

use std::io::IsTerminal;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What separates columns.
const GAP: &str = "  ";
/// Columns are not made narrower than this.
const MIN_WIDTH: usize = 6;

/// Where output goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Screen {
    /// Columns and lines; `None` where there is no terminal, so that nothing is cut off.
    pub size: Option<(usize, usize)>,
    pub colours: bool,
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

/// A cell of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub text: String,
    pub colour: Colour,
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell { text: text.into(), colour: Colour::Plain }
    }
}

impl Cell {
    pub fn with(text: impl Into<String>, colour: Colour) -> Cell {
        Cell { text: text.into(), colour }
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

    /// The text in a colour, if there are colours.
    pub fn paint(&self, text: &str, colour: Colour) -> String {
        let code = match colour {
            Colour::Good => "32",
            Colour::Middling => "33",
            Colour::Bad => "1;31",
            Colour::Faint => "2",
            Colour::Plain => return text.to_owned(),
        };
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Formats rows as lines with aligned columns. If they do not fit, the widest columns are cut.
    pub fn columns(&self, rows: &[Vec<Cell>]) -> Vec<String> {
        let count = rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..count)
            .map(|column| {
                rows.iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| cell.text.width())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        if let Some((columns, _)) = self.size {
            fit(&mut widths, columns.saturating_sub(GAP.len() * count.saturating_sub(1)));
        }
        rows.iter().map(|row| self.row(row, &widths)).collect()
    }

    fn row(&self, row: &[Cell], widths: &[usize]) -> String {
        let mut line = String::new();
        let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
        for (place, (cell, width)) in
            row.iter().zip(widths).enumerate().take_while(|(place, _)| *place <= last)
        {
            let text = cut(&cell.text, *width);
            let padding = if place < last { width.saturating_sub(text.width()) } else { 0 };
            line.push_str(if place > 0 { GAP } else { "" });
            line.push_str(&self.paint(&text, cell.colour));
            line.push_str(&" ".repeat(padding));
        }
        line
    }
}

/// Makes the widest column narrower until all columns fit.
fn fit(widths: &mut [usize], room: usize) {
    while widths.iter().sum::<usize>() > room {
        match widths.iter_mut().max() {
            Some(widest) if *widest > MIN_WIDTH => *widest -= 1,
            _ => return,
        }
    }
}

/// Cuts a text to a width. A path keeps its end, any other text its beginning.
pub(super) fn cut(text: &str, width: usize) -> String {
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

    #[test]
    fn columns_fit_into_a_terminal_and_nothing_is_cut_elsewhere() {
        let table = rows(&[
            &["PORT", "STATE", "REASON"],
            &["/dev/serial/modem001", "Ready", ""],
            &["/dev/b", "x", "some long reason"],
        ]);
        let wide = Screen { size: None, colours: false }.columns(&table);
        assert_eq!(
            wide,
            [
                "PORT                  STATE  REASON",
                "/dev/serial/modem001  Ready",
                "/dev/b                x      some long reason"
            ]
        );
        let narrow = Screen { size: Some((32, 24)), colours: false }.columns(&table);
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
    fn wide_characters_count_twice_and_colours_not_at_all() {
        assert_eq!(cut("你好你好", 5), "你好…");
        let screen = Screen { size: Some((80, 24)), colours: true };
        let table = [
            vec![Cell::with("a", Colour::Bad), Cell::from("b")],
            vec![Cell::from("aa"), Cell::from("b")],
        ];
        assert_eq!(screen.columns(&table), ["\x1b[1;31ma\x1b[0m   b", "aa  b"]);
        let plain = Screen { colours: false, ..screen };
        assert_eq!(plain.columns(&table), ["a   b", "aa  b"]);
    }
}
