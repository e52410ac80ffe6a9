//! Asking somebody who has signed in to prove again who they are, before money is moved, keys are
//! made or people let in. The form that was sent waits meanwhile in the page that asks.

use axum::http::StatusCode;
use axum::response::Response;
use maud::html;

use super::form::PROOF;
use super::moments::in_utc;
use super::site::Head;
use super::visit::Attempt;
use super::{Fault, Faults, Form, Page, Site, Visit, Visitor, responses};
use crate::gateway::ProofRefusal;

impl<P: Visitor> Site<P> {
    /// The page that asks for a proof, unless one was given lately or with this form.
    pub(super) async fn ask_for_proof(
        &self,
        visit: &Visit<P>,
        form: &Form,
        proof: Option<String>,
        head: &Head,
    ) -> Result<Option<Response>, Fault> {
        let session = visit.person.session();
        if session.has_fresh_proof(visit.now) {
            return Ok(None);
        }
        let mut refusal = None;
        if let Some(proof) = proof {
            match self.gateway.people().prove(session, proof, &head.visitor()).await? {
                Ok(()) => return Ok(None),
                Err(refused) => refusal = Some(refused),
            }
        }
        let page = proof_page(visit, form, refusal);
        let page = self.frame(visit, &page, None, false).await;
        Ok(Some(responses::html(StatusCode::OK, page)))
    }
}

/// What is said of a proof that was not accepted.
pub(super) fn in_words(refusal: ProofRefusal) -> String {
    match refusal {
        ProofRefusal::Wrong => "This is not right.".to_owned(),
        ProofRefusal::Wait { until } => {
            format!("There were too many wrong attempts. Try again after {}.", in_utc(until))
        }
        ProofRefusal::Busy => {
            "Too many people are signing in at this moment. Try again.".to_owned()
        }
    }
}

fn proof_page<P: Visitor>(visit: &Visit<P>, sent: &Form, refusal: Option<ProofRefusal>) -> Page {
    let session = visit.person.session();
    let attempt = refusal.map(|refusal| {
        let mut faults = Faults::new();
        faults.add(PROOF, in_words(refusal));
        let (action, form) = (visit.path().to_owned(), Form::default());
        let instead = "It is not confirmed.";
        Attempt { action, form, faults, is_query: false, instead }.into()
    });
    let asking = Visit { attempt, ..visit.clone() };
    let form = asking.form(visit.path()).without_request();
    let what = match session.has_second_factor {
        true => "Password, or a code of your second factor",
        false => "Password",
    };
    Page::new("Confirm that it is you").intro(html! {
        p {
            "What you asked for changes money, keys or people, or hands out what is kept here, so \
             give your password again. It holds for 15 minutes."
        }
        @if sent.has_files() {
            p { "The file that you chose has to be chosen again afterwards." }
        }
        (form.show(html! {
            @for (name, value) in sent.resent_fields() { (form.hidden(name, value)) }
            (form.password(PROOF, what, "current-password").required())
            div class="buttons" {
                (form.button("Confirm"))
                a class="button plain" href="/" { "Leave it" }
            }
        }))
    })
}
