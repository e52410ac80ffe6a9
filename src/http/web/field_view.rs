//! A field of a form as a page shows it: with its label and hint, and after a mistake with what is
//! wrong with it.

use maud::{Markup, Render, html};

use super::saved_values::shown_name;

/// How many lines are seen at least and at most of a field that has several.
const FEWEST_ROWS: usize = 4;
const MOST_ROWS: usize = 12;

/// One field of a form.
#[derive(Debug, Clone)]
pub struct FieldView {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) label: String,
    pub(super) kind: FieldKind,
    pub(super) hint: Option<String>,
    pub(super) value: String,
    pub(super) is_required: bool,
    pub(super) input_mode: Option<&'static str>,
    pub(super) autocomplete: Option<&'static str>,
    pub(super) faults: Vec<String>,
    pub(super) was_tried: bool,
    /// What is saved of it, which is sent along.
    pub(super) saved: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FieldKind {
    Text,
    Password,
    Lines,
    Checkbox,
    File,
    Choice(Vec<(String, String)>),
}

impl FieldView {
    /// What helps to fill it in: an example, or what it is for.
    pub fn hint(mut self, hint: impl Into<String>) -> FieldView {
        self.hint = Some(hint.into());
        self
    }

    /// The value that it has unless something else was typed.
    pub fn value(mut self, value: impl Into<String>) -> FieldView {
        if !self.was_tried {
            self.value = value.into();
        }
        self
    }

    /// A checkbox that is set unless something else was chosen.
    pub fn set_if(self, is_set: bool) -> FieldView {
        self.value(if is_set { "yes" } else { "" })
    }

    /// It must be filled in. The browser sees to that.
    pub fn required(mut self) -> FieldView {
        self.is_required = true;
        self
    }

    /// The keyboard of a phone: `tel`, `numeric`, `decimal`.
    pub fn inputmode(mut self, mode: &'static str) -> FieldView {
        self.input_mode = Some(mode);
        self
    }

    /// What a browser may fill in: `username`, `one-time-code`.
    pub fn autocomplete(mut self, what: &'static str) -> FieldView {
        self.autocomplete = Some(what);
        self
    }

    /// How many lines of several are seen at once: those that there are, and room for another.
    fn rows(&self) -> usize {
        (self.value.lines().count() + 1).clamp(FEWEST_ROWS, MOST_ROWS)
    }

    fn hint_id(&self) -> String {
        format!("{}-hint", self.id)
    }

    fn fault_id(&self) -> String {
        format!("{}-fault", self.id)
    }

    /// The ids of what describes the field.
    fn described_by(&self) -> Option<String> {
        let hint = self.hint.as_ref().map(|_| self.hint_id());
        let fault = (!self.faults.is_empty()).then(|| self.fault_id());
        let ids: Vec<String> = hint.into_iter().chain(fault).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }

    fn input(&self) -> Markup {
        let described = self.described_by();
        let invalid = (!self.faults.is_empty()).then_some("true");
        let (id, name) = (&self.id, &self.name);
        let complete = self.autocomplete.unwrap_or("off");
        match &self.kind {
            FieldKind::Text => html! {
                input id=(id) name=(name) type="text" value=(self.value) autocomplete=(complete)
                    inputmode=[self.input_mode] required[self.is_required] aria-invalid=[invalid]
                    aria-describedby=[described] autocapitalize="none" spellcheck="false";
            },
            FieldKind::Password => html! {
                input id=(id) name=(name) type="password" autocomplete=(complete) maxlength="256"
                    required[self.is_required] aria-invalid=[invalid] aria-describedby=[described];
            },
            FieldKind::Lines => html! {
                textarea id=(id) name=(name) rows=(self.rows()) autocomplete="off"
                    spellcheck="false" required[self.is_required] aria-invalid=[invalid]
                    aria-describedby=[described] {
                    (self.value)
                }
            },
            FieldKind::Checkbox => html! {
                input id=(id) name=(name) type="checkbox" value="yes"
                    checked[!self.value.is_empty()] aria-invalid=[invalid]
                    aria-describedby=[described];
            },
            FieldKind::File => html! {
                input id=(id) name=(name) type="file" required[self.is_required]
                    aria-invalid=[invalid] aria-describedby=[described];
            },
            FieldKind::Choice(options) => html! {
                select id=(id) name=(name) aria-invalid=[invalid] aria-describedby=[described] {
                    @for (value, called) in options {
                        option value=(value) selected[*value == self.value] { (called) }
                    }
                }
            },
        }
    }
}

impl Render for FieldView {
    fn render(&self) -> Markup {
        let is_checkbox = self.kind == FieldKind::Checkbox;
        let label = html! { label for=(self.id) { (self.label) } };
        html! {
            div class=(if is_checkbox { "field check" } else { "field" }) {
                @if is_checkbox { (self.input()) (label) } @else { (label) (self.input()) }
                @if let Some(saved) = &self.saved {
                    input type="hidden" name=(shown_name(&self.name)) value=(saved);
                }
                @if let Some(hint) = &self.hint { p class="hint" id=(self.hint_id()) { (hint) } }
                @if !self.faults.is_empty() {
                    p class="fault" id=(self.fault_id()) {
                        @for fault in &self.faults { span { (fault) } }
                    }
                }
            }
        }
    }
}
