//! Tests of what is said, and of the two ends of a connection coupled in memory.

mod any_lines;
mod centre;
mod link;
mod samples;
mod site;
mod words;
