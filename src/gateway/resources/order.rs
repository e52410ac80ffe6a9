//! An order as customers see it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::MessageResource;
use crate::domain::order::{OrderEnd, OrderState};
use crate::domain::{Order, OrderOutcome, Service, Timestamp};
use crate::gateway::Settings;
use crate::gateway::environment::Environment;
use crate::store::{ReadTx, StoreError};

/// How many of an order's messages are shown, the newest, and how many bytes their texts may have.
const SHOWN_MESSAGES: u32 = 50;
const SHOWN_BYTES: usize = 1 << 16;

/// An order as the JSON API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct OrderResource {
    pub id: i64,
    pub state: OrderStatus,
    /// Why it ended without being charged; `null` of one that is open or completed.
    pub reason: Option<OrderReason>,
    pub service: ServiceRef,
    /// The ISO 3166 code of the number's country.
    pub country: String,
    /// The number in E.164, with `+`.
    pub number: String,
    /// The number as it is written inside its country, digits only.
    pub national: String,
    /// What it costs if it completes.
    pub price: String,
    pub currency: String,
    pub created_at: String,
    /// The end of its lifetime.
    pub expires_at: String,
    pub completed_at: Option<String>,
    /// `false` while a SIM bank is still putting the number on the air. Its lifetime begins then.
    pub on_air: bool,
    /// The code of the newest message that has one.
    pub code: Option<String>,
    /// Its newest messages, oldest first.
    pub messages: Vec<MessageResource>,
    /// How its number can be ordered again.
    pub reuse: Option<Reuse>,
    /// The order in whose place it was made.
    pub replaces: Option<i64>,
    /// What the customer calls it.
    pub client_ref: Option<String>,
}

/// The state of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    Open,
    Completed,
    Canceled,
    Skipped,
    Expired,
}

impl OrderStatus {
    /// The word in the database.
    pub(in crate::gateway) fn as_str(self) -> &'static str {
        match self {
            OrderStatus::Open => OrderState::Open.as_str(),
            OrderStatus::Completed => OrderEnd::Completed.as_str(),
            OrderStatus::Canceled => OrderEnd::Canceled.as_str(),
            OrderStatus::Skipped => OrderEnd::Skipped.as_str(),
            OrderStatus::Expired => OrderEnd::Expired.as_str(),
        }
    }
}

/// Why an order ended without being charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderReason {
    /// Nothing came in its lifetime.
    Silent,
    /// Its SIM was lost, or did not come on the air.
    SimLost,
    /// What came in its lifetime was withheld from its customer.
    Withheld,
    /// It was canceled, by its customer or by the operator.
    Canceled,
    /// Its customer does not want its number for its service again.
    Skipped,
    /// Its customer reported that the number cannot be used.
    Reported,
}

/// A service by its id and its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServiceRef {
    pub id: i64,
    pub name: String,
}

/// How the number of a completed order can be ordered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reuse {
    /// Until when, if the number is still to be had then.
    pub until: String,
    /// What ordering the number again costs, by today's prices.
    pub price: String,
}

impl From<OrderState> for OrderStatus {
    fn from(state: OrderState) -> OrderStatus {
        match state {
            OrderState::Open => OrderStatus::Open,
            OrderState::Completed { .. } => OrderStatus::Completed,
            OrderState::Canceled { .. } => OrderStatus::Canceled,
            OrderState::Skipped { .. } => OrderStatus::Skipped,
            OrderState::Expired { .. } => OrderStatus::Expired,
        }
    }
}

/// What is shown of an order beside what it is itself.
pub(in crate::gateway) struct OrderContext {
    /// The name of the order's service.
    pub service: String,
    /// Its newest messages, oldest first.
    pub messages: Vec<MessageResource>,
    /// The code of the newest message that has one.
    pub code: Option<String>,
    /// Whether it has expired, and something that came for it was withheld from its customer.
    pub is_withheld: bool,
    pub reuse: Option<Reuse>,
}

