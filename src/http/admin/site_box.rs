//! The admin interface of a site's daemon: its modems, its banks and its connection. Everything
//! else is asked of the central daemon.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use serde_json::json;

use super::modems::{Named, find_modem, insert_details, scanned};
use super::{Answer, ListQuery, Refused, banks, refused, views};
use crate::domain::bank::BankReport;
use crate::domain::modem::{ModemDetail, ModemStatus};
use crate::domain::{SiteName, Timestamp};
use crate::gateway::{BoxFuture, Change, ScannedPort};

/// The connection of a site to its central daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkView {
    pub connected: bool,
    /// The central daemon that it is connected to.
    pub central: Option<String>,
    /// When the connection began or ended, in RFC 3339; `None` if there has been none yet.
    pub since: Option<String>,
    /// Why there is no connection.
    pub reason: Option<String>,
}

/// What a site's daemon knows.
pub trait SiteBox: Send + Sync {
    fn name(&self) -> &SiteName;
    fn started_at(&self) -> Timestamp;
    fn now(&self) -> Timestamp;
    fn link(&self) -> LinkView;
    /// The modems, by port.
    fn modems(&self) -> Vec<ModemStatus>;
    /// The last changes of a port's modem, oldest first.
    fn history(&self, port: &str) -> Vec<Change>;
    fn banks(&self) -> Vec<BankReport>;
    /// What the driver has counted and recorded of a port.
    fn detail(&self, port: &str) -> BoxFuture<'_, Option<ModemDetail>>;
    /// Looks at every serial port of the machine.
    fn scan(&self) -> BoxFuture<'_, Vec<ScannedPort>>;
}

type SharedSite = Arc<dyn SiteBox>;

/// The endpoints of a site's admin interface, except those of [`super::reload_router`] and of
/// [`health`](crate::http::health).
pub fn site_router(site: SharedSite) -> Router {
    Router::new()
        .route("/status", get(status))
        .route("/modems", get(list_modems))
        .route("/modem", get(show_modem))
        .route("/modem/scan", post(scan))
        .route("/banks", get(list_banks))
        .route("/banks/{name}", get(show_bank))
        .fallback(refuse)
        .with_state(site)
}

async fn refuse() -> Refused {
    refused(
        "this daemon is a site: it knows its modems, its banks and its connection; ask the central \
         daemon for everything else",
    )
}

async fn status(State(site): State<SharedSite>) -> Answer {
    let (modems, now) = (site.modems(), site.now());
    let ready = modems.iter().filter(|modem| modem.usable(now)).count();
    Ok(Json(json!({
        "site": site.name().as_str(),
        "link": site.link(),
        "ready": !modems.iter().any(|modem| modem.is_in_first_try(now)),
        "modems": { "total": modems.len(), "ready": ready },
        "banks": site.banks().len(),
        "version": env!("CARGO_PKG_VERSION"),
        "started_at": site.started_at().to_string(),
        "uptime_seconds": now.since(site.started_at()).as_secs(),
    })))
}

async fn list_modems(State(site): State<SharedSite>, Query(query): Query<ListQuery>) -> Answer {
    let (_, page) = query.for_whole_list(&[])?;
    let modems = page.cut(site.modems(), |modem| modem.snapshot.port.as_str().to_owned())?;
    Ok(Json(modems.iter().map(|modem| views::modem(modem, &[], &[], None)).collect()))
}

async fn show_modem(State(site): State<SharedSite>, Query(Named { name }): Query<Named>) -> Answer {
    let modem = find_modem(&site.modems(), &[], &name)?;
    let port = modem.snapshot.port.as_str();
    let detail = site.detail(port).await.unwrap_or_default();
    let mut shown = views::modem(&modem, &[], &[], None);
    if let Some(shown) = shown.as_object_mut() {
        insert_details(shown, &modem, detail, &site.history(port));
    }
    Ok(Json(shown))
}

async fn scan(State(site): State<SharedSite>) -> Answer {
    Ok(Json(site.scan().await.iter().map(scanned).collect()))
}

async fn list_banks(State(site): State<SharedSite>, Query(query): Query<ListQuery>) -> Answer {
    banks::answer_list(site.banks(), query)
}

async fn show_bank(State(site): State<SharedSite>, Path(name): Path<String>) -> Answer {
    let bank = site.banks().into_iter().find(|bank| bank.name == name);
    let unknown = || refused(format!("no bank is called {name}; `simbridge bank list` shows them"));
    Ok(Json(banks::details(&bank.ok_or_else(unknown)?)))
}
