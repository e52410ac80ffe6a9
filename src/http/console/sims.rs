//! All SIMs, and what is done to several of them at once.

use std::collections::BTreeMap;
use std::time::Duration;

use maud::{Markup, Render, html};

use super::Operator;
use super::reasons::{in_words, tone_of_reason};
use super::ways::{bank_link, country_link, modem_link, sim_link};
use crate::domain::availability::UnavailableReason;
use crate::domain::login::Permission::{Act, Look, SeeTexts};
use crate::domain::sim::{NumberSource, Pool};
use crate::domain::text::counted_noun;
use crate::domain::{Iccid, SimId};
use crate::gateway::{SimActivity, SimEdit, SimPage, SimView, SimsWanted, Topic, sim_states};
use crate::http::web::{
    Access, Done, Empty, Fault, Faults, Filters, Form, PAGE_ROWS, Page, Paging, Route, Row, Table,
    Tone, Visit, ago, badge, pager, path, until,
};

/// The form that changes the selected SIMs.
const EDIT: &str = "/sims/edit";
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The times without a message that can be looked for, with what they are called, in days.
const SILENCES: [(&str, &str, u32); 3] =
    [("1d", "a day", 1), ("7d", "a week", 7), ("30d", "30 days", 30)];
/// What the buttons of such a form send.
const ACTION: &str = "action";

pub(super) fn routes() -> Vec<Route<Operator>> {
    let topics = &[Topic::Sims, Topic::Modems, Topic::Banks, Topic::Rentals];
    vec![
        Route::page("/sims", Access::May(Look), list).live_on(topics).private(&["find"]),
        Route::post(EDIT, Access::May(Act), "/sims", edit_selected),
    ]
}

/// How a SIM is.
pub(super) fn tone_of(view: &SimView) -> Tone {
    match view.unavailable {
        None => Tone::Good,
        Some(UnavailableReason::Rented) if view.tenant_without_since.is_some() => Tone::Bad,
        Some(reason) => tone_of_reason(reason),
    }
}

/// A SIM's state in a word.
pub(super) fn state_badge(view: &SimView) -> Markup {
    badge(tone_of(view), view.state())
}

/// What is said of a source of numbers.
pub(super) fn source_in_words(source: NumberSource) -> &'static str {
    match source {
        NumberSource::Phonebook => "from the card's phonebook",
        NumberSource::Cnum => "from the card",
        NumberSource::Ussd => "told by the network",
        NumberSource::Loopback => "by a message",
        NumberSource::Operator => "entered by hand",
    }
}

/// Where a SIM is: the modem that it works in, or its place in a bank.
pub(super) fn place(view: &SimView) -> Markup {
    html! {
        @if let Some(port) = &view.port {
            (modem_link(port))
        }
        @if let Some(position) = &view.position {
            @if view.port.is_some() { ", " }
            (bank_link(&position.bank))
            @if let Some(slot) = position.slot { " slot " (slot) }
        } @else if view.port.is_none() { "–" }
    }
}

fn row(visit: &Visit<Operator>, view: &SimView, activity: Option<&SimActivity>) -> Row {
    let sim = &view.sim;
    let last = activity.and_then(|activity| activity.last_message_at);
    let row = Row::new(
        &sim.iccid,
        [
            sim_link(Some(&sim.iccid)),
            html! {
                @if let Some(known) = &sim.number {
                    (visit.number(&known.number)) " "
                    small { (source_in_words(known.source)) }
                } @else { "–" }
            },
            country_link(visit, sim.country.as_deref()),
            state_badge(view),
            place(view),
            html! {
                @if let Some(at) = last { (ago(visit.now(), at)) " ago" } @else { "none yet" }
            },
            html! {
                @if let Some(at) = view.rests_until { (until(visit.now(), at)) } @else { "–" }
            },
        ],
    );
    match tone_of(view) {
        Tone::Bad => row.marked(Tone::Bad),
        _ => row,
    }
}

async fn list(visit: Visit<Operator>) -> Result<Page, Fault> {
    let paging = Paging::of(&visit);
    let owned = |name: &str| visit.query(name).map(str::to_owned);
    let wanted = SimsWanted {
        country: owned("country"),
        state: owned("state"),
        pool: visit.query("pool").and_then(|word| word.parse().ok()),
        digits: owned("find"),
        hides_numbers: !visit.may(SeeTexts),
        silent: visit.query("silent").and_then(silence),
        before: paging.before().map(SimId),
        limit: PAGE_ROWS + 1,
    };
    let SimPage { sims, counts, countries, activity } =
        visit.gateway().sims().page(wanted, visit.freshness()).await?;
    let (sims, older) = paging.cut(sims, |view| view.sim.id.0);
    let mut table = Table::new("sims", "SIMs")
        .column("SIM")
        .column("Number")
        .column("Country")
        .minor()
        .column("State")
        .column("Where")
        .column("Last SMS")
        .column("Rests for")
        .minor()
        .rows(sims.iter().map(|view| row(&visit, view, activity.get(&view.sim.id))))
        .empty(nothing(counts.is_empty()));
    if visit.may(Act) {
        table = table.selectable("iccid", visit.form(EDIT).id());
    }
    let countries: Vec<(&str, String)> =
        countries.iter().map(|code| (code.as_str(), visit.country_name(code))).collect();
    Ok(Page::new("SIMs")
        .intro(html! {
            (filters(&visit, &countries))
            @if visit.may(Act) { (tools(&visit)) }
        })
        .part("list", html! { (summary(&counts)) (table.render()) (pager(&paging, older)) }))
}

