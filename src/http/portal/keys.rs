//! The account's API keys: made, limited to networks, revoked.

use maud::{Markup, html};

use super::Customer;
use super::asking::requester;
use crate::domain::Timestamp;
use crate::domain::ip_network::Network;
use crate::domain::key::KeyState;
use crate::gateway::{Key, KeyEdit, NewKey};
use crate::http::web::{
    Access, Done, Empty, Fault, Faults, Form, Page, Route, Row, SavedValues, Table, Tone, Visit,
    badge, code_block, copy_button, copyable, facts, link, moment, path,
};

pub(super) fn routes() -> Vec<Route<Customer>> {
    const PAGE: &str = "/account/keys/{prefix}";
    vec![
        Route::page("/account/keys", Access::SignedIn, new),
        Route::post("/account/keys", Access::SignedIn, "/account/keys", make).with_proof(),
        Route::page(PAGE, Access::SignedIn, show).live(),
        Route::post("/account/keys/{prefix}/terms", Access::SignedIn, PAGE, limit).with_proof(),
        Route::post("/account/keys/{prefix}/revoke", Access::SignedIn, PAGE, revoke),
    ]
}

/// What a key can be for: the words of its scopes, and what they mean.
const USES: [(&str, &str); 6] = [
    ("all", "Everything"),
    ("read", "Looking only"),
    ("orders", "Orders"),
    ("rentals", "Rentals"),
    ("orders rentals", "Orders and rentals"),
    ("webhooks", "Webhooks"),
];

/// Whether the account has a key that works now.
pub(super) async fn has_key(visit: &Visit<Customer>) -> Result<bool, Fault> {
    let keys = visit.gateway().accounts().own_keys(visit.account()).await?;
    Ok(keys.iter().any(|key| key.state(visit.now()) == KeyState::Active))
}

/// The keys of an account, with a way to make another.
pub(super) fn list(visit: &Visit<Customer>, keys: &[Key]) -> Markup {
    let mut table = Table::new("keys-list", "Your API keys, the newest first")
        .column("Key")
        .column("Name")
        .column("State")
        .column("For")
        .column("Networks")
        .column("Made")
        .column("Last used");
    for key in keys {
        let address = path!("/account/keys/{}", key.prefix);
        table = table.row(Row::new(
            key.prefix.as_str(),
            [
                link(&address, &format!("{}…", key.prefix)),
                html! { (key.terms.label.as_deref().unwrap_or("–")) },
                state_badge(key.state(visit.now())),
                html! { (used_for(key)) },
                html! { (key.terms.allowed.as_deref().unwrap_or("all")) },
                html! { (day(key.created_at)) },
                html! { @match key.last_used_at { Some(at) => (day(at)), None => "never" } },
            ],
        ));
    }
    let empty = Empty::new("No keys yet. Programs order with a key.")
        .next(link("/account/keys", "Make a key"));
    html! {
        h2 { "API keys" }
        (table.empty(empty))
        @if !keys.is_empty() { p { (link("/account/keys", "Make a key")) } }
    }
}

fn state_badge(state: KeyState) -> Markup {
    match state {
        KeyState::Active => badge(Tone::Good, "Works"),
        KeyState::Expired => badge(Tone::Quiet, "Expired"),
        KeyState::Revoked => badge(Tone::Quiet, "Revoked"),
        KeyState::Suspended => badge(Tone::Bad, "The account is suspended"),
    }
}

fn used_for(key: &Key) -> String {
    let words = key.terms.scopes.to_string();
    let known = USES.iter().find(|(known, _)| *known == words);
    known.map_or(words, |(_, meaning)| (*meaning).to_owned())
}

/// The day of a time, in UTC.
fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

async fn new(visit: Visit<Customer>) -> Result<Page, Fault> {
    let form = visit.form("/account/keys");
    Ok(Page::new("Make a key").below("Account", "/account").part(
        "new",
        html! {
            p { "A key opens this account to a program. It is shown once, when it is made." }
            (form.show(html! {
                (form.text("label", "Name").hint("for yourself, like shop; may be empty"))
                (form.choice("use", "For", &USES).value("all"))
                (form.lines("networks", "Networks").hint(NETWORKS_HINT))
                (form.text("expires", "Last day").hint("like 2027-01-31; empty: it does not end"))
                (form.button("Make a key"))
            }))
        },
    ))
}

const NETWORKS_HINT: &str = "addresses or networks that may use it, one a line, like 192.0.2.7 or \
                             2001:db8::/32; empty: all";

/// What a form says about a key.
fn terms(form: &Form, now: Timestamp) -> Result<KeyEdit, Fault> {
    let mut faults = Faults::new();
    let networks = form.text("networks").split([' ', ',', '\n', '\r']);
    let networks: Vec<String> =
        networks.filter(|text| !text.is_empty()).map(str::to_owned).collect();
    for network in &networks {
        faults.check("networks", network.parse::<Network>());
    }
    let expires_at = form.optional("expires").and_then(|day| last_moment(day, now, &mut faults));
    faults.result()?;
    let uses = form.optional("use");
    Ok(KeyEdit {
        allowed: Some(networks),
        label: Some(form.optional("label").map(str::to_owned)),
        expires_at: Some(expires_at),
        scopes: uses.map(|words| words.split(' ').map(str::to_owned).collect()),
        spend_per_day: None,
    })
}

