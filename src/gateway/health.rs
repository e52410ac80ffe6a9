//! The health of numbers for services, as the operator sees it and sets it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::environment::Environment;
use super::listing::{ListRequest, number_in_words, readings};
use super::services::find_service;
use super::shared_reading::{Freshness, SharedReading};
use super::sims::no_sim;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::health::{MIN_ORDERS, PairHealth, SUCCESS_OF};
use crate::domain::{Iccid, Msisdn, Service, ServiceId, SimId, Timestamp};
use crate::store::{ListFilter, Pair, PairEnds, PairFilter, ReadTx, StoreError, WriteTx};

/// How many pairs are shown at most, the worst first.
const MOST_SHOWN: usize = 1000;

/// What is known of a number for a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairView {
    pub number: Msisdn,
    /// The SIM that the orders were for, or one that has the number, if one has.
    pub iccid: Option<Iccid>,
    /// The service's name.
    pub service: String,
    /// How its orders of the time that was asked for ended.
    pub ends: PairEnds,
    pub health: PairHealth,
    /// Whether it is given to no order now.
    pub rests: bool,
}

/// How a service's orders ended lately.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ServiceFigures {
    /// The share of orders that got a code, of those that tell something; `None` where they are too
    /// few to say.
    pub success: Option<f64>,
    /// The median of the seconds from an order to its code.
    pub median_seconds: Option<i64>,
}

/// How old figures may be that customers are shown: reading them takes long where there are many
/// orders.
const FIGURES_KEPT: Duration = Duration::from_secs(60);

/// The figures of all services.
type Figures = Arc<HashMap<ServiceId, ServiceFigures>>;

/// The health of numbers.
pub struct Health {
    env: Arc<Environment>,
    figures: SharedReading<HashMap<ServiceId, ServiceFigures>>,
}

impl Health {
    pub(super) fn new(env: Arc<Environment>) -> Health {
        Health { env, figures: SharedReading::default() }
    }

    /// The numbers with the services that they were ordered for since a time, or that something
    /// speaks against; the worst first.
    pub async fn pairs(&self, request: ListRequest) -> Result<Vec<PairView>, Error> {
        let (now, settings) = (self.env.now(), self.env.settings());
        let since = request.from.unwrap_or(now.minus(SUCCESS_OF));
        let read = self.env.store.read_in_background(move |rows| {
            let asked = request.resolve(rows, &settings.countries, &[])?;
            let most = usize::try_from(asked.limit.rows()).unwrap_or(usize::MAX).min(MOST_SHOWN);
            let mut all = pairs_since(rows, asked, since, now)?;
            all.sort_by_cached_key(|(ends, (number, service), health)| {
                let rests = health.rests_until > now;
                (!rests, -i64::from(health.failures), ends.codes, number.clone(), *service)
            });
            all.truncate(most);
            let names: HashMap<ServiceId, String> =
                rows.services()?.into_iter().map(|service| (service.id, service.name)).collect();
            let view = |(ends, (number, service), health): JudgedPair| {
                let iccid = iccid_of(rows, &number, &ends)?;
                let service = names.get(&service).cloned().unwrap_or_default();
                let rests = health.rests_until > now;
                Ok(PairView { number, iccid, service, ends, health, rests })
            };
            all.into_iter().map(view).collect()
        });
        read.await
    }

    /// Gives a number to no order for a service for so long.
    pub async fn rest(
        &self,
        number: String,
        service: String,
        rest: Duration,
    ) -> Result<PairView, Error> {
        self.change(number, service, AuditAction::SetRest, move |tx, number, service, now| {
            let health = tx.pair_health(number, service)?.rested(now, rest);
            tx.save_pair_health(number, service, health)?;
            Ok(format!(": until {}", health.rests_until))
        })
        .await
    }

    /// Forgets what speaks against a number for a service.
    pub async fn clear(&self, number: String, service: String) -> Result<PairView, Error> {
        self.change(number, service, AuditAction::ClearedHealth, |tx, number, service, _| {
            tx.clear_pair_health(number, service)?;
            Ok(String::new())
        })
        .await
    }

    /// Takes a SIM to hear again. Answers whether that was in doubt.
    pub async fn clear_sim(&self, iccid: Iccid) -> Result<bool, Error> {
        let now = self.env.now();
        let cleared = self.env.store.write(move |tx| {
            let sim = tx.sim_by_iccid(&iccid)?.ok_or_else(|| no_sim(&iccid))?;
            let was_doubted = tx.note_hearing(sim.id)?;
            tx.note(Actor::Operator, AuditAction::ClearedHealth, format!("SIM {iccid}"), now)?;
            Ok::<_, Error>(was_doubted)
        });
        cleared.await
    }

    /// How the orders of the last seven days ended, by service, as it was a short while ago. All
    /// who ask at a time share one reading.
    pub async fn recent_figures(&self) -> Result<Figures, Error> {
        self.figures.get(&self.env, (Freshness::Recent, FIGURES_KEPT), self.services()).await
    }

    /// The same as it was when it was read last; `None` if it was not yet. It waits for nothing: if
    /// that was long ago, it is read anew meanwhile, for whoever asks later.
    pub fn last_figures(self: &Arc<Self>) -> Option<Figures> {
        let now = self.env.now();
        let last = self.figures.last();
        if last.as_ref().is_none_or(|(at, _)| *at > now || now.since(*at) >= FIGURES_KEPT) {
            let health = Arc::clone(self);
            tokio::spawn(async move {
                if let Err(error) = health.recent_figures().await {
                    tracing::warn!(
                        event = "figures_failed",
                        %error,
                        "cannot count how orders ended"
                    );
                }
            });
        }
        last.map(|(_, figures)| figures)
    }

