//! What keeps a page from being shown, or a form from being carried out.

use std::fmt::Display;

use crate::gateway;

/// What is said when something would have to be written, if only that somebody has looked.
const DISK_FULL: &str = "The disk of the gateway's database is full. Until whoever runs the \
                         machine has freed some space there, nothing can be changed, and nothing \
                         that is noted in the audit can be looked at. Modems keep their messages.";

/// Why a request gets another answer than it wanted. Nothing was changed.
#[derive(Debug, Clone)]
pub enum Fault {
    /// There is no such page, or nothing that it could show: a sentence.
    NotFound(String),
    /// It cannot be done: a sentence that says what would be right.
    Refused(String),
    /// Something is wrong with what was typed.
    Form(Faults),
    /// The page takes no requests of this kind.
    WrongMethod,
    /// The visitor may not.
    Forbidden(String),
    /// So many pages are read that this one would have to wait.
    Busy,
    /// So much is written that this would have to wait: a sentence.
    NotNow(String),
    /// Too much was asked; after so many seconds it may be asked again.
    TooMany(u64),
    /// It failed, for this reason, which is for the log.
    Failed(String),
}

impl Fault {
    /// A fault of a form as a whole: a sentence.
    pub fn form(sentence: impl Into<String>) -> Fault {
        let mut faults = Faults::new();
        faults.add("", sentence);
        Fault::Form(faults)
    }

    /// What makes a refusal of the business a fault of the field that it is about.
    pub fn of_field(field: &str) -> impl FnOnce(gateway::Error) -> Fault {
        move |error| match Fault::from(error) {
            Fault::Refused(sentence) => {
                let mut faults = Faults::new();
                faults.add(field, sentence);
                Fault::Form(faults)
            }
            other => other,
        }
    }

    /// A page that cannot show what was asked for is not there.
    pub(super) fn of_page(self) -> Fault {
        match self {
            Fault::Refused(sentence) => Fault::NotFound(sentence),
            other => other,
        }
    }

    /// For a page that needs more than the visitor may.
    pub(super) fn forbidden() -> Fault {
        Fault::Forbidden("Your login may not do this. An owner can change its role.".to_owned())
    }
}

impl From<gateway::Error> for Fault {
    fn from(error: gateway::Error) -> Fault {
        match error {
            gateway::Error::Refused(reason) | gateway::Error::RefusedInShell { reason, .. } => {
                Fault::Refused(sentence(&reason))
            }
            gateway::Error::Pattern(error) => Fault::Refused(sentence(&error.to_string())),
            busy if busy.is_busy() => Fault::Busy,
            full if full.is_disk_full() => Fault::NotNow(DISK_FULL.to_owned()),
            failed => Fault::Failed(failed.to_string()),
        }
    }
}

/// What is wrong with a form, by its fields. What is wrong with the form as a whole has the field
/// `""`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(Vec<FormFault>);

/// Something that is wrong with a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FormFault {
    pub(super) field: String,
    /// What is wrong.
    pub(super) sentence: String,
    /// The address and the name of a page that helps.
    pub(super) way_on: Option<(String, String)>,
}

impl Faults {
    /// Nothing is wrong yet.
    pub fn new() -> Faults {
        Faults::default()
    }

    /// Notes what is wrong with a field: a sentence.
    pub fn add(&mut self, field: &str, sentence: impl Into<String>) {
        let (field, sentence) = (field.to_owned(), sentence.into());
        self.0.push(FormFault { field, sentence, way_on: None });
    }

    /// Notes what is wrong with the form as a whole, and the address and the name of a page that
    /// helps.
    pub fn add_with_way(&mut self, sentence: impl Into<String>, address: String, name: String) {
        let (field, sentence) = (String::new(), sentence.into());
        self.0.push(FormFault { field, sentence, way_on: Some((address, name)) });
    }

    /// The value of a field that was read, or `None`, and its error is noted.
    pub fn check<T, E: Display>(&mut self, field: &str, read: Result<T, E>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(error) => {
                self.add(field, sentence(&error.to_string()));
                None
            }
        }
    }

    /// An error if something is wrong.
    pub fn result(self) -> Result<(), Fault> {
        if self.0.is_empty() { Ok(()) } else { Err(Fault::Form(self)) }
    }

    /// What is wrong with a field.
    pub(super) fn of<'f>(&'f self, field: &'f str) -> impl Iterator<Item = &'f str> {
        let of_field = self.0.iter().filter(move |fault| fault.field == field);
        of_field.map(|fault| fault.sentence.as_str())
    }

    /// What is wrong, in sentences one after another.
    pub(super) fn sentences(&self) -> String {
        let sentences: Vec<&str> = self.0.iter().map(|fault| fault.sentence.as_str()).collect();
        sentences.join(" ")
    }

    /// Every fault.
    pub(super) fn all(&self) -> impl Iterator<Item = &FormFault> {
        self.0.iter()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An error's text as a sentence: with a capital letter and a full stop.
pub fn sentence(text: &str) -> String {
    let mut chars = text.trim().chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let rest = chars.as_str();
    let ends = rest.ends_with(['.', '!', '?', ':']);
    format!("{first}{rest}{}", if ends { "" } else { "." })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errors_text_becomes_a_sentence() {
        for (text, whole) in [
            ("no account x; there are a, b", "No account x; there are a, b."),
            ("Already one.", "Already one."),
            ("x", "X."),
            ("ångström", "Ångström."),
        ] {
            assert_eq!(sentence(text), whole);
        }
    }

    #[test]
    fn a_page_leaves_out_the_command_that_a_refusal_names_in_a_shell() {
        let refused = gateway::Error::RefusedInShell {
            reason: "no order 7".to_owned(),
            in_shell: "`simbridge order list` shows them".to_owned(),
        };
        assert_eq!(refused.to_string(), "no order 7; `simbridge order list` shows them");
        assert!(matches!(Fault::from(refused), Fault::Refused(text) if text == "No order 7."));
    }

    #[test]
    fn faults_are_kept_by_field_and_values_are_given_through() {
        let mut faults = Faults::new();
        assert_eq!(faults.check("count", "7".parse::<i32>()), Some(7));
        assert!(faults.is_empty() && faults.clone().result().is_ok());
        assert_eq!(faults.check("count", "x".parse::<i32>()), None);
        faults.add("", "Nothing fits.");
        assert_eq!(faults.of("count").count(), 1);
        assert_eq!(faults.of("").collect::<Vec<_>>(), ["Nothing fits."]);
        assert!(matches!(faults.result(), Err(Fault::Form(_))));
    }
}
