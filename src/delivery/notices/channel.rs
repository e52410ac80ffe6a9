//! Where notices go: the settings of a channel, and what its service is sent.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::message::Message;
use crate::domain::Timestamp;
use crate::domain::notice::{Notice, NoticeKind, NoticeTimes};
use crate::domain::webhook::EndpointUrl;

/// How long Alertmanager takes an alarm to stand without hearing of it again, beside the time in
/// which it is told again: so alarms end there, too, when this daemon stops.
const ALERT_MARGIN: Duration = Duration::from_secs(240);

/// A channel for notices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// What it is called in commands and in the database.
    pub name: String,
    /// What takes its notices: of several receivers one each, so that who has got a notice does not
    /// get it again when another has not. There is at least one, and all are of one kind.
    pub services: Vec<Service>,
    pub times: NoticeTimes,
    /// The file with the password or the token.
    pub secret_file: Option<PathBuf>,
}

/// The service that takes notices, for one receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// A mail server, which takes notices by SMTP.
    Smtp(Mail),
    /// A bot of Telegram, which writes into a chat.
    Telegram { url: EndpointUrl, chat: String },
    /// A topic of an ntfy server.
    Ntfy { url: EndpointUrl, topic: String },
    /// An Alertmanager of Prometheus, which takes alerts by its HTTP API.
    Alertmanager { url: EndpointUrl },
    /// Any program that takes JSON.
    Webhook { url: EndpointUrl },
}

/// How mail is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The server's name or address.
    pub host: String,
    pub port: u16,
    pub security: MailSecurity,
    /// The name to sign in with; the password is the channel's secret.
    pub user: Option<String>,
    pub from: String,
    pub to: String,
}

/// How the connection to a mail server is kept secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// Not at all: for a server on this machine.
    Plain,
    /// With STARTTLS (RFC 3207), or nothing is sent.
    StartTls,
    /// With TLS from the first byte (RFC 8314).
    Tls,
}

impl Channel {
    /// The word for its services in the configuration.
    pub fn kind(&self) -> &'static str {
        self.services.first().map_or("", Service::kind)
    }

    /// Under which name it is known what the receiver at a place was told. The first has the
    /// channel's own, and no channel's name has a line's end in it.
    pub(super) fn told_as(&self, place: usize) -> String {
        match place {
            0 => self.name.clone(),
            place => format!("{}\n{}", self.name, place + 1),
        }
    }
}

impl Service {
    /// The word in the configuration.
    fn kind(&self) -> &'static str {
        match self {
            Service::Smtp(_) => "smtp",
            Service::Telegram { .. } => "telegram",
            Service::Ntfy { .. } => "ntfy",
            Service::Alertmanager { .. } => "alertmanager",
            Service::Webhook { .. } => "webhook",
        }
    }
}

/// A request that a service is sent. Its address may have a token in it, so it has no `Debug`.
pub(super) struct ServiceRequest {
    pub(super) url: EndpointUrl,
    pub(super) headers: Vec<(&'static str, String)>,
    /// The body, which is JSON.
    pub(super) body: String,
}

/// What is told: alarms, or that the channel works.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content<'n> {
    Notices(&'n [Notice]),
    Test,
}

/// The address of a path on a service's server.
fn at(url: &EndpointUrl, path: &str) -> Option<EndpointUrl> {
    format!("{}{path}", url.as_str().trim_end_matches('/')).parse().ok()
}

/// What a bot of Telegram is told to write into a chat.
/// See <https://core.telegram.org/bots/api#sendmessage>.
pub(super) fn telegram(
    url: &EndpointUrl,
    chat: &str,
    token: &str,
    message: &Message,
) -> Option<ServiceRequest> {
    let body = json!({
        "chat_id": chat,
        "text": format!("{}\n\n{}", message.subject, message.text),
        "disable_notification": !message.is_urgent,
    });
    let url = at(url, &format!("/bot{token}/sendMessage"))?;
    Some(ServiceRequest { url, headers: bearer(None), body: body.to_string() })
}

/// What is published under a topic of an ntfy server, as JSON, whose texts may be in any script.
/// See <https://docs.ntfy.sh/publish/#publish-as-json>.
pub(super) fn ntfy(
    url: &EndpointUrl,
    topic: &str,
    token: Option<&str>,
    message: &Message,
) -> ServiceRequest {
    let body = json!({
        "topic": topic,
        "title": message.subject,
        "message": message.text,
        "priority": if message.is_urgent { 4 } else { 2 },
    });
    ServiceRequest { url: url.clone(), headers: bearer(token), body: body.to_string() }
}

/// Alarms for Alertmanager, by the fields of its second API.
/// See <https://prometheus.io/docs/alerting/latest/alerts_api/>.
pub(super) fn alertmanager(
    url: &EndpointUrl,
    token: Option<&str>,
    site: &str,
    content: Content<'_>,
    (times, now): (NoticeTimes, Timestamp),
) -> Option<ServiceRequest> {
    let stands_until = now.plus(times.repeat.unwrap_or_default()).plus(ALERT_MARGIN);
    let alert = |Notice { kind, alarm }: &Notice| {
        let ends_at = if *kind == NoticeKind::Ended { now } else { stands_until };
        json!({
            "labels": {
                "alertname": alarm.alarm.name.as_str(),
                "subject": alarm.alarm.subject,
                "instance": site,
                "job": "simbridge",
            },
            "annotations": { "summary": alarm.alarm.text_with_command() },
            "startsAt": alarm.raised_at.to_string(),
            "endsAt": ends_at.to_string(),
        })
    };
    let alerts: Vec<Value> = match content {
        Content::Notices(notices) => notices.iter().map(alert).collect(),
        Content::Test => vec![json!({
            "labels": { "alertname": "SimbridgeTest", "instance": site, "job": "simbridge" },
            "annotations": { "summary": Message::test(site).text },
            "startsAt": now.to_string(),
            "endsAt": now.plus(ALERT_MARGIN).to_string(),
        })],
    };
    let url = at(url, "/api/v2/alerts")?;
    Some(ServiceRequest { url, headers: bearer(token), body: Value::Array(alerts).to_string() })
}

/// The notices as JSON for any program, with the members of `simbridge alarm list`.
pub(super) fn webhook(
    url: &EndpointUrl,
    token: Option<&str>,
    site: &str,
    content: Content<'_>,
    now: Timestamp,
) -> ServiceRequest {
    let notice = |Notice { kind, alarm }: &Notice| {
        json!({
            "kind": kind.as_str(),
            "alarm": alarm.alarm.name.as_str(),
            "subject": alarm.alarm.subject,
            "text": alarm.alarm.text_with_command(),
            "raised_at": alarm.raised_at.to_string(),
        })
    };
    let (kind, notices) = match content {
        Content::Notices(notices) => ("alarms", notices.iter().map(notice).collect()),
        Content::Test => ("test", Vec::new()),
    };
    let data = json!({ "site": site, "alarms": Value::Array(notices) });
    let body = json!({ "type": kind, "timestamp": now.to_string(), "data": data });
    ServiceRequest { url: url.clone(), headers: bearer(token), body: body.to_string() }
}

/// The header by which a service knows who sends (RFC 6750, section 2.1).
fn bearer(token: Option<&str>) -> Vec<(&'static str, String)> {
    token.map(|token| ("authorization", format!("Bearer {token}"))).into_iter().collect()
}
