//! The second factor: adding one with an app on a telephone, its recovery codes, taking it away.

use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};

use super::answering::SECOND_FACTOR;
use super::links::is_own_address;
use super::{Access, Done, Fault, Faults, Form, Page, Route, Visit, Visitor, copyable};
use crate::domain::login::RecoveryCodes;
use crate::domain::totp::TotpSecret;

/// The light border of a picture that scanners need (ISO/IEC 18004, section 9.1).
const QUIET_ZONE: i32 = 4;

pub(super) fn routes<P: Visitor>() -> Vec<Route<P>> {
    vec![
        Route::page(SECOND_FACTOR, Access::SignedIn, show),
        Route::post("/me/second-factor/begin", Access::SignedIn, SECOND_FACTOR, begin).with_proof(),
        Route::post("/me/second-factor/confirm", Access::SignedIn, SECOND_FACTOR, confirm),
        Route::post("/me/second-factor/codes", Access::SignedIn, SECOND_FACTOR, new_codes)
            .with_proof(),
        Route::post("/me/second-factor/remove", Access::SignedIn, SECOND_FACTOR, remove)
            .with_proof(),
    ]
}

/// The name in the address and in the forms of the page to go on to.
const TO: &str = "to";

/// The address of the page where a second factor is added, on the way to another one.
pub(super) fn second_factor_on_the_way_to(page: &str) -> String {
    format!("{SECOND_FACTOR}?{TO}={}", super::super::path_segment(page))
}

/// The page that somebody wanted who had to add a second factor first, if it is one of ours.
fn wanted<'w, P: Visitor>(visit: &Visit<P>, asked: &'w str) -> Option<&'w str> {
    Some(asked).filter(|asked| is_own_address(asked)).and_then(|asked| visit.if_page(asked))
}

async fn show<P: Visitor>(visit: Visit<P>) -> Result<Page, Fault> {
    let (people, session) = (visit.gateway().people(), visit.person.session());
    let page = Page::new("Second factor").below("Your settings", "/me");
    if let Some(secret) = people.offered_second_factor(session).await? {
        return Ok(page.part("add", offered(&visit, &secret)));
    }
    let begin = visit.form("/me/second-factor/begin");
    if !session.has_second_factor {
        let why = match session.must_add_second_factor {
            true => "Your role needs a second factor before you can go on.",
            false => "With a second factor a stolen password is not enough to sign in.",
        };
        return Ok(page.part(
            "add",
            html! {
                p { (why) " An app on your telephone shows a code that changes every 30 seconds." }
                (begin.show(html! {
                    (begin.hidden(TO, visit.query(TO).unwrap_or_default()))
                    (begin.button("Add a second factor"))
                }))
            },
        ));
    }
    let left = people.recovery_codes_left(session).await?;
    let (codes, remove) =
        (visit.form("/me/second-factor/codes"), visit.form("/me/second-factor/remove"));
    Ok(page.part(
        "has",
        html! {
            p { "You sign in with your password and a code. Recovery codes left: " (left) "." }
            div class="buttons" {
                (codes.inline(codes.quiet_button("Make new recovery codes")))
                (begin.inline(begin.quiet_button("Move to another telephone")))
                (remove.confirmed(
                    "Remove it …",
                    "Without it, your password alone signs in.",
                    remove.danger_button("Remove the second factor"),
                ))
            }
        },
    ))
}

fn offered<P: Visitor>(visit: &Visit<P>, secret: &TotpSecret) -> Markup {
    let session = visit.person.session();
    let address = secret.address(P::BRAND, session.name.as_str());
    let form = visit.form("/me/second-factor/confirm");
    let code = form.text("code", "The code that it shows now").inputmode("numeric");
    html! {
        ol class="steps" {
            li {
                p { "Scan this picture with your app, or type the key in." }
                (picture(&address))
                p { (copyable(&secret.reveal())) }
            }
            li {
                (form.show(html! {
                    (form.hidden(TO, form.sent_or(TO, visit.query(TO))))
                    (code.autocomplete("one-time-code").required())
                    (form.button("Put it to use"))
                }))
            }
        }
    }
}

/// The QR code of a text, dark on light whatever the theme.
fn picture(text: &str) -> Markup {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return Markup::default() };
    let size = code.size();
    let dark = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
    let dark = dark.filter(|(x, y)| code.get_module(*x, *y));
    let path: String =
        dark.map(|(x, y)| format!("M{} {}h1v1h-1z", x + QUIET_ZONE, y + QUIET_ZONE)).collect();
    let whole = size + 2 * QUIET_ZONE;
    html! {
        svg class="qr" width="220" height="220" viewBox=(format!("0 0 {whole} {whole}"))
            role="img" aria-label="QR code with the key" shape-rendering="crispEdges" {
            rect width=(whole) height=(whole) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

async fn begin<P: Visitor>(visit: Visit<P>, form: Form) -> Result<Done, Fault> {
    visit.gateway().people().begin_second_factor(visit.person.session()).await?;
    let to = wanted(&visit, form.text(TO)).map(second_factor_on_the_way_to);
    Ok(Done::follow(to.unwrap_or_else(|| SECOND_FACTOR.to_owned())))
}

async fn confirm<P: Visitor>(visit: Visit<P>, form: Form) -> Result<Done, Fault> {
    let (people, code) = (visit.gateway().people(), form.text("code").to_owned());
    match people.confirm_second_factor(visit.person.session(), code).await? {
        Some(codes) => {
            Ok(Done::shown(codes_page(&codes, wanted(&visit, form.text(TO)).unwrap_or("/me"))))
        }
        None => {
            let mut faults = Faults::new();
            let sentence = "This is not the code. Is the clock of your telephone right?";
            faults.add("code", sentence);
            faults.result()?;
            Ok(Done::follow(SECOND_FACTOR))
        }
    }
}

async fn new_codes<P: Visitor>(visit: Visit<P>, _form: Form) -> Result<Done, Fault> {
    let codes = visit.gateway().people().replace_recovery_codes(visit.person.session()).await?;
    let none = || Fault::Refused("You have no second factor.".to_owned());
    Ok(Done::shown(codes_page(&codes.ok_or_else(none)?, "/me")))
}

async fn remove<P: Visitor>(visit: Visit<P>, _form: Form) -> Result<Done, Fault> {
    visit.gateway().people().remove_second_factor(visit.person.session()).await?;
    Ok(Done::at(SECOND_FACTOR, "The second factor is removed."))
}

/// The one page that has the recovery codes, and the way on.
fn codes_page(RecoveryCodes(codes): &RecoveryCodes, to: &str) -> Page {
    let all: Vec<String> = codes.iter().map(|code| code.reveal()).collect();
    Page::new("Recovery codes").below("Your settings", "/me").intro(html! {
        p {
            "Each of these signs you in once in place of a code, when you have lost your \
             telephone. Keep them where your password is not. They are shown only now."
        }
        ul class="codes" { @for code in &all { li { code { (code) } } } }
        div class="buttons" {
            (super::copy_button("Copy all", &all.join("\n")))
            a class="button" href=(to) { "I have kept them" }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_an_image_without_style() {
        let text = picture("otpauth://totp/simbridge:ann?secret=ABC").into_string();
        assert!(text.starts_with("<svg class=\"qr\"") && text.contains("M4 4h1v1h-1z"), "{text}");
        assert!(!text.contains("style="));
    }
}
