//! How often a session sends commands.

use std::collections::VecDeque;

/// The time over which commands are counted.
const WINDOW_MS: u64 = 60_000;
/// What reading and deleting one message takes.
const COMMANDS_A_MESSAGE: usize = 2;

/// Counts the commands of a minute, without those that brought a message. Moving a thousand
/// messages takes two thousand commands; a session that has nothing to do, or to which nothing is
/// answered as it should be, has no cause for many.
#[derive(Default)]
pub struct CommandRate {
    sent: VecDeque<u64>,
    stored: VecDeque<u64>,
    /// The most commands of any minute.
    pub most: usize,
}

impl CommandRate {
    pub fn count_command(&mut self, at_ms: u64) {
        self.sent.push_back(at_ms);
        forget(&mut self.sent, at_ms);
        forget(&mut self.stored, at_ms);
        let moving = COMMANDS_A_MESSAGE * self.stored.len();
        self.most = self.most.max(self.sent.len().saturating_sub(moving));
    }

    pub fn count_message(&mut self, at_ms: u64) {
        self.stored.push_back(at_ms);
    }
}

fn forget(times: &mut VecDeque<u64>, now_ms: u64) {
    while times.front().is_some_and(|at_ms| at_ms + WINDOW_MS <= now_ms) {
        times.pop_front();
    }
}
