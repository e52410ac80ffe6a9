//! The JSON that scripts rely on. A value that does not exist is `null`.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::audit::Person;
use crate::domain::catalogue::ChargeOn;
use crate::domain::event::Event;
use crate::domain::fair_use::OwnLimits;
use crate::domain::market_names::{FivesimName, ServiceCode};
use crate::domain::message::Message;
use crate::domain::modem::{ModemSnapshot, ModemStatus};
use crate::domain::number_discovery::DiscoveryAttempt;
use crate::domain::outage::Outage;
use crate::domain::rental::RentalEnding;
use crate::domain::{Amount, Currency, Iccid, ModemId, Msisdn, OrderOutcome, Service};
use crate::gateway::{
    Account, AuditRow, AwaitedMessage, Change, Entry, Gateway, Key, LastSim, LedgerRow, OrderView,
    PriceView, RentalMove, RentalView, Revenue, ServiceFigures, SimActivity, SimView, Skip,
    Standing,
};

pub(super) fn account(account: &Account, gateway: &Gateway) -> Value {
    let (settings, currency) = (gateway.settings(), gateway.currency());
    let paused_until = account.fair_use.pause(gateway.now(), settings.pauses);
    let Standing { limits, today } = gateway.accounts().standing(account);
    json!({
        "id": account.id.0,
        "name": account.name,
        "balance": currency.text(account.funds.balance),
        "held": currency.text(account.funds.held),
        "currency": currency.to_string(),
        "suspended": account.suspended_at.is_some(),
        "paused_until": paused_until.map(|until| until.to_string()),
        "max_open": limits.max_open.most(),
        "orders_per_day": limits.orders_per_day.most(),
        "orders_today": today.orders,
        "spend_per_day": limits.spend_per_day.most().map(|most| currency.text(Amount(most))),
        "spent_today": currency.text(today.spent),
        "own_limits": own_limits(&account.limits),
        "erased_at": account.erased_at.map(|at| at.to_string()),
    })
}

/// A number that an account has skipped.
pub(super) fn skip(skip: &Skip) -> Value {
    json!({
        "number": skip.number,
        "service": skip.service_name,
        "order": skip.order.0,
        "skipped_at": skip.at.to_string(),
    })
}

/// What an account pays for a service, or for every one.
pub(super) fn own_price(own: &PriceView, currency: Currency) -> Value {
    let price = own.price.text(currency);
    json!({ "service": own.service, "country": own.country, "price": price })
}

/// The names of the limits that an account has of its own.
fn own_limits(own: &OwnLimits) -> Vec<&'static str> {
    let named = [
        ("max_open", own.max_open),
        ("orders_per_day", own.orders_per_day),
        ("spend_per_day", own.spend_per_day),
    ];
    named.into_iter().filter_map(|(name, own)| own.map(|_| name)).collect()
}

pub(super) fn entry(entry: &Entry, currency: Currency) -> Value {
    let price = entry.price.as_ref();
    json!({
        "id": entry.id,
        "at": entry.at.to_string(),
        "kind": entry.kind.as_str(),
        "balance": currency.text(entry.balance),
        "held": currency.text(entry.held),
        "currency": entry.currency,
        "order": entry.order.map(|order| order.0),
        "rental": entry.rental.map(|rental| rental.0),
        "price": price.map(|(price, _)| price.to_string()),
        "rate": price.map(|(_, rate)| rate),
        "note": entry.note,
        "key": entry.key,
    })
}

/// An entry of an account's ledger, with the account's funds after it.
pub(super) fn ledger_row(row: &LedgerRow, currency: Currency) -> Value {
    let mut view = entry(&row.entry, currency);
    if let Some(members) = view.as_object_mut() {
        members.insert("balance_after".to_owned(), currency.text(row.after.balance).into());
        members.insert("held_after".to_owned(), currency.text(row.after.held).into());
    }
    view
}

/// What one group of orders and rentals was charged.
pub(super) fn revenue(row: &Revenue, currency: Currency) -> Value {
    json!({
        "group": row.group,
        "orders": row.orders,
        "terms": row.terms,
        "refunds": row.refunds,
        "amount": currency.text(row.amount),
        "currency": row.currency,
    })
}

pub(super) fn rental(view: &RentalView) -> Value {
    let rental = &view.rental;
    json!({
        "id": rental.id.0,
        "account": view.account,
        "number": rental.number,
        "country": rental.country,
        "state": rental.state.as_str(),
        "package": rental.package,
        "renewal_package": rental.renewal_package,
        "auto_renew": rental.auto_renew,
        "started_at": rental.started_at.to_string(),
        "expires_at": rental.expires_at.to_string(),
        "ended_at": rental.state.ended_at().map(|at| at.to_string()),
        "ending": rental.state.ending().map(RentalEnding::as_str),
        "free_days": rental.free.as_secs() / (24 * 3600),
    })
}

/// A SIM that a rental had before it was moved to another.
pub(super) fn rental_move(before: &RentalMove) -> Value {
    json!({
        "number": before.number,
        "iccid": before.iccid,
        "from": before.from.to_string(),
        "to": before.to.to_string(),
    })
}

