//! The pages of services.

use super::*;

/// What the form of a service sends, with these fields changed.
fn filled<'f>(changed: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let mut fields = vec![
        ("name", "Gizmo"),
        ("price", "0.50"),
        ("countries", "UK 0.80\nUSA off"),
        ("priority", "0"),
        ("reuse_window", ""),
        ("reuse_price_percent", ""),
        ("charge_on", ""),
        ("code", "gz"),
        ("fivesim", "Gizmo"),
        ("senders", "^Gizmo$"),
        ("texts", ""),
        ("try_sender", "Gizmo"),
        ("try_text", "Your code is 1234"),
    ];
    fields.retain(|(name, _)| changed.iter().all(|(other, _)| other != name));
    fields.extend(changed);
    fields
}

/// A service that the form has added; answers where its page is.
async fn gizmo(stage: &Stage) -> String {
    let added = stage.console(Role::Operator).post("/services/new", &filled(&[])).await;
    assert_eq!(added.status.as_u16(), 303, "{}", added.text());
    added.location.unwrap()
}

#[tokio::test]
async fn a_service_is_added_changed_and_taken_off_sale() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let page = gizmo(&stage).await;
    let find = async || stage.fixture.gateway.services().find("Gizmo".to_owned()).await.unwrap();
    let service = find().await;
    assert!(service.enabled && service.senders == ["^Gizmo$"]);
    let names = &service.market_names;
    assert_eq!(names.code, "gz".parse().ok());
    assert_eq!(names.fivesim, "gizmo".parse().ok());
    assert_eq!((service.price_in("UK"), service.price_in("USA")), (Some(Amount(80)), None));
    let shown = operator.get(&page).await.text().to_owned();
    assert!(shown.contains("GB 0.80\nUS off"), "{shown}");
    let changes = [
        ("price", "0.60"),
        ("countries", ""),
        ("senders", ""),
        ("texts", "gizmo\nGIZMO"),
        ("code", ""),
    ];
    let saved = operator.post(&format!("{page}/edit"), &filled(&changes)).await;
    assert_eq!((saved.status.as_u16(), saved.location.as_deref()), (303, Some(page.as_str())));
    let service = find().await;
    assert_eq!((service.price, service.country_prices.len()), (Amount(60), 0));
    assert_eq!(service.market_names.code, None);
    assert_eq!((service.senders.len(), service.texts), (0, vec!["gizmo".into(), "GIZMO".into()]));
    operator.post(&format!("{page}/sale"), &[("sale", "off")]).await;
    assert!(!find().await.enabled);
    let off = operator.get("/services?state=off").await.text().to_owned();
    assert!(off.contains("Gizmo"), "{off}");
    let removed = operator.post(&format!("{page}/remove"), &[]).await;
    assert_eq!(removed.location.as_deref(), Some("/services"));
    assert_eq!(operator.get(&page).await.status.as_u16(), 404);
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_the_input_is_kept() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let page = gizmo(&stage).await;
    for (field, value, fault) in [
        ("senders", "^Gizmo$\ncode (\\d+", "Pattern 2, character 6: unclosed group."),
        ("price", "cheap", "price"),
        ("countries", "Atlantis 1.00", "is no country"),
        ("priority", "high", "Write a whole number"),
        ("reuse_window", "a while", "with its unit"),
        ("reuse_price_percent", "1001", "from 0 to 1000"),
        ("code", "gizmo", "2 to 4 letters"),
        ("fivesim", "giz/mo", "letters and digits"),
    ] {
        let wrong = operator.post(&format!("{page}/edit"), &filled(&[(field, value)])).await;
        let text = wrong.text();
        assert_eq!(wrong.status.as_u16(), 422, "{field}");
        assert!(text.contains(fault) || field == "price", "{field}: {text}");
        let kept = value.lines().last().unwrap();
        assert!(text.contains(kept) && text.contains("aria-invalid"), "{field}: {text}");
    }
    let saved = stage.fixture.gateway.services().find("Gizmo".to_owned()).await.unwrap();
    assert_eq!(saved.senders, ["^Gizmo$"], "nothing was changed");
    let viewer = stage.console(Role::Viewer);
    assert_eq!(viewer.post(&format!("{page}/edit"), &filled(&[])).await.status.as_u16(), 403);
    let of_viewer = viewer.get(&page).await.text().to_owned();
    assert!(of_viewer.contains("^Gizmo$") && !of_viewer.contains("<textarea"), "{of_viewer}");
    assert_eq!(viewer.get("/services/new").await.status.as_u16(), 403);
}

