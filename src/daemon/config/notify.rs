//! `[[notify]]`: the channels over which operators are told of alarms.

use std::time::Duration;

use super::document::{Document, SectionReader};
use super::table::notify::{AFTER, FROM, KIND, NAME, REPEAT, SECRET_FILE, SECTION, TO, URL, USER};
use crate::delivery::notices::{Channel, Mail, MailSecurity, Service, is_address};
use crate::domain::notice::NoticeTimes;
use crate::domain::text::check_name;
use crate::domain::webhook::EndpointUrl;
use crate::domain::webhook::url::UrlHost;
use crate::driver::credential;

/// Where Telegram's bots are reached.
const TELEGRAM: &str = "https://api.telegram.org";
/// The port on which mail is submitted (RFC 6409), and the one for TLS from the first byte (RFC
/// 8314).
const SUBMISSION: u16 = 587;
const SUBMISSIONS: u16 = 465;

/// The shortest time after which an alarm may be told again.
const LEAST_REPEAT: Duration = Duration::from_secs(60);

/// Which service takes the notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Smtp,
    Telegram,
    Ntfy,
    Alertmanager,
    Webhook,
}

/// The settings of one section `[[notify]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifySection {
    /// As it is written: its secret's file may be `credential:NAME`.
    pub channel: Channel,
    /// The line that the section begins on.
    pub line: usize,
}

impl NotifySection {
    /// The channel, with the file that its secret is in.
    pub fn usable(&self) -> Channel {
        // A credential that systemd has not passed is told when a notice needs it.
        let file = self.channel.secret_file.as_deref();
        let file = file.map(|file| credential(file).unwrap_or_else(|_| file.to_owned()));
        Channel { secret_file: file, ..self.channel.clone() }
    }

    /// Whether another section has the same content, wherever it is in the file.
    pub fn has_content_of(&self, other: &NotifySection) -> bool {
        *self == NotifySection { line: self.line, ..other.clone() }
    }
}

/// All of them. One that cannot be used is left out.
pub(super) fn channels<'d>(document: &'d Document<'d>) -> Vec<NotifySection> {
    let mut channels: Vec<NotifySection> = Vec::new();
    for (index, section) in document.list(&SECTION).into_iter().enumerate() {
        let Some(channel) = channel(&section, index) else { continue };
        if channels.iter().any(|other| other.channel.name == channel.channel.name) {
            section.fault_here(format!(
                "there is already a channel \"{}\": give each a name of its own",
                channel.channel.name
            ));
        }
        channels.push(channel);
    }
    channels
}

/// The keys of a section that are read into a channel's service.
struct Target {
    url: Option<String>,
    to: Vec<String>,
    from: Option<String>,
    user: Option<String>,
}

fn channel(section: &SectionReader<'_>, index: usize) -> Option<NotifySection> {
    let kind = section.find(&KIND);
    let name = section.find(&NAME).unwrap_or_else(|| format!("notify{}", index + 1));
    if let Err(error) = check_name(&name) {
        section.fault(NAME.name, format!("a channel's name cannot be this: {error}"));
    }
    let target = Target {
        url: section.find(&URL),
        to: section.find(&TO).unwrap_or_default(),
        from: section.find(&FROM),
        user: section.find(&USER),
    };
    let secret_file = section.find(&SECRET_FILE);
    let times = NoticeTimes { after: section.get(&AFTER), repeat: section.get(&REPEAT) };
    if times.repeat.is_some_and(|repeat| repeat < LEAST_REPEAT) {
        section.fault(REPEAT.name, "`repeat` must be at least \"1m\", or \"never\"");
    }
    let Some(kind) = kind else {
        section.fault_here(
            "a [[notify]] needs kind = \"smtp\", \"telegram\", \"ntfy\", \"alertmanager\" or \
             \"webhook\"",
        );
        return None;
    };
    if kind == Kind::Telegram && secret_file.is_none() {
        section.fault_here("a bot of Telegram needs secret_file = …, a file with its token");
    }
    let services = services(section, kind, target)?;
    let channel = Channel { name, services, times, secret_file };
    Some(NotifySection { channel, line: section.line() })
}

