//! How the operator's commands reach the driver.

use std::future::ready;
use std::path::PathBuf;

use super::config::Config;
use crate::domain::modem::{ModemDetail, ModemRequest, RequestError};
use crate::domain::{HomeNetworks, Imsi, PortName};
use crate::driver::bank::Banks;
use crate::driver::{Handle, Port, Probed, read_operators, scan};
use crate::gateway::{BoxFuture, ModemControl, ScannedPort, Settings};
use crate::modem::{MobileOperator, screen_command};

/// The settings of the business, with the names that the operator's hardware files give networks.
pub(super) fn business_settings(config: &Config) -> Settings {
    let (operators, _) = read_operators(&config.hardware);
    let names = operators.into_iter().flat_map(|known| {
        known.networks.into_iter().map(move |network| (network, known.name.clone()))
    });
    Settings { home_networks: HomeNetworks::with_own(names), ..config.gateway.clone() }
}

/// A running driver and the folder of its hardware files.
pub(super) struct DriverModemControl {
    pub driver: Handle,
    pub banks: Banks,
    pub hardware: PathBuf,
}

impl ModemControl for DriverModemControl {
    fn detail(&self, port: &str) -> BoxFuture<'_, Option<ModemDetail>> {
        Box::pin(ready(self.driver.detail(port)))
    }

    fn recording(&self, port: &str) -> BoxFuture<'_, Option<Vec<String>>> {
        Box::pin(ready(self.driver.recording(port)))
    }

    fn screen_command(&self, command: &str, forced: bool) -> Result<String, RequestError> {
        screen_command(command, forced)
    }

    fn request(
        &self,
        port: PortName,
        request: ModemRequest,
    ) -> BoxFuture<'_, Result<Vec<String>, RequestError>> {
        Box::pin(async move { self.driver.request(port.as_str(), request).await })
    }

    fn own_number_code(&self, imsi: &Imsi) -> Option<String> {
        let (own, faults) = read_operators(&self.hardware);
        for (file, fault) in faults {
            tracing::warn!(
                event = "operator_unusable",
                file,
                %fault,
                "an operator's file cannot be used"
            );
        }
        MobileOperator::own_number_code(&own, imsi.as_str())
    }

    fn switch(&self, bank: &str, radio: &str, slot: u32) -> BoxFuture<'_, Result<String, String>> {
        let (bank, radio) = (bank.to_owned(), radio.to_owned());
        Box::pin(async move { self.banks.switch(&bank, &radio, slot).await })
    }

    fn scan(&self) -> BoxFuture<'_, Vec<ScannedPort>> {
        Box::pin(async move {
            let ports = self.driver.ports();
            let served: Vec<Port> =
                ports.iter().filter_map(|port| Port::of_name(port).device()).collect();
            let mut found: Vec<ScannedPort> =
                ports.into_iter().map(|port| self.served(port)).collect();
            found.extend(scan(&served, Some(self.hardware.clone())).await.into_iter().map(scanned));
            found
        })
    }
}

impl DriverModemControl {
    fn served(&self, port: PortName) -> ScannedPort {
        let snapshot = self.driver.snapshot(port.as_str());
        ScannedPort {
            port: port.to_string(),
            answer: "served".to_owned(),
            profile: snapshot.as_ref().and_then(|snapshot| snapshot.profile.clone()),
            identity: snapshot.and_then(|snapshot| snapshot.identity),
        }
    }
}

/// Examines all serial ports of this machine, for a command that has no daemon to ask. `hardware`
/// is the folder of the operator's own profiles.
pub async fn scan_ports(hardware: PathBuf) -> Vec<ScannedPort> {
    scan(&[], Some(hardware)).await.into_iter().map(scanned).collect()
}

fn scanned(found: Probed) -> ScannedPort {
    ScannedPort {
        port: found.port.to_string(),
        answer: found.failure.map_or_else(|| "modem".to_owned(), |reason| reason.to_string()),
        profile: found.snapshot.as_ref().and_then(|snapshot| snapshot.profile.clone()),
        identity: found.snapshot.and_then(|snapshot| snapshot.identity),
    }
}
