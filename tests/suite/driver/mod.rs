//! Tests of the driver and the session against the simulator, over PTYs and over streams in memory.

mod modem_events;
mod ports;
mod simulated;
