//! Handles what is due: orders expire, or end because their SIM is lost, rentals are renewed or
//! end, incomplete long messages are shown, and texts and PDUs are blanked when their retention is
//! over. (This has nothing to do with the sweep of a modem's message stores.)

use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::background::{FailedDeadlines, Wakeups};
use super::environment::Environment;
use super::events::EVENTS_KEPT;
use super::inbox::Assemblies;
use super::once::ANSWERED_AGAIN_FOR;
use super::orders::Orders;
use super::rentals::Rentals;
use super::sandbox::Sandbox;
use super::sim_presence::SimPresence;
use crate::domain::Timestamp;
use crate::domain::clock_trust::ClockTrust;
use crate::store::{Deadline, Horizon, ReadTx, StoreError, WriteTx};

/// How many deadlines are handled in one transaction, so that nobody waits long behind it.
const DEADLINES_PER_BATCH: usize = 200;
/// How long to wait before looking again at what is due by a clock that may be wrong.
const UNTIL_CERTAIN: Duration = Duration::from_secs(10);
/// How many messages are blanked, or orders filed, in one transaction.
const ROWS_PER_BATCH: i64 = 200;
/// How long after their end orders are filed. By then long messages that came for them have been
/// shown.
const FILED_AFTER: Duration = Duration::from_secs(3600);
/// For how long sessions and links are kept after their end. Until then a session that was used may
/// be written as if it had ended: its uses are written late.
const ENDED_SESSIONS_KEPT: Duration = Duration::from_secs(3600);

/// When to blank next what is kept for `kept`, if the retention of the oldest counts from
/// `kept_from`. A little late, so that a busy day's messages are not blanked one by one.
fn next_blanking(kept_from: Option<Timestamp>, kept: Duration) -> Option<Timestamp> {
    const LONGEST_DELAY: Duration = Duration::from_secs(600);
    kept_from.map(|kept_from| kept_from.plus(kept).plus(LONGEST_DELAY.min(kept / 10)))
}

/// Handles deadlines and retention.
pub struct DueWork {
    env: Arc<Environment>,
    wakeups: Arc<Wakeups>,
    failed: Arc<FailedDeadlines>,
    presence: Arc<SimPresence>,
    orders: Arc<Orders>,
    rentals: Arc<Rentals>,
    assemblies: Arc<Assemblies>,
    sandbox: Arc<Sandbox>,
}

impl DueWork {
    pub(super) fn new(
        env: Arc<Environment>,
        wakeups: Arc<Wakeups>,
        failed: Arc<FailedDeadlines>,
        presence: Arc<SimPresence>,
        (orders, rentals): (Arc<Orders>, Arc<Rentals>),
        assemblies: Arc<Assemblies>,
        sandbox: Arc<Sandbox>,
    ) -> DueWork {
        DueWork { env, wakeups, failed, presence, orders, rentals, assemblies, sandbox }
    }

