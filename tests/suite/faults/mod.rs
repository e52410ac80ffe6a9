//! The session against the simulated modems in simulated time: every fault on every family of
//! modems, mixed faults for a thousand minutes, and a week of them with customers. There is no
//! task, no real clock and no port, so the same seed gives the same run.

mod bank_rig;
mod banks;
mod business;
mod cards;
mod command_rate;
mod fault_session;
mod kept;
mod mixed;
mod pins;
mod refusals;
mod rig;
mod table;
mod urcs;
mod visits;
mod week;
