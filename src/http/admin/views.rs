//! The JSON that scripts rely on. What there is none of is `null`.

use serde_json::{Value, json};

use crate::domain::Service;
use crate::domain::message::Message;
use crate::domain::modem::ModemStatus;
use crate::gateway::{Account, Key, OrderView, SimView};

pub(super) fn account(account: &Account, currency: &str) -> Value {
    json!({
        "id": account.id.0,
        "name": account.name,
        "balance": account.funds.balance.to_string(),
        "held": account.funds.held.to_string(),
        "currency": currency,
    })
}

pub(super) fn key(key: &Key) -> Value {
    json!({
        "account": key.account_name,
        "prefix": key.prefix,
        "created_at": key.created_at.to_string(),
        "revoked_at": key.revoked_at.map(|at| at.to_string()),
    })
}

pub(super) fn service(service: &Service) -> Value {
    let countries: serde_json::Map<String, Value> =
        service.country_prices.iter().map(|(country, price)| (country.clone(), price.to_string().into())).collect();
    json!({
        "id": service.id.0,
        "name": service.name,
        "price": service.price.to_string(),
        "enabled": service.enabled,
        "countries": countries,
        "priority": service.priority,
        "senders": service.senders,
        "texts": service.texts,
    })
}

pub(super) fn sim(view: &SimView) -> Value {
    json!({
        "iccid": view.sim.iccid,
        "imsi": view.sim.imsi,
        "number": view.sim.number.as_ref().map(|known| &known.number),
        "number_source": view.sim.number.as_ref().map(|known| known.source.word()),
        "country": view.sim.country,
        "state": view.state(),
        "modem": view.port,
    })
}

pub(super) fn modem(modem: &ModemStatus, sims: &[SimView]) -> Value {
    let sim = modem.iccid.as_ref().and_then(|iccid| sims.iter().find(|view| view.sim.iccid == *iccid));
    let number = sim.and_then(|view| view.sim.number.as_ref()).map(|known| &known.number);
    json!({
        "port": modem.port,
        "imei": modem.imei,
        "manufacturer": modem.manufacturer,
        "model": modem.model,
        "state": modem.state,
        "reason": modem.reason,
        "since": modem.since.to_string(),
        "iccid": modem.iccid,
        "number": number,
        "signal": modem.signal_dbm,
        "operator": modem.operator,
    })
}

pub(super) fn order(view: &OrderView) -> Value {
    let order = &view.order;
    json!({
        "id": order.id.0,
        "account": view.account,
        "service": view.service,
        "number": order.number,
        "country": order.country,
        "state": order.state.word(),
        "price": order.price.to_string(),
        "created_at": order.created_at.to_string(),
        "expires_at": order.expires_at.to_string(),
        "ended_at": order.state.ended_at().map(|at| at.to_string()),
    })
}

pub(super) fn message(message: &Message) -> Value {
    json!({
        "id": message.id.0,
        "iccid": message.iccid,
        "number": message.number,
        "sender": message.sender,
        "text": message.text,
        "code": message.code,
        "sent_at": message.sent_at.map(|at| at.to_string()),
        "received_at": message.received_at.to_string(),
        "complete": message.complete,
        "order": message.order.map(|order| order.0),
        "rental": null,
    })
}
