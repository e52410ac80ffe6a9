//! The account: its profile and what was paid into it.

use serde::Serialize;
use serde_json::Number;

use super::super::super::api::Api;
use super::super::super::params::Params;
use super::super::{Caller, Refusal};
use super::guest::calling_code;
use super::names::{country_name, last_order};
use super::orders::Part;
use super::reply::{Answer, Refused, Reply};
use super::shapes::money;
use crate::domain::{AccountId, Amount, Currency};
use crate::gateway::{LedgerRow, PaymentPart, PriceFilter, Settings};

/// The rating of every account. It is the best there is, and nothing changes it.
const RATING: u32 = 96;
/// The kind of every payment, and who has made it.
const CHARGE: &str = "charge";
const ADMIN: &str = "admin";

/// What a profile answers.
#[derive(Serialize)]
struct Profile {
    id: i64,
    email: String,
    vendor: &'static str,
    default_forwarding_number: &'static str,
    balance: Number,
    rating: u32,
    default_country: DefaultCountry,
    default_operator: DefaultOperator,
    frozen_balance: Number,
    total_active_orders: usize,
    did_order: bool,
    last_order: String,
    last_top_orders: String,
    last_top_idx: u32,
}

#[derive(Serialize)]
struct DefaultCountry {
    name: String,
    iso: String,
    prefix: String,
}

#[derive(Serialize)]
struct DefaultOperator {
    name: &'static str,
}

/// `user/profile`.
pub(super) async fn profile(api: &Api, caller: &Caller) -> Answer {
    let by = caller.reader(api)?;
    let settings = api.gateway.settings();
    let own = api.gateway.accounts().own(by.account).await?;
    let (account, _, open) = own.ok_or(Refusal::WrongKey)?;
    let newest = api.gateway.orders().newest_of(by.account).await?;
    let last = match &newest {
        Some((order, service)) => {
            let price = money(settings.currency, order.price);
            last_order(&settings, &order.country, service.as_ref(), &price)
        }
        None => possible_order(api, by.account, &settings).await?,
    };
    Reply::json(&Profile {
        id: account.id.0,
        // Clients want an address that is shaped like one.
        email: format!("account{}@example.com", account.id),
        vendor: "",
        default_forwarding_number: "",
        balance: money(settings.currency, account.funds.available()),
        rating: RATING,
        default_country: default_country(&settings),
        default_operator: DefaultOperator { name: "" },
        frozen_balance: money(settings.currency, account.funds.held),
        total_active_orders: open,
        did_order: newest.is_some(),
        last_top_orders: format!("[{last}]"),
        last_order: last,
        last_top_idx: 0,
    })
}

fn default_country(settings: &Settings) -> DefaultCountry {
    let code = &settings.market.default_country;
    DefaultCountry {
        name: country_name(&settings.countries, code),
        iso: settings.countries.iso_code(code).to_ascii_lowercase(),
        prefix: calling_code(&settings.countries, code),
    }
}

/// An order that could be made: clients fail on an account's last order if it is empty.
async fn possible_order(
    api: &Api,
    account: AccountId,
    settings: &Settings,
) -> Result<String, Refused> {
    let country = settings.market.default_country.clone();
    let filter = PriceFilter { country: Some(country.clone()), service: None };
    let sold = api.gateway.stock().price_list(Some(account), filter).await?;
    let mut offers = sold.iter().flat_map(|sold| &sold.offers);
    let offer = offers.find(|offer| offer.service.market_names.fivesim.is_some());
    let price = money(settings.currency, offer.map_or(Amount::ZERO, |offer| offer.price));
    let service = offer.map(|offer| &*offer.service);
    Ok(last_order(settings, &country, service, &price))
}

/// A list of payments.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Payments {
    data: Vec<Payment>,
    payment_types: [Named; 1],
    payment_providers: [Named; 1],
    total: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Payment {
    #[serde(rename = "ID")]
    id: i64,
    type_name: &'static str,
    provider_name: &'static str,
    amount: Number,
    balance: Number,
    created_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    name: &'static str,
}

impl Payment {
    fn of(currency: Currency, row: &LedgerRow) -> Payment {
        Payment {
            id: row.entry.id,
            type_name: CHARGE,
            provider_name: ADMIN,
            amount: money(currency, row.entry.balance),
            balance: money(currency, row.after.available()),
            created_at: row.entry.at.to_string(),
        }
    }
}

/// `user/payments`: what was paid in, corrected by the operator, and given back.
pub(super) async fn payments(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let by = caller.reader(api)?;
    let Part { offset, limit, newest_first } = Part::of_params(params);
    let part = PaymentPart { offset, limit, newest_first };
    let (rows, total) = api.gateway.accounts().payments(by.account, part).await?;
    let currency = api.gateway.currency();
    Reply::json(&Payments {
        data: rows.iter().map(|row| Payment::of(currency, row)).collect(),
        payment_types: [Named { name: CHARGE }],
        payment_providers: [Named { name: ADMIN }],
        total,
    })
}
