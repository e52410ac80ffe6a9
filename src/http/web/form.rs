//! A form as it was sent.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use sha2::{Digest, Sha256};

/// The largest form that is read. A list of all numbers of 10 000 SIMs fits.
pub(super) const LARGEST: usize = 2 << 20;
/// How long a browser may take to send it.
const SENT_WITHIN: Duration = Duration::from_secs(30);
/// The fields that are the frame's own.
pub(super) const REQUEST: &str = "request";
pub(super) const PROOF: &str = "proof";
pub(super) const TRIAL: &str = "try";

/// The fields of a form, in their order.
#[derive(Debug, Clone, Default)]
pub struct Form {
    fields: Vec<Field>,
    request_key: String,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    value: String,
    is_file: bool,
}

/// Why a form could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    TooLarge,
    TooSlow,
    Broken,
}

impl Form {
    /// Reads the body of a request.
    pub(super) async fn read(request: Request<Body>) -> Result<Form, Unreadable> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        let body = tokio::time::timeout(SENT_WITHIN, to_bytes(request.into_body(), LARGEST)).await;
        let body = body.map_err(|_| Unreadable::TooSlow)?.map_err(|_| Unreadable::TooLarge)?;
        let fields = if kind.starts_with("multipart/form-data") {
            multipart_fields(&kind, body).await?
        } else if kind.starts_with("application/x-www-form-urlencoded") {
            let pairs = form_urlencoded::parse(&body).into_owned();
            pairs.map(|(name, value)| Field { name, value, is_file: false }).collect()
        } else {
            return Err(Unreadable::Broken);
        };
        Ok(Form { fields, request_key: String::new() })
    }

    /// A form that was sent as the query of an address.
    pub(super) fn of_query<'q>(pairs: impl Iterator<Item = (&'q str, &'q str)>) -> Form {
        let field = |(name, value): (&str, &str)| Field {
            name: name.to_owned(),
            value: value.to_owned(),
            is_file: false,
        };
        Form { fields: pairs.map(field).collect(), request_key: String::new() }
    }

    /// A field without the spaces around it; empty if there is none of that name.
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field without the spaces around it, unless it is empty.
    pub fn optional(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// A field as it was typed, as a password is.
    pub fn raw(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|field| field.name == name && !field.is_file);
        found.map_or("", |field| &field.value)
    }

    /// What a button asks for that only tries out what stands in the form.
    pub fn trial(&self) -> Option<&str> {
        self.optional(TRIAL)
    }

    /// Whether a checkbox is set, or a button of that name was used.
    pub fn is_set(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }

    /// All fields of this name, as the checkboxes of a list.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let of_name = self.fields.iter().filter(|field| field.name == name && !field.is_file);
        of_name.map(|field| field.value.as_str()).collect()
    }

    /// The text of a file, unless none was chosen.
    pub fn file(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|field| field.name == name && field.is_file);
        found.map(|field| field.value.as_str()).filter(|text| !text.is_empty())
    }

    /// What stands for this form as it was filled in once. Operations that take a key are given it,
    /// so that they are carried out once even across a restart.
    pub fn request_key(&self) -> &str {
        &self.request_key
    }

    /// Takes a field of the frame's own out of the form.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.fields.iter().position(|field| field.name == name)?;
        Some(self.fields.remove(at).value)
    }

    /// Takes the id out of the form that its page has given it, and makes the request's key of it
    /// and of everything that was filled in: a form that is filled in anew is another request.
    pub(super) fn take_request_key(&mut self, action: &str) -> [u8; 32] {
        let id = self.take(REQUEST).unwrap_or_default();
        let mut hasher = Sha256::new();
        for text in [action, &id] {
            hasher.update(text);
            hasher.update([0]);
        }
        for field in &self.fields {
            hasher.update(&field.name);
            hasher.update([1]);
            hasher.update(&field.value);
            hasher.update([0]);
        }
        let digest: [u8; 32] = hasher.finalize().into();
        self.request_key = hex::encode(digest);
        digest
    }

    /// How many octets its names and values have.
    pub(super) fn size(&self) -> usize {
        self.fields.iter().map(|field| field.name.len() + field.value.len()).sum()
    }

    /// All fields that are no files, to be sent again.
    pub(super) fn resent_fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.fields.iter().filter(|field| !field.is_file);
        fields.map(|field| (field.name.as_str(), field.value.as_str()))
    }

    /// Whether it has files, which cannot be sent again.
    pub(super) fn has_files(&self) -> bool {
        self.fields.iter().any(|field| field.is_file && !field.value.is_empty())
    }

    #[cfg(test)]
    pub(super) fn of(pairs: &[(&str, &str)]) -> Form {
        Form::of_query(pairs.iter().copied())
    }
}

