//! Tables. At the width of a phone each row becomes a card with its cells below each other, each
//! beside its heading.

use maud::{Markup, Render, html};

use super::super::path_segment;
use super::{Empty, Tone};

/// A table of rows with the same columns.
#[derive(Debug, Clone)]
pub struct Table {
    id: String,
    caption: String,
    columns: Vec<Column>,
    rows: Vec<Row>,
    empty: Option<Empty>,
    grows_on_top: bool,
    selected_as: Option<(String, String)>,
}

#[derive(Debug, Clone)]
struct Column {
    heading: String,
    is_number: bool,
    /// Left out where there is little room.
    is_minor: bool,
}

impl Column {
    fn class(&self) -> Option<&'static str> {
        match (self.is_number, self.is_minor) {
            (true, true) => Some("number minor"),
            (true, false) => Some("number"),
            (false, true) => Some("minor"),
            (false, false) => None,
        }
    }
}

/// A row of a table.
#[derive(Debug, Clone)]
pub struct Row {
    key: String,
    name: String,
    cells: Vec<Markup>,
    tone: Option<Tone>,
}

impl Row {
    /// A row. Its key tells it from the table's other rows, whatever its cells say. The first cell
    /// is the row's heading.
    pub fn new(key: impl ToString, cells: impl IntoIterator<Item = Markup>) -> Row {
        let key = key.to_string();
        Row { name: key.clone(), key, cells: cells.into_iter().collect(), tone: None }
    }

    /// Calls the row by a name that is shorter than its key, for who selects it by ear.
    pub fn called(mut self, name: impl ToString) -> Row {
        self.name = name.to_string();
        self
    }

    /// Marks the row at its edge. What it means has to be said in a cell.
    pub fn marked(mut self, tone: Tone) -> Row {
        self.tone = Some(tone);
        self
    }
}

impl Table {
    /// A table. The caption is for who does not see it.
    pub fn new(id: impl Into<String>, caption: impl Into<String>) -> Table {
        Table {
            id: id.into(),
            caption: caption.into(),
            columns: Vec::new(),
            rows: Vec::new(),
            empty: None,
            grows_on_top: false,
            selected_as: None,
        }
    }

    /// Adds a column.
    pub fn column(self, heading: &str) -> Table {
        self.with(heading, false)
    }

    /// Adds a column of figures, which stand below each other at their right end.
    pub fn number_column(self, heading: &str) -> Table {
        self.with(heading, true)
    }

    fn with(mut self, heading: &str, is_number: bool) -> Table {
        self.columns.push(Column { heading: heading.to_owned(), is_number, is_minor: false });
        self
    }

    /// Leaves the column that was added last out where there is little room. What it tells has to
    /// stand on the page of each row, too.
    pub fn minor(mut self) -> Table {
        if let Some(column) = self.columns.last_mut() {
            column.is_minor = true;
        }
        self
    }

    /// Adds a row.
    pub fn row(mut self, row: Row) -> Table {
        self.rows.push(row);
        self
    }

    /// Adds rows.
    pub fn rows(mut self, rows: impl IntoIterator<Item = Row>) -> Table {
        self.rows.extend(rows);
        self
    }

    /// What is shown in place of a table without rows.
    pub fn empty(mut self, empty: Empty) -> Table {
        self.empty = Some(empty);
        self
    }

    /// New rows come on top: who has scrolled down is told how many, and nothing jumps.
    pub fn newest_first(mut self) -> Table {
        self.grows_on_top = true;
        self
    }

    /// Puts a checkbox before each row, by which its key is sent with a form under this name.
    pub fn selectable(mut self, name: &str, form_id: &str) -> Table {
        self.selected_as = Some((name.to_owned(), form_id.to_owned()));
        self
    }

    fn head(&self) -> Markup {
        html! {
            thead {
                tr {
                    @if let Some((_, form)) = &self.selected_as {
                        td class="select" {
                            input type="checkbox" data-all=(form) aria-label="Select all rows"
                                hidden;
                        }
                    }
                    @for column in &self.columns {
                        th scope="col" class=[column.class()] {
                            (column.heading)
                        }
                    }
                }
            }
        }
    }

    fn body_row(&self, row: &Row) -> Markup {
        let id = format!("{}-{}", self.id, path_segment(&row.key));
        let tone = row.tone.map(Tone::class);
        html! {
            tr id=(id) class=[tone] {
                @if let Some((name, form)) = &self.selected_as {
                    td class="select" {
                        input type="checkbox" form=(form) name=(name) value=(row.key)
                            aria-label=(format!("Select {}", row.name));
                    }
                }
                @for (index, (cell, column)) in row.cells.iter().zip(&self.columns).enumerate() {
                    @if index == 0 {
                        th scope="row" class=[column.class()] { (cell) }
                    } @else {
                        td class=[column.class()] data-label=(column.heading) { (cell) }
                    }
                }
            }
        }
    }
}

impl Render for Table {
    fn render(&self) -> Markup {
        if let Some(empty) = self.empty.as_ref().filter(|_| self.rows.is_empty()) {
            return empty.render();
        }
        html! {
            div class="scroll" {
                table id=(self.id) data-grows=[self.grows_on_top.then_some("top")] {
                    caption { (self.caption) }
                    (self.head())
                    tbody { @for row in &self.rows { (self.body_row(row)) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_has_an_id_of_its_own_and_each_cell_its_heading() {
        let table = Table::new("modems", "Modems")
            .column("Port")
            .number_column("Signal")
            .row(Row::new("usb 2:1.2", [html! { "usb-2" }, html! { "-97" }]).marked(Tone::Bad))
            .newest_first();
        let text = table.render().into_string();
        for piece in [
            "<table id=\"modems\" data-grows=\"top\"><caption>Modems</caption>",
            "<th scope=\"col\" class=\"number\">Signal</th>",
            "<tr id=\"modems-usb%202%3A1%2E2\" class=\"bad\"><th scope=\"row\">usb-2</th>",
            "<td class=\"number\" data-label=\"Signal\">-97</td>",
        ] {
            assert!(text.contains(piece), "{piece}\n{text}");
        }
    }

    #[test]
    fn a_table_without_rows_says_what_will_be_there() {
        let table = Table::new("sims", "SIMs").column("ICCID").empty(Empty::new("No SIM yet."));
        let text = table.render().into_string();
        assert!(text.contains("No SIM yet.") && !text.contains("<table"));
    }
}
