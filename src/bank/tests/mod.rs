//! A bank in simulated time: radios that take so long, a pool that lies as it is told, wishes as
//! they are set. A week takes a second.

mod lies;
mod plan;
mod week;
mod world;
