//! What is done with an order, of a number for a code or of a rented one, and the lists of both.

use super::super::super::api::Api;
use super::super::super::params::Params;
use super::super::Caller;
use super::reply::{Answer, Phrase, Refused, Reply};
use super::shapes::{HOSTING_IDS, Inbox, OrderList, OrderObject};
use crate::domain::key::Scope;
use crate::domain::order::OrderStage;
use crate::domain::{OrderId, RentalId};
use crate::gateway::resources::RentalResource;
use crate::gateway::{
    MarketPage, MarketStep, MessagesWanted, OrderSpan, Requester, StepRefusal, Viewed,
};

/// How many orders a list has unless it is asked for fewer, and at most.
const LISTED: u32 = 100;
/// How many rentals are looked through for a list.
const LISTED_RENTALS: u32 = 1000;
/// How many messages of a rental are shown, the newest.
const SHOWN_MESSAGES: usize = 100;

/// What is done with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Check,
    Inbox,
    Finish,
    Cancel,
    Ban,
}

/// What an id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reference {
    Order(OrderId),
    Rental(RentalId),
}

impl Reference {
    fn read(text: &str) -> Option<Reference> {
        let OrderId(id) = text.parse().ok()?;
        Some(if id > HOSTING_IDS {
            Reference::Rental(RentalId(id - HOSTING_IDS))
        } else {
            Reference::Order(OrderId(id))
        })
    }
}

impl Verb {
    /// What is answered when there is no such order.
    fn not_found(self) -> Refused {
        match self {
            Verb::Check => Refused::NoSuchOrder,
            _ => Phrase::OrderNotFound.into(),
        }
    }

    /// Why nothing of the kind is done with an order that stands so; `None` if it is done already.
    fn refused_at(self, stage: OrderStage) -> Option<Phrase> {
        match (self, stage) {
            (Verb::Check | Verb::Inbox, _)
            | (Verb::Finish, OrderStage::Finished)
            | (Verb::Cancel, OrderStage::Canceled)
            | (Verb::Ban, OrderStage::Skipped) => None,
            (_, OrderStage::Expired) => Some(Phrase::OrderExpired),
            (Verb::Finish, _) => Some(Phrase::OrderNoSms),
            (Verb::Cancel | Verb::Ban, OrderStage::Collecting | OrderStage::Finished) => {
                Some(Phrase::OrderHasSms)
            }
            // It was given up in the other way.
            (Verb::Cancel | Verb::Ban, _) => Some(Phrase::OrderExpired),
        }
    }
}

/// Does something with the order that has the id in a path.
pub(super) async fn answer(api: &Api, caller: &Caller, verb: Verb, id: &str) -> Answer {
    let step = match verb {
        Verb::Check | Verb::Inbox => None,
        Verb::Finish => Some(MarketStep::Finish),
        Verb::Cancel => Some(MarketStep::Cancel),
        Verb::Ban => Some(MarketStep::Skip),
    };
    let by = match step {
        None => caller.reader(api)?,
        Some(_) => caller.writer(api, Scope::Orders)?,
    };
    let shown = match (Reference::read(id).ok_or_else(|| verb.not_found())?, step) {
        (Reference::Rental(rental), None) => find_rental(api, by, rental).await?,
        (Reference::Rental(rental), Some(_)) => {
            let found = find_rental(api, by, rental).await?;
            return Err(found.map_or(Phrase::OrderNotFound, |_| Phrase::HostingOrder).into());
        }
        (Reference::Order(order), None) => find_order(api, by, order).await?,
        (Reference::Order(order), Some(step)) => {
            take_step(api, &by, order, (verb, step)).await?;
            find_order(api, by, order).await?
        }
    };
    let shown = shown.ok_or_else(|| verb.not_found())?;
    if verb == Verb::Inbox { Reply::json(&Inbox::from(shown)) } else { Reply::json(&shown) }
}

async fn take_step(
    api: &Api,
    by: &Requester,
    order: OrderId,
    (verb, step): (Verb, MarketStep),
) -> Result<(), Refused> {
    let taken = api.gateway.orders().market_step(by.account, order, step).await?;
    match taken {
        Ok(()) => Ok(()),
        Err(StepRefusal::Unknown) => Err(verb.not_found()),
        Err(StepRefusal::TooEarly) => Err(Phrase::YouNeedToWait.into()),
        Err(StepRefusal::Stands(stage)) => {
            verb.refused_at(stage).map_or(Ok(()), |phrase| Err(phrase.into()))
        }
    }
}

async fn find_order(
    api: &Api,
    by: Requester,
    order: OrderId,
) -> Result<Option<OrderObject>, Refused> {
    let found = api.gateway.orders().market_order(by, order, Viewed::Messages).await?;
    let settings = api.gateway.settings();
    Ok(found.map(|found| OrderObject::of_order(&settings, &found)))
}

async fn find_rental(
    api: &Api,
    by: Requester,
    id: RentalId,
) -> Result<Option<OrderObject>, Refused> {
    match api.gateway.rentals().show(by.account, id).await? {
        Some(rental) => with_messages(api, by, rental).await.map(Some),
        None => Ok(None),
    }
}

