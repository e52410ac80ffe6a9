//! The query of a page's address: its filters and where in a list it is.

use std::fmt;

use super::super::path_segment;

/// Names and values, in the order of the address. An empty value counts as none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what is behind the `?` of an address.
    pub(super) fn parse(text: &str) -> Query {
        Query(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The first value with this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, value)| key == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }

    /// The same query with other values for some names; `None` leaves a name out.
    pub(super) fn with(&self, changes: &[(&str, Option<&str>)]) -> Query {
        let is_kept = |(name, value): &&(String, String)| {
            !value.is_empty() && changes.iter().all(|(changed, _)| changed != name)
        };
        let mut pairs: Vec<(String, String)> = self.0.iter().filter(is_kept).cloned().collect();
        let added = changes.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        pairs.extend(added.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Query(pairs)
    }

    /// All names and values.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// This query behind a path.
    pub(super) fn behind(&self, path: &str) -> String {
        if self.0.is_empty() { path.to_owned() } else { format!("{path}?{self}") }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "&" };
            write!(f, "{separator}{}={}", path_segment(name), path_segment(value))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_changed_by_name_and_survives_any_text() {
        let query = Query::parse("state=Ready&number=%2B31&empty=&state=x");
        assert_eq!(query.get("state"), Some("Ready"));
        assert_eq!([query.get("empty"), query.get("missing")], [None, None]);
        let changed = query.with(&[("state", None), ("before", Some("a&b c"))]);
        assert_eq!(changed.behind("/sims"), "/sims?number=%2B31&before=a%26b%20c");
        assert_eq!(Query::parse(&changed.to_string()), changed);
        assert_eq!(Query::default().behind("/sims"), "/sims");
    }
}
