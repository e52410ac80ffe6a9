//! What the business does, a function per verb: load, decide, save, in one transaction.
//!
//! A verb takes the time from the injected [`Clock`] once. Its decisions are the pure rules of `domain`; what must happen only
//! when it is on disk (waking a long poll) hangs on the commit.

mod accounts;
mod assemble;
mod board;
mod catalogue;
mod desk;
mod error;
mod expire;
mod ingest;
mod orders;
mod pins;
mod sims;
mod watch;

use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, watch as latest};

pub use accounts::NewKey;
pub use board::Board;
pub use desk::{Later, ModemAsk, ModemDesk, ModemDetail, ScannedPort};
pub use error::Error;
pub use ingest::{Arrival, Ingested, Pdu};
pub use orders::{Cancel, MakeOrder, OrderView, Sms};
pub use sims::{Identified, SimView};

use crate::domain::message::Message;
use crate::domain::{AccountId, Catalogue, Countries, MessageId, Timestamp};
pub use crate::store::{Account, Key, MessageFilter, NewService};
use crate::store::{Store, StoreError};
use watch::Watch;

/// Tells the time; the real one is read in `daemon`.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;
/// Gives 32 random bytes, or says that the system has none.
pub type Entropy = Arc<dyn Fn() -> Option<[u8; 32]> + Send + Sync>;

/// The operator's choices.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long an order waits and collects.
    pub order_lifetime: Duration,
    /// Open orders that an account may have at once.
    pub max_open_per_account: usize,
    /// Whether orders of services with patterns may share a SIM.
    pub share_sim: bool,
    /// The accounts' currency, three letters.
    pub currency: String,
    /// The countries that numbers are sold in.
    pub countries: Countries,
    /// Whether regular orders show numbers as country code and digits instead of the national form.
    pub international_numbers: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            order_lifetime: Duration::from_secs(600),
            max_open_per_account: 1,
            share_sim: true,
            currency: "USD".to_owned(),
            countries: Countries::default(),
            international_numbers: false,
        }
    }
}

/// The business. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Gateway {
    store: Store,
    clock: Clock,
    entropy: Entropy,
    settings: Arc<Settings>,
    catalogue: Arc<RwLock<Arc<Catalogue>>>,
    board: Arc<Board>,
    watch: Arc<Watch>,
    newest_message: latest::Sender<MessageId>,
    deadlines: Arc<Notify>,
}

impl Gateway {
    /// Puts the business on a store: loads the catalogue.
    pub async fn open(store: Store, settings: Settings, clock: Clock, entropy: Entropy) -> Result<Gateway, Error> {
        let (services, newest) =
            store.read(|rows| Ok::<_, StoreError>((rows.services()?, rows.newest_message()?))).await?;
        let catalogue = Catalogue::new(&services)?;
        Ok(Gateway {
            store,
            clock,
            entropy,
            settings: Arc::new(settings),
            catalogue: Arc::new(RwLock::new(Arc::new(catalogue))),
            board: Arc::default(),
            watch: Arc::default(),
            newest_message: latest::Sender::new(newest),
            deadlines: Arc::default(),
        })
    }

    /// What the modems last said.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// The operator's choices.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Now, by the injected clock.
    pub fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The account that a key opens, by its SHA-256.
    pub async fn account_of_key(&self, digest: [u8; 32]) -> Result<Option<AccountId>, Error> {
        Ok(self.store.read(move |rows| rows.account_of_key(&digest)).await?)
    }

    /// Messages, oldest first.
    pub async fn messages(&self, filter: MessageFilter) -> Result<Vec<Message>, Error> {
        Ok(self.store.read(move |rows| rows.messages(filter)).await?)
    }

    /// Tells of each commit that added or changed a message; holds the newest message's id.
    pub fn message_news(&self) -> latest::Receiver<MessageId> {
        self.newest_message.subscribe()
    }
}

#[cfg(test)]
mod tests;
