//! The driver, as the operator asks it.

use std::path::PathBuf;

use crate::driver::bank::Banks;
use crate::driver::{Handle, Probed, read_operators, scan};
use crate::gateway::{BoxFuture, ModemAsk, ModemControl, ModemDetail, ScannedPort};
use crate::modem::{Errand, Operator, Request};

/// A running driver and the folder of its hardware files.
pub(super) struct DriverModemControl {
    pub driver: Handle,
    pub banks: Banks,
    pub hardware: PathBuf,
}

impl ModemControl for DriverModemControl {
    fn detail(&self, port: &str) -> Option<ModemDetail> {
        let detail = self.driver.detail(port)?;
        let snapshot = detail.snapshot;
        Some(ModemDetail {
            firmware: snapshot
                .as_ref()
                .and_then(|snapshot| snapshot.identity.as_ref()?.firmware.clone()),
            profile: snapshot.and_then(|snapshot| snapshot.profile),
            usb: detail.usb,
            recoveries: detail
                .recoveries
                .into_iter()
                .map(|(step, count)| (step.to_owned(), count))
                .collect(),
            dropped: detail.dropped,
            transcript: detail.transcript,
        })
    }

    fn recording(&self, port: &str) -> Option<Vec<String>> {
        self.driver.recording(port)
    }

    fn ask(&self, port: String, ask: ModemAsk) -> BoxFuture<'_, Result<Vec<String>, String>> {
        let request = match ask {
            ModemAsk::At(command) => Request::At(command),
            ModemAsk::Ussd(code) => Request::Ussd(code),
            ModemAsk::Reset { hard } => Request::Reset { hard },
            ModemAsk::NumberByUssd { iccid, code } => {
                Request::OfCard { iccid, errand: Errand::Ussd(code) }
            }
            ModemAsk::Send { iccid, pdu } => Request::OfCard { iccid, errand: Errand::Send(pdu) },
            ModemAsk::WriteNumber { iccid, number } => {
                Request::OfCard { iccid, errand: Errand::WriteNumber(number) }
            }
        };
        Box::pin(async move {
            self.driver.request(&port, request).await.map_err(|error| error.to_string())
        })
    }

    fn own_number_code(&self, imsi: &str) -> Option<String> {
        let (own, faults) = read_operators(&self.hardware);
        for (file, fault) in faults {
            tracing::warn!(
                event = "operator_unusable",
                file,
                fault,
                "an operator's file cannot be used"
            );
        }
        Operator::own_number_code(&own, imsi)
    }

    fn switch(&self, bank: &str, radio: &str, slot: u32) -> BoxFuture<'_, Result<String, String>> {
        let (bank, radio) = (bank.to_owned(), radio.to_owned());
        Box::pin(async move { self.banks.switch(&bank, &radio, slot).await })
    }

    fn scan(&self) -> BoxFuture<'_, Vec<ScannedPort>> {
        Box::pin(async move {
            let ports = self.driver.ports();
            let served: Vec<PathBuf> =
                ports.iter().filter_map(|port| std::fs::canonicalize(port).ok()).collect();
            let mut found: Vec<ScannedPort> =
                ports.into_iter().map(|port| self.served(port)).collect();
            found.extend(scan(&served, Some(self.hardware.clone())).await.into_iter().map(scanned));
            found
        })
    }
}

impl DriverModemControl {
    fn served(&self, port: String) -> ScannedPort {
        let snapshot = self.driver.detail(&port).and_then(|detail| detail.snapshot);
        let found = Probed { port: port.into(), snapshot, stored: 0, failure: None };
        ScannedPort { answer: "served".to_owned(), ..scanned(found) }
    }
}

fn scanned(found: Probed) -> ScannedPort {
    let profile = found.snapshot.as_ref().and_then(|snapshot| snapshot.profile.clone());
    let identity = found.snapshot.and_then(|snapshot| snapshot.identity);
    ScannedPort {
        port: found.port.display().to_string(),
        answer: found.failure.unwrap_or_else(|| "modem".to_owned()),
        imei: identity.as_ref().map(|identity| identity.imei.clone()),
        manufacturer: identity.as_ref().map(|identity| identity.manufacturer.clone()),
        model: identity.map(|identity| identity.model),
        profile,
    }
}
