//! The console's pages as browsers get them: what stands on them, for whom, and what their forms
//! do.

mod accounts;
mod banks;
mod messages;
mod modems;
mod orders;
mod revenue;
mod services;
mod sims;
mod stock;
mod system;

use crate::domain::login::Role;
use crate::domain::sim::Pool;
use crate::domain::{Amount, Iccid, PortName, Timestamp};
use crate::gateway::{AuditRow, Freshness, Whom};
use crate::http::web::tests::Stage;

/// What the audit has of a person's deeds, in the words of its rows.
async fn deeds_of(stage: &Stage, name: &str) -> Vec<String> {
    let rows = stage.fixture.gateway.audit().rows(crate::domain::RowLimit::ALL).await.unwrap();
    let is_theirs = |row: &AuditRow| row.person.as_ref().and_then(|who| who.name()) == Some(name);
    let theirs = rows.into_iter().filter(is_theirs);
    theirs.map(|row| format!("{} {}", row.action, row.subject)).collect()
}