/// The service for each receiver.
fn services(section: &SectionReader<'_>, kind: Kind, target: Target) -> Option<Vec<Service>> {
    if kind != Kind::Smtp {
        for (key, is_set) in
            [(FROM.name, target.from.is_some()), (USER.name, target.user.is_some())]
        {
            if is_set {
                section.fault(key, format!("`{key}` is for kind = \"smtp\" only"));
            }
        }
    }
    let needs_receivers = matches!(kind, Kind::Smtp | Kind::Telegram | Kind::Ntfy);
    if needs_receivers == target.to.is_empty() {
        let text = match kind {
            Kind::Smtp => "mail needs to = [\"ops@example.org\"]: who gets it",
            Kind::Telegram => "a bot of Telegram needs to = [\"123456\"]: the ids of its chats",
            Kind::Ntfy => "ntfy needs to = [\"topic\"]: under what it publishes",
            Kind::Alertmanager | Kind::Webhook => "`to` has no meaning for this kind",
        };
        section.fault(TO.name, text);
    }
    let to = target.to;
    Some(match kind {
        Kind::Smtp => {
            let (url, from) = (target.url, target.from);
            let mails = mails(section, url.as_deref(), from, target.user, to)?;
            mails.into_iter().map(Service::Smtp).collect()
        }
        Kind::Telegram => {
            let url = http_url(section, target.url.as_deref().or(Some(TELEGRAM)))?;
            let service = |chat| Service::Telegram { url: url.clone(), chat };
            to.into_iter().map(service).collect()
        }
        Kind::Ntfy => {
            let url = http_url(section, target.url.as_deref())?;
            let service = |topic| Service::Ntfy { url: url.clone(), topic };
            to.into_iter().map(service).collect()
        }
        Kind::Alertmanager => {
            vec![Service::Alertmanager { url: http_url(section, target.url.as_deref())? }]
        }
        Kind::Webhook => vec![Service::Webhook { url: http_url(section, target.url.as_deref())? }],
    })
}

fn http_url(section: &SectionReader<'_>, url: Option<&str>) -> Option<EndpointUrl> {
    let Some(url) = url else {
        section.fault_here("this kind of [[notify]] needs url = \"https://…\"");
        return None;
    };
    url.parse().map_err(|error| section.fault(URL.name, format!("`url`: {error}"))).ok()
}

