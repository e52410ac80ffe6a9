//! What is answered about rentals, byte for byte.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::super::super::super::client_address::TrustedProxies;
use super::super::super::super::ids::RequestIds;
use super::super::super::super::limits::{Limits, Throttle};
use super::super::super::super::outcomes::RequestCounts;
use super::*;
use crate::domain::AccountId;
use crate::domain::key::KeyMode;
use crate::gateway::tests::Fixture;
use crate::gateway::{KeyEdit, ServiceEdit};

/// Two SIMs of the Netherlands, a service `wa`, and customers.
struct Stage {
    fixture: Fixture,
    api: Api,
}

/// A customer with a key.
struct Customer {
    account: AccountId,
    key: String,
}

impl Stage {
    async fn new() -> Stage {
        let fixture = Fixture::open().await;
        fixture.plug(1).await;
        fixture.plug(2).await;
        fixture.service("WhatsApp", &["^WhatsApp$"]).await;
        let edit = ServiceEdit { code: Some("wa".parse().ok()), ..ServiceEdit::default() };
        fixture.gateway.services().edit("WhatsApp".into(), edit).await.unwrap();
        let ids = Arc::new(RequestIds::starting_at(fixture.gateway.now()));
        let limits = (Throttle::new(Limits::default()), TrustedProxies::default());
        let (counts, stopping) = (Arc::new(RequestCounts::default()), CancellationToken::new());
        let api = Api::new(fixture.gateway.clone(), limits, counts, ids, stopping);
        Stage { fixture, api }
    }

    async fn customer(&self, name: &str, cents: i64) -> Customer {
        let account = self.fixture.customer(name, cents).await;
        let accounts = self.fixture.gateway.accounts();
        let key = accounts.add_key(name.into(), KeyMode::Live, KeyEdit::default()).await.unwrap();
        Customer { account, key: key.key.reveal().to_owned() }
    }

