//! The form of a service: what is typed, how it is read, and what is wrong with it.

use std::collections::BTreeMap;
use std::time::Duration;

use maud::{Markup, html};

use super::Operator;
use super::service_trial::TRIED;
use super::sims::read_time;
use crate::domain::Service;
use crate::domain::catalogue::{self, ChargeOn, CountryPrice, ReuseTerms};
use crate::domain::market_names::MarketNames;
use crate::gateway::{NewService, PatternDraft};
use crate::http::web::{Fault, Faults, Form, SavedValues, Visit};

/// A service as it stands in the form, saved or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ServiceDraft {
    pub(super) name: String,
    pub(super) code: String,
    pub(super) fivesim: String,
    pub(super) price: String,
    pub(super) countries: String,
    pub(super) priority: String,
    pub(super) reuse_window: String,
    pub(super) reuse_price_percent: String,
    pub(super) charge_on: String,
    pub(super) senders: String,
    pub(super) texts: String,
    /// The message that the patterns are tried on.
    pub(super) try_sender: String,
    pub(super) try_text: String,
}

impl ServiceDraft {
    /// A service as it is saved.
    pub(super) fn of_service(visit: &Visit<Operator>, service: &Service) -> ServiceDraft {
        let currency = visit.gateway().currency();
        let line = |(country, price): (&String, &CountryPrice)| {
            format!("{} {}", visit.country_code(country), price.text(currency))
        };
        let countries: Vec<String> = service.country_prices.iter().map(line).collect();
        let window = service.reuse.window.map(humantime::format_duration);
        let percent = service.reuse.price_percent;
        let MarketNames { code, fivesim } = &service.market_names;
        ServiceDraft {
            name: service.name.clone(),
            code: code.as_ref().map(ToString::to_string).unwrap_or_default(),
            fivesim: fivesim.as_ref().map(ToString::to_string).unwrap_or_default(),
            price: currency.text(service.price),
            countries: countries.join("\n"),
            priority: service.priority.to_string(),
            reuse_window: window.map(|window| window.to_string()).unwrap_or_default(),
            reuse_price_percent: percent.map(|percent| percent.to_string()).unwrap_or_default(),
            charge_on: service.charge_on.map(ChargeOn::as_str).unwrap_or_default().to_owned(),
            senders: service.senders.join("\n"),
            texts: service.texts.join("\n"),
            ..ServiceDraft::default()
        }
    }

    /// The values of the fields that are saved.
    pub(super) fn saved_values(&self) -> SavedValues {
        SavedValues::new()
            .with("code", &self.code)
            .with("fivesim", &self.fivesim)
            .with("price", &self.price)
            .with("countries", &self.countries)
            .with("priority", &self.priority)
            .with("reuse_window", &self.reuse_window)
            .with("reuse_price_percent", &self.reuse_price_percent)
            .with("charge_on", &self.charge_on)
            .with("senders", &self.senders)
            .with("texts", &self.texts)
    }

    /// What was typed.
    pub(super) fn of_form(form: &Form) -> ServiceDraft {
        let text = |name: &str| form.text(name).to_owned();
        ServiceDraft {
            name: text("name"),
            code: text("code"),
            fivesim: text("fivesim"),
            price: text("price"),
            countries: text("countries"),
            priority: text("priority"),
            reuse_window: text("reuse_window"),
            reuse_price_percent: text("reuse_price_percent"),
            charge_on: text("charge_on"),
            // A space at the beginning or the end of a pattern counts.
            senders: form.raw("senders").to_owned(),
            texts: form.raw("texts").to_owned(),
            try_sender: text("try_sender"),
            try_text: form.raw("try_text").to_owned(),
        }
    }

    /// The patterns, to be tried before they are saved.
    ///
    /// # Errors
    /// A pattern cannot be read; each fault stands at its field.
    pub(super) fn patterns(&self, service: &str) -> Result<PatternDraft, Fault> {
        let mut faults = Faults::new();
        let (senders, texts) = self.checked_patterns(&mut faults);
        let priority = self.priority_in(&mut faults);
        faults.result()?;
        Ok(PatternDraft {
            service: service.to_owned(),
            senders: Some(senders),
            texts: Some(texts),
            priority,
        })
    }

    /// The service that is typed.
    ///
    /// # Errors
    /// Something cannot be read; each fault stands at its field.
    pub(super) fn read(&self, visit: &Visit<Operator>) -> Result<NewService, Fault> {
        let mut faults = Faults::new();
        let currency = visit.gateway().currency();
        if self.name.is_empty() {
            faults.add("name", "Write a name, such as that of the messenger.");
        }
        let price = faults.check("price", currency.parse(&self.price));
        let country_prices = self.country_prices(visit, &mut faults);
        let priority = self.priority_in(&mut faults);
        let window = read_optional(&self.reuse_window, "reuse_window", &mut faults, read_time);
        let percent = |text: &str| {
            let percent = text.parse::<u32>().ok().filter(|percent| *percent <= 1000);
            percent.ok_or("write a number from 0 to 1000")
        };
        let typed = &self.reuse_price_percent;
        let price_percent = read_optional(typed, "reuse_price_percent", &mut faults, percent);
        let (senders, texts) = self.checked_patterns(&mut faults);
        let market_names = self.market_names(&mut faults);
        faults.result()?;
        Ok(NewService {
            name: self.name.clone(),
            market_names,
            price: price.unwrap_or_default(),
            country_prices,
            priority: priority.unwrap_or_default(),
            reuse: ReuseTerms { window, price_percent },
            charge_on: self.charge_on.parse().ok(),
            senders,
            texts,
        })
    }

