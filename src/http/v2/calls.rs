//! Every call of the second version: its address, what it reads and what it answers. The OpenAPI
//! document is made of this table.

use std::borrow::Cow;

use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::account::Me;
use super::catalogue::{CountryResource, OfCountries, OfServices, ServiceResource};
use super::events::OfEvents;
use super::input::Nothing;
use super::ledger::{EntryResource, OfLedger};
use super::order_requests::{NewOrder, Report};
use super::orders::{OfOrder, OfOrders};
use super::page::Paged;
use super::rental_requests::{Extension, NewRental, RentalChange};
use super::rentals::OfMessages;
use super::webhooks::{NewWebhook, WebhookChange};
use crate::gateway::resources::{MessageResource, OrderResource, RentalResource};
use crate::gateway::{DeliveryResource, EndpointResource};

/// A type with a schema.
pub(super) struct Type {
    pub(super) name: fn() -> Cow<'static, str>,
    pub(super) schema: fn() -> RefOr<Schema>,
    pub(super) nested: fn(&mut Vec<(String, RefOr<Schema>)>),
}

/// A type that requests are read into, or answers written from.
pub(super) const fn of<T: ToSchema>() -> Type {
    Type { name: T::name, schema: T::schema, nested: T::schemas }
}

/// What a call answers if it succeeds.
pub(super) enum Success {
    /// 200 with this.
    Ok(Type),
    /// 200 with a page of a list of these.
    Page(Type),
    /// 201 with this, which was made, and its address.
    Created(Type),
    /// 200 with Server-Sent Events.
    Stream,
    /// 202 with this, which happens soon.
    Accepted(Type),
    /// 204.
    Nothing,
}

/// A call: an address and a method.
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    /// The name that generated clients have for it.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    /// The parameters of its query are the members of this.
    pub(super) query: Type,
    /// The members of its body; `None` where it has none.
    pub(super) body: Option<Type>,
    pub(super) success: Success,
}

const fn get(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    query: Type,
    success: Success,
) -> Call {
    Call { method: "get", path, id, summary, query, body: None, success }
}

const fn post(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    body: Type,
    success: Success,
) -> Call {
    Call { method: "post", path, id, summary, query: of::<Nothing>(), body: Some(body), success }
}