    /// Handles all deadlines that passed while the daemon was not running. Nobody may be let in
    /// before that.
    pub async fn run_overdue_deadlines(self: &Arc<Self>) -> Result<(), Error> {
        self.begin_future_ones().await?;
        loop {
            let due_work = Arc::clone(self);
            if self.env.store.write(move |tx| due_work.handle_overdue_deadlines(tx)).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Gives orders and rentals that were made by a clock which was ahead the beginning that they
    /// would have had.
    pub async fn begin_future_ones(self: &Arc<Self>) -> Result<(), Error> {
        let due_work = Arc::clone(self);
        let begun = self.env.store.write(move |tx| {
            let begun = tx.begin_future_ones(due_work.env.now())?;
            due_work.orders.remember_open_after(tx)?;
            due_work.wakeups.deadlines_change_after(tx);
            Ok::<_, StoreError>(begun)
        });
        let begun = begun.await?;
        if begun > 0 {
            tracing::warn!(
                event = "began_in_future",
                count = begun,
                "orders and rentals that had begun later than now begin now"
            );
        }
        Ok(())
    }

    /// Handles everything that is due; answers when to do so next.
    pub async fn run_due_work(self: &Arc<Self>) -> Result<Option<Timestamp>, Error> {
        loop {
            let due_work = Arc::clone(self);
            let done = self.env.store.write(move |tx| {
                let deadlines = due_work.end_orders_on_lost_sims(tx)?
                    + due_work.handle_overdue_deadlines(tx)?;
                Ok::<_, Error>(
                    deadlines
                        + due_work.blank_expired(tx)?
                        + due_work.purge_books(tx)?
                        + tx.file_orders(
                            due_work.env.certain_now().minus(FILED_AFTER),
                            ROWS_PER_BATCH,
                        )?,
                )
            });
            if done.await? == 0 {
                break;
            }
        }
        let due_work = Arc::clone(self);
        self.env.store.read(move |rows| due_work.next_due(rows)).await
    }

    fn next_due(&self, rows: &ReadTx<'_>) -> Result<Option<Timestamp>, Error> {
        let text = next_blanking(rows.next_text_settled()?, self.env.settings().text_kept);
        let raw = next_blanking(rows.next_raw_settled()?, self.env.settings().raw_kept);
        // One more than have failed, so that the first that has not is among them.
        let upcoming = rows.due(Horizon::ALL, self.failed.len() + 1)?;
        let upcoming = upcoming
            .into_iter()
            .filter(|(_, deadline)| !self.failed.contains(*deadline))
            .map(|(at, _)| at);
        let events = rows.oldest_event()?.map(|(_, at)| at);
        let events = next_blanking(events, EVENTS_KEPT);
        let filing = rows.next_to_file()?.map(|over| over.plus(FILED_AFTER));
        let settings = self.env.settings();
        let books = [
            settings.given_up_kept.zip(rows.next_uncharged()?),
            settings.audit_kept.zip(rows.next_audit()?),
            settings.addresses_kept.zip(rows.next_address()?),
            settings.addresses_kept.zip(rows.next_session_address()?),
            Some(self.answers_kept()).zip(rows.next_kept_answer()?),
            Some(ENDED_SESSIONS_KEPT).zip(rows.next_session_end()?),
            Some(ENDED_SESSIONS_KEPT).zip(rows.next_invite_end()?),
        ];
        let books = books.into_iter().flatten();
        let books = books.filter_map(|(kept, from)| next_blanking(Some(from), kept));
        let now = self.env.now();
        let loss = self.presence.next_loss(now);
        let kept = text.into_iter().chain(raw).chain(events).chain(filing).chain(books);
        let next = upcoming.chain(kept).chain(loss).min();
        // What is due and was not done waits until the clock is certain.
        let is_held = self.env.clock_trust() != ClockTrust::Settled;
        let held = |next: &Timestamp| is_held && *next <= now;
        Ok(next.map(|next| if held(&next) { now.plus(UNTIL_CERTAIN) } else { next }))
    }

    /// Handles some of the deadlines that have passed, in the order of their times, as if there had
    /// been no outage; answers how many. One that fails because of a faulty row is logged and left
    /// out from then on, and the others are handled.
    fn handle_overdue_deadlines(&self, tx: &WriteTx<'_>) -> Result<usize, Error> {
        let horizon = self.env.horizon();
        let mut done = self.orders.begin_awaited_orders(tx)?;
        let mut due = tx.due(horizon, DEADLINES_PER_BATCH + self.failed.len())?;
        due.retain(|(_, deadline)| !self.failed.contains(*deadline));
        for (_, deadline) in due {
            done += 1;
            self.attempt(tx, deadline, |tx| self.handle_deadline(tx, deadline, horizon))?;
        }
        Ok(done)
    }

    /// Ends open orders whose SIM is lost. Answers whether there were lost SIMs, as a number.
    fn end_orders_on_lost_sims(&self, tx: &WriteTx<'_>) -> Result<usize, Error> {
        let now = self.env.now();
        let Some(orders) = self.orders.on_lost_sims(tx, now)? else { return Ok(0) };
        for order in orders {
            let deadline = Deadline::Order(order);
            self.attempt(tx, deadline, |tx| self.orders.lose_sim(tx, order, now))?;
        }
        Ok(1)
    }

    /// Does what is due, unless a faulty row keeps it from being done: then it is set aside.
    fn attempt(
        &self,
        tx: &WriteTx<'_>,
        deadline: Deadline,
        work: impl FnOnce(&WriteTx<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match tx.attempt(work)? {
            Ok(()) => Ok(()),
            Err(Error::Store(error)) if !error.is_of_a_row() => Err(error.into()),
            Err(error) => {
                tracing::error!(
                    event = "set_aside",
                    %deadline,
                    %error,
                    "a deadline cannot be handled; it is left as it is until the next start"
                );
                self.failed.add(deadline, tx.sim_of(deadline)?);
                Ok(())
            }
        }
    }

    /// Handles one deadline that has passed.
    fn handle_deadline(
        &self,
        tx: &WriteTx<'_>,
        deadline: Deadline,
        horizon: Horizon,
    ) -> Result<(), Error> {
        match deadline {
            Deadline::Order(id) => {
                tx.order(id)?.map_or(Ok(()), |order| self.orders.expire(tx, order, horizon.orders))
            }
            Deadline::Assembly(id) => {
                tx.assembly(id)?.map_or(Ok(()), |found| self.assemblies.show_incomplete(tx, &found))
            }
            Deadline::Rental(id) => match tx.rental(id)? {
                Some(rental) => self.rentals.settle(tx, rental, horizon.rentals).map(drop),
                None => Ok(()),
            },
            Deadline::Notice(id) => self.rentals.tell_of_end(tx, id, horizon.rentals),
            Deadline::TestOrder(id) => self.sandbox.orders.tell_happenings(tx, id, horizon.orders),
            Deadline::TestRental(id) => self.sandbox.rentals.tell_texts(tx, id, horizon.orders),
        }
    }

    /// Blanks texts and PDUs whose retention is over. Returns how many messages that were.
    fn blank_expired(&self, tx: &WriteTx<'_>) -> Result<usize, StoreError> {
        let now = self.env.certain_now();
        let texts = tx.due_texts(now.minus(self.env.settings().text_kept), ROWS_PER_BATCH)?;
        let raw = tx.due_raw(now.minus(self.env.settings().raw_kept), ROWS_PER_BATCH)?;
        texts.iter().try_for_each(|message| tx.blank_text(*message))?;
        raw.iter().try_for_each(|message| tx.blank_raw(*message))?;
        Ok(texts.len().max(raw.len()))
    }

    /// Removes orders that ended without a charge, events, rows of the audit, addresses of clients,
    /// what was answered to requests, and sessions and links that have ended, that were kept long
    /// enough. Returns how many.
    fn purge_books(&self, tx: &WriteTx<'_>) -> Result<usize, StoreError> {
        let (now, settings) = (self.env.certain_now(), self.env.settings());
        let mut count = tx.purge_events(now.minus(EVENTS_KEPT), ROWS_PER_BATCH)?;
        if let Some(kept) = settings.given_up_kept {
            let due = tx.due_uncharged(now.minus(kept), ROWS_PER_BATCH)?;
            count += due.len();
            due.into_iter().try_for_each(|order| tx.purge_uncharged(order))?;
        }
        if let Some(kept) = settings.audit_kept {
            count += tx.purge_audit(now.minus(kept), ROWS_PER_BATCH)?;
        }
        if let Some(kept) = settings.addresses_kept {
            count += tx.purge_addresses(now.minus(kept), ROWS_PER_BATCH)?;
            count += tx.purge_session_addresses(now.minus(kept), ROWS_PER_BATCH)?;
        }
        count += tx.purge_kept_answers(now.minus(self.answers_kept()), ROWS_PER_BATCH)?;
        let ended = now.minus(ENDED_SESSIONS_KEPT);
        count += tx.purge_sessions(ended, ROWS_PER_BATCH)?;
        count += tx.purge_invites(ended, ROWS_PER_BATCH)?;
        Ok(count)
    }

    /// For how long answers are kept: not for longer than the texts that may stand in them.
    fn answers_kept(&self) -> Duration {
        ANSWERED_AGAIN_FOR.min(self.env.settings().text_kept)
    }

    /// Waits until there may be an earlier deadline than [`DueWork::run_due_work`] answered.
    pub async fn wait_for_changed_deadlines(&self) {
        self.wakeups.wait_for_deadlines().await;
    }
}
