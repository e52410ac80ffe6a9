//! The table of routes: which path is answered by what, and who may use it.

use std::future::Future;
use std::sync::Arc;

use axum::http::Method;
use axum::response::Response;
use percent_encoding::percent_decode_str;

use super::csv::Download;
use super::sign_in::Guest;
use super::{Done, Fault, Form, Page, Visit, Visitor};
use crate::domain::login::Permission;
use crate::gateway::{BoxFuture, Topic};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, also without a session.
    Anyone,
    /// Whoever has signed in.
    SignedIn,
    /// Whoever has signed in and may do this.
    May(Permission),
}

type Answer<T> = BoxFuture<'static, Result<T, Fault>>;
pub(super) type PageHandler<P> = Arc<dyn Fn(Visit<P>) -> Answer<Page> + Send + Sync>;
pub(super) type FileHandler<P> = Arc<dyn Fn(Visit<P>) -> Answer<Download> + Send + Sync>;
type PostHandler<P> = Arc<dyn Fn(Visit<P>, Form) -> Answer<Done> + Send + Sync>;
type GuestHandler<P> = Arc<dyn Fn(Guest<P>) -> Answer<Response> + Send + Sync>;

/// What answers a route.
pub(super) enum Handler<P: Visitor> {
    Page(PageHandler<P>),
    File(FileHandler<P>),
    Post {
        /// The path of the page that the form stands on.
        page: &'static str,
        handler: PostHandler<P>,
    },
    /// What is there for whoever has no session yet. It takes GET and POST.
    Guest(GuestHandler<P>),
}

/// One route.
pub struct Route<P: Visitor> {
    /// The path, in which `{name}` stands for any one segment.
    pub(super) path: &'static str,
    pub(super) access: Access,
    pub(super) handler: Handler<P>,
    /// Whether somebody must have proved lately who they are.
    pub(super) needs_proof: bool,
    /// Whether a form that is sent here changes nothing, but has something shown.
    pub(super) only_shows: bool,
    /// What the page depends on; `None` for one that is not live.
    pub(super) topics: Option<&'static [Topic]>,
    /// What the page depends on but need not show at once.
    pub(super) slow_topics: &'static [Topic],
    /// The names of the page's filters that must not stand in its address.
    pub(super) private: &'static [&'static str],
    /// The path of the page that leads to a file.
    pub(super) page: Option<&'static str>,
}

impl<P: Visitor> Route<P> {
    /// A page. Its function must change nothing.
    pub fn page<F: Future<Output = Result<Page, Fault>> + Send + 'static>(
        path: &'static str,
        access: Access,
        handler: impl Fn(Visit<P>) -> F + Send + Sync + 'static,
    ) -> Route<P> {
        let handler: PageHandler<P> = Arc::new(move |visit| Box::pin(handler(visit)));
        Route::new(path, access, Handler::Page(handler))
    }

    /// A file to download.
    pub fn file<F: Future<Output = Result<Download, Fault>> + Send + 'static>(
        path: &'static str,
        access: Access,
        handler: impl Fn(Visit<P>) -> F + Send + Sync + 'static,
    ) -> Route<P> {
        let handler: FileHandler<P> = Arc::new(move |visit| Box::pin(handler(visit)));
        Route::new(path, access, Handler::File(handler))
    }

    /// What a form asks for. `page` is the path of the page that the form stands on, with the same
    /// parameters: it is shown again when something is wrong with what was typed.
    pub fn post<F: Future<Output = Result<Done, Fault>> + Send + 'static>(
        path: &'static str,
        access: Access,
        page: &'static str,
        handler: impl Fn(Visit<P>, Form) -> F + Send + Sync + 'static,
    ) -> Route<P> {
        let handler: PostHandler<P> = Arc::new(move |visit, form| Box::pin(handler(visit, form)));
        Route::new(path, access, Handler::Post { page, handler })
    }

    /// What is there for everybody.
    pub(super) fn guest<F: Future<Output = Result<Response, Fault>> + Send + 'static>(
        path: &'static str,
        handler: impl Fn(Guest<P>) -> F + Send + Sync + 'static,
    ) -> Route<P> {
        let handler: GuestHandler<P> = Arc::new(move |guest| Box::pin(handler(guest)));
        Route::new(path, Access::Anyone, Handler::Guest(handler))
    }

    fn new(path: &'static str, access: Access, handler: Handler<P>) -> Route<P> {
        let (topics, slow_topics) = (None, &[][..]);
        let (needs_proof, only_shows, private, page) = (false, false, &[][..], None);
        Route { path, access, handler, needs_proof, only_shows, topics, slow_topics, private, page }
    }

    /// The page's filters of these names are numbers or texts that somebody looks for. They do not
    /// stand in its address (see `searches.rs`).
    pub fn private(mut self, names: &'static [&'static str]) -> Route<P> {
        self.private = names;
        self
    }

    /// The file is asked for by a form on the page with this path and the same parameters: that is
    /// shown again when something is wrong with what was typed.
    pub fn asked_for_on(mut self, page: &'static str) -> Route<P> {
        self.page = Some(page);
        self
    }

    /// Asks for the password or a code again unless that was done lately.
    pub fn with_proof(mut self) -> Route<P> {
        self.needs_proof = true;
        self
    }

    /// What the form asks for changes nothing: it has something shown.
    pub fn only_shows(mut self) -> Route<P> {
        self.only_shows = true;
        self
    }

    /// The page is shown anew when something of these topics changes, or of the visitor's account.
    pub fn live_on(mut self, topics: &'static [Topic]) -> Route<P> {
        self.topics = Some(topics);
        self
    }

    /// The page is shown anew also when something of these topics changes, but for them at most
    /// once in ten seconds, because they change often and the page is costly.
    pub fn slowly_on(mut self, topics: &'static [Topic]) -> Route<P> {
        self.slow_topics = topics;
        self
    }

    /// The page is shown anew when something of the visitor's account changes.
    pub fn live(self) -> Route<P> {
        self.live_on(&[])
    }

    /// Whether it answers requests with this method.
    pub(super) fn takes(&self, method: &Method) -> bool {
        let is_post = method == Method::POST;
        match self.handler {
            Handler::Page(_) => !is_post || !self.private.is_empty(),
            Handler::File(_) => !is_post || self.needs_proof,
            Handler::Post { .. } => is_post,
            Handler::Guest(_) => true,
        }
    }
}

