//! The files that every page uses. Their names have a hash of their content, so that browsers keep
//! them for ever and still get each new version.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, Response};
use sha2::{Digest, Sha256};

/// How many characters of the hash a name has.
const HASH_CHARS: usize = 16;
/// The folder of all of them.
pub(super) const FOLDER: &str = "/assets/";

struct Asset {
    path: String,
    content: &'static [u8],
    kind: &'static str,
}

impl Asset {
    fn new(name: &str, extension: &str, content: &'static [u8], kind: &'static str) -> Asset {
        let hash = hex::encode(Sha256::digest(content));
        let hash = hash.get(..HASH_CHARS).unwrap_or_default();
        Asset { path: format!("{FOLDER}{name}.{hash}.{extension}"), content, kind }
    }
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("app", "css", include_bytes!("assets/app.css"), "text/css; charset=utf-8")
});
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("app", "js", include_bytes!("assets/app.js"), "text/javascript; charset=utf-8")
});
static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("icon", "svg", include_bytes!("assets/icon.svg"), "image/svg+xml"));

/// The path of the style sheet.
pub(super) fn style() -> &'static str {
    &STYLE.path
}

/// The path of the script.
pub(super) fn script() -> &'static str {
    &SCRIPT.path
}

/// The path of the icon.
pub(super) fn icon() -> &'static str {
    &ICON.path
}

/// The file at a path.
pub(super) fn find(path: &str) -> Option<Response<Body>> {
    let all: [&Asset; 3] = [&STYLE, &SCRIPT, &ICON];
    let asset = all.into_iter().find(|asset| asset.path == path)?;
    let mut response = Response::new(Body::from(asset.content));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    let for_ever = HeaderValue::from_static("public, max-age=31536000, immutable");
    headers.insert(CACHE_CONTROL, for_ever);
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The budget of what a browser gets once.
    #[test]
    fn the_files_are_small_and_found_by_their_names() {
        for (asset, most) in [(&STYLE, 24 << 10), (&SCRIPT, 16 << 10), (&ICON, 8 << 10)] {
            assert!(asset.content.len() <= most, "{}: {}", asset.path, asset.content.len());
            assert!(asset.content.is_ascii() || asset.kind.contains("utf-8"), "{}", asset.path);
            assert!(find(&asset.path).is_some());
        }
        assert!(find("/assets/app.css").is_none(), "without its hash it is another file");
    }
}
