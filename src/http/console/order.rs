//! One order: what it was charged, what has come for it, and what has come and fitted nothing.

use maud::{Markup, html};

use super::Operator;
use super::books::{
    asked_by, charges, message_excerpt, message_sender, messages_of_one, note_look, order_state,
    withheld_from,
};
use super::service_trial::TRIED;
use super::ways::{BLOCK_LIST, country_name_link, sim_link};
use crate::domain::login::Permission::{Act, Look, SeeTexts};
use crate::domain::message::Message;
use crate::domain::order::OrderState;
use crate::domain::{Amount, MessageId, Order, OrderId};
use crate::gateway::{AwaitedMessage, OrderHistory, OrderView, Topic, Undeliverable};
use crate::http::web::{
    Access::May, Done, Empty, Fault, Faults, Form, Page, Route, Row, Table, Tone, Visit, badge,
    facts, hostile, link, moment, path, until,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    const PAGE: &str = "/orders/{id}";
    vec![
        Route::page(PAGE, May(Look), show).live_on(&[Topic::Orders, Topic::Messages]),
        Route::post("/orders/{id}/cancel", May(Act), PAGE, cancel),
        Route::post("/orders/{id}/refund", May(Act), PAGE, refund).with_proof(),
        Route::post("/orders/{id}/deliver/{message}", May(Act), PAGE, deliver),
    ]
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let id = OrderId(visit.id("id")?);
    let found = visit.gateway().orders().details(id).await?;
    let history = found.ok_or_else(|| Fault::NotFound(format!("There is no order {id}.")))?;
    note_look(&visit, format!("order {id}")).await?;
    let messages = Table::new("messages", "Messages of the order")
        .empty(Empty::new("No message has come for it."));
    let came = order_sim(&visit, &history).await?;
    let unmatched = unmatched(&visit, &history).await?;
    let page = Page::new(format!("Order {id}"))
        .below("Orders", "/orders")
        .part("order", order_facts(&visit, &history))
        .part("actions", actions(&visit, &history))
        .part(
            "came",
            html! {
                h2 { "Messages" }
                (messages_of_one(&visit, messages, &history.messages))
                (awaited(&visit, &history.awaited))
            },
        )
        .part(
            "unmatched",
            html! {
                h2 { "What came and fitted nothing" }
                (unmatched)
                (came)
                (withheld_from(&history.withheld, history.iccid.as_ref()))
            },
        )
        .part("ledger", html! { h2 { "Charges" } (charges(&visit, &history.entries)) });
    Ok(page)
}

fn order_facts(visit: &Visit<Operator>, history: &OrderHistory) -> Markup {
    let (view, order) = (&history.view, &history.view.order);
    let of_order =
        |id: Option<OrderId>| id.map(|id| link(&path!("/orders/{}", id), &format!("order {id}")));
    let end = match order.state.ended_at() {
        Some(at) => ("Ended", moment(at)),
        None => ("Open until", moment(order.expires_at)),
    };
    let always = [
        ("State", order_state(visit, order)),
        ("Service", link(&path!("/services/{}", order.service), &view.service)),
        ("Account", link(&path!("/accounts/{}", order.account), &view.account)),
        ("Number", visit.number(&order.number)),
        ("Country", country_name_link(visit, Some(&order.country))),
        ("Price", html! { (visit.money(order.price)) }),
        ("Made", moment(order.created_at)),
        end,
    ];
    let iccid = history.iccid.as_ref();
    let sometimes = [
        ("SIM", iccid.map(|iccid| sim_link(Some(iccid)))),
        ("Given back", view.refunded.map(|amount| html! { (visit.money(amount)) })),
        ("Outcome", order.outcome.map(|outcome| html! { (outcome.as_str()) })),
        ("Again on the number of", of_order(order.reuse_of)),
        ("In place of", of_order(order.replaces)),
        ("Reported by its customer", order.report.map(|report| html! { (report.as_str()) })),
        ("Customer's reference", order.client_ref.as_deref().map(hostile)),
    ];
    let asked = asked_by(&history.entries, history.client.as_deref());
    let sometimes = sometimes.into_iter().chain(asked).filter_map(|(term, is)| Some((term, is?)));
    facts(&always.into_iter().chain(sometimes).collect::<Vec<_>>())
}

/// What can be done with it now.
fn actions(visit: &Visit<Operator>, history: &OrderHistory) -> Markup {
    let order = &history.view.order;
    let is_refundable = matches!(order.state, OrderState::Completed { .. })
        && history.view.refunded.is_none()
        && order.price > Amount::ZERO;
    html! {
        @if visit.may(Act) {
            @if order.state == OrderState::Open { (cancel_form(visit, order)) }
            @if is_refundable { (refund_form(visit, order)) }
        }
    }
}

fn cancel_form(visit: &Visit<Operator>, order: &Order) -> Markup {
    let form = visit.form(&path!("/orders/{}/cancel", order.id));
    let question = format!(
        "The number is taken back and the hold of {} is released. It does not count against its \
         account.",
        visit.money(order.price)
    );
    form.confirmed("Cancel the order", &question, form.danger_button("Cancel it"))
}

fn refund_form(visit: &Visit<Operator>, order: &Order) -> Markup {
    let form = visit.form(&path!("/orders/{}/refund", order.id));
    let all = format!("empty: all of it, {}", visit.money(order.price));
    let content = html! {
        (form.text("amount", "Amount").hint(all).inputmode("decimal"))
        (form.text("reason", "Reason").hint("its customer reads it in the ledger").required())
        (form.button("Give it back"))
    };
    form.asked("Refund", "What is given back is added to the account's balance.", content)
}

