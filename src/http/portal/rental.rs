//! One rental: its number, its messages, and how long it runs.

use maud::{Markup, html};

use super::Customer;
use super::asking::{carried_out, once, rental_refused, requester};
use super::ledger::given_back;
use super::order::{grouped, shown_time, text, time};
use super::rentals::{price, price_as_seen, renewal, state_badge};
use super::sentences::{self, NO_SUCH_RENTAL};
use super::services::country_name;
use crate::domain::text::counted_noun;
use crate::domain::{MessageId, RentalId};
use crate::gateway::resources::{MessageResource, RentalResource, RentalStatus};
use crate::gateway::{MessagesWanted, RentalEdit};
use crate::http::limits::TooMany;
use crate::http::web::{
    Access, Csv, Done, Download, Empty, Fault, Filters, Form, Page, Paging, Route, SavedValues,
    Tone, Visit, ago, badge, copy_button, facts, link, pager, path,
};

pub(super) fn routes() -> Vec<Route<Customer>> {
    const PAGE: &str = "/rentals/{id}";
    vec![
        Route::page(PAGE, Access::SignedIn, show).live().private(&["text"]),
        Route::post("/rentals/{id}/extend/{package}", Access::SignedIn, PAGE, extend),
        Route::post("/rentals/{id}/renewal", Access::SignedIn, PAGE, change_renewal),
        Route::post("/rentals/{id}/revive", Access::SignedIn, PAGE, revive),
        Route::file("/rentals/{id}/messages.csv", Access::SignedIn, messages_csv),
    ]
}

/// How many messages a page has.
const SHOWN_MESSAGES: usize = 50;

/// How many messages a file has at most, the newest.
const MOST_IN_FILE: usize = 10_000;

async fn find(visit: &Visit<Customer>) -> Result<RentalResource, Fault> {
    let id = RentalId(visit.id("id")?);
    let found = visit.gateway().rentals().show(visit.account(), id).await?;
    found.ok_or_else(|| Fault::NotFound(NO_SUCH_RENTAL.to_owned()))
}

async fn show(visit: Visit<Customer>) -> Result<Page, Fault> {
    let rental = find(&visit).await?;
    let paging = Paging::of(&visit);
    let wanted = MessagesWanted {
        since: None,
        text: visit.query("text").map(str::to_owned),
        before: paging.before().map(MessageId),
        count: SHOWN_MESSAGES,
    };
    let (messages, has_more) = messages(&visit, wanted).await?;
    let older = messages
        .last()
        .filter(|_| has_more)
        .map(|message| visit.address_with(&[("before", Some(&message.id.to_string()))]));
    let (accounts, rentals) = (visit.gateway().accounts(), visit.gateway().rentals());
    let refunds = accounts.refunds_of_rental(visit.account(), RentalId(rental.id)).await?;
    let withheld = rentals.count_withheld(visit.account(), RentalId(rental.id)).await?;
    let title = format!("Rental {} · {}", rental.id, country_name(&visit, &rental.country));
    let csv = path!("/rentals/{}/messages.csv", rental.id);
    Ok(Page::new(title)
        .below("Rentals", "/rentals")
        .part("number", html! { (number(&rental)) (given_back(&visit, &refunds)) })
        .half_part("facts", terms(&visit, &rental))
        .half_part("changes", changes(&visit, &rental))
        .part(
            "messages",
            html! {
                h2 { "Messages" }
                (Filters::new(&visit).search("text", "Text or sender"))
                (withheld_note(withheld))
                @if messages.is_empty() { (no_messages(&visit, rental.state)) }
                @for message in &messages { (text(message)) }
                (pager(&paging, older))
                p { (link(&csv, "All messages as CSV")) }
            },
        ))
}

/// How many texts the tenant is not shown, and why.
fn withheld_note(count: u64) -> Markup {
    html! {
        @if count > 0 {
            p.hint {
                (counted_noun(count, "text was withheld", "texts were withheld"))
                ": of a kind that no customer is shown, above all codes of banks and payment \
                 services."
            }
        }
    }
}

fn no_messages(visit: &Visit<Customer>, state: RentalStatus) -> Empty {
    match (visit.query("text"), state) {
        (Some(_), _) => Empty::new("No message has this in its text or sender.")
            .next(link(visit.path(), "All messages")),
        (None, RentalStatus::Grace | RentalStatus::Ended) => Empty::new("Nothing came to it."),
        (None, RentalStatus::Active) => Empty::new("Nothing has come yet.")
            .next(html! { "Texts stand here as they come, without a reload." }),
    }
}