/// Every call but that for this document.
pub(super) static CALLS: &[Call] = &[
    get(
        "/v2/me",
        "get_account",
        "The account that the key opens",
        of::<Nothing>(),
        Success::Ok(of::<Me>()),
    ),
    get(
        "/v2/countries",
        "list_countries",
        "The countries, by their codes",
        of::<OfCountries>(),
        Success::Page(of::<CountryResource>()),
    ),
    get(
        "/v2/services",
        "list_services",
        "What can be ordered in a country, and for how much",
        of::<OfServices>(),
        Success::Page(of::<ServiceResource>()),
    ),
    get(
        "/v2/orders",
        "list_orders",
        "Your orders, the newest first",
        of::<OfOrders>(),
        Success::Page(of::<OrderResource>()),
    ),
    post(
        "/v2/orders",
        "create_order",
        "Order a number for a service's code; its price is held",
        of::<NewOrder>(),
        Success::Created(of::<OrderResource>()),
    ),
    get(
        "/v2/orders/{id}",
        "get_order",
        "An order, at once or when something about it changes",
        of::<OfOrder>(),
        Success::Ok(of::<OrderResource>()),
    ),
    post(
        "/v2/orders/{id}/cancel",
        "cancel_order",
        "Give an open order up; its hold goes back",
        of::<Nothing>(),
        Success::Ok(of::<OrderResource>()),
    ),
    post(
        "/v2/orders/{id}/skip",
        "skip_order",
        "Give an open order up and never get its number for this service again",
        of::<Nothing>(),
        Success::Ok(of::<OrderResource>()),
    ),
    post(
        "/v2/orders/{id}/swap",
        "swap_order",
        "Skip an open order, or leave one whose SIM was lost, for another number",
        of::<Nothing>(),
        Success::Created(of::<OrderResource>()),
    ),
    post(
        "/v2/orders/{id}/reuse",
        "reuse_order",
        "Order the number of a completed order again",
        of::<Nothing>(),
        Success::Created(of::<OrderResource>()),
    ),
    post(
        "/v2/orders/{id}/report",
        "report_order",
        "Give an open order up because its number cannot be used for the service",
        of::<Report>(),
        Success::Ok(of::<OrderResource>()),
    ),
    get(
        "/v2/rentals",
        "list_rentals",
        "Your rentals, the newest first",
        of::<Paged>(),
        Success::Page(of::<RentalResource>()),
    ),
    post(
        "/v2/rentals",
        "create_rental",
        "Rent a number for months; its first term is charged",
        of::<NewRental>(),
        Success::Created(of::<RentalResource>()),
    ),
    get(
        "/v2/rentals/{id}",
        "get_rental",
        "A rental",
        of::<Nothing>(),
        Success::Ok(of::<RentalResource>()),
    ),
    Call {
        method: "patch",
        path: "/v2/rentals/{id}",
        id: "change_rental",
        summary: "Change how a rental is renewed at its end",
        query: of::<Nothing>(),
        body: Some(of::<RentalChange>()),
        success: Success::Ok(of::<RentalResource>()),
    },
    get(
        "/v2/rentals/{id}/messages",
        "list_messages",
        "The messages of a rental, the newest first, at once or when there is one",
        of::<OfMessages>(),
        Success::Page(of::<MessageResource>()),
    ),
    post(
        "/v2/rentals/{id}/extend",
        "extend_rental",
        "Add a term to the end of a rental; it is charged",
        of::<Extension>(),
        Success::Ok(of::<RentalResource>()),
    ),
    post(
        "/v2/rentals/{id}/revive",
        "revive_rental",
        "Give a rental in its grace another term, from its old end; it is charged",
        of::<Nothing>(),
        Success::Ok(of::<RentalResource>()),
    ),
    get(
        "/v2/events",
        "follow_events",
        "What happens to your orders, rentals and messages, as it happens: Server-Sent Events",
        of::<OfEvents>(),
        Success::Stream,
    ),
    get(
        "/v2/ledger",
        "list_ledger",
        "Every change of your funds, the newest first; as CSV for Accept: text/csv",
        of::<OfLedger>(),
        Success::Page(of::<EntryResource>()),
    ),
    get(
        "/v2/webhooks",
        "list_webhooks",
        "Where your events are sent, the newest first",
        of::<Paged>(),
        Success::Page(of::<EndpointResource>()),
    ),
    post(
        "/v2/webhooks",
        "create_webhook",
        "Have your events sent to an address; the answer has the secret, once",
        of::<NewWebhook>(),
        Success::Created(of::<EndpointResource>()),
    ),
    get(
        "/v2/webhooks/{id}",
        "get_webhook",
        "An address that your events are sent to",
        of::<Nothing>(),
        Success::Ok(of::<EndpointResource>()),
    ),
    Call {
        method: "patch",
        path: "/v2/webhooks/{id}",
        id: "change_webhook",
        summary: "Change where events are sent, and which; switch it off or on",
        query: of::<Nothing>(),
        body: Some(of::<WebhookChange>()),
        success: Success::Ok(of::<EndpointResource>()),
    },
    Call {
        method: "delete",
        path: "/v2/webhooks/{id}",
        id: "delete_webhook",
        summary: "Send nothing more there, and forget what was sent",
        query: of::<Nothing>(),
        body: None,
        success: Success::Nothing,
    },
    post(
        "/v2/webhooks/{id}/test",
        "test_webhook",
        "Have a webhook.test sent there",
        of::<Nothing>(),
        Success::Accepted(of::<DeliveryResource>()),
    ),
    post(
        "/v2/webhooks/{id}/rotate",
        "rotate_webhook",
        "Make a new secret, which is in the answer, once; the old one signs too for 24 hours",
        of::<Nothing>(),
        Success::Ok(of::<EndpointResource>()),
    ),
    get(
        "/v2/webhooks/{id}/deliveries",
        "list_deliveries",
        "What was sent there and what came of it, the newest first",
        of::<Paged>(),
        Success::Page(of::<DeliveryResource>()),
    ),
    post(
        "/v2/webhooks/{id}/deliveries/{delivery}/redeliver",
        "redeliver",
        "Send an event once more",
        of::<Nothing>(),
        Success::Ok(of::<DeliveryResource>()),
    ),
];
