//! A form as a page shows it: with labels and hints, and after a mistake with what was typed and
//! what is wrong with it.

use std::sync::Arc;

use maud::{Markup, html};

use super::Faults;
use super::fault::FormFault;
use super::field_view::{FieldKind, FieldView};
use super::form::{REQUEST, TRIAL};
use super::saved_values::{Overtaken, SavedValues};
use super::visit::Attempt;

/// A form that is sent to a path.
#[derive(Debug, Clone)]
pub struct FormView {
    action: String,
    /// Begins the ids of the form's elements.
    prefix: String,
    request: String,
    attempt: Option<Arc<Attempt>>,
    /// What is saved of what the form edits.
    saved: SavedValues,
    takes: Option<String>,
    has_file: bool,
}

impl FormView {
    pub(super) fn new(action: &str, view: &str, attempt: Option<Arc<Attempt>>) -> FormView {
        let prefix: String =
            action.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let prefix = format!("form{prefix}");
        let (action, request) = (action.to_owned(), view.to_owned());
        let saved = SavedValues::default();
        FormView { action, prefix, request, attempt, saved, takes: None, has_file: false }
    }

    /// The form edits what is saved: its fields show these values. Whoever takes the form refuses
    /// it if they have changed since ([`refuse_if_stale`](super::Form::refuse_if_stale)).
    pub fn editing(mut self, saved: SavedValues) -> FormView {
        self.saved = saved;
        self
    }

    /// Tells for how long at most it may take until there is an answer, like `up to 60 s`.
    pub fn takes(mut self, how_long: impl Into<String>) -> FormView {
        self.takes = Some(how_long.into());
        self
    }

    /// The form's sends files, too.
    pub fn with_file(mut self) -> FormView {
        self.has_file = true;
        self
    }

    /// The form without an id of its own, for one that carries another one's.
    pub(super) fn without_request(mut self) -> FormView {
        self.request.clear();
        self
    }

    /// The id of the form's element, for fields that stand outside of it.
    pub fn id(&self) -> &str {
        &self.prefix
    }

    /// The form with its fields and buttons.
    pub fn show(&self, content: Markup) -> Markup {
        self.element("form", &html! { (self.faults()) (content) })
    }

    /// A form of a button or two, in a row with others.
    pub fn inline(&self, content: Markup) -> Markup {
        self.element("inline", &html! { (self.faults()) (content) })
    }

    /// A form behind a question, which a red button opens: for what cannot be undone.
    pub fn confirmed(&self, button: &str, question: &str, content: Markup) -> Markup {
        html! {
            details class="confirm" open[self.attempt.is_some()] {
                summary { (button) }
                (self.element("form", &html! { p { (question) } (self.faults()) (content) }))
            }
        }
    }

    /// A form behind a question, which a button opens: for what costs something, or is done seldom.
    pub fn asked(&self, button: &str, question: &str, content: Markup) -> Markup {
        html! {
            details class="confirm mild" open[self.attempt.is_some()] {
                summary { (button) }
                (self.element("form", &html! { p { (question) } (self.faults()) (content) }))
            }
        }
    }

    fn element(&self, class: &str, content: &Markup) -> Markup {
        let kind = self.has_file.then_some("multipart/form-data");
        html! {
            form id=(self.prefix) class=(class) method="post" action=(self.action) enctype=[kind]
                data-takes=[self.takes.as_deref()] {
                @if !self.request.is_empty() {
                    input type="hidden" name=(REQUEST) value=(self.request);
                }
                (content)
            }
        }
    }

    /// What is wrong, each with a link to its field. It has the focus.
    fn faults(&self) -> Markup {
        let attempt = self.attempt.as_ref().filter(|attempt| !attempt.faults.is_empty());
        let Some(attempt) = attempt else { return Markup::default() };
        fault_list(&attempt.faults, attempt.instead, |field| Some(self.id_of(field)))
    }

