//! Signing in and out, and the links that let somebody in for the first time.

use axum::body::Body;
use axum::http::header::SET_COOKIE;
use axum::http::{Method, Request, StatusCode};
use axum::response::Response;
use maud::{Markup, html};

use super::cookies::Purpose;
use super::form_view::FormView;
use super::links::is_own_address;
use super::moments::in_utc;
use super::site::Head;
use super::visit::Attempt;
use super::{
    Fault, Faults, Form, Page, Route, Site, Visitor, code_block, frame, moment, responses,
};
use crate::domain::login::{LoginState, SecretToken, Side};
use crate::gateway::{LinkView, SignInOutcome};

const SIGN_IN: &str = super::answering::SIGN_IN;
const CODE: &str = "/code";
const LINK: &str = "/link";

/// Somebody of whom no session is asked.
pub(super) struct Guest<P: Visitor> {
    site: Site<P>,
    head: Head,
    /// What was sent, if anything was.
    form: Option<Form>,
}

/// What there is for whoever has not signed in.
pub(super) fn routes<P: Visitor>() -> Vec<Route<P>> {
    vec![
        Route::guest(SIGN_IN, sign_in),
        Route::guest(CODE, enter_code),
        Route::guest(LINK, use_link),
        Route::guest("/sign-out", sign_out),
    ]
}

impl<P: Visitor> Guest<P> {
    pub(super) async fn of(
        site: Site<P>,
        head: Head,
        request: Request<Body>,
    ) -> Result<Guest<P>, Fault> {
        let is_post = head.method == Method::POST;
        let form = if is_post { Some(Form::read(request).await?) } else { None };
        Ok(Guest { site, head, form })
    }

    /// Where somebody wanted to go, if that is a page of ours.
    fn wanted(&self) -> String {
        let sent = self.form.as_ref().map(|form| form.text("to"));
        let asked = sent.or_else(|| self.head.query.get("to")).unwrap_or_default();
        let path = asked.split('?').next().unwrap_or_default();
        let is_page = is_own_address(asked) && self.site.routes.has_page(path);
        if is_page { asked.to_owned() } else { "/".to_owned() }
    }

    /// A page with a form and, after a mistake, what is wrong.
    fn show(&self, status: StatusCode, page: &Page) -> Response {
        responses::html(status, frame::bare::<P>(page))
    }

    fn form_view(&self, action: &str, faults: Faults) -> FormView {
        let sent = self.form.clone().unwrap_or_default();
        let attempt = Attempt {
            action: action.to_owned(),
            form: sent,
            faults,
            is_query: false,
            instead: NOT_SIGNED_IN,
        };
        let attempt = (!attempt.faults.is_empty()).then(|| attempt.into());
        FormView::new(action, "", attempt)
    }

    /// A page that asks again. The browser may keep it, so that going back to it works: there is
    /// nothing on it but a name.
    fn ask_again(&self, page: &Page) -> Response {
        responses::kept_by_browser(self.show(StatusCode::UNPROCESSABLE_ENTITY, page))
    }

    /// Goes on with a session, or asks for what is missing.
    fn go_on(&self, outcome: SignInOutcome, to: &str) -> Result<Response, String> {
        let cookies = self.site.cookies;
        match outcome {
            SignInOutcome::SignedIn { token } => {
                let mut response = responses::see_other(to);
                let headers = response.headers_mut();
                let set = [cookies.set(Purpose::Session, &token), cookies.forget(Purpose::Code)];
                set.into_iter().flatten().for_each(|cookie| {
                    headers.append(SET_COOKIE, cookie);
                });
                Ok(response)
            }
            SignInOutcome::CodeNeeded { pending } => {
                let to = super::super::path_segment(to);
                let mut response = responses::see_other(&format!("{CODE}?to={to}"));
                let cookie = cookies.set(Purpose::Code, &pending);
                response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
                Ok(response)
            }
            SignInOutcome::Wait { until } => Err(format!(
                "There were too many wrong attempts. The next one can be made at {}.",
                in_utc(until)
            )),
            SignInOutcome::Busy => {
                Err("Too many people are signing in at this moment. Try again.".to_owned())
            }
            SignInOutcome::PasswordFault(fault) => Err(super::fault::sentence(&fault.to_string())),
            SignInOutcome::Wrong => Err("This is not right. Try again.".to_owned()),
            SignInOutcome::Shut { state } => Err(why_shut(P::SIDE, state).to_owned()),
            SignInOutcome::Expired => Err("This took too long. Sign in again.".to_owned()),
        }
    }
}

