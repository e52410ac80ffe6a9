//! How the portal's pages ask for what customers want, and tell what is refused.

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::Customer;
use super::sentences::{self, Circumstances};
use crate::domain::Amount;
use crate::domain::key::KeyMode;
use crate::gateway::{Done, Once, OrderRefusal, RentalRefusal, Requester};
use crate::http::limits::TooMany;
use crate::http::web::{Fault, Form, Visit};

/// On whose behalf a page asks.
pub(super) fn requester(visit: &Visit<Customer>) -> Requester {
    Requester::signed_in(visit.account(), Some(visit.client()))
}

/// What has a form carried out once, however often it is sent, also if the daemon ends in between.
pub(super) fn once(visit: &Visit<Customer>, form: &Form) -> Option<Once> {
    let key = form.request_key();
    let fingerprint = Sha256::digest(visit.path().as_bytes()).into();
    // The keys that customers choose for the API have no control characters.
    (!key.is_empty()).then(|| Once::new(&format!("page\n{key}"), KeyMode::Live, fingerprint))
}

/// The part of what was answered before by which it is found.
#[derive(Deserialize)]
struct Identified {
    id: i64,
}

/// The id of what a request was about or has made, now or when it was sent first; or why nothing
/// was done.
pub(super) fn carried_out<T, R>(
    done: Done<T, R>,
    id: impl FnOnce(&T) -> i64,
) -> Result<Result<i64, R>, Fault> {
    match done {
        Done::Now(made) => Ok(Ok(id(&made))),
        Done::Refused(refusal) => Ok(Err(refusal)),
        Done::Before(answer) => match serde_json::from_str(&answer) {
            Ok(Identified { id }) => Ok(Ok(id)),
            Err(_) => Err(sentences::sent_before().into()),
        },
        Done::KeyReused => Err(sentences::sent_before().into()),
    }
}

/// Takes one of the orders that an account's customers may make by hand in a minute.
pub(super) fn take_turn(visit: &Visit<Customer>) -> Result<(), Fault> {
    let taken = visit.tools().orders.take(visit.account(), visit.now());
    taken.map_err(|TooMany(seconds)| sentences::too_fast(seconds).into())
}

/// What is said of a refusal of what was asked of an order, which costs this.
pub(super) async fn order_refused(
    visit: &Visit<Customer>,
    refusal: OrderRefusal,
    price: Option<Amount>,
) -> Fault {
    match circumstances(visit, price).await {
        Ok(known) => sentences::order_refused(refusal, &known).into(),
        Err(fault) => fault,
    }
}

/// What is said of a refusal of what was asked of a rental, which costs this.
pub(super) async fn rental_refused(
    visit: &Visit<Customer>,
    refusal: RentalRefusal,
    price: Option<Amount>,
) -> Fault {
    match circumstances(visit, price).await {
        Ok(known) => sentences::rental_refused(refusal, &known).into(),
        Err(fault) => fault,
    }
}

async fn circumstances(
    visit: &Visit<Customer>,
    price: Option<Amount>,
) -> Result<Circumstances, Fault> {
    let gateway = visit.gateway();
    let own = gateway.accounts().own(visit.account()).await?;
    let gone = || Fault::NotFound("Your account is not there any more.".to_owned());
    let (account, standing, _) = own.ok_or_else(gone)?;
    Ok(Circumstances {
        currency: gateway.currency(),
        free: account.funds.available(),
        price,
        limits: standing.limits,
        now: visit.now(),
        day_ends_at: gateway.day_ends_at(),
    })
}
