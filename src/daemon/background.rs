//! Tasks that run beside everything else until the daemon stops.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::store::Store;

/// How often to check whether the clock was set.
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// The clock was set when it has advanced by this much more than the time that passed. Less can be
/// the delay of a busy machine.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);
/// How often to check whether the database's files are where they were.
const FILE_CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// How often the row of the lead is written at least.
const LEAD_INTERVAL: Duration = Duration::from_secs(3);
/// How often to check whether patterns have changed.
const ATTRIBUTION_INTERVAL: Duration = Duration::from_secs(10);
/// For how long others have the database to themselves after some messages were attributed.
const BETWEEN_ATTRIBUTIONS: Duration = Duration::from_millis(20);
/// How often to look which rented SIMs are off the air.
const OUTAGE_INTERVAL: Duration = Duration::from_secs(60);
/// How long due work waits after the database has failed.
const SWEEP_RETRY: Duration = Duration::from_secs(5);

/// Checks the database and logs what is wrong in it, unless the daemon stops before. Nothing waits
/// for it, because it takes long on a large database.
pub(super) async fn report_faults(gateway: Gateway, stopping: CancellationToken) {
    let Some(result) = stopping.run_until_cancelled(gateway.reports().find_faults()).await else {
        return;
    };
    match result {
        Ok(faults) => faults.iter().for_each(|fault| {
            tracing::error!(event = "fault", fault, "the database violates an invariant")
        }),
        Err(error) => {
            tracing::error!(event = "verify_failed", %error, "the database could not be checked")
        }
    }
}

/// Checks whether the database's files are where they were. A daemon without anything to write
/// would not notice, and go on to answer customers from memory.
pub(super) async fn watch_database_files(gateway: Gateway, stopping: CancellationToken) {
    let mut were_there = true;
    let pause = || stopping.run_until_cancelled(tokio::time::sleep(FILE_CHECK_INTERVAL));
    while pause().await.is_some() {
        let checked = gateway.check_database().await;
        if let Err(error) = &checked
            && were_there
        {
            tracing::error!(
                event = "database_misplaced",
                %error,
                "customers are answered ERROR, and modems keep their messages"
            );
        }
        were_there = checked.is_ok();
    }
}

/// Writes the row of the lead of a database on a server, in which other daemons see that this one
/// lives. So a lost session is noticed, too, while nothing else is written.
pub(super) async fn show_lead(store: Store, stopping: CancellationToken) {
    let pause = || stopping.run_until_cancelled(tokio::time::sleep(LEAD_INTERVAL));
    while pause().await.is_some() {
        // That the lead is lost is told by `Store::lost`.
        let _ = store.touch().await;
    }
}

/// Tells the gateway when the clock was set forward or back, or the machine was suspended.
pub(super) async fn watch_clock(gateway: Gateway, stopping: CancellationToken) {
    #[expect(clippy::disallowed_methods, reason = "the edge: measures the time that passed")]
    let start = tokio::time::Instant::now();
    let (mut last, mut last_elapsed) = (gateway.now(), start.elapsed());
    let pause = || stopping.run_until_cancelled(tokio::time::sleep(CLOCK_CHECK_INTERVAL));
    while pause().await.is_some() {
        let (now, elapsed) = (gateway.now(), start.elapsed());
        let ahead = now.since(last).saturating_sub(elapsed.saturating_sub(last_elapsed));
        if ahead > CLOCK_TOLERANCE {
            tracing::warn!(
                event = "clock_set_forward",
                seconds = ahead.as_secs(),
                "the clock was set forward"
            );
            gateway.clock_was_set(ahead);
        }
        if now < last
            && let Err(error) = gateway.due_work().begin_future_ones().await
        {
            tracing::error!(
                event = "sweep_failed",
                %error,
                "what had begun later than now could not be begun"
            );
        }
        (last, last_elapsed) = (now, elapsed);
    }
}

/// Gives stored messages the services that they fit whenever patterns have changed, a few at a
/// time.
pub(super) async fn attribute_messages(
    gateway: Gateway,
    store: Store,
    stopping: CancellationToken,
) {
    loop {
        let pause = match gateway.attribution().attribute_stored().await {
            // Each step's commit tries whether the log can be moved into the database by now.
            Ok(true) if store.is_log_held_up() => ATTRIBUTION_INTERVAL,
            Ok(true) => BETWEEN_ATTRIBUTIONS,
            Ok(false) => ATTRIBUTION_INTERVAL,
            Err(error) => {
                tracing::error!(
                    event = "attribution_failed",
                    %error,
                    "stored messages could not be given the services that they fit; trying again"
                );
                SWEEP_RETRY
            }
        };
        if stopping.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
            return;
        }
    }
}

/// Counts for how long the SIMs of rentals are off the air.
pub(super) async fn watch_outages(gateway: Gateway, stopping: CancellationToken) {
    let pause = || stopping.run_until_cancelled(tokio::time::sleep(OUTAGE_INTERVAL));
    while pause().await.is_some() {
        if let Err(error) = gateway.rentals().watch_outages().await {
            tracing::error!(
                event = "sweep_failed",
                %error,
                "outages of rentals could not be counted; trying again"
            );
        }
    }
}

/// Finishes the erasures of accounts that were under way when the daemon ended.
pub(super) async fn finish_erasures(gateway: Gateway, stopping: CancellationToken) {
    while let Err(error) = gateway.accounts().finish_erasures().await {
        tracing::error!(
            event = "erasure_failed",
            %error,
            "what is personal of an account could not be erased yet; trying again"
        );
        if stopping.run_until_cancelled(tokio::time::sleep(SWEEP_RETRY)).await.is_none() {
            return;
        }
    }
}

/// Does what is due when it is due: expired orders, renewals, retention.
pub(super) async fn run_due_work(gateway: Gateway, stopping: CancellationToken) {
    loop {
        let pause = match gateway.due_work().run_due_work().await {
            Ok(None) => Duration::MAX,
            Ok(Some(next)) => next.since(gateway.now()),
            Err(error) => {
                tracing::error!(
                    event = "sweep_failed",
                    %error,
                    "what is due could not be done; trying again"
                );
                SWEEP_RETRY
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = gateway.due_work().wait_for_changed_deadlines() => {}
            () = stopping.cancelled() => return,
        }
    }
}