/// What is said above what is wrong with a form of whoever has not signed in.
const NOT_SIGNED_IN: &str = "You are not signed in.";

/// Why a login lets nobody in, and who can change that.
fn why_shut(side: Side, state: LoginState) -> &'static str {
    match (side, state) {
        (Side::Portal, LoginState::Suspended) => {
            "Your account is suspended, so nobody can sign in to it now. Ask whom you have your \
             account from."
        }
        (Side::Portal, _) => {
            "Your login is switched off. Ask whom you have your account from to switch it on."
        }
        (Side::Console, _) => "Your login is switched off. An owner can switch it on again.",
    }
}

/// A fault of the whole form.
fn fault(sentence: impl Into<String>) -> Faults {
    let mut faults = Faults::new();
    faults.add("", sentence);
    faults
}

async fn sign_in<P: Visitor>(guest: Guest<P>) -> Result<Response, Fault> {
    let people = guest.site.gateway.people();
    let to = guest.wanted();
    let Some(form) = &guest.form else {
        if guest.site.known(&guest.head).await?.is_some() {
            return Ok(responses::see_other(&to));
        }
        if P::SIDE == Side::Console && !people.has_operators().await? {
            return Ok(guest.show(StatusCode::OK, &first_run()));
        }
        return Ok(guest.show(StatusCode::OK, &sign_in_page(&guest, Faults::new())));
    };
    let (name, password) = (form.text("name"), form.raw("password").to_owned());
    let outcome = people.sign_in(P::SIDE, name, password, guest.head.visitor()).await?;
    let outcome = match outcome {
        SignInOutcome::Wrong => Err("The name or the password is wrong.".to_owned()),
        other => guest.go_on(other, &to),
    };
    Ok(outcome.unwrap_or_else(|sentence| guest.ask_again(&sign_in_page(&guest, fault(sentence)))))
}

fn sign_in_page<P: Visitor>(guest: &Guest<P>, faults: Faults) -> Page {
    let form = guest.form_view(SIGN_IN, faults);
    let has_lost_a_form = guest.form.is_none() && guest.head.query.get("lost").is_some();
    Page::new("Sign in").intro(html! {
        @if has_lost_a_form {
            p class="warning" {
                "You were not signed in any more, so nothing was changed. Sign in, and do it again."
            }
        }
        (form.show(html! {
            (form.hidden("to", &guest.wanted()))
            (form.text("name", "Name").autocomplete("username").required())
            (form.password("password", "Password", "current-password").required())
            (form.button("Sign in"))
        }))
        p class="hint" { (lost_password(P::SIDE)) }
    })
}

fn lost_password(side: Side) -> &'static str {
    match side {
        Side::Console => {
            "A lost password is replaced by a new link, from an owner or by the shell."
        }
        Side::Portal => "If you have lost your password, ask whom you have your account from.",
    }
}

/// With no operator there is nothing to sign in as, and no visitor may become one.
fn first_run() -> Page {
    Page::new("No operator yet").intro(html! {
        p { "Whoever may use the shell of this machine makes the first one:" }
        (code_block("simbridge operator add NAME"))
        p { "It prints a link that works once, for 24 hours. Open it in this browser." }
    })
}

async fn enter_code<P: Visitor>(guest: Guest<P>) -> Result<Response, Fault> {
    let to = guest.wanted();
    let Some(pending) = guest.site.cookies.token(Purpose::Code, &guest.head.headers) else {
        return Ok(responses::see_other(SIGN_IN));
    };
    let Some(form) = &guest.form else {
        return Ok(guest.show(StatusCode::OK, &code_page(&guest, Faults::new())));
    };
    let (people, code) = (guest.site.gateway.people(), form.text("code"));
    let visitor = guest.head.visitor();
    let outcome = people.confirm_code(P::SIDE, &pending.reveal(), code, visitor).await?;
    let outcome = match outcome {
        SignInOutcome::Wrong => Err("This code is wrong, or was used before.".to_owned()),
        SignInOutcome::Expired => return Ok(responses::see_other(SIGN_IN)),
        other => guest.go_on(other, &to),
    };
    Ok(outcome.unwrap_or_else(|sentence| guest.ask_again(&code_page(&guest, fault(sentence)))))
}

