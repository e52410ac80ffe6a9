//! Shapes of JSON in which orders are answered. The types of the members are those that published
//! clients read: some insist on a string or a number.

use serde::Serialize;

use crate::domain::message::Message;
use crate::domain::order::OrderStage;
use crate::domain::text::one_line;
use crate::domain::{Msisdn, Timestamp, market_countries};
use crate::gateway::{MarketOrder, Settings};

/// The most characters of a text that stands in the place of a code.
const LONGEST_CODE: usize = 160;

/// A time as clients of this dialect read it: UTC, in whole seconds.
pub(super) fn time(at: Timestamp) -> String {
    // From `2026-11-28T00:24:02.000000Z`.
    at.to_string().chars().take(19).map(|c| if c == 'T' { ' ' } else { c }).collect()
}

/// A number in international form, digits only.
pub(super) fn digits(number: &Msisdn) -> String {
    number.as_str().trim_start_matches('+').to_owned()
}

/// The code of a message; if it has none, its text on one line and without colons, at which
/// clients split. `None` once the text is not kept any more.
pub(super) fn code_of(message: &Message) -> Option<String> {
    let text = message.text.as_deref()?;
    Some(match &message.code {
        Some(code) => code.clone(),
        None => one_line(text).replace(':', " ").chars().take(LONGEST_CODE).collect(),
    })
}

/// The number of a country in this dialect, if it has one; `code` is as answers of the API spell
/// it.
pub(super) fn country_number(settings: &Settings, code: &str) -> Option<u16> {
    market_countries::by_iso_code(settings.countries.iso_code(code))?.number
}

/// The code of an order's service in this dialect; empty of one that has none.
pub(super) fn service_code(order: &MarketOrder) -> String {
    let names = order.service.as_ref().map(|service| &service.market_names);
    let code = names.and_then(|names| names.code.as_ref());
    code.map(|code| code.as_str().to_owned()).unwrap_or_default()
}

/// The number of an order's state in this dialect.
pub(super) fn status_number(order: &MarketOrder) -> &'static str {
    match order.stage {
        OrderStage::Waiting => "4",
        OrderStage::Collecting if order.awaits_another() => "3",
        OrderStage::Collecting => "2",
        OrderStage::Finished if order.was_refunded => "10",
        OrderStage::Finished => "6",
        OrderStage::Canceled | OrderStage::Skipped | OrderStage::Expired => "8",
    }
}

/// `getNumberV2`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NumberV2 {
    activation_id: i64,
    phone_number: String,
    activation_cost: f64,
    currency: u16,
    country_code: String,
    country_phone_code: u32,
    can_get_another_sms: &'static str,
    activation_time: String,
    activation_end_time: String,
    activation_operator: &'static str,
    service_code: String,
}

impl NumberV2 {
    pub(super) fn of(settings: &Settings, made: &MarketOrder) -> NumberV2 {
        let order = &made.order;
        let country = settings.countries.find(&order.country);
        let calling_code = country.and_then(|country| country.calling_code.parse().ok());
        NumberV2 {
            activation_id: order.id.0,
            phone_number: digits(&order.number),
            activation_cost: settings.currency.units(order.price),
            currency: settings.currency.number(),
            country_code: country_text(settings, &order.country),
            country_phone_code: calling_code.unwrap_or(0),
            can_get_another_sms: "1",
            activation_time: time(order.created_at),
            activation_end_time: time(order.expires_at),
            activation_operator: "any",
            service_code: service_code(made),
        }
    }
}

fn country_text(settings: &Settings, code: &str) -> String {
    country_number(settings, code).map(|number| number.to_string()).unwrap_or_default()
}

