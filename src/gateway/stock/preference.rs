//! What is wanted of a number beside its service and country.

use std::collections::HashSet;

use crate::domain::{AccountId, HomeNetworks, MobileOperator, ServiceId, SimId, Timestamp};
use crate::store::{ReadTx, StoreError};

/// What is wanted of a number beside its service and country.
#[derive(Debug, Clone, Default)]
pub(in crate::gateway) struct Preference {
    /// It is one of these mobile operators'; of any, if there are none here.
    pub(in crate::gateway) operators: Vec<MobileOperator>,
    /// It begins with none of these digits, which begin with the calling code.
    pub(in crate::gateway) avoided_prefixes: Vec<String>,
    /// Others come before numbers that the account has canceled for the service after this.
    pub(in crate::gateway) canceled_since: Option<Timestamp>,
}

impl Preference {
    /// Whether nothing is wanted that could leave a number out.
    pub(super) fn is_open(&self) -> bool {
        self.operators.is_empty() && self.avoided_prefixes.is_empty()
    }

    /// Whether a SIM has what is wanted. Of one whose IMSI is not known it is not known whose it
    /// is.
    pub(super) fn admits(&self, rows: &ReadTx<'_>, networks: &HomeNetworks, sim: SimId) -> bool {
        self.is_of_operator(rows, networks, sim) && !self.is_avoided(rows, sim)
    }

    fn is_of_operator(&self, rows: &ReadTx<'_>, networks: &HomeNetworks, sim: SimId) -> bool {
        if self.operators.is_empty() {
            return true;
        }
        let imsi = rows.imsi(sim).ok().flatten();
        let is_of = |imsi| self.operators.iter().any(|wanted| networks.is_of(imsi, wanted));
        imsi.as_ref().is_some_and(is_of)
    }

    fn is_avoided(&self, rows: &ReadTx<'_>, sim: SimId) -> bool {
        if self.avoided_prefixes.is_empty() {
            return false;
        }
        let number = rows.sim(sim).ok().flatten().and_then(|sim| sim.number);
        number.is_none_or(|known| {
            let digits = known.number.as_str().trim_start_matches('+');
            self.avoided_prefixes.iter().any(|prefix| digits.starts_with(prefix.as_str()))
        })
    }

    /// The SIMs that others are preferred to.
    pub(super) fn last_choices(
        &self,
        rows: &ReadTx<'_>,
        account: AccountId,
        service: ServiceId,
    ) -> Result<HashSet<SimId>, StoreError> {
        let canceled = self.canceled_since;
        let canceled = canceled.map(|since| rows.sims_canceled_by(account, service, since));
        Ok(canceled.transpose()?.unwrap_or_default().into_iter().collect())
    }
}
