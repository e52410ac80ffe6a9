//! Tells operators of alarms: by mail, Telegram, ntfy, Alertmanager or a program of theirs. Each
//! receiver of a channel has a task of its own, so that none waits for another.

mod channel;
mod mail;
mod message;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

pub use channel::{Channel, Mail, MailSecurity, Service};
pub use mail::is_address;

use super::client::{Client, Post};
use crate::domain::Timestamp;
use crate::domain::notice::Notice;
use crate::gateway::{BoxFuture, ChannelReport, Gateway, Notifier, SystemResolver};
use channel::{Content, ServiceRequest};
use message::Message;

/// How long to wait after a first failure, and at most, before notices are sent again.
const FIRST_RETRY: Duration = Duration::from_secs(30);
const LONGEST_RETRY: Duration = Duration::from_secs(600);
/// The longest file with a secret that is read.
const MOST_SECRET_BYTES: u64 = 4096;

/// The channels for notices.
pub struct Notices {
    channels: Vec<Channel>,
    /// The name of this machine, by which operators know which of theirs it is.
    site: String,
    gateway: Gateway,
    /// What became of the notices to each receiver of each channel.
    results: Mutex<BTreeMap<String, Vec<ChannelReport>>>,
    client: Client,
}

impl Notices {
    /// Makes the channels; [`Notices::run`] lets them tell.
    pub fn new(channels: Vec<Channel>, site: String, gateway: Gateway) -> Arc<Notices> {
        let report = |channel: &Channel| {
            let (name, kind) = (channel.name.clone(), channel.kind());
            let of_receiver = ChannelReport { name, kind, ..ChannelReport::default() };
            (channel.name.clone(), vec![of_receiver; channel.services.len()])
        };
        let results = Mutex::new(channels.iter().map(report).collect());
        let client = Client::new(Arc::new(SystemResolver::for_sending()));
        Arc::new(Notices { channels, site, gateway, results, client })
    }

    /// Tells the alarms over all channels until the daemon stops.
    pub fn run(self: &Arc<Self>, stopping: &CancellationToken) {
        for channel in &self.channels {
            for place in 0..channel.services.len() {
                let (notices, channel) = (Arc::clone(self), channel.clone());
                let stopping = stopping.clone();
                tokio::spawn(async move {
                    stopping.run_until_cancelled(notices.tell_receiver(&channel, place)).await;
                });
            }
        }
    }

    /// Tells the alarms to the receiver of a channel at a place. Never returns.
    async fn tell_receiver(&self, channel: &Channel, place: usize) {
        let told_as = channel.told_as(place);
        let mut changes = self.gateway.alarms().subscribe();
        let mut failures = 0_u32;
        loop {
            changes.mark_unchanged();
            let now = self.gateway.now();
            let (due, next) = self.gateway.alarms().due_notices(&told_as, channel.times, now);
            if due.is_empty() {
                let pause = next.map_or(Duration::MAX, |next| next.since(now));
                // The sender lives as long as the gateway.
                let _ = tokio::time::timeout(pause, changes.changed()).await;
                continue;
            }
            match self.send(channel, place, Content::Notices(&due)).await {
                Ok(()) => {
                    failures = 0;
                    self.note_told(&told_as, &due).await;
                }
                Err(error) => {
                    tracing::warn!(
                        event = "notice_failed",
                        channel = channel.name,
                        error,
                        "a notice could not be sent; it is tried again"
                    );
                    tokio::time::sleep(retry_after(failures)).await;
                    failures = failures.saturating_add(1);
                }
            }
        }
    }

    async fn post(&self, request: ServiceRequest, at: Timestamp) -> Result<(), String> {
        let ServiceRequest { url, headers, body } = request;
        let attempt = self.client.post(Post { url: &url, rules: None, headers, body, at }).await;
        match (attempt.status, attempt.error) {
            (Some(200..=299), _) => Ok(()),
            // What a service answers may repeat the request, with its secret.
            (Some(status), _) => Err(format!("{} answered {status}", url.origin())),
            (None, error) => Err(format!("{}: {}", url.origin(), error.unwrap_or_default())),
        }
    }

    async fn note_told(&self, told_as: &str, told: &[Notice]) {
        if let Err(error) = self.gateway.alarms().note_told(told_as, told).await {
            tracing::warn!(
                event = "alarms_unsaved",
                %error,
                "that alarms were told cannot be saved; after a restart they are told again"
            );
        }
    }

