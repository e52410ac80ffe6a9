//! Forms that were sent: each is carried out once, and shown again when something is wrong with it.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;

use super::answering::for_page;
use super::form::{PROOF, Unreadable};
use super::form_view::{NOT_SHOWN, NOTHING_CHANGED};
use super::once::Outcome;
use super::route::{Handler, Params, Route};
use super::site::Head;
use super::visit::{Attempt, Place};
use super::{Done, Fault, Faults, Form, Page, Site, Visit, Visitor, responses};
use crate::gateway::{BoxFuture, on_behalf_of, read_for_page};

type PostHandler<P> =
    Arc<dyn Fn(Visit<P>, Form) -> BoxFuture<'static, Result<Done, Fault>> + Send + Sync>;

/// What a form has led to, now or before.
enum Answered {
    Now(Done),
    Before(Outcome),
}

impl From<Unreadable> for Fault {
    fn from(unreadable: Unreadable) -> Fault {
        let sentence = match unreadable {
            Unreadable::TooLarge => "This is more than is taken at once: send at most 2 MB.",
            Unreadable::TooSlow => "The form did not arrive in time. Send it again.",
            Unreadable::Broken => "The form did not arrive as it was sent. Send it again.",
        };
        Fault::Refused(sentence.to_owned())
    }
}

impl<P: Visitor> Site<P> {
    /// Carries out what a form asks for.
    pub(super) async fn post(
        &self,
        visit: &Visit<P>,
        (route, page, handler): (&Route<P>, &'static str, &PostHandler<P>),
        head: &Head,
        request: Request<Body>,
    ) -> Result<Response, Fault> {
        self.refuse_when_overloaded(visit)?;
        let mut form = Form::read(request).await?;
        let proof = form.take(PROOF);
        if route.needs_proof
            && let Some(asking) = self.ask_for_proof(visit, &form, proof, head).await?
        {
            return Ok(asking);
        }
        let key = form.take_request_key(visit.path());
        let answered = self.carry_out(visit, key, form.clone(), Arc::clone(handler)).await;
        let faults = match answered {
            Ok(answered) => return self.answer_form(visit, answered).await,
            Err(Fault::Form(faults)) => faults,
            Err(Fault::Refused(sentence)) => {
                let mut faults = Faults::new();
                faults.add("", sentence);
                faults
            }
            Err(other) => return Err(other),
        };
        let only_shows = route.only_shows || form.trial().is_some();
        let instead = if only_shows { NOT_SHOWN } else { NOTHING_CHANGED };
        self.show_again(visit, page, form, (faults, instead))
    }

    fn refuse_when_overloaded(&self, visit: &Visit<P>) -> Result<(), Fault> {
        let of_account = visit.account_id().is_some_and(|id| self.gateway.is_overloaded_by(id));
        match of_account || self.gateway.is_overloaded() {
            true => Err(Fault::NotNow(
                "So much waits to be written that this was not taken. Try again in a moment."
                    .to_owned(),
            )),
            false => Ok(()),
        }
    }

    /// Carries a form out unless that was done. It is carried out to its end even if the browser
    /// does not wait for the answer.
    async fn carry_out(
        &self,
        visit: &Visit<P>,
        key: [u8; 32],
        form: Form,
        handler: PostHandler<P>,
    ) -> Result<Answered, Fault> {
        let session = visit.person.session().session;
        let slot = self.carried_out.slot(session, key, visit.now);
        let (visit, person) = (visit.clone(), visit.person.person());
        let work = async move {
            let mut outcome = slot.lock().await;
            if let Some(before) = &*outcome {
                return Ok(Answered::Before(before.clone()));
            }
            let done = handler(visit, form).await?;
            *outcome = Some(match &done {
                Done::At { address, .. } => Outcome::At(address.clone()),
                Done::Shown(_) => Outcome::Shown,
            });
            Ok(Answered::Now(done))
        };
        let work = read_for_page(work);
        let task = match person {
            Some(person) => tokio::spawn(on_behalf_of(person, work)),
            None => tokio::spawn(work),
        };
        let broken = |error: tokio::task::JoinError| Fault::Failed(error.to_string());
        task.await.unwrap_or_else(|error| Err(broken(error)))
    }

    async fn answer_form(&self, visit: &Visit<P>, answered: Answered) -> Result<Response, Fault> {
        let page = match answered {
            Answered::Before(Outcome::At(address)) => return Ok(responses::see_other(&address)),
            Answered::Now(Done::At { address, line }) => {
                if let Some(line) = line {
                    self.lines.leave(visit.person.session().session, &address, line);
                }
                return Ok(responses::see_other(&address));
            }
            Answered::Now(Done::Shown(page)) => *page,
            Answered::Before(Outcome::Shown) => {
                Page::new("This was done before").intro(maud::html! {
                    p { "The form was carried out once. What it showed is shown only once." }
                })
            }
        };
        Ok(responses::html(StatusCode::OK, self.frame(visit, &page, None, false).await))
    }

    /// Has the browser get the page of a form again, with what was typed and what is wrong with it.
    fn show_again(
        &self,
        visit: &Visit<P>,
        page: &'static str,
        form: Form,
        (faults, instead): (Faults, &'static str),
    ) -> Result<Response, Fault> {
        let route = self.routes.page_of(page);
        let route = route.ok_or_else(|| Fault::Refused(faults.sentences()))?;
        let place = Place {
            path: filled(page, &visit.place.params),
            params: visit.place.params.clone(),
            query: super::query::Query::default(),
            private: route.private,
            view: visit.place.view.clone(),
            base: visit.place.base.clone(),
        };
        let page = Visit { place: Arc::new(place), ..visit.clone() };
        let action = visit.path().to_owned();
        let attempt = Attempt { action, form, faults, is_query: false, instead };
        Ok(responses::see_other(&self.keep_tried(&page, attempt)))
    }

    /// Shows a page with what was typed into one of its forms and what is wrong with that.
    pub(super) async fn show_tried(
        &self,
        visit: &Visit<P>,
        route: &Route<P>,
        attempt: Arc<Attempt>,
    ) -> Result<Response, Fault> {
        let (action, faults) = (attempt.action.clone(), attempt.faults.clone());
        let instead = attempt.instead;
        let sentence = || Fault::Refused(faults.sentences());
        let Handler::Page(handler) = &route.handler else { return Err(sentence()) };
        let again = Visit { attempt: Some(attempt), ..visit.clone() };
        let page = for_page(&again, handler(again.clone())).await?;
        let page = page.with_faults(&faults, instead);
        let page = self.frame(&again, &page, None, route.topics.is_some()).await;
        // What was asked for may have become impossible meanwhile, and then has no form any more.
        if !page.0.contains(&format!("action=\"{action}\"")) {
            return Err(sentence());
        }
        Ok(responses::html(StatusCode::UNPROCESSABLE_ENTITY, page))
    }
}

/// A route's path with these parameters.
pub(super) fn filled(pattern: &str, params: &Params) -> String {
    let fill = |segment: &str| {
        let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let param = name.and_then(|name| params.iter().find(|(key, _)| *key == name));
        param.map_or_else(|| segment.to_owned(), |(_, value)| super::super::path_segment(value))
    };
    pattern.split('/').map(fill).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forms_page_has_the_same_parameters() {
        let params = vec![("iccid", "89/1".to_owned()), ("id", "7".to_owned())];
        assert_eq!(filled("/sims/{iccid}", &params), "/sims/89%2F1");
        assert_eq!(filled("/sims", &params), "/sims");
    }
}
