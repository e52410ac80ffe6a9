//! Single modems: what is known about them, and the requests that operators make to them. A modem
//! is named by its port, the last part of the port, its IMEI, or what else identifies it.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::{Query, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{AdminState, Answer, ListQuery, Refused, refused, views};
use crate::domain::audit::AuditAction;
use crate::domain::modem::{ModemDetail, ModemRequest, ModemState, ModemStatus};
use crate::domain::sim::NumberSource;
use crate::domain::{Iccid, ModemId, PortName, Timestamp};
use crate::gateway::{Change, LastSim, ListRequest, ScannedPort, same_word};

/// How long a request waits for a message that one of our SIMs has sent to another.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(60);

pub(super) fn routes() -> Router<AdminState> {
    Router::new()
        .route("/modem", get(show))
        .route("/modem/signal", get(signal))
        .route("/modem/recording", get(recording))
        .route("/modem/at", post(at))
        .route("/modem/ussd", post(ussd))
        .route("/modem/number", post(number))
        .route("/modem/write-number", post(write_number))
        .route("/modem/reset", post(reset))
        .route("/modem/scan", post(scan))
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

#[derive(Deserialize)]
struct AtCommand {
    name: String,
    command: String,
    #[serde(default)]
    force: bool,
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
    async fn find_modem(&self, name: &str) -> Result<ModemStatus, Refused> {
        let shared = self.gateway.sims().shared_modem_ids().await?;
        find_modem(&self.gateway.modems().modems(), &shared, name)
    }

    /// Which SIM each modem had last that has none now.
    async fn last_sims(
        &self,
        modems: &[ModemStatus],
    ) -> Result<HashMap<PortName, LastSim>, Refused> {
        let empty = modems.iter().filter(|modem| modem.snapshot.iccid().is_none());
        let empty = empty.filter_map(|modem| modem.snapshot.modem()).collect();
        Ok(self.gateway.sims().last_in(empty).await?)
    }

    /// Sends a request to a modem, and records it in the audit log, with `detail` behind the
    /// modem's port.
    async fn request(
        &self,
        name: &str,
        action: AuditAction<'static>,
        detail: &str,
        request: ModemRequest,
    ) -> Answer {
        let port = self.find_modem(name).await?.snapshot.port;
        self.note(action, format!("modem {port}{detail}")).await;
        let reply = self.modems.request(port.clone(), request).await;
        let reply = reply.map_err(|error| refused(error.to_string()))?;
        Ok(Json(json!({ "port": port.as_str(), "reply": reply })))
    }
}

/// The modem that a name stands for. `shared` are ids that several modems have.
pub(super) fn find_modem(
    modems: &[ModemStatus],
    shared: &[ModemId],
    name: &str,
) -> Result<ModemStatus, Refused> {
    if let Some(modem) = modems.iter().find(|modem| modem.snapshot.port == name) {
        return Ok(modem.clone());
    }
    let several = |count: usize| {
        refused(format!("{count} modems are called {name}; name the port of the one that you mean"))
    };
    // Ports of two machines may have the same last part.
    let is_last_part =
        |modem: &&ModemStatus| modem.snapshot.port.as_str().rsplit('/').next() == Some(name);
    let of_port: Vec<&ModemStatus> = modems.iter().filter(is_last_part).collect();
    match of_port.as_slice() {
        [] => {}
        [modem] => return Ok((*modem).clone()),
        several_ports => return Err(several(several_ports.len())),
    }
    let called = |modem: &&ModemStatus| {
        let modem = &modem.snapshot;
        modem.imei().is_some_and(|imei| imei == name)
            || views::identity_of(modem, shared).is_some_and(|id| id == name)
    };
    let unknown = || {
        refused(format!(
            "no modem is called {name}; `simbridge modem list` shows ports and identities"
        ))
    };
    // The port that a modem was on before still shows what it told, so a modem that works comes
    // first.
    let rank =
        |modem: &&ModemStatus| (!modem.snapshot.is_ready(), modem.snapshot.state.is_out_of_order());
    let named: Vec<&ModemStatus> = modems.iter().filter(called).collect();
    let best = named.iter().min_by_key(|modem| rank(modem)).ok_or_else(unknown)?;
    let is_out_of_order = best.snapshot.state.is_out_of_order();
    let equals = named.iter().filter(|modem| rank(modem) == rank(best)).count();
    if equals > 1 && !is_out_of_order {
        return Err(several(equals));
    }
    Ok((*best).clone())
}

/// Lists the modems by port. A number, an ICCID or a country is that of the SIM in the modem.
pub(super) async fn list(
    State(admin): State<AdminState>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let (request, page) = query.for_whole_list(&["number", "iccid", "country", "state"])?;
    let state = request.state.as_deref().map(parse_state).transpose()?;
    let of_sim = request.number.is_some() || request.iccid.is_some() || request.country.is_some();
    let sims = admin.gateway.sims().search(ListRequest { state: None, ..request }).await?;
    let shared = admin.gateway.sims().shared_modem_ids().await?;
    let mut modems = admin.gateway.modems().modems();
    modems.retain(|modem| {
        let snapshot = &modem.snapshot;
        let has_sim = |iccid: &Iccid| sims.iter().any(|view| view.sim.iccid == *iccid);
        state.is_none_or(|state| state == snapshot.state)
            && (!of_sim || snapshot.iccid().is_some_and(has_sim))
    });
    let modems = page.cut(modems, |modem| modem.snapshot.port.as_str().to_owned())?;
    let last = admin.last_sims(&modems).await?;
    let view =
        |modem: &ModemStatus| views::modem(modem, &sims, &shared, last.get(&modem.snapshot.port));
    Ok(Json(modems.iter().map(view).collect()))
}

fn parse_state(word: &str) -> Result<ModemState, Refused> {
    let known = same_word(word, ModemState::ALL.map(ModemState::as_str));
    known.and_then(|known| known.parse().ok()).ok_or_else(|| {
        let words = ModemState::ALL.map(ModemState::as_str).join(", ");
        refused(format!("no state {word}; there are {words}"))
    })
}

async fn show(State(state): State<AdminState>, Query(Named { name }): Query<Named>) -> Answer {
    let modem = state.find_modem(&name).await?;
    let sims = state.gateway.sims().list().await?;
    let snapshot = &modem.snapshot;
    let detail = state.modems.detail(snapshot.port.as_str()).await.unwrap_or_default();
    let attempts = match snapshot.iccid() {
        Some(iccid) => state.gateway.numbers().attempts(iccid).await?,
        None => Vec::new(),
    };
    let shared = state.gateway.sims().shared_modem_ids().await?;
    let last = state.last_sims(std::slice::from_ref(&modem)).await?;
    let mut shown = views::modem(&modem, &sims, &shared, last.get(&snapshot.port));
    if let Some(shown) = shown.as_object_mut() {
        shown.insert("number_asked".to_owned(), views::attempts(&attempts));
        let history = state.gateway.modems().history(snapshot.port.as_str());
        insert_details(shown, &modem, detail, &history);
    }
    Ok(Json(shown))
}

/// Adds to a row of the list what is shown of a single modem only.
pub(super) fn insert_details(
    shown: &mut Map<String, Value>,
    modem: &ModemStatus,
    detail: ModemDetail,
    history: &[Change],
) {
    let snapshot = &modem.snapshot;
    let recoveries: Map<String, Value> = detail
        .recoveries
        .into_iter()
        .map(|(step, count)| (step.as_str().to_owned(), count.into()))
        .collect();
    shown.insert("seen_at".to_owned(), modem.seen_at.to_string().into());
    let firmware = snapshot.identity.as_ref().and_then(|identity| identity.firmware.clone());
    shown.insert("firmware".to_owned(), firmware.into());
    shown.insert("profile".to_owned(), snapshot.profile.clone().into());
    shown.insert("usb".to_owned(), detail.usb.into());
    shown.insert("recoveries".to_owned(), recoveries.into());
    shown.insert("dropped".to_owned(), detail.dropped.into());
    shown.insert("history".to_owned(), history.iter().map(views::change).collect());
    shown.insert("transcript".to_owned(), detail.transcript.into());
}

async fn recording(State(state): State<AdminState>, Query(Named { name }): Query<Named>) -> Answer {
    let modem = state.find_modem(&name).await?;
    let port = &modem.snapshot.port;
    state.note(AuditAction::Recorded, format!("modem {port}")).await;
    let lines = state.modems.recording(port.as_str()).await.unwrap_or_default();
    Ok(Json(json!({ "port": port.as_str(), "lines": lines })))
}

async fn at(
    State(state): State<AdminState>,
    Json(AtCommand { name, command, force }): Json<AtCommand>,
) -> Answer {
    let shown = state.modems.screen_command(&command, force);
    let detail = format!(": {}", shown.map_err(|error| refused(error.to_string()))?);
    state.request(&name, AuditAction::SentCommand, &detail, ModemRequest::At(command)).await
}

async fn ussd(State(state): State<AdminState>, Json(Code { name, code }): Json<Code>) -> Answer {
    state.request(&name, AuditAction::SentUssd, "", ModemRequest::Ussd(code)).await
}

/// Without a code, the one that the hardware files have for the SIM's mobile operator is sent.
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
    State(state): State<AdminState>,
    Json(Number { name, code, loopback }): Json<Number>,
) -> Answer {
    let modem = state.find_modem(&name).await?;
    let iccid = modem.snapshot.iccid().cloned();
    let iccid = iccid.ok_or_else(|| refused(format!("no SIM is known in {name} now")))?;
    if !loopback {
        return Ok(Json(views::sim(
            &state.gateway.numbers().ask_by_ussd(&*state.modems, &iccid, code).await?,
        )));
    }
    let mut newest = state.gateway.inbox().subscribe();
    state.gateway.numbers().ask_by_loopback(&*state.modems, &iccid).await?;
    let arrival = async {
        loop {
            let sim = state.gateway.sims().find(iccid.clone()).await?;
            let is_known =
                sim.sim.number.as_ref().is_some_and(|known| known.source == NumberSource::Loopback);
            if is_known || newest.changed().await.is_err() {
                return Ok::<_, Refused>(sim);
            }
        }
    };
    let sim = tokio::time::timeout(ARRIVAL_TIMEOUT, arrival).await.map_err(|_| {
        refused(
            "the message was sent, but has not arrived yet; `simbridge sim show` will show the \
             number once it has"
                .to_owned(),
        )
    })??;
    Ok(Json(views::sim(&sim)))
}

