//! How the gateway is put together: each subject is made after those that it uses.

use std::sync::Arc;

use super::alarms::StoredAlarms;
use super::background::{FailedDeadlines, Wakeups};
use super::bank_state::BankState;
use super::environment::Environment;
use super::inbox::{Assemblies, Matcher, MessageNews, NetworkClocks};
use super::request_cache::RequestCache;
use super::services::CurrentCatalogue;
use super::session_cache::SessionCache;
use super::sim_presence::SimPresence;
use super::webhooks::EndpointChanges;
use super::{
    Accounts, Alarms, Attribution, Audit, Banks, Clock, DueWork, Entropy, Error, Events, Finder,
    Gateway, Health, HearingTests, Inbox, MessageFilter, NumberBook, NumberDiscovery, OrderStats,
    Orders, People, Rentals, Reports, Samples, Sandbox, Services, Settings, Sims, Sites, Stock,
    SystemResolver, Topics, Verification, Webhooks,
};
use crate::domain::{Catalogue, Currency, EventId, code};
use crate::store::{Store, StoreError, StoredSite};

/// The subjects and what they share.
pub(super) struct Subjects {
    pub(super) env: Arc<Environment>,
    pub(super) presence: Arc<SimPresence>,
    pub(super) wakeups: Arc<Wakeups>,
    pub(super) clocks: Arc<NetworkClocks>,
    pub(super) stats: Arc<OrderStats>,
    pub(super) topics: Arc<Topics>,
    pub(super) accounts: Arc<Accounts>,
    pub(super) people: Arc<People>,
    pub(super) services: Arc<Services>,
    pub(super) health: Arc<Health>,
    pub(super) audit: Arc<Audit>,
    pub(super) alarms: Arc<Alarms>,
    pub(super) events: Arc<Events>,
    pub(super) webhooks: Arc<Webhooks>,
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) banks: Arc<Banks>,
    pub(super) sims: Arc<Sims>,
    pub(super) sites: Arc<Sites>,
    pub(super) numbers: Arc<NumberDiscovery>,
    pub(super) hearing_tests: Arc<HearingTests>,
    pub(super) number_book: NumberBook,
    pub(super) finder: Finder,
    pub(super) samples: Samples,
    pub(super) reports: Arc<Reports>,
    pub(super) verification: Arc<Verification>,
    pub(super) stock: Arc<Stock>,
    pub(super) orders: Arc<Orders>,
    pub(super) rentals: Arc<Rentals>,
    pub(super) attribution: Arc<Attribution>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) due_work: Arc<DueWork>,
}

/// Refuses a currency whose amounts have another number of decimals than those in the database.
async fn keep_decimals(store: &Store, currency: Currency) -> Result<(), Error> {
    let kept = store.read(|rows| rows.decimals()).await?;
    let decimals = currency.decimals();
    let is_set = kept == decimals || store.write(move |tx| tx.set_decimals(decimals)).await?;
    if is_set { Ok(()) } else { Err(Error::OtherDecimals { kept, currency }) }
}

impl Gateway {
    /// Puts the business on a store: loads the catalogue and which orders are open.
    pub async fn open(
        store: Store,
        settings: Settings,
        clock: Clock,
        entropy: Entropy,
    ) -> Result<Gateway, Error> {
        keep_decimals(&store, settings.currency).await?;
        let read = store.read(|rows| {
            let newest = rows
                .messages(MessageFilter::Newest(1.into()))?
                .pop()
                .map(|message| (message.id, message.received_at));
            let newest = (newest, rows.newest_event()?);
            let written = rows.newest_times()?;
            let open = (rows.all_open_orders()?, rows.sims_with_open_orders()?);
            let alarms =
                StoredAlarms { standing: rows.standing_alarms()?, told: rows.told_alarms()? };
            let stored = (alarms, rows.sites()?);
            Ok::<_, StoreError>((rows.services()?, newest, open, written, stored))
        });
        let (services, (newest, newest_event), (open, awaited), written, stored) = read.await?;
        let written = if written.is_empty() { vec![clock.now()] } else { written };
        let catalogue = Catalogue::new(&services)?;
        code::prepare();
        let env = Arc::new(Environment::new(store, settings, clock, entropy, written));
        let cache = Arc::new(RequestCache::with_open_orders(open));
        let news = Arc::new(MessageNews::new(newest));
        let subjects = Subjects::new(env, cache, catalogue, news, stored, newest_event);
        subjects.presence.await_sims(awaited);
        Ok(Gateway(Arc::new(subjects)))
    }
}

