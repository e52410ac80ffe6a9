//! Shapes of JSON that several calls answer. Typed clients want all members, and each of its type.

use serde::Serialize;
use serde_json::Number;

use super::names::{OPERATOR, country_name, hosting_product, product_name};
use crate::domain::order::OrderStage;
use crate::domain::rental::RentalEnding;
use crate::domain::{Amount, Currency};
use crate::gateway::resources::{MessageResource, RentalResource};
use crate::gateway::{MarketOrder, Settings};

/// What is added to a rental's id, so that no id is both an order's and a rental's.
pub(super) const HOSTING_IDS: i64 = 1_000_000_000;

/// An amount as a number.
pub(super) fn money(currency: Currency, amount: Amount) -> Number {
    let (units, rest) = (amount.0 / currency.minor_units(), amount.0 % currency.minor_units());
    let exact = if rest == 0 { None } else { currency.text(amount).parse().ok() };
    exact.and_then(Number::from_f64).unwrap_or_else(|| units.into())
}

/// The state of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Status {
    Pending,
    Received,
    Finished,
    Canceled,
    Banned,
    Timeout,
}

impl From<OrderStage> for Status {
    fn from(stage: OrderStage) -> Status {
        match stage {
            OrderStage::Waiting => Status::Pending,
            OrderStage::Collecting => Status::Received,
            OrderStage::Finished => Status::Finished,
            OrderStage::Canceled => Status::Canceled,
            OrderStage::Skipped => Status::Banned,
            OrderStage::Expired => Status::Timeout,
        }
    }
}

/// An order, of a number for one code or of a rented one.
#[derive(Debug, Serialize)]
pub(super) struct OrderObject {
    id: i64,
    phone: String,
    operator: &'static str,
    product: String,
    price: Number,
    status: Status,
    expires: String,
    pub(super) sms: Vec<SmsObject>,
    created_at: String,
    forwarding: bool,
    forwarding_number: &'static str,
    country: String,
}

impl OrderObject {
    pub(super) fn of_order(settings: &Settings, made: &MarketOrder) -> OrderObject {
        let order = &made.order;
        let messages = made.messages.iter().cloned().filter_map(MessageResource::of);
        OrderObject {
            id: order.id.0,
            phone: order.number.to_string(),
            operator: OPERATOR,
            product: product_name(made.service.as_ref()),
            price: money(settings.currency, order.price),
            status: made.stage.into(),
            expires: order.expires_at.to_string(),
            sms: messages.map(SmsObject::from).collect(),
            created_at: order.created_at.to_string(),
            forwarding: false,
            forwarding_number: "",
            country: country_name(&settings.countries, &order.country),
        }
    }

    /// A rental with its messages, oldest first. One that ended without any has timed out, unless
    /// its tenant has canceled it.
    pub(super) fn of_rental(
        settings: &Settings,
        rental: RentalResource,
        messages: Vec<MessageResource>,
    ) -> OrderObject {
        let status = match (rental.ending, messages.is_empty()) {
            (None, true) => Status::Pending,
            (None, false) => Status::Received,
            (Some(RentalEnding::Canceled), _) => Status::Canceled,
            (Some(_), true) => Status::Timeout,
            (Some(_), false) => Status::Finished,
        };
        let price = settings.currency.parse(&rental.price).unwrap_or_default();
        OrderObject {
            id: rental.id.saturating_add(HOSTING_IDS),
            phone: rental.number,
            operator: OPERATOR,
            product: hosting_product(&rental.package).to_owned(),
            price: money(settings.currency, price),
            status,
            expires: rental.expires_at,
            sms: messages.into_iter().map(SmsObject::from).collect(),
            created_at: rental.started_at,
            forwarding: false,
            forwarding_number: "",
            country: country_name(&settings.countries, &rental.country),
        }
    }
}

/// An SMS. What is not known, or not kept any more, is empty.
#[derive(Debug, Serialize)]
pub(super) struct SmsObject {
    id: i64,
    created_at: String,
    date: String,
    sender: String,
    text: String,
    code: String,
}

impl From<MessageResource> for SmsObject {
    fn from(message: MessageResource) -> SmsObject {
        let MessageResource { id, sender, text, code, received_at, .. } = message;
        SmsObject {
            id,
            created_at: received_at.clone(),
            date: received_at,
            sender: sender.unwrap_or_default(),
            text: text.unwrap_or_default(),
            code: code.unwrap_or_default(),
        }
    }
}

/// A part of an account's orders.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct OrderList {
    data: Vec<OrderObject>,
    product_names: [&'static str; 0],
    statuses: [&'static str; 0],
    total: i64,
}

impl OrderList {
    /// These orders, of so many.
    pub(super) fn of(data: Vec<OrderObject>, total: i64) -> OrderList {
        OrderList { data, product_names: [], statuses: [], total }
    }
}

/// The SMS of an order.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Inbox {
    data: Vec<SmsObject>,
    total: usize,
}

impl From<OrderObject> for Inbox {
    fn from(order: OrderObject) -> Inbox {
        Inbox { total: order.sms.len(), data: order.sms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_number_without_needless_decimals() {
        for (code, minor, written) in [
            ("USD", 50, "0.5"),
            ("USD", 1250, "12.5"),
            ("USD", 1234, "12.34"),
            ("USD", 1500, "15"),
            ("USD", 0, "0"),
            ("USD", -5, "-0.05"),
            ("JPY", 15, "15"),
            ("KWD", 1005, "1.005"),
        ] {
            let currency: Currency = code.parse().unwrap();
            let number = money(currency, Amount(minor));
            assert_eq!(serde_json::to_string(&number).unwrap(), written);
        }
    }

    fn message(id: i64, sender: Option<&str>, text: Option<&str>) -> MessageResource {
        MessageResource {
            id,
            sender: sender.map(str::to_owned),
            text: text.map(str::to_owned),
            code: None,
            received_at: "2026-11-28T00:24:30.000000Z".to_owned(),
            complete: true,
        }
    }

    #[test]
    fn an_sms_has_all_members_even_where_nothing_is_known() {
        let written = |message| serde_json::to_value(SmsObject::from(message)).unwrap();
        let at = "2026-11-28T00:24:30.000000Z";
        assert_eq!(
            written(message(7, Some("WhatsApp"), Some("hello"))),
            serde_json::json!({
                "id": 7, "created_at": at, "date": at, "sender": "WhatsApp", "text": "hello",
                "code": "",
            })
        );
        assert_eq!(written(message(8, None, None))["text"], "");
    }

    #[test]
    fn every_stage_has_a_status_of_its_own() {
        let words = [
            OrderStage::Waiting,
            OrderStage::Collecting,
            OrderStage::Finished,
            OrderStage::Canceled,
            OrderStage::Skipped,
            OrderStage::Expired,
        ]
        .map(|stage| serde_json::to_value(Status::from(stage)).unwrap());
        assert_eq!(words, ["PENDING", "RECEIVED", "FINISHED", "CANCELED", "BANNED", "TIMEOUT"]);
    }
}
