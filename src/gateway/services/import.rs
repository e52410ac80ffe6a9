//! Pure: what a catalogue that is imported makes of the services that there are.

use std::collections::HashSet;

use super::super::Error;
use super::edit::{self, ImportMode, ServiceChange};
use super::names::check_market_names;
use crate::domain::Service;
use crate::domain::market_names::MarketNames;
use crate::store::NewService;

/// What an import changed, or would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Each service of the catalogue by its name, with what was changed of it.
    pub services: Vec<(String, Vec<ServiceChange>)>,
}

impl Imported {
    /// What these changes make.
    pub(super) fn of(planned: &[PlannedService]) -> Imported {
        let of_service =
            |one: &PlannedService| (one.name_in_catalogue.clone(), one.changes.clone());
        Imported { services: planned.iter().map(of_service).collect() }
    }

    /// How many services were not there before.
    pub fn added(&self) -> usize {
        self.count(|changes| changes.contains(&ServiceChange::Added))
    }

    /// How many services were there and were changed.
    pub fn updated(&self) -> usize {
        self.count(|changes| !changes.is_empty()) - self.added()
    }

    fn count(&self, is_meant: impl Fn(&[ServiceChange]) -> bool) -> usize {
        self.services.iter().filter(|(_, changes)| is_meant(changes)).count()
    }
}

/// What becomes of one service of a catalogue.
#[derive(Debug)]
pub(super) struct PlannedService {
    name_in_catalogue: String,
    /// The service as it is, if it is there already.
    pub(super) known: Option<Service>,
    /// What it is to be.
    pub(super) contents: NewService,
    /// What that changes; empty if nothing.
    pub(super) changes: Vec<ServiceChange>,
}

impl PlannedService {
    /// The service that is there already, if what other markets call it is to be changed.
    pub(super) fn renamed(&self) -> Option<&Service> {
        let known = self.known.as_ref()?;
        (known.market_names != self.contents.market_names).then_some(known)
    }
}

/// Plans the import of a catalogue into the services that there are, which are sorted by id.
///
/// # Errors
/// The catalogue has a name twice, or two services would have one name on another market.
pub(super) fn plan(
    services: &[Service],
    catalogue: &[NewService],
    mode: ImportMode,
) -> Result<Vec<PlannedService>, Error> {
    let mut names = HashSet::new();
    if let Some(twice) = catalogue.iter().find(|new| !names.insert(new.name.to_lowercase())) {
        return Err(Error::refused(format!("{} is there twice", twice.name)));
    }
    let planned = catalogue.iter().map(|new| {
        let known = find_named(services, &new.name).cloned();
        let contents = match &known {
            Some(known) => edit::merge(known, new, mode),
            None => new.clone(),
        };
        PlannedService { name_in_catalogue: new.name.clone(), known, contents, changes: Vec::new() }
    });
    let mut planned: Vec<PlannedService> = planned.collect();
    if mode != ImportMode::Replace {
        planned.iter_mut().for_each(|one| leave_out_taken_names(one, services));
    }
    for one in &mut planned {
        one.changes = match &one.known {
            Some(known) => edit::changes(known, &one.contents),
            None => vec![ServiceChange::Added],
        };
    }
    check_market_names(names_afterwards(services, &planned))?;
    Ok(planned)
}

/// The service with this name, or the one whose name differs only in small and capital letters.
fn find_named<'s>(services: &'s [Service], name: &str) -> Option<&'s Service> {
    let exact = services.iter().find(|service| service.name == name);
    exact.or_else(|| services.iter().find(|service| service.name.eq_ignore_ascii_case(name)))
}

/// Takes out of what is imported the names that another service has on other markets: the
/// operator's choice stands.
fn leave_out_taken_names(planned: &mut PlannedService, services: &[Service]) {
    let own = planned.known.as_ref().map(|known| known.id);
    let others = || services.iter().filter(|other| Some(other.id) != own);
    let MarketNames { code, fivesim } = &mut planned.contents.market_names;
    if code.is_some() && others().any(|other| other.market_names.code == *code) {
        *code = None;
    }
    if fivesim.is_some() && others().any(|other| other.market_names.fivesim == *fivesim) {
        *fivesim = None;
    }
}

/// What other markets would call the services, those of the catalogue and all others.
fn names_afterwards<'s>(
    services: &'s [Service],
    planned: &'s [PlannedService],
) -> impl Iterator<Item = (&'s str, &'s MarketNames)> {
    let is_planned = |service: &&Service| {
        let ids = || planned.iter().filter_map(|one| one.known.as_ref());
        ids().any(|known| known.id == service.id)
    };
    let others = services.iter().filter(move |service| !is_planned(service));
    let others = others.map(|service| (service.name.as_str(), &service.market_names));
    let new = planned.iter().map(|one| (one.contents.name.as_str(), &one.contents.market_names));
    others.chain(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Amount, ServiceId};

    fn names(code: &str, fivesim: &str) -> MarketNames {
        MarketNames { code: code.parse().ok(), fivesim: fivesim.parse().ok() }
    }

    fn service(id: i64, name: &str, market_names: MarketNames) -> Service {
        Service { market_names, ..Service::new(ServiceId(id), name, Amount(50)) }
    }

    fn new(name: &str, market_names: MarketNames) -> NewService {
        NewService { market_names, ..NewService::new(name, Amount(50)) }
    }

    fn names_of(planned: &[PlannedService]) -> Vec<&MarketNames> {
        planned.iter().map(|one| &one.contents.market_names).collect()
    }

    #[test]
    fn an_import_gives_names_where_they_are_missing_and_free() {
        let there = [
            service(1, "WhatsApp", names("", "")),
            service(2, "Chats", names("tg", "")),
            service(3, "Uber", names("uu", "")),
        ];
        let catalogue = [
            new("whatsapp", names("wa", "whatsapp")),
            new("Telegram", names("tg", "telegram")),
            new("Uber", names("ub", "uber")),
        ];
        let planned = plan(&there, &catalogue, ImportMode::AddPatterns).unwrap();
        let expected = [names("wa", "whatsapp"), names("", "telegram"), names("uu", "uber")];
        assert_eq!(names_of(&planned), expected.iter().collect::<Vec<_>>());
        assert_eq!((Imported::of(&planned).added(), Imported::of(&planned).updated()), (1, 2));
    }

    #[test]
    fn a_catalogue_that_replaces_can_swap_names_but_not_take_those_of_others() {
        let there = [
            service(1, "WhatsApp", names("tg", "")),
            service(2, "Telegram", names("wa", "")),
            service(3, "Uber", names("ub", "")),
        ];
        let swapped = [new("WhatsApp", names("wa", "")), new("Telegram", names("tg", ""))];
        let planned = plan(&there, &swapped, ImportMode::Replace).unwrap();
        assert_eq!(names_of(&planned), [&names("wa", ""), &names("tg", "")]);
        assert!(planned.iter().all(|one| one.renamed().is_some()));
        for wrong in [
            [new("WhatsApp", names("ub", "")), new("Telegram", names("tg", ""))],
            [new("Bolt", names("tx", "bolt")), new("Lyft", names("tu", "bolt"))],
        ] {
            let refused = plan(&there, &wrong, ImportMode::Replace).unwrap_err().to_string();
            assert!(refused.contains("have the"), "{refused}");
        }
        let twice = [new("Bolt", names("", "")), new("BOLT", names("", ""))];
        let refused = plan(&there, &twice, ImportMode::AddPatterns).unwrap_err().to_string();
        assert_eq!(refused, "BOLT is there twice");
    }
}