#[tokio::test]
async fn unsaved_patterns_are_tried_on_a_message_and_on_the_last_ones() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let page = gizmo(&stage).await;
    let try_it = async |changed: &[(&'static str, &'static str)]| {
        let answer = operator.post(&format!("{page}/edit"), &filled(changed)).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
        answer.text().to_owned()
    };
    let claimed = try_it(&[("try", "message")]).await;
    assert!(claimed.contains("→ <strong>Gizmo</strong>"), "{claimed}");
    assert!(claimed.contains("1234") && claimed.contains("shown"), "{claimed}");
    let unclaimed = try_it(&[("try", "message"), ("senders", "^<Other>$")]).await;
    assert!(unclaimed.contains("no pattern matches"), "{unclaimed}");
    assert!(unclaimed.contains("^&lt;Other&gt;$"), "what is typed is kept: {unclaimed}");
    let last = try_it(&[("try", "last")]).await;
    assert!(last.contains("would go elsewhere than now"), "{last}");
    let broken = filled(&[("try", "message"), ("texts", "[")]);
    assert_eq!(operator.post(&format!("{page}/edit"), &broken).await.status.as_u16(), 422);
    let saved = stage.fixture.gateway.services().find("Gizmo".to_owned()).await.unwrap();
    assert_eq!(saved.senders, ["^Gizmo$"], "nothing was saved");
    let new =
        operator.post("/services/new", &filled(&[("try", "message"), ("name", "Nova")])).await;
    assert!(new.status == 200 && new.text().contains("Nova"), "{}", new.text());
}

#[tokio::test]
async fn a_catalogue_shows_what_it_would_change_before_it_does() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    gizmo(&stage).await;
    let catalogue = "[[service]]\nname = \"Gizmo\"\nprice = \"9.00\"\nsender = [\"^Gizmo BV$\"]\n\
                     [[service]]\nname = \"Nova\"\nprice = \"0.70\"\n";
    let sent = std::cell::Cell::new(0);
    let send = async |path: &str, catalogue: &str, mode: &str| {
        let request = sent.replace(sent.get() + 1).to_string();
        let fields = [("catalogue", catalogue), ("mode", mode), ("request", request.as_str())];
        operator.post(path, &fields).await
    };
    let names = async || stage.fixture.gateway.services().list().await.unwrap().len();
    let before = names().await;
    let shown = send("/services/import/try", catalogue, "add").await.text().to_owned();
    assert!(shown.contains("1 service would be added, 1 changed"), "{shown}");
    assert!(shown.contains("sender added: ^Gizmo BV$") && !shown.contains("price 0.50"), "{shown}");
    let with_prices = send("/services/import/try", catalogue, "prices").await.text().to_owned();
    assert!(with_prices.contains("price 0.50 -&gt; 9.00"), "{with_prices}");
    assert_eq!(names().await, before, "nothing is imported yet");
    let done = send("/services/import/apply", catalogue, "add").await;
    assert_eq!((done.status.as_u16(), done.location.as_deref()), (303, Some("/services")));
    assert_eq!(names().await, before + 1);
    let again = send("/services/import/try", catalogue, "add").await.text().to_owned();
    assert!(again.contains("changes nothing"), "{again}");
    let faulty =
        send("/services/import/try", "[[service]]\nname = \"<x>\"\nprise = \"1\"\n", "add").await;
    let text = faulty.text();
    assert!(faulty.status == 422 && text.contains("Line 3:") && text.contains("prise"), "{text}");
    let empty = send("/services/import/try", "", "add").await;
    assert!(empty.status == 422 && empty.text().contains("Choose a file"));
    assert!(!empty.text().contains("Nothing was changed."), "it would only have shown something");
}

