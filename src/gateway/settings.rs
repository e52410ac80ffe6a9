//! What the operator can choose. The defaults are in the table of configuration keys
//! (`daemon/config/table.rs`).

use std::time::Duration;

use crate::domain::account_price::{AccountPrice, price_for};
use crate::domain::fair_use::{AccountLimits, Allowance, Pauses};
use crate::domain::price::percent_of;
use crate::domain::rental::Packages;
use crate::domain::webhook::AddressRules;
use crate::domain::{
    Amount, BlockList, Countries, Currency, HomeNetworks, Msisdn, Order, Rental, Service, Timestamp,
};

/// What the operator has chosen for the business in the configuration.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How long an order waits and collects.
    pub order_lifetime: Duration,
    /// What holds for customers' programs that were written for number markets.
    pub market: MarketSettings,
    /// Open orders that an account may have at once.
    pub max_open_per_account: usize,
    /// An order that was given up before this tells nothing of its number.
    pub judge_after: Duration,
    /// Orders that an account may make in a day.
    pub orders_per_day: Allowance,
    /// What an account may spend in a day.
    pub spend_per_day: Allowance,
    /// How long an account waits after orders that it gave up.
    pub pauses: Pauses,
    /// Whether orders of services with patterns may share a SIM.
    pub share_sim: bool,
    /// The accounts' currency.
    pub currency: Currency,
    /// The names of the networks that SIMs are of.
    pub home_networks: HomeNetworks,
    /// The countries that numbers are sold in.
    pub countries: Countries,
    /// Whether regular orders show numbers as country code and digits instead of the national
    /// form.
    pub international_numbers: bool,
    /// For how long after its completion the number of an order may be reused.
    pub reuse_window: Duration,
    /// The price of a reuse, in percent of the service's price.
    pub reuse_price_percent: u32,
    /// For how long a number that was used for a service is not sold for it again; `None`:
    /// forever.
    pub number_cooldown: Option<Duration>,
    /// For how long a number that was given up without its SMS goes to no other account that could
    /// be given what comes late.
    pub number_rest: Duration,
    /// What is rented, and for how much.
    pub packages: Packages,
    /// How many rentals an account may have at once that cost nothing.
    pub max_free_rentals: i64,
    /// For how long a number rests between its last completed order and a tenant.
    pub rest_after_orders: Duration,
    /// For how long after its end a rental can be revived; at most as long as its SIM rests.
    pub rental_grace: Duration,
    /// For how long a SIM rests between tenants.
    pub rental_rest: Duration,
    /// How long a rental's SIM may be off the air before that is made good, and the rental not
    /// renewed.
    pub off_air_limit: Duration,
    /// Customers are told when they can spend less than this; `None`: never.
    pub balance_low: Option<Amount>,
    /// How many of its newest messages a tenant is shown at once.
    pub view_messages: u32,
    /// Whose messages no customer is to see.
    pub block_list: BlockList,
    /// For how long texts are kept after the end of what they belong to.
    pub text_kept: Duration,
    /// How long raw PDUs are kept; counted as for `text_kept`.
    pub raw_kept: Duration,
    /// For how long orders are kept that ended without any charge; `None`: forever.
    pub given_up_kept: Option<Duration>,
    /// For how long rows of the audit are kept; `None`: forever.
    pub audit_kept: Option<Duration>,
    /// For how long it is kept from where customers asked; `None`: as long as what they asked for.
    pub addresses_kept: Option<Duration>,
    /// Whether operators who may change something must have a second factor.
    pub require_second_factor: bool,
    /// Where webhooks may be sent to.
    pub webhooks: AddressRules,
    /// Whether SIMs without a number have their mobile operator asked by USSD.
    pub ask_ussd: bool,
    /// Whether, that failing, they send a message to another SIM of ours; it costs what a message
    /// costs.
    pub ask_loopback: bool,
}

/// A protocol of number markets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// That of `/stubs/handler_api.php`, which many markets share: one path, with the action in a
    /// parameter.
    HandlerApi,
    /// 5sim's API v1.
    FiveSim,
}

/// How many orders an account may have open at a time that uses one of these protocols, unless the
/// operator has said otherwise of it: programs for markets run many at once.
const MOST_OPEN_IN_DIALECTS: i64 = 20;

/// What the operator has chosen for the protocols of number markets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarketSettings {
    /// Whether `handler_api` is served.
    pub handler_api: bool,
    /// Whether 5sim's API is served.
    pub fivesim: bool,
    /// The code of the country of requests that name none.
    pub default_country: String,
    /// How long an order that was made through `handler_api` waits and collects.
    pub lifetime: Duration,
    /// How long one that was made through 5sim's API does.
    pub fivesim_lifetime: Duration,
    /// How old an order must be before it can be canceled through one of them.
    pub min_cancel_age: Duration,
}

impl MarketSettings {
    /// How long an order that was made through a dialect waits and collects.
    pub(super) fn lifetime_in(&self, dialect: Dialect) -> Duration {
        match dialect {
            Dialect::HandlerApi => self.lifetime,
            Dialect::FiveSim => self.fivesim_lifetime,
        }
    }
}

impl Settings {
    /// The limits of an account that has none of its own.
    pub(super) fn account_limits(&self) -> AccountLimits {
        let most = i64::try_from(self.max_open_per_account).unwrap_or(i64::MAX);
        AccountLimits {
            max_open: Allowance::AtMost(most),
            orders_per_day: self.orders_per_day,
            spend_per_day: self.spend_per_day,
        }
    }

    /// The same for what is ordered through a dialect, if it is.
    pub(super) fn account_limits_in(&self, dialect: Option<Dialect>) -> AccountLimits {
        let max_open = Allowance::AtMost(MOST_OPEN_IN_DIALECTS);
        match dialect {
            Some(_) => AccountLimits { max_open, ..self.account_limits() },
            None => self.account_limits(),
        }
    }

    /// How long an order waits and collects once its SIM is on the air.
    pub(super) fn lifetime_of(&self, order: &Order) -> Duration {
        order.lifetime.unwrap_or(self.order_lifetime)
    }

    /// Until when the number of an order of a service can be ordered again; `None` if it cannot.
    pub(super) fn reusable_until(&self, order: &Order, service: &Service) -> Option<Timestamp> {
        let window = service.reuse.window.unwrap_or(self.reuse_window);
        order.reusable_until(window).filter(|_| service.enabled)
    }

    /// What it costs to order the number of an order again, with the own prices of its account.
    pub(super) fn price_of_reuse(
        &self,
        order: &Order,
        service: &Service,
        own: &[AccountPrice],
    ) -> Option<Amount> {
        let percent = service.reuse.price_percent.unwrap_or(self.reuse_price_percent);
        let price = price_for(service, &order.country, own)?;
        Some(percent_of(price, percent))
    }

    /// Until when a rental that ended at `ended_at` can be revived.
    pub(super) fn grace_until(&self, ended_at: Timestamp) -> Timestamp {
        ended_at.plus(self.rental_grace.min(self.rental_rest))
    }

    /// Until when a rental can be revived; `None` if it has not ended, or was ended early.
    pub(super) fn revivable_until(&self, rental: &Rental) -> Option<Timestamp> {
        let ended_at = rental.state.ended_at().filter(|_| !rental.was_ended_early())?;
        Some(self.grace_until(ended_at))
    }

    /// A number as regular orders show it: digits only, in the national form or with the country
    /// code.
    pub(super) fn number_for_orders(&self, number: &Msisdn) -> String {
        match self.international_numbers {
            true => number.as_str().trim_start_matches('+').to_owned(),
            false => self.countries.national(number),
        }
    }
}