/// When a key ends whose last day this is, in UTC.
fn last_moment(day: &str, now: Timestamp, faults: &mut Faults) -> Option<Timestamp> {
    let begins = format!("{day}T00:00:00Z").parse::<Timestamp>();
    let begins = begins.map_err(|_| "write the day like 2027-01-31");
    let ends = faults.check("expires", begins)?.plus(std::time::Duration::from_secs(24 * 3600));
    if ends <= now {
        faults.add("expires", "This day is over; a key cannot end in the past.");
    }
    Some(ends)
}

async fn make(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let terms = terms(&form, visit.now())?;
    let made = visit.gateway().accounts().add_own_key(requester(&visit), terms).await?;
    Ok(Done::shown(shown_once(&visit, &made)))
}

/// The one page that has the whole key.
fn shown_once(visit: &Visit<Customer>, made: &NewKey) -> Page {
    let (key, address) = (made.key.reveal(), visit.api_address());
    let curl = format!("curl -H 'Authorization: Bearer {key}' {address}/v2/me");
    Page::new("Your new key").below("Account", "/account").part(
        "key",
        html! {
            p { "This is the only time that it is shown: copy it now, and keep it like a \
                 password." }
            (copyable(key))
            h2 { "Try it" }
            (code_block(&curl))
            p.buttons { (copy_button("Copy the command", &curl)) }
            p { (link("/api-guide", "What can be done with it")) }
            p { (link("/account", "Back to the account")) }
        },
    )
}

/// The key of the account that the address names.
async fn find(visit: &Visit<Customer>) -> Result<Key, Fault> {
    let keys = visit.gateway().accounts().own_keys(visit.account()).await?;
    let mut found = keys.into_iter().filter(|key| key.prefix == visit.param("prefix"));
    found.next().ok_or_else(|| Fault::NotFound("Your account has no such key.".to_owned()))
}

async fn show(visit: Visit<Customer>) -> Result<Page, Fault> {
    let key = find(&visit).await?;
    let state = key.state(visit.now());
    let refused = key.last_refused.as_ref();
    let page = Page::new(format!("Key {}…", key.prefix)).below("Account", "/account").part(
        "facts",
        facts(&[
            ("State", state_badge(state)),
            ("Name", html! { (key.terms.label.as_deref().unwrap_or("–")) }),
            ("For", html! { (used_for(&key)) }),
            ("Networks", html! { (key.terms.allowed.as_deref().unwrap_or("all")) }),
            ("Made", html! { (moment(key.created_at)) }),
            (
                "Ends",
                html! {
                    @match key.terms.expires_at { Some(at) => (moment(at)), None => "never" }
                },
            ),
            (
                "Last used",
                html! {
                    @match key.last_used_at { Some(at) => (day(at)), None => "never" }
                },
            ),
            (
                "Last refused",
                html! {
                    @match refused { Some((at, why)) => { (day(*at)) ": " (why) }, None => "never" }
                },
            ),
        ]),
    );
    Ok(match state {
        KeyState::Revoked => page,
        _ => page
            .half_part("terms", terms_form(&visit, &key))
            .half_part("revoke", revoke_form(&visit, &key)),
    })
}

/// What a key is for, as its form shows it.
fn saved_terms(key: &Key) -> SavedValues {
    let networks = key.terms.allowed.as_deref().unwrap_or_default().replace(' ', "\n");
    SavedValues::new()
        .with("label", key.terms.label.as_deref().unwrap_or_default())
        .with("networks", networks)
}

fn terms_form(visit: &Visit<Customer>, key: &Key) -> Markup {
    let form = visit.form(&path!("/account/keys/{}/terms", key.prefix));
    let form = form.editing(saved_terms(key));
    html! {
        h2 { "Change it" }
        (form.show(html! {
            (form.text("label", "Name"))
            (form.lines("networks", "Networks").hint(NETWORKS_HINT))
            (form.button("Save"))
        }))
    }
}

fn revoke_form(visit: &Visit<Customer>, key: &Key) -> Markup {
    let form = visit.form(&path!("/account/keys/{}/revoke", key.prefix));
    html! {
        h2 { "Revoke it" }
        (form.confirmed(
            "Revoke this key",
            "What uses it is refused from then on. That cannot be undone.",
            form.danger_button("Revoke it"),
        ))
    }
}

async fn limit(visit: Visit<Customer>, form: Form) -> Result<Done, Fault> {
    let key = find(&visit).await?;
    form.refuse_if_stale(&saved_terms(&key))?;
    let edit = KeyEdit { expires_at: None, ..terms(&form, visit.now())? };
    let accounts = visit.gateway().accounts();
    accounts.edit_own_key(requester(&visit), key.prefix.clone(), edit).await?;
    Ok(Done::at(path!("/account/keys/{}", key.prefix), "The key was changed."))
}

async fn revoke(visit: Visit<Customer>, _form: Form) -> Result<Done, Fault> {
    let key = find(&visit).await?;
    let accounts = visit.gateway().accounts();
    accounts.revoke_own_key(requester(&visit), key.prefix.clone()).await?;
    Ok(Done::at("/account", format!("The key {}… opens nothing any more.", key.prefix)))
}
