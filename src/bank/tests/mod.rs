//! A bank in simulated time: radios that take their time, a pool that does or does not do what it
//! is told, and demands that the tests set. A week takes a second.

mod plan;
mod unreliable;
mod week;
mod world;
