//! What is looked for by number or text, and slips in filters.

use axum::http::StatusCode;
use regex::Regex;

use super::Stage;
use super::stage::{Client, Reply};
use crate::domain::login::Role;
use crate::http::web::{Site, Visitor};

/// The pages of a side with filters that must not stand in an address, and the names of these.
fn private<P: Visitor>(site: &Site<P>) -> Vec<(&'static str, &'static [&'static str])> {
    let routes = site.routes.all().iter().filter(|route| !route.private.is_empty());
    routes.map(|route| (route.path, route.private)).collect()
}

#[tokio::test]
async fn what_is_looked_for_stands_in_no_address() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    let fields = [("state", ""), ("number", "+31612000001"), ("text", "846691"), ("all", "yes")];
    let sent = owner.post("/messages", &fields).await;
    let address = sent.location.unwrap();
    assert!(address.starts_with("/messages?all=yes&search="), "{address}");
    assert!(!address.contains("31612") && !address.contains("846691"), "{address}");
    let page = owner.get(&address).await;
    for piece in ["value=\"+31612000001\"", "value=\"846691\"", "id=\"messages-1\""] {
        assert!(page.text().contains(piece), "{piece}\n{}", page.text());
    }
    assert!(!page.text().contains("id=\"messages-2\""), "it has another number");
    let addresses = Regex::new(r#"(?:href|action|data-live)="([^"]*)""#).unwrap();
    for found in addresses.captures_iter(page.text()) {
        let address = found.get(1).unwrap().as_str();
        assert!(!address.contains("31612000001") && !address.contains("846691"), "{address}");
    }
    let of = address.replace('?', "%3F").replace('&', "%26").replace('=', "%3D");
    let live = owner.get(&format!("/live?once&of={of}")).await;
    assert!(live.text().contains("messages-1"), "{}", live.text());
    let words = [("number", ""), ("text", " ")];
    assert_eq!(owner.post("/messages", &words).await.location.as_deref(), Some("/messages"));
}

#[tokio::test]
async fn a_search_is_known_to_nobody_else_and_then_everything_is_listed() {
    let stage = Stage::new().await;
    let (owner, operator) = (stage.console(Role::Owner), stage.console(Role::Operator));
    let sent = owner.post("/orders", &[("number", "+31612000009"), ("state", "open")]).await;
    let address = sent.location.unwrap();
    assert!(owner.get(&address).await.text().contains("No order fits these filters."));
    for (client, address) in
        [(&operator, address.as_str()), (&owner, "/orders?number=%2B31612000009&state=open")]
    {
        let answered = client.get(address).await;
        assert_eq!(answered.location.as_deref(), Some("/orders?state=open"));
        let list = client.get("/orders?state=open").await;
        assert!(list.text().contains("not known any more, so everything is listed"));
        assert!(!client.get("/orders?state=open").await.text().contains("not known any more"));
    }
    let of = address.replace('?', "%3F").replace('&', "%26").replace('=', "%3D");
    let live = operator.get(&format!("/live?once&of={of}")).await;
    assert_eq!(live.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_word_that_is_too_long_is_kept_on_the_page_that_says_so() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    let long = "1".repeat(257);
    let fields = [("number", long.as_str()), ("state", "open")];
    let answered = owner.post("/orders", &fields).await;
    assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY);
    let sentence = "Nothing longer than 256 characters is looked for.";
    for piece in [sentence, &format!("value=\"{long}\""), "<h1>Orders</h1>", "aria-invalid"] {
        assert!(answered.text().contains(piece), "{piece}\n{}", answered.text());
    }
    assert!(answered.text().contains("value=\"open\" selected"), "{}", answered.text());
    for word in ["x".repeat(65), "x".repeat(257)] {
        let mut answered = owner.post("/find", &[("q", &word)]).await;
        if let Some(address) = &answered.location {
            answered = owner.get(address).await;
        }
        assert_eq!(answered.status, StatusCode::UNPROCESSABLE_ENTITY);
        let box_with_it = format!("value=\"{word}\"");
        assert!(answered.text().contains(&box_with_it), "{}", answered.text());
        assert!(answered.text().contains("<h1>Find</h1>"), "{}", answered.text());
    }
}

/// The forms of a page that have a field with this name.
fn forms<'t>(page: &'t Reply, name: &str) -> Vec<&'t str> {
    let field = format!("name=\"{name}\"");
    page.text().split("<form ").skip(1).filter(|form| form.contains(&field)).collect()
}

async fn check_forms(client: &Client, pages: Vec<(&'static str, &'static [&'static str])>) {
    for (path, names) in pages {
        let page = client.get(&path.replace("{id}", "1")).await;
        for name in names {
            let forms = forms(&page, name);
            assert!(!forms.is_empty() || page.status == StatusCode::NOT_FOUND, "{path} {name}");
            for form in forms {
                assert!(form.contains("method=\"post\""), "{path} {name}: {form}");
            }
        }
    }
}

#[tokio::test]
async fn each_form_with_such_a_field_is_sent_by_post() {
    let stage = Stage::new().await;
    let of_console = private(&stage.console);
    assert!(of_console.len() >= 5, "{of_console:?}");
    check_forms(&stage.console(Role::Owner), of_console).await;
    check_forms(&stage.portal(), private(&stage.portal)).await;
}

#[tokio::test]
async fn a_slip_in_a_filter_is_marked_with_what_was_typed_on_the_same_page() {
    let stage = Stage::new().await;
    let (owner, customer) = (stage.console(Role::Owner), stage.portal());
    let ledger = format!("/accounts/{}/ledger", stage.account);
    for (client, address, field, typed, sentence) in [
        (&owner, format!("{ledger}?day=yesterday"), "day", "yesterday", "A day is written like"),
        (&owner, format!("{ledger}.csv?from=x&to=2026-05-03"), "from", "x", "A day is written"),
        (
            &owner,
            format!("{ledger}.csv?from=2026-05-04&to=2026-05-03"),
            "to",
            "2026-05-03",
            "The last day is before the first.",
        ),
        (&owner, "/orders?day=2026-13-01".to_owned(), "day", "2026-13-01", "A day is written"),
        (&owner, "/messages?order=first".to_owned(), "order", "first", "An order is named by"),
        (&owner, "/audit.csv?day=x".to_owned(), "day", "x", "A day is written like"),
        (&customer, "/account/ledger?to=x".to_owned(), "to", "x", "A day is written like"),
        (&customer, "/account/ledger.csv?to=x".to_owned(), "to", "x", "A day is written like"),
    ] {
        let page = client.get(&address).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
        assert!(page.text().contains(sentence), "{address}: {}", page.text());
        assert!(page.text().contains("class=\"faults\" role=\"alert\""), "{address}");
        assert!(page.text().contains("<h1>"), "{address}");
        let kept = format!("name=\"{field}\" value=\"{typed}\"");
        let kept_in_search = format!("name=\"{field}\" type=\"search\" value=\"{typed}\"");
        let is_kept = page.text().contains(&kept) || page.text().contains(&kept_in_search);
        assert!(is_kept, "{address}: {}", page.text());
        let link = format!("href=\"#filter-{field}\"");
        assert!(page.text().contains(&link), "{address}: {}", page.text());
        assert!(page.text().contains("aria-invalid=\"true\""), "{address}");
    }
    let file = owner.get(&format!("{ledger}.csv?from=2026-05-03&to=2026-05-03")).await;
    assert_eq!(file.status, StatusCode::OK);
}
