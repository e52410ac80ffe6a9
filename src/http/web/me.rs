//! What everybody changes of the own login: how pages look, the password, the sessions.

use maud::{Markup, html};

use super::proof::in_words;
use super::{
    Access, Done, Fault, Faults, Form, Page, Route, Row, SavedValues, Table, Tone, Visit, Visitor,
    ago_or_never, badge, facts, hostile, links, moment, path,
};
use crate::domain::SessionId;
use crate::domain::login::{LoginKind, Preferences, Side, Theme, TimeZone};
use crate::gateway::{self, PasswordRefusal, SessionView};

const ME: &str = "/me";
/// The field that says which page a session was ended on.
const SHOWN_ON: &str = "on";

pub(super) fn routes<P: Visitor>() -> Vec<Route<P>> {
    vec![
        Route::page(ME, Access::SignedIn, show),
        Route::post("/me/preferences", Access::SignedIn, ME, set_preferences),
        Route::post("/me/password", Access::SignedIn, ME, change_password),
        Route::post("/me/sessions/{id}/end", Access::SignedIn, ME, end_session),
    ]
}

async fn show<P: Visitor>(visit: Visit<P>) -> Result<Page, Fault> {
    Ok(Page::new("Your settings")
        .half_part("who", who(&visit))
        .half_part("second-factor", second_factor(&visit))
        .half_part("preferences", preferences(&visit))
        .half_part("password", password(&visit))
        .part("sessions", own_sessions(&visit).await?))
}

fn who<P: Visitor>(visit: &Visit<P>) -> Markup {
    let session = visit.person.session();
    let is = match (session.kind, &session.account) {
        (LoginKind::Operator(role), _) => ("Role", role.as_str().to_owned()),
        (LoginKind::Customer(_), account) => {
            ("Account", account.as_ref().map(|(_, name)| name.clone()).unwrap_or_default())
        }
    };
    html! {
        h2 { "You" }
        (facts(&[("Name", html! { (session.name) }), (is.0, html! { (is.1) })]))
    }
}

fn second_factor<P: Visitor>(visit: &Visit<P>) -> Markup {
    let has = visit.person.session().has_second_factor;
    html! {
        h2 { "Second factor" }
        p {
            @if has { (badge(Tone::Good, "On")) } @else { (badge(Tone::Quiet, "Off")) }
            " " a href="/me/second-factor" { @if has { "Change it" } @else { "Add one" } }
        }
    }
}

/// The preferences of whoever looks, as their form shows them.
fn saved_preferences<P: Visitor>(visit: &Visit<P>) -> SavedValues {
    let now = visit.person.session().preferences;
    SavedValues::new()
        .with("theme", now.theme.as_str())
        .with("zone", now.time_zone.as_str())
        .with_flag("sound", now.sound)
        .with_flag("shortcuts", now.shortcuts)
}

fn preferences<P: Visitor>(visit: &Visit<P>) -> Markup {
    let form = visit.form("/me/preferences").editing(saved_preferences(visit));
    let themes = [("system", "As the system"), ("light", "Light"), ("dark", "Dark")];
    let zones = [("local", "My own zone"), ("utc", "UTC")];
    html! {
        h2 { "Pages" }
        (form.show(html! {
            (form.choice("theme", "Colours", &themes))
            (form.choice("zone", "Times", &zones))
            @if P::SIDE == Side::Portal { (form.checkbox("sound", "A sound when a code has come")) }
            (form.checkbox("shortcuts", "Single keys are commands (? lists them)"))
            (form.button("Save"))
        }))
    }
}

async fn set_preferences<P: Visitor>(visit: Visit<P>, form: Form) -> Result<Done, Fault> {
    form.refuse_if_stale(&saved_preferences(&visit))?;
    let mut faults = Faults::new();
    let unknown = |_| "Choose one of the list.";
    let theme = faults.check("theme", form.text("theme").parse::<Theme>().map_err(unknown));
    let zone = faults.check("zone", form.text("zone").parse::<TimeZone>().map_err(unknown));
    faults.result()?;
    let preferences = Preferences {
        theme: theme.unwrap_or_default(),
        time_zone: zone.unwrap_or_default(),
        sound: form.is_set("sound"),
        shortcuts: form.is_set("shortcuts"),
    };
    visit.gateway().people().set_preferences(visit.person.session(), preferences).await?;
    Ok(Done::at(ME, "Saved."))
}

