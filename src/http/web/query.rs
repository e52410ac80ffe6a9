//! The query of a page's address: its filters and where in a list it is.

use std::fmt;

use super::super::path_segment;

/// Names and values, in the order of the address. An empty value counts as none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
    /// What the address only refers to, because it must not stand there.
    unseen: Vec<(String, String)>,
}

impl Query {
    /// Reads what is behind the `?` of an address.
    pub(super) fn parse(text: &str) -> Query {
        let pairs = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        Query { pairs, unseen: Vec::new() }
    }

    /// The query with what its address only refers to.
    pub(super) fn with_unseen(self, unseen: Vec<(String, String)>) -> Query {
        Query { unseen, ..self }
    }

    /// The first value with this name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs().find(|(key, value)| *key == name && !value.is_empty());
        found.map(|(_, value)| value)
    }

    /// The same query with other values for some names; `None` leaves a name out.
    pub(super) fn with(&self, changes: &[(&str, Option<&str>)]) -> Query {
        let is_kept = |(name, value): &&(String, String)| {
            !value.is_empty() && changes.iter().all(|(changed, _)| changed != name)
        };
        let kept = |pairs: &[(String, String)]| pairs.iter().filter(is_kept).cloned().collect();
        let (mut pairs, unseen): (Vec<_>, Vec<_>) = (kept(&self.pairs), kept(&self.unseen));
        let added = changes.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        pairs.extend(added.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Query { pairs, unseen }
    }

    /// All names and values, also those that the address only refers to.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.pairs.iter().chain(&self.unseen);
        all.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// This query behind a path.
    pub(super) fn behind(&self, path: &str) -> String {
        if self.pairs.is_empty() { path.to_owned() } else { format!("{path}?{self}") }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.pairs.iter().enumerate() {
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

    #[test]
    fn what_an_address_only_refers_to_does_not_stand_in_it() {
        let unseen = vec![("number".to_owned(), "+31612345678".to_owned())];
        let query = Query::parse("state=open&search=a-1").with_unseen(unseen);
        assert_eq!(query.get("number"), Some("+31612345678"));
        let next = query.with(&[("before", Some("7"))]);
        assert_eq!(next.behind("/orders"), "/orders?state=open&search=a-1&before=7");
        assert_eq!(next.get("number"), Some("+31612345678"));
    }
}
