//! `[sites]` and `[site]`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::document::{Document, SectionReader};
use super::table;
use crate::domain::SiteName;

/// The sections that a site may have.
const SECTIONS_OF_SITE: [&str; 7] =
    ["site", "modem", "bank", "admin", "hardware", "recovery", "log"];

/// Whether a site may have a section of this name.
pub(super) fn is_of_site(section: &str) -> bool {
    SECTIONS_OF_SITE.contains(&section.split('.').next().unwrap_or_default())
}

/// What is set in `[sites]` in vain.
pub(super) fn without_effect(section: &SectionReader<'_>) -> Option<String> {
    let is_in_vain = section.has_keys() && !section.has(table::sites::LISTEN.name);
    is_in_vain.then(|| {
        "[sites] without `listen`: no site can connect; set an address like \"0.0.0.0:8443\""
            .to_owned()
    })
}

/// `[sites]`: how sites connect to this daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SitesSection {
    /// Where sites connect to, if there are any.
    pub listen: Option<SocketAddr>,
    /// The file of the certificate, in PEM.
    pub certificate: PathBuf,
    /// The file of the certificate's private key, in PEM.
    pub key_file: PathBuf,
    /// How long nothing may be heard of a site.
    pub silent_after: Duration,
}

/// `[site]`: what makes this daemon a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiteSection {
    pub name: SiteName,
    /// Host and port of each central daemon.
    pub central: Vec<String>,
    /// The SHA-256 fingerprints of their certificates.
    pub fingerprints: Vec<[u8; 32]>,
    /// The file of the site's key.
    pub key_file: PathBuf,
}

pub(super) fn sites(section: &SectionReader<'_>) -> SitesSection {
    use table::sites::{CERTIFICATE, KEY_FILE, LISTEN, SILENT_AFTER};
    SitesSection {
        listen: section.find(&LISTEN),
        certificate: section.get(&CERTIFICATE),
        key_file: section.get(&KEY_FILE),
        silent_after: section.get(&SILENT_AFTER),
    }
}

/// `[site]`, if the file has it. Sections that a site cannot have are faults.
pub(super) fn site<'d>(document: &'d Document<'d>) -> Option<SiteSection> {
    use table::site::{CENTRAL, FINGERPRINTS, KEY_FILE, NAME};
    let section = document.section(&table::site::SECTION);
    let (name, central) = (section.find(&NAME), section.find(&CENTRAL));
    let (fingerprints, key_file) = (section.find(&FINGERPRINTS), section.find(&KEY_FILE));
    if !section.has_keys() {
        return None;
    }
    for other in document.sections_with_keys().filter(|name| !is_of_site(name)) {
        document.fault_of_section(
            &other,
            format!("a site has no [{other}]: that is the central daemon's; remove it, or [site]"),
        );
    }
    let required = [
        (NAME.name, name.is_some()),
        (CENTRAL.name, central.is_some()),
        (FINGERPRINTS.name, fingerprints.is_some()),
        (KEY_FILE.name, key_file.is_some()),
    ];
    for (key, _) in required.iter().filter(|(key, is_read)| !is_read && !section.has(key)) {
        section.fault_here(format!("[site] needs `{key}`"));
    }
    Some(SiteSection {
        name: name?,
        central: central?,
        fingerprints: fingerprints?,
        key_file: key_file?,
    })
}
