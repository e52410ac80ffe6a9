//! One order: its number, what has come, and what can be done with it.

use maud::{Markup, html};

use super::Customer;
use super::asking::{carried_out, once, order_refused, requester, take_turn};
use super::ledger::given_back;
use super::sentences::NO_SUCH_ORDER;
use super::services::country_name;
use crate::domain::{OrderId, Timestamp};
use crate::gateway::resources::{MessageResource, OrderReason, OrderResource, OrderStatus};
use crate::gateway::{GiveUp, OrderRefusal};
use crate::http::web::{
    Access, Done, Fault, Form, Page, Route, Tone, Visit, badge, clock_time, copy_button, hostile,
    hostile_whole, link, moment, path, until,
};

pub(super) fn routes() -> Vec<Route<Customer>> {
    const PAGE: &str = "/orders/{id}";
    vec![
        Route::page(PAGE, Access::SignedIn, show).live(),
        Route::post("/orders/{id}/cancel", Access::SignedIn, PAGE, cancel),
        Route::post("/orders/{id}/swap", Access::SignedIn, PAGE, swap),
        Route::post("/orders/{id}/reuse", Access::SignedIn, PAGE, reuse),
    ]
}

async fn find(visit: &Visit<Customer>) -> Result<OrderResource, Fault> {
    let id = OrderId(visit.id("id")?);
    let found = visit.gateway().orders().show(requester(visit), id).await?;
    found.ok_or_else(|| Fault::NotFound(NO_SUCH_ORDER.to_owned()))
}

async fn show(visit: Visit<Customer>) -> Result<Page, Fault> {
    let order = find(&visit).await?;
    let (service, country) = (&order.service.name, country_name(&visit, &order.country));
    let (id, price, currency) = (order.id, &order.price, &order.currency);
    let title = format!("Order {id} · {service} · {country} · {price} {currency}");
    let refunds = match order.state {
        OrderStatus::Completed => {
            let accounts = visit.gateway().accounts();
            accounts.refunds_of_order(visit.account(), OrderId(id)).await?
        }
        _ => Vec::new(),
    };
    let mut page = Page::new(title).below("Orders", "/orders");
    if let Some(code) = &order.code {
        page = page.mark(format!("● {code}"));
    }
    Ok(page
        .part("number", html! { (number(&visit, &order)) (given_back(&visit, &refunds)) })
        .part("code", code(&order))
        .part("actions", actions(&visit, &order))
        .part("texts", texts(&order)))
}

/// The number, large, and how the order stands.
fn number(visit: &Visit<Customer>, order: &OrderResource) -> Markup {
    html! {
        div {
            p.big { (grouped(&order.national)) }
            p.buttons {
                (copy_button("Copy", &order.national))
                (copy_button(&format!("Copy {}", order.number), &order.number))
            }
            p { (standing(visit, order)) }
        }
    }
}

/// How an order stands, in a sentence.
fn standing(visit: &Visit<Customer>, order: &OrderResource) -> Markup {
    let (now, expires_at) = (visit.now(), time(&order.expires_at));
    match order.state {
        OrderStatus::Open if !order.on_air => html! {
            (badge(Tone::Fair, "Being put on the air")) " "
            "A SIM bank is putting the number on the air, which may take a minute or two. The \
             time of the order begins when it is there."
        },
        OrderStatus::Open => html! {
            (badge(Tone::Fair, "Waits")) " "
            @if let Some(at) = expires_at { (until(now, at)) " left. " }
            @if order.messages.is_empty() { "It costs nothing until the text has come." } @else {
                "What came has no code, so the order goes on waiting for one. "
                @if let Some(at) = expires_at {
                    "Canceled before " (clock_time(at)) " it costs nothing, else "
                    (order.price) " " (order.currency) "."
                }
            }
            @if let Some((began, ends)) = time(&order.created_at).zip(expires_at) {
                (rest_bar(now, began, ends))
            }
        },
        OrderStatus::Completed => html! {
            (badge(Tone::Good, "Completed")) " "
            (order.price) " " (order.currency) " was charged. "
            @if order.code.is_none() && !order.messages.is_empty() {
                "No code was found in what came. "
            }
            @if let Some(at) = expires_at.filter(|at| now < *at) {
                "Further texts are shown until " (clock_time(at)) "."
            }
        },
        OrderStatus::Canceled | OrderStatus::Skipped | OrderStatus::Expired => html! {
            (badge(Tone::Quiet, "Over")) " " (ended_because(order.reason)) " It cost nothing."
        },
    }
}

