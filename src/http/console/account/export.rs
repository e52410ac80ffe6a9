//! All that is kept of an account, as a file for the person whose it is.

use maud::{Markup, html};

use super::super::Operator;
use super::{account_of, address};
use crate::domain::login::Permission::SeeTexts;
use crate::gateway::Account;
use crate::http::admin::export_body;
use crate::http::web::{Access::May, Download, Fault, Route, Visit, link};

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![Route::file("/accounts/{id}/export.json", May(SeeTexts), download).with_proof()]
}

/// The way to the file, for whom may see texts: they are in it.
pub(super) fn part(visit: &Visit<Operator>, account: &Account) -> Markup {
    let file = format!("{}/export.json", address(account.id));
    html! {
        @if visit.may(SeeTexts) {
            p { (link(&file, "Download all that is kept of it")) " (JSON), for its customer." }
        }
    }
}

async fn download(visit: Visit<Operator>) -> Result<Download, Fault> {
    let (account, ..) = account_of(&visit).await?;
    let id = visit.gateway().accounts().begin_export(account.id.to_string()).await?;
    let body = export_body(visit.gateway().clone(), id);
    Ok(Download::new(format!("account-{id}.json"), "application/json", body))
}
