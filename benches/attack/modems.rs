//! Modems that are broken, one fault after the other.

use std::time::Duration;

use simbridge::domain::Random;
use simbridge::simulator::{Fault, Network};
use tokio::time::sleep;

use super::Over;

/// How long a fault lasts, in milliseconds.
const LASTS_MS: (u64, u64) = (500, 20_000);

/// Breaks a modem again and again.
pub async fn break_modem(network: Network, modem: usize, mut random: Random, over: Over) {
    while !over.is() {
        let fault = fault(&mut random);
        network.fault(modem, &fault).unwrap();
        sleep(Duration::from_millis(random.between(LASTS_MS))).await;
        for end in [Fault::Clear, Fault::PortBack, Fault::CoverageBack] {
            // A port that is there cannot come back.
            let _ = network.fault(modem, &end);
        }
    }
}

fn fault(random: &mut Random) -> Fault {
    match random.below(9) {
        0 => Fault::Flood { line: "^RSSI: 20".to_owned(), every_ms: 1, for_ms: 10_000 },
        1 => Fault::Flood { line: "+CMTI: \"SM\",1".to_owned(), every_ms: 5, for_ms: 10_000 },
        2 => Fault::Flood { line: "A".repeat(20_000), every_ms: 20, for_ms: 10_000 },
        3 => Fault::Silence { commands: 1_000_000 },
        4 => Fault::PortGone { back_after_ms: None },
        5 => Fault::Reboot,
        6 => Fault::SettingsLost,
        7 => Fault::Denied,
        _ => Fault::Garbage { octets: hex::encode(random.octets().repeat(500)) },
    }
}
