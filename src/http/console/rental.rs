//! One rental: its number, what it was charged, its messages, and what operators do with it.

use maud::{Markup, html};

use super::Operator;
use super::books::{READ_ROWS, asked_by, charges, messages_of_one, note_look, withheld_from};
use super::rentals::{renewal, rental_state};
use super::ways::{country_name_link, sim_link};
use crate::domain::availability::{self, UnavailableReason};
use crate::domain::login::Permission::{Act, Look};
use crate::domain::rental::{Package, RentalEnding, RentalState};
use crate::domain::{MessageId, Rental, RentalId};
use crate::gateway::{EndRefund, RentalHistory, SimsWanted, Topic, Unrevivable};
use crate::http::web::{
    Access::May, Done, Empty, Fault, Faults, Form, Page, Paging, Route, Row, Table, Visit, facts,
    link, moment, pager, path, span,
};

/// The most days that are typed in; how many can be given, the business says.
const DAYS_HINT: &str = "they cost nothing, and come behind what is paid for";

pub(super) fn routes() -> Vec<Route<Operator>> {
    const PAGE: &str = "/rentals/{id}";
    vec![
        Route::page(PAGE, May(Look), show).live_on(&[Topic::Rentals, Topic::Messages]),
        Route::post("/rentals/{id}/end", May(Act), PAGE, end).with_proof(),
        Route::post("/rentals/{id}/days", May(Act), PAGE, give_days),
        Route::post("/rentals/{id}/move", May(Act), PAGE, move_to),
        Route::post("/rentals/{id}/revive", May(Act), PAGE, revive).with_proof(),
    ]
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let (id, paging) = (RentalId(visit.id("id")?), Paging::of(&visit));
    let before = paging.before().map(MessageId);
    let found = visit.gateway().rentals().details(id, before, READ_ROWS).await?;
    let mut history = found.ok_or_else(|| Fault::NotFound(format!("There is no rental {id}.")))?;
    note_look(&visit, format!("rental {id}")).await?;
    let unrevivable = visit.gateway().rentals().unrevivable(&history.view.rental).await?;
    let can_move = has_other_sim(&visit, &history).await?;
    let mut messages = std::mem::take(&mut history.messages);
    messages.reverse();
    let (messages, older) = paging.cut(messages, |message| message.id.0);
    let table = Table::new("messages", "Messages of the rental")
        .newest_first()
        .empty(Empty::new("No message has come to it."));
    let page = Page::new(format!("Rental {id}"))
        .below("Rentals", "/rentals")
        .part("rental", rental_facts(&visit, &history))
        .part("actions", actions(&visit, &history.view.rental, can_move, unrevivable.as_ref()))
        .part(
            "came",
            html! {
                h2 { "Messages" }
                (messages_of_one(&visit, table, &messages))
                (pager(&paging, older))
                (withheld_from(&history.withheld, history.iccid.as_ref()))
            },
        )
        .part("ledger", html! { h2 { "Charges" } (charges(&visit, &history.entries)) })
        .part("past", html! { (moves(&visit, &history)) (outages(&visit, &history)) });
    Ok(page)
}

fn rental_facts(visit: &Visit<Operator>, history: &RentalHistory) -> Markup {
    let rental = &history.view.rental;
    let iccid = history.iccid.as_ref();
    let end = match rental.state.ended_at() {
        Some(at) => ("Ended", moment(at)),
        None => ("Until", moment(rental.expires_at)),
    };
    let always = [
        ("State", rental_state(rental)),
        ("Number", visit.number(&rental.number)),
        ("Country", country_name_link(visit, Some(&rental.country))),
        ("Account", link(&path!("/accounts/{}", rental.account), &history.view.account)),
        ("Package", html! { (Package::words_of(&rental.package)) }),
        ("Renewal", renewal(rental)),
        ("Begun", moment(rental.started_at)),
        end,
    ];
    let sometimes = [
        ("SIM", iccid.map(|iccid| sim_link(Some(iccid)))),
        ("Given for nothing", (!rental.free.is_zero()).then(|| html! { (span(rental.free)) })),
    ];
    let asked = asked_by(&history.entries, history.client.as_deref());
    let sometimes = sometimes.into_iter().chain(asked).filter_map(|(term, is)| Some((term, is?)));
    facts(&always.into_iter().chain(sometimes).collect::<Vec<_>>())
}

