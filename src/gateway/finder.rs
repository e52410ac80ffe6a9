//! What a word of the operator's stands for: a number, a SIM, a modem, an order, a rental, an
//! account, a service or a key. It is looked for by indexes, in memory, and in the small table of
//! services alone, so that it takes the same time however much there is.

use std::sync::Arc;

use super::Error;
use super::environment::Environment;
use super::sim_presence::SimPresence;
use crate::domain::country::Countries;
use crate::domain::modem::ModemStatus;
use crate::domain::{AccountId, Iccid, Imei, Msisdn, OrderId, PortName, RentalId, ServiceId};
use crate::store::{ReadTx, StoreError};

/// How many things of one kind are found at most.
const MOST_OF_A_KIND: usize = 10;
/// A beginning of an ICCID, an IMEI or a key that is shorter finds nothing: it would find many.
const SHORTEST_BEGINNING: usize = 4;
/// The most characters of a word that is looked for.
const LONGEST_WORD: usize = 64;

/// Something that a word stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Order { id: OrderId, number: Msisdn, account: String },
    Rental { id: RentalId, number: Msisdn, account: String },
    Sim { iccid: Iccid, number: Option<Msisdn> },
    Number(Msisdn),
    Modem { port: PortName, imei: Option<Imei> },
    Account { id: AccountId, name: String },
    Service { id: ServiceId, name: String },
    Key { prefix: String, account: String },
}

/// Finds things by a word.
pub struct Finder {
    env: Arc<Environment>,
    presence: Arc<SimPresence>,
}

impl Finder {
    pub(super) fn new(env: Arc<Environment>, presence: Arc<SimPresence>) -> Finder {
        Finder { env, presence }
    }

    /// What a word stands for, the likeliest first: the whole or the beginning of an ICCID, an
    /// IMEI, an account's name or a key's first characters, a number in any form, the port of a
    /// modem or its last part, the id of an order or a rental, also like `order 7`, or a part of
    /// a service's name.
    pub async fn find(&self, word: &str) -> Result<Vec<Found>, Error> {
        let word = word.trim().to_owned();
        if word.is_empty() || word.chars().count() > LONGEST_WORD {
            return Err(Error::refused(format!(
                "write from 1 to {LONGEST_WORD} characters of a number, an ICCID, an IMEI, an \
                 order, a rental, an account, a service or a key"
            )));
        }
        let mut found = modems_called(&self.presence.modems.modems(), &word);
        let settings = self.env.settings();
        let read = self.env.store.read(move |rows| {
            let mut all = by_id(rows, &word)?;
            all.extend(by_number(rows, &settings.countries, &word)?);
            all.extend(by_beginning(rows, &word)?);
            all.extend(services_called(rows, &word)?);
            Ok::<_, StoreError>(all)
        });
        let mut all = read.await?;
        all.append(&mut found);
        Ok(all)
    }
}

/// The orders and rentals that a word names by their ids.
fn by_id(rows: &ReadTx<'_>, word: &str) -> Result<Vec<Found>, StoreError> {
    let (is_order, is_rental, id) = match word.split_once(' ') {
        Some(("order", id)) => (true, false, id),
        Some(("rental", id)) => (false, true, id),
        _ => (true, true, word),
    };
    let Ok(id) = id.trim().trim_start_matches('#').parse::<i64>() else { return Ok(Vec::new()) };
    let name = |account| {
        let account = rows.account(account)?;
        Ok::<_, StoreError>(account.map(|account| account.name).unwrap_or_default())
    };
    let mut found = Vec::new();
    if is_order && let Some(order) = rows.order(OrderId(id))? {
        let account = name(order.account)?;
        found.push(Found::Order { id: order.id, number: order.number, account });
    }
    if is_rental && let Some(rental) = rows.rental(RentalId(id))? {
        let account = name(rental.account)?;
        found.push(Found::Rental { id: rental.id, number: rental.number, account });
    }
    Ok(found)
}

/// The numbers that a word may be, as far as they are known, each with its SIMs.
fn by_number(
    rows: &ReadTx<'_>,
    countries: &Countries,
    word: &str,
) -> Result<Vec<Found>, StoreError> {
    let mut found = Vec::new();
    for number in countries.readings(word) {
        if !rows.is_known_number(&number)? {
            continue;
        }
        let of_number = rows.sims_with_number(&number)?.into_iter();
        found.extend(of_number.map(|iccid| Found::Sim { iccid, number: Some(number.clone()) }));
        found.push(Found::Number(number));
    }
    Ok(found)
}

/// The SIMs, accounts and keys that a word names, or whose names it begins.
fn by_beginning(rows: &ReadTx<'_>, word: &str) -> Result<Vec<Found>, StoreError> {
    let limit = i64::try_from(MOST_OF_A_KIND).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    if word.len() >= SHORTEST_BEGINNING {
        let iccid = word.trim_end_matches(['F', 'f']);
        let sims = rows.sims_beginning_with(iccid, limit)?.into_iter();
        found.extend(sims.map(|(iccid, number)| Found::Sim { iccid, number }));
        let keys = rows.keys_beginning_with(word, limit)?.into_iter();
        found.extend(keys.map(|(prefix, account)| Found::Key { prefix, account }));
    }
    let accounts = rows.accounts_beginning_with(word, limit)?.into_iter();
    found.extend(accounts.map(|(id, name)| Found::Account { id, name }));
    Ok(found)
}

/// The services whose names have a word in them, those first that are called or begin so.
fn services_called(rows: &ReadTx<'_>, word: &str) -> Result<Vec<Found>, StoreError> {
    let word = word.to_lowercase();
    let mut named: Vec<(usize, ServiceId, String)> = Vec::new();
    for service in rows.services()? {
        if let Some(at) = service.name.to_lowercase().find(&word) {
            named.push((at, service.id, service.name));
        }
    }
    // Of those that begin so, the shortest name is the nearest.
    named.sort_by_key(|(at, id, name)| (*at > 0, name.chars().count(), *id));
    let found = named.into_iter().map(|(_, id, name)| Found::Service { id, name });
    Ok(found.take(MOST_OF_A_KIND).collect())
}

/// The modems whose port a word names, or whose IMEI it begins.
fn modems_called(modems: &[ModemStatus], word: &str) -> Vec<Found> {
    let called = modems.iter().filter_map(|modem| {
        let snapshot = &modem.snapshot;
        let imei = snapshot.identity.as_ref().and_then(|identity| identity.imei.clone());
        let port = snapshot.port.as_str();
        let is_port = port == word || port.rsplit('/').next() == Some(word);
        let is_imei = word.len() >= SHORTEST_BEGINNING
            && imei.as_ref().is_some_and(|imei| imei.as_str().starts_with(word));
        (is_port || is_imei).then(|| Found::Modem { port: snapshot.port.clone(), imei })
    });
    called.take(MOST_OF_A_KIND).collect()
}
