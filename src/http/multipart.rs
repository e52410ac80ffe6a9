//! `multipart/form-data` (RFC 7578), as clients send it that post a list of fields. The body is
//! bounded before it gets here.

/// The most fields that are read; the endpoints know some five.
const MOST_FIELDS: usize = 64;

/// The boundary that a content type names, if it is one of `multipart/form-data`.
pub(super) fn boundary(content_type: &str) -> Option<&str> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let named = parameters.split(';').filter_map(|parameter| parameter.trim().split_once('='));
    let boundary = named
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value);
    boundary
        .map(|value| value.trim().trim_matches('"'))
        .find(|value| !value.is_empty() && value.len() <= 70)
}

/// The fields with their values. Files, and what is no text, are passed over.
pub(super) fn fields(body: &[u8], boundary: &str) -> Vec<(String, String)> {
    // The first delimiter has no line end before it, the others have: with one added they are all
    // alike.
    let text = format!("\r\n{}", String::from_utf8_lossy(body));
    let delimiter = format!("\r\n--{boundary}");
    let parts = text.split(&delimiter).skip(1).take(MOST_FIELDS);
    parts.take_while(|part| !part.starts_with("--")).filter_map(field).collect()
}

fn field(part: &str) -> Option<(String, String)> {
    let (headers, value) = part.split_once("\r\n\r\n")?;
    let disposition = headers.split("\r\n").filter_map(|line| line.split_once(':'));
    let (_, disposition) = disposition
        .into_iter()
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("content-disposition"))?;
    let mut parameters =
        disposition.split(';').skip(1).filter_map(|parameter| parameter.trim().split_once('='));
    let is_file = parameters.clone().any(|(name, _)| name.starts_with("filename"));
    let (_, name) =
        parameters.find(|(name, _)| name.eq_ignore_ascii_case("name")).filter(|_| !is_file)?;
    Some((name.trim_matches('"').to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_fields_as_curl_sends_it() {
        let kind = "multipart/form-data; boundary=------------------------d74496d66958873e";
        let body = "--------------------------d74496d66958873e\r\n\
                    Content-Disposition: form-data; name=\"key\"\r\n\r\nabc\r\n\
                    --------------------------d74496d66958873e\r\n\
                    content-disposition: form-data; name=package\r\n\
                    Content-Type: text/plain\r\n\r\n3m\r\n\
                    --------------------------d74496d66958873e\r\n\
                    Content-Disposition: form-data; name=\"f\"; filename=\"x\"\r\n\r\nfile\r\n\
                    --------------------------d74496d66958873e--\r\n";
        let expected =
            [("key".to_owned(), "abc".to_owned()), ("package".to_owned(), "3m".to_owned())];
        assert_eq!(fields(body.as_bytes(), boundary(kind).unwrap()), expected);
    }

    #[test]
    fn which_content_types_are_meant() {
        for (kind, expected) in [
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"", Some("a b")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/mixed; boundary=abc", None),
            ("application/x-www-form-urlencoded; boundary=abc", None),
        ] {
            assert_eq!(boundary(kind), expected, "{kind}");
        }
    }

    #[test]
    fn any_bytes_are_fields_or_nothing() {
        for body in [
            &b""[..],
            b"--x",
            b"--x\r\n\r\n",
            b"--x\r\nContent-Disposition: form-data\r\n\r\nv",
            b"\xff\xfe--x--",
        ] {
            assert_eq!(fields(body, "x"), [], "{body:?}");
        }
        let many = "--x\r\nContent-Disposition: form-data; name=a\r\n\r\nv\r\n".repeat(1000);
        assert_eq!(fields(many.as_bytes(), "x").len(), MOST_FIELDS);
    }
}
