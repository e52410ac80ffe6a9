//! Addresses of pages.

/// An address with data in it: each argument takes the place of a `{}` as one segment of the path
/// or one value of the query, percent-encoded.
macro_rules! path_with {
    ($pattern:literal $(, $segment:expr)* $(,)?) => {
        format!($pattern $(, $crate::http::path_segment(&$segment.to_string()))*)
    };
}

pub(in crate::http) use path_with as path;

/// Whether an address is one of our own pages: one whose path begins with a single slash. What a
/// browser would take for another host's (`//host`, `/\host`) or skips (control characters) is not.
pub(super) fn is_own_address(address: &str) -> bool {
    let second = address.chars().nth(1);
    address.starts_with('/')
        && !matches!(second, Some('/' | '\\'))
        && !address.chars().any(|c| c.is_control() || c == '\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_change_the_path_it_stands_in() {
        assert_eq!(path_with!("/sims/{}/number", "../x?y"), "/sims/%2E%2E%2Fx%3Fy/number");
        assert_eq!(path_with!("/orders/{}", 7), "/orders/7");
    }

    #[test]
    fn only_paths_of_this_site_are_its_own() {
        for (address, is_own) in [
            ("/", true),
            ("/orders?state=open&x=//y", true),
            ("", false),
            ("orders", false),
            ("//evil.example", false),
            ("/\\evil.example", false),
            ("https://evil.example/", false),
            ("/\t/evil.example", false),
            ("/a\\..\\b", false),
            ("javascript:alert(1)", false),
        ] {
            assert_eq!(is_own_address(address), is_own, "{address:?}");
        }
    }
}
