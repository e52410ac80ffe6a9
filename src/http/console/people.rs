//! The operators and their roles. Customers' logins are on their accounts' pages.

use maud::{Markup, html};

use super::Operator;
use crate::domain::login::{LoginKind, LoginState, Permission::ManagePeople, Role, Side};
use crate::gateway::{ListRequest, LoginView, NewLink, Topic};
use crate::http::web::{
    Access, Done, Fault, Faults, Form, Page, Route, Row, SavedValues, Table, Tone, Visit,
    ago_or_never, badge, copyable, moment, path,
};

const PEOPLE: &str = "/people";

pub(super) fn routes() -> Vec<Route<Operator>> {
    let manage = Access::May(ManagePeople);

    vec![
        Route::page(PEOPLE, manage, list).live_on(&[Topic::Accounts]),
        Route::post("/people/add", manage, PEOPLE, add).with_proof(),
        Route::post("/people/{name}/reset", manage, PEOPLE, reset).with_proof(),
        Route::post("/people/{name}/role", manage, PEOPLE, set_role).with_proof(),
        Route::post("/people/{name}/disable", manage, PEOPLE, disable).with_proof(),
        Route::post("/people/{name}/enable", manage, PEOPLE, enable).with_proof(),
        Route::post("/people/{name}/remove", manage, PEOPLE, remove).with_proof(),
    ]
}

/// Each role with what it may do.
const ROLES: [(&str, &str); 3] = [
    ("operator", "Operator: everything of the day"),
    ("viewer", "Viewer: looks, without texts and whole numbers"),
    ("owner", "Owner: also people, backup and configuration"),
];

async fn list(visit: Visit<Operator>) -> Result<Page, Fault> {
    let people = visit.gateway().people().list(Side::Console, ListRequest::default()).await?;
    let table = Table::new("person", "Operators")
        .column("Name")
        .column("Role")
        .column("State")
        .column("Second factor")
        .column("Last sign-in")
        .column("");
    let table = table.rows(people.iter().map(|login| row(&visit, login)));
    let form = visit.form("/people/add");
    Ok(Page::new("People").part("people", html! { (table) }).part(
        "invite",
        html! {
            h2 { "Invite an operator" }
            (form.show(html! {
                (form.text("name", "Name").required())
                (form.choice("role", "Role", &ROLES))
                (form.button("Make a link"))
            }))
        },
    ))
}

fn row(visit: &Visit<Operator>, login: &LoginView) -> Row {
    let role = login.kind.role().map_or("–", Role::as_str);
    let factor = if login.has_second_factor { "on" } else { "off" };
    Row::new(
        &login.name,
        [
            html! { (login.name) },
            html! { (role) },
            state(login),
            html! { (factor) },
            ago_or_never(visit.now(), login.signed_in_at),
            actions(visit, login),
        ],
    )
}

fn state(login: &LoginView) -> Markup {
    let tone = match login.state {
        LoginState::Active => Tone::Good,
        LoginState::Invited => Tone::News,
        LoginState::Disabled | LoginState::Suspended => Tone::Quiet,
    };
    html! {
        (badge(tone, login.state.as_str()))
        @if let Some(until) = login.invited_until { " until " (moment(until)) }
    }
}

/// The role of a login, as its form shows it.
fn saved_role(login: &LoginView) -> SavedValues {
    SavedValues::new().with("role", login.kind.role().map_or("", Role::as_str))
}

fn actions(visit: &Visit<Operator>, login: &LoginView) -> Markup {
    let form = |what: &str| visit.form(&format!("{}/{what}", path!("/people/{}", login.name)));
    let (role, reset, remove) = (form("role"), form("reset"), form("remove"));
    let is_disabled = login.state == LoginState::Disabled;
    let (verb, label) = if is_disabled { ("enable", "Enable") } else { ("disable", "Disable") };
    let switch = form(verb);
    let role = role.editing(saved_role(login));
    let roles = Role::ALL.map(|role| (role.as_str(), role.as_str()));
    html! {
        details class="drop" {
            summary { "Change" }
            div class="drop-menu" {
                (role.inline(html! {
                    (role.choice("role", "Role", &roles)) (role.quiet_button("Set"))
                }))
                (reset.inline(reset.quiet_button("New link for a lost password")))
                (switch.inline(switch.quiet_button(label)))
                (remove.inline(remove.danger_button("Remove")))
            }
        }
    }
}

fn read_role(form: &Form) -> Result<Role, Fault> {
    let mut faults = Faults::new();
    let role = form.text("role").parse::<Role>().map_err(|_| "choose a role of the list");
    let role = faults.check("role", role);
    faults.result()?;
    role.ok_or_else(|| Fault::form("Choose a role of the list."))
}

async fn add(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let (role, name) = (read_role(&form)?, form.text("name").to_owned());
    let link = visit.gateway().people().add_operator(name, Some(role)).await?;
    Ok(Done::shown(link_page(&visit, &link)))
}

async fn reset(visit: Visit<Operator>, _form: Form) -> Result<Done, Fault> {
    let name = visit.param("name").to_owned();
    let link = visit.gateway().people().reset(name, Side::Console).await?;
    Ok(Done::shown(link_page(&visit, &link)))
}

/// Shows a link, once.
fn link_page(visit: &Visit<Operator>, link: &NewLink) -> Page {
    let address = format!("{}/link#{}", visit.base_address(), link.token.reveal());
    Page::new("A link for once").below("People", PEOPLE).intro(html! {
        p {
            "Give this link to " strong { (link.login.name) } ". It works once, until "
            (moment(link.expires_at)) ", and is shown only now."
        }
        p { (copyable(&address)) }
        p { a class="button" href=(PEOPLE) { "Back to the people" } }
    })
}

async fn set_role(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let (role, name) = (read_role(&form)?, visit.param("name").to_owned());
    let people = visit.gateway().people().list(Side::Console, ListRequest::default()).await?;
    if let Some(login) = people.iter().find(|login| login.name.to_string() == name) {
        form.refuse_if_stale(&saved_role(login))?;
    }
    let login = visit.gateway().people().set_role(name, role).await?;
    let is = match login.kind {
        LoginKind::Operator(role) => role.as_str(),
        LoginKind::Customer(_) => "customer",
    };
    Ok(Done::at(PEOPLE, format!("{} is {is} now.", login.name)))
}

async fn disable(visit: Visit<Operator>, _form: Form) -> Result<Done, Fault> {
    let name = visit.param("name").to_owned();
    let login = visit.gateway().people().set_disabled(name, Side::Console, true).await?;
    Ok(Done::at(PEOPLE, format!("{} cannot sign in any more.", login.name)))
}

async fn enable(visit: Visit<Operator>, _form: Form) -> Result<Done, Fault> {
    let name = visit.param("name").to_owned();
    let login = visit.gateway().people().set_disabled(name, Side::Console, false).await?;
    Ok(Done::at(PEOPLE, format!("{} can sign in again.", login.name)))
}

async fn remove(visit: Visit<Operator>, _form: Form) -> Result<Done, Fault> {
    let name = visit.param("name").to_owned();
    let login = visit.gateway().people().remove(name, Side::Console).await?;
    Ok(Done::at(PEOPLE, format!("{} is removed.", login.name)))
}
