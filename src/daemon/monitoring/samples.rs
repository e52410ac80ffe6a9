//! Takes a sample of the site's figures every minute.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Monitor;
use super::counts_cache::{SiteCounts, StockOf};
use super::process::Process;
use crate::domain::availability;
use crate::domain::bank::RadioReport;
use crate::domain::histogram::Distribution;
use crate::domain::ledger::EntryKind;
use crate::domain::sample::{BEYOND, Figures, OF, SampleSpan, SampleTopic, beginning};
use crate::domain::{Amount, Timestamp};

/// How many services have figures of their own in one sample: those with the most orders.
const MOST_SERVICES: usize = 25;
/// How many pairs of a service and a country have their stock in one sample: those that last least.
const MOST_PAIRS: usize = 60;
/// How much too early a timer may wake up by this machine's clock.
const EARLY: Duration = Duration::from_secs(5);
/// The entries of the ledger that are income, or give it back.
const INCOME: [EntryKind; 5] = [
    EntryKind::Capture,
    EntryKind::Rental,
    EntryKind::Extension,
    EntryKind::Renewal,
    EntryKind::Refund,
];

/// The figures of several topics.
type ByTopic = BTreeMap<SampleTopic, Figures>;

/// What has been counted since the start when the last sample was taken.
#[derive(Debug, Default)]
struct Counted(ByTopic);

impl Counted {
    /// What has happened since the last sample: how much more there is of each count.
    fn take(&mut self, totals: ByTopic) -> ByTopic {
        let grown = totals.iter().map(|(topic, figures)| {
            let before = |name: &String| self.0.get(topic)?.get(name).copied();
            let grown = figures.iter().filter_map(|(name, total)| {
                let more = total - before(name).unwrap_or(0.0);
                (more > 0.0).then(|| (name.clone(), more))
            });
            (*topic, grown.collect())
        });
        let grown = grown.collect();
        self.0 = totals;
        grown
    }
}

impl Monitor {
    /// Takes a sample of every minute until the daemon stops.
    pub async fn take_samples(self: Arc<Self>, stopping: CancellationToken) {
        let (mut counted, mut was_saved) = (Counted::default(), true);
        let minute = SampleSpan::Minute.length();
        loop {
            let now = self.gateway.now();
            let pause = beginning(now, minute).plus(minute).since(now);
            if stopping.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
            self.gateway.samples().note_signals();
            let at = beginning(self.gateway.now().plus(EARLY), minute).minus(minute);
            let saved = self.gateway.samples().record(at, self.sample(at, &mut counted)).await;
            if let Err(error) = &saved
                && was_saved
            {
                tracing::warn!(
                    event = "sample_unsaved",
                    %error,
                    "the figures of a minute could not be saved; charts have a gap"
                );
            }
            was_saved = saved.is_ok();
        }
    }

    /// The figures of the minute that began at a time.
    fn sample(&self, at: Timestamp, counted: &mut Counted) -> ByTopic {
        let mut sample = counted.take(self.totals());
        if let Some(services) = sample.get_mut(&SampleTopic::Services) {
            keep_busiest_services(services);
        }
        sample.extend(self.levels());
        let counts = self.counts.last();
        if counts.at.is_some() {
            sample.extend(site_levels(&counts));
        }
        if counts.stock_at.is_some() {
            sample.insert(SampleTopic::Stock, stock(&counts));
            if beginning(at, SampleSpan::Hour.length()) == at {
                sample.insert(SampleTopic::Pairs, pairs(&counts));
            }
        }
        sample
    }

    /// What has been counted since the start of the daemon.
    fn totals(&self) -> ByTopic {
        let received: u64 = self.modems.all().values().map(|port| port.messages).sum();
        let mut requests = Figures::new();
        for (_, outcome, count) in self.requests.all() {
            *requests.entry(outcome.to_owned()).or_default() += count as f64;
        }
        let processor = Process::now().cpu_seconds;
        let (services, codes) = self.order_totals();
        let commits = by_bound(&self.store.stats().commit_us.distribution());
        let mut totals = ByTopic::from([
            (SampleTopic::Messages, [("received".to_owned(), received as f64)].into()),
            (SampleTopic::Orders, of_all_services(&services)),
            (SampleTopic::Services, services),
            (SampleTopic::Codes, codes),
            (SampleTopic::Requests, requests),
            (SampleTopic::Commits, commits),
            (SampleTopic::Processor, [("used".to_owned(), processor)].into()),
        ]);
        let banks = self.gateway.banks().reports();
        if !banks.is_empty() {
            let radios = || banks.iter().flat_map(|bank| &bank.radios);
            let sum = |count: fn(&RadioReport) -> f64| radios().map(count).sum();
            let figures = [
                ("switches".to_owned(), sum(|radio| f64::from(radio.switches))),
                ("failed".to_owned(), sum(|radio| f64::from(radio.failures + radio.lies))),
                ("deaf_seconds".to_owned(), sum(|radio| radio.downtime.as_secs_f64())),
            ];
            totals.insert(SampleTopic::Switches, figures.into());
        }
        totals
    }

