//! The people who sign in: operators, and accounts' logins.

use axum::extract::{Path, Query, State};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::books::with;
use super::listing::ListQuery;
use super::{AdminState, Answer, Refused, refused};
use crate::domain::login::{Role, Side};
use crate::gateway::{LoginView, NewLink, SessionView};

/// Where people sign in, as far as that is configured: the beginning of each link that they are
/// given, like `https://sms.example.com`.
#[derive(Debug, Clone, Default)]
pub struct WebAddresses {
    /// The operators' pages.
    pub console: Option<String>,
    /// The customers' pages.
    pub portal: Option<String>,
}

impl WebAddresses {
    fn of(&self, side: Side) -> Option<&str> {
        match side {
            Side::Console => self.console.as_deref(),
            Side::Portal => self.portal.as_deref(),
        }
    }
}

pub(super) fn routes() -> Router<AdminState> {
    of_side("/operators", Side::Console)
        .route("/operators", post(add))
        .route("/operators/{name}/role", post(set_role))
        .merge(of_side("/logins", Side::Portal))
        .route("/accounts/{account}/logins", post(invite))
}

/// What the logins of both sides have in common.
fn of_side(path: &str, side: Side) -> Router<AdminState> {
    let list = move |State(admin): State<AdminState>, Query(query): Query<ListQuery>| async move {
        list(&admin, side, query).await
    };
    let remove = move |State(admin): State<AdminState>, Path(name): Path<String>| async move {
        let removed = admin.gateway.people().remove(name, side).await?;
        answer(json!({ "removed": removed.name.as_str() }))
    };
    let reset = move |State(admin): State<AdminState>, Path(name): Path<String>| async move {
        answer(link(&admin, &admin.gateway.people().reset(name, side).await?))
    };
    let disable = move |State(admin): State<AdminState>,
                        Path(name): Path<String>,
                        Json(Disabled { disabled }): Json<Disabled>| async move {
        answer(view(&admin.gateway.people().set_disabled(name, side, disabled).await?))
    };
    Router::new()
        .route(path, get(list))
        .route(&format!("{path}/{{name}}"), delete(remove))
        .route(&format!("{path}/{{name}}/reset"), post(reset))
        .route(&format!("{path}/{{name}}/disabled"), post(disable))
}

fn answer(value: Value) -> Answer {
    Ok(Json(value))
}

/// A login.
pub(super) fn view(login: &LoginView) -> Value {
    json!({
        "id": login.id.0,
        "name": login.name.as_str(),
        "role": login.kind.role().map(Role::as_str),
        "account": login.account_name,
        "state": login.state.as_str(),
        "second_factor": login.has_second_factor,
        "created_at": login.created_at.to_string(),
        "signed_in_at": login.signed_in_at.map(|at| at.to_string()),
        "invited_until": login.invited_until.map(|until| until.to_string()),
        "sessions": login.sessions,
    })
}

/// A login with its sessions.
pub(super) fn with_sessions((login, sessions): &(LoginView, Vec<SessionView>)) -> Value {
    let session = |session: &SessionView| {
        json!({
            "since": session.since.to_string(),
            "last": session.last.to_string(),
            "address": session.address,
            "browser": session.browser,
        })
    };
    let sessions: Vec<Value> = sessions.iter().map(session).collect();
    with(view(login), json!({ "open_sessions": sessions }))
}

/// A login with its new link, which is shown only now. What is secret of the link stands after a
/// `#`: browsers send that to nobody.
fn link(admin: &AdminState, new: &NewLink) -> Value {
    let base = admin.web.of(new.login.kind.side()).unwrap_or_default();
    let link = format!("{base}/link#{}", new.token.reveal());
    with(view(&new.login), json!({ "link": link, "expires_at": new.expires_at.to_string() }))
}

async fn list(admin: &AdminState, side: Side, query: ListQuery) -> Answer {
    let filters: &[&str] = match side {
        Side::Console => &["state"],
        Side::Portal => &["account", "state"],
    };
    let (request, page) = query.for_whole_list(filters)?;
    let logins = admin.gateway.people().list(side, request).await?;
    let logins = page.cut(logins, |login| login.id.to_string())?;
    answer(logins.iter().map(view).collect())
}

fn read_role(word: &str) -> Result<Role, Refused> {
    word.parse().map_err(|_| {
        refused(format!("no role {word}; there are {}", Role::ALL.map(Role::as_str).join(", ")))
    })
}

/// An operator. Without a role, the first one is an owner, and others are operators.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOperator {
    name: String,
    role: Option<String>,
}

async fn add(
    State(admin): State<AdminState>,
    Json(NewOperator { name, role }): Json<NewOperator>,
) -> Answer {
    let role = role.as_deref().map(read_role).transpose()?;
    answer(link(&admin, &admin.gateway.people().add_operator(name, role).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRole {
    role: String,
}

async fn set_role(
    State(admin): State<AdminState>,
    Path(name): Path<String>,
    Json(NewRole { role }): Json<NewRole>,
) -> Answer {
    answer(view(&admin.gateway.people().set_role(name, read_role(&role)?).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Disabled {
    disabled: bool,
}

/// A customer's login. Without a name it is called as the account.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCustomer {
    name: Option<String>,
}

async fn invite(
    State(admin): State<AdminState>,
    Path(account): Path<String>,
    Json(NewCustomer { name }): Json<NewCustomer>,
) -> Answer {
    answer(link(&admin, &admin.gateway.people().invite_customer(account, name).await?))
}
