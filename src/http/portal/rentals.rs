//! All rentals of an account, and what can be rented.

use maud::{Markup, html};

use super::Customer;
use super::asking::{carried_out, once, rental_refused, requester};
use super::order::{grouped, shown_time};
use super::services::{countries, country_choice, country_name, iso_code, showcase};
use crate::domain::country::DEFAULT_COUNTRY;
use crate::domain::price::Charge;
use crate::domain::rental::Package;
use crate::domain::{Amount, RentalId};
use crate::gateway::RentalRequest;
use crate::gateway::resources::{RentalResource, RentalStatus};
use crate::http::web::{
    Access, Done, Empty, Fault, Form, PAGE_ROWS, Page, Paging, Route, Row, Table, Tone, Visit,
    badge, link, pager, path,
};

pub(super) fn routes() -> Vec<Route<Customer>> {
    const OFFER: &str = "/rentals/new/{country}";
    vec![
        Route::page("/rentals", Access::SignedIn, list).live(),
        Route::page("/rentals/new", Access::SignedIn, offer),
        Route::page(OFFER, Access::SignedIn, offer),
        Route::post("/rentals/new/{country}/{package}", Access::SignedIn, OFFER, rent),
    ]
}

async fn list(visit: Visit<Customer>) -> Result<Page, Fault> {
    let paging = Paging::of(&visit);
    let (before, limit) = (paging.before().map(RentalId), PAGE_ROWS + 1);
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let rentals = visit.gateway().rentals().page(visit.account(), before, limit).await?;
    let (rentals, older) = paging.cut(rentals, |rental| rental.id);
    let page = Page::new("Rentals").intro(html! {
        p {
            "A rented number is yours alone for months, with the texts that come to it. Some are "
            "given to nobody, above all codes of banks and payment services. "
            (link("/rentals/new", "Rent a number"))
        }
    });
    Ok(page.part("rentals", html! { (table(&visit, &rentals)) (pager(&paging, older)) }))
}

fn table(visit: &Visit<Customer>, rentals: &[RentalResource]) -> Table {
    let mut table = Table::new("rentals-list", "Your rentals, the newest first")
        .newest_first()
        .column("Rental")
        .column("Number")
        .column("Country")
        .column("State")
        .column("Until")
        .column("Renewal");
    for rental in rentals {
        table = table.row(Row::new(
            rental.id,
            [
                link(&path!("/rentals/{}", rental.id), &rental.id.to_string()),
                html! { span.digits { (grouped(&rental.national)) } },
                html! { (country_name(visit, &rental.country)) },
                state_badge(rental.state),
                shown_time(&rental.expires_at),
                html! { (renewal(visit, rental)) },
            ],
        ));
    }
    table.empty(
        Empty::new("No rentals yet. A number for months is a rental.")
            .next(link("/rentals/new", "Rent a number")),
    )
}

pub(super) fn state_badge(state: RentalStatus) -> Markup {
    match state {
        RentalStatus::Active => badge(Tone::Good, "Active"),
        RentalStatus::Grace => badge(Tone::Fair, "Ended, can be revived"),
        RentalStatus::Ended => badge(Tone::Quiet, "Ended"),
    }
}

/// How a rental is renewed, with its price in the account's money.
pub(super) fn renewal(visit: &Visit<Customer>, rental: &RentalResource) -> String {
    match (rental.state, rental.auto_renew) {
        (RentalStatus::Active, true) => {
            match visit.gateway().settings().packages.find(&rental.renewal_package) {
                Some((package, charge)) => {
                    format!("{} for {}", package.in_words(), visit.money(charge.amount))
                }
                None => format!("{}, which is not sold any more", rental.renewal_package),
            }
        }
        (RentalStatus::Active, false) => "none: it ends then".to_owned(),
        (RentalStatus::Grace | RentalStatus::Ended, _) => "–".to_owned(),
    }
}

/// What a package costs: in the account's money, and as it is declared if that is other money.
pub(super) fn price(visit: &Visit<Customer>, charge: &Charge) -> String {
    let (own, declared) = (visit.money(charge.amount), charge.price.to_string());
    if own == declared { own } else { format!("{own} ({declared})") }
}

async fn offer(visit: Visit<Customer>) -> Result<Page, Fault> {
    let countries = countries(&visit, &showcase(&visit).await?);
    let chosen = chosen_country(&visit, &countries);
    let settings = visit.gateway().settings();
    let packages = settings.packages.on_sale();
    let mut table =
        Table::new("packages-list", "What can be rented").column("Term").column("Price").column("");
    for (package, charge) in &packages {
        table = table.row(Row::new(
            package.name(),
            [
                html! { (package.in_words()) },
                html! { (price(&visit, charge)) },
                rent_form(&visit, package, charge, &chosen),
            ],
        ));
    }
    let empty = Empty::new("No numbers are rented out here.").next(link("/", "Order a number"));
    let choice = country_choice("/rentals/new", &countries, &chosen);
    Ok(Page::new("Rent a number").below("Rentals", "/rentals").intro(choice).part(
        "packages",
        html! {
            p { (country_name(&visit, &chosen)) ": a number that is yours alone from now on." }
            (table.empty(empty))
        },
    ))
}

/// The country that numbers are rented of: that of the address, or else one with numbers.
fn chosen_country(visit: &Visit<Customer>, countries: &[(String, String)]) -> String {
    let first = countries.first().map_or(DEFAULT_COUNTRY, |(code, _)| code.as_str());
    let named = Some(visit.param("country")).filter(|country| !country.is_empty());
    iso_code(visit, named.or(visit.query("country")).unwrap_or(first))
}

/// The question before a number is rented, with what it costs.
fn rent_form(visit: &Visit<Customer>, package: &Package, charge: &Charge, country: &str) -> Markup {
    let form = visit.form(&path!("/rentals/new/{}/{}", country, package.name()));
    let amount = visit.money(charge.amount);
    form.asked(
        &format!("Rent for {}", package.in_words()),
        &format!("{amount} are taken from your balance now."),
        html! {
            (form.hidden("price", &visit.gateway().currency().text(charge.amount)))
            (form.checkbox("auto_renew", "Renew it at its end, at the price of that day")
                .set_if(true))
            (form.button(&format!("Yes, rent it for {amount}")))
        },
    )
}

async fn rent(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let package = visit.param("package").to_owned();
    let price = price_as_seen(&visit, &form, &package)?;
    let request = RentalRequest {
        country: visit.param("country").to_owned(),
        package,
        auto_renew: form.is_set("auto_renew"),
    };
    let (by, once) = (requester(&visit), once(&visit, &form));
    let rented = visit.gateway().rentals().rent_once(by, request, once).await?;
    match carried_out(rented, |rental| rental.id)? {
        Ok(rental) => Ok(Done::at(path!("/rentals/{}", rental), "The number is yours now.")),
        Err(refusal) => Err(rental_refused(&visit, refusal, price).await),
    }
}

/// What a package costs now, if that is no more than the page has said.
pub(super) fn price_as_seen(
    visit: &Visit<Customer>,
    form: &Form,
    package: &str,
) -> Result<Option<Amount>, Fault> {
    let found = visit.gateway().settings().packages.find(package);
    let price = found.map(|(_, charge)| charge.amount);
    let seen = visit.gateway().currency().parse(form.text("price")).ok();
    match price {
        Some(price) if seen.is_none_or(|seen| seen < price) => Err(Fault::form(format!(
            "This costs {} now, which is not what the page said. Nothing was charged.",
            visit.money(price)
        ))),
        price => Ok(price),
    }
}
