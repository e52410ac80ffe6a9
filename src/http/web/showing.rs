//! Pages and files that were asked for, and pages that are shown again because something is wrong
//! with what their address says: without that, with what was typed, and the fault at its field.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;

use super::answering::for_page;
use super::form::PROOF;
use super::posting::filled;
use super::route::{FileHandler, Handler, PageHandler, Route};
use super::site::Head;
use super::visit::{Attempt, Place};
use super::{Fault, Faults, Form, Site, Visit, Visitor, responses};

/// What is said above what is wrong with an address.
const SHOWN_WITHOUT: &str = "The page is shown without what is wrong:";

impl<P: Visitor> Site<P> {
    pub(super) async fn show_page(
        &self,
        visit: &Visit<P>,
        route: &Route<P>,
        handler: &PageHandler<P>,
    ) -> Result<Response, Fault> {
        let Some(visit) = self.with_search(visit, route) else {
            return Ok(self.forget_search(visit, route));
        };
        if let Some(answer) = self.show_referred(&visit, route).await {
            return answer;
        }
        let page = match for_page(&visit, handler(visit.clone())).await {
            Err(Fault::Form(faults)) => return self.show_without(&visit, route, faults).await,
            page => page.map_err(Fault::of_page)?,
        };
        let line = self.lines.take(visit.person.session().session, visit.path());
        let page = self.frame(&visit, &page, line, route.topics.is_some()).await;
        Ok(responses::html(StatusCode::OK, page))
    }

    /// Hands a file out, after a proof if its route asks for one: the form of that is sent to the
    /// file's own path.
    pub(super) async fn show_file(
        &self,
        visit: &Visit<P>,
        (route, handler): (&Route<P>, &FileHandler<P>),
        head: &Head,
        request: Request<Body>,
    ) -> Result<Response, Fault> {
        if route.needs_proof {
            let mut form = match head.method {
                Method::POST => Form::read(request).await?,
                _ => Form::default(),
            };
            let proof = form.take(PROOF);
            if let Some(asking) = self.ask_for_proof(visit, &form, proof, head).await? {
                return Ok(asking);
            }
        }
        let faults = match for_page(visit, handler(visit.clone())).await {
            Err(Fault::Form(faults)) => faults,
            file => return Ok(file.map_err(Fault::of_page)?.into_response()),
        };
        match route.page.and_then(|page| self.routes.page_of(page)) {
            Some(page) => self.show_without(visit, page, faults).await,
            None => Err(Fault::Refused(faults.sentences())),
        }
    }

    /// Shows a page without those values of the query that are wrong.
    pub(super) async fn show_without(
        &self,
        visit: &Visit<P>,
        route: &Route<P>,
        faults: Faults,
    ) -> Result<Response, Fault> {
        let Handler::Page(handler) = &route.handler else {
            return Err(Fault::Refused(faults.sentences()));
        };
        let query = &visit.place.query;
        let without: Vec<(&str, Option<&str>)> =
            faults.all().map(|fault| (fault.field.as_str(), None)).collect();
        let place = Place {
            path: filled(route.path, &visit.place.params),
            query: query.with(&without),
            private: route.private,
            ..(*visit.place).clone()
        };
        let form = Form::of_query(query.pairs());
        let (action, faults_there) = (visit.path().to_owned(), faults.clone());
        let instead = SHOWN_WITHOUT;
        let attempt = Attempt { action, form, faults: faults_there, is_query: true, instead };
        let again =
            Visit { place: Arc::new(place), attempt: Some(Arc::new(attempt)), ..visit.clone() };
        let page = match for_page(&again, handler(again.clone())).await {
            Err(Fault::Form(faults)) => return Err(Fault::Refused(faults.sentences())),
            page => page.map_err(Fault::of_page)?,
        };
        let page = page.with_faults(&faults, instead);
        let page = self.frame(&again, &page, None, false).await;
        Ok(responses::html(StatusCode::UNPROCESSABLE_ENTITY, page))
    }
}
