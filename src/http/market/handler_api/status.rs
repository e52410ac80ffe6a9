//! What becomes of an order, and its code.

use std::time::Duration;

use serde::Serialize;

use super::super::super::api::Api;
use super::super::super::params::Params;
use super::super::{Caller, Refusal};
use super::answer::{Answer, Refused, Reply, Word};
use super::parameters::{count, order_id};
use super::shapes::{SmsData, StatusV2, code_of, service_code};
use crate::domain::OrderId;
use crate::domain::key::Scope;
use crate::domain::message::Message;
use crate::domain::order::OrderStage;
use crate::gateway::{MarketOrder, MarketStep, StepRefusal, Viewed};

/// The longest time that an answer is held back, in seconds.
const LONGEST_WAIT_SECONDS: u64 = 60;

/// How many messages a page of `getAllSms` has at most, and if the request does not say.
const MOST_ON_PAGE: u32 = 100;

/// What is asked about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Set,
    Finish,
    Cancel,
    Code,
    CodeInJson,
    Text,
    AllTexts,
}

/// What a program says of its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// It has made the service send the SMS.
    Sent,
    Step(MarketStep),
    Unknown,
}

impl Status {
    fn of_number(text: Option<&str>) -> Status {
        match text {
            Some("1") => Status::Sent,
            Some("3") => Status::Step(MarketStep::AskAgain),
            Some("6") => Status::Step(MarketStep::Finish),
            Some("8" | "-1") => Status::Step(MarketStep::Cancel),
            _ => Status::Unknown,
        }
    }
}

pub(super) async fn answer(api: &Api, caller: &Caller, params: &Params, action: Action) -> Answer {
    match action {
        Action::Set => set(api, caller, params).await,
        Action::Finish => change(api, caller, params, MarketStep::Finish).await,
        Action::Cancel => change(api, caller, params, MarketStep::Cancel).await,
        Action::Code => code(api, caller, params).await,
        Action::CodeInJson => code_in_json(api, caller, params).await,
        Action::Text => text(api, caller, params).await,
        Action::AllTexts => all_texts(api, caller, params).await,
    }
}

/// `setStatus`.
async fn set(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let order = order_id(params, &["id", "activationId"])?;
    match Status::of_number(params.get("status")) {
        Status::Step(step) => {
            take(api, caller, order, step).await?;
            Ok(Reply::Text(done(step).to_owned()))
        }
        Status::Sent => {
            let order = find(api, caller, order, Viewed::Code).await?;
            let is_awaited = order.stage == OrderStage::Waiting || order.awaits_another();
            let ready = Reply::Text("ACCESS_READY".to_owned());
            if is_awaited { Ok(ready) } else { Err(Word::BadStatus.into()) }
        }
        Status::Unknown => {
            find(api, caller, order, Viewed::Code).await?;
            Err(Word::BadStatus.into())
        }
    }
}

/// The word for a step that was taken. Clients compare it for equality.
fn done(step: MarketStep) -> &'static str {
    match step {
        MarketStep::AskAgain => "ACCESS_RETRY_GET",
        MarketStep::Finish => "ACCESS_ACTIVATION",
        MarketStep::Cancel | MarketStep::Skip => "ACCESS_CANCEL",
    }
}

/// `finishActivation` and `cancelActivation`, which answer nothing.
async fn change(api: &Api, caller: &Caller, params: &Params, step: MarketStep) -> Answer {
    let order = order_id(params, &["id", "activationId"])?;
    take(api, caller, order, step).await?;
    Ok(Reply::Empty)
}

/// Takes a step. What has been done before is done.
async fn take(api: &Api, caller: &Caller, order: OrderId, step: MarketStep) -> Result<(), Refused> {
    let account = caller.writer(api, Scope::Orders)?.account;
    match api.gateway.orders().market_step(account, order, step).await? {
        Ok(()) => Ok(()),
        Err(StepRefusal::Stands(stage)) if is_done(step, stage) => Ok(()),
        Err(StepRefusal::Stands(_)) => Err(Word::BadStatus.into()),
        Err(StepRefusal::TooEarly) => Err(Word::EarlyCancelDenied.into()),
        Err(StepRefusal::Unknown) => Err(Word::NoActivation.into()),
    }
}

/// Whether an order stands where a step leads.
fn is_done(step: MarketStep, stage: OrderStage) -> bool {
    match step {
        MarketStep::AskAgain => false,
        MarketStep::Finish => stage == OrderStage::Finished,
        MarketStep::Cancel | MarketStep::Skip => {
            matches!(stage, OrderStage::Canceled | OrderStage::Skipped | OrderStage::Expired)
        }
    }
}

async fn find(
    api: &Api,
    caller: &Caller,
    order: OrderId,
    viewed: Viewed,
) -> Result<MarketOrder, Refused> {
    let by = caller.reader(api)?;
    let found = api.gateway.orders().market_order(by, order, viewed).await?;
    found.ok_or(Refused::Word(Word::NoActivation))
}

/// What is known of an order's code.
enum Known {
    Waiting,
    Canceled,
    /// This message has it; another one is awaited if that was asked for.
    Code {
        message: Box<Message>,
        awaits_another: bool,
    },
}

impl Known {
    fn of(order: &MarketOrder) -> Known {
        match order.stage {
            OrderStage::Waiting => return Known::Waiting,
            OrderStage::Collecting | OrderStage::Finished => {}
            OrderStage::Canceled | OrderStage::Skipped | OrderStage::Expired => {
                return Known::Canceled;
            }
        }
        let kept = order.code.as_ref().filter(|code| code.message.text.is_some());
        kept.map_or(Known::Canceled, |code| Known::Code {
            message: Box::new(code.message.clone()),
            awaits_another: order.awaits_another(),
        })
    }
}

