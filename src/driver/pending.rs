//! The work of the host for one modem that is not finished yet: a few futures, polled in the order
//! in which they were added.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::domain::PortName;
use crate::domain::modem::PinPermission;
use crate::modem::{MessageOwner, NotRecorded, Token};

/// The host's answer to one of the session's questions.
#[derive(Debug)]
pub(crate) enum Answer {
    Stored(Token, bool),
    Identified(Token, Result<MessageOwner, NotRecorded>),
    /// The modem is served on this other port, so the session is to end.
    ServedOn(PortName),
    Emptied(Token, bool),
    MayEnterPin(Token, Result<PinPermission, ()>),
    /// The session does not wait for this work.
    Nothing,
}

type Work<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

#[derive(Default)]
pub(crate) struct Pending<'a>(Vec<Work<'a>>);

impl<'a> Pending<'a> {
    pub fn push(&mut self, work: impl Future<Output = Answer> + Send + 'a) {
        self.0.push(Box::pin(work));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Waits for the next answer; for ever when there is no work. It is safe to cancel.
    pub fn next(&mut self) -> impl Future<Output = Answer> + '_ {
        poll_fn(|context| self.poll(context))
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Answer> {
        let ready = |(position, work): (usize, &mut Work<'a>)| match work.as_mut().poll(context) {
            Poll::Ready(answer) => Some((position, answer)),
            Poll::Pending => None,
        };
        let Some((position, answer)) = self.0.iter_mut().enumerate().find_map(ready) else {
            return Poll::Pending;
        };
        drop(self.0.remove(position));
        if self.0.is_empty() {
            self.0.shrink_to(4);
        }
        Poll::Ready(answer)
    }
}
