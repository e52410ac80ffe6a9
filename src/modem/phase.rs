//! What all phases of a session have in common.

use super::configuring::Configuring;
use super::context::Context;
use super::identifying::Identifying;
use super::off_air::OffAir;
use super::probing::Probing;
use super::serving::Serving;
use super::sim_check::SimCheck;
use crate::at::Command;
use crate::domain::Moment;
use crate::domain::modem::{ModemReason, ModemState};

/// What a phase wants to do when no command is in flight.
#[derive(Debug)]
pub(super) enum Next {
    Send(Command),
    /// Do nothing before this time; with `None`, before something happens.
    Wait(Option<Moment>),
    Enter(Phase),
    /// End the session, because the modem does not work and no command helps.
    GiveUp(ModemReason),
}

#[derive(Debug)]
pub(super) enum Phase {
    Probing(Probing),
    SimCheck(SimCheck),
    Identifying(Identifying),
    Configuring(Configuring),
    Serving(Box<Serving>),
    OffAir(OffAir),
}

impl Phase {
    pub fn next(&mut self, context: &mut Context, now: Moment) -> Next {
        match self {
            Phase::Probing(phase) => phase.next(context, now),
            Phase::SimCheck(phase) => phase.next(context, now),
            Phase::Identifying(phase) => phase.next(context, now),
            Phase::Configuring(phase) => phase.next(context, now),
            Phase::Serving(phase) => phase.next(context, now),
            Phase::OffAir(phase) => phase.next(context, now),
        }
    }

    pub fn state(&self, context: &Context) -> ModemState {
        match self {
            Phase::Probing(_) => ModemState::Probing,
            Phase::SimCheck(_) => ModemState::SimCheck,
            Phase::Identifying(_) => ModemState::Identifying,
            Phase::Configuring(_) => ModemState::Configuring,
            Phase::Serving(_) if context.is_registered() => ModemState::Ready,
            Phase::Serving(_) => ModemState::Registering,
            Phase::OffAir(_) => ModemState::Switching,
        }
    }
}
