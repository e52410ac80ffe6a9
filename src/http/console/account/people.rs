//! The people who sign in to the portal for an account. They are invited by a link that works once.

use maud::{Markup, html};

use super::super::Operator;
use super::{PAGE, address};
use crate::domain::AccountId;
use crate::domain::login::Permission::Act;
use crate::domain::login::{LoginState, Side};
use crate::gateway::{Account, ListRequest, LoginView, NewLink};
use crate::http::web::{
    Access::May, Done, Empty, Fault, Form, Page, Route, Row, Table, Tone, Visit, ago, badge,
    browser_name, copyable, hostile, link, moment, path,
};

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::post("/accounts/{id}/people", May(Act), PAGE, invite).with_proof(),
        Route::post("/accounts/{id}/people/{name}/reset", May(Act), PAGE, reset).with_proof(),
        Route::post("/accounts/{id}/people/{name}/switch", May(Act), PAGE, switch).with_proof(),
        Route::post("/accounts/{id}/people/{name}/remove", May(Act), PAGE, remove).with_proof(),
    ]
}

/// The account's people, and the form to invite another.
pub(super) async fn part(visit: &Visit<Operator>, account: &Account) -> Result<Markup, Fault> {
    let logins = people_of(visit, account.id).await?;
    let table = Table::new("logins", "People of the account")
        .column("Name")
        .column("State")
        .column("Second factor")
        .column("Last sign-in")
        .number_column("Sessions")
        .column("")
        .rows(logins.iter().map(|login| row(visit, account, login)))
        .empty(Empty::new("Nobody signs in to the portal for this account.").next(html! {
            "An invitation is a link that sets a password."
        }));
    let form = visit.form(&format!("{}/people", address(account.id)));
    Ok(html! {
        h2 { "People" }
        (table)
        (sessions(visit, account).await?)
        @if visit.may(Act) && account.erased_at.is_none() {
            (form.asked("Invite somebody", "The link works once, for seven days.", html! {
                (form.text("name", "Name").hint("empty: the account's name"))
                (form.button("Make a link"))
            }))
        }
    })
}

/// The sessions of the account's people that have not ended.
async fn sessions(visit: &Visit<Operator>, account: &Account) -> Result<Markup, Fault> {
    let sessions = visit.gateway().people().sessions_of_account(account.id).await?;
    if sessions.is_empty() {
        return Ok(Markup::default());
    }
    let rows = sessions.iter().map(|(name, session)| {
        Row::new(
            session.id,
            [
                html! { (name) },
                hostile(&browser_name(&session.browser)),
                html! { (session.address.as_deref().unwrap_or("–")) },
                moment(session.since),
                html! { (ago(visit.now(), session.last)) " ago" },
            ],
        )
    });
    let table = Table::new("sessions", "Sessions of the account's people")
        .column("Who")
        .column("Browser")
        .column("Address")
        .column("Since")
        .column("Last used");
    Ok(html! { h2 { "Sessions of these people" } (table.rows(rows)) })
}

async fn people_of(visit: &Visit<Operator>, id: AccountId) -> Result<Vec<LoginView>, Fault> {
    let request = ListRequest { account: Some(id.to_string()), ..ListRequest::default() };
    Ok(visit.gateway().people().list(Side::Portal, request).await?)
}

fn row(visit: &Visit<Operator>, account: &Account, login: &LoginView) -> Row {
    let tone = match login.state {
        LoginState::Active => Tone::Good,
        LoginState::Invited => Tone::News,
        LoginState::Disabled | LoginState::Suspended => Tone::Quiet,
    };
    Row::new(
        &login.name,
        [
            html! { (login.name) },
            html! {
                (badge(tone, login.state.as_str()))
                @if let Some(until) = login.invited_until { " until " (moment(until)) }
            },
            html! { (if login.has_second_factor { "on" } else { "off" }) },
            html! {
                @if let Some(at) = login.signed_in_at { (ago(visit.now(), at)) " ago" }
                @else { "never" }
            },
            html! { (login.sessions) },
            actions(visit, account.id, login),
        ],
    )
}

fn actions(visit: &Visit<Operator>, id: AccountId, login: &LoginView) -> Markup {
    if !visit.may(Act) {
        return Markup::default();
    }
    let base = path!("/accounts/{}/people/{}", id, login.name);
    let form = |what: &str| visit.form(&format!("{base}/{what}"));
    let (reset, switch, remove) = (form("reset"), form("switch"), form("remove"));
    let is_disabled = login.state == LoginState::Disabled;
    html! {
        details class="drop" {
            summary { "Change" }
            div class="drop-menu" {
                (reset.inline(reset.quiet_button("New link for a lost password")))
                (switch.inline(switch.button_named(
                    "to",
                    if is_disabled { "enabled" } else { "disabled" },
                    if is_disabled { "Enable" } else { "Disable" },
                )))
                (remove.inline(remove.danger_button("Remove")))
            }
        }
    }
}

/// The name of one of the account's people, by the address.
async fn named(visit: &Visit<Operator>) -> Result<(AccountId, String), Fault> {
    let id = AccountId(visit.id("id")?);
    let people = people_of(visit, id).await?;
    let found = people.into_iter().find(|login| login.name.to_string() == visit.param("name"));
    let found =
        found.ok_or_else(|| Fault::NotFound("The account has no such login.".to_owned()))?;
    Ok((id, found.name.to_string()))
}

async fn invite(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let id = AccountId(visit.id("id")?);
    let name = form.optional("name").map(str::to_owned);
    let link = visit.gateway().people().invite_customer(id.to_string(), name).await?;
    Ok(Done::shown(link_page(&visit, id, &link)))
}

async fn reset(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    let (id, name) = named(&visit).await?;
    let link = visit.gateway().people().reset(name, Side::Portal).await?;
    Ok(Done::shown(link_page(&visit, id, &link)))
}

/// Shows a link, once.
fn link_page(visit: &Visit<Operator>, id: AccountId, new: &NewLink) -> Page {
    let base = visit.tools().web.portal.as_deref();
    let shown = format!("{}/link#{}", base.unwrap_or_default(), new.token.reveal());
    Page::new("A link for once")
        .below("Accounts", "/accounts")
        .below(new.login.account_name.clone().unwrap_or_default(), address(id))
        .intro(html! {
            p {
                "Give this link to " strong { (new.login.name) } ". It works once, until "
                (moment(new.expires_at)) ", and is shown only now."
            }
            p { (copyable(&shown)) }
            @if base.is_none() {
                p {
                    "The portal is off: set " code { "[portal] origin" } " in the configuration, \
                     and put that address before the link."
                }
            }
            p { (link(&address(id), "Back to the account")) }
        })
}

async fn switch(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let (id, name) = named(&visit).await?;
    let disabled = form.text("to") == "disabled";
    let login = visit.gateway().people().set_disabled(name, Side::Portal, disabled).await?;
    let line = match disabled {
        true => format!("{} cannot sign in any more.", login.name),
        false => format!("{} can sign in again.", login.name),
    };
    Ok(Done::at(address(id), line))
}

async fn remove(visit: Visit<Operator>, _: Form) -> Result<Done, Fault> {
    let (id, name) = named(&visit).await?;
    let login = visit.gateway().people().remove(name, Side::Portal).await?;
    Ok(Done::at(address(id), format!("{} is removed.", login.name)))
}
