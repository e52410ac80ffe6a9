//! Forms that were opened before somebody else changed what they edit.

use axum::http::StatusCode;
use regex::Regex;

use super::Stage;
use super::stage::{Client, Reply};
use crate::domain::login::Role;

/// The fields that a browser would send of the form with this action, as they are on a page.
fn fields_of(page: &Reply, action: &str) -> Vec<(String, String)> {
    let begin = format!("action=\"{action}\"");
    let form =
        page.text().split("<form ").find(|form| form.contains(&begin)).unwrap_or_else(|| {
            panic!("no form for {action}: {}", page.text());
        });
    let form = form.split("</form>").next().unwrap();
    let kinds = [
        r#"<input (?P<input>[^>]*)>"#,
        r#"<textarea [^>]*name="(?P<lines>[^"]*)"[^>]*>(?P<text>.*?)</textarea>"#,
        r#"<select [^>]*name="(?P<choice>[^"]*)"[^>]*>(?P<options>.*?)</select>"#,
    ];
    let field = Regex::new(&format!("(?s){}", kinds.join("|"))).unwrap();
    field.captures_iter(form).filter_map(|found| field_of(&found)).collect()
}

fn field_of(found: &regex::Captures<'_>) -> Option<(String, String)> {
    let plain = |text: &str| {
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
    };
    let attribute = |tag: &str, name: &str| {
        let value = tag.split(&format!("{name}=\"")).nth(1)?.split('"').next()?;
        Some(plain(value))
    };
    if let Some(tag) = found.name("input").map(|tag| tag.as_str()) {
        let is_off = tag.contains("type=\"checkbox\"") && !tag.contains(" checked");
        let value = attribute(tag, "value").unwrap_or_default();
        return (!is_off).then_some((attribute(tag, "name")?, value));
    }
    if let Some(name) = found.name("lines") {
        return Some((name.as_str().to_owned(), plain(&found["text"])));
    }
    let chosen = found["options"].split("<option ").find(|option| option.contains(" selected"));
    let chosen = chosen.and_then(|option| attribute(option, "value")).unwrap_or_default();
    Some((found["choice"].to_owned(), chosen))
}

/// Sends a form of a page with another value in one field; of a checkbox that is not set, none.
async fn send(
    client: &Client,
    page: &Reply,
    action: &str,
    (field, value): (&str, &str),
    request: &str,
) -> Reply {
    let mut fields = fields_of(page, action);
    fields.retain(|(name, _)| name != field && name != "request");
    let changed = [(field, value), ("request", request)];
    let changed = changed.into_iter().filter(|(_, value)| !value.is_empty());
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let fields: Vec<(&str, &str)> = fields.chain(changed).collect();
    client.post(action, &fields).await
}

/// An edit form, with two values for one of its fields: that of the first tab, and that of one that
/// had been opened before it was sent.
struct EditForm<'c> {
    client: &'c Client,
    page: String,
    action: String,
    field: &'static str,
    first: &'static str,
    second: &'static str,
}

const STALE: &str = "This was changed after you had opened the page.";

async fn check(form: EditForm<'_>) {
    let EditForm { client, page, action, field, first, second } = form;
    let opened = client.get(&page).await;
    assert_eq!(opened.status, StatusCode::OK, "{page}");
    let saved = send(client, &opened, &action, (field, first), "1").await;
    assert_eq!(saved.status, StatusCode::SEE_OTHER, "{action}: {}", saved.text());
    let now = fields_of(&client.get(&page).await, &action);
    let stale = send(client, &opened, &action, (field, second), "2").await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY, "{action}");
    assert!(stale.text().contains(STALE), "{action}: {}", stale.text());
    assert_eq!(fields_of(&client.get(&page).await, &action).len(), now.len(), "{action}");
    let value = |fields: &[(String, String)], name: &str| {
        fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let shown = format!("shown-{field}");
    let kept = fields_of(&stale, &action);
    let typed = Some(second).filter(|typed| !typed.is_empty()).map(str::to_owned);
    assert_eq!(value(&kept, field), typed, "{action}: what was typed is kept");
    assert_eq!(value(&kept, &shown), value(&now, &shown), "{action}: it is known what is saved");
    assert!(stale.text().contains("when you opened the page") || field == "texts", "{action}");
    let again = send(client, &stale, &action, (field, second), "3").await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "{action}: {}", again.text());
    let after = fields_of(&client.get(&page).await, &action);
    assert_ne!(value(&after, &shown), value(&now, &shown), "{action}: it is saved now");
}

