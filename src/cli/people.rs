//! `operator` and `login`: who may sign in to the console and to the portal.

use clap::Subcommand;
use serde_json::{Value, json};

use super::args::named;
use super::listing::{ListQuery, OfAccount, Page};
use super::print;
use crate::domain::login::{LoginState, Role};
use crate::http::{AdminClient, path_segment};

const OPERATOR: &[&str] = &[
    "name",
    "role",
    "state",
    "second_factor",
    "signed_in_at",
    "?created_at",
    "?invited_until",
    "?sessions",
];
const LOGIN: &[&str] = &[
    "name",
    "account",
    "state",
    "?second_factor",
    "signed_in_at",
    "?created_at",
    "?invited_until",
    "?sessions",
];

#[derive(Subcommand)]
pub(super) enum Operator {
    /// Invite an operator; the link, which works once within 24 hours, is alone on the last line
    Add {
        /// The name to sign in with
        #[arg(value_parser = named)]
        name: String,
        /// What the operator may do: an owner everything, an operator all but people, backup and
        /// configuration, a viewer only look, without texts [default: owner for the first one, then
        /// operator]
        #[arg(long, ignore_case = true, value_parser = Role::ALL.map(Role::as_str))]
        role: Option<String>,
    },
    /// List operators, oldest first
    List {
        /// Only those in this state
        #[arg(long, ignore_case = true, value_parser = LoginState::ALL.map(LoginState::as_str))]
        state: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Make a new link for an operator who has lost the password or the second factor, neither of
    /// which opens anything any more
    Reset {
        /// The operator's name
        #[arg(value_parser = named)]
        operator: String,
    },
    /// Give an operator another role
    Role {
        /// The operator's name
        #[arg(value_parser = named)]
        operator: String,
        /// What the operator may do from now on
        #[arg(ignore_case = true, value_parser = Role::ALL.map(Role::as_str))]
        role: String,
    },
    /// Let an operator sign in no more until `operator enable`, and end the sessions
    Disable {
        /// The operator's name
        #[arg(value_parser = named)]
        operator: String,
    },
    /// Let an operator sign in again
    Enable {
        /// The operator's name
        #[arg(value_parser = named)]
        operator: String,
    },
    /// Remove an operator, and end the sessions
    Remove {
        /// The operator's name
        #[arg(value_parser = named)]
        operator: String,
    },
}

#[derive(Subcommand)]
pub(super) enum Login {
    /// List the logins of customers, oldest first; `account invite` adds one
    List {
        #[command(flatten)]
        account: OfAccount,
        /// Only those in this state
        #[arg(long, ignore_case = true, value_parser = LoginState::ALL.map(LoginState::as_str))]
        state: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Make a new link for a customer who has lost the password or the second factor, neither of
    /// which opens anything any more
    Reset {
        /// The login's name
        #[arg(value_parser = named)]
        login: String,
    },
    /// Let a customer sign in no more until `login enable`, and end the sessions
    Disable {
        /// The login's name
        #[arg(value_parser = named)]
        login: String,
    },
    /// Let a customer sign in again
    Enable {
        /// The login's name
        #[arg(value_parser = named)]
        login: String,
    },
    /// Remove a customer's login, and end the sessions
    Remove {
        /// The login's name
        #[arg(value_parser = named)]
        login: String,
    },
}

/// Carries out a command about an operator.
pub(super) async fn run_operator(
    command: Operator,
    client: &AdminClient,
    json: bool,
) -> anyhow::Result<()> {
    match command {
        Operator::Add { name, role } => {
            let added = client.post("/operators", json!({ "name": name, "role": role })).await?;
            show_link(json, &added, OPERATOR)
        }
        Operator::List { state, page } => {
            let path = ListQuery::default().with("state", state).page(page).of("/operators");
            let none = "no operators; `simbridge operator add NAME` invites one";
            print::list(json, &client.get(&path).await?, OPERATOR, none)
        }
        Operator::Role { operator, role } => {
            let path = format!("/operators/{}/role", path_segment(&operator));
            print::object(json, &client.post(&path, json!({ "role": role })).await?, OPERATOR)
        }
        Operator::Reset { operator } => {
            reset(client, json, "/operators", &operator, OPERATOR).await
        }
        Operator::Disable { operator } => {
            disable(client, json, "/operators", (&operator, true), OPERATOR).await
        }
        Operator::Enable { operator } => {
            disable(client, json, "/operators", (&operator, false), OPERATOR).await
        }
        Operator::Remove { operator } => remove(client, json, "/operators", &operator).await,
    }
}

/// Carries out a command about a customer's login.
pub(super) async fn run_login(
    command: Login,
    client: &AdminClient,
    json: bool,
) -> anyhow::Result<()> {
    match command {
        Login::List { account, state, page } => {
            let query = ListQuery::default().account(account).with("state", state);
            let logins = client.get(&query.page(page).of("/logins")).await?;
            let none = "no logins; `simbridge account invite ACCOUNT` adds one";
            print::list(json, &logins, LOGIN, none)
        }
        Login::Reset { login } => reset(client, json, "/logins", &login, LOGIN).await,
        Login::Disable { login } => disable(client, json, "/logins", (&login, true), LOGIN).await,
        Login::Enable { login } => disable(client, json, "/logins", (&login, false), LOGIN).await,
        Login::Remove { login } => remove(client, json, "/logins", &login).await,
    }
}

/// Invites a customer of an account.
pub(super) async fn invite(
    client: &AdminClient,
    json: bool,
    account: &str,
    name: Option<String>,
) -> anyhow::Result<()> {
    let path = format!("/accounts/{}/logins", path_segment(account));
    show_link(json, &client.post(&path, json!({ "name": name })).await?, LOGIN)
}

async fn reset(
    client: &AdminClient,
    json: bool,
    path: &str,
    name: &str,
    fields: &[&str],
) -> anyhow::Result<()> {
    let path = format!("{path}/{}/reset", path_segment(name));
    show_link(json, &client.post(&path, json!({})).await?, fields)
}

async fn disable(
    client: &AdminClient,
    json: bool,
    path: &str,
    (name, disabled): (&str, bool),
    fields: &[&str],
) -> anyhow::Result<()> {
    let path = format!("{path}/{}/disabled", path_segment(name));
    print::object(json, &client.post(&path, json!({ "disabled": disabled })).await?, fields)
}

async fn remove(client: &AdminClient, json: bool, path: &str, name: &str) -> anyhow::Result<()> {
    let removed = client.delete(&format!("{path}/{}", path_segment(name))).await?;
    print::object(json, &removed, &["removed"])
}

/// Prints a login and its new link, which is alone on the last line, for scripts.
fn show_link(json: bool, invited: &Value, fields: &[&str]) -> anyhow::Result<()> {
    print::object(json, invited, fields)?;
    let link = invited.get("link").and_then(Value::as_str).filter(|_| !json);
    let Some(link) = link else { return Ok(()) };
    if link.starts_with('/') {
        print::complain(
            "note: it is not configured where people sign in; put the address of the pages before \
             the link",
        );
    }
    print::line(link)
}
