//! Trying patterns: which service would claim a message, with the patterns as they are or as
//! somebody is writing them, which code would be found, and what would be withheld.

use std::sync::Arc;

use super::super::Error;
use super::Services;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::message::{Message, MessageKind};
use crate::domain::{Amount, BlockList, Catalogue, Service, ServiceId, code};
use crate::store::{MessageFilter, StoreError};

/// The most messages on which patterns are tried at once.
const MOST_TRIED: u32 = 200;
/// The id of a service that is not there yet. It is greater than all others, as that of a service
/// that is added is.
const NEW_SERVICE: ServiceId = ServiceId(i64::MAX);

/// A service's patterns as somebody is writing them. What is `None` is as it is saved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatternDraft {
    /// The name or id of the service; one that is not there yet is tried as if it were.
    pub service: String,
    pub senders: Option<Vec<String>>,
    pub texts: Option<Vec<String>>,
    pub priority: Option<i64>,
}

/// How a message would be matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The code that would be found.
    pub code: Option<String>,
    /// The block list's rule that would withhold it.
    pub withheld: Option<String>,
    /// The services that claim it, best first, each with its patterns that fit.
    pub claims: Vec<TrialClaim>,
    /// The services without patterns. A message that no other service claims goes to an open order
    /// of one of them.
    pub unpatterned: Vec<String>,
}

/// A service that claims a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrialClaim {
    /// The name of the service that claims the message.
    pub service: String,
    /// Its sender pattern that fits.
    pub sender: Option<String>,
    /// Its text pattern that fits.
    pub text: Option<String>,
}

/// A message that was received, and how it would be matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriedMessage {
    pub message: Message,
    /// What becomes of the message with the patterns that are tried.
    pub trial: Trial,
    /// The service that claims it first with the patterns that are saved.
    pub saved: Option<String>,
}

/// How the last messages would be matched, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TriedMessages {
    pub messages: Vec<TriedMessage>,
    /// How many of them one service alone claims.
    pub by_one: usize,
    /// How many of them several services claim.
    pub by_several: usize,
    /// How many of them no service claims.
    pub by_none: usize,
}

impl TriedMessages {
    fn of(messages: Vec<TriedMessage>) -> TriedMessages {
        let count = |is_meant: fn(usize) -> bool| {
            messages.iter().filter(|one| is_meant(one.trial.claims.len())).count()
        };
        TriedMessages {
            by_one: count(|claims| claims == 1),
            by_several: count(|claims| claims > 1),
            by_none: count(|claims| claims == 0),
            messages,
        }
    }
}

/// The services with their patterns compiled, and what is withheld.
struct Rules {
    services: Vec<Service>,
    catalogue: Arc<Catalogue>,
    block_list: BlockList,
}

impl Rules {
    fn trial(&self, sender: &str, text: &str) -> Trial {
        let claims = self.catalogue.claims(sender, text);
        let claims = claims.into_iter().filter_map(|claim| {
            let service = self.services.iter().find(|service| service.id == claim.service)?;
            let pattern = |patterns: &[String], at: Option<usize>| {
                at.and_then(|at| patterns.get(at).cloned())
            };
            Some(TrialClaim {
                service: service.name.clone(),
                sender: pattern(&service.senders, claim.sender),
                text: pattern(&service.texts, claim.text),
            })
        });
        let unpatterned = self.services.iter().filter(|one| one.enabled && !one.has_patterns());
        Trial {
            unpatterned: unpatterned.map(|service| service.name.clone()).collect(),
            code: code::find(text),
            withheld: self.block_list.rule(sender, text).map(str::to_owned),
            claims: claims.collect(),
        }
    }

    /// The same rules with a service's patterns as somebody is writing them.
    fn with(&self, draft: &PatternDraft) -> Result<Rules, Error> {
        let mut services = self.services.clone();
        let is_meant = |one: &&mut Service| {
            one.name.eq_ignore_ascii_case(&draft.service) || one.id.to_string() == draft.service
        };
        match services.iter_mut().find(is_meant) {
            Some(known) => apply(known, draft),
            None => services.push(new_service(draft)),
        }
        let catalogue = Arc::new(Catalogue::new(&services)?);
        Ok(Rules { services, catalogue, block_list: self.block_list.clone() })
    }
}

fn apply(service: &mut Service, draft: &PatternDraft) {
    if let Some(senders) = &draft.senders {
        service.senders.clone_from(senders);
    }
    if let Some(texts) = &draft.texts {
        service.texts.clone_from(texts);
    }
    service.priority = draft.priority.unwrap_or(service.priority);
}

fn new_service(draft: &PatternDraft) -> Service {
    let mut service = Service::new(NEW_SERVICE, &draft.service, Amount::ZERO);
    apply(&mut service, draft);
    service
}

/// Does work that takes long where it keeps nobody waiting.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(StoreError::Gone.into()))
}

impl Services {
    async fn rules(&self) -> Result<Rules, Error> {
        let (services, catalogue) = (self.list().await?, self.catalogue.get());
        Ok(Rules { services, catalogue, block_list: self.env.settings().block_list.clone() })
    }

    /// Which services would claim a message, which code would be found in it, and whether it would
    /// be withheld; with a service's patterns as somebody is writing them, if they are given.
    pub async fn try_message(
        &self,
        draft: Option<PatternDraft>,
        sender: String,
        text: String,
    ) -> Result<Trial, Error> {
        let saved = self.rules().await?;
        aside(move || {
            let rules = draft.map(|draft| saved.with(&draft)).transpose()?.unwrap_or(saved);
            Ok(rules.trial(&sender, &text))
        })
        .await
    }

    /// How the last texts that were received would be matched, at most 200 of them; with a
    /// service's patterns as somebody is writing them, if they are given. That the operator saw the
    /// messages is recorded in the audit.
    pub async fn try_last_messages(
        &self,
        draft: Option<PatternDraft>,
        last: u32,
    ) -> Result<TriedMessages, Error> {
        if !(1..=MOST_TRIED).contains(&last) {
            let most = format!("patterns are tried on the last 1 to {MOST_TRIED} messages");
            return Err(Error::refused(most));
        }
        let (saved, now) = (self.rules().await?, self.env.now());
        let filter = MessageFilter::NewestListed(last.into());
        let mut messages = self.env.store.read(move |rows| rows.messages(filter)).await?;
        messages.retain(|message| message.kind == MessageKind::Text && message.text.is_some());
        messages.reverse();
        let subject = format!("all SIMs, the last {last}");
        let action = AuditAction::SawMessages;
        self.env.store.write(move |tx| tx.note(Actor::Operator, action, subject, now)).await?;
        aside(move || {
            let tried = draft.map(|draft| saved.with(&draft)).transpose()?;
            let tried = tried.as_ref().unwrap_or(&saved);
            let of_message = |message: Message| {
                let sender = message.sender.as_deref().unwrap_or_default();
                let text = message.text.as_deref().unwrap_or_default();
                let (trial, mut before) = (tried.trial(sender, text), saved.trial(sender, text));
                let saved = (!before.claims.is_empty()).then(|| before.claims.remove(0).service);
                TriedMessage { trial, saved, message }
            };
            Ok(TriedMessages::of(messages.into_iter().map(of_message).collect()))
        })
        .await
    }
}
