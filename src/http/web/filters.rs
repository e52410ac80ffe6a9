//! The filters of a list. They are a form that is sent by GET, so that they stand in the address,
//! unless there are some that must not stand there.

use std::sync::Arc;

use maud::{Markup, Render, html};

use super::searches::LONGEST_WORD;
use super::visit::Attempt;
use super::{Visit, Visitor};

/// The filters of a list.
#[derive(Debug, Clone)]
pub struct Filters {
    path: String,
    fields: Vec<Filter>,
    is_set: bool,
    values: Vec<(String, String)>,
    /// The names of those that must not stand in the address.
    private: &'static [&'static str],
    /// What was typed and what is wrong with it.
    attempt: Option<Arc<Attempt>>,
    /// What the button says, if the filters are those of a file.
    download: Option<String>,
}

#[derive(Debug, Clone)]
struct Filter {
    name: String,
    label: String,
    kind: Kind,
    value: String,
    faults: Vec<String>,
}

#[derive(Debug, Clone)]
enum Kind {
    /// Values with what they are called, or all.
    Choice(Vec<(String, String)>),
    /// The same, but all is none of them.
    OneOf(Vec<(String, String)>),
    Text,
    Day,
    Flag,
}

impl Filters {
    /// The filters of a page, with the values of its address.
    pub fn new<P: Visitor>(visit: &Visit<P>) -> Filters {
        let values = visit.place.query.pairs();
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        // A file has the same filters as the page that leads to it.
        let attempt = visit.attempt.as_ref().filter(|attempt| attempt.is_query).cloned();
        Filters { values, ..Filters::sent_to(visit, visit.path(), attempt) }
    }

    /// What is asked for a file, with the button that downloads it.
    pub fn of_file<P: Visitor>(visit: &Visit<P>, path: &str, button: &str) -> Filters {
        let is_this = |attempt: &&Arc<Attempt>| attempt.action == path;
        let attempt = visit.attempt.as_ref().filter(is_this).cloned();
        Filters { download: Some(button.to_owned()), ..Filters::sent_to(visit, path, attempt) }
    }

    fn sent_to<P: Visitor>(visit: &Visit<P>, path: &str, attempt: Option<Arc<Attempt>>) -> Filters {
        Filters {
            path: path.to_owned(),
            fields: Vec::new(),
            is_set: false,
            values: Vec::new(),
            private: visit.place.private,
            attempt,
            download: None,
        }
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

    /// One of several values; the first, if nothing else is said.
    pub fn one_of(self, name: &str, label: &str, options: &[(&str, &str)]) -> Filters {
        let option = |(value, called): &(&str, &str)| (owned(value), owned(called));
        self.with(name, label, Kind::OneOf(options.iter().map(option).collect()))
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
        let tried = self.attempt.as_ref();
        let given = self.values.iter().find(|(key, _)| key == name);
        let value = match tried {
            Some(attempt) => attempt.form.text(name).to_owned(),
            None => given.map(|(_, value)| value.clone()).unwrap_or_default(),
        };
        let faults = tried.into_iter().flat_map(|attempt| attempt.faults.of(name));
        let faults = faults.map(str::to_owned).collect();
        self.is_set |= !value.is_empty();
        let (name, label) = (name.to_owned(), label.to_owned());
        self.fields.push(Filter { name, label, kind, value, faults });
        self
    }

    /// How they are sent: by GET if all may stand in the address.
    fn method(&self) -> &'static str {
        let is_private = |field: &Filter| self.private.contains(&field.name.as_str());
        if self.fields.iter().any(is_private) { "post" } else { "get" }
    }

    /// Whether any filter is set.
    pub fn are_set(&self) -> bool {
        self.is_set
    }
}

/// The id of a filter's field.
pub(super) fn id_of(name: &str) -> String {
    format!("filter-{name}")
}

fn owned(text: &impl AsRef<str>) -> String {
    text.as_ref().to_owned()
}

