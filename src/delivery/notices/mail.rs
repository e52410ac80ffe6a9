//! Notices by mail.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::channel::{Mail, MailSecurity};
use super::message::Message;

/// How long a mail server may take for one command.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Whether a text can be the sender or a receiver of mail, like `ops@example.org` or
/// `Ops <ops@example.org>`.
pub fn is_address(text: &str) -> bool {
    text.parse::<Mailbox>().is_ok()
}

/// Sends a mail to its receiver.
///
/// # Errors
/// What the server says, or why it cannot be reached.
pub(super) async fn send(
    mail: &Mail,
    password: Option<String>,
    message: &Message,
) -> Result<(), String> {
    let address = |text: &str| -> Result<Mailbox, String> {
        text.parse().map_err(|error| format!("{text} is no address of mail: {error}"))
    };
    let letter = lettre::Message::builder()
        .from(address(&mail.from)?)
        .to(address(&mail.to)?)
        .subject(&message.subject)
        .header(ContentType::TEXT_PLAIN)
        .body(message.text.clone())
        .map_err(|error| error.to_string())?;
    let tls = || TlsParameters::new(mail.host.clone()).map_err(|error| error.to_string());
    let security = match mail.security {
        MailSecurity::Plain => Tls::None,
        MailSecurity::StartTls => Tls::Required(tls()?),
        MailSecurity::Tls => Tls::Wrapper(tls()?),
    };
    let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.host)
        .port(mail.port)
        .tls(security)
        .timeout(Some(TIMEOUT));
    if let Some(user) = &mail.user {
        server = server.credentials(Credentials::new(user.clone(), password.unwrap_or_default()));
    }
    server.build().send(letter).await.map(drop).map_err(|error| said_by(&error))
}

/// The error with its causes, of which the outermost alone says little.
fn said_by(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).fold(
        String::new(),
        |said, cause| match said.is_empty() {
            true => cause,
            // Many errors repeat their causes.
            false if said.contains(&cause) => said,
            false => format!("{said}: {cause}"),
        },
    )
}
