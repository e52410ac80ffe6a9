//! What operators ask of one modem: AT commands, USSD codes, its number, a reset. Each is noted in
//! the audit before it is sent, as those of the command line are.

use maud::html;

use super::Operator;
use super::modems::short_port;
use crate::domain::audit::AuditAction;
use crate::domain::login::Permission::Act;
use crate::domain::modem::{ModemRequest, ModemStatus, RequestError};
use crate::domain::{Iccid, PortName};
use crate::http::web::{
    Access, Done, Download, Fault, Faults, Form, Page, Route, Visit, code_block, hostile_whole,
    path,
};

const MODEM: &str = "/modems/{port}";

pub(super) fn routes() -> Vec<Route<Operator>> {
    let act = Access::May(Act);
    vec![
        Route::post("/modems/{port}/at", act, MODEM, send_at).with_proof(),
        Route::post("/modems/{port}/ussd", act, MODEM, send_ussd),
        Route::post("/modems/{port}/number", act, MODEM, ask_number),
        Route::post("/modems/{port}/reset", act, MODEM, reset),
        Route::file("/modems/{port}/recording.txt", act, recording),
    ]
}

impl Visit<Operator> {
    /// The modem at a port.
    pub(super) fn modem_at(&self, port: &str) -> Result<ModemStatus, Fault> {
        let modems = self.gateway().modems().modems();
        let found = modems.into_iter().find(|modem| modem.snapshot.port == *port);
        found.ok_or_else(|| Fault::NotFound("No modem is served at this port.".to_owned()))
    }

    /// Resets a modem, and notes that in the audit.
    pub(super) async fn reset_modem(
        &self,
        port: &PortName,
        hard: bool,
    ) -> Result<Vec<String>, RequestError> {
        self.ask_modem(port, AuditAction::Reset, "", ModemRequest::Reset { hard }).await
    }

    /// Asks a modem something, and notes that in the audit, with `detail` behind the port. Modems
    /// can be operated even while the database is full, so a failure to note it is only logged.
    async fn ask_modem(
        &self,
        port: &PortName,
        action: AuditAction<'static>,
        detail: &str,
        request: ModemRequest,
    ) -> Result<Vec<String>, RequestError> {
        self.note(action, format!("modem {port}{detail}")).await;
        self.modems().request(port.clone(), request).await
    }

    async fn note(&self, action: AuditAction<'static>, subject: String) {
        if let Err(error) = self.gateway().audit().note_operator_action(action, subject).await {
            tracing::error!(
                event = "audit_failed", %error,
                "could not write an operator's action into the audit log"
            );
        }
    }
}

fn address(port: &PortName) -> String {
    path!("/modems/{}", port)
}

/// A fault of a field, from the modem's own words.
fn refused(field: &str, error: RequestError) -> Fault {
    let mut faults = Faults::new();
    match error {
        RequestError::NeedsForce => faults.add(
            field,
            "It is not known that this command changes nothing. Tick the box to send it all the \
             same.",
        ),
        other => {
            faults.check::<(), _>(field, Err(other));
        }
    }
    Fault::Form(faults)
}

fn reply_page(port: &PortName, asked: &str, lines: &[String]) -> Page {
    let reply = html! {
        h2 { (asked) }
        @if lines.is_empty() { p { "OK" } } @else { (code_block(&lines.join("\n"))) }
        p { a class="button" href=(address(port)) { "Back to the modem" } }
    };
    Page::new("Reply")
        .below("Modems", "/modems")
        .below(short_port(port), address(port))
        .part("reply", reply)
}

async fn send_at(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let port = visit.modem_at(visit.param("port"))?.snapshot.port;
    let (command, force) = (form.text("command").to_owned(), form.is_set("force"));
    let shown = visit.modems().screen_command(&command, force);
    let shown = shown.map_err(|error| refused("command", error))?;
    let (action, detail) = (AuditAction::SentCommand, format!(": {shown}"));
    let reply = visit.ask_modem(&port, action, &detail, ModemRequest::At(command)).await;
    let reply = reply.map_err(|error| refused("command", error))?;
    Ok(Done::shown(reply_page(&port, &shown, &reply)))
}

async fn send_ussd(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let port = visit.modem_at(visit.param("port"))?.snapshot.port;
    let request = ModemRequest::Ussd(form.text("code").to_owned());
    let reply = visit.ask_modem(&port, AuditAction::SentUssd, "", request).await;
    let reply = reply.map_err(|error| refused("code", error))?.join("\n");
    let page = Page::new("Answer of the network")
        .below("Modems", "/modems")
        .below(short_port(&port), address(&port))
        .part(
            "reply",
            html! {
                p { (hostile_whole(&reply)) }
                p { a class="button" href=(address(&port)) { "Back to the modem" } }
            },
        );
    Ok(Done::shown(page))
}

/// The SIM in a modem.
fn sim_in(modem: &ModemStatus) -> Result<Iccid, Fault> {
    let iccid = modem.snapshot.iccid().cloned();
    iccid.ok_or_else(|| Fault::form("No SIM is known in this modem now."))
}

async fn ask_number(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let modem = visit.modem_at(visit.param("port"))?;
    let (iccid, address) = (sim_in(&modem)?, address(&modem.snapshot.port));
    let numbers = visit.gateway().numbers();
    if form.is_set("loopback") {
        numbers.ask_by_loopback(visit.modems(), &iccid).await?;
        let line =
            "The SIM has sent a message to another one. Its number is known when it arrives.";
        return Ok(Done::at(address, line));
    }
    let code = form.optional("code").map(str::to_owned);
    let sim = numbers.ask_by_ussd(visit.modems(), &iccid, code).await?;
    let line = match &sim.sim.number {
        Some(known) => format!("The number is {}.", visit.number_text(&known.number)),
        None => "The network's answer has no number.".to_owned(),
    };
    Ok(Done::at(address, line))
}

async fn reset(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let port = visit.modem_at(visit.param("port"))?.snapshot.port;
    let reset = visit.reset_modem(&port, form.is_set("hard")).await;
    reset.map_err(|error| refused("", error))?;
    Ok(Done::at(address(&port), "The modem is being reset."))
}

async fn recording(visit: Visit<Operator>) -> Result<Download, Fault> {
    let port = visit.modem_at(visit.param("port"))?.snapshot.port;
    visit.note(AuditAction::Recorded, format!("modem {port}")).await;
    let lines = visit.modems().recording(port.as_str()).await.unwrap_or_default();
    let name = format!("{}-recording.txt", short_port(&port));
    Ok(Download::new(name, "text/plain; charset=utf-8", lines.join("\n") + "\n"))
}