/// An SMS as `getStatusV2` and `getAllSms` have it.
#[derive(Serialize)]
pub(super) struct SmsData {
    id: String,
    #[serde(rename = "phoneFrom")]
    from: String,
    code: String,
    text: String,
    service: String,
    date: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl SmsData {
    /// `None` once the text is not kept any more.
    pub(super) fn of(message: &Message, service: String) -> Option<SmsData> {
        Some(SmsData {
            id: message.id.to_string(),
            from: message.sender.clone().unwrap_or_default(),
            code: code_of(message)?,
            text: message.text.clone()?,
            service,
            date: time(message.received_at),
            kind: "sms",
        })
    }
}

/// `getStatusV2`, with the SMS in the two shapes that clients read.
#[derive(Serialize)]
pub(super) struct StatusV2 {
    #[serde(rename = "verificationType")]
    kind: u8,
    sms: Option<SmsV2>,
    call: Option<()>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<SmsData>,
}

#[derive(Serialize)]
struct SmsV2 {
    #[serde(rename = "dateTime")]
    at: String,
    code: String,
    text: String,
}

impl StatusV2 {
    /// Nothing has come that is waited for.
    pub(super) const WAITING: StatusV2 = StatusV2 { kind: 0, sms: None, call: None, data: None };

    pub(super) fn of(sms: SmsData) -> StatusV2 {
        let (at, code, text) = (sms.date.clone(), sms.code.clone(), sms.text.clone());
        StatusV2 { kind: 0, sms: Some(SmsV2 { at, code, text }), call: None, data: Some(sms) }
    }
}

/// A row of `getActiveActivations`.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActiveRow {
    activation_id: String,
    service_code: String,
    phone_number: String,
    activation_cost: f64,
    activation_status: &'static str,
    sms_code: Option<String>,
    sms_text: Option<String>,
    activation_time: String,
    discount: &'static str,
    repeated: &'static str,
    country_code: String,
    country_name: String,
    can_get_another_sms: &'static str,
    currency: u16,
}

impl ActiveRow {
    pub(super) fn of(settings: &Settings, active: &MarketOrder) -> ActiveRow {
        let order = &active.order;
        let shown = active.code.as_ref().map(|code| &code.message);
        let iso_code = settings.countries.iso_code(&order.country);
        let country_name = market_countries::by_iso_code(iso_code).map(|country| country.english);
        ActiveRow {
            activation_id: order.id.to_string(),
            service_code: service_code(active),
            phone_number: digits(&order.number),
            activation_cost: settings.currency.units(order.price),
            activation_status: status_number(active),
            sms_code: shown.and_then(code_of),
            sms_text: shown.and_then(|message| message.text.clone()),
            activation_time: time(order.created_at),
            discount: "0.00",
            repeated: if order.reuse_of.is_some() { "1" } else { "0" },
            country_code: country_text(settings, &order.country),
            country_name: country_name.unwrap_or(iso_code).to_owned(),
            can_get_another_sms: "1",
            currency: settings.currency.number(),
        }
    }
}

/// A row of `getHistory`.
#[derive(Serialize)]
pub(super) struct HistoryRow {
    id: String,
    date: String,
    phone: String,
    sms: Option<String>,
    cost: f64,
    status: &'static str,
    currency: u16,
}

impl HistoryRow {
    pub(super) fn of(settings: &Settings, made: &MarketOrder) -> HistoryRow {
        let order = &made.order;
        let shown = made.code.as_ref().map(|code| &code.message).or(made.messages.last());
        HistoryRow {
            id: order.id.to_string(),
            date: time(order.created_at),
            phone: digits(&order.number),
            sms: shown.and_then(|message| message.text.clone()),
            cost: settings.currency.units(order.price),
            status: status_number(made),
            currency: settings.currency.number(),
        }
    }
}

/// A row of `getListOfActiveActivations`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RunningRow {
    id: i64,
    forward: u8,
    phone: String,
    /// In seconds since 1970, as the client expects that knows this list.
    create_date: i64,
    service: String,
    country: u16,
    finish_date: i64,
    forward_number: &'static str,
}

impl RunningRow {
    pub(super) fn of(settings: &Settings, active: &MarketOrder) -> RunningRow {
        let order = &active.order;
        RunningRow {
            id: order.id.0,
            forward: 0,
            phone: digits(&order.number),
            create_date: order.created_at.0 / 1_000_000,
            service: service_code(active),
            country: country_number(settings, &order.country).unwrap_or(0),
            finish_date: order.expires_at.0 / 1_000_000,
            forward_number: "",
        }
    }
}
