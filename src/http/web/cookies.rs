//! The cookies: one for the session of each side, and one for who has given a password and not yet
//! the code of a second factor.

use std::time::Duration;

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use super::PublicOrigin;
use crate::domain::login::{Lifetime, SecretToken, Side};

/// For how long a password is remembered until the code comes.
const CODE_WITHIN: Duration = Duration::from_secs(600);

/// What a cookie is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A session.
    Session,
    /// A sign-in that waits for a code.
    Code,
}

/// The cookies of a side. Those of an origin with TLS are sent over TLS only, and by their prefix
/// no other host can set them (RFC 6265bis, section 4.1.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cookies {
    side: Side,
    is_https: bool,
}

impl Cookies {
    pub(super) fn of(side: Side, origin: Option<&PublicOrigin>) -> Cookies {
        Cookies { side, is_https: origin.is_some_and(PublicOrigin::is_https) }
    }

    /// The token that a request has for a purpose.
    pub(super) fn token(self, purpose: Purpose, headers: &HeaderMap) -> Option<SecretToken> {
        let name = self.name(purpose);
        let texts = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        });
        pairs.next().and_then(SecretToken::from_text)
    }

    /// The header that sets a token.
    pub(super) fn set(self, purpose: Purpose, token: &SecretToken) -> Option<HeaderValue> {
        let lasts = match purpose {
            Purpose::Session => Lifetime::of(self.side).age,
            Purpose::Code => CODE_WITHIN,
        };
        self.header(purpose, &token.reveal(), lasts)
    }

    /// The header that has the browser forget a token.
    pub(super) fn forget(self, purpose: Purpose) -> Option<HeaderValue> {
        self.header(purpose, "", Duration::ZERO)
    }

    fn header(self, purpose: Purpose, value: &str, lasts: Duration) -> Option<HeaderValue> {
        let (name, secure) = (self.name(purpose), if self.is_https { "; Secure" } else { "" });
        let lasts = lasts.as_secs();
        let text =
            format!("{name}={value}; Path=/; Max-Age={lasts}; HttpOnly; SameSite=Lax{secure}");
        let mut header = HeaderValue::try_from(text).ok()?;
        header.set_sensitive(true);
        Some(header)
    }

    fn name(self, purpose: Purpose) -> String {
        let prefix = if self.is_https { "__Host-" } else { "" };
        let suffix = match purpose {
            Purpose::Session => "",
            Purpose::Code => "_code",
        };
        format!("{prefix}sb_{}{suffix}", self.side.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_for_us_alone_and_secure_where_there_is_tls() {
        let token = SecretToken::from_entropy([7; 32]);
        let https = "https://sms.example.org".parse::<PublicOrigin>().unwrap();
        let plain = Cookies::of(Side::Console, None);
        let secure = Cookies::of(Side::Portal, Some(&https));
        let text = |header: Option<HeaderValue>| header.unwrap().to_str().unwrap().to_owned();
        let value = token.reveal();
        assert_eq!(
            text(plain.set(Purpose::Session, &token)),
            format!("sb_console={value}; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax")
        );
        assert_eq!(
            text(secure.set(Purpose::Session, &token)),
            format!(
                "__Host-sb_portal={value}; Path=/; Max-Age=5184000; HttpOnly; SameSite=Lax; Secure"
            )
        );
        assert_eq!(
            text(secure.forget(Purpose::Code)),
            "__Host-sb_portal_code=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"
        );
    }

    #[test]
    fn a_token_is_found_among_other_cookies_by_its_whole_name() {
        let (token, other) =
            (SecretToken::from_entropy([7; 32]), SecretToken::from_entropy([8; 32]));
        let cookies = Cookies::of(Side::Console, None);
        let text = format!(
            "xsb_console={0}; sb_console_code={0}; sb_console={1}; sb_portal={0}",
            other.reveal(),
            token.reveal()
        );
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "a=b".parse().unwrap());
        headers.append(COOKIE, text.parse().unwrap());
        assert_eq!(cookies.token(Purpose::Session, &headers), Some(token));
        assert_eq!(cookies.token(Purpose::Code, &headers), Some(other));
        let broken = HeaderMap::from_iter([(COOKIE, "sb_console=abc".parse().unwrap())]);
        assert_eq!(cookies.token(Purpose::Session, &broken), None);
    }
}
