//! A rental as its tenant sees it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::rental::{RentalEnding, RentalState};
use crate::domain::{Amount, Rental, Timestamp};
use crate::gateway::Settings;
use crate::gateway::environment::Environment;
use crate::gateway::sim_presence::{SimAir, SimPresence};
use crate::store::{ReadTx, StoreError};

/// A rental as the JSON API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RentalResource {
    pub id: i64,
    pub state: RentalStatus,
    /// The number in E.164, with `+`.
    pub number: String,
    /// The number as it is written inside its country, digits only.
    pub national: String,
    /// The ISO 3166 code of the number's country.
    pub country: String,
    /// The package of its first term.
    pub package: String,
    /// The package that it is renewed with.
    pub renewal_package: String,
    /// Whether it is renewed at its end.
    pub auto_renew: bool,
    /// What its last term has cost.
    pub price: String,
    pub currency: String,
    pub started_at: String,
    /// When it ends unless it is renewed, or when it ended.
    pub expires_at: String,
    /// Until when it can be revived; `null` while it runs, and when it cannot be.
    pub grace_until: Option<String>,
    /// Whether its SIM is on the air now. One in a SIM bank is there by turns.
    pub on_air: bool,
    /// When its SIM was last known to be on the air.
    pub last_seen_at: Option<String>,
    /// When a SIM that is parked in a bank comes on the air again, as is planned.
    pub next_visit_at: Option<String>,
    /// How it has ended; not in the JSON.
    #[serde(skip)]
    #[schema(ignore)]
    pub ending: Option<RentalEnding>,
}

/// The state of a rental.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RentalStatus {
    /// Its tenant has its number.
    Active,
    /// It has ended, and can be revived.
    Grace,
    Ended,
}

impl RentalResource {
    /// A rental as it is at `now`.
    pub(in crate::gateway) fn read(
        rows: &ReadTx<'_>,
        env: &Environment,
        presence: &SimPresence,
        rental: &Rental,
        now: Timestamp,
    ) -> Result<RentalResource, StoreError> {
        let price = rows.last_term_price(rental.id)?.unwrap_or_default();
        let air = match rows.iccid(rental.sim)? {
            Some(iccid) => presence.air_of(&iccid, now),
            None => SimAir::default(),
        };
        let last_seen_at = match air.last_seen_at {
            None => rows.last_seen_at(rental.sim)?,
            known => known,
        };
        let air = SimAir { last_seen_at, ..air };
        Ok(RentalResource::of(&env.settings(), rental, (price, air), now))
    }

    /// A rental as it is at `now`, whose last term has cost this, and whose SIM is on the air so.
    pub(in crate::gateway) fn of(
        settings: &Settings,
        rental: &Rental,
        (price, air): (Amount, SimAir),
        now: Timestamp,
    ) -> RentalResource {
        let grace_until = settings.revivable_until(rental).filter(|until| now < *until);
        let state = match (rental.state, grace_until) {
            (RentalState::Active, _) => RentalStatus::Active,
            (RentalState::Ended { .. }, Some(_)) => RentalStatus::Grace,
            (RentalState::Ended { .. }, None) => RentalStatus::Ended,
        };
        let ending = match rental.state {
            RentalState::Active => None,
            RentalState::Ended { how, .. } => Some(how),
        };
        let text = |at: Timestamp| at.to_string();
        RentalResource {
            id: rental.id.0,
            state,
            number: rental.number.to_string(),
            national: settings.countries.national(&rental.number),
            country: settings.countries.iso_code(&rental.country).to_owned(),
            package: rental.package.clone(),
            renewal_package: rental.renewal_package.clone(),
            auto_renew: rental.auto_renew,
            price: settings.currency.text(price),
            currency: settings.currency.to_string(),
            started_at: rental.started_at.to_string(),
            expires_at: rental.shown_end().to_string(),
            grace_until: grace_until.map(text),
            on_air: air.is_on_air,
            last_seen_at: air.last_seen_at.map(text),
            next_visit_at: air.next_visit_at.map(text),
            ending,
        }
    }
}