/// The fields and files of a `multipart/form-data` body (RFC 7578). A file has to be a text.
async fn multipart_fields(kind: &str, body: Bytes) -> Result<Vec<Field>, Unreadable> {
    let request = Request::builder().header(CONTENT_TYPE, kind).body(Body::from(body));
    let request = request.map_err(|_| Unreadable::Broken)?;
    let form = Multipart::from_request(request, &()).await;
    let mut form = form.map_err(|_| Unreadable::Broken)?;
    let mut fields = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|_| Unreadable::Broken)? {
        let (name, is_file) = (field.name().map(str::to_owned), field.file_name().is_some());
        let value = field.bytes().await.map_err(|_| Unreadable::Broken)?;
        let value = String::from_utf8_lossy(&value).into_owned();
        fields.extend(name.map(|name| Field { name, value, is_file }));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(kind: &str, body: impl Into<Body>) -> Result<Form, Unreadable> {
        let request = Request::builder().header(CONTENT_TYPE, kind).body(body.into()).unwrap();
        Form::read(request).await
    }

    #[tokio::test]
    async fn fields_are_read_from_both_kinds_of_forms() {
        let urlencoded = "number=%2B31+&iccid=1&iccid=2&password=+x+&empty=";
        let form = read("application/x-www-form-urlencoded", urlencoded).await.unwrap();
        assert_eq!(
            [form.text("number"), form.raw("password"), form.text("no")],
            ["+31", " x ", ""]
        );
        assert_eq!(form.all("iccid"), ["1", "2"]);
        assert_eq!([form.optional("empty"), form.optional("number")], [None, Some("+31")]);
        assert!(form.is_set("empty") && !form.is_set("no"));
        let multipart = "--B\r\nContent-Disposition: form-data; name=\"iccid\"\r\n\r\n1\r\n\
            --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n\
            a,b\r\nc,d\r\n--B--\r\n";
        let form = read("multipart/form-data; boundary=B", multipart).await.unwrap();
        assert_eq!((form.text("iccid"), form.file("file")), ("1", Some("a,b\r\nc,d")));
        assert_eq!((form.text("file"), form.file("iccid")), ("", None));
        assert!(form.has_files());
    }

    #[tokio::test]
    async fn what_is_no_form_or_too_large_is_not_read() {
        let broken = read("application/json", "{}").await.unwrap_err();
        assert_eq!(broken, Unreadable::Broken);
        let large = read("application/x-www-form-urlencoded", vec![b'a'; LARGEST + 1]).await;
        assert_eq!(large.unwrap_err(), Unreadable::TooLarge);
        let cut = read("multipart/form-data; boundary=B", "--B\r\nContent").await;
        assert_eq!(cut.unwrap_err(), Unreadable::Broken);
    }

    #[test]
    fn the_same_form_has_the_same_key_and_one_that_is_filled_in_anew_another() {
        let key = |action: &str, pairs: &[(&str, &str)]| Form::of(pairs).take_request_key(action);
        let first = key("/a", &[("request", "1"), ("amount", "5")]);
        assert_eq!(first, key("/a", &[("amount", "5"), ("request", "1")]));
        assert_ne!(first, key("/b", &[("request", "1"), ("amount", "5")]));
        assert_ne!(first, key("/a", &[("request", "2"), ("amount", "5")]));
        assert_ne!(first, key("/a", &[("request", "1"), ("amount", "6")]));
    }
}