    /// The ends of each service's orders, and the seconds to the codes of all.
    fn order_totals(&self) -> (Figures, Figures) {
        let (mut services, mut codes) = (Figures::new(), Figures::new());
        for service in &self.counts.last().services {
            let ends = self.gateway.order_stats().ends(service.id);
            services.extend(ends.by_outcome.into_iter().map(|(end, count)| {
                (format!("{}{OF}{}", end.as_str(), service.name), count as f64)
            }));
            for (bound, count) in by_bound(&ends.seconds) {
                *codes.entry(bound).or_default() += count;
            }
        }
        (services, codes)
    }

    /// What is known at every moment.
    fn levels(&self) -> ByTopic {
        let mut modems = Figures::new();
        for modem in self.modem_statuses() {
            *modems.entry(modem.snapshot.state.as_str().to_owned()).or_default() += 1.0;
        }
        let waiting = |count: usize| Figures::from([("waiting".to_owned(), count as f64)]);
        let machine = [
            ("memory", Process::now().memory_bytes),
            ("disk_free", self.disk().map(|disk| disk.free_bytes)),
            (
                "database",
                self.database_bytes().map(|bytes| bytes + self.log_bytes().unwrap_or_default()),
            ),
        ];
        let machine = machine.into_iter().filter_map(|(name, octets)| Some((name, octets?)));
        let machine = machine.map(|(name, octets)| (name.to_owned(), octets as f64));
        let mut levels = ByTopic::from([
            (SampleTopic::Modems, modems),
            (SampleTopic::Polls, waiting(self.gateway.poll_count())),
            (SampleTopic::Writer, waiting(self.store.waiting())),
            (SampleTopic::Machine, machine.collect()),
        ]);
        let banks = self.gateway.banks().reports();
        if !banks.is_empty() {
            let slots = banks.iter().flat_map(|bank| &bank.slots);
            let late = slots.filter(|slot| slot.late_since.is_some()).count();
            levels.insert(SampleTopic::Visits, [("late".to_owned(), late as f64)].into());
        }
        levels
    }
}

/// The counts of a histogram by the bounds that they do not exceed.
fn by_bound(distribution: &Distribution) -> Figures {
    let (mut figures, mut below) = (Figures::new(), 0);
    for (bound, at_most) in &distribution.at_most {
        figures.insert(bound.to_string(), at_most.saturating_sub(below) as f64);
        below = *at_most;
    }
    figures.insert(BEYOND.to_owned(), distribution.count.saturating_sub(below) as f64);
    figures
}

/// The ends of all services' orders.
fn of_all_services(services: &Figures) -> Figures {
    let mut all = Figures::new();
    for (name, count) in services {
        let (end, _) = name.split_once(OF).unwrap_or((name, ""));
        *all.entry(end.to_owned()).or_default() += count;
    }
    all
}

/// Leaves those services out that had fewer orders than others, where there are many.
fn keep_busiest_services(services: &mut Figures) {
    let service_of = |name: &str| name.split_once(OF).map_or("", |(_, of)| of).to_owned();
    let mut by_service = BTreeMap::<String, f64>::new();
    for (name, count) in services.iter() {
        *by_service.entry(service_of(name)).or_default() += count;
    }
    let mut busiest: Vec<(String, f64)> = by_service.into_iter().collect();
    busiest.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    busiest.truncate(MOST_SERVICES);
    services.retain(|name, _| busiest.iter().any(|(kept, _)| *kept == service_of(name)));
}

/// What was counted last of SIMs and money.
fn site_levels(counts: &SiteCounts) -> ByTopic {
    let mut sims = Figures::new();
    for ((_, unavailable), count) in &counts.stats.sims {
        *sims.entry(availability::word(*unavailable).to_owned()).or_default() += *count as f64;
    }
    let minor = |amount: Amount| amount.0 as f64;
    let funds = [("balance", counts.stats.balance), ("held", counts.stats.held)];
    let funds = funds.map(|(name, amount)| (name.to_owned(), minor(amount)));
    // A charge takes from a balance. Kinds that there are none of are there too: the first of them
    // is growth only beside a sample that has 0.
    let income = INCOME.map(|kind| {
        let sums = counts.ledger.kinds.get(&kind);
        (kind.as_str().to_owned(), 0.0 - sums.map_or(0.0, |sums| sums.balance_minor as f64))
    });
    ByTopic::from([
        (SampleTopic::Sims, sims),
        (SampleTopic::Funds, funds.into()),
        (SampleTopic::Income, income.into()),
    ])
}

