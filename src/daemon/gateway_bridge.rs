//! Connects the driver to the gateway: passes on what modems report and receive, in the gateway's
//! types, and counts it for the metrics.

use std::sync::Arc;
use std::time::Duration;

use super::monitoring::ModemCounters;
use crate::domain::modem::{ModemSnapshot, PinPermission, RecoveryStep, SimCard};
use crate::domain::{Iccid, ModemAtPort, PortName};
use crate::driver::{self, HostError};
use crate::gateway::{self, Arrival, Gateway, Identified, Ingested, Pdu};
use crate::modem::{CommandOutcome, MessageOwner, RawPdu, Received};

/// The host of the driver: the gateway, and the counters of the metrics.
pub(super) struct GatewayBridge {
    gateway: Gateway,
    modems: Arc<ModemCounters>,
}

impl GatewayBridge {
    pub(super) fn new(gateway: Gateway, modems: Arc<ModemCounters>) -> GatewayBridge {
        GatewayBridge { gateway, modems }
    }

    /// Takes a modem's report that was made so long ago.
    pub(super) fn report_aged(&self, snapshot: ModemSnapshot, age: Duration) {
        let now = self.gateway.now();
        self.modems.record_report(&snapshot.port, snapshot.is_ready(), now);
        self.gateway.report_modem(snapshot, age);
    }
}

impl driver::ModemEvents for GatewayBridge {
    fn report(&self, snapshot: ModemSnapshot) {
        self.report_aged(snapshot, Duration::ZERO);
    }

    fn on_command_finished(&self, port: &PortName, outcome: CommandOutcome) {
        self.modems.record_command(port, outcome);
    }

    fn on_recovery_step(&self, port: &PortName, step: RecoveryStep) {
        self.modems.record_recovery(port, step);
    }

    fn on_port_removed(&self, port: &PortName) {
        self.gateway.forget_port(port);
        self.modems.remove(port);
    }

    async fn record_identity(
        &self,
        modem: &ModemAtPort,
        others: &[PortName],
        sim: &SimCard,
    ) -> Result<MessageOwner, HostError> {
        let identified = Identified {
            modem: modem.clone(),
            others: others.to_vec(),
            iccid: sim.iccid.clone(),
            imsi: sim.imsi.clone(),
            number: sim.number.clone().map(|own| (own.number, own.source)),
        };
        let doubtful = self.gateway.sims().record_identity(identified).await.map_err(refused)?;
        Ok(MessageOwner::of_store(doubtful))
    }

    async fn record_emptied_store(
        &self,
        modem: &ModemAtPort,
        iccid: &Iccid,
    ) -> Result<(), HostError> {
        self.gateway
            .sims()
            .record_emptied_store(modem.clone(), iccid.clone())
            .await
            .map_err(refused)
    }

    async fn permit_pin(
        &self,
        modem: &ModemAtPort,
        iccid: Option<&Iccid>,
        only_if_accepted: bool,
    ) -> Result<PinPermission, HostError> {
        let sims = self.gateway.sims();
        sims.may_enter_pin(modem, iccid, only_if_accepted).await.map_err(refused)
    }

    async fn record_accepted_pin(
        &self,
        modem: &ModemAtPort,
        iccid: Option<&Iccid>,
    ) -> Result<(), HostError> {
        self.gateway.sims().record_accepted_pin(modem, iccid).await.map_err(refused)
    }

    async fn store(&self, received: Received) -> Result<(), HostError> {
        let pdu = match received.pdu {
            RawPdu::Octets(octets) => Pdu::Octets(octets),
            RawPdu::Text(line) => Pdu::Text(line),
            RawPdu::TextMode(message) => Pdu::TextMode(message),
        };
        let arrival = Arrival {
            modem: received.modem.clone(),
            iccid: received.iccid,
            pdu,
            live: received.live,
            doubtful: received.doubtful,
        };
        let ingested = self.gateway.inbox().ingest(arrival).await;
        self.modems.record_message(
            &received.modem.port,
            ingested.as_ref().ok(),
            self.gateway.now(),
        );
        let ingested = ingested.map_err(refused)?;
        log_ingested(&ingested);
        Ok(())
    }
}

/// The error that makes the driver try again later; it logs the reason in the span of the modem.
fn refused(error: gateway::Error) -> HostError {
    HostError::new(error.to_string())
}

fn log_ingested(ingested: &Ingested) {
    match ingested {
        Ingested::Duplicate => {
            tracing::debug!(event = "duplicate", "a message that is already stored was read again")
        }
        Ingested::Part => tracing::info!(event = "part", "received a part of a long message"),
        Ingested::Message(id, order) => {
            let order = order.map(|order| order.0);
            tracing::info!(event = "message", id = id.0, order, "received a message");
        }
        Ingested::Other(id, kind) => {
            let kind = kind.as_str();
            tracing::info!(event = "other", id = id.0, kind, "received a message that is no text");
        }
        Ingested::Undecodable(id) => {
            tracing::warn!(
                event = "undecodable",
                id = id.0,
                "received a PDU that cannot be decoded; it is stored as it is"
            );
        }
    }
}