fn awaited(visit: &Visit<Operator>, awaited: &[AwaitedMessage]) -> Markup {
    html! {
        @for message in awaited {
            p {
                "A long message"
                @if visit.may(SeeTexts) { " from " (visit.message_text(&message.sender)) }
                " is coming in: "
                (message.arrived) " of " (message.total) " parts are there since "
                (moment(message.since)) ". It is shown as it is in "
                (until(visit.now(), message.until)) "."
            }
        }
    }
}

/// What is to be known of the SIM of an order: that others have its number, so that what is sent to
/// that may come to one of those.
async fn order_sim(visit: &Visit<Operator>, history: &OrderHistory) -> Result<Markup, Fault> {
    let Some(iccid) = history.iccid.clone() else { return Ok(Markup::default()) };
    let sims = visit.gateway().sims();
    let sim = sims.find(iccid).await?.sim;
    let is_its_number =
        sim.number.as_ref().is_some_and(|known| known.number == history.view.order.number);
    let rivals = if is_its_number { sims.rivals(&sim).await? } else { Vec::new() };
    Ok(html! {
        @for rival in &rivals {
            p class="warning" {
                (badge(Tone::Fair, "Same number")) " SIM " (sim_link(Some(&rival.iccid)))
                " has this number, too: what is sent to it may come there. "
                (link(&path!("/messages?iccid={}", rival.iccid), "What came there"))
            }
        }
    })
}

/// What came to the SIM in the order's time and fitted no service: each opens the try-out of the
/// service's page filled in, so that its pattern can be mended.
async fn unmatched(visit: &Visit<Operator>, history: &OrderHistory) -> Result<Markup, Fault> {
    let (view, messages) = (&history.view, &history.unmatched);
    let why_not = visit.gateway().inbox().undeliverable(&view.order, messages).await?;
    let rows = messages.iter().zip(&why_not).map(|(message, why_not)| {
        Row::new(message.id, [
            html! { a href=(path!("/messages/{}", message.id)) { (moment(message.received_at)) } },
            message_sender(visit, message),
            message_excerpt(visit, message),
            unmatched_actions(visit, view, message, why_not.as_ref()),
        ])
    });
    let table = Table::new("unmatched-messages", "What came and fitted nothing")
        .column("Time")
        .column("Sender")
        .column("Text")
        .column("What to do")
        .rows(rows)
        .empty(Empty::new("Nothing else came to its SIM in its time."));
    Ok(html! { (table) })
}

/// What can be done with a message that fitted nothing, or why it cannot be given to the order.
fn unmatched_actions(
    visit: &Visit<Operator>,
    view: &OrderView,
    message: &Message,
    why_not: Option<&Undeliverable>,
) -> Markup {
    let order = &view.order;
    let try_out = path!("/services/{}?message={}#{}", order.service, message.id, TRIED);
    let form = visit.form(&path!("/orders/{}/deliver/{}", order.id, message.id));
    html! {
        @if let Some(why) = why_not { p { (kept_because(view, why)) } }
        @if visit.may(SeeTexts) { (link(&try_out, "Try the patterns")) " " }
        @if why_not.is_none() && visit.may(Act) {
            (form.inline(form.quiet_button("Give it to this order")))
        }
    }
}

/// Why a message is not given to an order, in a sentence.
fn kept_because(view: &OrderView, why: &Undeliverable) -> Markup {
    let of_order = |id: OrderId| link(&path!("/orders/{}", id), &format!("order {id}"));
    html! {
        @match why {
            Undeliverable::Unmatched => { "It does not fit the patterns of " (view.service) "." },
            Undeliverable::Withheld(_) => {
                "The " (link(BLOCK_LIST, "block list")) " withholds it: no customer is given it."
            },
            Undeliverable::OrderOver => {
                "The order ended without a charge: its customer is shown nothing more."
            },
            Undeliverable::ForOther(other) => { "It is for " (of_order(*other)) "." },
            Undeliverable::Given(other) => { "It was given to " (of_order(*other)) "." },
            Undeliverable::Rented(rental) => {
                "It belongs to " (link(&path!("/rentals/{}", rental), &format!("rental {rental}")))
                "."
            },
            Undeliverable::Doubtful => "It may have come for another SIM.",
            Undeliverable::NotText => "It is no text for a customer.",
            Undeliverable::TextDeleted => "Its text is not kept any more.",
            Undeliverable::OtherNumber => "It did not come to the order's number.",
            Undeliverable::NotRunning => "The order was not running when it came.",
        }
    }
}

async fn cancel(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    let id = OrderId(visit.id("id")?);
    visit.gateway().orders().cancel_for_operator(id).await?;
    Ok(Done::at(path!("/orders/{}", id), "The order was canceled, and its hold released."))
}

async fn refund(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let (id, currency) = (OrderId(visit.id("id")?), visit.gateway().currency());
    let mut faults = Faults::new();
    let amount = form.optional("amount").map(|text| currency.parse(text)).transpose();
    let amount = faults.check("amount", amount);
    if form.text("reason").is_empty() {
        faults.add("reason", "A refund has a reason, for the ledger.");
    }
    faults.result()?;
    let reason = form.text("reason").to_owned();
    let (_, given_back) = visit.gateway().orders().refund(id, amount.flatten(), reason).await?;
    let line = format!("{} was given back.", visit.money(given_back));
    Ok(Done::at(path!("/orders/{}", id), line))
}

async fn deliver(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    let (id, message) = (OrderId(visit.id("id")?), MessageId(visit.id("message")?));
    visit.gateway().inbox().deliver(message, id).await?;
    Ok(Done::at(path!("/orders/{}", id), "The order was given the message."))
}
