//! The switches that a SIM bank has made.

use maud::{Markup, Render, html};

use super::Operator;
use super::bank::label_of;
use super::ways::{modem_link, sim_link};
use crate::domain::RowLimit;
use crate::domain::bank::{BankReport, SwitchOutcome, SwitchRecord};
use crate::gateway::ListRequest;
use crate::http::web::{
    Empty, Fault, PAGE_ROWS, Page, Paging, Row, Table, Tone, Visit, badge, moment, pager, path,
    span,
};

/// All switches of a bank, also of one that is no longer driven.
pub(super) async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let (banks, name) = (visit.gateway().banks(), visit.param("name").to_owned());
    let paging = Paging::of(&visit);
    let rows = u32::try_from(PAGE_ROWS + 1).unwrap_or(u32::MAX);
    let request =
        ListRequest { before: paging.before(), ..ListRequest::from(RowLimit::from(rows)) };
    let mut switches = banks.switches(&name, request).await?;
    if switches.is_empty() {
        banks.find(&name)?;
    }
    switches.reverse();
    let (switches, older) = paging.cut(switches, |(id, _)| *id);
    let bank = banks.find(&name).ok();
    let list = html! { (table(bank.as_ref(), switches.iter())) (pager(&paging, older)) };
    Ok(Page::new("Switches")
        .below("Banks", "/banks")
        .below(name.clone(), path!("/banks/{}", name))
        .part("list", list))
}

/// Switches in the order of a list; `bank` is missing if it is no longer driven.
pub(super) fn table<'s>(
    bank: Option<&BankReport>,
    switches: impl Iterator<Item = &'s (i64, SwitchRecord)>,
) -> Markup {
    let row = |(id, switch): &(i64, SwitchRecord)| {
        let (tone, words) = outcome(switch.outcome);
        Row::new(
            id,
            [
                html! { (moment(switch.began_at)) },
                html! { (span(switch.ended_at.since(switch.began_at))) },
                modem_link(&switch.port),
                html! { (label_of(bank, switch.slot)) },
                sim_link(switch.left.as_ref()),
                sim_link(switch.found.as_ref()),
                badge(tone, words),
            ],
        )
    };
    Table::new("move", "Switches, the newest first")
        .column("Began")
        .column("Took")
        .column("Radio")
        .column("Slot")
        .column("Left")
        .column("Found")
        .column("Outcome")
        .empty(Empty::new("No switch was made yet."))
        .newest_first()
        .rows(switches.map(row))
        .render()
}

fn outcome(outcome: SwitchOutcome) -> (Tone, &'static str) {
    match outcome {
        SwitchOutcome::Done => (Tone::Good, "done"),
        SwitchOutcome::NoNetwork => (Tone::Fair, "no network"),
        SwitchOutcome::Lied => (Tone::Bad, "another SIM"),
        SwitchOutcome::Empty => (Tone::Fair, "no SIM in the slot"),
        SwitchOutcome::Failed => (Tone::Bad, "failed"),
    }
}
