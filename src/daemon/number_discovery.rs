//! Asks for the numbers of SIMs that have none, a few at a time.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::gateway::{Error, Gateway, ModemControl, Wanted};

/// So many SIMs are asked at once.
const AT_ONCE: usize = 8;
/// How long until the next look after the database failed.
const RETRY: Duration = Duration::from_secs(60);

/// Looks when a SIM begins to work and when an earlier question is to be repeated, until the daemon
/// stops.
pub(super) async fn run(
    gateway: Gateway,
    desk: Arc<dyn ModemControl>,
    stopping: CancellationToken,
) {
    tokio::select! {
        () = stopping.cancelled() => {}
        () = ask_for_ever(gateway, desk) => {}
    }
}

async fn ask_for_ever(gateway: Gateway, desk: Arc<dyn ModemControl>) {
    loop {
        let pause = match round(&gateway, &desk).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(event = "numbers_unasked", %error, "SIMs without a number could not be looked for");
                RETRY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = gateway.numbers().wait_for_ready_sims() => {}
        }
    }
}

/// How long until the next look.
async fn round(gateway: &Gateway, desk: &Arc<dyn ModemControl>) -> Result<Duration, Error> {
    let mut asked = JoinSet::new();
    for wanted in gateway.numbers().due_discoveries().await?.0 {
        if asked.len() >= AT_ONCE {
            asked.join_next().await;
        }
        let (gateway, desk) = (gateway.clone(), Arc::clone(desk));
        asked.spawn(async move { ask(&gateway, &*desk, &wanted).await });
    }
    while asked.join_next().await.is_some() {}
    let next = gateway.numbers().due_discoveries().await?.1;
    Ok(next.map_or(Duration::MAX, |next| next.since(gateway.now()).max(Duration::from_secs(1))))
}

/// First what costs nothing.
async fn ask(gateway: &Gateway, desk: &dyn ModemControl, wanted: &Wanted) {
    let by_ussd = match wanted.ussd {
        true => gateway.numbers().ask_by_ussd(desk, &wanted.iccid, None).await.map(drop),
        false => Err(Error::Refused("not its time".to_owned())),
    };
    let Err(reason) = by_ussd else {
        return tracing::info!(event = "number_told", by = "ussd", "a SIM's number is known now");
    };
    tracing::debug!(event = "number_unknown", by = "ussd", %reason, "a SIM's number is not known yet");
    if wanted.loopback
        && let Err(reason) = gateway.numbers().ask_by_loopback(desk, &wanted.iccid).await
    {
        tracing::debug!(event = "number_unknown", by = "loopback", %reason, "a SIM's number is not known yet");
    }
}
