//! What pages show, by subject: whoever follows a topic is told when something of it has changed.

/// A subject of pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The modems as they report themselves.
    Modems,
    /// SIM cards: their numbers, places, rests, and what is asked of them.
    Sims,
    Orders,
    Rentals,
    Messages,
    /// Services, their prices and patterns.
    Services,
    /// Accounts with their keys, ledgers, logins and webhooks.
    Accounts,
    /// SIM banks as they report themselves, and their switches.
    Banks,
    Alarms,
    /// The daemon as a program: the check of its database, and the sites that connect to it.
    System,
}

impl Topic {
    /// Every topic.
    pub const ALL: [Topic; 10] = [
        Topic::Modems,
        Topic::Sims,
        Topic::Orders,
        Topic::Rentals,
        Topic::Messages,
        Topic::Services,
        Topic::Accounts,
        Topic::Banks,
        Topic::Alarms,
        Topic::System,
    ];

    /// Its place in [`Topic::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_topic_is_in_its_place() {
        for (index, topic) in Topic::ALL.into_iter().enumerate() {
            assert_eq!(topic.index(), index, "{topic:?}");
        }
    }
}
