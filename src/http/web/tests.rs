//! The pages of both sides as browsers get them: who may see what, what headers and cookies there
//! are, and that no page has what the policy forbids.

mod access;
mod charts;
mod crawl;
mod forms;
mod live;
mod overload;
mod searches;
mod stage;
mod stale;
mod visitors;

pub(in crate::http) use stage::{Client, Stage};
