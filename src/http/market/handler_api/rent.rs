//! Actions about rentals.

use super::super::super::api::Api;
use super::super::super::params::Params;
use super::super::Caller;
use super::answer::{Answer, Word};

/// What is asked about rentals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {}

impl Action {
    /// The action with this name.
    pub(super) fn of_name(_name: &str) -> Option<Action> {
        None
    }
}

pub(super) async fn answer(
    _api: &Api,
    _caller: &Caller,
    _action: Action,
    _params: &Params,
) -> Answer {
    Err(Word::BadAction.into())
}
