//! The session machine against the simulated modems in simulated time: every fault on every family,
//! mixed faults for a thousand minutes. No task, no clock, no port: the same seed gives the same
//! run.

mod bank_rig;
mod banks;
mod fault_session;
mod kept;
mod mixed;
mod rig;
mod table;
mod urcs;