#[tokio::test]
async fn the_catalogue_that_comes_with_simbridge_is_imported_from_the_page_and_shows_its_prices() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let page = operator.get("/services/import").await.text().to_owned();
    assert!(page.contains("well-known services"), "{page}");
    let shown = operator.post("/services/import/try-shipped", &[("shipped", "yes")]).await;
    let shown = shown.text();
    assert!(shown.contains("Airbnb") && shown.contains("0.50 USD"), "{shown}");
    assert!(!shown.contains("[[service]]"), "it is sent by its name, not whole: {shown}");
    let before = stage.fixture.gateway.services().list().await.unwrap().len();
    let done = operator.post("/services/import/apply", &[("shipped", "yes")]).await;
    assert_eq!(done.location.as_deref(), Some("/services"), "{}", done.text());
    let after = stage.fixture.gateway.services().list().await.unwrap();
    assert!(after.len() >= before + 30, "{}", after.len());
    let own = "[[service]]\nname = \"Nova\"\nprice = \"0.00\"\ncountry = { GB = \"0.80\" }\n";
    let shown = operator.post("/services/import/try", &[("catalogue", own)]).await;
    assert!(shown.text().contains("0.00 USD, free"), "{}", shown.text());
    assert!(shown.text().contains("0.80"), "{}", shown.text());
    let known = "[[service]]\nname = \"airbnb\"\nprice = \"0.90\"\ntext = [\"stay\"]\n";
    for (mode, price) in [("add", "0.50 USD"), ("prices", "0.90 USD")] {
        let fields = [("catalogue", known), ("mode", mode)];
        let shown = operator.post("/services/import/try", &fields).await;
        assert!(shown.text().contains(price), "{mode}: {}", shown.text());
    }
}

#[tokio::test]
async fn a_service_that_is_free_or_has_no_patterns_says_what_that_means() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let usual = operator.get(&gizmo(&stage).await).await.text().to_owned();
    assert!(!usual.contains("It is free") && !usual.contains("It has no patterns"), "{usual}");
    let odd = [("name", "Nova"), ("price", "0.00"), ("senders", ""), ("texts", "")];
    let unnamed = [("code", ""), ("fivesim", "")];
    let odd = [&odd[..], &unnamed].concat();
    let page = operator.post("/services/new", &filled(&odd)).await.location.unwrap();
    let shown = operator.get(&page).await.text().to_owned();
    assert!(shown.contains("It is free: its price is zero."), "{shown}");
    assert!(shown.contains("is charged for, any message"), "{shown}");
    let by_code = filled(&[&odd[..], &[("charge_on", "code")]].concat());
    operator.post(&format!("{page}/edit"), &by_code).await;
    let shown = operator.get(&page).await.text().to_owned();
    assert!(shown.contains("is charged for the first with a code"), "{shown}");
    let list = operator.get("/services").await.text().to_owned();
    assert!(list.contains("0.00 USD, free") && list.contains(">none</span>"), "{list}");
}

#[tokio::test]
async fn the_buttons_of_the_try_out_lead_to_what_it_shows() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let page = gizmo(&stage).await;
    let shown = operator.get(&page).await.text().to_owned();
    assert!(shown.contains(&format!("formaction=\"{page}/edit#tried\"")), "{shown}");
    let tried = operator.post(&format!("{page}/edit"), &filled(&[("try", "message")])).await;
    assert!(tried.text().contains("<section id=\"tried\""), "{}", tried.text());
    let broken = filled(&[("try", "message"), ("texts", "[")]);
    let refused = operator.post(&format!("{page}/edit"), &broken).await;
    assert!(refused.text().contains("This has to be put right first:"), "{}", refused.text());
    let broken = operator.post(&format!("{page}/edit"), &filled(&[("texts", "[")])).await;
    assert!(broken.text().contains("Nothing was changed."), "{}", broken.text());
}

#[tokio::test]
async fn the_list_says_what_is_there_and_what_to_do_when_nothing_is() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    gizmo(&stage).await;
    let list = operator.get("/services").await.text().to_owned();
    assert!(list.contains("Gizmo") && list.contains("GB 0.80, not in US"), "{list}");
    assert!(list.contains("href=\"/services/new\""), "{list}");
    let viewer = stage.console(Role::Viewer).get("/services").await.text().to_owned();
    assert!(!viewer.contains("/services/new"), "{viewer}");
    let none = operator.get("/services?name=nonsense").await.text().to_owned();
    assert!(none.contains("No service is like that."), "{none}");
    let service = stage.fixture.gateway.services().find("Gizmo".to_owned()).await.unwrap();
    let numbers = operator.get(&format!("/services/{}/numbers", service.id)).await;
    assert!(numbers.text().contains("Nothing was ordered for it"), "{}", numbers.text());
}
