//! All SIM banks.

use maud::{Markup, Render, html};

use super::Operator;
use crate::domain::bank::{BankReport, RadioState, SlotContents, SlotReport};
use crate::domain::login::Permission::Look;
use crate::gateway::Topic;
use crate::http::web::{
    Access, Empty, Fault, Page, Route, Row, Table, Tone, Visit, badge, hostile, path, span,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![Route::page("/banks", Access::May(Look), list).live_on(&[Topic::Banks])]
}

/// What is counted of a bank.
pub(super) struct Counts {
    pub(super) radios: usize,
    /// Radios that are not out of order.
    pub(super) working: usize,
    pub(super) slots: usize,
    /// Slots in which a SIM was found, in which there was none, and into which nobody has looked.
    pub(super) known: usize,
    pub(super) empty: usize,
    pub(super) unknown: usize,
    /// Slots whose SIM should have been visited already.
    pub(super) late: usize,
    pub(super) troubled: usize,
}

impl Counts {
    pub(super) fn of(bank: &BankReport) -> Counts {
        let slots = |is: fn(&SlotReport) -> bool| bank.slots.iter().filter(|slot| is(slot)).count();
        let works = bank.radios.iter().filter(|radio| radio.state != RadioState::OutOfOrder);
        Counts {
            radios: bank.radios.len(),
            working: works.count(),
            slots: bank.slots.len(),
            known: slots(|slot| slot.contents.iccid().is_some()),
            empty: slots(|slot| slot.contents == SlotContents::Empty),
            unknown: slots(|slot| slot.contents == SlotContents::Unknown),
            late: slots(|slot| slot.late_since.is_some()),
            troubled: slots(|slot| slot.trouble.is_some()),
        }
    }
}

async fn list(visit: Visit<Operator>) -> Result<Page, Fault> {
    let banks = visit.gateway().banks().reports();
    let table = Table::new("banks", "SIM banks")
        .column("Bank")
        .number_column("Radios that work")
        .number_column("SIMs")
        .number_column("Slots")
        .number_column("Late")
        .column("A switch takes")
        .column("Trouble")
        .rows(banks.iter().map(row))
        .empty(Empty::new("There are no SIM banks.").next(html! {
            "A bank is a " code { "[[bank]]" } " section of the configuration; the operator's "
            "guide has a chapter about it."
        }));
    Ok(Page::new("Banks").part("list", table.render()))
}

fn row(bank: &BankReport) -> Row {
    let counts = Counts::of(bank);
    let row = Row::new(
        &bank.name,
        [
            html! {
                a href=(path!("/banks/{}", bank.name)) { (bank.name) } " "
                small { (bank.profile) }
            },
            html! { (counts.working) " of " (counts.radios) },
            html! { (counts.known) },
            html! { (counts.slots) },
            html! { (counts.late) },
            html! { (span(bank.switch_time)) },
            trouble(bank.trouble.as_deref()),
        ],
    );
    let is_bad = bank.trouble.is_some() || counts.late > 0 || counts.working < counts.radios;
    if is_bad { row.marked(Tone::Bad) } else { row }
}

/// What is wrong, or that nothing is.
pub(super) fn trouble(trouble: Option<&str>) -> Markup {
    match trouble {
        Some(trouble) => html! { (badge(Tone::Bad, "Trouble")) " " (hostile(trouble)) },
        None => html! { "none" },
    }
}
