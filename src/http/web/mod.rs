//! What the operators' console and the customers' portal are made of: how requests for pages are
//! answered, how a page looks, and the pages that both sides have (signing in, one's own settings).
//!
//! A side (see [`Visitor`]) has a table of routes. Each names its path, who may use it and the
//! function that answers it; everything else is done here before that function runs: whose session
//! it is, whether they may, whether the request came from a page of ours, whether they have proved
//! lately who they are, and that a form is carried out once. The pages themselves are in
//! `http/console` and `http/portal`.
//!
//! A page is a list of parts. The same function that makes a page is run again when something that
//! it shows has changed, and the parts that differ are sent to the browser (`live.rs`).

mod answering;
mod assets;
mod charts;
mod cookies;
mod csv;
mod done;
mod facts;
mod fault;
mod field_view;
mod filters;
mod form;
mod form_view;
mod frame;
mod headers;
mod host;
mod links;
mod live;
mod live_stream;
mod me;
mod moments;
mod once;
mod origin;
mod page;
mod paging;
mod posting;
mod proof;
mod query;
mod refusal;
mod responses;
mod route;
mod saved_values;
mod searches;
mod second_factor;
mod showing;
mod sign_in;
mod site;
mod strangers;
mod streams;
mod table;
mod tried;
mod visit;
mod visitor;

pub use charts::{Chart, Line, Unit, sparkline};
pub use csv::{Csv, Download};
pub use done::Done;
pub use facts::{
    Empty, Tone, badge, bar, code_block, copy_button, copyable, facts, link, signal, signal_in_dbm,
    tile,
};
pub use fault::{Fault, Faults, sentence};
pub use field_view::FieldView;
pub use filters::Filters;
pub use form::Form;
pub use form_view::FormView;
pub use host::{NotAnOrigin, PublicOrigin};
pub(super) use links::path;
pub use me::{browser_name, own_sessions};
pub use moments::{ago, ago_or_never, clock_time, moment, span, until};
pub use page::Page;
pub use paging::{PAGE_ROWS, Paging, pager};
pub use route::{Access, Route};
pub use saved_values::SavedValues;
pub use site::{Site, SiteSettings};
pub use strangers::{hostile, hostile_or_dash, hostile_whole};
pub use table::{Row, Table};
pub use visit::Visit;
pub use visitor::{MenuItem, Visitor};

#[cfg(test)]
pub(in crate::http) mod tests;
