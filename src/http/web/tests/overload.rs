//! What browsers get while there is too much to do.

use axum::http::StatusCode;

use super::Stage;
use crate::domain::login::Role;

#[tokio::test]
async fn while_no_reader_is_free_a_page_says_so_and_then_it_is_there() {
    let stage = Stage::new().await;
    let (owner, customer) = (stage.console(Role::Owner), stage.portal());
    let held = stage.fixture.hold_page_readers().await;
    for (reply, path) in
        [(owner.get("/accounts").await, "accounts"), (customer.get("/rentals").await, "rentals")]
    {
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        for part in ["<h1>Busy</h1>", "Nothing was done. Try again in a moment.", "Request <code>"]
        {
            assert!(reply.text().contains(part), "{path}: {}", reply.text());
        }
    }
    let own = stage.fixture.gateway.accounts().own(stage.account).await;
    assert!(own.unwrap().is_some(), "what is no page has readers left");
    drop(held);
    assert_eq!(owner.get("/accounts").await.status, StatusCode::OK);
}

#[tokio::test]
async fn while_too_much_is_written_forms_are_not_carried_out_and_pages_are_shown() {
    let stage = Stage::new().await;
    let owner = stage.console(Role::Owner);
    let held = stage.fixture.crowd_writer().await;
    let fields = [("theme", "dark"), ("zone", "utc")];
    let reply = owner.post("/me/preferences", &fields).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    for part in ["<h1>Not now</h1>", "Nothing was done.", "Request <code>"] {
        assert!(reply.text().contains(part), "{}", reply.text());
    }
    assert_eq!(owner.get("/accounts").await.status, StatusCode::OK, "reading goes on");
    drop(held);
    while stage.fixture.gateway.is_overloaded() {
        tokio::task::yield_now().await;
    }
    let reply = owner.post("/me/preferences", &fields).await;
    assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text());
}
