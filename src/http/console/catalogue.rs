//! A catalogue of services, the one that comes with simbridge or another: what its import would
//! change, and the import.

use std::collections::{BTreeMap, HashMap};

use maud::{Markup, Render, html};

use super::Operator;
use super::services::country_prices;
use crate::domain::Amount;
use crate::domain::catalogue::CountryPrice;
use crate::domain::login::Permission::Act;
use crate::domain::text::counted_noun;
use crate::gateway::{Error, ImportMode, Imported, NewService, ServiceChange};
use crate::http::web::{
    Access, Done, Empty, Fault, Faults, Form, FormView, Page, Route, Row, Table, Tone, Visit,
    badge, hostile,
};
use crate::http::{SHIPPED_CATALOGUE, read_catalogue};

const IMPORT: &str = "/services/import";
const TRY: &str = "/services/import/try";
const TRY_SHIPPED: &str = "/services/import/try-shipped";
const APPLY: &str = "/services/import/apply";
/// The field that says that the catalogue is the one that comes with simbridge.
const SHIPPED: &str = "shipped";

/// The ways of importing, each with what it does.
const MODES: [(&str, &str, ImportMode); 3] = [
    ("add", "add new services, and missing patterns", ImportMode::AddPatterns),
    ("prices", "the same, and take the catalogue's prices", ImportMode::TakePrices),
    ("replace", "make the services that it names equal to it", ImportMode::Replace),
];

pub(super) fn routes() -> Vec<Route<Operator>> {
    let act = Access::May(Act);
    vec![
        Route::page(IMPORT, act, show),
        Route::post(TRY, act, IMPORT, try_import).only_shows(),
        Route::post(TRY_SHIPPED, act, IMPORT, try_import).only_shows(),
        Route::post(APPLY, act, IMPORT, apply),
    ]
}

/// A catalogue as it was filled in or chosen.
#[derive(Default)]
struct Filled {
    /// It is the one that comes with simbridge.
    is_shipped: bool,
    catalogue: String,
    mode: String,
}

impl Filled {
    fn of(form: &Form) -> Filled {
        let is_shipped = form.is_set(SHIPPED);
        let typed = || form.file("file").unwrap_or_else(|| form.raw("catalogue"));
        let catalogue = if is_shipped { SHIPPED_CATALOGUE } else { typed() }.to_owned();
        Filled { is_shipped, catalogue, mode: form.text("mode").to_owned() }
    }

    /// What was filled in.
    fn typed(&self) -> &str {
        if self.is_shipped { "" } else { &self.catalogue }
    }

    fn mode(&self) -> ImportMode {
        let found = MODES.iter().find(|(word, ..)| *word == self.mode);
        found.map_or(ImportMode::AddPatterns, |(.., mode)| *mode)
    }

    /// The services that it declares.
    fn services(&self, visit: &Visit<Operator>) -> Result<Vec<NewService>, Fault> {
        let mut faults = Faults::new();
        if self.catalogue.trim().is_empty() {
            return Err(Fault::form("Choose a file, or write the catalogue into the field."));
        }
        let declared = read_catalogue(&self.catalogue).map_err(|error| {
            let line = error.span().map(|span| {
                let before = self.catalogue.get(..span.start).unwrap_or_default();
                before.matches('\n').count() + 1
            });
            let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
            format!("{line}{}", error.message())
        });
        let declared = faults.check("catalogue", declared).unwrap_or_default();
        faults.result()?;
        let currency = visit.gateway().currency();
        let services = declared.into_iter().map(|service| {
            let name = service.name.clone();
            service.read(currency).map_err(|error| Error::Refused(format!("{name}: {error}")))
        });
        Ok(services.collect::<Result<Vec<_>, Error>>()?)
    }
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let filled = Filled::default();
    let page = page().intro(html! {
        p { "Nothing is imported before you have seen what it changes." }
    });
    Ok(page
        .part("shipped", shipped_form(&visit, &filled))
        .part("catalogue", own_form(&visit, &filled)))
}

fn page() -> Page {
    Page::new("Import a catalogue").below("Services", "/services").help(html! {
        code { "simbridge service export" } " prints the catalogue of this site."
    })
}

fn shipped_form(visit: &Visit<Operator>, filled: &Filled) -> Markup {
    let shipped = visit.form(TRY_SHIPPED);
    let count = read_catalogue(SHIPPED_CATALOGUE).map_or(0, |services| services.len());
    html! {
        h2 { "The catalogue that comes with simbridge" }
        (shipped.show(html! {
            p {
                (counted_noun(count, "well-known service", "well-known services"))
                " with their patterns. Their prices are examples: change them afterwards."
            }
            (shipped.hidden(SHIPPED, "yes"))
            (mode_choice(&shipped, filled))
            (shipped.button("Show these services"))
        }))
    }
}

fn own_form(visit: &Visit<Operator>, filled: &Filled) -> Markup {
    let own = visit.form(TRY).with_file();
    html! {
        h2 { "Another catalogue" }
        (own.show(html! {
            (own.file("file", "TOML file"))
            (own.lines("catalogue", "Or the catalogue itself").value(filled.typed()))
            (mode_choice(&own, filled))
            (own.button("Show what it changes"))
        }))
    }
}

