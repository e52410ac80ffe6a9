//! Tests of what is said, and of the two ends of a connection coupled in memory.

mod samples;
mod words;