fn password<P: Visitor>(visit: &Visit<P>) -> Markup {
    let form = visit.form("/me/password");
    html! {
        h2 { "Password" }
        (form.show(html! {
            (form.password("old", "Present password", "current-password").required())
            (form.password("new", "New password", "new-password").required())
            (form.password("again", "The same again", "new-password").required())
            (form.button("Change it"))
            p class="hint" { "All your other sessions end." }
        }))
    }
}

async fn change_password<P: Visitor>(visit: Visit<P>, form: Form) -> Result<Done, Fault> {
    let mut faults = Faults::new();
    if form.raw("new") != form.raw("again") {
        faults.add("again", "This is not the same as above.");
        faults.result()?;
        return Ok(Done::follow(ME));
    }
    let (old, new) = (form.raw("old").to_owned(), form.raw("new").to_owned());
    let (people, session) = (visit.gateway().people(), visit.person.session());
    let from = visit.from.clone();
    match people.change_password(session, old, new, &from).await? {
        Ok(()) => {}
        Err(PasswordRefusal::Old(refusal)) => faults.add("old", in_words(refusal)),
        Err(PasswordRefusal::New(fault)) => {
            faults.add("new", super::fault::sentence(&fault.to_string()));
        }
        Err(PasswordRefusal::Busy) => {
            faults.add("", in_words(gateway::ProofRefusal::Busy));
        }
    }
    faults.result()?;
    Ok(Done::at(ME, "The password is changed, and your other sessions have ended."))
}

/// The sessions of whoever looks, each other one with a button that ends it.
pub async fn own_sessions<P: Visitor>(visit: &Visit<P>) -> Result<Markup, Fault> {
    let sessions = visit.gateway().people().sessions(visit.person.session()).await?;
    let row = |session: &SessionView| {
        let form = visit.form(&path!("/me/sessions/{}/end", session.id));
        let last = ago_or_never(visit.now(), Some(session.last));
        Row::new(
            session.id,
            [
                html! { (hostile(&browser_name(&session.browser))) },
                html! { (session.address.as_deref().unwrap_or("–")) },
                html! { (moment(session.since)) },
                html! {
                    @if session.is_current { "now" } @else { (last) }
                },
                html! {
                    @if session.is_current { (badge(Tone::Good, "this one")) } @else {
                        (form.inline(html! {
                            (form.hidden(SHOWN_ON, visit.path()))
                            (form.quiet_button("End"))
                        }))
                    }
                },
            ],
        )
    };
    let table = Table::new("session", "Your sessions")
        .column("Browser")
        .column("Address")
        .column("Since")
        .column("Last used")
        .column("");
    Ok(html! { h2 { "Your sessions" } (table.rows(sessions.iter().map(row))) })
}

/// The name of a browser and its system, of what it calls itself.
pub fn browser_name(browser: &str) -> String {
    let named =
        [("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |known: &[(&str, &'static str)]| {
        known.iter().find(|(part, _)| browser.contains(part)).map(|(_, name)| *name)
    };
    match (find(&named), find(&systems)) {
        (Some(name), Some(system)) => format!("{name}, {system}"),
        (Some(name), None) => name.to_owned(),
        _ if browser.is_empty() => "unknown".to_owned(),
        _ => browser.to_owned(),
    }
}

async fn end_session<P: Visitor>(visit: Visit<P>, form: Form) -> Result<Done, Fault> {
    let page = Some(form.text(SHOWN_ON)).filter(|page| links::is_own_address(page));
    let page = page.and_then(|page| visit.if_page(page)).unwrap_or(ME);
    let (people, id) = (visit.gateway().people(), SessionId(visit.id("id")?));
    match people.end_session(visit.person.session(), id).await? {
        true => Ok(Done::at(page, "The session has ended.")),
        false => Ok(Done::at(page, "The session had ended before.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_by_their_names() {
        for (text, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/130.0 Safari/537.36",
                "Chrome, Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Firefox, Windows",
            ),
            ("curl/8.5", "curl/8.5"),
            ("", "unknown"),
        ] {
            assert_eq!(browser_name(text), name);
        }
    }
}
