//! The session against the simulated modems in simulated time: every fault on every family of
//! modems, and mixed faults for a thousand minutes. There is no task, no real clock and no port, so
//! the same seed gives the same run.

mod bank_rig;
mod banks;
mod fault_session;
mod kept;
mod mixed;
mod pins;
mod refusals;
mod rig;
mod table;
mod urcs;
