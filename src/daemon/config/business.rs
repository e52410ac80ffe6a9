//! The settings of the business: `[orders]`, `[market]`, `[health]`, `[rentals]`, `[money]`,
//! `[numbers]`, `[retention]`, `[events]`, `[webhooks]`, `[block_list]`, `[countries.…]` and parts
//! of `[limits]` and `[console]`.

use super::document::{Document, SectionReader};
use super::key::{AmountOrOff, Key};
use super::{block_list, rentals, table};
use crate::domain::fair_use::{Allowance, Pauses};
use crate::domain::rental::Packages;
use crate::domain::webhook::AddressRules;
use crate::domain::{Amount, Countries, Country, Currency, HomeNetworks};
use crate::gateway::{MarketSettings, Settings};

/// The settings, and what is valid but has no effect.
pub(super) fn settings<'d>(
    document: &'d Document<'d>,
    limits: &SectionReader<'_>,
    console: &SectionReader<'_>,
) -> (Settings, Vec<String>) {
    let orders = document.section(&table::orders::SECTION);
    let health = document.section(&table::health::SECTION);
    let numbers = document.section(&table::numbers::SECTION);
    let retention = document.section(&table::retention::SECTION);
    let events = document.section(&table::events::SECTION);
    let webhooks = document.section(&table::webhooks::SECTION);
    let tenants = document.section(&table::rentals::SECTION);
    let money = rentals::money(document);
    let (mut packages, without_effect) = rentals::packages(document, money.rates);
    if !tenants.get(&table::rentals::ENABLED) {
        packages = Packages::none();
    }
    let countries = countries(document);
    let market = market(&document.section(&table::market::SECTION), &countries);
    let settings = Settings {
        order_lifetime: orders.get(&table::orders::LIFETIME),
        max_open_per_account: orders.get(&table::orders::MAX_OPEN_PER_ACCOUNT),
        judge_after: health.get(&table::health::JUDGE_AFTER),
        orders_per_day: match limits.get(&table::limits::ORDERS_PER_DAY) {
            0 => Allowance::Unlimited,
            most => Allowance::AtMost(most),
        },
        spend_per_day: amount(limits, &table::limits::SPEND_PER_DAY, money.currency)
            .map_or(Allowance::Unlimited, |most| Allowance::AtMost(most.0)),
        pauses: Pauses {
            min_cancel_age: limits.get(&table::limits::MIN_CANCEL_AGE),
            after_giving_up: limits.get(&table::limits::GIVE_UP_PAUSE),
        },
        share_sim: orders.get(&table::orders::SHARE_SIM),
        currency: money.currency,
        home_networks: HomeNetworks::default(),
        countries,
        market,
        international_numbers: orders.get(&table::orders::NUMBER_FORMAT),
        reuse_window: orders.get(&table::orders::REUSE_WINDOW),
        reuse_price_percent: orders.get(&table::orders::REUSE_PRICE_PERCENT),
        number_rest: orders.get(&table::orders::NUMBER_REST),
        number_cooldown: orders.get(&table::orders::NUMBER_COOLDOWN),
        packages,
        max_free_rentals: tenants.get(&table::rentals::MAX_FREE_PER_ACCOUNT),
        rest_after_orders: tenants.get(&table::rentals::REST_AFTER_ORDERS),
        rental_grace: tenants.get(&table::rentals::GRACE),
        rental_rest: tenants.get(&table::rentals::REST),
        off_air_limit: tenants.get(&table::rentals::OFF_AIR_LIMIT),
        balance_low: amount(&events, &table::events::BALANCE_LOW, money.currency),
        view_messages: tenants.get(&table::rentals::VIEW_MESSAGES),
        block_list: block_list::block_list(&document.section(&table::block_list::SECTION)),
        text_kept: retention.get(&table::retention::MESSAGE_TEXT),
        given_up_kept: retention.get(&table::retention::UNCHARGED_ORDERS),
        audit_kept: retention.get(&table::retention::AUDIT),
        addresses_kept: retention.get(&table::retention::ADDRESSES),
        require_second_factor: console.get(&table::console::SECOND_FACTOR),
        raw_kept: retention.get(&table::retention::RAW_PDU),
        webhooks: AddressRules { allow: webhooks.get(&table::webhooks::ALLOW) },
        ask_ussd: numbers.get(&table::numbers::USSD),
        ask_loopback: numbers.get(&table::numbers::LOOPBACK),
    };
    (settings, without_effect)
}

/// The amount of a key, if it has one.
fn amount(
    section: &SectionReader<'_>,
    key: &Key<AmountOrOff>,
    currency: Currency,
) -> Option<Amount> {
    let text = section.get(key)?;
    let amount = currency.parse(&text).ok().filter(|amount| *amount > Amount::ZERO);
    if amount.is_none() {
        let like = currency.text(Amount(50 * currency.minor_units()));
        section.fault(
            key.name,
            format!("`{}` must be an amount like \"{like}\", or \"off\"", key.name),
        );
    }
    amount
}

fn market(section: &SectionReader<'_>, countries: &Countries) -> MarketSettings {
    use table::market::{
        DEFAULT_COUNTRY, FIVESIM, FIVESIM_LIFETIME, HANDLER_API, LIFETIME, MIN_CANCEL_AGE,
    };
    let named = section.get(&DEFAULT_COUNTRY);
    let default_country = countries.find(&named).map(|country| country.code.clone());
    if default_country.is_none() {
        let text = format!("`{}` must be a country like \"NL\"", DEFAULT_COUNTRY.name);
        section.fault(DEFAULT_COUNTRY.name, text);
    }
    MarketSettings {
        handler_api: section.get(&HANDLER_API),
        fivesim: section.get(&FIVESIM),
        default_country: default_country.unwrap_or_default(),
        lifetime: section.get(&LIFETIME),
        fivesim_lifetime: section.get(&FIVESIM_LIFETIME),
        min_cancel_age: section.get(&MIN_CANCEL_AGE),
    }
}

/// The built-in countries and those of the file.
fn countries<'d>(document: &'d Document<'d>) -> Countries {
    let mut countries = Countries::default();
    for (code, section) in document.free_names(&table::countries::SECTION) {
        let country = country(&code, &section);
        if let Err(taken) = countries.add(country) {
            section.fault_here(format!("the country code {taken} is already in use"));
        }
    }
    countries
}

fn country(code: &str, section: &SectionReader<'_>) -> Country {
    use table::countries::{
        ALIASES, CALLING_CODE, FEWEST_DIGITS, MOBILE_CODES, MOST_DIGITS, TRUNK,
    };
    let calling_code = section.find(&CALLING_CODE).unwrap_or_default();
    if calling_code.is_empty() {
        section.fault_here("a country needs calling_code = \"49\", its digits without +");
    }
    let aliases = section.get(&ALIASES);
    Country {
        code: code.to_ascii_uppercase(),
        aliases: aliases.iter().map(|alias| alias.to_ascii_uppercase()).collect(),
        calling_code,
        trunk: section.get(&TRUNK),
        digits: (section.get(&FEWEST_DIGITS), section.get(&MOST_DIGITS)),
        mobile_codes: section.get(&MOBILE_CODES),
    }
}