/// The parameters of a path by their names.
pub(super) type Params = Vec<(&'static str, String)>;

/// What was found for a path.
pub(super) struct Found<'t, P: Visitor> {
    pub(super) route: &'t Route<P>,
    pub(super) params: Params,
}

/// All routes of a side.
pub(super) struct RouteTable<P: Visitor>(Vec<Route<P>>);

impl<P: Visitor> RouteTable<P> {
    pub(super) fn new(routes: Vec<Route<P>>) -> RouteTable<P> {
        RouteTable(routes)
    }

    /// The route for a path and a method. Of several that fit, the one with the fewest parameters.
    /// The error says whether the path exists with another method.
    pub(super) fn find(&self, method: &Method, path: &str) -> Result<Found<'_, P>, bool> {
        let fitting = self
            .0
            .iter()
            .filter_map(|route| Some(Found { params: match_path(route.path, path)?, route }));
        let fitting: Vec<Found<'_, P>> = fitting.collect();
        let exists = !fitting.is_empty();
        let taking = fitting.into_iter().filter(|found| found.route.takes(method));
        taking.min_by_key(|found| found.params.len()).ok_or(exists)
    }

    /// The page that a form stands on.
    pub(super) fn page_of(&self, path: &'static str) -> Option<&Route<P>> {
        let is_page =
            |route: &&Route<P>| route.path == path && matches!(route.handler, Handler::Page(_));
        self.0.iter().find(is_page)
    }

    /// Whether there is a page with this path that anybody could see.
    pub(super) fn has_page(&self, path: &str) -> bool {
        self.find(&Method::GET, path).is_ok()
    }

    #[cfg(test)]
    pub(super) fn all(&self) -> &[Route<P>] {
        &self.0
    }
}

/// The parameters of a path, if it fits a pattern. Each stands for one segment that is not empty.
fn match_path(pattern: &'static str, path: &str) -> Option<Params> {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    let mut params = Params::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(wanted), Some(given)) => match param_name(wanted) {
                Some(name) if !given.is_empty() => {
                    let value = percent_decode_str(given).decode_utf8().ok()?;
                    params.push((name, value.into_owned()));
                }
                None if wanted == given => {}
                _ => return None,
            },
            _ => return None,
        }
    }
}

fn param_name(segment: &'static str) -> Option<&'static str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_stands_for_one_segment_whatever_it_is() {
        let matched = |pattern, path: &str| {
            let params = match_path(pattern, path)?;
            Some(params.into_iter().map(|(name, value)| format!("{name}={value}")).collect())
        };
        for (pattern, path, params) in [
            ("/", "/", Some(vec![])),
            ("/sims", "/sims", Some(vec![])),
            ("/sims", "/sims/", None),
            ("/sims/{iccid}", "/sims/89%2F1", Some(vec!["iccid=89/1"])),
            ("/sims/{iccid}", "/sims/", None),
            ("/sims/{iccid}", "/sims/1/2", None),
            ("/a/{x}/b/{y}", "/a/1/b/2", Some(vec!["x=1", "y=2"])),
            ("/a/{x}", "/a/%FF", None),
        ] {
            let params = params.map(|all| all.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!(matched(pattern, path), params, "{pattern} {path}");
        }
    }
}
