//! Commands about the sites that connect to this daemon.

use anyhow::bail;
use clap::Subcommand;
use serde_json::{Value, json};

use super::args::named;
use super::listing::{ListQuery, Page};
use super::print;
use crate::daemon::config::SitesSection;
use crate::daemon::tls;
use crate::http::{AdminClient, path_segment};

const SITE: &[&str] = &[
    "name",
    "state",
    "since",
    "version",
    "ports",
    "ready",
    "question_ms",
    "?refused_because",
    "?refused_at",
    "?address",
    "?created_at",
];

#[derive(Subcommand)]
pub(super) enum Site {
    /// Give a site a key, which is shown this once, alone on the last line
    Add {
        /// Its name: small letters, digits and hyphens, like ams
        #[arg(value_parser = named)]
        name: String,
    },
    /// Make the certificate that sites know this daemon by, if there is none, and show its
    /// fingerprint
    Certificate,
    /// List sites
    List {
        #[command(flatten)]
        page: Page,
    },
    /// Remove a site whose key was revoked, with its modems; its SIMs, rentals and messages stay
    Remove {
        /// The site's name
        #[arg(value_parser = named)]
        site: String,
    },
    /// Revoke a site's key: its connection ends, and it may not connect again
    Revoke {
        /// The site's name
        #[arg(value_parser = named)]
        site: String,
    },
}

/// Carries out a command and prints the daemon's answer.
pub(super) async fn run(command: Site, client: &AdminClient, json: bool) -> anyhow::Result<()> {
    match command {
        Site::Add { name } => {
            let added = client.post("/sites", json!({ "name": name })).await?;
            print::object(json, &added, &["name", "state"])?;
            let Some(key) = added.get("key").and_then(Value::as_str).filter(|_| !json) else {
                return Ok(());
            };
            print::complain(
                "note: put this key into a file at the site that [site] key_file names; it is \
                 shown only now",
            );
            print::line(key)
        }
        Site::Certificate => bail!("no daemon is needed for that"),
        Site::List { page } => {
            let sites = client.get(&ListQuery::default().page(page).of("/sites")).await?;
            print::list(json, &sites, SITE, "no sites; `simbridge site add NAME` adds one")
        }
        Site::Remove { site } => {
            let removed = client.delete(&format!("/sites/{}", path_segment(&site))).await?;
            print::object(json, &removed, &["removed"])
        }
        Site::Revoke { site } => {
            let path = format!("/sites/{}/revoke", path_segment(&site));
            print::object(json, &client.post(&path, json!({})).await?, &["name", "state", "since"])
        }
    }
}

/// Makes the certificate for sites if there is none, and prints its fingerprint. No daemon is
/// needed for that.
pub(super) fn certificate(sites: &SitesSection, json: bool) -> anyhow::Result<()> {
    let SitesSection { certificate, key_file, .. } = sites;
    let made = tls::ensure_certificate(certificate, key_file).map_err(anyhow::Error::msg)?;
    let fingerprint = tls::read_fingerprint(certificate).map_err(anyhow::Error::msg)?;
    let shown = json!({
        "certificate": certificate.display().to_string(),
        "key_file": key_file.display().to_string(),
        "fingerprint": hex::encode(fingerprint),
        "made": made,
    });
    print::object(json, &shown, &["certificate", "key_file", "fingerprint"])
}