/// Reads `smtps://HOST[:PORT]`, or `smtp://HOST[:PORT]`, which has to be secured by STARTTLS unless
/// the server is on this machine. There is a mail for each receiver.
fn mails(
    section: &SectionReader<'_>,
    url: Option<&str>,
    from: Option<String>,
    user: Option<String>,
    to: Vec<String>,
) -> Option<Vec<Mail>> {
    const RIGHT: &str = "`url` must be like \"smtps://mail.example.org\" or \
                         \"smtp://mail.example.org:587\"";
    let refuse = || section.fault(URL.name, RIGHT);
    let (scheme, rest) = url.and_then(|url| url.split_once("://")).or_else(|| {
        refuse();
        None
    })?;
    let rest = rest.trim_end_matches('/');
    let as_http: Option<EndpointUrl> = format!("http://{rest}").parse().ok();
    let server = as_http.filter(|url| url.target == "/").or_else(|| {
        refuse();
        None
    })?;
    let host = match server.host {
        UrlHost::Name(name) => name,
        UrlHost::Address(address) => address.to_string(),
    };
    let is_local = matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1");
    let (security, port) = match scheme {
        "smtps" => (MailSecurity::Tls, SUBMISSIONS),
        "smtp" if is_local => (MailSecurity::Plain, 25),
        "smtp" => (MailSecurity::StartTls, SUBMISSION),
        _ => {
            refuse();
            return None;
        }
    };
    let port = if rest.ends_with(&format!(":{}", server.port)) { server.port } else { port };
    let Some(from) = from else {
        section.fault_here("mail needs from = \"simbridge@example.org\"");
        return None;
    };
    for (key, address) in [(FROM.name, &from)].into_iter().chain(to.iter().map(|it| (TO.name, it)))
    {
        if !is_address(address) {
            section.fault(key, format!("\"{address}\" is no address like \"ops@example.org\""));
        }
    }
    let mail = |to| {
        let (host, user, from) = (host.clone(), user.clone(), from.clone());
        Mail { host, port, security, user, from, to }
    };
    Some(to.into_iter().map(mail).collect())
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn one(text: &str) -> Channel {
        let config = Config::parse(&format!("[[notify]]\n{text}"));
        config.unwrap_or_else(|faults| panic!("{text}: {faults:?}")).notify.remove(0).channel
    }

    #[test]
    fn mail_is_secured_unless_its_server_is_on_this_machine() {
        let mail = |url: &str| {
            let text =
                format!("kind = \"smtp\"\nurl = \"{url}\"\nfrom = \"a@b.org\"\nto = [\"c@d.org\"]");
            let Service::Smtp(mail) = one(&text).services.remove(0) else { panic!("no mail") };
            (mail.host, mail.port, mail.security)
        };
        for (url, host, port, security) in [
            ("smtps://mail.b.org", "mail.b.org", 465, MailSecurity::Tls),
            ("smtps://mail.b.org:80/", "mail.b.org", 80, MailSecurity::Tls),
            ("smtp://mail.b.org", "mail.b.org", 587, MailSecurity::StartTls),
            ("smtp://mail.b.org:25", "mail.b.org", 25, MailSecurity::StartTls),
            ("smtp://localhost", "localhost", 25, MailSecurity::Plain),
            ("smtp://[::1]:2525", "::1", 2525, MailSecurity::Plain),
        ] {
            assert_eq!(mail(url), (host.to_owned(), port, security), "{url}");
        }
    }

    #[test]
    fn each_kind_has_its_keys_and_defaults() {
        let telegram = one("kind = \"telegram\"\nto = [\"-100\", \"7\"]\nsecret_file = \"/t\"");
        let service = |chat: &str| {
            let url = TELEGRAM.parse().unwrap();
            Service::Telegram { url, chat: chat.to_owned() }
        };
        assert_eq!(telegram.services, [service("-100"), service("7")]);
        assert_eq!(telegram.name, "notify1");
        let times = telegram.times;
        assert_eq!(
            (times.after, times.repeat),
            (Duration::from_secs(60), Some(Duration::from_secs(4 * 3600)))
        );
        let alertmanager = one(
            "kind = \"alertmanager\"\nurl = \"http://localhost:9093\"\nafter = \"0s\"\nrepeat = \
             \"never\"\nname = \"am\"",
        );
        assert_eq!((alertmanager.name.as_str(), alertmanager.times.repeat), ("am", None));
    }

    #[test]
    fn what_is_missing_or_has_no_meaning_is_said() {
        for (text, words) in [
            ("", "needs kind"),
            ("kind = \"sms\"", "one of \"smtp\", \"telegram\""),
            ("kind = \"ntfy\"\nto = [\"x\"]", "needs url"),
            ("kind = \"ntfy\"\nurl = \"https://ntfy.sh\"", "needs to"),
            ("kind = \"telegram\"\nto = [\"1\"]", "needs secret_file"),
            ("kind = \"webhook\"\nurl = \"https://a.b\"\nto = [\"x\"]", "`to` has no meaning"),
            ("kind = \"webhook\"\nurl = \"https://a.b\"\nuser = \"x\"", "`user` is for kind"),
            ("kind = \"webhook\"\nurl = \"ftp://a.b\"", "begins with https://"),
            (
                "kind = \"smtp\"\nurl = \"mail.b.org\"\nfrom = \"a@b.c\"\nto = [\"a@b.c\"]",
                "smtps://",
            ),
            (
                "kind = \"smtp\"\nurl = \"smtps://b.org/x\"\nfrom = \"a@b.c\"\nto = [\"a@b.c\"]",
                "must be",
            ),
            ("kind = \"smtp\"\nurl = \"smtps://b.org\"\nto = [\"a@b.c\"]", "needs from"),
            (
                "kind = \"smtp\"\nurl = \"smtps://b.org\"\nfrom = \"a@b.c\"\nto = [\"a b\"]",
                "\"a b\" is no",
            ),
            ("kind = \"webhook\"\nurl = \"https://a.b\"\nrepeat = \"0s\"", "`repeat` must be"),
            ("kind = \"webhook\"\nurl = \"https://a.b\"\ntoken = \"x\"", "unknown key `token`"),
        ] {
            let faults = Config::parse(&format!("[[notify]]\n{text}")).unwrap_err();
            assert!(faults.iter().any(|fault| fault.text.contains(words)), "{text}: {faults:?}");
        }
        let channel = "[[notify]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"https://a.b\"\n";
        let twice = Config::parse(&format!("{channel}{channel}")).unwrap_err();
        assert!(twice.iter().any(|fault| fault.text.contains("already a channel")), "{twice:?}");
    }
}
