//! The certificate authorities by which receivers are checked: those of this machine, so that the
//! operator can add one, and so that they are as new as the machine's.

use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// What connects by TLS to receivers whose certificates this machine trusts; `None` when it trusts
/// none.
pub(super) async fn connector() -> Option<TlsConnector> {
    // It reads some hundreds of kilobytes.
    let loaded = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
    let mut roots = RootCertStore::empty();
    let certificates = loaded.map(|loaded| loaded.certs).unwrap_or_default();
    roots.add_parsable_certificates(certificates);
    if roots.is_empty() {
        tracing::warn!(
            event = "webhook_authorities_missing",
            "this machine has no certificate authorities, so nothing can be sent by https: install \
             the package ca-certificates, or set SSL_CERT_FILE"
        );
        return None;
    }
    connector_with(roots)
}

/// What connects by TLS to servers with certificates of these authorities.
pub(crate) fn connector_with(roots: RootCertStore) -> Option<TlsConnector> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().ok()?;
    let config = builder.with_root_certificates(roots).with_no_client_auth();
    Some(TlsConnector::from(Arc::new(config)))
}