/// Whether there is another SIM of its country that it may be moved to: one that is free, or one
/// with the same number.
async fn has_other_sim(visit: &Visit<Operator>, history: &RentalHistory) -> Result<bool, Fault> {
    let rental = &history.view.rental;
    let parked = UnavailableReason::Parked.as_str();
    let of_state =
        |state: &str| SimsWanted { state: Some(state.to_owned()), ..SimsWanted::default() };
    let same = SimsWanted { digits: Some(rental.number.to_string()), ..SimsWanted::default() };
    for wanted in [of_state(availability::word(None)), of_state(parked), same] {
        let wanted = SimsWanted { country: Some(rental.country.clone()), limit: 2, ..wanted };
        let found = visit.gateway().sims().page(wanted, visit.freshness()).await?.sims;
        if found.iter().any(|view| Some(&view.sim.iccid) != history.iccid.as_ref()) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What can be done with it now.
fn actions(
    visit: &Visit<Operator>,
    rental: &Rental,
    can_move: bool,
    unrevivable: Option<&Unrevivable>,
) -> Markup {
    html! {
        @if visit.may(Act) {
            @match rental.state {
                RentalState::Active => div class="buttons" {
                    (days_form(visit, rental.id))
                    @if can_move { (move_form(visit, rental)) }
                    (end_form(visit, rental.id))
                },
                RentalState::Ended { .. } => {
                    @match unrevivable {
                        None => (revive_form(visit, rental.id)),
                        Some(why) => p class="hint" { (unrevivable_because(why)) },
                    }
                }
            }
        }
    }
}

fn days_form(visit: &Visit<Operator>, id: RentalId) -> Markup {
    let form = visit.form(&path!("/rentals/{}/days", id));
    form.asked(
        "Give days",
        "The rental runs on for some days.",
        html! {
            (form.text("days", "Days").hint(DAYS_HINT).inputmode("numeric").required())
            (form.text("reason", "Reason").hint("for the audit").required())
            (form.button("Give them"))
        },
    )
}

fn move_form(visit: &Visit<Operator>, rental: &Rental) -> Markup {
    let form = visit.form(&path!("/rentals/{}/move", rental.id));
    let question = format!(
        "Its customer keeps what has come and gets another number in {}; the SIM that it has now \
         rests.",
        visit.country_name(&rental.country)
    );
    form.confirmed(
        "Move to another SIM",
        &question,
        html! {
            (form.text("to", "SIM").hint("its ICCID or its number").required())
            (form.button("Move it"))
        },
    )
}

fn end_form(visit: &Visit<Operator>, id: RentalId) -> Markup {
    let form = visit.form(&path!("/rentals/{}/end", id));
    let refunds = [
        ("pro-rata", "what the rest of the time has cost"),
        ("none", "nothing"),
        ("amount", "this amount:"),
    ];
    form.confirmed(
        "End the rental",
        "Its customer loses the number now.",
        html! {
            (form.choice("refund", "Give back", &refunds).value("pro-rata"))
            (form.text("amount", "Amount").hint("only for “this amount”").inputmode("decimal"))
            (form.text("reason", "Reason").hint("its customer reads it in the ledger").required())
            (form.danger_button("End it"))
        },
    )
}

fn revive_form(visit: &Visit<Operator>, id: RentalId) -> Markup {
    let form = visit.form(&path!("/rentals/{}/revive", id));
    let question = "It runs on as if it had been renewed at its end, and its account is charged \
                    for that. What came since then is its customer's.";
    form.asked("Revive the rental", question, form.button("Revive it"))
}

/// Why a rental cannot be revived, in a sentence.
fn unrevivable_because(why: &Unrevivable) -> Markup {
    html! {
        @match why {
            Unrevivable::EndedEarly { how: RentalEnding::Finished, .. } => {
                "It cannot be revived: its tenant has ended it, for good."
            },
            Unrevivable::EndedEarly { how: RentalEnding::Canceled, .. } => {
                "It cannot be revived: its tenant has canceled it, and was given back the price."
            },
            Unrevivable::EndedEarly { .. } => {
                "It cannot be revived: an operator has ended it, for good."
            },
            Unrevivable::GraceOver { until, .. } => {
                "It could be revived until " (moment(*until)) "."
            },
            Unrevivable::OtherNumber => {
                "It cannot be revived: its SIM is retired, or has another number now."
            },
            Unrevivable::GivenAway => {
                "It cannot be revived: its number was given to somebody else since."
            },
            _ => "It cannot be revived now.",
        }
    }
}

fn moves(visit: &Visit<Operator>, history: &RentalHistory) -> Markup {
    if history.moves.is_empty() {
        return Markup::default();
    }
    let rows = history.moves.iter().map(|before| {
        Row::new(
            before.from.0,
            [
                visit.number(&before.number),
                sim_link(Some(&before.iccid)),
                moment(before.from),
                moment(before.to),
            ],
        )
    });
    let table = Table::new("moves", "SIMs that it had before")
        .column("Number")
        .column("SIM")
        .column("From")
        .column("Until")
        .rows(rows);
    html! { h2 { "SIMs that it had before" } (table) }
}

fn outages(visit: &Visit<Operator>, history: &RentalHistory) -> Markup {
    if history.outages.is_empty() {
        return Markup::default();
    }
    let rows = history.outages.iter().map(|outage| {
        Row::new(
            outage.began_at.0,
            [
                moment(outage.began_at),
                outage.ended_at.map_or_else(|| html! { "lasts" }, moment),
                html! { (visit.money(outage.credit)) },
            ],
        )
    });
    let table = Table::new("outages", "When its SIM was off the air")
        .column("From")
        .column("Until")
        .number_column("Given back")
        .rows(rows);
    html! { h2 { "When its SIM was off the air" } (table) }
}

async fn end(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let (id, currency) = (RentalId(visit.id("id")?), visit.gateway().currency());
    let mut faults = Faults::new();
    let refund = match form.text("refund") {
        "none" => Some(EndRefund::Nothing),
        "amount" => faults.check("amount", currency.parse(form.text("amount")).map(EndRefund::Of)),
        _ => Some(EndRefund::ProRata),
    };
    check_reason(&form, &mut faults);
    faults.result()?;
    let (refund, reason) = (refund.unwrap_or(EndRefund::Nothing), form.text("reason").to_owned());
    let (_, amount) = visit.gateway().rentals().end_for_operator(id, refund, reason).await?;
    let line = format!("The rental was ended, and {} given back.", visit.money(amount));
    Ok(Done::at(path!("/rentals/{}", id), line))
}

fn check_reason(form: &Form, faults: &mut Faults) {
    if form.text("reason").is_empty() {
        faults.add("reason", "Say why, for the books.");
    }
}

async fn give_days(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let id = RentalId(visit.id("id")?);
    let mut faults = Faults::new();
    let days = form.text("days").parse::<u32>();
    let days = faults.check("days", days.map_err(|_| "Days are a whole number, like 7."));
    check_reason(&form, &mut faults);
    faults.result()?;
    let (days, reason) = (days.unwrap_or_default(), form.text("reason").to_owned());
    let longer = visit.gateway().rentals().give_days(id, days, reason).await?;
    let line = format!("The rental runs until {}.", longer.rental.expires_at);
    Ok(Done::at(path!("/rentals/{}", id), line))
}

async fn move_to(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let id = RentalId(visit.id("id")?);
    let named = visit.gateway().sims().named(form.text("to").to_owned()).await;
    let mut faults = Faults::new();
    let to = faults.check("to", named);
    faults.result()?;
    if let Some(to) = to {
        visit.gateway().rentals().move_to(id, to).await?;
    }
    Ok(Done::at(path!("/rentals/{}", id), "The rental was moved."))
}

async fn revive(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    let id = RentalId(visit.id("id")?);
    visit.gateway().inbox().revive(id).await?;
    Ok(Done::at(path!("/rentals/{}", id), "The rental runs again."))
}
