//! A catalogue of services: what its import would change, and the import.

use maud::{Markup, Render, html};

use super::Operator;
use crate::domain::login::Permission::Act;
use crate::domain::text::counted_noun;
use crate::gateway::{Error, ImportMode, Imported, NewService, ServiceChange};
use crate::http::read_catalogue;
use crate::http::web::{
    Access, Done, Empty, Fault, Faults, Form, Page, Route, Row, Table, Tone, Visit, badge, hostile,
};

const IMPORT: &str = "/services/import";
const APPLY: &str = "/services/import/apply";

/// The ways of importing, each with what it does.
const MODES: [(&str, &str, ImportMode); 3] = [
    (
        "add",
        "add new services, and to known ones the patterns that they lack",
        ImportMode::AddPatterns,
    ),
    ("prices", "the same, and take the catalogue's prices", ImportMode::TakePrices),
    ("replace", "make the services that it names equal to it", ImportMode::Replace),
];

pub(super) fn routes() -> Vec<Route<Operator>> {
    let act = Access::May(Act);
    vec![
        Route::page(IMPORT, act, show),
        Route::post("/services/import/try", act, IMPORT, try_import),
        Route::post(APPLY, act, IMPORT, apply),
    ]
}

/// A catalogue as it was filled in.
#[derive(Default)]
struct Filled {
    catalogue: String,
    mode: String,
}

impl Filled {
    fn of(form: &Form) -> Filled {
        let catalogue = form.file("file").unwrap_or_else(|| form.raw("catalogue")).to_owned();
        Filled { catalogue, mode: form.text("mode").to_owned() }
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
    Ok(page().part("catalogue", form(&visit, &Filled::default())))
}

fn page() -> Page {
    Page::new("Import a catalogue").below("Services", "/services").help(html! {
        "A catalogue with several dozen services comes with the package, as "
        code { "/usr/share/simbridge/hardware/services.toml" } ". "
        code { "simbridge service export" } " prints that of this site."
    })
}

fn form(visit: &Visit<Operator>, filled: &Filled) -> Markup {
    let form = visit.form("/services/import/try").with_file();
    let modes = MODES.map(|(word, label, _)| (word, label));
    form.show(html! {
        p { "Nothing is imported before you have seen what it changes." }
        (form.file("file", "TOML file"))
        (form.lines("catalogue", "Or the catalogue itself").value(&filled.catalogue))
        (form.choice("mode", "How", &modes).value(&filled.mode))
        (form.button("Show what it changes"))
    })
}

async fn try_import(visit: Visit<Operator>, sent: Form) -> Result<Done, Fault> {
    let filled = Filled::of(&sent);
    let services = filled.services(&visit)?;
    let imported = visit.gateway().services().import(services, filled.mode(), true).await?;
    Ok(Done::shown(outcome(&visit, &filled, &imported)))
}

async fn apply(visit: Visit<Operator>, sent: Form) -> Result<Done, Fault> {
    let filled = Filled::of(&sent);
    let services = filled.services(&visit)?;
    let imported = visit.gateway().services().import(services, filled.mode(), false).await?;
    let (added, updated) = (imported.added(), imported.updated());
    let added = counted_noun(added, "service was added", "services were added");
    Ok(Done::at("/services", format!("{added}, {updated} changed.")))
}

/// What an import would change, and the button that imports it.
fn outcome(visit: &Visit<Operator>, filled: &Filled, imported: &Imported) -> Page {
    let currency = visit.gateway().currency();
    let changed = imported.services.iter().filter(|(_, changes)| !changes.is_empty());
    let row = |(name, changes): &(String, Vec<ServiceChange>)| {
        let is_new = changes.contains(&ServiceChange::Added);
        Row::new(
            name,
            [
                html! { (hostile(name)) },
                if is_new { badge(Tone::Good, "new") } else { badge(Tone::News, "changed") },
                html! {
                    @if is_new { "–" } @else {
                        ul {
                            @for change in changes { li { (hostile(&change.in_words(currency))) } }
                        }
                    }
                },
            ],
        )
    };
    let table = Table::new("change", "What the import changes")
        .column("Service")
        .column("Is")
        .column("Changes")
        .rows(changed.map(row))
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
                        (apply.hidden("catalogue", &filled.catalogue))
                        (apply.hidden("mode", &filled.mode))
                        (apply.button("Import it"))
                    }))
                }
            },
        )
        .part(
            "catalogue",
            html! {
                details { summary { "Another catalogue" } (form(visit, filled)) }
            },
        )
}
