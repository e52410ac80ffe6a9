//! What can be ordered: the portal's home, and a page for each service.

use maud::{Markup, html};

use super::Customer;
use super::asking::{carried_out, once, order_refused, requester, take_turn};
use super::keys::has_key;
use crate::domain::country::DEFAULT_COUNTRY;
use crate::domain::text::folded;
use crate::domain::{Amount, Service, ServiceId, country_names};
use crate::gateway::{OrderRequest, PortalChoices, Showcase, Topic};
use crate::http::web::{
    Access, Done, Empty, Fault, Form, Page, Paging, Route, Row, Table, Tone, Visit, badge, facts,
    link, pager, path,
};

pub(super) fn routes() -> Vec<Route<Customer>> {
    const PAGE: &str = "/services/{country}/{id}";
    const SHOWN: &[Topic] = &[Topic::Services];
    // How many numbers there are depends on each SIM and on what all others order: counting them
    // for everybody at each change would cost too much.
    const STOCK: &[Topic] = &[Topic::Sims, Topic::Modems, Topic::Orders, Topic::Rentals];
    vec![
        Route::page("/", Access::SignedIn, list).live_on(SHOWN).slowly_on(STOCK),
        Route::page(PAGE, Access::SignedIn, show).live_on(SHOWN).slowly_on(STOCK),
        Route::post("/services/{country}/{id}/order", Access::SignedIn, PAGE, order),
        Route::post("/services/{country}/{id}/favourite", Access::SignedIn, PAGE, set_favourite),
    ]
}

/// A service as it is offered to an account.
struct Offered {
    service: Service,
    price: Amount,
    /// How many numbers there are now.
    count: usize,
    is_favourite: bool,
}

impl Offered {
    /// By this they are in order: favourites first, then by name.
    fn key(&self) -> String {
        let place = if self.is_favourite { '1' } else { '2' };
        format!("{place} {} {}", folded(&self.service.name), self.service.id)
    }
}

async fn list(visit: Visit<Customer>) -> Result<Page, Fault> {
    let showcase = showcase(&visit).await?;
    let countries = countries(&visit, &showcase);
    let country = chosen_country(&visit, &countries);
    let choices = visit.gateway().accounts().portal_choices(visit.account()).await?;
    let mut offers = offers(&visit, &showcase, &country, &choices).await?;
    let wanted = visit.query("find").map(folded);
    let only_free = visit.query("free").is_some();
    let paging = Paging::of(&visit);
    offers.retain(|one| {
        wanted.as_ref().is_none_or(|part| folded(&one.service.name).contains(part))
            && (one.count > 0 || !only_free)
            && paging.before_key().is_none_or(|key| one.key().as_str() > key)
    });
    let (offers, next) = paging.cut_by_key(offers, Offered::key);
    let shows_ids = shows_ids(&visit, &choices).await?;
    Ok(Page::new("Services").intro(filters(&visit, &countries, &country)).part(
        "services",
        html! {
            (table(&visit, &offers, &country, shows_ids))
            (pager(&paging, next))
        },
    ))
}

/// Whether the ids of services are shown: to who wants them, and to who has a key to use them with.
async fn shows_ids(visit: &Visit<Customer>, choices: &PortalChoices) -> Result<bool, Fault> {
    Ok(choices.shows_api_ids || has_key(visit).await?)
}

/// Which services are shown, of which country.
fn filters(visit: &Visit<Customer>, countries: &[(String, String)], country: &str) -> Markup {
    html! {
        form class="filters" method="get" action="/" role="search" aria-label="Filter"
            data-filters {
            (country_field(countries, country))
            div class="filter" {
                label for="filter-find" { "Service" }
                input id="filter-find" name="find" type="search" autocomplete="off"
                    spellcheck="false" value=(visit.query("find").unwrap_or_default());
            }
            div class="filter flag" {
                label for="filter-free" { "Only with numbers now" }
                input id="filter-free" name="free" type="checkbox" value="yes"
                    checked[visit.query("free").is_some()];
            }
            div class="filter-buttons" { button type="submit" class="quiet" { "Show" } }
        }
    }
}

