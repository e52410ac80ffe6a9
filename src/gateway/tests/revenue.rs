//! What is reported as earned in a random year, against a plain sum of the ledger's entries.

use super::*;
use crate::domain::Random;
use crate::domain::ledger::{EntryKind, RevenueGroup};
use crate::store::{ListFilter, ReadTx};

const DAY_S: i64 = 24 * 3600;
const SIMS: u16 = 5;

/// An entry of the ledger with all that it is added up and filtered by.
#[derive(Debug)]
struct Fact {
    at: i64,
    kind: EntryKind,
    earned: i64,
    account: String,
    service: Option<String>,
    country: String,
    iccid: String,
}

/// How many orders and terms were charged, how often something was given back, and what is left.
type Sums = BTreeMap<Option<String>, [i64; 4]>;

fn facts(rows: &ReadTx<'_>) -> Result<Vec<Fact>, StoreError> {
    let mut facts = Vec::new();
    for entry in rows.ledger(&ListFilter::newest(RowLimit::ALL))? {
        let (account, service, country, sim) = match (entry.order, entry.rental) {
            (Some(id), _) => {
                let order = rows.order(id)?.unwrap();
                let service = rows.service(order.service)?.unwrap().name;
                (order.account, Some(service), order.country, order.sim)
            }
            (None, Some(id)) => {
                let rental = rows.rental(id)?.unwrap();
                (rental.account, None, rental.country, rental.sim)
            }
            (None, None) => continue,
        };
        facts.push(Fact {
            at: entry.at.0,
            kind: entry.kind,
            earned: -entry.balance.0,
            account: rows.account(account)?.unwrap().name,
            service,
            country,
            iccid: rows.iccid(sim)?.unwrap().to_string(),
        });
    }
    Ok(facts)
}

/// A year in which customers order, rent, extend, and are given something back.
async fn random_year(fixture: &Fixture, random: &mut Random) {
    let (mut accounts, mut orders, mut rentals) = (Vec::new(), 0, Vec::new());
    for name in ["ann", "bob", "zoe"] {
        accounts.push(fixture.customer(name, 10_000_000).await);
    }
    let services =
        [fixture.service("Uber", &["^Uber$"]).await, fixture.service("Lyft", &["^Lyft$"]).await];
    let names = ["Uber", "Lyft"];
    let gateway = &fixture.gateway;
    while gateway.now().0 < START_US + 365 * DAY_S * SECOND_US {
        fixture.pass(1 + i64::try_from(random.below(3 * 86_400)).unwrap());
        (1..=SIMS).for_each(|n| fixture.report(n));
        gateway.due_work().run_due_work().await.unwrap();
        let account = random.one_of(&[accounts[0], accounts[1], accounts[2]]);
        let country = random.one_of(&["nl", "uk"]);
        let any = |random: &mut Random, count: i64| {
            1 + i64::try_from(random.below(count.max(1).unsigned_abs())).unwrap()
        };
        match random.below(9) {
            0..4 => {
                let which = random.index(2);
                let made = gateway.orders().make(account, Some(services[which]), country).await;
                let MakeOrder::Made { order, number } = made.unwrap() else { continue };
                orders = order.0;
                let given_up = random.below(4) == 0;
                fixture.pass(2);
                if given_up {
                    gateway.orders().cancel(account, order).await.unwrap();
                } else {
                    let sim = if country == "uk" { SIMS } else { number[6..].parse().unwrap() };
                    fixture.sms(sim, names[which], &format!("code {}", 1000 + order.0)).await;
                }
            }
            4 => {
                let amount = Some(Amount(any(random, 50)));
                let order = OrderId(any(random, orders));
                drop(gateway.orders().refund(order, amount, "a year".into()).await);
            }
            5 => {
                let renews = random.below(2) == 0;
                let rented = gateway.rentals().rent(account, Some(country), "1m", renews).await;
                if let Rent::Made(rental) = rented.unwrap() {
                    rentals.push((rental.id, account));
                }
            }
            6 => {
                let Some((rental, account)) = rentals.last() else { continue };
                gateway.rentals().extend(*account, *rental, "1m").await.unwrap();
            }
            _ => {
                let Some((rental, _)) = rentals.get(random.index(rentals.len())) else { continue };
                let refund = random.one_of(&[EndRefund::ProRata, EndRefund::Nothing]);
                let ended = gateway.rentals().end_for_operator(*rental, refund, "a year".into());
                drop(ended.await);
            }
        }
    }
}

