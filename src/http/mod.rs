//! The customers' API and the admin interface over axum. What is said is decided in `gateway`; here
//! it is put into words.

pub mod admin;
mod connection_limiter;
pub mod customer;
pub mod health;
mod ids;
mod limits;
mod multipart;
mod params;
mod requests;
mod serve;

pub use ids::{RequestIds, in_spans};
pub use limits::{Limits, Throttle};
pub use requests::Requests;
pub use serve::{Listening, listen_tcp, listen_unix};
