//! Puts the parts together, starts them and stops them.

pub mod config;
