//! Sends events to webhook endpoints: a task for each endpoint that has something to do, woken by
//! commits. An endpoint that hangs or fails has its own task and connections, and slows down no
//! other; nor do all endpoints of an account slow down those of others.

mod authorities;
mod client;
mod counts;
#[cfg(test)]
mod dispatcher_tests;
mod endpoint_task;
pub mod notices;
mod queue;
#[cfg(test)]
mod tests;
mod turns;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::domain::{AccountId, EndpointId, EventId};
use crate::gateway::{Error, Gateway, SystemResolver};
pub(crate) use authorities::connector_with;
use client::Client;
pub use counts::WebhookCounts;
use endpoint_task::{Sender, serve};
use turns::{AccountTurns, Turns};

/// How long to wait before going on after the database has failed.
const RETRY: Duration = Duration::from_secs(30);

/// An endpoint that is on, or whose task has not ended yet.
struct Known {
    account: AccountId,
    turns: Arc<AccountTurns>,
    is_on: bool,
    /// Notified when there is something to do; kept for the task that is to do it.
    changed: Arc<Notify>,
    is_served: bool,
}

/// An account that has endpoints which are on.
struct WithEndpoints {
    endpoints: BTreeSet<EndpointId>,
    turns: Arc<AccountTurns>,
}

/// Knows which endpoints are on, and starts their tasks.
struct Dispatcher {
    sender: Arc<Sender>,
    turns: Turns,
    endpoints: BTreeMap<EndpointId, Known>,
    accounts: HashMap<AccountId, WithEndpoints>,
    tasks: JoinSet<Result<(), Error>>,
    served: HashMap<Id, EndpointId>,
    newest: watch::Receiver<EventId>,
    /// Up to here the accounts of events have been told.
    told: EventId,
}

/// Sends events to webhook endpoints over at most so many connections, until `stopping` is
/// cancelled. What was under way then is sent again after the next start.
pub async fn send_webhooks(
    gateway: Gateway,
    counts: Arc<WebhookCounts>,
    connections: usize,
    stopping: CancellationToken,
) {
    let client = Client::new(Arc::new(SystemResolver::for_sending()));
    let sender = Arc::new(Sender { gateway, client, counts });
    let mut dispatcher = Dispatcher::new(sender, Turns::new(connections));
    stopping.run_until_cancelled(dispatcher.run()).await;
    dispatcher.tasks.shutdown().await;
}

impl Dispatcher {
    fn new(sender: Arc<Sender>, turns: Turns) -> Dispatcher {
        let newest = sender.gateway.events().subscribe();
        let told = *newest.borrow();
        Dispatcher {
            sender,
            turns,
            endpoints: BTreeMap::new(),
            accounts: HashMap::new(),
            tasks: JoinSet::new(),
            served: HashMap::new(),
            newest,
            told,
        }
    }

