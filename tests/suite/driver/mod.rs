//! Driver and session against the simulator, over PTYs and over streams in memory.

mod host;
mod ports;
mod simulated;
