//! What an account pays where it has prices of its own.

use super::{Accounts, find_account, refuse_erased, subject_of};
use crate::domain::account_price::{AccountPrice, OwnPrice};
use crate::domain::audit::{Actor, AuditAction};
use crate::gateway::Error;
use crate::gateway::listing::find_country;
use crate::gateway::services::find_service;
use crate::store::{ReadTx, StoreError};

/// In place of a service's name: every service.
const EVERY_SERVICE: &str = "*";

/// What is to be paid for something, in the operator's words.
#[derive(Debug, Clone)]
pub struct PriceEdit {
    /// A service by its name or id, or `*` for every service.
    pub service: String,
    /// A country's code; `None` for every country.
    pub country: Option<String>,
    /// An amount, a share like `90%`, or `default`.
    pub price: String,
}

/// An own price with the names that the operator sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceView {
    /// The service's name, or `*` for every service.
    pub service: String,
    /// The country's code, if it is for one.
    pub country: Option<String>,
    pub price: OwnPrice,
}

impl Accounts {
    /// Changes what an account pays for a service. Orders that were made keep their price. Answers
    /// all its own prices.
    pub async fn set_price(
        &self,
        reference: String,
        edit: PriceEdit,
    ) -> Result<Vec<PriceView>, Error> {
        let PriceEdit { service, country, price } = edit;
        let (settings, now) = (self.env.settings(), self.env.now());
        let currency = settings.currency;
        let country = country.map(|code| find_country(&settings.countries, &code)).transpose()?;
        let price = match price.trim() {
            "default" => None,
            text => Some(OwnPrice::parse(text, currency).map_err(Error::Refused)?),
        };
        let set = self.env.store.write(move |tx| {
            let account = find_account(tx, &reference)?;
            refuse_erased(&account)?;
            let of = match service.as_str() {
                EVERY_SERVICE => None,
                name => Some(find_service(tx, name)?),
            };
            if of.is_none() && matches!(price, Some(OwnPrice::Amount(_))) {
                return Err(Error::refused(
                    "a price for every service is a share of each one's price, like 90%",
                ));
            }
            let name = of.as_ref().map_or(EVERY_SERVICE, |service| service.name.as_str());
            let id = of.as_ref().map(|service| service.id);
            let known = tx.account_prices(account.id)?;
            let before = known.iter().find(|own| own.service == id && own.country == country);
            let before = before.map(|own| own.price);
            if before != price {
                tx.set_account_price(account.id, id, country.as_deref(), price)?;
                let word = |price: Option<OwnPrice>| {
                    price.map_or_else(|| "default".to_owned(), |price| price.text(currency))
                };
                let place = country.as_ref().map(|code| format!(" in {code}")).unwrap_or_default();
                let (from, to) = (word(before), word(price));
                let owner = subject_of(&account);
                let subject = format!("{owner}, price of {name}{place} from {from} to {to}");
                tx.note(Actor::Operator, AuditAction::Changed, subject, now)?;
            }
            Ok(views(tx, tx.account_prices(account.id)?)?)
        });
        set.await
    }

    /// All own prices of an account.
    pub async fn prices(&self, reference: String) -> Result<Vec<PriceView>, Error> {
        let read = self.env.store.read(move |rows| {
            let account = find_account(rows, &reference)?;
            Ok::<_, Error>(views(rows, rows.account_prices(account.id)?)?)
        });
        read.await
    }
}

pub(super) fn views(
    rows: &ReadTx<'_>,
    prices: Vec<AccountPrice>,
) -> Result<Vec<PriceView>, StoreError> {
    let view = |own: AccountPrice| {
        let service = own.service.map(|service| rows.service(service)).transpose()?.flatten();
        let service = service.map_or_else(|| EVERY_SERVICE.to_owned(), |service| service.name);
        Ok(PriceView { service, country: own.country, price: own.price })
    };
    prices.into_iter().map(view).collect()
}