fn number(rental: &RentalResource) -> Markup {
    html! {
        div {
            p.big { (grouped(&rental.national)) }
            p.buttons {
                (copy_button("Copy", &rental.national))
                (copy_button(&format!("Copy {}", rental.number), &rental.number))
            }
            p { (state_badge(rental.state)) }
        }
    }
}

fn terms(visit: &Visit<Customer>, rental: &RentalResource) -> Markup {
    let paid = format!("{} {}", rental.price, rental.currency);
    let until = match rental.state {
        RentalStatus::Active => "Until",
        RentalStatus::Grace | RentalStatus::Ended => "Ended",
    };
    let mut terms = vec![
        ("Began", shown_time(&rental.started_at)),
        (until, shown_time(&rental.expires_at)),
        ("Last term", html! { (paid) }),
        ("Renewal", html! { (renewal(visit, rental)) }),
    ];
    if rental.state == RentalStatus::Active {
        terms.push(("On the air", on_air(visit, rental)));
    }
    html! { h2 { "Terms" } (facts(&terms)) }
}

fn on_air(visit: &Visit<Customer>, rental: &RentalResource) -> Markup {
    if rental.on_air {
        return badge(Tone::Good, "Now");
    }
    let seen = rental.last_seen_at.as_deref().and_then(time);
    html! {
        (badge(Tone::Fair, "Not now"))
        @if let Some(at) = seen { ", last " (ago(visit.now(), at)) " ago" }
        @if let Some(at) = &rental.next_visit_at { ", next at " (shown_time(at)) }
        ". Texts that are sent meanwhile wait at the mobile network."
    }
}

fn changes(visit: &Visit<Customer>, rental: &RentalResource) -> Markup {
    match rental.state {
        RentalStatus::Active => html! {
            h2 { "Changes" }
            (extend_forms(visit, rental))
            (renewal_form(visit, rental))
        },
        RentalStatus::Grace => revive_form(visit, rental),
        RentalStatus::Ended => html! {
            h2 { "Changes" }
            p { "This rental has ended. " (link("/rentals/new", "Rent another number")) }
        },
    }
}

fn extend_forms(visit: &Visit<Customer>, rental: &RentalResource) -> Markup {
    let settings = visit.gateway().settings();
    html! {
        div.buttons {
            @for (package, charge) in settings.packages.on_sale() {
                @let form = visit.form(&path!("/rentals/{}/extend/{}", rental.id, package.name()));
                @let question = format!(
                    "{} are taken from your balance now. Renewals are by {} from then on.",
                    price(visit, &charge),
                    package.in_words()
                );
                (form.asked(&format!("Extend by {}", package.in_words()), &question, html! {
                    (form.hidden("price", &visit.gateway().currency().text(charge.amount)))
                    (form.button(&format!("Yes, extend it for {}", visit.money(charge.amount))))
                }))
            }
        }
    }
}

/// How a rental is renewed, as its form shows it.
fn saved_renewal(rental: &RentalResource) -> SavedValues {
    SavedValues::new()
        .with_flag("auto_renew", rental.auto_renew)
        .with("package", &rental.renewal_package)
}

fn renewal_form(visit: &Visit<Customer>, rental: &RentalResource) -> Markup {
    let form = visit.form(&path!("/rentals/{}/renewal", rental.id));
    let form = form.editing(saved_renewal(rental));
    let settings = visit.gateway().settings();
    let sold = settings.packages.on_sale();
    let options: Vec<(String, String)> = sold
        .iter()
        .map(|(package, charge)| {
            let label = format!("{} for {}", package.in_words(), price(visit, charge));
            (package.name().to_owned(), label)
        })
        .collect();
    form.show(html! {
        (form.checkbox("auto_renew", "Renew it at its end"))
        (form.choice("package", "By", &options))
        (form.button("Save"))
    })
}

