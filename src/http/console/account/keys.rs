//! An account's API keys: the list, and making one. A key itself is shown once.

use maud::{Markup, html};

use super::super::Operator;
use super::super::books::lines_of;
use super::{PAGE, address};
use crate::domain::key::{KeyMode, KeyState, Scope, Scopes};
use crate::domain::login::Permission::Act;
use crate::domain::{AccountId, Amount, Timestamp};
use crate::gateway::{Account, Key, KeyEdit, NewKey};
use crate::http::web::{
    Access::May, Done, Empty, Fault, Faults, Form, FormView, Page, Route, Row, SavedValues, Table,
    Tone, Visit, ago, badge, code_block, copyable, hostile, link, moment, path,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![Route::post("/accounts/{id}/keys", May(Act), PAGE, add).with_proof()]
}

/// The account's keys, and the form for another one.
pub(super) async fn part(visit: &Visit<Operator>, account: &Account) -> Result<Markup, Fault> {
    let keys = visit.gateway().accounts().own_keys(account.id).await?;
    let rows = keys.iter().map(|key| row(visit, account, key));
    let table = Table::new("api-keys", "API keys")
        .column("Key")
        .column("State")
        .column("Label")
        .column("Made")
        .column("Last used")
        .column("Scopes")
        .column("Networks")
        .column("Expires")
        .rows(rows)
        .empty(Empty::new("No key yet.").next(html! {
            "The API is used with a key; it is shown once, when it is made."
        }));
    let form = visit.form(&format!("{}/keys", address(account.id)));
    Ok(html! {
        h2 { "API keys" }
        (table)
        @if visit.may(Act) && account.erased_at.is_none() {
            (form.asked("Make a key", "It is shown once, when it is made.", html! {
                (form.checkbox("test", "For tests only")
                    .hint("it opens made-up services of the JSON API, and moves no money"))
                (terms_fields(visit, &form))
                (form.button("Make it"))
            }))
        }
    })
}

fn row(visit: &Visit<Operator>, account: &Account, key: &Key) -> Row {
    let (terms, now) = (&key.terms, visit.now());
    let page = path!("/accounts/{}/keys/{}", account.id, key.prefix);
    Row::new(
        format!("{}-{}", key.prefix, key.created_at.0),
        [
            html! { a href=(page) { code { (key.prefix) "…" } } },
            key_state(key.state(now)),
            html! { @if let Some(label) = &terms.label { (hostile(label)) } @else { "–" } },
            moment(key.created_at),
            html! {
                @if let Some(at) = key.last_used_at { (ago(now, at)) " ago" } @else { "never" }
            },
            html! { (terms.scopes) },
            html! { (terms.allowed.as_deref().unwrap_or("all")) },
            terms.expires_at.map_or_else(|| html! { "never" }, moment),
        ],
    )
}

/// Whether a key works, in a word.
pub(super) fn key_state(state: KeyState) -> Markup {
    let tone = match state {
        KeyState::Active => Tone::Good,
        KeyState::Suspended => Tone::Fair,
        KeyState::Expired | KeyState::Revoked => Tone::Quiet,
    };
    badge(tone, state.as_str())
}

/// The name of the checkbox for a scope.
fn scope_field(scope: Scope) -> String {
    format!("scope-{}", scope.as_str())
}

/// What a key is for, as its form shows it.
pub(super) fn saved_terms(visit: &Visit<Operator>, key: &Key) -> SavedValues {
    let (terms, currency) = (&key.terms, visit.gateway().currency());
    let has = |scope: Scope| match &terms.scopes {
        Scopes::All => false,
        Scopes::Only(scopes) => scopes.contains(&scope),
    };
    let most = terms.spend_per_day.most().map(|most| currency.text(Amount(most)));
    let expires = terms.expires_at.map(|at| at.to_string());
    let networks = terms.allowed.as_ref().map(|all| all.replace(' ', "\n"));
    let saved = SavedValues::new()
        .with("label", terms.label.as_deref().unwrap_or_default())
        .with("networks", networks.unwrap_or_default())
        .with("expires", expires.unwrap_or_default())
        .with("spend", most.unwrap_or_default());
    let with_scope = |saved: SavedValues, scope| saved.with_flag(scope_field(scope), has(scope));
    Scope::ALL.into_iter().fold(saved, with_scope)
}

/// The fields for what a key is for.
pub(super) fn terms_fields(visit: &Visit<Operator>, form: &FormView) -> Markup {
    let currency = visit.gateway().currency();
    html! {
        (form.text("label", "Label").hint("what it is used for"))
        (form.lines("networks", "Networks")
            .hint("addresses and networks like 192.0.2.0/24, each on a line; empty: any"))
        (form.text("expires", "Expires")
            .hint("a day like 2027-01-31, or a time like 2027-01-31T12:00:00Z; empty: never"))
        (form.text("spend", "Spends in a day at most")
            .inputmode("decimal").hint(format!("in {currency}; empty: as much as its account may")))
        fieldset {
            legend { "For" }
            p class="hint" { "None chosen: everything, also what comes to be later." }
            @for scope in Scope::ALL { (form.checkbox(&scope_field(scope), scope.as_str())) }
        }
    }
}

/// When a key expires, as it was typed: a day means its begin in UTC.
fn parse_expiry(text: &str) -> Result<Timestamp, &'static str> {
    let time = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    time.parse().map_err(|_| "write it like 2027-01-31, or 2027-01-31T12:00:00Z")
}

/// What a form says of a key.
pub(super) fn terms_of(form: &Form) -> Result<KeyEdit, Fault> {
    let mut faults = Faults::new();
    let expires = form.optional("expires").map(parse_expiry).transpose();
    let expires_at = faults.check("expires", expires).flatten();
    faults.result()?;
    let chosen = Scope::ALL.into_iter().filter(|scope| form.is_set(&scope_field(*scope)));
    let mut scopes: Vec<String> = chosen.map(|scope| scope.as_str().to_owned()).collect();
    if scopes.is_empty() {
        scopes.push("all".to_owned());
    }
    Ok(KeyEdit {
        allowed: Some(lines_of(form, "networks")),
        label: Some(form.optional("label").map(str::to_owned)),
        expires_at: Some(expires_at),
        scopes: Some(scopes),
        spend_per_day: Some(form.optional("spend").unwrap_or("none").to_owned()),
    })
}

async fn add(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let id = AccountId(visit.id("id")?);
    let mode = KeyMode::of_test(form.is_set("test"));
    let made = visit.gateway().accounts().add_key(id.to_string(), mode, terms_of(&form)?).await?;
    Ok(Done::shown(key_page(&visit, &made)))
}

/// Shows a key, once.
fn key_page(visit: &Visit<Operator>, made: &NewKey) -> Page {
    let NewKey { account, key } = made;
    let base = visit.tools().web.portal.as_deref().unwrap_or("https://sms.example.org");
    let base = base.trim_end_matches('/');
    let command = format!("curl -H 'Authorization: Bearer {}' {base}/v2/me", key.reveal());
    Page::new("A new key")
        .below("Accounts", "/accounts")
        .below(account.name.clone(), address(account.id))
        .intro(html! {
            p { "This key opens the account " strong { (account.name) } ". It is shown only now." }
            p { (copyable(key.reveal())) }
            p { "It works if this answers with the account:" }
            (code_block(&command))
            p { (link(&address(account.id), "Back to the account")) }
        })
}