/// The choice of a country for a page.
pub(super) fn country_choice(
    action: &str,
    countries: &[(String, String)],
    country: &str,
) -> Markup {
    html! {
        form class="filters" method="get" action=(action) aria-label="Country" data-filters {
            (country_field(countries, country))
            div class="filter-buttons" { button type="submit" class="quiet" { "Show" } }
        }
    }
}

fn country_field(countries: &[(String, String)], country: &str) -> Markup {
    html! {
        div class="filter" {
            label for="filter-country" { "Country" }
            select id="filter-country" name="country" {
                @for (code, label) in countries {
                    option value=(code) selected[code == country] { (label) }
                }
            }
        }
    }
}

fn table(visit: &Visit<Customer>, offers: &[Offered], country: &str, shows_ids: bool) -> Table {
    let mut table = Table::new("services-list", "Services that can be ordered").column("Service");
    if shows_ids {
        table = table.number_column("API id");
    }
    table = table.number_column("Price").number_column("Numbers now").column("");
    for offered in offers {
        let Offered { service, price, count, is_favourite } = offered;
        let mut cells = vec![html! {
            (link(&path!("/services/{}/{}", country, service.id), &service.name))
            @if *is_favourite { " " (badge(Tone::News, "favourite")) }
        }];
        if shows_ids {
            cells.push(html! { code { (service.id) } });
        }
        cells.push(html! { (visit.money(*price)) });
        cells.push(html! { @if *count == 0 { "none" } @else { (count) } });
        cells.push(order_button(visit, offered, country));
        table = table.row(Row::new(service.id, cells));
    }
    let is_filtered = ["find", "free", "before"].iter().any(|name| visit.query(name).is_some());
    table.empty(match is_filtered {
        true => Empty::new("No service is offered under this name, or with numbers now.")
            .next(link("/", "All services")),
        false => Empty::new("No service is offered in this country yet.")
            .next(html! { "Whoever runs this site adds them." }),
    })
}

/// The form of one button that orders. The price that was seen goes with it, so that a higher one
/// is not paid.
fn order_button(visit: &Visit<Customer>, offered: &Offered, country: &str) -> Markup {
    let Offered { service, price, count, .. } = offered;
    let form = visit.form(&path!("/services/{}/{}/order", country, service.id));
    let label = format!("Order a number for {}", service.name);
    html! {
        @if *count > 0 {
            (form.inline(html! {
                (form.hidden("price", &visit.gateway().currency().text(*price)))
                button type="submit" aria-label=(label) { "Order" }
            }))
        }
    }
}

/// What is on sale for the account.
pub(super) async fn showcase(visit: &Visit<Customer>) -> Result<Showcase, Fault> {
    let stock = visit.gateway().stock();
    Ok(stock.showcase(visit.account(), visit.freshness()).await?)
}

/// Everything that the account can order in a country, favourites first.
async fn offers(
    visit: &Visit<Customer>,
    showcase: &Showcase,
    country: &str,
    choices: &PortalChoices,
) -> Result<Vec<Offered>, Fault> {
    let stock = visit.gateway().stock();
    let none = || Fault::NotFound("There is no such country, or no number of it.".to_owned());
    let offers = stock.offers_in(showcase, country).await?.ok_or_else(none)?;
    let offered = offers.into_iter().map(|(service, price, count)| {
        let is_favourite = choices.favourites.contains(&service.id);
        Offered { service, price, count, is_favourite }
    });
    let mut offered: Vec<Offered> = offered.collect();
    offered.sort_by_cached_key(Offered::key);
    Ok(offered)
}

/// The countries that can be chosen: the ISO 3166 code of each, and what it is called. Those
/// without numbers say so and come last.
pub(super) fn countries(visit: &Visit<Customer>, showcase: &Showcase) -> Vec<(String, String)> {
    let mut countries = showcase.countries.clone();
    let is_usual = |code: &str| code == DEFAULT_COUNTRY;
    countries.sort_by_cached_key(|(code, has_numbers)| {
        (!has_numbers, !is_usual(code), country_name(visit, code))
    });
    let labelled = countries.into_iter().map(|(code, has_numbers)| {
        let name = country_name(visit, &code);
        let label = if has_numbers { name } else { format!("{name} (none now)") };
        (iso_code(visit, &code), label)
    });
    labelled.collect()
}