/// `getStatus`; `wait`, in seconds, is an extension.
async fn code(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let (order, by) = (order_id(params, &["id", "activationId"])?, caller.reader(api)?);
    let (orders, now) = (api.gateway.orders(), api.gateway.now());
    let waits = params.number("wait").map(|seconds: u64| seconds.min(LONGEST_WAIT_SECONDS));
    let found = match waits {
        None | Some(0) if orders.is_known_to_wait(by.account, order, now) => {
            return Ok(Reply::Text("STATUS_WAIT_CODE".to_owned()));
        }
        None | Some(0) => orders.market_order(by, order, Viewed::Code).await?,
        Some(seconds) => {
            let patience = Duration::from_secs(seconds);
            let waiting = orders.wait_for_market_code(by.clone(), order, patience);
            let as_it_is = orders.market_order(by, order, Viewed::Code);
            let found = api.wait_while_open(caller.key(), waiting, as_it_is).await?;
            found.ok_or(Refusal::WrongKey)?
        }
    };
    let status = match Known::of(&found.ok_or(Word::NoActivation)?) {
        Known::Waiting => "STATUS_WAIT_CODE".to_owned(),
        Known::Canceled => "STATUS_CANCEL".to_owned(),
        Known::Code { message, awaits_another } => {
            let word = if awaits_another { "STATUS_WAIT_RETRY" } else { "STATUS_OK" };
            format!("{word}:{}", code_of(&message).unwrap_or_default())
        }
    };
    Ok(Reply::Text(status))
}

/// `getStatusV2`. After another code was asked for, the last one is not shown: whoever waits with
/// this would take it for the next one.
async fn code_in_json(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let order = order_id(params, &["id", "activationId"])?;
    let order = find(api, caller, order, Viewed::Code).await?;
    match Known::of(&order) {
        Known::Canceled => Ok(Reply::Text("STATUS_CANCEL".to_owned())),
        Known::Code { message, awaits_another: false } => {
            match SmsData::of(&message, service_code(&order)) {
                Some(sms) => Reply::json(&StatusV2::of(sms)),
                None => Reply::json(&StatusV2::WAITING),
            }
        }
        Known::Waiting | Known::Code { .. } => Reply::json(&StatusV2::WAITING),
    }
}

/// `getFullSms`: the whole text, also of what did not complete the order.
async fn text(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let order = order_id(params, &["id", "activationId"])?;
    let order = find(api, caller, order, Viewed::Messages).await?;
    let newest = || order.messages.last().and_then(|message| message.text.clone());
    let text = match Known::of(&order) {
        Known::Canceled => return Ok(Reply::Text("STATUS_CANCEL".to_owned())),
        Known::Waiting => newest(),
        Known::Code { awaits_another: true, .. } => None,
        Known::Code { message, .. } => message.text,
    };
    let waiting = "STATUS_WAIT_CODE".to_owned();
    Ok(Reply::Text(text.map_or(waiting, |text| format!("FULL_SMS:{text}"))))
}

#[derive(Serialize)]
struct AllSms {
    data: Vec<SmsData>,
    meta: AllSmsMeta,
}

#[derive(Serialize)]
struct AllSmsMeta {
    total: usize,
    service: String,
}

/// `getAllSms`: all messages, the newest first.
async fn all_texts(api: &Api, caller: &Caller, params: &Params) -> Answer {
    let order = order_id(params, &["id", "activationId"])?;
    let order = find(api, caller, order, Viewed::Messages).await?;
    let size = count(params, &["size", "limit"]).unwrap_or(MOST_ON_PAGE).clamp(1, MOST_ON_PAGE);
    let page = count(params, &["page"]).unwrap_or(1).max(1);
    let before = usize::try_from(u64::from(page - 1) * u64::from(size)).unwrap_or(usize::MAX);
    let service = service_code(&order);
    let newest_first = order.messages.iter().rev();
    let all: Vec<SmsData> =
        newest_first.filter_map(|message| SmsData::of(message, service.clone())).collect();
    let total = all.len();
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let data = all.into_iter().skip(before).take(size).collect();
    Reply::json(&AllSms { data, meta: AllSmsMeta { total, service } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_leads_where_the_order_stands_is_done() {
        use OrderStage::{Canceled, Collecting, Expired, Finished, Skipped, Waiting};
        let all = [Waiting, Collecting, Finished, Canceled, Skipped, Expired];
        for (step, stages) in [
            (MarketStep::AskAgain, &[][..]),
            (MarketStep::Finish, &[Finished]),
            (MarketStep::Cancel, &[Canceled, Skipped, Expired]),
        ] {
            let done: Vec<OrderStage> =
                all.into_iter().filter(|stage| is_done(step, *stage)).collect();
            assert_eq!(done, stages, "{step:?}");
        }
    }

    #[test]
    fn statuses_are_the_numbers_that_programs_send() {
        for (text, status) in [
            (Some("1"), Status::Sent),
            (Some("3"), Status::Step(MarketStep::AskAgain)),
            (Some("6"), Status::Step(MarketStep::Finish)),
            (Some("8"), Status::Step(MarketStep::Cancel)),
            (Some("-1"), Status::Step(MarketStep::Cancel)),
            (Some("2"), Status::Unknown),
            (Some("10"), Status::Unknown),
            (Some("08"), Status::Unknown),
            (None, Status::Unknown),
        ] {
            assert_eq!(Status::of_number(text), status, "{text:?}");
        }
    }
}
