//! Discovers the numbers of SIMs whose number is unknown, a few at a time, and tests those that are
//! taken to be deaf.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::domain::Iccid;
use crate::gateway::{Error, Gateway, ModemControl, Wanted};

/// The maximum number of SIMs that are asked at the same time.
const CONCURRENT: usize = 8;
/// How long to wait after the database has failed.
const RETRY: Duration = Duration::from_secs(60);

/// Runs until the daemon stops: whenever a SIM becomes ready, and when an attempt is to be
/// repeated.
pub(super) async fn run(
    gateway: Gateway,
    modem_control: Arc<dyn ModemControl>,
    stopping: CancellationToken,
) {
    tokio::select! {
        () = stopping.cancelled() => {}
        () = discover(gateway, modem_control) => {}
    }
}

async fn discover(gateway: Gateway, modem_control: Arc<dyn ModemControl>) {
    loop {
        let pause = match ask_all(&gateway, &modem_control).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::warn!(
                    event = "numbers_unasked",
                    %error,
                    "cannot read which SIMs have no number"
                );
                RETRY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = gateway.numbers().wait_for_ready_sims() => {}
        }
    }
}

/// Asks for every number that is wanted now, and makes every test of a deaf SIM that is due.
/// Returns the time until the next is.
async fn ask_all(
    gateway: &Gateway,
    modem_control: &Arc<dyn ModemControl>,
) -> Result<Duration, Error> {
    let mut asked = JoinSet::new();
    for wanted in gateway.numbers().due_discoveries().await?.0 {
        if asked.len() >= CONCURRENT {
            asked.join_next().await;
        }
        let (gateway, modem_control) = (gateway.clone(), Arc::clone(modem_control));
        asked.spawn(async move { ask(&gateway, &*modem_control, &wanted).await });
    }
    while asked.join_next().await.is_some() {}
    for iccid in gateway.hearing_tests().due_tests().await?.0 {
        test_hearing(gateway, &**modem_control, &iccid).await;
    }
    let discovery = gateway.numbers().due_discoveries().await?.1;
    let test = gateway.hearing_tests().due_tests().await?.1;
    let next = discovery.into_iter().chain(test).min();
    Ok(next.map_or(Duration::MAX, |next| next.since(gateway.now()).max(Duration::from_secs(1))))
}

/// Asks for a number: first by USSD, which is free, then by an SMS, which may not be.
async fn ask(gateway: &Gateway, modem_control: &dyn ModemControl, wanted: &Wanted) {
    let by_ussd = match wanted.ussd {
        true => gateway.numbers().ask_by_ussd(modem_control, &wanted.iccid, None).await.map(drop),
        false => Err(Error::Refused("not due yet".to_owned())),
    };
    let Err(reason) = by_ussd else {
        return tracing::info!(event = "number_told", by = "ussd", "a SIM's number is known now");
    };
    let still_unknown = |by, reason: Error| {
        tracing::debug!(event = "number_unknown", by, %reason, "a SIM's number is not known yet");
    };
    still_unknown("ussd", reason);
    if wanted.loopback
        && let Err(reason) = gateway.numbers().ask_by_loopback(modem_control, &wanted.iccid).await
    {
        still_unknown("loopback", reason);
    }
}

/// Has another SIM send a message to one that is taken to be deaf.
async fn test_hearing(gateway: &Gateway, modem_control: &dyn ModemControl, iccid: &Iccid) {
    match gateway.hearing_tests().test(modem_control, iccid).await {
        Ok(()) => tracing::info!(
            event = "deaf_sim_tested", %iccid,
            "a message was sent to a SIM that is taken to be deaf"
        ),
        Err(reason) => tracing::warn!(
            event = "deaf_sim_untested", %iccid, %reason,
            "no message could be sent to a SIM that is taken to be deaf"
        ),
    }
}