/// What is left of an order's time, as a bar that gets shorter. The count-down says the same.
fn rest_bar(now: Timestamp, began: Timestamp, ends: Timestamp) -> Markup {
    let (whole, left) = (ends.since(began).as_secs(), ends.since(now).as_secs());
    let ends = ends.since(Timestamp(0)).as_secs();
    html! {
        progress aria-hidden="true" max=(whole.max(1)) value=(left) data-until=(ends) {}
    }
}

/// Why an order ended without a charge, in a sentence.
fn ended_because(reason: Option<OrderReason>) -> &'static str {
    match reason {
        Some(OrderReason::Silent) => "No text came in its time.",
        Some(OrderReason::SimLost) => "Its SIM was lost, or did not come on the air.",
        Some(OrderReason::Withheld) => {
            "What came in its time is of a kind that is not shown to customers."
        }
        Some(OrderReason::Canceled) => "It was canceled.",
        Some(OrderReason::Skipped) => {
            "It was skipped: your account is not given this number for this service again."
        }
        Some(OrderReason::Reported) => "Its number was reported, and is not given to you again.",
        None => "It has ended.",
    }
}

/// The code, very large. The element is there before the code is, so that its coming is read out.
fn code(order: &OrderResource) -> Markup {
    html! {
        div role="status" {
            @if let Some(code) = &order.code {
                p.big.code { (code) }
                p.buttons { (copy_button("Copy the code", code)) }
            }
        }
    }
}

fn texts(order: &OrderResource) -> Markup {
    html! {
        h2 { "Texts" }
        @if order.messages.is_empty() {
            p.hint {
                @match order.state {
                    OrderStatus::Open => "Nothing has come yet. Texts stand here as they come.",
                    OrderStatus::Completed => "Its texts are not kept any more.",
                    _ => "There is no text of it.",
                }
            }
        }
        @for message in order.messages.iter().rev() { (text(message)) }
    }
}

/// A text with its sender and its time.
pub(super) fn text(message: &MessageResource) -> Markup {
    html! {
        article.message id=(format!("text-{}", message.id)) {
            p.hint {
                "From " (hostile(message.sender.as_deref().unwrap_or("an unknown sender")))
                @if let Some(at) = time(&message.received_at) { " at " (clock_time(at)) }
                @if let Some(code) = &message.code {
                    " " strong { (code) } " " (copy_button("Copy", code))
                }
                @if !message.complete { " " (badge(Tone::Fair, "a part is missing")) }
            }
            @match &message.text {
                Some(text) => p { (hostile_whole(text)) },
                None => p.hint { "The text is not kept any more." },
            }
        }
    }
}

fn actions(visit: &Visit<Customer>, order: &OrderResource) -> Markup {
    match order.state {
        OrderStatus::Open => {
            let cancel = visit.form(&path!("/orders/{}/cancel", order.id));
            let swap = visit.form(&path!("/orders/{}/swap", order.id));
            html! {
                div.buttons {
                    (cancel.inline(html! { (cancel.button("Cancel")) }))
                    (swap.inline(html! { (swap.quiet_button("Skip and take another")) }))
                }
            }
        }
        OrderStatus::Completed if order.reuse.is_some() => html! {
            div.buttons { (again(visit, order, "Again on this number")) (another(order)) }
        },
        _ => html! { div.buttons { (another(order)) } },
    }
}

