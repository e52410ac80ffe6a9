//! Whether the modem shows messages as PDUs, as it is told to, or in text mode (27.005 3.2.3).

use std::time::Duration;

use crate::domain::Moment;

/// How many times in a row PDU mode is set again before messages are read as text.
const TRIES: u8 = 3;
/// How long messages are read as text before PDU mode is tried again.
const PAUSE: Duration = Duration::from_secs(600);

/// The form in which the modem shows messages. A text is less than its PDU, so a modem that shows
/// text is put into PDU mode again, a limited number of times.
#[derive(Debug, Default)]
pub(super) struct MessageFormat {
    /// How many times in a row it showed text although PDU mode was set.
    disobeyed: u8,
    /// Messages are read as text until then.
    text_until: Option<Moment>,
}

impl MessageFormat {
    /// Whether messages are read as text.
    pub fn is_text(&self) -> bool {
        self.text_until.is_some()
    }

    /// Notes that the modem showed a PDU. Returns whether messages were read as text before.
    pub fn on_pdu(&mut self) -> bool {
        self.disobeyed = 0;
        self.text_until.take().is_some()
    }

    /// Notes that the modem showed text. Returns whether PDU mode is to be set again; if not,
    /// messages are read as text from now on.
    pub fn on_text(&mut self, now: Moment) -> bool {
        self.disobeyed = self.disobeyed.saturating_add(1);
        let again = self.disobeyed <= TRIES;
        if !again {
            self.on_refused(now);
        }
        again
    }

    /// Notes that the modem refuses PDU mode, so that messages are read as text for a while.
    pub fn on_refused(&mut self, now: Moment) {
        self.text_until = Some(now + PAUSE);
    }

    /// Notes that the modem has accepted PDU mode.
    pub fn on_accepted(&mut self) {
        self.text_until = None;
    }

    /// Whether it is time to try PDU mode again.
    pub fn is_retry_due(&self, now: Moment) -> bool {
        self.text_until.is_some_and(|until| until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modem_that_keeps_to_text_mode_is_told_so_many_times_and_again_after_a_pause() {
        let now = Moment::since_origin(PAUSE);
        let mut format = MessageFormat::default();
        for _ in 0..TRIES {
            assert!(format.on_text(now) && !format.is_text());
            format.on_accepted();
        }
        assert!(!format.on_text(now) && format.is_text());
        assert!(!format.is_retry_due(now) && format.is_retry_due(now + PAUSE));
        format.on_accepted();
        assert!(!format.on_text(now) && format.is_text(), "one try after the pause");
        assert!(format.on_pdu() && !format.is_text());
        assert!(format.on_text(now), "it had obeyed, and then forgotten it");
    }
}
