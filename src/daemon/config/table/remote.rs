//! The sections about several sites.

use std::path::PathBuf;
use std::time::Duration;

use crate::daemon::config::key::Shape::Table;
use crate::daemon::config::key::TakesEffect::Restart;
use crate::daemon::config::key::{
    Address, FilePath, Fingerprints, Key, OptionalKey, Section, Servers, SiteId, Time, key,
    optional,
};

section! {
    sites: Table("sites"),
    "Sites: other machines with modems, whose daemons (`[site]`) connect to this one. `simbridge \
     site add` lets them in.";

    LISTEN: OptionalKey<Address> = optional("listen", Address("0.0.0.0:8443"),
        r#""0.0.0.0:8443""#, Restart,
        "The address that sites connect to; without it there are none.");
    CERTIFICATE: Key<FilePath> = key("certificate", FilePath,
        || PathBuf::from("/etc/simbridge/sites.crt"), Restart,
        "The certificate that sites know this daemon by, in PEM, or `credential:NAME`. `simbridge \
         site certificate` makes one, and shows its fingerprint.");
    KEY_FILE: Key<FilePath> = key("key_file", FilePath,
        || PathBuf::from("/etc/simbridge/sites.key"), Restart,
        "The private key of the certificate, in PEM, or `credential:NAME`.");
    SILENT_AFTER: Key<Time> = key("silent_after", Time::Positive, || Duration::from_secs(15),
        Restart,
        "When nothing was heard of a site for so long, its modems are `Unreachable`, and none of \
         its numbers is given out. Sites say something every 5 seconds.");
}

section! {
    site: Table("site"),
    "Makes this daemon a site: it drives its modems and SIM banks for a central daemon, and has \
     no database of its own. A site has no other sections than `[[modem]]`, `[[bank]]`, \
     `[admin]`, `[hardware]`, `[recovery]` and `[log]`.";

    NAME: OptionalKey<SiteId> = optional("name", SiteId, r#""ams""#, Restart,
        "The site's name, as `simbridge site add` was told it. Required.");
    CENTRAL: OptionalKey<Servers> = optional("central", Servers, r#"["central.example.org:8443"]"#,
        Restart,
        "Where the central daemon is reached: the host and the port of its `[sites] listen`. Of \
         several, the first that answers and leads is used. Required.");
    FINGERPRINTS: OptionalKey<Fingerprints> = optional("fingerprints", Fingerprints,

        r#"["41b2c9a07d3e5f6812a4b6c8d0e2f4061a3c5e7092b4d6f8a0c2e4f6081a2b3c"]"#, Restart,
        "The SHA-256 fingerprints of the central daemons' certificates, as `simbridge site \
         certificate` shows them there. No other certificate is accepted. Required.");
    KEY_FILE: OptionalKey<FilePath> = optional("key_file", FilePath, r#""credential:site""#,
        Restart,
        "A file with the site's key, as `simbridge site add` showed it, or `credential:NAME`. \
         Required.");
}