fn mode_choice(form: &FormView, filled: &Filled) -> Markup {
    let modes = MODES.map(|(word, label, _)| (word, label));
    html! { (form.choice("mode", "How", &modes).value(&filled.mode)) }
}

/// Shows what a catalogue would change.
async fn try_import(visit: Visit<Operator>, sent: Form) -> Result<Done, Fault> {
    let filled = Filled::of(&sent);
    let services = filled.services(&visit)?;
    let prices = Prices::of(&visit, &services).await?;
    let imported = visit.gateway().services().import(services, filled.mode(), true).await?;
    Ok(Done::shown(outcome(&visit, &filled, &imported, &prices)))
}

async fn apply(visit: Visit<Operator>, sent: Form) -> Result<Done, Fault> {
    let filled = Filled::of(&sent);
    let services = filled.services(&visit)?;
    let imported = visit.gateway().services().import(services, filled.mode(), false).await?;
    let (added, updated) = (imported.added(), imported.updated());
    let added = counted_noun(added, "service was added", "services were added");
    Ok(Done::at("/services", format!("{added}, {updated} changed.")))
}

/// The prices of services, by their names in small letters: as they are saved, and as a catalogue
/// declares them.
struct Prices {
    saved: HashMap<String, Amount>,
    declared: HashMap<String, (Amount, BTreeMap<String, CountryPrice>)>,
}

impl Prices {
    async fn of(visit: &Visit<Operator>, declared: &[NewService]) -> Result<Prices, Fault> {
        let saved = visit.gateway().services().list().await?;
        let saved = saved.iter().map(|service| (service.name.to_lowercase(), service.price));
        let declared = declared.iter().map(|service| {
            let prices = (service.price, service.country_prices.clone());
            (service.name.to_lowercase(), prices)
        });
        Ok(Prices { saved: saved.collect(), declared: declared.collect() })
    }

    /// The price that a service has after an import with these changes.
    fn after(&self, name: &str, changes: &[ServiceChange]) -> Option<Amount> {
        let name = name.to_lowercase();
        let changed = changes.iter().find_map(|change| match change {
            ServiceChange::Price { after, .. } => Some(*after),
            ServiceChange::Added => self.declared.get(&name).map(|(price, _)| *price),
            _ => None,
        });
        changed.or_else(|| self.saved.get(&name).copied())
    }

    /// The countries in which a service of the catalogue has another price.
    fn countries(&self, name: &str) -> Option<&BTreeMap<String, CountryPrice>> {
        self.declared.get(&name.to_lowercase()).map(|(_, countries)| countries)
    }
}

fn change_row(
    visit: &Visit<Operator>,
    (name, changes): &(String, Vec<ServiceChange>),
    prices: &Prices,
) -> Row {
    let (currency, settings) = (visit.gateway().currency(), visit.gateway().settings());
    let is_new = changes.contains(&ServiceChange::Added);
    let price = prices.after(name, changes);
    let countries = prices.countries(name).filter(|_| is_new);
    Row::new(
        name,
        [
            html! { (hostile(name)) },
            if is_new { badge(Tone::Good, "new") } else { badge(Tone::News, "changed") },
            html! {
                @if let Some(price) = price { (visit.money(price)) }
                @if price == Some(Amount::ZERO) { ", free" }
            },
            html! {
                @if countries.is_some_and(BTreeMap::is_empty) { "–" }
                @else if let Some(countries) = countries { (country_prices(visit, countries)) }
                @else {
                    ul {
                        @for change in changes {
                            li { (hostile(&change.in_words(currency, &settings.countries))) }
                        }
                    }
                }
            },
        ],
    )
}

/// What an import would change, and the button that imports it.
fn outcome(visit: &Visit<Operator>, filled: &Filled, imported: &Imported, prices: &Prices) -> Page {
    let changed = imported.services.iter().filter(|(_, changes)| !changes.is_empty());
    let table = Table::new("change", "What the import changes")
        .column("Service")
        .column("Is")
        .number_column("Price")
        .column("Changes")
        .rows(changed.map(|change| change_row(visit, change, prices)))
        .empty(Empty::new("The catalogue changes nothing: all of it is there already."));
    let apply = visit.form(APPLY);
    let (added, updated) = (imported.added(), imported.updated());
    let is_any = added + updated > 0;
    page()
        .part(
            "outcome",
            html! {
                h2 {
                    (counted_noun(added, "service", "services")) " would be added, " (updated)
                    " changed"
                }
                (table.render())
                @if is_any {
                    (apply.show(html! {
                        @if filled.is_shipped { (apply.hidden(SHIPPED, "yes")) }
                        @else { (apply.hidden("catalogue", &filled.catalogue)) }
                        (apply.hidden("mode", &filled.mode))
                        (apply.button("Import it"))
                    }))
                }
            },
        )
        .part(
            "catalogue",
            html! {
                details {
                    summary { "Another catalogue, or another way" }
                    (shipped_form(visit, filled))
                    (own_form(visit, filled))
                }
            },
        )
}