    /// The kind of the answer to an action with its parameters, and the answer.
    async fn asked(&self, by: &Customer, query: &str) -> (String, String) {
        let address = format!("/stubs/handler_api.php?api_key={}&action={query}", by.key);
        let request = Request::builder().uri(address).body(axum::body::Body::empty()).unwrap();
        let dialect = super::super::super::Dialect::HandlerApi;
        let response = super::super::super::answer(self.api.clone(), dialect, request).await;
        assert_eq!(response.status(), 200, "{query}");
        let kind = response.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (kind, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn json(&self, by: &Customer, query: &str) -> Value {
        let (kind, body) = self.asked(by, query).await;
        assert_eq!(kind, "application/json", "{query}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// The word by which an action is refused.
    async fn word(&self, by: &Customer, query: &str) -> String {
        let told = self.json(by, query).await;
        assert_eq!((&told["status"], &told["message"]), (&"error".into(), &told["error"]));
        told["message"].as_str().unwrap_or_default().to_owned()
    }
}

const RENT: &str = "getRentNumber&service=wa&rent_time=720&country=48";

#[tokio::test]
async fn a_number_is_rented_shown_extended_and_ended() {
    let stage = Stage::new().await;
    let ann = stage.customer("ann", 10_000).await;
    let offered = stage.json(&ann, "getRentServicesAndCountries&rent_time=720").await;
    let cost = serde_json::json!({"cost": 16.2, "quant": 2, "retail_cost": 16.2});
    assert_eq!(offered["services"], serde_json::json!({"full": cost, "wa": cost}));
    assert_eq!(offered["countries"], serde_json::json!({"0": 48}));
    assert_eq!((&offered["operators"]["0"], &offered["currency"]), (&"any".into(), &840.into()));
    assert_eq!(stage.word(&ann, "getRentList").await, "NO_NUMBERS");
    let (kind, body) = stage.asked(&ann, RENT).await;
    // 31 days after the start, in UTC.
    let expected = "{\"status\":\"success\",\"phone\":{\"id\":1,\"endDate\":\
                    \"2026-06-28T20:26:40\",\"number\":\"31612000001\"}}";
    assert_eq!((kind.as_str(), body.as_str()), ("application/json", expected));
    assert_eq!(stage.fixture.funds(ann.account).await, (10_000 - 1620, 0));
    let rental =
        stage.fixture.gateway.rentals().find(ann.account, crate::domain::RentalId(1)).await;
    assert!(!rental.unwrap().unwrap().auto_renew, "no market renews by itself");
    let listed = stage.json(&ann, "getRentList").await;
    assert_eq!(listed["values"]["0"], serde_json::json!({"id": "1", "phone": "31612000001"}));
    assert_eq!(stage.word(&ann, "getRentStatus&id=1").await, "STATUS_WAIT_CODE");
    stage.fixture.pass(5);
    stage.fixture.sms(1, "WhatsApp", "Your code: 1234").await;
    stage.fixture.pass(5);
    stage.fixture.sms(1, "Friend", "hello").await;
    let shown = stage.json(&ann, "getRentStatus&id=1").await;
    assert_eq!((&shown["status"], &shown["quantity"]), (&"success".into(), &"2".into()));
    let newest = serde_json::json!({
        "phoneFrom": "Friend", "text": "hello", "service": "full", "date": "2026-05-28 20:26:50",
    });
    assert_eq!(shown["values"]["0"], newest);
    assert_eq!(shown["values"]["1"]["service"], "wa");
    let second = stage.json(&ann, "getRentStatus&id=1&page=1&size=1").await;
    assert_eq!((&second["quantity"], &second["values"]["0"]), (&"2".into(), &shown["values"]["1"]));
    let price = stage.json(&ann, "getContinueRentPriceNumber&id=1&rent_time=2160").await;
    assert_eq!(price, serde_json::json!({"status": "success", "price": 32.4, "currency": 840}));
    let longer = stage.json(&ann, "continueRentNumber&id=1&rent_time=720").await;
    assert_eq!(longer["phone"]["endDate"], "2026-07-28T20:26:40");
    let info = stage.json(&ann, "continueRentInfo&id=1&hours=720&needHistory=1").await;
    assert_eq!((&info["price"], &info["hours"]), (&16.2.into(), &720.into()));
    assert_eq!(info["history"]["1"]["price"], 16.2);
    assert_eq!(info["history"]["1"]["hours"], 720);
    assert_eq!(stage.word(&ann, "setRentStatus&id=1&status=2").await, "CANT_CANCEL");
    let done = serde_json::json!({"status": "success"});
    assert_eq!(stage.json(&ann, "setRentStatus&id=1&status=1").await, done);
    assert_eq!(stage.word(&ann, "setRentStatus&id=1&status=1").await, "ALREADY_FINISH");
    assert_eq!(stage.word(&ann, "setRentStatus&id=1&status=2").await, "ALREADY_FINISH");
    assert_eq!(stage.word(&ann, "getRentStatus&id=1").await, "STATUS_FINISH");
    assert_eq!(stage.word(&ann, "continueRentNumber&id=1&rent_time=720").await, "RENT_DIE");
    assert_eq!(stage.word(&ann, "getRentList").await, "NO_NUMBERS");
    assert_eq!(stage.fixture.funds(ann.account).await, (10_000 - 2 * 1620, 0));
}

#[tokio::test]
async fn a_rental_is_canceled_for_its_price() {
    let stage = Stage::new().await;
    let (ann, bob) = (stage.customer("ann", 2_000).await, stage.customer("bob", 2_000).await);
    stage.json(&ann, RENT).await;
    assert_eq!(stage.word(&bob, "setRentStatus&id=1&status=2").await, "INVALID_PHONE");
    stage.json(&ann, "setRentStatus&id=1&status=2").await;
    assert_eq!(stage.fixture.funds(ann.account).await, (2_000, 0));
    assert_eq!(stage.word(&ann, "setRentStatus&id=1&status=2").await, "ALREADY_CANCEL");
    assert_eq!(stage.word(&ann, "setRentStatus&id=1&status=1").await, "ALREADY_CANCEL");
    assert_eq!(stage.word(&ann, "getRentStatus&id=1").await, "STATUS_CANCEL");
}

#[tokio::test]
async fn what_is_refused_is_told_in_the_stated_order() {
    let stage = Stage::new().await;
    let (poor, ann) = (stage.customer("poor", 0).await, stage.customer("ann", 9_000).await);
    for (query, word) in [
        ("getRentNumber", "BAD_SERVICE"),
        ("getRentNumber&service=zz&country=x&rent_time=5", "BAD_SERVICE"),
        ("getRentNumber&service=full&country=x&rent_time=5", "BAD_COUNTRY"),
        ("getRentNumber&service=ot&country=999&rent_time=5", "BAD_COUNTRY"),
        ("getRentNumber&service=any&country=43&rent_time=5", "INVALID_TIME"),
        ("getRentNumber&service=full&country=48", "INVALID_TIME"),
        ("getRentNumber&service=full&country=43&rent_time=720", "NO_BALANCE"),
        ("getRentServicesAndCountries&country=999", "BAD_COUNTRY"),
        ("getRentServicesAndCountries&time=4", "INVALID_TIME"),
        ("getRentServicesAndCountries&country=43", "OUT_OF_STOCK"),
        ("serviceCountRent&service=zz", "BAD_SERVICE"),
        ("getRentStatus", "NO_ID_RENT"),
        ("getRentStatus&id=x", "INVALID_PHONE"),
        ("getRentStatus&id=1", "INVALID_PHONE"),
        ("setRentStatus&status=1", "NO_ID_RENT"),
        ("setRentStatus&id=1&status=3", "INCORECT_STATUS"),
        ("setRentStatus&id=1", "INCORECT_STATUS"),
        ("continueRentNumber&rent_time=720", "NO_ID_RENT"),
        ("continueRentNumber&id=1&rent_time=720", "INVALID_PHONE"),
        ("continueRentInfo&id=1", "INVALID_PHONE"),
        ("getContinueRentPriceNumber&id=1&rent_time=720", "INVALID_PHONE"),
    ] {
        assert_eq!(stage.word(&poor, query).await, word, "{query}");
    }
    let unsold = "getRentNumber&service=full&country=43&rent_time=720";
    assert_eq!(stage.word(&ann, unsold).await, "NO_NUMBERS");
    for operator in ["vodafone", "nobody"] {
        let of_operator = format!("{RENT}&operator={operator}");
        assert_eq!(stage.word(&ann, &of_operator).await, "NO_NUMBERS", "{operator}");
    }
    // Names with a blank behind them, and the other names of the time.
    let any = "getRentNumber&service=full&time%20=720&country%20=any";
    assert_eq!(stage.json(&ann, any).await["status"], "success");
    assert_eq!(stage.word(&ann, "continueRentNumber&id=1&rent_time=4").await, "INVALID_TIME");
    let priced = stage.json(&ann, "getRentPrices&rent_time=720").await;
    assert_eq!(priced, serde_json::json!({"48": {"720": {"price": 16.2, "count": 1}}}));
    assert_eq!(stage.json(&ann, &format!("{RENT}&operator=any")).await["phone"]["id"], 2);
    assert_eq!(stage.word(&ann, RENT).await, "NO_NUMBERS");
    let offers = "getRentServicesAndCountries&rent_time=720";
    assert_eq!(stage.word(&ann, offers).await, "OUT_OF_STOCK");
    assert_eq!(stage.json(&ann, "serviceCountRent&service=wa").await, serde_json::json!({}));
}