/// Writes the number that is known for a SIM onto the card itself.
async fn write_number(
    State(state): State<AdminState>,
    Json(Written { iccid }): Json<Written>,
) -> Answer {
    let iccid = state.gateway.sims().named(iccid).await?;
    let written = state.gateway.numbers().write_number(&*state.modems, &iccid).await?;
    Ok(Json(json!({ "iccid": iccid, "written": written })))
}

/// The signal of a modem in each minute of the last 24 hours, as far back as the daemon runs.
async fn signal(State(state): State<AdminState>, Query(Named { name }): Query<Named>) -> Answer {
    let modem = state.find_modem(&name).await?;
    let trace = state.gateway.samples().signal(modem.snapshot.port.as_str()).unwrap_or_default();
    let minute = |(at, dbm): (Timestamp, Option<i16>)| json!({ "at": at.to_string(), "dbm": dbm });
    Ok(Json(trace.minutes().map(minute).collect()))
}

async fn reset(State(state): State<AdminState>, Json(Reset { name, hard }): Json<Reset>) -> Answer {
    state.request(&name, AuditAction::Reset, "", ModemRequest::Reset { hard }).await
}

async fn scan(State(state): State<AdminState>) -> Answer {
    Ok(Json(state.modems.scan().await.iter().map(scanned).collect()))
}

/// A port that was examined, as `modem scan` shows it.
pub fn scanned(port: &ScannedPort) -> Value {
    let identity = port.identity.as_ref();
    json!({
        "port": port.port,
        "answer": port.answer,
        "imei": identity.and_then(|identity| identity.imei.as_ref()),
        "identity": identity.map(|identity| &identity.id),
        "manufacturer": identity.map(|identity| &identity.manufacturer),
        "model": identity.map(|identity| &identity.model),
        "profile": port.profile,
    })
}
