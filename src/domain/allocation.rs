//! Which orders may be on one SIM at the same time.

/// What a new order asks of the SIM that it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Company {
    /// No open order may be on the SIM.
    Alone {
        /// Also no order that still collects without patterns: both would take what nobody claims.
        among_collecting: bool,
    },
    /// Open orders of other services are fine when their services have patterns too.
    Shared,
}

/// The passes over the stock for a new order, in order: a SIM without open orders is always taken first.
///
/// A service without patterns has its SIM to itself; others share when the operator allows it (`share_sim`).
pub fn passes(service_has_patterns: bool, share_sim: bool) -> &'static [Company] {
    match (service_has_patterns, share_sim) {
        (false, _) => &[Company::Alone { among_collecting: true }],
        (true, false) => &[Company::Alone { among_collecting: false }],
        (true, true) => &[Company::Alone { among_collecting: false }, Company::Shared],
    }
}
