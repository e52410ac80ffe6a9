//! The alarms: what stands and what to do about it, and what has ended.

use maud::{Markup, html};

use super::Operator;
use super::alarm_view::{head, text, with_code};
use crate::domain::RowLimit;
use crate::domain::alarm::{Acknowledgement, StandingAlarm};
use crate::domain::alarm_guide::what_to_do;
use crate::domain::login::Permission::{Act, Look};
use crate::gateway::{LoggedAlarm, Topic};
use crate::http::web::{
    Access, Done, Empty, Fault, Form, Page, Route, Row, Table, Tone, Visit, ago, badge, hostile,
    moment, sentence, span,
};

/// How many alarms of the history are shown.
const HISTORY: u32 = 100;

pub(super) fn routes() -> Vec<Route<Operator>> {
    vec![
        Route::page("/alarms", Access::May(Look), show).live_on(&[Topic::Alarms]),
        Route::post("/alarms/acknowledge", Access::May(Act), "/alarms", acknowledge),
    ]
}

async fn show(visit: Visit<Operator>) -> Result<Page, Fault> {
    let alarms = visit.gateway().alarms();
    let (standing, ended) = (alarms.standing(), alarms.ended(RowLimit::from(HISTORY)).await?);
    Ok(Page::new("Alarms")
        .part("standing", standing_alarms(&visit, &standing).await?)
        .part("ended", history(&visit, &ended))
        .help(html! {
            "An alarm is also told over the channels that stand in the configuration's "
            code { "[[notify]]" } " sections."
        }))
}

async fn standing_alarms(
    visit: &Visit<Operator>,
    standing: &[StandingAlarm],
) -> Result<Markup, Fault> {
    let mut items = Vec::with_capacity(standing.len());
    for alarm in standing {
        items.push(standing_alarm(visit, alarm).await?);
    }
    Ok(html! {
        h2 { "What stands" }
        @if standing.is_empty() {
            (Empty::new("No alarm stands."))
        } @else {
            ul class="alarm-list" { @for item in &items { (item) } }
            @if visit.may(Act) { (acknowledgement(visit, standing)) }
        }
    })
}

async fn standing_alarm(
    visit: &Visit<Operator>,
    standing: &StandingAlarm,
) -> Result<Markup, Fault> {
    Ok(html! {
        li {
            (head(visit, standing, None).await?)
            (acknowledged(visit, standing))
            details { summary { "What to do" } p {
                (with_code(&sentence(what_to_do(standing.alarm.name)), |words| {
                    html! { (without_links(words)) }
                }))
            } }
        }
    })
}

/// That an alarm is acknowledged, if it is, with what was said of it.
pub(super) fn acknowledged(visit: &Visit<Operator>, standing: &StandingAlarm) -> Markup {
    html! {
        @if let Some(known) = &standing.acknowledged {
            p { (badge(Tone::Quiet, "acknowledged")) " " (note(visit, known)) }
        }
    }
}

/// What somebody has said of an alarm, who that was, and when.
fn note(visit: &Visit<Operator>, known: &Acknowledgement) -> Markup {
    html! {
        (hostile(&known.note))
        small {
            @if let Some(by) = &known.by { " by " (by) }
            ", " (ago(visit.now(), known.at)) " ago"
        }
    }
}

/// The form by which an alarm is acknowledged, or its note is changed.
fn acknowledgement(visit: &Visit<Operator>, standing: &[StandingAlarm]) -> Markup {
    let form = visit.form("/alarms/acknowledge");
    let keys: Vec<String> = standing.iter().map(key).collect();
    let options: Vec<(&str, &str)> =
        keys.iter().map(|key| (key.trim_end(), key.trim_end())).collect();
    html! {
        h2 { "Acknowledge an alarm" }
        (form.show(html! {
            (form.choice("alarm", "Alarm", &options))
            (form.text("note", "What is being done")
                .hint("Everybody sees it. The alarm is told again only when it has ended.")
                .required())
            (form.button("Acknowledge"))
        }))
    }
}

/// What tells an alarm that stands: its name, and what it is about.
fn key(standing: &StandingAlarm) -> String {
    format!("{} {}", standing.alarm.name, standing.alarm.subject)
}

async fn acknowledge(visit: Visit<Operator>, form: Form) -> Result<Done, Fault> {
    let alarm = form.text("alarm");
    let (name, subject) = alarm.split_once(' ').unwrap_or((alarm, ""));
    visit.gateway().alarms().acknowledge(name, Some(subject), form.text("note")).await?;
    Ok(Done::at("/alarms", "The alarm is acknowledged. It is told again only when it has ended."))
}

fn history(visit: &Visit<Operator>, ended: &[LoggedAlarm]) -> Markup {
    let mut table = Table::new("history", "Alarms that have ended, the last one first")
        .column("Alarm")
        .column("About")
        .column("Raised")
        .column("For")
        .column("What it was")
        .column("What was done")
        .newest_first();
    for LoggedAlarm { standing, ended_at } in ended {
        let StandingAlarm { alarm, raised_at, acknowledged } = standing;
        let lasted = ended_at.map(|ended_at| ended_at.since(*raised_at));
        let key = format!("{}-{}-{}", alarm.name, alarm.subject, raised_at.0);
        table = table.row(Row::new(
            key,
            [
                html! { (alarm.name.as_str()) },
                html! { (hostile(&alarm.subject)) },
                html! { (moment(*raised_at)) },
                html! { @if let Some(lasted) = lasted { (span(lasted)) } },
                text(visit, alarm),
                html! { @if let Some(known) = acknowledged { (note(visit, known)) } },
            ],
        ));
    }
    let table = table.empty(Empty::new("None has ended in the last 90 days."));
    html! { h2 { "The last 90 days" } (table) }
}

/// `[words](page)` as its words.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        let Some((words, after)) = link.split_once("](") else { break };
        let Some((_, after)) = after.split_once(')') else { break };
        plain.push_str(before);
        plain.push_str(words);
        rest = after;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alarm::AlarmName;

    #[test]
    fn what_the_guide_says_is_shown_without_its_marks() {
        let text = "see `order show 1`; [webhooks](webhooks.md) and [this](x.md#y) help";
        let shown = with_code(text, |words| html! { (without_links(words)) }).0;
        assert_eq!(shown, "see <code>order show 1</code>; webhooks and this help");
        for name in AlarmName::ALL {
            let shown = with_code(what_to_do(name), |words| html! { (without_links(words)) }).0;
            assert!(!shown.contains('`') && !shown.contains("]("), "{shown}");
        }
    }
}