/// The form of one button that orders a number again, if it can be had.
pub(super) fn again(visit: &Visit<Customer>, order: &OrderResource, words: &str) -> Markup {
    let Some(reuse) = &order.reuse else { return html! {} };
    let form = visit.form(&path!("/orders/{}/reuse", order.id));
    let price = format!("{words} for {} {}", reuse.price, order.currency);
    form.inline(html! {
        (form.hidden("price", &reuse.price))
        (form.button(&price))
        @if let Some(at) = time(&reuse.until) { span.calm { " until " (clock_time(at)) } }
    })
}

fn another(order: &OrderResource) -> Markup {
    let address = path!("/services/{}/{}", order.country, order.service.id);
    link(&address, "Order another number")
}

async fn cancel(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let (by, id) = (requester(&visit), OrderId(visit.id("id")?));
    let once = once(&visit, &form);
    let canceled = visit.gateway().orders().give_up_once(by, id, GiveUp::Cancel, once).await?;
    match carried_out(canceled, |order| order.id)? {
        Ok(id) => Ok(Done::at(
            path!("/orders/{}", id),
            format!("Order {id} was canceled; it cost nothing."),
        )),
        Err(refusal) => Err(order_refused(&visit, refusal, None).await),
    }
}

async fn swap(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    take_turn(&visit)?;
    let order = find(&visit).await?;
    let (by, once) = (requester(&visit), once(&visit, &form));
    let swapped = visit.gateway().orders().swap_once(by, OrderId(order.id), once).await?;
    match carried_out(swapped, |order| order.id)? {
        Ok(made) => {
            let line = format!("Order {} was skipped, and this one made in its place.", order.id);
            Ok(Done::at(path!("/orders/{}", made), line))
        }
        Err(refusal) => {
            let price = visit.gateway().currency().parse(&order.price).ok();
            Err(order_refused(&visit, refusal, price).await)
        }
    }
}

async fn reuse(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    take_turn(&visit)?;
    let order = find(&visit).await?;
    let currency = visit.gateway().currency();
    let price = order.reuse.as_ref().and_then(|reuse| currency.parse(&reuse.price).ok());
    let seen = currency.parse(form.text("price")).ok();
    if let Some(price) = price.filter(|price| seen.is_some_and(|seen| seen < *price)) {
        return Err(order_refused(&visit, OrderRefusal::TooExpensive(price), Some(price)).await);
    }
    let (by, once) = (requester(&visit), once(&visit, &form));
    let reused = visit.gateway().orders().reuse_once(by, OrderId(order.id), once).await?;
    match carried_out(reused, |order| order.id)? {
        Ok(made) => Ok(Done::follow(path!("/orders/{}", made))),
        Err(refusal) => Err(order_refused(&visit, refusal, price).await),
    }
}

/// A number in groups of two digits, the first of three if there is an odd number of them.
pub(super) fn grouped(digits: &str) -> String {
    let mut text = String::new();
    let count = digits.chars().count();
    for (index, digit) in digits.chars().enumerate() {
        let left = count - index;
        if index > 0 && left.is_multiple_of(2) && !(index == 1 && count % 2 == 1) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A time as resources have it.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// A time as resources have it, as pages show it.
pub(super) fn shown_time(text: &str) -> Markup {
    html! { @match time(text) { Some(at) => (moment(at)), None => (text) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_in_pairs() {
        for (digits, shown) in [
            ("0612340007", "06 12 34 00 07"),
            ("07684563067", "076 84 56 30 67"),
            ("1", "1"),
            ("", ""),
        ] {
            assert_eq!(grouped(digits), shown);
        }
    }

    #[test]
    fn each_end_without_a_charge_has_a_sentence() {
        for reason in [
            OrderReason::Silent,
            OrderReason::SimLost,
            OrderReason::Withheld,
            OrderReason::Canceled,
            OrderReason::Skipped,
            OrderReason::Reported,
        ] {
            let sentence = ended_because(Some(reason));
            assert!(sentence.ends_with('.') && sentence != ended_because(None), "{sentence}");
        }
    }
}
