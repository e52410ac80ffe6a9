//! What other markets call services.

use super::*;
use crate::domain::market_names::MarketNames;
use crate::gateway::{ImportMode, ServiceEdit};

fn named(name: &str, code: &str, fivesim: &str) -> NewService {
    let market_names = MarketNames { code: code.parse().ok(), fivesim: fivesim.parse().ok() };
    NewService { market_names, ..NewService::new(name, Amount(50)) }
}

fn edit(code: &str, fivesim: &str) -> ServiceEdit {
    ServiceEdit {
        code: Some(code.parse().ok()),
        fivesim: Some(fivesim.parse().ok()),
        ..ServiceEdit::default()
    }
}

#[tokio::test]
async fn a_service_on_sale_is_found_by_what_other_markets_call_it() {
    let fixture = Fixture::open().await;
    let services = fixture.gateway.services();
    let id = services.add(named("WhatsApp", "wa", "whatsapp")).await.unwrap().id;
    fixture.service("Corner shop", &[]).await;
    let by_code = async |code: &str| services.with_code(code.to_owned()).await.unwrap();
    let by_name = async |name: &str| services.with_fivesim_name(name.to_owned()).await.unwrap();
    assert_eq!(by_code("wa").await, Some(id));
    assert_eq!((by_name("whatsapp").await, by_name("WhatsApp").await), (Some(id), Some(id)));
    for nothing in ["cs", "", "w", "whatsapp", "full", "wa "] {
        assert_eq!(by_code(nothing).await, None, "{nothing}");
    }
    assert_eq!((by_name("wa").await, by_name("cornershop").await), (None, None));
    services.set_enabled("WhatsApp".into(), false).await.unwrap();
    assert_eq!((by_code("wa").await, by_name("whatsapp").await), (None, None), "it is off sale");
}

#[tokio::test]
async fn no_two_services_have_one_name_on_another_market() {
    let fixture = Fixture::open().await;
    let services = fixture.gateway.services();
    services.add(named("WhatsApp", "wa", "whatsapp")).await.unwrap();
    let refused = services.add(named("Chats", "wa", "")).await.unwrap_err().to_string();
    assert!(refused.starts_with("WhatsApp and Chats cannot both have the code wa"), "{refused}");
    services.add(named("Chats", "", "")).await.unwrap();
    let refused = services.edit("Chats".into(), edit("", "whatsapp")).await.unwrap_err();
    assert!(refused.to_string().contains("the 5sim name whatsapp"), "{refused}");
    let (kept, changes) = services.edit("WhatsApp".into(), edit("wa", "whatsapp")).await.unwrap();
    assert_eq!((kept.market_names.code, changes.len()), ("wa".parse().ok(), 0));
    let (without, _) = services.edit("WhatsApp".into(), edit("", "")).await.unwrap();
    assert_eq!(without.market_names, MarketNames::default());
    let (chats, _) = services.edit("Chats".into(), edit("wa", "whatsapp")).await.unwrap();
    assert_eq!(chats.market_names.code, "wa".parse().ok(), "the names are free");
}

#[tokio::test]
async fn an_import_gives_missing_names_and_can_swap_them() {
    let fixture = Fixture::open().await;
    let services = fixture.gateway.services();
    fixture.service("WhatsApp", &[]).await;
    services.edit("WhatsApp".into(), edit("", "")).await.unwrap();
    let catalogue = vec![named("WhatsApp", "wa", "whatsapp"), named("Telegram", "tg", "telegram")];
    services.import(catalogue, ImportMode::AddPatterns, false).await.unwrap();
    let code = async |name: &str| {
        let found = services.find(name.to_owned()).await.unwrap();
        found.market_names.code.map(|code| code.to_string()).unwrap_or_default()
    };
    assert_eq!((code("WhatsApp").await, code("Telegram").await), ("wa".into(), "tg".into()));
    let swapped = vec![named("WhatsApp", "tg", ""), named("Telegram", "wa", "")];
    services.import(swapped.clone(), ImportMode::Replace, true).await.unwrap();
    assert_eq!(code("WhatsApp").await, "wa", "a dry run changes nothing");
    services.import(swapped, ImportMode::Replace, false).await.unwrap();
    assert_eq!((code("WhatsApp").await, code("Telegram").await), ("tg".into(), "wa".into()));
}
