//! The monotonic clock, read here and nowhere else in this module.

use std::time::Duration;

use tokio::time::Instant;

use crate::domain::Moment;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    pub fn start() -> Clock {
        #[expect(
            clippy::disallowed_methods,
            reason = "the outermost loop: sessions get their time from here"
        )]
        let origin = Instant::now();
        Clock { origin }
    }

    pub fn now(self) -> Moment {
        Moment::since_origin(self.origin.elapsed())
    }

    pub fn instant(self, moment: Moment) -> Instant {
        self.origin + moment.elapsed().min(Duration::from_secs(u64::from(u32::MAX)))
    }
}