#[tokio::test]
async fn an_edit_form_of_the_console_puts_nothing_back_that_was_changed_since_it_was_opened() {
    let stage = Stage::new().await;
    let (owner, account) = (stage.console(Role::Owner), format!("/accounts/{}", stage.account));
    owner.post(&format!("{account}/keys"), &[("label", "shop")]).await;
    let keys = stage.fixture.gateway.accounts().own_keys(stage.account).await.unwrap();
    let key = format!("{account}/keys/{}", keys[0].prefix);
    let sims = stage.fixture.gateway.sims().list().await.unwrap();
    let sim = format!("/sims/{}", sims[0].sim.iccid);
    for (page, action, field, first, second) in [
        ("/services/1", "/services/1/edit", "price", "0.70", "0.80"),
        ("/services/1", "/services/1/edit", "priority", "2", "3"),
        (&account, &format!("{account}/limits"), "max_open", "3", "4"),
        (&key, &format!("{key}/edit"), "label", "stall", "market"),
        ("/people", "/people/viewer/role", "role", "operator", "owner"),
        (&sim, &format!("{sim}/pool"), "pool", "orders", "rentals"),
        (&sim, &format!("{sim}/number"), "number", "+31612000008", "+31612000009"),
        ("/me", "/me/preferences", "theme", "dark", "light"),
    ] {
        let (page, action) = (page.to_owned(), action.to_owned());
        check(EditForm { client: &owner, page, action, field, first, second }).await;
    }
}

#[tokio::test]
async fn an_edit_form_of_the_portal_puts_nothing_back_that_was_changed_since_it_was_opened() {
    let stage = Stage::new().await;
    let customer = stage.portal();
    customer.post("/account/keys", &[("label", "shop"), ("use", "all")]).await;
    let keys = stage.fixture.gateway.accounts().own_keys(stage.account).await.unwrap();
    let key = format!("/account/keys/{}", keys[0].prefix);
    customer.post("/webhooks", &[("url", "https://192.0.2.1/a"), ("types", "*")]).await;
    for (page, action, field, first, second) in [
        (key.as_str(), format!("{key}/terms"), "label", "stall", "market"),
        ("/webhooks/1", "/webhooks/1/edit".to_owned(), "types", "order.*", "rental.*"),
        ("/me", "/me/preferences".to_owned(), "theme", "dark", "light"),
    ] {
        let page = page.to_owned();
        check(EditForm { client: &customer, page, action, field, first, second }).await;
    }
}

#[tokio::test]
async fn what_was_not_touched_becomes_what_is_saved_and_is_told() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let (page, action) = ("/services/1", "/services/1/edit");
    let opened = operator.get(page).await;
    send(&operator, &opened, action, ("texts", "code"), "1").await;
    let stale = send(&operator, &opened, action, ("price", "0.90"), "2").await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(stale.text().contains("Added since you opened the page: “code”."), "{}", stale.text());
    let fields = fields_of(&stale, action);
    for (name, value) in [("price", "0.90"), ("texts", "code"), ("shown-texts", "code")] {
        let is_there = fields.iter().any(|(known, is)| known == name && is == value);
        assert!(is_there, "{name}: {fields:?}");
    }
    send(&operator, &stale, action, ("priority", "2"), "3").await;
    let service = stage.fixture.gateway.services().find("1".to_owned()).await.unwrap();
    assert_eq!((service.price.0, service.priority), (90, 2));
    assert_eq!(service.texts, ["code"], "the other change has stayed");
}
