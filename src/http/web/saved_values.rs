//! What is saved of what a form edits. The form carries along the values that it was filled from,
//! so that one that was opened before somebody else saved another value does not put the old one
//! back: it is answered with what has changed since, and keeps what was typed.

use super::field_view::FieldKind;
use super::{Fault, Form};

/// Begins the names of the fields that say what a form was filled from.
const SHOWN: &str = "shown-";
/// How many characters of a value are told at most.
const MOST_TOLD: usize = 100;

const STALE: &str = "This was changed after you had opened the page. What has changed is marked \
    below, and what you have typed is kept: look it through and send it again.";

/// The values that are saved, by the names of a form's fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SavedValues(Vec<(String, String)>);

impl SavedValues {
    /// No values yet.
    pub fn new() -> SavedValues {
        SavedValues::default()
    }

    /// The value of a text or of a choice.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> SavedValues {
        self.0.push((name.into(), value.into()));
        self
    }

    /// Whether a checkbox is set.
    pub fn with_flag(self, name: impl Into<String>, is_set: bool) -> SavedValues {
        self.with(name, if is_set { "yes" } else { "" })
    }

    /// The saved value of a field.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The name of the field that says what another one was filled from.
pub(super) fn shown_name(name: &str) -> String {
    format!("{SHOWN}{name}")
}

impl Form {
    /// Refuses a form that would put back a value that was changed after its page had been opened.
    ///
    /// # Errors
    /// Something was changed since, and the form has neither the new value nor shows it.
    pub fn refuse_if_stale(&self, saved: &SavedValues) -> Result<(), Fault> {
        let is_stale = |(name, value): &(String, String)| {
            let is_overtaken = |shown: &str| !is_same(shown, value);
            self.shown(name).is_some_and(is_overtaken) && !is_same(self.raw(name), value)
        };
        if saved.0.iter().any(is_stale) { Err(Fault::form(STALE)) } else { Ok(()) }
    }

    /// What a field was filled from when its page was opened, if the form says so.
    pub(super) fn shown(&self, name: &str) -> Option<&str> {
        let name = shown_name(name);
        self.is_set(&name).then(|| self.raw(&name))
    }
}

/// A field that was changed by somebody else after the form's page had been opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Overtaken<'f> {
    shown: &'f str,
    typed: &'f str,
    saved: &'f str,
}

impl<'f> Overtaken<'f> {
    /// How a field of a form that was sent has been overtaken by what is saved now.
    pub(super) fn of(form: &'f Form, name: &str, saved: &'f str) -> Option<Overtaken<'f>> {
        let shown = form.shown(name).filter(|shown| !is_same(shown, saved))?;
        Some(Overtaken { shown, typed: form.raw(name), saved })
    }

    /// What the field is to have now: what was typed, or else what is saved.
    pub(super) fn value(&self) -> &'f str {
        if is_same(self.typed, self.shown) { self.saved } else { self.typed }
    }

    /// What has changed since the page was opened, in a sentence.
    pub(super) fn sentence(&self, kind: &FieldKind) -> String {
        if *kind == FieldKind::Lines {
            return self.lines_sentence();
        }
        let (was, is) = (told(kind, self.shown), told(kind, self.saved));
        format!("It was {was} when you opened the page, and is {is} now.")
    }

    fn lines_sentence(&self) -> String {
        let only_in = |some: &str, others: &str| {
            let lines = some.lines().filter(|line| !others.lines().any(|other| other == *line));
            lines.map(quoted).collect::<Vec<_>>().join(", ")
        };
        let (gone, new) = (only_in(self.shown, self.saved), only_in(self.saved, self.shown));
        match (gone.is_empty(), new.is_empty()) {
            (true, true) => "The lines are in another order than when you opened the page.".into(),
            (true, false) => format!("Added since you opened the page: {new}."),
            (false, true) => format!("Taken away since you opened the page: {gone}."),
            (false, false) => {
                format!("Since you opened the page, {gone} was taken away and {new} added.")
            }
        }
    }
}