/// The country that a page is about: the one that was chosen, or else the first one.
fn chosen_country(visit: &Visit<Customer>, countries: &[(String, String)]) -> String {
    let first = countries.first().map_or(DEFAULT_COUNTRY, |(code, _)| code.as_str());
    iso_code(visit, visit.query("country").unwrap_or(first))
}

/// A country's name by its code.
pub(super) fn country_name(visit: &Visit<Customer>, code: &str) -> String {
    let iso = iso_code(visit, code);
    country_names::name(&iso).unwrap_or(code).to_owned()
}

/// A country's code as pages spell it, however the address or the first version of the API does.
pub(super) fn iso_code(visit: &Visit<Customer>, code: &str) -> String {
    visit.gateway().settings().countries.iso_code(code).to_owned()
}

/// The service that the address names, as it is offered in the address's country.
async fn find(visit: &Visit<Customer>) -> Result<(Offered, PortalChoices), Fault> {
    let id = ServiceId(visit.id("id")?);
    let choices = visit.gateway().accounts().portal_choices(visit.account()).await?;
    let showcase = showcase(visit).await?;
    let offers = offers(visit, &showcase, visit.param("country"), &choices).await?;
    let found = offers.into_iter().find(|one| one.service.id == id);
    let none = || Fault::NotFound("This service cannot be ordered in this country.".to_owned());
    Ok((found.ok_or_else(none)?, choices))
}

async fn show(visit: Visit<Customer>) -> Result<Page, Fault> {
    let (offered, choices) = find(&visit).await?;
    let (country, service) = (visit.param("country"), &offered.service);
    let title = format!("{} · {}", service.name, country_name(&visit, country));
    let mut rows = vec![
        ("Price", html! { (visit.money(offered.price)) ", when the text has come" }),
        ("Numbers now", html! { @if offered.count == 0 { "none" } @else { (offered.count) } }),
    ];
    if shows_ids(&visit, &choices).await? {
        rows.push(("API id", html! { code { (service.id) } }));
    }
    Ok(Page::new(title)
        .below("Services", "/")
        .part("facts", facts(&rows))
        .part("order", order_form(&visit, &offered))
        .part("favourite", favourite_form(&visit, &offered)))
}

/// The form that orders, which is there also when no number is: one may be free in a moment.
fn order_form(visit: &Visit<Customer>, offered: &Offered) -> Markup {
    let (country, id) = (visit.param("country"), offered.service.id);
    let form = visit.form(&path!("/services/{}/{}/order", country, id));
    form.show(html! {
        (form.hidden("price", &visit.gateway().currency().text(offered.price)))
        (form.button("Order a number"))
    })
}

fn favourite_form(visit: &Visit<Customer>, offered: &Offered) -> Markup {
    let (country, id) = (visit.param("country"), offered.service.id);
    let form = visit.form(&path!("/services/{}/{}/favourite", country, id));
    let (value, label) = match offered.is_favourite {
        true => ("no", "Not a favourite any more"),
        false => ("yes", "Make it a favourite"),
    };
    form.inline(form.button_named("favourite", value, label))
}

async fn order(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    take_turn(&visit)?;
    let seen = visit.gateway().currency().parse(form.text("price")).ok();
    let request = OrderRequest {
        service: Some(ServiceId(visit.id("id")?)),
        country: visit.param("country").to_owned(),
        max_price: seen,
        ..OrderRequest::default()
    };
    let (by, once) = (requester(&visit), once(&visit, &form));
    let made = visit.gateway().orders().make_once(by, request, once).await?;
    match carried_out(made, |order| order.id)? {
        Ok(order) => Ok(Done::follow(path!("/orders/{}", order))),
        Err(refusal) => Err(order_refused(&visit, refusal, seen).await),
    }
}

async fn set_favourite(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let (service, is_favourite) = (ServiceId(visit.id("id")?), form.text("favourite") == "yes");
    let accounts = visit.gateway().accounts();
    accounts.set_favourite(visit.account(), service, is_favourite).await?;
    let line = match is_favourite {
        true => "It stands among your favourites now, which come first.",
        false => "It is not a favourite any more.",
    };
    Ok(Done::at(path!("/services/{}/{}", visit.param("country"), service), line))
}