impl Filter {
    fn input(&self) -> Markup {
        let (id, name, value) = (id_of(&self.name), &self.name, &self.value);
        let invalid = (!self.faults.is_empty()).then_some("true");
        let described = invalid.map(|_| self.fault_id());
        html! {
            @match &self.kind {
                Kind::Choice(options) | Kind::OneOf(options) => select id=(id) name=(name)
                    aria-invalid=[invalid] aria-describedby=[described] {
                    @if matches!(self.kind, Kind::Choice(_)) { option value="" { "All" } }
                    @for (option, called) in options {
                        option value=(option) selected[option == value] { (called) }
                    }
                },
                Kind::Text => input id=(id) name=(name) type="search" value=(value)
                    autocomplete="off" spellcheck="false" maxlength=(LONGEST_WORD)
                    aria-invalid=[invalid]
                    aria-describedby=[described];,
                // A browser shows nothing of a text that is no day in a field for days.
                Kind::Day => input id=(id) name=(name) value=(value) aria-invalid=[invalid]
                    type=(if self.faults.is_empty() { "date" } else { "text" })
                    aria-describedby=[described];,
                Kind::Flag => input id=(id) name=(name) type="checkbox" value="yes"
                    checked[!value.is_empty()];,
            }
        }
    }

    fn fault_id(&self) -> String {
        format!("{}-fault", id_of(&self.name))
    }
}

impl Render for Filter {
    fn render(&self) -> Markup {
        let id = id_of(&self.name);
        html! {
            div class=(if matches!(self.kind, Kind::Flag) { "filter flag" } else { "filter" }) {
                label for=(id) { (self.label) }
                (self.input())
                @if !self.faults.is_empty() {
                    p class="fault" id=(self.fault_id()) {
                        @for fault in &self.faults { span { (fault) } }
                    }
                }
            }
        }
    }
}

impl Render for Filters {
    fn render(&self) -> Markup {
        let is_file = self.download.is_some();
        html! {
            form class="filters" method=(self.method()) action=(self.path)
                role=[(!is_file).then_some("search")]
                aria-label=(if is_file { "Entries as a file" } else { "Filter" })
                data-filters[!is_file] {
                @for field in &self.fields { (field) }
                div class="filter-buttons" {
                    button type="submit" class="quiet" {
                        (self.download.as_deref().unwrap_or("Show"))
                    }
                    @if self.is_set && !is_file {
                        a class="button plain" href=(self.path) { "Clear" }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::web::{Faults, Form};

    fn filters(values: &[(&str, &str)]) -> Filters {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Filters {
            path: "/orders".to_owned(),
            fields: Vec::new(),
            is_set: false,
            values: values.iter().map(owned).collect(),
            private: &["number"],
            attempt: None,
            download: None,
        }
    }

    #[test]
    fn filters_show_what_the_address_says() {
        let filters = filters(&[("state", "open")]);
        let filters = filters.choice("state", "State", &[("open", "Open"), ("done", "Done")]);
        assert!(filters.are_set());
        assert!(filters.render().0.contains("method=\"get\""));
        let text = filters.search("number", "Number").render().into_string();
        assert!(text.contains("<option value=\"open\" selected>Open</option>"), "{text}");
        assert!(text.contains("<option value=\"done\">Done</option>"));
        assert!(text.contains("href=\"/orders\""), "they can be cleared");
        assert!(text.contains("method=\"post\""), "a number does not stand in an address");
    }

    #[test]
    fn a_filter_that_was_wrong_keeps_what_was_typed_and_says_what_is_wrong() {
        let mut faults = Faults::new();
        faults.add("day", "A day is written like 2026-05-03.");
        let form = Form::of(&[("day", "yesterday"), ("state", "open")]);
        let attempt =
            Attempt { action: "/orders".to_owned(), form, faults, is_query: true, instead: "" };
        let filters = Filters { attempt: Some(Arc::new(attempt)), ..filters(&[]) };
        let text = filters.day("day", "Day").search("state", "State").render().into_string();
        for piece in [
            "name=\"day\" value=\"yesterday\" aria-invalid=\"true\" type=\"text\" \
             aria-describedby=\"filter-day-fault\"",
            "id=\"filter-day-fault\"><span>A day is written like 2026-05-03.</span>",
            "name=\"state\" type=\"search\" value=\"open\"",
        ] {
            assert!(text.contains(piece), "{piece}\n{text}");
        }
    }
}