    /// Sends to the receiver of a channel at a place, and notes how that ended.
    async fn send(
        &self,
        channel: &Channel,
        place: usize,
        content: Content<'_>,
    ) -> Result<(), String> {
        let now = self.gateway.now();
        let Some(service) = channel.services.get(place) else { return Ok(()) };
        let sent = self.send_now(channel, service, content, now).await;
        let mut results = self.results.lock();
        if let Some(report) = results.get_mut(&channel.name).and_then(|all| all.get_mut(place)) {
            match &sent {
                Ok(()) => (report.sent, report.sent_at) = (report.sent + 1, Some(now)),
                Err(_) => report.failed += 1,
            }
            report.error = sent.as_ref().err().cloned();
        }
        sent
    }

    async fn send_now(
        &self,
        channel: &Channel,
        service: &Service,
        content: Content<'_>,
        now: Timestamp,
    ) -> Result<(), String> {
        let secret = match &channel.secret_file {
            Some(file) => Some(read_secret(file).await?),
            None => None,
        };
        let message = match content {
            Content::Notices(notices) => Message::new(&self.site, notices),
            Content::Test => Message::test(&self.site),
        };
        let token = secret.as_deref();
        let request = match service {
            Service::Smtp(mail) => return mail::send(mail, secret, &message).await,
            Service::Telegram { url, chat } => {
                channel::telegram(url, chat, token.unwrap_or_default(), &message)
            }
            Service::Ntfy { url, topic } => Some(channel::ntfy(url, topic, token, &message)),
            Service::Alertmanager { url } => {
                let times = (channel.times, now);
                channel::alertmanager(url, token, &self.site, content, times)
            }
            Service::Webhook { url } => {
                Some(channel::webhook(url, token, &self.site, content, now))
            }
        };
        match request {
            Some(request) => self.post(request, now).await,
            None => Err("its address cannot be written in a request".to_owned()),
        }
    }
}

/// What became of the notices over a channel, from what became of those to each of its receivers.
fn of_all(receivers: &[ChannelReport]) -> ChannelReport {
    let first = receivers.first().cloned().unwrap_or_default();
    ChannelReport {
        sent: receivers.iter().map(|it| it.sent).sum(),
        failed: receivers.iter().map(|it| it.failed).sum(),
        sent_at: receivers.iter().filter_map(|it| it.sent_at).max(),
        error: receivers.iter().find_map(|it| it.error.clone()),
        ..first
    }
}

/// How long to wait after so many failures before the one that has just been.
fn retry_after(failures: u32) -> Duration {
    FIRST_RETRY.saturating_mul(1 << failures.min(10)).min(LONGEST_RETRY)
}

/// Reads a secret, of which the line's end is no part. It is read whenever it is needed, so that it
/// can be changed without a restart.
async fn read_secret(file: &std::path::Path) -> Result<String, String> {
    use tokio::io::AsyncReadExt;
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let opened = tokio::fs::File::open(file).await.map_err(failed)?;
    let mut text = String::new();
    opened.take(MOST_SECRET_BYTES).read_to_string(&mut text).await.map_err(failed)?;
    let secret = text.trim_end();
    match secret.is_empty() || secret.contains(char::is_control) {
        true => Err(format!("{} must hold one line with the secret", file.display())),
        false => Ok(secret.to_owned()),
    }
}

impl Notifier for Notices {
    fn channels(&self) -> Vec<ChannelReport> {
        self.results.lock().values().map(|receivers| of_all(receivers)).collect()
    }

    fn test(&self, name: Option<String>) -> BoxFuture<'_, Vec<(String, Result<(), String>)>> {
        Box::pin(async move {
            let chosen = self
                .channels
                .iter()
                .filter(|channel| name.as_ref().is_none_or(|name| *name == channel.name));
            let mut results = Vec::new();
            for channel in chosen {
                let mut sent = Ok(());
                for place in 0..channel.services.len() {
                    let of_receiver = self.send(channel, place, Content::Test).await;
                    sent = sent.and(of_receiver);
                }
                results.push((channel.name.clone(), sent));
            }
            results
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_failures_it_waits_ever_longer_up_to_ten_minutes() {
        let seconds: Vec<u64> = (0..8).map(|failures| retry_after(failures).as_secs()).collect();
        assert_eq!(seconds, [30, 60, 120, 240, 480, 600, 600, 600]);
        assert_eq!(retry_after(u32::MAX).as_secs(), 600);
    }

    #[tokio::test]
    async fn a_secret_is_one_line_without_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        for (text, secret) in
            [("abc\n", Some("abc")), ("a b", Some("a b")), ("\n", None), ("a\nb", None)]
        {
            std::fs::write(&file, text).unwrap();
            assert_eq!(read_secret(&file).await.ok().as_deref(), secret, "{text:?}");
        }
        let error = read_secret(&folder.path().join("none")).await.unwrap_err();
        assert!(error.contains("none: No such file"), "{error}");
    }
}
