//! One modem: what is known of it, and what it is asked to do. A modem is named by its port, the
//! port's last part, or its IMEI.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Refused, views};
use crate::domain::modem::ModemStatus;
use crate::domain::sim::NumberSource;
use crate::gateway::{Error, Gateway, ModemAsk, ModemControl, ScannedPort};

/// How long a message from one SIM of ours to another is waited for while a command waits.
const ARRIVAL: Duration = Duration::from_secs(60);

#[derive(Clone)]
struct AdminState {
    gateway: Gateway,
    modems: Arc<dyn ModemControl>,
}

/// The endpoints, to stand beside those of [`super::router`].
pub fn router(gateway: Gateway, modems: Arc<dyn ModemControl>) -> Router {
    Router::new()
        .route("/modem", get(show))
        .route("/modem/recording", get(recording))
        .route("/modem/at", post(at))
        .route("/modem/ussd", post(ussd))
        .route("/modem/number", post(number))
        .route("/modem/write-number", post(write_number))
        .route("/modem/reset", post(reset))
        .route("/modem/scan", post(scan))
        .with_state(AdminState { gateway, modems })
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct AtCommand {
    name: String,
    command: String,
}

#[derive(Deserialize)]
struct Code {
    name: String,
    code: String,
}

#[derive(Deserialize)]
struct Reset {
    name: String,
    #[serde(default)]
    hard: bool,
}

impl AdminState {
    fn find(&self, name: &str) -> Result<ModemStatus, Refused> {
        let mut modems = self.gateway.modems().modems();
        let called = |modem: &ModemStatus| {
            let last = modem.port.rsplit('/').next();
            modem.port == name || last == Some(name) || modem.imei.as_deref() == Some(name)
        };
        // A modem that has moved leaves its IMEI behind on the port where it was.
        modems.sort_by_key(|modem| (modem.port != name, !modem.ready));
        let found = modems.into_iter().find(called);
        found.ok_or_else(|| {
            refused(format!(
                "no modem is called {name}; `simbridge modem list` shows ports and IMEIs"
            ))
        })
    }

    /// A modem is helped also while the database is full.
    async fn note(&self, deed: &'static str, port: &str) {
        if let Err(error) =
            self.gateway.audit().note_operator_action(deed, format!("modem {port}")).await
        {
            tracing::error!(event = "audit_failed", %error, "what the operator did could not be noted");
        }
    }

    /// Asks a modem, and notes as which deed.
    async fn ask(&self, name: &str, deed: &'static str, ask: ModemAsk) -> Answer {
        let port = self.find(name)?.port;
        self.note(deed, &port).await;
        let reply = self.modems.ask(port.clone(), ask).await.map_err(refused)?;
        Ok(Json(json!({ "port": port, "reply": reply })))
    }
}

fn refused(reason: String) -> Refused {
    Error::Refused(reason).into()
}

async fn show(State(desk): State<AdminState>, Query(Named { name }): Query<Named>) -> Answer {
    let modem = desk.find(&name)?;
    let sims = desk.gateway.sims().list().await?;
    let detail = desk.modems.detail(&modem.port).unwrap_or_default();
    let asks = match &modem.iccid {
        Some(iccid) => desk.gateway.numbers().attempts(iccid).await?,
        None => Vec::new(),
    };
    let mut shown = views::modem(&modem, &sims);
    let recoveries: serde_json::Map<String, Value> =
        detail.recoveries.into_iter().map(|(step, count)| (step, count.into())).collect();
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("seen_at".to_owned(), modem.seen_at.to_string().into());
        shown.insert("firmware".to_owned(), detail.firmware.into());
        shown.insert("profile".to_owned(), detail.profile.into());
        shown.insert("usb".to_owned(), detail.usb.into());
        shown.insert("number_asked".to_owned(), views::asks(&asks));
        shown.insert("recoveries".to_owned(), recoveries.into());
        shown.insert("dropped".to_owned(), detail.dropped.into());
        let history = desk.gateway.modems().history(&modem.port);
        shown.insert("history".to_owned(), history.iter().map(views::change).collect());
        shown.insert("transcript".to_owned(), detail.transcript.into());
    }
    Ok(Json(shown))
}

async fn recording(State(desk): State<AdminState>, Query(Named { name }): Query<Named>) -> Answer {
    let modem = desk.find(&name)?;
    desk.note("recorded", &modem.port).await;
    let lines = desk.modems.recording(&modem.port).unwrap_or_default();
    Ok(Json(json!({ "port": modem.port, "lines": lines })))
}

async fn at(
    State(desk): State<AdminState>,
    Json(AtCommand { name, command }): Json<AtCommand>,
) -> Answer {
    desk.ask(&name, "sent a command to", ModemAsk::At(command)).await
}

async fn ussd(State(desk): State<AdminState>, Json(Code { name, code }): Json<Code>) -> Answer {
    desk.ask(&name, "sent a USSD code by", ModemAsk::Ussd(code)).await
}

/// Without a code the one of the card's mobile operator is sent.
#[derive(Deserialize)]
struct Number {
    name: String,
    code: Option<String>,
    #[serde(default)]
    loopback: bool,
}

#[derive(Deserialize)]
struct Written {
    iccid: String,
}

async fn number(
    State(desk): State<AdminState>,
    Json(Number { name, code, loopback }): Json<Number>,
) -> Answer {
    let modem = desk.find(&name)?;
    let iccid = modem.iccid.ok_or_else(|| refused(format!("no SIM is known in {name} now")))?;
    if !loopback {
        return Ok(Json(views::sim(
            &desk.gateway.numbers().ask_by_ussd(&*desk.modems, &iccid, code).await?,
        )));
    }
    let mut news = desk.gateway.inbox().subscribe();
    desk.gateway.numbers().ask_by_loopback(&*desk.modems, &iccid).await?;
    let came = async {
        loop {
            let sim = desk.gateway.sims().find(iccid.clone()).await?;
            let learnt =
                sim.sim.number.as_ref().is_some_and(|known| known.source == NumberSource::Loopback);
            if learnt || news.changed().await.is_err() {
                return Ok::<_, Refused>(sim);
            }
        }
    };
    let sim = tokio::time::timeout(ARRIVAL, came).await.map_err(|_| {
        refused(
            "the message was sent and has not come yet; `simbridge sim show` tells the number \
             once it has"
                .to_owned(),
        )
    })??;
    Ok(Json(views::sim(&sim)))
}

/// Puts the number that is known onto the card itself.
async fn write_number(
    State(desk): State<AdminState>,
    Json(Written { iccid }): Json<Written>,
) -> Answer {
    let written = desk.gateway.numbers().write_number(&*desk.modems, &iccid).await?;
    Ok(Json(json!({ "iccid": iccid, "written": written })))
}

async fn reset(State(desk): State<AdminState>, Json(Reset { name, hard }): Json<Reset>) -> Answer {
    desk.ask(&name, "reset", ModemAsk::Reset { hard }).await
}

async fn scan(State(desk): State<AdminState>) -> Answer {
    Ok(Json(desk.modems.scan().await.iter().map(scanned).collect()))
}

fn scanned(port: &ScannedPort) -> Value {
    json!({
        "port": port.port,
        "answer": port.answer,
        "imei": port.imei,
        "manufacturer": port.manufacturer,
        "model": port.model,
        "profile": port.profile,
    })
}
