//! The gateway with the model's interface.

use super::limits::Allowed;
use super::*;

fn id_of(rental: usize) -> RentalId {
    RentalId(i64::try_from(rental).unwrap() + 1)
}

/// Whether the operator was refused something.
fn done<T>(outcome: Result<T, Error>) -> String {
    match outcome {
        Ok(_) => "done".into(),
        Err(error) if error.refusal().is_some() => "refused".into(),
        Err(other) => panic!("{other}"),
    }
}

/// The gateway with the same interface.
pub(super) struct Real {
    pub(super) fixture: Fixture,
    pub(super) accounts: Vec<AccountId>,
    pub(super) services: Vec<ServiceId>,
    pub(super) count: usize,
    /// The rests of long messages, by the order of their first parts.
    pub(super) rests: Vec<Vec<u8>>,
    pub(super) bank: Bank,
}

impl Real {
    pub(super) async fn open(setting: Setting) -> Real {
        let rule = BlockRule {
            name: "banks".into(),
            senders: vec!["^Bank$".into()],
            texts: vec!["iban".into()],
        };
        let settings = Settings {
            block_list: BlockList::new(&[rule]).unwrap(),
            number_rest: Duration::from_secs(REST_S.unsigned_abs()),
            rest_after_orders: Duration::from_secs(REST_AFTER_ORDERS_S.unsigned_abs()),
            pauses: Pauses {
                min_cancel_age: Duration::from_secs(setting.min_cancel_age.unsigned_abs()),
                ..default_settings().pauses
            },
            ..default_settings()
        };
        let fixture = Fixture::with(settings).await;
        let mut accounts = Vec::new();
        for n in 0..CUSTOMERS {
            accounts.push(fixture.customer(&format!("customer {n}"), setting.cents).await);
        }
        let mut services = vec![
            fixture.service("Uber", &["^Uber$"]).await,
            fixture.service_charging("Lyft", &["^Lyft$"], None).await,
        ];
        services.push(fixture.service("Any", &[]).await);
        let mut bank = fixture.bank(1, SIMS + BANKED).await;
        bank.report
            .slots
            .iter_mut()
            .take(usize::from(SIMS))
            .for_each(|slot| slot.contents = SlotContents::Unknown);
        bank.report_to(&fixture);
        for sim in 1..=SIMS {
            fixture.plug(sim).await;
        }
        Real { fixture, accounts, services, count: 0, rests: Vec::new(), bank }
    }

    pub(super) fn now(&self) -> i64 {
        self.fixture.gateway.now().0 / SECOND_US
    }

    pub(super) async fn sim_of(&self, number: &str) -> u16 {
        number[number.len() - 4..].parse().unwrap()
    }

    pub(super) async fn make(&self, account: usize, service: usize) -> String {
        match self.fixture.make(self.accounts[account], self.services[service]).await {
            MakeOrder::Made { order, number } => {
                format!("made {order} on {}", self.sim_of(&number).await)
            }
            MakeOrder::AlreadyOpen(order) => format!("open {order}"),
            MakeOrder::NoPhone => "no phone".into(),
            MakeOrder::NoBalance => "no balance".into(),
            MakeOrder::Paused(_) => "paused".into(),
            MakeOrder::Limited(limit) => format!("limited {}", limit.as_str()),
            other => panic!("{other:?}"),
        }
    }

    /// The operator gives back what an order was charged.
    pub(super) async fn refund(&self, order: usize) -> String {
        let order = OrderId(i64::try_from(order).unwrap() + 1);
        done(self.fixture.gateway.orders().refund(order, None, "a history".into()).await)
    }

    pub(super) async fn limit(&self, account: usize, allowed: Allowed) -> String {
        let text = |limit: Option<String>| Some(limit.unwrap_or_else(|| "none".into()));
        let edit = LimitEdit {
            max_open: text(allowed.max_open.map(|most| most.to_string())),
            orders_per_day: text(allowed.orders_per_day.map(|most| most.to_string())),
            spend_per_day: text(
                allowed.spend_per_day.map(|cents| format!("{}.{:02}", cents / 100, cents % 100)),
            ),
        };
        done(self.fixture.gateway.accounts().limit(format!("customer {account}"), edit).await)
    }

    pub(super) async fn set_pool(&self, sim: u16, pool: Pool) -> String {
        done(self.fixture.gateway.sims().set_pool(iccid(sim), pool).await)
    }

