//! One API key of an account: what it is for, and its end.

use maud::{Markup, html};

use super::super::Operator;
use super::keys::{key_state, saved_terms, terms_fields, terms_of};
use super::{account_of, address};
use crate::domain::key::KeyState;
use crate::domain::login::Permission::{Act, Look};
use crate::gateway::{Key, Topic};
use crate::http::web::{
    Access::May, Done, Fault, Form, Page, Route, Visit, facts, hostile, moment, path,
};

const PAGE: &str = "/accounts/{id}/keys/{prefix}";

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::page(PAGE, May(Look), show).live_on(&[Topic::Accounts]),
        Route::post("/accounts/{id}/keys/{prefix}/edit", May(Act), PAGE, edit).with_proof(),
        Route::post("/accounts/{id}/keys/{prefix}/revoke", May(Act), PAGE, revoke).with_proof(),
    ]
}

/// The account's newest key that begins with what the address says: one that was revoked may begin
/// like one that works.
async fn key_of(visit: &Visit<Operator>) -> Result<Key, Fault> {
    let (account, ..) = account_of(visit).await?;
    let keys = visit.gateway().accounts().own_keys(account.id).await?;
    let prefix = visit.param("prefix");
    let found = keys.into_iter().find(|key| key.prefix == prefix);
    found.ok_or_else(|| Fault::NotFound("The account has no such key.".to_owned()))
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let key = key_of(&visit).await?;
    let page = Page::new(format!("Key {}…", key.prefix))
        .below("Accounts", "/accounts")
        .below(key.account_name.clone(), address(key.account))
        .part("key", key_facts(&visit, &key))
        .part("actions", actions(&visit, &key));
    Ok(page)
}

fn key_facts(visit: &Visit<Operator>, key: &Key) -> Markup {
    let never = || html! { "never" };
    let always = [
        ("State", key_state(key.state(visit.now()))),
        ("Made", moment(key.created_at)),
        ("Used last", key.last_used_at.map_or_else(never, moment)),
        ("Expires", key.terms.expires_at.map_or_else(never, moment)),
        ("For", html! { (key.terms.scopes) }),
        ("Networks", html! { (key.terms.allowed.as_deref().unwrap_or("all")) }),
        ("Spent today", html! { (visit.money(visit.gateway().accounts().key_today(key).spent)) }),
    ];
    let refused = key.last_refused.as_ref();
    let sometimes = [
        ("Label", key.terms.label.as_deref().map(hostile)),
        ("Refused last", refused.map(|(at, why)| html! { (moment(*at)) ", for " (why) })),
        ("Revoked", key.revoked_at.map(moment)),
    ];
    let sometimes = sometimes.into_iter().filter_map(|(term, is)| Some((term, is?)));
    facts(&always.into_iter().chain(sometimes).collect::<Vec<_>>())
}

fn actions(visit: &Visit<Operator>, key: &Key) -> Markup {
    if !visit.may(Act) || key.state(visit.now()) == KeyState::Revoked {
        return Markup::default();
    }
    let base = path!("/accounts/{}/keys/{}", key.account, key.prefix);
    let (edit, revoke) =
        (visit.form(&format!("{base}/edit")), visit.form(&format!("{base}/revoke")));
    let edit = edit.editing(saved_terms(visit, key));
    html! {
        h2 { "Change it" }
        (edit.show(html! { (terms_fields(visit, &edit)) (edit.button("Save")) }))
        (revoke.confirmed(
            "Revoke the key",
            "Whoever uses it is refused from now on. This cannot be undone.",
            revoke.danger_button("Revoke it"),
        ))
    }
}

async fn edit(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let key = key_of(&visit).await?;
    form.refuse_if_stale(&saved_terms(&visit, &key))?;
    let edited = visit.gateway().accounts().edit_key(key.prefix, terms_of(&form)?).await?;
    let page = path!("/accounts/{}/keys/{}", edited.account, edited.prefix);
    Ok(Done::at(page, "The key was changed."))
}

async fn revoke(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    let key = key_of(&visit).await?;
    let revoked = visit.gateway().accounts().revoke_key(key.prefix).await?;
    Ok(Done::at(address(revoked.account), format!("The key {}… was revoked.", revoked.prefix)))
}