/// A time in which a rental's SIM was off the air.
pub(super) fn outage(outage: &Outage, currency: Currency) -> Value {
    json!({
        "began_at": outage.began_at.to_string(),
        "ended_at": outage.ended_at.map(|at| at.to_string()),
        "off_air": outage.length(),
        "credit": currency.text(outage.credit),
    })
}

pub(super) fn audit(row: &AuditRow) -> Value {
    json!({
        "id": row.id,
        "at": row.at.to_string(),
        "actor": row.actor.to_string(),
        "account": row.account,
        "deed": row.action,
        "subject": row.subject,
        "uid": row.person.as_ref().and_then(Person::uid),
        "user": row.person.as_ref().and_then(Person::name),
        "key": row.key,
        "client": row.client,
    })
}

pub(super) fn event(event: &Event) -> Value {
    json!({
        "id": event.id.0,
        "at": event.at.to_string(),
        "type": event.kind.as_str(),
        "data": serde_json::from_str::<Value>(&event.data).unwrap_or_default(),
    })
}

pub(super) fn key(key: &Key, gateway: &Gateway) -> Value {
    let (most, currency) = (key.terms.spend_per_day.most(), gateway.currency());
    json!({
        "account": key.account_name,
        "prefix": key.prefix,
        "label": key.terms.label,
        "created_at": key.created_at.to_string(),
        "state": key.state(gateway.now()).as_str(),
        "last_used_at": key.last_used_at.map(|at| at.to_string()),
        "last_refused_at": key.last_refused.as_ref().map(|(at, _)| at.to_string()),
        "refused_for": key.last_refused.as_ref().map(|(_, why)| why),
        "expires_at": key.terms.expires_at.map(|at| at.to_string()),
        "revoked_at": key.revoked_at.map(|at| at.to_string()),
        "allowed": key.terms.allowed,
        "scopes": key.terms.scopes.to_string(),
        "test": key.mode.is_test(),
        "spend_per_day": most.map(|most| currency.text(Amount(most))),
        "spent_today": currency.text(gateway.accounts().key_today(key).spent),
    })
}

pub(super) fn service(service: &Service, currency: Currency) -> Value {
    let countries: serde_json::Map<String, Value> = service
        .country_prices
        .iter()
        .map(|(country, price)| (country.clone(), price.text(currency).into()))
        .collect();
    let reuse_window = service.reuse.window.map(humantime::format_duration);
    json!({
        "id": service.id.0,
        "name": service.name,
        "code": service.market_names.code.as_ref().map(ServiceCode::as_str),
        "fivesim": service.market_names.fivesim.as_ref().map(FivesimName::as_str),
        "price": currency.text(service.price),
        "enabled": service.enabled,
        "countries": countries,
        "priority": service.priority,
        "reuse_window": reuse_window.map(|window| window.to_string()),
        "reuse_price_percent": service.reuse.price_percent,
        "charge_on": service.charge_on.map(ChargeOn::as_str),
        "senders": service.senders,
        "texts": service.texts,
    })
}

/// A service, with how its orders ended lately.
pub(super) fn service_with_figures(
    service: &Service,
    figures: ServiceFigures,
    currency: Currency,
) -> Value {
    let mut shown = self::service(service, currency);
    if let Some(members) = shown.as_object_mut() {
        members.insert("success".to_owned(), figures.success.into());
        members.insert("median_seconds".to_owned(), figures.median_seconds.into());
    }
    shown
}

pub(super) fn sim(view: &SimView) -> Value {
    json!({
        "iccid": view.sim.iccid,
        "imsi": view.sim.imsi,
        "number": view.sim.number.as_ref().map(|known| &known.number),
        "number_source": view.sim.number.as_ref().map(|known| known.source.as_str()),
        "number_at": view.sim.number.as_ref().map(|known| known.at.to_string()),
        "country": view.sim.country,
        "home_operator": view.home_operator,
        "number_problem": view.number_problem,
        "state": view.state(),
        "pool": view.sim.pool.as_str(),
        "modem": view.port,
        "bank": view.position.as_ref().map(|position| &position.bank),
        "slot": view.position.as_ref().and_then(|position| position.slot),
        "rests_until": view.rests_until.map(|at| at.to_string()),
        "retired_at": view.sim.retired_at.map(|at| at.to_string()),
    })
}

/// A SIM, with since when it is in its modem and when it received something last.
pub(super) fn sim_with_activity(view: &SimView, activity: Option<&SimActivity>) -> Value {
    let mut shown = sim(view);
    let since = activity.and_then(|activity| activity.since).filter(|_| view.port.is_some());
    let last = activity.and_then(|activity| activity.last_message_at);
    if let Some(members) = shown.as_object_mut() {
        members.insert("since".to_owned(), since.map(|at| at.to_string()).into());
        members.insert("last_sms_at".to_owned(), last.map(|at| at.to_string()).into());
    }
    shown
}

/// A change of a modem's state.
pub(super) fn change(change: &Change) -> Value {
    json!({
        "at": change.at.to_string(),
        "state": change.state.as_str(),
        "reason": change.reason.as_ref().map(ToString::to_string),
    })
}