fn nothing(is_none_at_all: bool) -> Empty {
    match is_none_at_all {
        true => Empty::new("No SIM was seen yet.").next(html! {
            "A SIM is listed once a modem has read its card. "
            a href="/sims/import" { "A list of SIMs and numbers" } " adds them before."
        }),
        false => Empty::new("No SIM is like that."),
    }
}

/// How many SIMs are in each state, each with a link to them.
fn summary(counts: &BTreeMap<&'static str, usize>) -> Markup {
    let all: usize = counts.values().sum();
    html! {
        p class="count" {
            (counted_noun(all, "SIM", "SIMs"))
            @for (state, count) in counts {
                ", " a href=(path!("/sims?state={}", state)) { (count) " " (state) }
            }
        }
    }
}

fn filters(visit: &Visit<Operator>, countries: &[(&str, String)]) -> Filters {
    let states: Vec<(&str, &str)> = sim_states().into_iter().map(|word| (word, word)).collect();
    let pools = Pool::ALL.map(|pool| (pool.as_str(), pool.as_str()));
    let looked_for = if visit.may(SeeTexts) { "ICCID, IMSI or number" } else { "ICCID or IMSI" };
    Filters::new(visit)
        .search("find", looked_for)
        .choice("state", "State", &states)
        .choice("country", "Country", countries)
        .choice("pool", "Sold for", &pools)
        .choice("silent", "No SMS for", &SILENCES.map(|(value, called, _)| (value, called)))
}

/// For how long a SIM has received nothing.
fn silence(value: &str) -> Option<Duration> {
    let known = SILENCES.into_iter().find(|(known, ..)| *known == value)?;
    Some(DAY * known.2)
}

fn tools(visit: &Visit<Operator>) -> Markup {
    let form = visit.form(EDIT);
    html! {
        p { a class="button" href="/sims/import" { "Import a list" } }
        (form.show(html! {
            p { "What is done to the SIMs that are selected in the list:" }
            (form.text("rest", "Rest for").value("30d").hint("like 12h or 30d"))
            (form.hidden("state", visit.query("state").unwrap_or_default()))
            (form.hidden("search", visit.query("search").unwrap_or_default()))
            (sale_buttons())
        }))
    }
}

/// The buttons by which SIMs are taken off sale and put back.
pub(super) fn sale_buttons() -> Markup {
    let actions = [("rest", "Rest"), ("retire", "Retire"), ("back", "Back on sale")];
    html! {
        div class="buttons" {
            @for (action, label) in actions {
                button type="submit" class="quiet" name=(ACTION) value=(action) { (label) }
            }
        }
    }
}

/// What is said of one SIM that was changed, and of several.
type EditDone = (&'static str, &'static str);

/// What the buttons of a form ask for, and what is said when it was done.
pub(super) fn read_edit(form: &Form) -> Result<(SimEdit, EditDone), Fault> {
    let retired = SimEdit { retired: Some(true), ..SimEdit::default() };
    match form.text(ACTION) {
        "rest" => {
            let mut faults = Faults::new();
            let rest = faults.check("rest", read_time(form.text("rest")));
            faults.result()?;
            Ok((SimEdit { rest, ..SimEdit::default() }, ("SIM rests now", "SIMs rest now")))
        }
        "retire" => Ok((retired, ("SIM is retired", "SIMs are retired"))),
        "back" => Ok((SimEdit::BACK, ("SIM is back on sale", "SIMs are back on sale"))),
        _ => Err(Fault::form("Choose what to do: rest, retire or back on sale.")),
    }
}

/// A length of time as it is written in the configuration.
pub(super) fn read_time(text: &str) -> Result<Duration, &'static str> {
    humantime::parse_duration(text).map_err(|_| "write a time with its unit, like 12h or 30d")
}

async fn edit_selected(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let iccids = form.all("iccid").into_iter().map(str::parse::<Iccid>);
    let iccids: Vec<Iccid> = iccids
        .collect::<Result<_, _>>()
        .map_err(|_| Fault::form("Select SIMs in the list: one of these is no ICCID."))?;
    if iccids.is_empty() {
        return Err(Fault::form("Select the SIMs first, in the list."));
    }
    let (edit, done) = read_edit(&form)?;
    let edited = visit.gateway().sims().edit_all(iccids, edit).await?;
    let done = counted_noun(edited.len(), done.0, done.1);
    let address = path!("/sims?state={}&search={}", form.text("state"), form.text("search"));
    Ok(Done::at(address, format!("{done}.{}", kept_by_tenants(edit, &edited))))
}

/// What is said when SIMs are taken off sale that have tenants.
pub(super) fn kept_by_tenants(edit: SimEdit, edited: &[SimView]) -> String {
    let rented = edited.iter().filter(|view| view.sim.rented).count();
    match edit.retired == Some(true) && rented > 0 {
        true => format!(" Rented: {rented}. Tenants keep their SIMs to the end of their terms."),
        false => String::new(),
    }
}

/// Why a SIM cannot be given out, in a sentence.
pub(super) fn why(view: &SimView) -> &'static str {
    match (view.unavailable, view.tenant_without_since) {
        (None, _) => "It can be given out.",
        (Some(UnavailableReason::Rented), Some(_)) => {
            "It is rented, and it is not where it can receive its tenant's messages."
        }
        (Some(reason), _) => in_words(reason),
    }
}