impl Subjects {
    /// Makes the subjects, each after those that it uses.
    fn new(
        env: Arc<Environment>,
        cache: Arc<RequestCache>,
        catalogue: Catalogue,
        news: Arc<MessageNews>,
        (alarms, sites): (StoredAlarms, Vec<StoredSite>),
        newest_event: EventId,
    ) -> Subjects {
        let catalogue = Arc::new(CurrentCatalogue::new(catalogue));
        let wakeups = Arc::<Wakeups>::default();
        let failed = Arc::<FailedDeadlines>::default();
        let stats = Arc::<OrderStats>::default();
        let clocks = Arc::new(NetworkClocks::new());
        let banks = Arc::<BankState>::default();
        let presence = Arc::new(SimPresence::new(Arc::default(), banks, failed.clone(), env.now()));
        let topics = Arc::new(Topics::new(env.store.changes().clone()));
        let events = Events::new(env.clone(), presence.clone(), topics.clone(), newest_event);
        let events = Arc::new(events);
        let endpoints = Arc::<EndpointChanges>::default();
        let resolver = Arc::new(SystemResolver::for_checks());
        let webhooks = Arc::new(Webhooks::new(env.clone(), endpoints.clone(), resolver));
        let sessions = Arc::<SessionCache>::default();
        let people = Arc::new(People::new(env.clone(), sessions.clone(), wakeups.clone()));
        let sandbox = Arc::new(Sandbox::new(env.clone(), wakeups.clone(), events.clone()));
        let accounts = Arc::new(Accounts::new(
            env.clone(),
            cache.clone(),
            sessions,
            events.clone(),
            endpoints,
            sandbox.clone(),
        ));
        let services = Arc::new(Services::new(env.clone(), catalogue.clone()));
        let health = Arc::new(Health::new(env.clone()));
        let audit = Arc::new(Audit::new(env.clone()));
        let alarms = Arc::new(Alarms::new(env.clone(), topics.clone(), alarms));
        let banks = Banks::new(
            env.clone(),
            presence.clone(),
            wakeups.clone(),
            topics.clone(),
            audit.clone(),
        );
        let banks = Arc::new(banks);
        let sims = Arc::new(Sims::new(
            env.clone(),
            presence.clone(),
            banks.clone(),
            stats.last_messages().clone(),
        ));
        let sites = Arc::new(Sites::new(
            env.clone(),
            presence.clone(),
            wakeups.clone(),
            topics.clone(),
            sites,
        ));
        let numbers = Arc::new(NumberDiscovery::new(
            env.clone(),
            presence.clone(),
            sims.clone(),
            wakeups.clone(),
        ));
        let hearing_tests =
            Arc::new(HearingTests::new(env.clone(), presence.clone(), sims.clone()));
        let number_book = NumberBook::new(env.clone(), cache.clone());
        let finder = Finder::new(env.clone(), presence.clone());
        let samples = Samples::new(env.clone(), presence.clone());
        let reports = Arc::new(Reports::new(env.clone(), audit.clone(), sims.clone()));
        let verification =
            Arc::new(Verification::new(env.clone(), reports.clone(), topics.clone()));
        let stock = Arc::new(Stock::new(env.clone(), presence.clone(), cache.clone()));
        let orders = Arc::new(Orders::new(
            env.clone(),
            cache.clone(),
            wakeups.clone(),
            stock.clone(),
            stats.clone(),
            audit.clone(),
            events.clone(),
        ));
        let rentals = Arc::new(Rentals::new(
            env.clone(),
            wakeups.clone(),
            stock.clone(),
            banks.clone(),
            orders.clone(),
            audit.clone(),
            events.clone(),
        ));
        let attribution = Arc::new(Attribution::new(env.clone(), catalogue, cache));
        let matcher = Arc::new(Matcher::new(
            env.clone(),
            attribution.clone(),
            numbers.clone(),
            orders.clone(),
            rentals.clone(),
            stats.clone(),
            news.clone(),
        ));
        let assemblies =
            Arc::new(Assemblies::new(wakeups.clone(), clocks.clone(), matcher.clone()));
        let inbox = Arc::new(Inbox::new(
            env.clone(),
            presence.clone(),
            clocks.clone(),
            matcher,
            assemblies.clone(),
            news,
        ));
        let due_work = Arc::new(DueWork::new(
            env.clone(),
            wakeups.clone(),
            failed,
            presence.clone(),
            (orders.clone(), rentals.clone()),
            assemblies,
            sandbox.clone(),
        ));
        Subjects {
            env,
            presence,
            wakeups,
            clocks,
            stats,
            topics,
            accounts,
            people,
            services,
            health,
            audit,
            alarms,
            events,
            webhooks,
            sandbox,
            banks,
            sims,
            sites,
            numbers,
            hearing_tests,
            number_book,
            finder,
            samples,
            reports,
            verification,
            stock,
            orders,
            rentals,
            attribution,
            inbox,
            due_work,
        }
    }
}
