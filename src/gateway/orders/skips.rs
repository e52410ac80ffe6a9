//! Numbers that a customer wants for a service never again, and the operator's hand in that.

use std::sync::Arc;

use super::Orders;
use crate::domain::audit::{Actor, AuditAction};
use crate::domain::event::{EventKind, EventSubject};
use crate::gateway::Error;
use crate::gateway::accounts::find_account;
use crate::gateway::listing::{ListRequest, readings};
use crate::gateway::services::find_service;
use crate::store::{NotedEvent, Skip};

impl Orders {
    /// The numbers that an account has skipped, those that the operator asks for, the oldest skip
    /// first.
    pub async fn skips(&self, account: String, request: ListRequest) -> Result<Vec<Skip>, Error> {
        let settings = self.env.settings();
        let read = self.env.store.read(move |rows| {
            let filter = request.resolve(rows, &settings.countries, &[])?;
            let mut skips = rows.skips_by_time(find_account(rows, &account)?.id)?;
            skips.retain(|skip| {
                filter.service.is_none_or(|service| service == skip.service)
                    && filter.numbers.as_ref().is_none_or(|all| all.contains(&skip.number))
                    && filter.covers(skip.at)
            });
            Ok(skips)
        });
        read.await
    }

    /// Lets an account have a number again that it has skipped, for one service or for all of them.
    /// Answers what is undone.
    pub async fn undo_skips(
        &self,
        account: String,
        number: String,
        service: Option<String>,
    ) -> Result<Vec<Skip>, Error> {
        let numbers = readings(&self.env.settings().countries, &number)?;
        let (now, events) = (self.env.now(), Arc::clone(&self.events));
        let undone = self.env.store.write(move |tx| {
            let account = find_account(tx, &account)?;
            let service = service.map(|name| find_service(tx, &name)).transpose()?;
            let mut skips = tx.skips_by_time(account.id)?;
            skips.retain(|skip| {
                numbers.contains(&skip.number)
                    && service.as_ref().is_none_or(|service| service.id == skip.service)
            });
            if skips.is_empty() {
                let name = &account.name;
                return Err(Error::refused(format!("{name} has not skipped this number"))
                    .in_shell(format!("`simbridge skip list {name}` shows those that it has")));
            }
            for skip in &skips {
                tx.undo_skip(skip.order)?;
                let (kind, subject) = (EventKind::OrderCanceled, EventSubject::Order(skip.order));
                events.note(tx, NotedEvent::new(account.id, kind, subject, now));
                let (name, service) = (&account.name, &skip.service_name);
                let last = skip.number.shortened();
                let subject = format!(
                    "account {} {name}, {last} for {service}, order {}",
                    account.id, skip.order
                );
                tx.note(Actor::Operator, AuditAction::UndidSkip, subject, now)?;
            }
            Ok(skips)
        });
        undone.await
    }
}