fn group_of(by: RevenueGroup, fact: &Fact) -> Option<String> {
    const QUARTER_US: i64 = 15 * 60 * SECOND_US;
    match by {
        RevenueGroup::Service => fact.service.clone(),
        RevenueGroup::Country => Some(fact.country.clone()),
        RevenueGroup::Account => Some(fact.account.clone()),
        RevenueGroup::Sim => Some(fact.iccid.clone()),
        RevenueGroup::QuarterHour => {
            Some(Timestamp(fact.at - fact.at.rem_euclid(QUARTER_US)).to_string())
        }
    }
}

fn added_up<'f>(by: RevenueGroup, facts: impl Iterator<Item = &'f Fact>) -> Sums {
    let mut sums = Sums::new();
    for fact in facts {
        let place = match fact.kind {
            EntryKind::Capture => 0,
            EntryKind::Rental | EntryKind::Extension | EntryKind::Renewal => 1,
            EntryKind::Refund => 2,
            _ => continue,
        };
        let sum = sums.entry(group_of(by, fact)).or_default();
        sum[place] += 1;
        sum[3] += fact.earned;
    }
    sums
}

#[tokio::test]
async fn a_random_year_is_reported_as_its_entries_add_up() {
    let settings = Settings {
        number_cooldown: Some(Duration::from_secs(3600)),
        rental_rest: Duration::from_secs(3600),
        ..default_settings()
    };
    let fixture = Fixture::with(settings).await;
    for n in 1..=SIMS {
        fixture.plug(n).await;
    }
    let british = fixture.gateway.sims().set_number(iccid(SIMS), "+447700900123".into(), false);
    british.await.unwrap();
    let mut random = Random::new(20_260_622);
    random_year(&fixture, &mut random).await;
    let facts = fixture.gateway.0.env.store.read(facts).await.unwrap();
    let kinds: std::collections::BTreeSet<&str> =
        facts.iter().map(|fact| fact.kind.as_str()).collect();
    let all = ["capture", "extension", "hold", "refund", "release", "renewal", "rental"];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), all, "nothing was left out");
    for round in 0..60 {
        let is_given = |text: &str| Some(text.to_owned()).filter(|_| round % 2 == 0);
        let (first, last) =
            (facts[random.index(facts.len())].at, facts[random.index(facts.len())].at);
        let (from, to) = (first.min(last), first.max(last));
        let (account, country) = (random.one_of(&["ann", "bob"]), random.one_of(&["NL", "UK"]));
        let like = &facts[random.index(facts.len())];
        let request = ListRequest {
            account: is_given(account).filter(|_| round % 3 == 0),
            country: is_given(country).filter(|_| round % 5 == 0),
            service: is_given("uber").filter(|_| round % 7 == 0),
            iccid: is_given(&like.iccid).filter(|_| round % 4 == 0),
            from: Some(Timestamp(from)).filter(|_| round % 10 > 1),
            to: Some(Timestamp(to)).filter(|_| round % 10 > 3),
            ..ListRequest::default()
        };
        let wanted = request.clone();
        let is_wanted = |fact: &&Fact| {
            wanted.account.as_ref().is_none_or(|name| *name == fact.account)
                && wanted.country.as_ref().is_none_or(|code| *code == fact.country)
                && (wanted.service.is_none() || fact.service.as_deref() == Some("Uber"))
                && wanted.iccid.as_ref().is_none_or(|iccid| *iccid == fact.iccid)
                && wanted.from.is_none_or(|from| from.0 <= fact.at)
                && wanted.to.is_none_or(|to| fact.at < to.0)
        };
        let by = random.one_of(&[
            RevenueGroup::Service,
            RevenueGroup::Country,
            RevenueGroup::Account,
            RevenueGroup::Sim,
            RevenueGroup::QuarterHour,
        ]);
        let reported = fixture.gateway.reports().revenue(by, request).await.unwrap();
        let reported: Sums = reported
            .into_iter()
            .map(|row| (row.group, [row.orders, row.terms, row.refunds, row.amount.0]))
            .collect();
        assert_eq!(reported, added_up(by, facts.iter().filter(is_wanted)), "{by:?} {wanted:?}");
    }
    assert_eq!(fixture.faults().await, [""; 0]);
}
