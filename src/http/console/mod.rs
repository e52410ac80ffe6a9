//! The operators' console: its menu, its routes, and what its pages reach.

mod account;
mod accounts;
mod alarm_view;
mod alarms;
mod audit;
mod bank;
mod bank_moves;
mod banks;
mod block_list;
mod books;
mod catalogue;
mod charts;
mod configuration;
mod find;
mod message;
mod messages;
mod modem;
mod modem_requests;
mod modems;
mod order;
mod orders;
mod overview;
mod people;
mod reasons;
mod rental;
mod rentals;
mod revenue;
mod rivals;
mod service;
mod service_form;
mod service_numbers;
mod service_trial;
mod services;
mod sim;
mod sim_changes;
mod sim_import;
mod sims;
mod stock;
mod stock_cell;
mod system;
#[cfg(test)]
mod tests;
mod trends;
mod visit;
mod ways;

use std::sync::Arc;

use maud::{Markup, html};

use super::admin::WebAddresses;
use super::web::{Fault, MenuItem, Route, Site, Visit, Visitor};
use crate::domain::AccountId;
use crate::domain::audit::Person;
use crate::domain::login::{Permission, Role, Side};
use crate::domain::text::counted_noun;
use crate::gateway::{BoxFuture, ModemControl, Notifier, Reload, SignedIn, Topic};
use crate::http::health::Health;

/// The console.
pub type Console = Site<Operator>;

/// What the console's pages reach besides the business.
pub struct ConsoleTools {
    /// Carries out what operators ask of modems and SIM banks.
    pub modems: Arc<dyn ModemControl>,
    /// Reads the configuration again.
    pub reload: Arc<dyn Reload>,
    /// Tells operators of alarms.
    pub notices: Arc<dyn Notifier>,
    /// How the daemon is.
    pub health: Arc<dyn Health>,
    /// Where people sign in.
    pub web: WebAddresses,
}

/// Somebody who has signed in to the console.
#[derive(Debug, Clone)]
pub struct Operator {
    session: SignedIn,
    role: Role,
}

static MENU: &[MenuItem] = &[
    MenuItem::new("/", "Overview", 'o'),
    MenuItem::new("/modems", "Modems", 'm'),
    MenuItem::new("/sims", "SIMs", 's'),
    MenuItem::new("/banks", "Banks", 'b'),
    MenuItem::new("/stock", "Stock", 'k'),
    MenuItem::new("/services", "Services", 'v'),
    MenuItem::new("/orders", "Orders", 'r'),
    MenuItem::new("/rentals", "Rentals", 'n'),
    MenuItem::new("/messages", "Messages", 'e'),
    MenuItem::new("/accounts", "Accounts", 'a'),
    MenuItem::new("/alarms", "Alarms", 'l'),
    MenuItem::new("/charts", "Charts", 'c'),
    MenuItem::new("/audit", "Audit", 'u'),
    MenuItem::new("/system", "System", 'y'),
    MenuItem { needs: Permission::ManagePeople, ..MenuItem::new("/people", "People", 'p') },
];

impl Visitor for Operator {
    const SIDE: Side = Side::Console;
    const BRAND: &'static str = "simbridge";

    type Tools = ConsoleTools;

    fn from_session(session: SignedIn) -> Option<Operator> {
        let role = session.kind.role()?;
        Some(Operator { session, role })
    }

    fn session(&self) -> &SignedIn {
        &self.session
    }

    fn may(&self, permission: Permission) -> bool {
        self.role.may(permission)
    }

    fn account(&self) -> Option<AccountId> {
        None
    }

    fn person(&self) -> Option<Person> {
        Some(Person::Login(self.session.name.clone()))
    }

    fn routes() -> Vec<Route<Operator>> {
        let all = [
            overview::routes(),
            modems::routes(),
            modem::routes(),
            sims::routes(),
            sim::routes(),
            sim_import::routes(),
            banks::routes(),
            bank::routes(),
            stock::routes(),
            stock_cell::routes(),
            services::routes(),
            service::routes(),
            service_numbers::routes(),
            catalogue::routes(),
            people::routes(),
            orders::routes(),
            order::routes(),
            rentals::routes(),
            rental::routes(),
            messages::routes(),
            message::routes(),
            block_list::routes(),
            accounts::routes(),
            account::routes(),
            audit::routes(),
            system::routes(),
            configuration::routes(),
            alarms::routes(),
            charts::routes(),
            revenue::routes(),
            find::routes(),
        ];
        all.into_iter().flatten().collect()
    }

    fn menu() -> &'static [MenuItem] {
        MENU
    }

    fn head(visit: &Visit<Operator>) -> BoxFuture<'_, Result<Markup, Fault>> {
        Box::pin(async move { Ok(alarm_count(visit)) })
    }

    fn head_topics() -> &'static [Topic] {
        &[Topic::Alarms]
    }
}

/// How many alarms stand that nobody has acknowledged, or how many stand at all.
fn alarm_count(visit: &Visit<Operator>) -> Markup {
    let standing = visit.gateway().alarms().standing();
    let count = standing.iter().filter(|alarm| alarm.acknowledged.is_none()).count();
    let words = match (count, standing.len()) {
        (0, 0) => "no alarms".to_owned(),
        (0, all) => format!("{all} acknowledged"),
        _ => counted_noun(count, "alarm", "alarms"),
    };
    let class = if count == 0 { "alarms none" } else { "alarms" };
    let address = visit.if_page("/alarms").unwrap_or("/#alarms");
    html! { a class=(class) href=(address) { (words) } }
}