    pub(super) async fn give_up(&self, account: usize, order: usize, skip: bool) -> String {
        let (account, order) = (self.accounts[account], OrderId(i64::try_from(order).unwrap() + 1));
        let gateway = &self.fixture.gateway;
        let said = if skip {
            gateway.orders().skip(account, order).await
        } else {
            gateway.orders().cancel(account, order).await
        };
        match said.unwrap() {
            Cancel::Canceled => "canceled".into(),
            Cancel::Completed => "completed".into(),
            Cancel::Over => "over".into(),
        }
    }

    pub(super) async fn reuse(&self, account: usize, order: usize) -> String {
        let order = OrderId(i64::try_from(order).unwrap() + 1);
        match self.fixture.gateway.orders().reuse(self.accounts[account], order).await.unwrap() {
            Reuse::Made { order, number } => {
                format!("made {order} on {}", self.sim_of(&number).await)
            }
            Reuse::Offline => "offline".into(),
            Reuse::AlreadyOpen(order) => format!("open {order}"),
            Reuse::NoBalance => "no balance".into(),
        }
    }

    pub(super) async fn rent(&self, account: usize, auto_renew: bool) -> String {
        match self
            .fixture
            .gateway
            .rentals()
            .rent(self.accounts[account], Some("NL"), "1m", auto_renew)
            .await
            .unwrap()
        {
            Rent::Made(rental) => {
                format!("rented {} on {}", rental.id, self.sim_of(rental.number.as_str()).await)
            }
            Rent::NoStock => "no stock".into(),
            Rent::NoBalance => "no balance".into(),
            Rent::Limited => "limited".into(),
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn extend(&self, account: usize, rental: usize) -> String {
        let rental = RentalId(i64::try_from(rental).unwrap() + 1);
        match self
            .fixture
            .gateway
            .rentals()
            .extend(self.accounts[account], rental, "1m")
            .await
            .unwrap()
        {
            Extend::Extended(_) => "extended".into(),
            Extend::InvalidContract => "invalid".into(),
            Extend::Expired => "expired".into(),
            Extend::NoBalance => "no balance".into(),
            Extend::Limited => "limited".into(),
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn give_days(&self, rental: usize, days: u32) -> String {
        let rentals = self.fixture.gateway.rentals();
        done(rentals.give_days(id_of(rental), days, "a history".into()).await)
    }

    pub(super) async fn end_early(&self, rental: usize, pro_rata: bool) -> String {
        let refund = if pro_rata { EndRefund::ProRata } else { EndRefund::Nothing };
        let rentals = self.fixture.gateway.rentals();
        let ended = rentals.end_for_operator(id_of(rental), refund, "a history".into()).await;
        match ended {
            Ok((_, amount)) => format!("gave back {}", amount.0),
            refused => done(refused),
        }
    }

    pub(super) async fn move_to(&self, rental: usize, to: u16) -> String {
        done(self.fixture.gateway.rentals().move_to(id_of(rental), iccid(to)).await)
    }

    pub(super) async fn revive(&self, rental: usize) -> String {
        done(self.fixture.gateway.inbox().revive(id_of(rental)).await)
    }

    /// The first part of a long message; its whole text.
    pub(super) async fn begin(&mut self, sim: u16, sender: usize, blocked: bool) -> String {
        self.count += 1;
        let end = match self.count % 2 {
            _ if blocked => "iban".to_owned(),
            0 => format!("code {}", 10_000 + self.count),
            _ => "end".to_owned(),
        };
        let text = format!("message {} {}{end}", self.count, "long ".repeat(35));
        let reference = u8::try_from(self.count % 256).unwrap();
        let mut pdus = self.fixture.pdus(SENDERS[sender], &text, 0, reference);
        assert_eq!(pdus.len(), 2);
        self.rests.push(pdus.remove(1));
        assert_eq!(self.fixture.arrive(sim, &pdus[0]).await, Ingested::Part);
        text
    }

    pub(super) async fn end(&mut self, sim: u16, long: usize) -> Option<usize> {
        match self.fixture.arrive(sim, &self.rests[long].clone()).await {
            Ingested::Message(_, order) => order.map(|order| usize::try_from(order.0).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    pub(super) async fn sms(
        &mut self,
        sim: u16,
        sender: usize,
        text: &str,
        age_s: i64,
    ) -> Option<usize> {
        let pdu = self.fixture.pdus(SENDERS[sender], text, age_s, 1).remove(0);
        match self.fixture.arrive(sim, &pdu).await {
            Ingested::Message(_, order) => order.map(|order| usize::try_from(order.0).unwrap()),
            other => panic!("{other:?}"),
        }
    }
}