/// The fewest numbers of all pairs of a service and a country, and how many pairs have none.
fn stock(counts: &SiteCounts) -> Figures {
    let free: Vec<usize> = counts.runways().map(|pair| pair.runway.free).collect();
    let without = free.iter().filter(|free| **free == 0).count();
    let least = free.into_iter().min().map(|least| ("least".to_owned(), least as f64));
    least.into_iter().chain([("without".to_owned(), without as f64)]).collect()
}

/// The numbers of the pairs that last least.
fn pairs(counts: &SiteCounts) -> Figures {
    let mut pairs: Vec<StockOf<'_>> = counts.runways().collect();
    let days = |pair: &StockOf<'_>| pair.runway.days_left().unwrap_or(f64::MAX);
    pairs.sort_by(|a, b| days(a).total_cmp(&days(b)).then(a.runway.free.cmp(&b.runway.free)));
    let named = pairs.into_iter().take(MOST_PAIRS);
    named
        .map(|pair| (format!("{}/{}", pair.service, pair.country), pair.runway.free as f64))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::histogram::Histogram;
    use crate::domain::{Service, ServiceId};

    fn figures(all: &[(&str, f64)]) -> Figures {
        all.iter().map(|(name, figure)| ((*name).to_owned(), *figure)).collect()
    }

    #[test]
    fn a_sample_has_what_has_happened_since_the_last_one() {
        let mut counted = Counted::default();
        let mut take = |all: &[(&str, f64)]| {
            let totals = ByTopic::from([(SampleTopic::Messages, figures(all))]);
            counted.take(totals)[&SampleTopic::Messages].clone()
        };
        assert_eq!(take(&[("a", 3.0), ("b", 0.0)]), figures(&[("a", 3.0)]), "since the start");
        assert_eq!(take(&[("a", 5.0), ("b", 1.0)]), figures(&[("a", 2.0), ("b", 1.0)]));
        assert_eq!(take(&[("a", 4.0), ("b", 1.0)]), figures(&[]), "a port is gone");
        assert_eq!(take(&[("a", 6.0)]), figures(&[("a", 2.0)]));
    }

    #[test]
    fn each_kind_of_income_has_a_figure_before_the_first_of_it() {
        let levels = site_levels(&SiteCounts::default());
        let expected = INCOME.map(|kind| (kind.as_str(), 0.0));
        assert_eq!(levels[&SampleTopic::Income], figures(&expected));
    }

    #[test]
    fn a_histogram_is_counted_between_its_bounds() {
        let histogram = Histogram::new(&[5, 10]);
        [1, 5, 6, 11, 12].into_iter().for_each(|value| histogram.observe(value));
        let expected = figures(&[("5", 2.0), ("10", 1.0), ("more", 2.0)]);
        assert_eq!(by_bound(&histogram.distribution()), expected);
    }

    #[test]
    fn of_many_services_those_with_the_most_orders_have_figures_of_their_own() {
        let mut services = Figures::new();
        for n in 0..40 {
            services.insert(format!("completed:s{n}"), f64::from(n));
            services.insert(format!("expired:s{n}"), 1.0);
        }
        let all = of_all_services(&services);
        assert_eq!(all, figures(&[("completed", 780.0), ("expired", 40.0)]));
        keep_busiest_services(&mut services);
        assert_eq!(services.len(), 2 * MOST_SERVICES);
        assert!(services.contains_key("completed:s39") && !services.contains_key("expired:s14"));
    }

    #[test]
    fn the_stock_of_single_pairs_is_that_of_those_that_last_least() {
        let mut counts = SiteCounts::default();
        for (id, free) in (1..).zip(0..100_usize) {
            let service = Service::new(ServiceId(id), format!("s{id}"), Amount(50));
            counts.services.push(service);
            counts.stock.insert(ServiceId(id), vec![("NL".to_owned(), free)]);
        }
        counts.used.insert((ServiceId(100), "NL".to_owned()), 99.0);
        assert_eq!(stock(&counts), figures(&[("least", 0.0), ("without", 1.0)]));
        let pairs = pairs(&counts);
        assert_eq!(pairs.len(), MOST_PAIRS);
        assert!(pairs.contains_key("s100/NL"), "used up in a day");
        assert!(pairs.contains_key("s1/NL") && !pairs.contains_key("s60/NL"));
    }
}
