//! The filters of a list. They are a form that is sent by GET, so that they stand in the address.

use maud::{Markup, Render, html};

use super::{Visit, Visitor};

/// The filters of a list.
#[derive(Debug, Clone)]
pub struct Filters {
    path: String,
    fields: Vec<Filter>,
    is_set: bool,
    values: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
struct Filter {
    name: String,
    label: String,
    kind: Kind,
    value: String,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Values with what they are called.
    Choice(Vec<(String, String)>),
    Text,
    Day,
    Flag,
}

impl Filters {
    /// The filters of a page, with the values of its address.
    pub fn new<P: Visitor>(visit: &Visit<P>) -> Filters {
        let values = visit.place.query.pairs();
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Filters { path: visit.path().to_owned(), fields: Vec::new(), is_set: false, values }
    }

    /// One of several values, or all.
    pub fn choice(
        self,
        name: &str,
        label: &str,
        options: &[(impl AsRef<str>, impl AsRef<str>)],
    ) -> Filters {
        let option = |(value, called): &(_, _)| (owned(value), owned(called));
        self.with(name, label, Kind::Choice(options.iter().map(option).collect()))
    }

    /// Any text.
    pub fn search(self, name: &str, label: &str) -> Filters {
        self.with(name, label, Kind::Text)
    }

    /// A day.
    pub fn day(self, name: &str, label: &str) -> Filters {
        self.with(name, label, Kind::Day)
    }

    /// Yes, or whatever it is.
    pub fn flag(self, name: &str, label: &str) -> Filters {
        self.with(name, label, Kind::Flag)
    }

    fn with(mut self, name: &str, label: &str, kind: Kind) -> Filters {
        let given = self.values.iter().find(|(key, _)| key == name);
        let value = given.map(|(_, value)| value.clone()).unwrap_or_default();
        self.is_set |= !value.is_empty();
        self.fields.push(Filter { name: name.to_owned(), label: label.to_owned(), kind, value });
        self
    }

    /// Whether any filter is set.
    pub fn are_set(&self) -> bool {
        self.is_set
    }
}

fn owned(text: &impl AsRef<str>) -> String {
    text.as_ref().to_owned()
}

impl Render for Filter {
    fn render(&self) -> Markup {
        let id = format!("filter-{}", self.name);
        html! {
            div class=(if matches!(self.kind, Kind::Flag) { "filter flag" } else { "filter" }) {
                label for=(id) { (self.label) }
                @match &self.kind {
                    Kind::Choice(options) => select id=(id) name=(self.name) {
                        option value="" { "All" }
                        @for (value, called) in options {
                            option value=(value) selected[*value == self.value] { (called) }
                        }
                    },
                    Kind::Text => input id=(id) name=(self.name) type="search" value=(self.value)
                        autocomplete="off" spellcheck="false";,
                    Kind::Day => input id=(id) name=(self.name) type="date" value=(self.value);,
                    Kind::Flag => input id=(id) name=(self.name) type="checkbox" value="yes"
                        checked[!self.value.is_empty()];,
                }
            }
        }
    }
}

impl Render for Filters {
    fn render(&self) -> Markup {
        html! {
            form class="filters" method="get" action=(self.path) role="search"
                aria-label="Filter" data-filters {
                @for field in &self.fields { (field) }
                div class="filter-buttons" {
                    button type="submit" class="quiet" { "Show" }
                    @if self.is_set { a class="button plain" href=(self.path) { "Clear" } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_show_what_the_address_says() {
        let filters = Filters {
            path: "/orders".to_owned(),
            fields: Vec::new(),
            is_set: false,
            values: vec![("state".to_owned(), "open".to_owned())],
        };
        let filters = filters.choice("state", "State", &[("open", "Open"), ("done", "Done")]);
        assert!(filters.are_set());
        let text = filters.search("number", "Number").render().into_string();
        assert!(text.contains("<option value=\"open\" selected>Open</option>"), "{text}");
        assert!(text.contains("<option value=\"done\">Done</option>"));
        assert!(text.contains("href=\"/orders\""), "they can be cleared");
    }
}
