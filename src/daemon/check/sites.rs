//! Faults of `[site]` and `[sites]`: their keys and certificates, and the address for sites.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::super::config::{Config, Fault};
use super::super::rights::{Access, UserIdentity};
use super::super::site::read_key;
use super::super::tls;
use super::{address_fault, line};
use crate::driver::credential;

/// What keeps a site from showing who it is, and a centre from serving sites.
pub(super) fn files(config: &Config, who: &UserIdentity) -> Vec<Fault> {
    let mut faults = Vec::new();
    if let Some(site) = &config.site {
        let fault = unreadable(&site.key_file, who)
            .or_else(|| is_here(&site.key_file).then(|| read_key(&site.key_file).err())?)
            .or_else(|| readable_by_all(&site.key_file, "key"));
        let line = line(config, "site", "key_file");
        faults.extend(fault.map(|text| Fault { line, text }));
    }
    let sites = &config.sites;
    if sites.listen.is_some() && config.site.is_none() {
        let unreadable = [("certificate", &sites.certificate), ("key_file", &sites.key_file)]
            .into_iter()
            .find_map(|(key, file)| Some((key, unreadable(file, who)?)));
        let open_to_all = || Some(("key_file", readable_by_all(&sites.key_file, "key")?));
        let unusable = || {
            if !is_here(&sites.certificate) || !is_here(&sites.key_file) {
                return None;
            }
            let fault = tls::acceptor(&sites.certificate, &sites.key_file).err()?;
            Some(("certificate", format!("{fault}; `simbridge site certificate` makes one")))
        };
        let fault = unreadable.or_else(unusable).or_else(open_to_all);
        faults.extend(fault.map(|(key, text)| Fault { line: line(config, "sites", key), text }));
    }
    faults
}

/// Whether a file can be looked at: only the service gets a credential.
pub(super) fn is_here(file: &Path) -> bool {
    credential(file).is_ok()
}

/// Why this user cannot read a file that is there.
pub(super) fn unreadable(file: &Path, who: &UserIdentity) -> Option<String> {
    let path = credential(file).ok()?;
    let meta = std::fs::metadata(&path).ok()?;
    let (name, shown) = (&who.name, path.display());
    (!who.can(Access::Read, &path, &meta)).then(|| {
        format!(
            "user `{name}` cannot read {shown}: run `chgrp {name} {shown}` and `chmod 640 {shown}`"
        )
    })
}

/// That a secret can be read by every user; `what` it is.
pub(super) fn readable_by_all(file: &Path, what: &str) -> Option<String> {
    let path = credential(file).ok()?;
    let meta = std::fs::metadata(&path).ok()?;
    let shown = path.display();
    (meta.mode() & 0o007 != 0)
        .then(|| format!("every user can read the {what} in {shown}: run `chmod 640 {shown}`"))
}

/// Why sites cannot be listened to.
pub(super) fn address(config: &Config) -> Option<Fault> {
    let address = config.sites.listen?;
    let text = if address == config.http.listen && address.port() != 0 {
        format!("{address} is also [http] listen; set another [sites] listen")
    } else {
        address_fault(address, "[sites] listen")?
    };
    Some(Fault { line: line(config, "sites", "listen"), text })
}
