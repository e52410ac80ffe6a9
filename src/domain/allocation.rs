//! Which SIM an order may have: who may be on one SIM at the same time, and what stands in a SIM's way.

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

/// The most that may be on a SIM which an order may still have: its last pass.
pub fn widest(service_has_patterns: bool, share_sim: bool) -> Company {
    let alone = Company::Alone { among_collecting: !service_has_patterns };
    passes(service_has_patterns, share_sim).last().copied().unwrap_or(alone)
}

/// What is known of one SIM when somebody asks for a number for a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Prospect {
    /// Its number is known.
    pub has_number: bool,
    /// Another SIM claims its number.
    pub contested: bool,
    /// The operator sells it no more.
    pub retired: bool,
    /// It has a tenant.
    pub rented: bool,
    /// It rests between tenants.
    pub resting: bool,
    /// It is in a working modem that spoke lately.
    pub online: bool,
    /// Its number was used for the service within the cool-down.
    pub used: bool,
    /// The account skipped its number for the service.
    pub skipped: bool,
    /// Orders on it stand in the way.
    pub busy: bool,
}

/// Why a SIM is not available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// Its number is not known.
    NoNumber,
    /// Two SIMs claim its number.
    Contested,
    /// The operator sells it no more.
    Retired,
    /// It has a tenant.
    Rented,
    /// It rests between tenants.
    Resting,
    /// Its number was used for the service.
    Used,
    /// The account skipped its number for the service.
    Skipped,
    /// It is in no working modem.
    Offline,
    /// Orders on it stand in the way.
    Busy,
}

impl Obstacle {
    /// All, in the order in which they are looked for: what lasts longest first.
    pub const ALL: [Obstacle; 9] = [
        Obstacle::NoNumber,
        Obstacle::Contested,
        Obstacle::Retired,
        Obstacle::Rented,
        Obstacle::Resting,
        Obstacle::Used,
        Obstacle::Skipped,
        Obstacle::Offline,
        Obstacle::Busy,
    ];

    /// The word that operators read.
    pub fn word(self) -> &'static str {
        match self {
            Obstacle::NoNumber => "no_number",
            Obstacle::Contested => "contested",
            Obstacle::Retired => "retired",
            Obstacle::Rented => "rented",
            Obstacle::Resting => "resting",
            Obstacle::Used => "used",
            Obstacle::Skipped => "skipped",
            Obstacle::Offline => "offline",
            Obstacle::Busy => "busy",
        }
    }
}

impl Prospect {
    /// The first thing that stands in the way, if anything does.
    pub fn obstacle(self) -> Option<Obstacle> {
        let stands = |obstacle: &Obstacle| match obstacle {
            Obstacle::NoNumber => !self.has_number,
            Obstacle::Contested => self.contested,
            Obstacle::Retired => self.retired,
            Obstacle::Rented => self.rented,
            Obstacle::Resting => self.resting,
            Obstacle::Used => self.used,
            Obstacle::Skipped => self.skipped,
            Obstacle::Offline => !self.online,
            Obstacle::Busy => self.busy,
        };
        Obstacle::ALL.into_iter().find(stands)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reason_a_sim_the_lasting_one_first() {
        let good = Prospect { has_number: true, online: true, ..Prospect::default() };
        assert_eq!(good.obstacle(), None);
        for (prospect, expected) in [
            (Prospect { online: false, ..good }, Obstacle::Offline),
            (Prospect { online: false, rented: true, ..good }, Obstacle::Rented),
            (Prospect { used: true, busy: true, ..good }, Obstacle::Used),
            (Prospect { skipped: true, ..good }, Obstacle::Skipped),
            (Prospect { busy: true, ..good }, Obstacle::Busy),
            (Prospect { resting: true, online: false, ..good }, Obstacle::Resting),
            (Prospect { retired: true, rented: true, ..good }, Obstacle::Retired),
            (Prospect { contested: true, ..good }, Obstacle::Contested),
            (Prospect { has_number: false, ..good }, Obstacle::NoNumber),
        ] {
            assert_eq!(prospect.obstacle(), Some(expected), "{prospect:?}");
        }
    }

    #[test]
    fn the_widest_pass_is_the_last() {
        assert_eq!(widest(true, true), Company::Shared);
        assert_eq!(widest(true, false), Company::Alone { among_collecting: false });
        assert_eq!(widest(false, true), Company::Alone { among_collecting: true });
    }
}
