//! Files to download.

use std::fmt::Write;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::Response;

use crate::domain::text::csv_field;

/// What a cell may not begin with, because spreadsheets would take it for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A file to download.
pub struct Download {
    name: String,
    kind: &'static str,
    body: Body,
}

impl Download {
    /// A file with this name, of this kind (a MIME type).
    pub fn new(name: impl Into<String>, kind: &'static str, body: impl Into<Body>) -> Download {
        Download { name: name.into(), kind, body: body.into() }
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = Response::new(self.body);
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
        let name: String = self.name.chars().filter(is_plain).collect();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
        headers.extend(disposition.ok().map(|value| (CONTENT_DISPOSITION, value)));
        response
    }
}

/// A table as CSV (RFC 4180).
pub struct Csv(String);

impl Csv {
    /// A table with these columns.
    pub fn new(columns: &[&str]) -> Csv {
        Csv(String::new()).row(columns)
    }

    /// Adds a row. A cell that a spreadsheet would take for a formula gets an apostrophe.
    pub fn row(mut self, cells: &[impl AsRef<str>]) -> Csv {
        for (index, cell) in cells.iter().enumerate() {
            let cell = cell.as_ref();
            let separator = if index == 0 { "" } else { "," };
            let apostrophe = if is_formula(cell) { "'" } else { "" };
            let _ = write!(self.0, "{separator}{}", csv_field(&format!("{apostrophe}{cell}")));
        }
        self.0.push_str("\r\n");
        self
    }

    /// The table as a file with this name.
    pub fn download(self, name: impl Into<String>) -> Download {
        Download::new(name, "text/csv; charset=utf-8", self.0)
    }
}

/// Whether a spreadsheet would compute a cell. A plain number with a sign is none.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(FORMULA) && cell.parse::<f64>().map_or(true, |number| !number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let csv = Csv::new(&["time", "text"])
            .row(&["1", "=1+1"])
            .row(&["-0.50", "+31612345678"])
            .row(&["@x", "\tx"])
            .row(&["-1+1", "a,\"b\""]);
        assert_eq!(
            csv.0,
            "time,text\r\n1,'=1+1\r\n-0.50,+31612345678\r\n'@x,'\tx\r\n'-1+1,\"a,\"\"b\"\"\"\r\n"
        );
    }

    #[test]
    fn a_files_name_is_plain() {
        let response = Download::new("a\"b\r\n/c.csv", "text/csv", "x").into_response();
        assert_eq!(response.headers()[CONTENT_DISPOSITION], "attachment; filename=\"abc.csv\"");
    }
}