    /// Sends what is due, again and again; never returns.
    async fn run(&mut self) {
        loop {
            if let Err(error) = self.serve_all().await {
                tracing::error!(
                    event = "webhooks_failed",
                    %error,
                    "webhooks cannot be sent, as the database failed; trying again"
                );
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Looks at all endpoints, then at those that something happens to. Returns only an error.
    async fn serve_all(&mut self) -> Result<(), Error> {
        let sender = Arc::clone(&self.sender);
        let webhooks = sender.gateway.webhooks();
        self.purge_deleted();
        for (id, account) in webhooks.active().await? {
            self.remember(id, account);
            self.wake(id);
        }
        loop {
            tokio::select! {
                is_changed = self.newest.changed() => {
                    if is_changed.is_err() {
                        // The gateway is gone.
                        std::future::pending::<()>().await;
                    }
                    self.tell_accounts().await?;
                }
                changed = webhooks.changed() => {
                    for id in changed {
                        self.look_at(id).await?;
                    }
                }
                Some(ended) = self.tasks.join_next_with_id() => self.after_task(ended).await,
            }
        }
    }

    fn remember(&mut self, id: EndpointId, account: AccountId) {
        let served = self.accounts.entry(account).or_insert_with(|| WithEndpoints {
            endpoints: BTreeSet::new(),
            turns: Arc::new(self.turns.of_account()),
        });
        served.endpoints.insert(id);
        let known = self.endpoints.entry(id).or_insert_with(|| Known {
            account,
            turns: Arc::clone(&served.turns),
            is_on: true,
            changed: Arc::default(),
            is_served: false,
        });
        known.is_on = true;
    }

    /// An endpoint is off or gone. Its task notices that.
    fn switch_off(&mut self, id: EndpointId) {
        let Some(known) = self.endpoints.get_mut(&id) else { return };
        known.is_on = false;
        known.changed.notify_one();
        let (account, is_served) = (known.account, known.is_served);
        if let Some(served) = self.accounts.get_mut(&account) {
            served.endpoints.remove(&id);
            if served.endpoints.is_empty() {
                self.accounts.remove(&account);
            }
        }
        if !is_served {
            self.endpoints.remove(&id);
        }
    }

    /// Removes what is left of endpoints that were deleted, while the others are served.
    fn purge_deleted(&mut self) {
        let sender = Arc::clone(&self.sender);
        self.tasks.spawn(async move { sender.gateway.webhooks().purge_deleted().await });
    }

    /// Has the endpoint's task look whether there is something to do. One that begins looks by
    /// itself: told as well, it would be begun again after its end, for ever.
    fn wake(&mut self, id: EndpointId) {
        let Some(known) = self.endpoints.get_mut(&id) else { return };
        if std::mem::replace(&mut known.is_served, true) {
            known.changed.notify_one();
            return;
        }
        let (sender, turns) = (Arc::clone(&self.sender), Arc::clone(&known.turns));
        let task = serve(sender, id, turns, Arc::clone(&known.changed));
        let task = self.tasks.spawn(task);
        self.served.insert(task.id(), id);
    }

    /// Wakes the endpoints of the accounts that have new events.
    async fn tell_accounts(&mut self) -> Result<(), Error> {
        let newest = *self.newest.borrow_and_update();
        if !self.endpoints.is_empty() {
            let webhooks = self.sender.gateway.webhooks();
            let accounts = webhooks.accounts_with_events_after(self.told).await?;
            let of_account = |account| self.accounts.get(&account).map(|it| &it.endpoints);
            let woken: Vec<EndpointId> =
                accounts.into_iter().filter_map(of_account).flatten().copied().collect();
            woken.into_iter().for_each(|id| self.wake(id));
        }
        self.told = newest;
        Ok(())
    }

    /// An endpoint has changed: it is on or not, and there may be something to send.
    async fn look_at(&mut self, id: EndpointId) -> Result<(), Error> {
        let sender = Arc::clone(&self.sender);
        match sender.gateway.webhooks().position(id).await? {
            Some((account, _)) => {
                self.remember(id, account);
                self.wake(id);
            }
            None => {
                self.switch_off(id);
                self.purge_deleted();
            }
        }
        Ok(())
    }

    /// An endpoint's task has ended. If there was something to do for it meanwhile, or it has
    /// failed, another one begins.
    async fn after_task(&mut self, ended: Result<(Id, Result<(), Error>), JoinError>) {
        let (task, result) = match ended {
            Ok((task, result)) => (task, result),
            Err(error) => (error.id(), Ok(())),
        };
        let Some(id) = self.served.remove(&task) else { return };
        let Some(known) = self.endpoints.get_mut(&id) else { return };
        known.is_served = false;
        let is_told = tokio::select! {
            biased;
            () = known.changed.notified() => true,
            () = std::future::ready(()) => false,
        };
        match result {
            Err(error) => self.wake_later(id, &error),
            Ok(()) if is_told => self.wake(id),
            Ok(()) if !known.is_on => drop(self.endpoints.remove(&id)),
            Ok(()) => {}
        }
    }

    /// The database has failed a task: its endpoint is looked at again after a while.
    fn wake_later(&mut self, id: EndpointId, error: &Error) {
        tracing::error!(
            event = "webhooks_failed",
            endpoint = %id,
            %error,
            "webhooks cannot be sent, as the database failed; trying again"
        );
        let Some(known) = self.endpoints.get_mut(&id) else { return };
        known.is_served = true;
        let (sender, turns) = (Arc::clone(&self.sender), Arc::clone(&known.turns));
        let changed = Arc::clone(&known.changed);
        let task = self.tasks.spawn(async move {
            tokio::time::sleep(RETRY).await;
            serve(sender, id, turns, changed).await
        });
        self.served.insert(task.id(), id);
    }
}
