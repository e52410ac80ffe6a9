//! A list of SIMs and their numbers: tried first, then set as a whole.

use maud::{Markup, Render, html};

use super::Operator;
use super::rivals::rivals_of;
use super::sims::state_badge;
use super::ways::{country_link, sim_link};
use crate::domain::login::Permission::Act;
use crate::domain::sim_list::LineFault;
use crate::domain::text::counted_noun;
use crate::gateway::{ImportedSim, SimImport};
use crate::http::web::{
    Access, Done, Empty, Fault, Form, Page, Route, Row, Table, Tone, Visit, hostile,
};

const IMPORT: &str = "/sims/import";
const SET: &str = "/sims/import/set";
/// How many lines of a list are shown. All of its faults are.
const SHOWN: usize = 100;

pub(super) fn routes() -> Vec<Route<Operator>> {
    let act = Access::May(Act);
    vec![
        Route::page(IMPORT, act, show),
        Route::post("/sims/import/try", act, IMPORT, try_list).only_shows(),
        Route::post(SET, act, IMPORT, set_list),
    ]
}

/// A list as it was filled in.
struct Filled {
    list: String,
    create: bool,
}

impl Filled {
    fn read(form: &Form) -> Result<Filled, Fault> {
        let list = form.file("file").unwrap_or_else(|| form.raw("list")).to_owned();
        if list.trim().is_empty() {
            return Err(Fault::form("Choose a file, or write the list into the field."));
        }
        Ok(Filled { list, create: form.is_set("create") })
    }
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    Ok(page().part("list", form(&visit, None)))
}

fn page() -> Page {
    Page::new("Import a list").below("SIMs", "/sims")
}

fn form(visit: &Visit<Operator>, filled: Option<&Filled>) -> Markup {
    let form = visit.form("/sims/import/try").with_file();
    let list = filled.map_or("", |filled| filled.list.as_str());
    form.show(html! {
        p {
            "Each line has an ICCID, a comma and a number. Nothing is set before you have seen it."
        }
        (form.file("file", "CSV file"))
        (form.lines("list", "Or the lines themselves").value(list)
            .hint("like 8931040000000000018,+31612345678"))
        (form.checkbox("create", "Add SIMs that were never seen in a modem")
            .set_if(filled.is_some_and(|filled| filled.create)))
        (form.button("Try it"))
    })
}

async fn try_list(visit: Visit<Operator>, sent: Form) -> Result<Done, Fault> {
    let filled = Filled::read(&sent)?;
    let list = filled.list.clone();
    let import = visit.gateway().sims().import(list, filled.create, true).await?;
    Ok(Done::shown(outcome(&visit, &filled, &import)))
}

async fn set_list(visit: Visit<Operator>, sent: Form) -> Result<Done, Fault> {
    let filled = Filled::read(&sent)?;
    let list = filled.list.clone();
    let import = visit.gateway().sims().import(list, filled.create, false).await?;
    if !import.is_applied {
        return Ok(Done::shown(outcome(&visit, &filled, &import)));
    }
    let count = import.sims.len();
    Ok(Done::at("/sims", counted_noun(count, "number was set.", "numbers were set.")))
}

/// What a list would set; and the list again, to be mended or set.
fn outcome(visit: &Visit<Operator>, filled: &Filled, import: &SimImport) -> Page {
    let page = page();
    if !import.faults.is_empty() {
        return page
            .part("faults", faults(filled, &import.faults))
            .part("list", form(visit, Some(filled)));
    }
    let set = visit.form(SET);
    let button = html! {
        (set.hidden("list", &filled.list))
        @if filled.create { (set.hidden("create", "yes")) }
        (set.button(&format!("Set {}", counted_noun(import.sims.len(), "number", "numbers"))))
    };
    page.part(
        "outcome",
        html! {
            h2 { "This would be set" }
            (would_be(visit, &import.sims))
            (set.show(button))
        },
    )
    .part(
        "list",
        html! {
            details { summary { "Another list" } (form(visit, Some(filled))) }
        },
    )
}

/// The lines that cannot be used.
fn faults(filled: &Filled, faults: &[LineFault]) -> Markup {
    let row = |fault: &LineFault| {
        let text = filled.list.lines().nth(fault.line.saturating_sub(1)).unwrap_or_default();
        Row::new(
            fault.line,
            [
                html! { "line " (fault.line) },
                html! { (hostile(text)) },
                html! { (hostile(&fault.fault)) },
            ],
        )
        .marked(Tone::Bad)
    };
    let table = Table::new("fault", "Lines that cannot be used")
        .column("Line")
        .column("It says")
        .column("What is wrong");
    let lines = if faults.len() == 1 { "1 line" } else { "these lines" };
    html! {
        div role="alert" {
            p { "Nothing was set: " (lines) " cannot be used. Mend the list below and try again." }
        }
        (table.rows(faults.iter().map(row)).render())
    }
}

fn would_be(visit: &Visit<Operator>, sims: &[ImportedSim]) -> Markup {
    let row = |set: &ImportedSim| {
        let (view, sim) = (&set.sim, &set.sim.sim);
        let number = sim.number.as_ref().map(|known| visit.number(&known.number));
        let row = Row::new(
            set.line,
            [
                html! { "line " (set.line) },
                sim_link(Some(&sim.iccid)),
                number.unwrap_or_default(),
                country_link(visit, sim.country.as_deref()),
                html! { (state_badge(view)) (rivals_of(&set.rivals)) },
            ],
        );
        if set.rivals.is_empty() { row } else { row.marked(Tone::Bad) }
    };
    // What the operator should look at comes first.
    let (plain, contested): (Vec<_>, Vec<_>) = sims.iter().partition(|set| set.rivals.is_empty());
    let shown = contested.into_iter().chain(plain).take(SHOWN);
    let table = Table::new("set", "Numbers that would be set")
        .column("Line")
        .column("SIM")
        .column("Number")
        .column("Country")
        .column("State")
        .empty(Empty::new("The list has no lines."));
    html! {
        (table.rows(shown.map(row)).render())
        @if sims.len() > SHOWN { p { "And " (sims.len() - SHOWN) " more." } }
    }
}