    /// How the orders of the last seven days ended, by service.
    pub async fn services(&self) -> Result<HashMap<ServiceId, ServiceFigures>, Error> {
        let since = self.env.now().minus(SUCCESS_OF);
        let read = self.env.store.read_in_background(move |rows| {
            let mut figures: HashMap<ServiceId, ServiceFigures> = HashMap::new();
            for (service, ends) in rows.service_ends(since)? {
                let share = ends.codes as f64 / ends.orders as f64;
                let success =
                    (ends.orders >= MIN_ORDERS).then(|| (share * 1000.0).round() / 1000.0);
                let median_seconds = rows.median_code_seconds(service, since, ends.codes)?;
                figures.insert(service, ServiceFigures { success, median_seconds });
            }
            Ok::<_, Error>(figures)
        });
        read.await
    }

    async fn change(
        &self,
        number: String,
        service: String,
        action: AuditAction<'static>,
        change: impl FnOnce(&WriteTx<'_>, &Msisdn, ServiceId, Timestamp) -> Result<String, Error>
        + Send
        + 'static,
    ) -> Result<PairView, Error> {
        let (now, settings) = (self.env.now(), self.env.settings());
        let changed = self.env.store.write(move |tx| {
            let service = find_service(tx, &service)?;
            let mut known = None;
            for reading in readings(&settings.countries, &number)? {
                known = known.or(tx
                    .sims_with_number(&reading)?
                    .into_iter()
                    .next()
                    .map(|iccid| (reading, iccid)));
            }
            let (number, iccid) = known.ok_or_else(|| {
                Error::refused(format!("no SIM has the number {number}"))
                    .in_shell("`simbridge sim list` shows them")
            })?;
            let detail = change(tx, &number, service.id, now)?;
            let (whose, name) =
                (number_in_words(&number, std::slice::from_ref(&iccid)), &service.name);
            tx.note(Actor::Operator, action, format!("{whose} for {name}{detail}"), now)?;
            view(tx, number, iccid, service, now)
        });
        changed.await
    }
}

/// How the orders of a number and a service ended lately, and what that has told.
type JudgedPair = (PairEnds, Pair, PairHealth);

/// The pairs of a filter that were ordered since a time, or rest now.
fn pairs_since(
    rows: &ReadTx<'_>,
    asked: ListFilter,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<JudgedPair>, Error> {
    let mut numbers = asked.numbers;
    if let Some(sim) = asked.sim {
        let of_sim = number_of(rows, sim)?;
        numbers.get_or_insert(vec![of_sim.clone()]).retain(|number| *number == of_sim);
    }
    let is_wanted = |number: &Msisdn| numbers.as_ref().is_none_or(|all| all.contains(number));
    let filter = PairFilter { service: asked.service, number: None, country: asked.country };
    let mut ends = rows.pair_ends(&filter, since)?;
    ends.retain(|(number, _), _| is_wanted(number));
    let mut pairs = rows.pairs(&filter)?;
    pairs.retain(|(pair, health)| {
        ends.contains_key(pair) || (is_wanted(&pair.0) && health.rests_until > now)
    });
    let with_ends = |(pair, health)| (ends.remove(&pair).unwrap_or_default(), pair, health);
    let mut all: Vec<JudgedPair> = pairs.into_iter().map(with_ends).collect();
    all.extend(ends.into_iter().map(|(pair, ends)| (ends, pair, PairHealth::default())));
    Ok(all)
}

/// What is known of a pair right after it was changed.
fn view(
    rows: &ReadTx<'_>,
    number: Msisdn,
    iccid: Iccid,
    service: Service,
    now: Timestamp,
) -> Result<PairView, Error> {
    let health = rows.pair_health(&number, service.id)?;
    let filter =
        PairFilter { service: Some(service.id), number: Some(number.clone()), country: None };
    let ends = rows.pair_ends(&filter, now.minus(SUCCESS_OF))?.into_values().next();
    let (ends, rests) = (ends.unwrap_or_default(), health.rests_until > now);
    let iccid = iccid_of(rows, &number, &ends)?.unwrap_or(iccid);
    Ok(PairView { number, iccid: Some(iccid), service: service.name, ends, health, rests })
}

/// The SIM that a pair's orders were for. Where there were none, one that has the number: of those
/// that claim one number, several do.
fn iccid_of(
    rows: &ReadTx<'_>,
    number: &Msisdn,
    ends: &PairEnds,
) -> Result<Option<Iccid>, StoreError> {
    match ends.sim {
        Some(sim) => rows.iccid(sim),
        None => Ok(rows.sims_with_number(number)?.into_iter().next()),
    }
}

/// The number of a SIM.
fn number_of(rows: &ReadTx<'_>, id: SimId) -> Result<Msisdn, Error> {
    let sim = rows.sim(id)?.ok_or_else(|| no_sim(id))?;
    let (known, iccid) = (sim.number.map(|known| known.number), sim.iccid);
    known.ok_or_else(|| Error::refused(format!("the number of SIM {iccid} is not known")))
}
