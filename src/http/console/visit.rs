//! What the console's pages have of a visit, besides what all pages have.

use maud::{Markup, html};

use super::Operator;
use crate::domain::login::Permission;
use crate::domain::{Msisdn, country_names};
use crate::gateway::{ModemControl, Reload};
use crate::http::health::Health;
use crate::http::web::{Visit, hostile};

impl Visit<Operator> {
    /// Carries out what operators ask of modems and SIM banks.
    pub(super) fn modems(&self) -> &dyn ModemControl {
        &*self.tools().modems
    }

    /// Reads the configuration again.
    pub(super) fn reload(&self) -> &dyn Reload {
        &*self.tools().reload
    }

    /// How the daemon is.
    pub(super) fn health(&self) -> &dyn Health {
        &*self.tools().health
    }

    /// A number, of which a viewer sees the last digits only.
    pub(super) fn number(&self, number: &Msisdn) -> Markup {
        html! { span class="digits" { (self.number_text(number)) } }
    }

    /// The same for a file.
    pub(super) fn number_text(&self, number: &Msisdn) -> String {
        match self.may(Permission::SeeTexts) {
            true => number.to_string(),
            false => number.shortened(),
        }
    }

    /// The one spelling of a country on the console's pages: its ISO 3166 code.
    pub(super) fn country_code(&self, code: &str) -> String {
        self.gateway().settings().countries.iso_code(code).to_owned()
    }

    /// A country on a list: its code, with its name for who points at it.
    pub(super) fn country(&self, code: &str) -> Markup {
        let code = self.country_code(code);
        html! { span title=[country_names::name(&code)] { (code) } }
    }

    /// A country by its name, with its code.
    pub(super) fn country_name(&self, code: &str) -> String {
        let code = self.country_code(code);
        match country_names::name(&code) {
            Some(name) => format!("{name} ({code})"),
            None => code,
        }
    }

    /// The text of a message on a list, which a viewer does not see.
    pub(super) fn message_text(&self, text: &str) -> Markup {
        match self.may(Permission::SeeTexts) {
            true => hostile(text),
            false => html! { span class="hidden-text" { "hidden" } },
        }
    }
}
