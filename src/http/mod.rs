//! The customers' API, the admin interface and its client, the operators' console and the
//! customers' portal, over axum. What is answered is decided in `gateway`; here it is put into
//! words.

pub mod admin;
mod answers_in_flight;
mod api;
mod catalogue_file;
mod client;
mod client_address;
mod connection;
mod connection_limiter;
pub mod console;
mod customer;
mod dispatch;
mod frames;
pub mod health;
mod ids;
mod limits;
mod market;
mod outcomes;
mod paced_stream;
mod params;
mod persons;
pub mod portal;
mod serve;
mod shares;
mod socket_file;
mod v2;
mod web;

pub use catalogue_file::{DeclaredService, SHIPPED_CATALOGUE, read_catalogue};
pub use client::{AdminClient, ClientError, path_segment};
pub use client_address::TrustedProxies;
pub use connection_limiter::{ClientShares, REFUSAL_SHARE};
pub use dispatch::{Dispatcher, make_service};
pub use ids::{RequestIds, with_request_spans};
pub use limits::{Limits, Throttle};
pub use outcomes::RequestCounts;
pub use persons::with_persons;
pub use serve::{ConnectionLimits, Listening, RequestHandler, listen_tcp, listen_unix, route_all};
pub use web::{NotAnOrigin, PublicOrigin, SiteSettings};