    fn market_names(&self, faults: &mut Faults) -> MarketNames {
        let (code, fivesim) = (&self.code, &self.fivesim);
        MarketNames {
            code: Some(code)
                .filter(|typed| !typed.is_empty())
                .and_then(|typed| faults.check("code", typed.parse())),
            fivesim: Some(fivesim)
                .filter(|typed| !typed.is_empty())
                .and_then(|typed| faults.check("fivesim", typed.parse())),
        }
    }

    fn priority_in(&self, faults: &mut Faults) -> Option<i64> {
        let read = |text: &str| text.parse::<i64>().map_err(|_| "write a whole number, such as 0");
        read_optional(&self.priority, "priority", faults, read)
    }

    /// The prices of countries: a line for each.
    fn country_prices(
        &self,
        visit: &Visit<Operator>,
        faults: &mut Faults,
    ) -> BTreeMap<String, CountryPrice> {
        let (settings, currency) = (visit.gateway().settings(), visit.gateway().currency());
        let mut prices = BTreeMap::new();
        for line in lines(&self.countries) {
            let parts = line.trim().split_once([' ', '=', ':', '\t']);
            let Some((code, price)) = parts else {
                faults.add("countries", format!("\"{line}\": write a country and a price."));
                continue;
            };
            let Some(country) = settings.countries.find(code.trim()) else {
                faults.add("countries", format!("\"{code}\" is no country; write it like NL."));
                continue;
            };
            match CountryPrice::parse(price.trim(), currency) {
                Ok(price) => {
                    prices.insert(country.code.clone(), price);
                }
                Err(error) => faults.add("countries", format!("{}: {error}.", code.trim())),
            }
        }
        prices
    }

    fn checked_patterns(&self, faults: &mut Faults) -> (Vec<String>, Vec<String>) {
        let kinds = [("senders", &self.senders), ("texts", &self.texts)];
        let [senders, texts] = kinds.map(|(field, typed)| {
            let patterns = lines(typed);
            for (number, pattern) in (1..).zip(&patterns) {
                if let Err(fault) = catalogue::check_pattern(pattern) {
                    let place = fault.at.map(|at| format!(", character {at}"));
                    let place = place.unwrap_or_default();
                    faults.add(field, format!("Pattern {number}{place}: {}.", fault.reason));
                }
            }
            patterns
        });
        (senders, texts)
    }
}

/// A value that may be left out.
fn read_optional<T>(
    typed: &str,
    field: &str,
    faults: &mut Faults,
    read: impl Fn(&str) -> Result<T, &'static str>,
) -> Option<T> {
    if typed.is_empty() { None } else { faults.check(field, read(typed)) }
}

/// The lines that are not empty.
fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(str::to_owned).collect()
}

/// Whether a form adds a service or changes one, with how that is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent<'d> {
    Add,
    Change(&'d ServiceDraft),
}

/// The form of a service. Beside the button that saves it, it has those that try it.
pub(super) fn form(
    visit: &Visit<Operator>,
    action: &str,
    draft: &ServiceDraft,
    intent: Intent<'_>,
) -> Markup {
    let form = visit.form(action);
    let (form, is_new, button) = match intent {
        Intent::Add => (form, true, "Add"),
        Intent::Change(saved) => (form.editing(saved.saved_values()), false, "Save"),
    };
    let charges =
        [("", "as usual: a code where there are patterns"), ("code", "a code"), ("sms", "any SMS")];
    let window = visit.gateway().settings().reuse_window;
    let window = humantime::format_duration(Duration::from_secs(window.as_secs()));
    form.show(html! {
        div class="columns" {
            div {
                h2 { "Price" }
                @if is_new { (form.text("name", "Name").value(&draft.name).required()) }
                (form.text("price", "Price").value(&draft.price).inputmode("decimal").required()
                    .hint("like 0.50; an order for 0.00 is free"))
                (form.lines("countries", "Prices by country").value(&draft.countries)
                    .hint("A line for each, like GB 0.80, or US off where it is not sold."))
                (form.text("reuse_window", "Again on the same number for")
                    .value(&draft.reuse_window).hint(format!("like 4h; empty: {window}")))
                (form.text("reuse_price_percent", "Price of that in percent")
                    .value(&draft.reuse_price_percent).inputmode("numeric")
                    .hint("empty: as configured"))
                (form.choice("charge_on", "Charged for", &charges).value(&draft.charge_on))
                (form.text("code", "Code for programs of other markets").value(&draft.code)
                    .hint("like wa; empty: they cannot order it"))
                (form.text("fivesim", "Name for programs of 5sim").value(&draft.fivesim)
                    .hint("like whatsapp; empty: they cannot order it"))
            }
            div {
                h2 { "Patterns" }
                p class="hint" {
                    "Regular expressions, one a line. A message is for this service if its sender \
                     matches one of the senders and its text one of the texts; where there are \
                     none, any will do. Without any patterns an open order gets what no other \
                     service matches."
                }
                (form.lines("senders", "Senders").value(&draft.senders).hint("like ^Uber$"))
                (form.lines("texts", "Texts").value(&draft.texts)
                    .hint("like (?i)your uber code"))
                (form.text("priority", "Priority").value(&draft.priority).inputmode("numeric")
                    .hint("Of several services that match, that with the highest gets it."))
            }
        }
        // First of the buttons, so that the Enter key saves.
        (form.button(button))
        div class="try" {
            h2 { "Try-out" }
            p class="hint" { "With the patterns as they stand above. Nothing is saved." }
            (form.text("try_sender", "Sender").value(&draft.try_sender))
            (form.lines("try_text", "Text").value(&draft.try_text))
            div class="buttons" {
                (form.trial_button("message", "Try this message", TRIED))
                (form.trial_button("last", "Try the last 200 messages", TRIED))
            }
        }
    })
}
