//! What the driver tells, put into the gateway's words.

use std::sync::Arc;

use super::monitoring::ModemCounters;
use crate::domain::modem::ModemStatus;
use crate::domain::sim::NumberSource;
use crate::driver::{self, HostError, Step};
use crate::gateway::{self, Arrival, Gateway, Identified, Ingested, Pdu};
use crate::modem::{
    self, Answered, MessageOwner, RawPdu, Received, Registration, SimCard, Snapshot, State,
};

/// The gateway as the driver's host.
pub(super) struct GatewayBridge {
    gateway: Gateway,
    modems: Arc<ModemCounters>,
}

impl GatewayBridge {
    pub(super) fn new(gateway: Gateway, modems: Arc<ModemCounters>) -> GatewayBridge {
        GatewayBridge { gateway, modems }
    }
}

impl driver::ModemEvents for GatewayBridge {
    fn report(&self, snapshot: Snapshot) {
        let now = self.gateway.now();
        let identity = snapshot.identity;
        let ready = snapshot.state == State::Ready;
        self.modems.record_report(
            &snapshot.port,
            identity.as_ref().map(|identity| identity.imei.as_str()),
            ready,
            now,
        );
        let news = self.gateway.modems().report(ModemStatus {
            ready,
            settled: settled(&snapshot.state, snapshot.reason.is_some()),
            state: snapshot.state.to_string(),
            port: snapshot.port,
            reason: snapshot.reason,
            imei: identity.as_ref().map(|identity| identity.imei.clone()),
            manufacturer: identity.as_ref().map(|identity| identity.manufacturer.clone()),
            model: identity.map(|identity| identity.model),
            iccid: snapshot.sim.map(|sim| sim.iccid),
            signal_dbm: snapshot.signal_dbm,
            operator: snapshot.operator,
            registered: snapshot.registration.is_some_and(Registration::is_registered),
            stores: snapshot
                .stores
                .iter()
                .map(|fill| (fill.store, fill.used, fill.total))
                .collect(),
            since: now,
            seen_at: now,
        });
        if news {
            self.gateway.sim_became_ready();
        }
    }

    fn answered(&self, port: &str, answered: Answered) {
        self.modems.record_command(port, answered);
    }

    fn recovering(&self, port: &str, step: Step) {
        self.modems.record_recovery(port, step);
    }

    fn removed(&self, port: &str) {
        self.gateway.modems().removed(port);
        self.modems.remove(port);
    }

    async fn identified(&self, imei: &str, sim: &SimCard) -> Result<MessageOwner, HostError> {
        let source = |source| match source {
            modem::NumberSource::Cnum => NumberSource::Cnum,
            modem::NumberSource::Phonebook => NumberSource::Phonebook,
        };
        let told = Identified {
            imei: imei.to_owned(),
            iccid: sim.iccid.clone(),
            imsi: sim.imsi.clone(),
            number: sim.number.clone().zip(sim.source.map(source)),
        };
        let previous_iccid = self.gateway.sims().record_identity(told).await.map_err(refused)?;
        Ok(MessageOwner { previous_iccid })
    }

    async fn emptied(&self, imei: &str, iccid: &str) -> Result<(), HostError> {
        self.gateway
            .sims()
            .record_emptied_store(imei.to_owned(), iccid.to_owned())
            .await
            .map_err(refused)
    }

    async fn may_enter_pin(&self, imei: &str, iccid: Option<&str>) -> Result<bool, HostError> {
        self.gateway.sims().may_enter_pin(imei, iccid).await.map_err(refused)
    }

    async fn pin_accepted(&self, imei: &str, iccid: Option<&str>) -> Result<(), HostError> {
        self.gateway.sims().record_accepted_pin(imei, iccid).await.map_err(refused)
    }

    async fn store(&self, received: Received) -> Result<(), HostError> {
        let pdu = match received.pdu {
            RawPdu::Octets(octets) => Pdu::Octets(octets),
            RawPdu::Text(line) => Pdu::Text(line),
        };
        let arrival =
            Arrival { imei: received.imei, iccid: received.iccid, pdu, live: received.live };
        let imei = arrival.imei.clone();
        let ingested = self.gateway.inbox().ingest(arrival).await;
        self.modems.record_message(&imei, ingested.as_ref().ok(), self.gateway.now());
        let ingested = ingested.map_err(refused)?;
        log(&ingested);
        Ok(())
    }
}

/// The message stays in its modem; why is logged with the modem's span.
fn refused(error: gateway::Error) -> HostError {
    HostError::new(error.to_string())
}

/// Whether a port's first try is over: it works, or it is known why not.
fn settled(state: &State, has_reason: bool) -> bool {
    match state {
        State::Ready
        | State::Switching
        | State::Absent
        | State::Recovering { .. }
        | State::Quarantined { .. } => true,
        State::Opening | State::SimCheck | State::Identifying | State::Registering => has_reason,
        State::Probing | State::Configuring => false,
    }
}

fn log(ingested: &Ingested) {
    match ingested {
        Ingested::Duplicate => tracing::debug!(event = "duplicate", "read again"),
        Ingested::Part => tracing::info!(event = "part", "a part of a long message"),
        Ingested::Message(id, order) => {
            let order = order.map(|order| order.0);
            tracing::info!(event = "message", id = id.0, order, "a message");
        }
        Ingested::Undecodable(id) => {
            tracing::warn!(
                event = "undecodable",
                id = id.0,
                "a PDU that cannot be decoded; kept as it is"
            );
        }
    }
}