fn code_page<P: Visitor>(guest: &Guest<P>, faults: Faults) -> Page {
    let form = guest.form_view(CODE, faults);
    let hint = "From your app, or one of your recovery codes.";
    let code = form.text("code", "Code").hint(hint).autocomplete("one-time-code");
    Page::new("Second factor").intro(html! {
        (form.show(html! {
            (form.hidden("to", &guest.wanted()))
            (code.required())
            (form.button("Sign in"))
        }))
        p { a href=(SIGN_IN) { "Sign in as somebody else" } }
    })
}

/// The link's token stands behind the `#` of its address, so that it gets into no log; the script
/// puts it into the form, and without script it is pasted.
async fn use_link<P: Visitor>(guest: Guest<P>) -> Result<Response, Fault> {
    let people = guest.site.gateway.people();
    let Some(form) = &guest.form else {
        return Ok(guest.show(StatusCode::OK, &link_page(&guest, Faults::new())));
    };
    let token = form.text("token");
    let token = token.rsplit('#').next().unwrap_or_default();
    let found = people.look_at_link(P::SIDE, token).await?;
    let Some(link) = found else {
        let sentence = "This link was used before or is too old. Ask for a new one.";
        let page = link_page(&guest, fault(sentence));
        return Ok(guest.show(StatusCode::UNPROCESSABLE_ENTITY, &page));
    };
    if !form.is_set("password") {
        return Ok(guest.show(StatusCode::OK, &password_page(&guest, &link, Faults::new())));
    }
    let (password, visitor) = (form.raw("password").to_owned(), guest.head.visitor());
    let outcome = people.accept_link(P::SIDE, token, password, visitor).await?;
    let sentence = match guest.go_on(outcome, "/") {
        Ok(response) => return Ok(response),
        Err(sentence) => sentence,
    };
    let mut faults = Faults::new();
    faults.add("password", sentence);
    let page = password_page(&guest, &link, faults);
    Ok(guest.show(StatusCode::UNPROCESSABLE_ENTITY, &page))
}

fn link_page<P: Visitor>(guest: &Guest<P>, faults: Faults) -> Page {
    let form = guest.form_view(LINK, faults);
    let field = form.text("token", "Your link").hint("The whole link that you were given.");
    Page::new("Your link").intro(html! {
        div data-link-form {
            (form.show(html! { (field.required()) (form.button("Go on")) }))
        }
    })
}

fn password_page<P: Visitor>(guest: &Guest<P>, link: &LinkView, faults: Faults) -> Page {
    let form = guest.form_view(LINK, faults);
    let least = match P::SIDE {
        Side::Console => "At least 12 characters.",
        Side::Portal => "At least 10 characters.",
    };
    let token = guest.form.as_ref().map(|form| form.text("token")).unwrap_or_default();
    Page::new("Choose a password").intro(html! {
        (whose(link))
        (form.show(html! {
            (form.hidden("token", token))
            input type="hidden" name="name" value=(link.name) autocomplete="username";
            (form.password("password", "New password", "new-password").hint(least).required())
            (form.button("Set password"))
        }))
        p class="hint" { "The link works once, until " (moment(link.expires_at)) "." }
    })
}

fn whose(link: &LinkView) -> Markup {
    html! {
        p {
            "You sign in as " strong { (link.name) }
            @if let Some(account) = &link.account_name { ", for the account " strong { (account) } }
            "."
        }
    }
}

async fn sign_out<P: Visitor>(guest: Guest<P>) -> Result<Response, Fault> {
    if guest.form.is_none() {
        return Ok(responses::see_other("/"));
    }
    let people = guest.site.gateway.people();
    let token = guest.site.cookies.token(Purpose::Session, &guest.head.headers);
    if let Some(token) = token
        && let Some(session) = session_of::<P>(&guest, &token).await?
    {
        people.sign_out(&session).await?;
    }
    let mut response = responses::see_other(SIGN_IN);
    let cookie = guest.site.cookies.forget(Purpose::Session);
    response.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    Ok(response)
}

async fn session_of<P: Visitor>(
    guest: &Guest<P>,
    token: &SecretToken,
) -> Result<Option<crate::gateway::SignedIn>, Fault> {
    Ok(guest.site.gateway.people().session(P::SIDE, token.digest()).await?)
}