impl OrderResource {
    /// An order as it is at `now`.
    pub(in crate::gateway) fn read(
        rows: &ReadTx<'_>,
        env: &Environment,
        order: &Order,
        now: Timestamp,
    ) -> Result<OrderResource, StoreError> {
        let settings = env.settings();
        let messages = match order.shows_messages() {
            true => rows.newest_of_order(order.id, SHOWN_MESSAGES, SHOWN_BYTES)?,
            false => Vec::new(),
        };
        let code = match messages.iter().rev().find_map(|message| message.code.clone()) {
            // It may be that of one that is not shown any more.
            None if !messages.is_empty() => rows.newest_code_of_order(order.id)?,
            known => known,
        };
        let (name, reuse) = match order.state {
            OrderState::Completed { .. } => {
                let service = rows.service(order.service)?;
                let reuse = match &service {
                    Some(service) => reuse(rows, &settings, order, service, now)?,
                    None => None,
                };
                (service.map(|service| service.name), reuse)
            }
            _ => (rows.service_name(order.service)?, None),
        };
        let context = OrderContext {
            service: name.unwrap_or_default(),
            messages: messages.into_iter().filter_map(MessageResource::of).collect(),
            code,
            is_withheld: was_withheld(rows, order)?,
            reuse,
        };
        Ok(OrderResource::of(&settings, order, context))
    }

    /// An order with what is shown beside it.
    pub(in crate::gateway) fn of(
        settings: &Settings,
        order: &Order,
        context: OrderContext,
    ) -> OrderResource {
        let OrderContext { service, messages, code, is_withheld, reuse } = context;
        let completed_at = match order.state {
            OrderState::Completed { at } => Some(at.to_string()),
            _ => None,
        };
        OrderResource {
            id: order.id.0,
            state: order.state.into(),
            reason: reason(order, is_withheld),
            service: ServiceRef { id: order.service.0, name: service },
            country: settings.countries.iso_code(&order.country).to_owned(),
            number: order.number.to_string(),
            national: settings.countries.national(&order.number),
            price: settings.currency.text(order.price),
            currency: settings.currency.to_string(),
            created_at: order.created_at.to_string(),
            expires_at: order.expires_at.to_string(),
            completed_at,
            on_air: !order.awaits_sim,
            code,
            messages,
            reuse,
            replaces: order.replaces.map(|order| order.0),
            client_ref: order.client_ref.clone(),
        }
    }
}

/// Why an order ended without being charged.
fn reason(order: &Order, is_withheld: bool) -> Option<OrderReason> {
    match (order.state, order.outcome) {
        (OrderState::Open | OrderState::Completed { .. }, _) => None,
        (_, Some(OrderOutcome::Reported)) => Some(OrderReason::Reported),
        (OrderState::Canceled { .. }, _) => Some(OrderReason::Canceled),
        (OrderState::Skipped { .. }, _) => Some(OrderReason::Skipped),
        (OrderState::Expired { .. }, Some(OrderOutcome::SimLost)) => Some(OrderReason::SimLost),
        (OrderState::Expired { .. }, _) if is_withheld => Some(OrderReason::Withheld),
        (OrderState::Expired { .. }, _) => Some(OrderReason::Silent),
    }
}

/// Whether an order has expired, and something that came for it was withheld.
fn was_withheld(rows: &ReadTx<'_>, order: &Order) -> Result<bool, StoreError> {
    match order.state {
        OrderState::Expired { .. } => Ok(!rows.withheld_from_order(order.id)?.is_empty()),
        _ => Ok(false),
    }
}

/// How the number of a completed order can be ordered again, if it can.
fn reuse(
    rows: &ReadTx<'_>,
    settings: &Settings,
    order: &Order,
    service: &Service,
    now: Timestamp,
) -> Result<Option<Reuse>, StoreError> {
    let until = settings.reusable_until(order, service).filter(|until| now < *until);
    let Some(until) = until else { return Ok(None) };
    let own = rows.account_prices_for(order.account, service.id)?;
    let price = settings.price_of_reuse(order, service, &own);
    let price = price.map(|price| settings.currency.text(price));
    Ok(price.map(|price| Reuse { until: until.to_string(), price }))
}