fn revive_form(visit: &Visit<Customer>, rental: &RentalResource) -> Markup {
    let form = visit.form(&path!("/rentals/{}/revive", rental.id));
    let found = visit.gateway().settings().packages.find(&rental.renewal_package);
    html! {
        h2 { "Changes" }
        @if let Some(until) = &rental.grace_until {
            p { "This rental has ended. Until " (shown_time(until)) " it can run on from where it \
                 ended, with what has come since." }
        }
        @match found {
            Some((package, charge)) => {
                @let cost = price(visit, &charge);
                @let question =
                    format!("{cost} are taken from your balance now, for {}.", package.in_words());
                (form.asked("Revive it", &question, html! {
                    (form.hidden("price", &visit.gateway().currency().text(charge.amount)))
                    (form.button(&format!("Yes, revive it for {}", visit.money(charge.amount))))
                }))
            }
            None => p {
                "Its package is not sold any more. " (link("/rentals/new", "Rent another number"))
            },
        }
    }
}

async fn extend(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let id = RentalId(visit.id("id")?);
    let package = visit.param("package").to_owned();
    let price = price_as_seen(&visit, &form, &package)?;
    let (by, once) = (requester(&visit), once(&visit, &form));
    let extended = visit.gateway().rentals().extend_once(by, id, Some(package), once).await?;
    match carried_out(extended, |rental| rental.id)? {
        Ok(id) => Ok(Done::at(path!("/rentals/{}", id), "The rental runs for longer now.")),
        Err(refusal) => Err(rental_refused(&visit, refusal, price).await),
    }
}

async fn change_renewal(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let edits = &visit.tools().throttle.buckets().edits;
    let taken = edits.take(visit.account(), visit.now());
    taken.map_err(|TooMany(seconds)| Fault::from(sentences::too_many_edits(seconds)))?;
    let id = RentalId(visit.id("id")?);
    form.refuse_if_stale(&saved_renewal(&find(&visit).await?))?;
    let is_on = form.is_set("auto_renew");
    let edit = RentalEdit {
        auto_renew: Some(is_on),
        renewal_package: form.optional("package").map(str::to_owned),
    };
    let edited = visit.gateway().rentals().edit_shown(requester(&visit), id, edit).await?;
    match edited {
        Ok(_) if is_on => {
            Ok(Done::at(path!("/rentals/{}", id), "The rental is renewed at its end."))
        }
        Ok(_) => Ok(Done::at(path!("/rentals/{}", id), "The rental is not renewed any more.")),
        Err(refusal) => Err(rental_refused(&visit, refusal, None).await),
    }
}

async fn revive(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let rental = find(&visit).await?;
    let price = price_as_seen(&visit, &form, &rental.renewal_package)?;
    let (by, once) = (requester(&visit), once(&visit, &form));
    let revived = visit.gateway().inbox().revive_once(by, RentalId(rental.id), once).await?;
    match carried_out(revived, |rental| rental.id)? {
        Ok(id) => Ok(Done::at(path!("/rentals/{}", id), "The rental runs again.")),
        Err(refusal) => Err(rental_refused(&visit, refusal, price).await),
    }
}

/// Messages of the rental that the address names, the newest first, and whether there are more.
async fn messages(
    visit: &Visit<Customer>,
    wanted: MessagesWanted,
) -> Result<(Vec<MessageResource>, bool), Fault> {
    let id = RentalId(visit.id("id")?);
    let found = visit.gateway().rentals().messages(requester(visit), id, wanted).await?;
    found.ok_or_else(|| Fault::NotFound(NO_SUCH_RENTAL.to_owned()))
}

async fn messages_csv(visit: Visit<Customer>) -> Result<Download, Fault> {
    let mut csv = Csv::new(&["id", "received_at", "sender", "code", "text"]);
    let (mut before, mut written) = (None, 0);
    loop {
        let wanted = MessagesWanted { since: None, text: None, before, count: 500 };
        let (page, has_more) = messages(&visit, wanted).await?;
        before = page.last().map(|message| MessageId(message.id));
        written += page.len();
        for message in &page {
            csv = csv.row(&[
                message.id.to_string().as_str(),
                &message.received_at,
                message.sender.as_deref().unwrap_or_default(),
                message.code.as_deref().unwrap_or_default(),
                message.text.as_deref().unwrap_or_default(),
            ]);
        }
        if !has_more || before.is_none() || written >= MOST_IN_FILE {
            return Ok(csv.download(format!("rental-{}.csv", visit.id("id")?)));
        }
    }
}
