//! What a list may be asked for: filters, times, and a page.

use serde::Deserialize;

use super::{Refused, parse_time, refused};
use crate::domain::RowLimit;
use crate::gateway::ListRequest;

/// What a client asks of a list. A filter that the list does not have is refused.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ListQuery {
    pub(super) account: Option<String>,
    service: Option<String>,
    pub(super) number: Option<String>,
    pub(super) iccid: Option<String>,
    pub(super) country: Option<String>,
    pub(super) state: Option<String>,
    outcome: Option<String>,
    from: Option<String>,
    to: Option<String>,
    pub(super) after: Option<i64>,
    before: Option<i64>,
    pub(super) limit: Option<RowLimit>,
    /// Of messages, also those that are shown only when they are asked for.
    pub(super) all: bool,
    /// How many seconds to wait for messages after one.
    pub(super) wait: u64,
}

impl ListQuery {
    /// The request, for a list that has these filters beside times and pages.
    pub(super) fn for_list(self, filters: &[&str]) -> Result<ListRequest, Refused> {
        let given = [
            ("account", self.account.is_some()),
            ("service", self.service.is_some()),
            ("number", self.number.is_some()),
            ("iccid", self.iccid.is_some()),
            ("country", self.country.is_some()),
            ("state", self.state.is_some()),
            ("outcome", self.outcome.is_some()),
        ];
        if let Some((name, _)) = given.iter().find(|(name, is)| *is && !filters.contains(name)) {
            let has = [filters, &["from", "to"]].concat().join(", ");
            return Err(refused(format!("this list has no filter {name}; it has {has}")));
        }
        Ok(ListRequest {
            account: self.account,
            service: self.service,
            number: self.number,
            iccid: self.iccid,
            country: self.country,
            state: self.state,
            outcome: self.outcome,
            from: self.from.as_deref().map(parse_time).transpose()?,
            to: self.to.as_deref().map(parse_time).transpose()?,
            after: self.after,
            before: self.before,
            limit: self.limit,
        })
    }
}