/// The attempts to find out a SIM's number, and why they have failed so far.
pub(super) fn attempts(attempts: &[DiscoveryAttempt]) -> Value {
    let view = |attempt: &DiscoveryAttempt| {
        json!({
            "by": attempt.method.as_str(),
            "at": attempt.asked_at.to_string(),
            "times": attempt.tries,
            "next_at": attempt.next_at.to_string(),
            "failure": attempt.failure,
        })
    };
    attempts.iter().map(view).collect()
}

/// A modem, with the SIMs that are known, what several modems tell of themselves, and the SIM that
/// it had last if it has none.
pub(super) fn modem(
    modem: &ModemStatus,
    sims: &[SimView],
    shared: &[ModemId],
    last: Option<&LastSim>,
) -> Value {
    let ModemStatus { snapshot, since, .. } = modem;
    let identity = snapshot.identity.as_ref();
    let sim = snapshot.iccid().and_then(|iccid| sims.iter().find(|view| *iccid == view.sim.iccid));
    let number = sim.and_then(|view| view.sim.number.as_ref()).map(|known| &known.number);
    json!({
        "port": snapshot.port,
        "imei": snapshot.imei(),
        "identity": identity_of(snapshot, shared),
        "manufacturer": identity.map(|identity| &identity.manufacturer),
        "model": identity.map(|identity| &identity.model),
        "state": snapshot.state.as_str(),
        "reason": snapshot.reason.as_ref().map(ToString::to_string),
        "warnings": snapshot.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "since": since.to_string(),
        "iccid": snapshot.iccid(),
        "number": number,
        "home_operator": sim.and_then(|view| view.home_operator.as_ref()),
        "signal": snapshot.signal_dbm,
        "operator": snapshot.operator,
        "last_sim": last.map(last_sim),
    })
}

fn last_sim(last: &LastSim) -> Value {
    json!({ "iccid": last.iccid, "number": last.number, "seen_at": last.seen_at.to_string() })
}

/// What identifies the modem at a port.
pub(super) fn identity_of(snapshot: &ModemSnapshot, shared: &[ModemId]) -> Option<ModemId> {
    let modem = snapshot.modem()?;
    Some(if shared.contains(&modem.id) { modem.shared_id() } else { modem.id })
}

pub(super) fn order(view: &OrderView, currency: Currency) -> Value {
    let order = &view.order;
    json!({
        "id": order.id.0,
        "account": view.account,
        "service": view.service,
        "number": order.number,
        "country": order.country,
        "state": order.state.as_str(),
        "price": currency.text(order.price),
        "refunded": view.refunded.map(|amount| currency.text(amount)),
        "created_at": order.created_at.to_string(),
        "expires_at": order.expires_at.to_string(),
        "ended_at": order.state.ended_at().map(|at| at.to_string()),
        "reuse_of": order.reuse_of.map(|order| order.0),
        "awaits_sim": order.awaits_sim,
        "outcome": order.outcome.map(OrderOutcome::as_str),
    })
}

/// A message with its PDUs in hexadecimal digits.
pub(super) fn message_with_pdus(message: &Message, pdus: &[Vec<u8>]) -> Value {
    let mut view = json!(self::message(message));
    if let Some(fields) = view.as_object_mut() {
        let pdus = pdus.iter().filter(|pdu| !pdu.is_empty()).map(hex::encode_upper);
        fields.insert("pdus".to_owned(), pdus.collect());
    }
    view
}

/// A long message whose rest is awaited.
pub(super) fn awaited(message: &AwaitedMessage) -> Value {
    json!({
        "sender": message.sender,
        "arrived": message.arrived,
        "parts": message.total,
        "since": message.since.to_string(),
        "until": message.until.to_string(),
    })
}

/// A message in a list. It is written without a tree of JSON values in between, because such lists
/// are long and are asked for again and again.
#[derive(Serialize)]
pub(super) struct MessageView<'m> {
    id: i64,
    iccid: &'m Iccid,
    number: Option<&'m Msisdn>,
    kind: &'static str,
    sender: Option<&'m str>,
    text: Option<&'m str>,
    detail: Option<&'m str>,
    code: Option<&'m str>,
    sent_at: Option<String>,
    received_at: String,
    complete: bool,
    order: Option<i64>,
    rental: Option<i64>,
    withheld: Option<&'m str>,
}

pub(super) fn message(message: &Message) -> MessageView<'_> {
    MessageView {
        id: message.id.0,
        iccid: &message.iccid,
        number: message.number.as_ref(),
        kind: message.kind.as_str(),
        sender: message.sender.as_deref(),
        text: message.text.as_deref(),
        detail: message.detail.as_deref(),
        code: message.code.as_deref(),
        sent_at: message.sent_at.map(|at| at.to_string()),
        received_at: message.received_at.to_string(),
        complete: message.complete,
        order: message.order.map(|order| order.0),
        rental: message.rental.map(|rental| rental.0),
        withheld: message.withheld.as_deref(),
    }
}
