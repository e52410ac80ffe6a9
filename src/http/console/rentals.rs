//! The list of rentals.

use maud::{Markup, Render, html};

use super::Operator;
use super::books::{list_request, nothing_listed, stepped};
use super::ways::country_link;
use crate::domain::Rental;
use crate::domain::login::Permission::Look;
use crate::domain::rental::{Package, RentalState};
use crate::gateway::{RentalView, Topic};
use crate::http::web::{
    Access::May, Empty, Fault, Filters, Page, Paging, Route, Row, Table, Tone, Visit, badge, link,
    moment, path,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    let page = Route::page("/rentals", May(Look), list).live_on(&[Topic::Rentals]);
    vec![page.private(&["number"])]
}

async fn list(visit: Visit<Operator>) -> Result<Page, Fault> {
    let paging = Paging::of(&visit);
    let request = list_request(&visit, &paging)?;
    let filters = Filters::new(&visit)
        .choice("state", "State", &RentalState::WORDS.map(|word| (word, word)))
        .search("account", "Account")
        .search("number", "Number")
        .search("iccid", "SIM (ICCID)")
        .day("day", "Begun on (UTC)");
    let list = match visit.gateway().rentals().list_step(request).await {
        Ok(step) => {
            let stepped = stepped(&visit, &paging, step, |view: &RentalView| view.rental.id.0);
            let rows = stepped.rows.iter().map(|view| row(&visit, view));
            let empty = match filters.are_set() {
                true => Empty::new("No rental fits these filters."),
                false => Empty::new("Nothing was rented yet.").next(html! {
                    "What is on sale stands in " code { "[rentals.packages]" }
                    " of the configuration."
                }),
            };
            html! { (table().rows(rows).empty(empty)) (stepped.foot) }
        }
        Err(error) => nothing_listed(error)?,
    };
    Ok(Page::new("Rentals").intro(filters.render()).part("list", list))
}

fn table() -> Table {
    Table::new("rentals", "Rentals")
        .column("Rental")
        .column("State")
        .column("Number")
        .column("Country")
        .column("Account")
        .column("Package")
        .column("Until")
        .column("Renewal")
        .newest_first()
}

fn row(visit: &Visit<Operator>, view: &RentalView) -> Row {
    let rental = &view.rental;
    Row::new(
        rental.id,
        [
            link(&path!("/rentals/{}", rental.id), &rental.id.to_string()),
            rental_state(rental),
            visit.number(&rental.number),
            country_link(visit, Some(&rental.country)),
            link(&path!("/accounts/{}", rental.account), &view.account),
            html! { (Package::words_of(&rental.package)) },
            moment(rental.state.ended_at().unwrap_or(rental.expires_at)),
            renewal(rental),
        ],
    )
}

/// The state of a rental in a word.
pub(super) fn rental_state(rental: &Rental) -> Markup {
    match rental.state {
        RentalState::Active => badge(Tone::Good, rental.state.as_str()),
        RentalState::Ended { .. } => badge(Tone::Quiet, rental.state.as_str()),
    }
}

/// With which package a rental is renewed, if it is.
pub(super) fn renewal(rental: &Rental) -> Markup {
    html! {
        @match rental.state {
            RentalState::Active if rental.auto_renew => {
                "by " (Package::words_of(&rental.renewal_package))
            }
            RentalState::Active => "off",
            RentalState::Ended { .. } => "–",
        }
    }
}
