//! Long lists, page by page. A page begins after the last row of the one before it, which its
//! address names, so that it costs the same however far one has gone.

use maud::{Markup, html};

use super::{Visit, Visitor};

/// How many rows a page has: so many that one of modems has about 60 kB.
pub const PAGE_ROWS: usize = 50;
/// The name in the query.
const BEFORE: &str = "before";

/// Where in a list a page begins.
#[derive(Debug, Clone)]
pub struct Paging {
    before: Option<String>,
    /// This page's address without a position, and the same up to the position.
    newest: String,
    onward: String,
}

impl Paging {
    /// What the address of a page says.
    pub fn of<P: Visitor>(visit: &Visit<P>) -> Paging {
        let newest = visit.address_with(&[(BEFORE, None)]);
        let separator = if newest.contains('?') { '&' } else { '?' };
        let onward = format!("{newest}{separator}{BEFORE}=");
        Paging { before: visit.query(BEFORE).map(str::to_owned), newest, onward }
    }

    /// The id that the page's rows stand before.
    pub fn before(&self) -> Option<i64> {
        self.before.as_deref().and_then(|id| id.parse().ok())
    }

    /// The key that the page's rows stand behind, for a list whose rows have texts as keys.
    pub fn before_key(&self) -> Option<&str> {
        self.before.as_deref()
    }

    /// The rows of this page, of one more than it has, and the address of the next page if there is
    /// one.
    pub fn cut<T>(&self, rows: Vec<T>, id: impl Fn(&T) -> i64) -> (Vec<T>, Option<String>) {
        self.cut_by_key(rows, |row| id(row).to_string())
    }

    /// The same for rows whose keys are texts.
    pub fn cut_by_key<T>(
        &self,
        mut rows: Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let has_more = rows.len() > PAGE_ROWS;
        rows.truncate(PAGE_ROWS);
        let last = rows.last().filter(|_| has_more).map(key);
        (rows, last.map(|key| format!("{}{}", self.onward, super::super::path_segment(&key))))
    }
}

/// The links to the next page and back to the first one.
pub fn pager(paging: &Paging, older: Option<String>) -> Markup {
    html! {
        @if paging.before.is_some() || older.is_some() {
            nav class="pager" aria-label="Pages" {
                @if paging.before.is_some() { a href=(paging.newest) { "First page" } }
                @if let Some(older) = older { a href=(older) rel="next" { "Next page" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(before: Option<&str>) -> Paging {
        Paging {
            before: before.map(str::to_owned),
            newest: "/orders?state=open".to_owned(),
            onward: "/orders?state=open&before=".to_owned(),
        }
    }

    #[test]
    fn a_page_has_so_many_rows_and_names_its_last() {
        let rows: Vec<i64> = (1..=51).rev().collect();
        let (cut, older) = paging(None).cut(rows.clone(), |id| *id);
        assert_eq!((cut.len(), older.as_deref()), (50, Some("/orders?state=open&before=2")));
        let (cut, older) = paging(Some("2")).cut(vec![1], |id| *id);
        assert_eq!((cut.len(), older), (1, None));
        assert_eq!(paging(Some("2")).before(), Some(2));
        assert_eq!(paging(Some("x")).before(), None);
    }

    #[test]
    fn the_first_page_of_a_short_list_has_no_links() {
        assert_eq!(pager(&paging(None), None).into_string(), "");
        let both = pager(&paging(Some("2")), Some("/x".to_owned())).into_string();
        assert!(both.contains("href=\"/orders?state=open\"") && both.contains("href=\"/x\""));
    }
}