async fn with_messages(
    api: &Api,
    by: Requester,
    rental: RentalResource,
) -> Result<OrderObject, Refused> {
    let wanted = MessagesWanted { since: None, text: None, before: None, count: SHOWN_MESSAGES };
    let page = api.gateway.rentals().messages(by, RentalId(rental.id), wanted).await?;
    let (mut messages, _) = page.unwrap_or_default();
    messages.reverse();
    Ok(OrderObject::of_rental(&api.gateway.settings(), rental, messages))
}

/// A number that has just been rented.
pub(super) async fn rented(api: &Api, caller: &Caller, id: RentalId) -> Answer {
    let by = caller.reader(api)?;
    let made = find_rental(api, by, id).await?;
    Reply::json(&made.ok_or(Phrase::OrderNotFound)?)
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) offset: u32,
    pub(super) limit: u32,
    pub(super) newest_first: bool,
}

impl Part {
    pub(super) fn of_params(params: &Params) -> Part {
        let newest_first = params.get("reverse");
        Part {
            offset: params.number("offset").unwrap_or(0),
            limit: params.number("limit").unwrap_or(LISTED).min(LISTED),
            newest_first: newest_first
                .is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true")),
        }
    }
}

/// The orders of one of the two categories. A category that there is not has none.
pub(super) async fn list(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let (by, part) = (caller.reader(api)?, Part::of_params(params));
    let list = match params.get("category") {
        None | Some("activation") => activations(api, by, part).await?,
        Some("hosting") => rentals(api, by, part).await?,
        Some(_) => OrderList::of(Vec::new(), 0),
    };
    Reply::json(&list)
}

async fn activations(api: &Api, by: Requester, part: Part) -> Result<OrderList, Refused> {
    let Part { offset, limit, newest_first } = part;
    let span = OrderSpan { from: None, to: None, oldest_first: !newest_first, offset, limit };
    let orders = api.gateway.orders();
    let total = orders.market_order_count(&by, span).await?;
    let listed = orders.market_orders(by, MarketPage::Made(span)).await?;
    let settings = api.gateway.settings();
    let listed = listed.iter().map(|order| OrderObject::of_order(&settings, order));
    Ok(OrderList::of(listed.collect(), total))
}

async fn rentals(api: &Api, by: Requester, part: Part) -> Result<OrderList, Refused> {
    let mut all = api.gateway.rentals().page(by.account, None, LISTED_RENTALS).await?;
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    if !part.newest_first {
        all.reverse();
    }
    let (offset, limit) = (usize_of(part.offset), usize_of(part.limit));
    let mut listed = Vec::new();
    for rental in all.into_iter().skip(offset).take(limit) {
        listed.push(with_messages(api, by.clone(), rental).await?);
    }
    Ok(OrderList::of(listed, total))
}

fn usize_of(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;

    use super::*;

    #[test]
    fn an_id_above_a_thousand_million_is_a_rentals() {
        for (text, expected) in [
            ("1049", Some(Reference::Order(OrderId(1049)))),
            ("1000000000", Some(Reference::Order(OrderId(1_000_000_000)))),
            ("1000000007", Some(Reference::Rental(RentalId(7)))),
            ("0", Some(Reference::Order(OrderId(0)))),
            ("", None),
            ("-1", None),
            ("x", None),
            ("1.0", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(Reference::read(text), expected, "{text}");
        }
    }

    #[test]
    fn each_verb_is_refused_by_its_phrase_where_an_order_stands() {
        use OrderStage::{Canceled, Collecting, Expired, Finished, Skipped, Waiting};
        let phrases = |verb: Verb| {
            [Waiting, Collecting, Finished, Canceled, Skipped, Expired]
                .map(|stage| verb.refused_at(stage).map_or("", Phrase::as_str))
        };
        let (no_sms, has_sms, expired) = ("order no sms", "order has sms", "order expired");
        assert_eq!(phrases(Verb::Check), [""; 6]);
        assert_eq!(phrases(Verb::Inbox), [""; 6]);
        let finish = phrases(Verb::Finish);
        // One that collects is finished.
        assert_eq!([finish[0], finish[2]], [no_sms, ""]);
        assert_eq!(finish[3..], [no_sms, no_sms, expired]);
        let cancel = phrases(Verb::Cancel);
        assert_eq!(cancel[1..], [has_sms, has_sms, "", expired, expired]);
        let ban = phrases(Verb::Ban);
        assert_eq!(ban[1..], [has_sms, has_sms, expired, "", expired]);
    }

    #[test]
    fn a_part_of_a_list_is_read_as_it_is_written() {
        let part = |query: &str| {
            let request = Request::builder().uri(format!("/x?{query}")).body(()).unwrap();
            Part::of_params(&Params::from_head(&request, None))
        };
        let of = |offset, limit, newest_first| Part { offset, limit, newest_first };
        assert_eq!(part(""), of(0, 100, false));
        assert_eq!(part("limit=15&offset=30&order=id&reverse=true"), of(30, 15, true));
        assert_eq!(part("limit=5000&offset=x&reverse=false"), of(0, 100, false));
    }
}
