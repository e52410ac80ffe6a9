//! One modem: what is known of it, and what it is asked to do. A modem is named by its port, the port's last part, or its IMEI.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Refused, views};
use crate::domain::modem::ModemStatus;
use crate::gateway::{Error, Gateway, ModemAsk, ModemDesk, ScannedPort};

#[derive(Clone)]
struct Desk {
    gateway: Gateway,
    modems: Arc<dyn ModemDesk>,
}

/// The endpoints, to stand beside those of [`super::router`].
pub fn router(gateway: Gateway, modems: Arc<dyn ModemDesk>) -> Router {
    Router::new()
        .route("/modem", get(show))
        .route("/modem/at", post(at))
        .route("/modem/ussd", post(ussd))
        .route("/modem/number", post(number))
        .route("/modem/reset", post(reset))
        .route("/modem/scan", post(scan))
        .with_state(Desk { gateway, modems })
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

impl Desk {
    fn find(&self, name: &str) -> Result<ModemStatus, Refused> {
        let mut modems = self.gateway.board().modems();
        let called = |modem: &ModemStatus| {
            let last = modem.port.rsplit('/').next();
            modem.port == name || last == Some(name) || modem.imei.as_deref() == Some(name)
        };
        // A modem that has moved leaves its IMEI behind on the port where it was.
        modems.sort_by_key(|modem| (modem.port != name, !modem.ready));
        let found = modems.into_iter().find(called);
        found.ok_or_else(|| refused(format!("no modem is called {name}; `simbridge modem list` shows ports and IMEIs")))
    }

    async fn ask(&self, name: &str, ask: ModemAsk) -> Answer {
        let port = self.find(name)?.port;
        let reply = self.modems.ask(port.clone(), ask).await.map_err(refused)?;
        Ok(Json(json!({ "port": port, "reply": reply })))
    }
}

fn refused(reason: String) -> Refused {
    Error::Refused(reason).into()
}

async fn show(State(desk): State<Desk>, Query(Named { name }): Query<Named>) -> Answer {
    let modem = desk.find(&name)?;
    let sims = desk.gateway.sims().await?;
    let detail = desk.modems.detail(&modem.port).unwrap_or_default();
    let mut shown = views::modem(&modem, &sims);
    let recoveries: serde_json::Map<String, Value> =
        detail.recoveries.into_iter().map(|(step, count)| (step, count.into())).collect();
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("seen_at".to_owned(), modem.seen_at.to_string().into());
        shown.insert("firmware".to_owned(), detail.firmware.into());
        shown.insert("profile".to_owned(), detail.profile.into());
        shown.insert("usb".to_owned(), detail.usb.into());
        shown.insert("recoveries".to_owned(), recoveries.into());
        shown.insert("transcript".to_owned(), detail.transcript.into());
    }
    Ok(Json(shown))
}

async fn at(State(desk): State<Desk>, Json(AtCommand { name, command }): Json<AtCommand>) -> Answer {
    desk.ask(&name, ModemAsk::At(command)).await
}

async fn ussd(State(desk): State<Desk>, Json(Code { name, code }): Json<Code>) -> Answer {
    desk.ask(&name, ModemAsk::Ussd(code)).await
}

/// Without a code the one of the card's mobile operator is sent.
#[derive(Deserialize)]
struct Number {
    name: String,
    code: Option<String>,
}

async fn number(State(desk): State<Desk>, Json(Number { name, code }): Json<Number>) -> Answer {
    let modem = desk.find(&name)?;
    let iccid = modem.iccid.ok_or_else(|| refused(format!("no SIM is known in {name} now")))?;
    let sims = desk.gateway.sims().await?;
    let imsi = sims.into_iter().find(|view| view.sim.iccid == iccid).and_then(|view| view.sim.imsi);
    let known = || imsi.as_deref().and_then(|imsi| desk.modems.own_number_code(imsi));
    let code = code.or_else(known).ok_or_else(|| {
        refused(
            "no file says by which code this SIM's mobile operator tells its number; give the code, like *100#"
                .to_owned(),
        )
    })?;
    let reply = desk.modems.ask(modem.port, ModemAsk::Ussd(code)).await.map_err(refused)?;
    Ok(Json(views::sim(&desk.gateway.number_told(iccid, &reply.join(" ")).await?)))
}

async fn reset(State(desk): State<Desk>, Json(Reset { name, hard }): Json<Reset>) -> Answer {
    desk.ask(&name, ModemAsk::Reset { hard }).await
}

async fn scan(State(desk): State<Desk>) -> Answer {
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