/// A field's value in words.
fn told(kind: &FieldKind, value: &str) -> String {
    match kind {
        FieldKind::Checkbox if value.is_empty() => "off".to_owned(),
        FieldKind::Checkbox => "on".to_owned(),
        FieldKind::Choice(options) => {
            let chosen = options.iter().find(|(option, _)| option == value);
            quoted(chosen.map_or(value, |(_, label)| label))
        }
        _ if value.is_empty() => "empty".to_owned(),
        _ => quoted(value),
    }
}

fn quoted(value: &str) -> String {
    let is_cut = value.chars().count() > MOST_TOLD;
    let told: String = value.chars().take(MOST_TOLD).collect();
    format!("“{told}{}”", if is_cut { "…" } else { "" })
}

/// Browsers end lines by CR LF in what they send (HTML, "constructing the entry list").
fn is_same(one: &str, other: &str) -> bool {
    one.replace("\r\n", "\n") == other.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved() -> SavedValues {
        SavedValues::new().with("price", "0.60").with("texts", "a\nb").with_flag("sound", true)
    }

    fn sent(changed: &[(&'static str, &'static str)]) -> Form {
        let mut fields = vec![
            ("price", "0.60"),
            ("shown-price", "0.60"),
            ("texts", "a\r\nb"),
            ("shown-texts", "a\r\nb"),
            ("sound", "yes"),
            ("shown-sound", "yes"),
        ];
        fields.retain(|(name, _)| changed.iter().all(|(other, _)| other != name));
        fields.extend(changed);
        Form::of(&fields)
    }

    #[test]
    fn a_form_is_stale_if_it_would_put_a_value_back_that_was_changed_since() {
        for (changed, is_stale) in [
            (&[][..], false),
            (&[("price", "0.70")], false),
            (&[("price", "0.50"), ("shown-price", "0.50")], true),
            (&[("price", "0.70"), ("shown-price", "0.50")], true),
            (&[("price", "0.60"), ("shown-price", "0.50")], false),
            (&[("texts", "a"), ("shown-texts", "a")], true),
            (&[("sound", ""), ("shown-sound", "")], true),
        ] {
            let refused = sent(changed).refuse_if_stale(&saved()).is_err();
            assert_eq!(refused, is_stale, "{changed:?}");
        }
        let from_elsewhere = Form::of(&[("price", "0.50")]);
        assert!(from_elsewhere.refuse_if_stale(&saved()).is_ok(), "it says nothing of it");
    }

    #[test]
    fn what_was_typed_is_kept_and_what_was_not_touched_becomes_what_is_saved() {
        let overtaken = |typed, shown| {
            let form = Form::of(&[("price", typed), ("shown-price", shown)]);
            Overtaken::of(&form, "price", "0.60").map(|field| field.value().to_owned())
        };
        assert_eq!(overtaken("0.70", "0.50").as_deref(), Some("0.70"));
        assert_eq!(overtaken("0.50", "0.50").as_deref(), Some("0.60"));
        assert_eq!(overtaken("0.70", "0.60"), None);
    }

    #[test]
    fn what_has_changed_is_told_by_the_kind_of_field() {
        let themes = vec![("light".to_owned(), "Light".to_owned())];
        for (kind, shown, saved, sentence) in [
            (FieldKind::Text, "0.50", "", "It was “0.50” when you opened the page, and is empty"),
            (FieldKind::Checkbox, "", "yes", "It was off when you opened the page, and is on now."),
            (FieldKind::Choice(themes), "light", "x", "It was “Light” when you opened the page"),
            (FieldKind::Lines, "a\r\nb", "a\nc", "the page, “b” was taken away and “c” added."),
            (FieldKind::Lines, "a", "a\nb", "Added since you opened the page: “b”."),
            (FieldKind::Lines, "a\nb", "b", "Taken away since you opened the page: “a”."),
            (FieldKind::Lines, "a\nb", "b\na", "in another order"),
        ] {
            let told = Overtaken { shown, typed: "", saved }.sentence(&kind);
            assert!(told.contains(sentence), "{told}");
        }
    }
}