    fn id_of(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// A line of text.
    pub fn text(&self, name: &str, label: &str) -> FieldView {
        self.field(name, label, FieldKind::Text)
    }

    /// A password; `autocomplete` is `current-password` or `new-password`.
    pub fn password(&self, name: &str, label: &str, autocomplete: &'static str) -> FieldView {
        self.field(name, label, FieldKind::Password).autocomplete(autocomplete)
    }

    /// Several lines of text.
    pub fn lines(&self, name: &str, label: &str) -> FieldView {
        self.field(name, label, FieldKind::Lines)
    }

    /// A yes that can be left out.
    pub fn checkbox(&self, name: &str, label: &str) -> FieldView {
        self.field(name, label, FieldKind::Checkbox)
    }

    /// A file. The form has to be one [`with_file`](FormView::with_file).
    pub fn file(&self, name: &str, label: &str) -> FieldView {
        self.field(name, label, FieldKind::File)
    }

    /// One of several values, each with what it is called.
    pub fn choice(
        &self,
        name: &str,
        label: &str,
        options: &[(impl AsRef<str>, impl AsRef<str>)],
    ) -> FieldView {
        let owned = options
            .iter()
            .map(|(value, called)| (value.as_ref().to_owned(), called.as_ref().to_owned()));
        self.field(name, label, FieldKind::Choice(owned.collect()))
    }

    fn field(&self, name: &str, label: &str, kind: FieldKind) -> FieldView {
        let (tried, saved) = (self.attempt.as_ref(), self.saved.get(name));
        let faults = tried.into_iter().flat_map(|attempt| attempt.faults.of(name));
        let mut faults: Vec<String> = faults.map(str::to_owned).collect();
        let overtaken =
            saved.zip(tried).and_then(|(saved, attempt)| Overtaken::of(&attempt.form, name, saved));
        faults.extend(overtaken.map(|field| field.sentence(&kind)));
        let value = match tried {
            // Passwords are typed again.
            Some(_) if kind == FieldKind::Password => "",
            Some(attempt) => overtaken.map_or(attempt.form.raw(name), |field| field.value()),
            None => saved.unwrap_or_default(),
        };
        let value = value.to_owned();
        FieldView {
            id: self.id_of(name),
            name: name.to_owned(),
            label: label.to_owned(),
            kind,
            hint: None,
            value,
            is_required: false,
            input_mode: None,
            autocomplete: None,
            faults,
            was_tried: tried.is_some(),
            saved: saved.map(str::to_owned),
        }
    }

    /// What was sent in a field, if the form was tried, or else what the address has.
    pub(super) fn sent_or<'f>(&'f self, name: &str, asked: Option<&'f str>) -> &'f str {
        let sent = self.attempt.as_ref().map(|attempt| attempt.form.raw(name));
        sent.or(asked).unwrap_or_default()
    }

    /// A field that is not seen.
    pub fn hidden(&self, name: &str, value: &str) -> Markup {
        html! { input type="hidden" name=(name) value=(value); }
    }

    /// The button that sends the form.
    pub fn button(&self, label: &str) -> Markup {
        html! { button type="submit" { (label) } }
    }

    /// The same for a button beside a more important one.
    pub fn quiet_button(&self, label: &str) -> Markup {
        html! { button type="submit" class="quiet" { (label) } }
    }

    /// The same, in red, for what takes something away for good.
    pub fn danger_button(&self, label: &str) -> Markup {
        html! { button type="submit" class="danger" { (label) } }
    }

    /// The button that tries out what stands in the form, and sends a field of its own. The browser
    /// does not ask for the fields that only saving needs, and goes to the part of the page that
    /// shows what came of it.
    pub fn trial_button(&self, value: &str, label: &str, part: &str) -> Markup {
        let to = format!("{}#{part}", self.action);
        html! {
            button type="submit" class="quiet" name=(TRIAL) value=(value) formnovalidate
                formaction=(to) { (label) }
        }
    }

    /// One of several buttons, which sends a field of its own.
    pub fn button_named(&self, name: &str, value: &str, label: &str) -> Markup {
        html! { button type="submit" class="quiet" name=(name) value=(value) { (label) } }
    }
}

/// What is said above what is wrong with a form that would have changed something.
pub(super) const NOTHING_CHANGED: &str = "Nothing was changed.";
/// What is said above what is wrong with a form that only shows something.
pub(super) const NOT_SHOWN: &str = "This has to be put right first:";

/// What is wrong with a form, each with a link to its field, if that is on the page, or to a page
/// that helps. It has the focus. What was done instead of what the form asks for comes first.
pub(super) fn fault_list(
    faults: &Faults,
    instead: &str,
    id_of: impl Fn(&str) -> Option<String>,
) -> Markup {
    let field_id = |fault: &FormFault| {
        let field = Some(fault.field.as_str()).filter(|field| !field.is_empty());
        field.and_then(&id_of)
    };
    html! {
        div class="faults" role="alert" tabindex="-1" autofocus {
            p { (instead) }
            ul {
                @for fault in faults.all() {
                    li {
                        @match field_id(fault) {
                            Some(id) => a href=(format!("#{id}")) { (fault.sentence) },
                            None => (fault.sentence),
                        }
                        @if let Some((address, name)) = &fault.way_on {
                            " " a href=(address) { (name) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Form;
    use super::*;

    fn attempt() -> Arc<Attempt> {
        let mut faults = Faults::new();
        faults.add("number", "This is no number.");
        faults.add("", "Nothing fits.");
        let form = Form::of(&[("number", "<06>"), ("password", "secret")]);
        let action = "/sims/1/number".to_owned();
        Arc::new(Attempt { action, form, faults, is_query: false, instead: NOTHING_CHANGED })
    }

    #[test]
    fn after_a_mistake_the_input_is_kept_and_the_fault_stands_at_its_field() {
        let form = FormView::new("/sims/1/number", "v1", Some(attempt()));
        let number = form.text("number", "Number").value("+31").hint("like +31612345678");
        let password = form.password("password", "Password", "current-password");
        let text = form.show(html! { (number) (password) }).into_string();
        for piece in [
            "<input type=\"hidden\" name=\"request\" value=\"v1\">",
            "value=\"&lt;06&gt;\"",
            "aria-invalid=\"true\"",
            "aria-describedby=\"form-sims-1-number-number-hint form-sims-1-number-number-fault\"",
            "<a href=\"#form-sims-1-number-number\">This is no number.</a>",
            "<li>Nothing fits.</li>",
        ] {
            assert!(text.contains(piece), "{piece}\n{text}");
        }
        assert!(!text.contains("secret"), "passwords are typed again");
    }

    #[test]
    fn a_form_that_was_not_tried_has_its_values() {
        let form = FormView::new("/me", "v1", None);
        let theme = form.choice("theme", "Theme", &[("light", "Light"), ("dark", "Dark")]);
        let text = html! { (theme.value("dark")) (form.checkbox("sound", "Sound").set_if(true)) };
        let text = text.into_string();
        assert!(text.contains("<option value=\"dark\" selected>"), "{text}");
        assert!(text.contains("value=\"yes\" checked"), "{text}");
        assert!(!text.contains("aria-invalid"));
    }
}
