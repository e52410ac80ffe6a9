//! TLS between sites and the centre: version 1.3 (RFC 8446) alone. A site knows the centre by the
//! fingerprint of its certificate, so no authority has to be trusted, and the name and the dates in
//! the certificate do not matter.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{
    self, ClientConfig, DigitallySignedStruct, ServerConfig, SignatureScheme,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::driver::credential;

/// The name that a new certificate bears. Nobody checks it.
const NAME: &str = "simbridge";

/// The SHA-256 of a certificate in DER.
pub(super) type Fingerprint = [u8; 32];

fn fingerprint_of(certificate: &CertificateDer<'_>) -> Fingerprint {
    Sha256::digest(certificate.as_ref()).into()
}

/// What answers sites with the certificate and the key of these files, in PEM.
///
/// # Errors
/// A file cannot be used; says which and why.
pub(super) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let chain = read_certificates(certificate)?;
    let private = usable(key, "PRIVATE KEY", |file| PrivateKeyDer::from_pem_file(file))?;
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = builder
        .with_protocol_versions(&[&TLS13])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| {
            let (certificate, key) = (certificate.display(), key.display());
            match error {
                rustls::Error::InconsistentKeys(_) => {
                    format!("the key in {key} is not that of the certificate in {certificate}")
                }
                rustls::Error::InvalidCertificate(_) => {
                    format!("{certificate} cannot be used as the certificate: {error}")
                }
                _ => format!("{key} cannot be used as the private key: {error}"),
            }
        })?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The fingerprint of the certificate in a file.
///
/// # Errors
/// The file has no certificate; says why.
pub fn read_fingerprint(certificate: &Path) -> Result<Fingerprint, String> {
    let chain = read_certificates(certificate)?;
    let missing = || format!("{} has no certificate", certificate.display());
    chain.first().map(fingerprint_of).ok_or_else(missing)
}

/// The certificates in a file.
pub(super) fn read_certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    usable(file, "CERTIFICATE", |file| {
        let found = CertificateDer::pem_file_iter(file)?.collect::<Result<Vec<_>, _>>()?;
        if found.is_empty() { Err(pem::Error::NoItemsFound) } else { Ok(found) }
    })
}

/// What is read from a file in PEM with this label, or why it cannot be used.
fn usable<T>(
    file: &Path,
    label: &str,
    read: impl FnOnce(&Path) -> Result<T, pem::Error>,
) -> Result<T, String> {
    let path = credential(file)?;
    read(&path).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            format!("there is no `-----BEGIN {label}-----` in {}", path.display())
        }
        _ => format!("{} cannot be read in PEM: {error}", path.display()),
    })
}

/// Makes a certificate with its key, if neither file is there. Returns whether it did.
///
/// # Errors
/// A file cannot be written, or only one of them is there; says which.
pub fn ensure_certificate(certificate: &Path, key: &Path) -> Result<bool, String> {
    match (certificate.exists(), key.exists()) {
        (true, true) => return Ok(false),
        (false, false) => {}
        (true, false) => return Err(format!("there is {} without its key", certificate.display())),
        (false, true) => return Err(format!("there is {} without a certificate", key.display())),
    }
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]);
    let made = made.map_err(|error| format!("no certificate can be made: {error}"))?;
    write_new(key, made.signing_key.serialize_pem().as_bytes(), 0o640)?;
    write_new(certificate, made.cert.pem().as_bytes(), 0o644)?;
    Ok(true)
}

fn write_new(file: &Path, octets: &[u8], mode: u32) -> Result<(), String> {
    let failed = |error: io::Error| match error.kind() {
        ErrorKind::PermissionDenied => format!("may not write {}; use sudo", file.display()),
        _ => format!("cannot write {}: {error}", file.display()),
    };
    let mut options = fs::OpenOptions::new();
    let opened = options.write(true).create_new(true).mode(mode).open(file);
    opened.and_then(|mut opened| opened.write_all(octets)).map_err(failed)
}

/// What connects to a centre that has one of the certificates with these fingerprints.
pub(super) fn pinned_connector(fingerprints: &[Fingerprint]) -> Result<TlsConnector, String> {
    let provider = Arc::new(ring::default_provider());
    let verifier =
        PinnedCertificates { fingerprints: fingerprints.to_vec(), provider: Arc::clone(&provider) };
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(&[&TLS13]).map_err(|error| error.to_string())?;
    let config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Why there is no agreement on TLS, in words for an operator.
pub(super) fn explain(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        // What the certificate was refused for.
        Some(rustls::Error::General(reason)) => reason.clone(),
        Some(rustls::Error::InvalidMessage(_)) => {
            "what answers there does not speak TLS: is it the port of [sites] listen?".to_owned()
        }
        _ => error.to_string(),
    }
}

/// Accepts certificates by their fingerprints alone.
#[derive(Debug)]
struct PinnedCertificates {
    fingerprints: Vec<Fingerprint>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedCertificates {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = fingerprint_of(end_entity);
        if self.fingerprints.contains(&shown) {
            return Ok(ServerCertVerified::assertion());
        }
        Err(rustls::Error::General(format!(
            "its certificate has the fingerprint {}, which is not among `fingerprints`",
            hex::encode(shown)
        )))
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.2 is not used".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// The acceptor of a new certificate, and its fingerprint.
    fn centre() -> (TlsAcceptor, Fingerprint) {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("crt"), folder.path().join("key"));
        assert_eq!(ensure_certificate(&certificate, &key), Ok(true));
        let fingerprint = read_fingerprint(&certificate).unwrap();
        assert_eq!(ensure_certificate(&certificate, &key), Ok(false));
        assert_eq!(read_fingerprint(&certificate), Ok(fingerprint), "it is kept");
        (acceptor(&certificate, &key).unwrap(), fingerprint)
    }

    /// What a site hears, or why it does not connect.
    async fn connect(acceptor: TlsAcceptor, connector: TlsConnector) -> Result<Vec<u8>, String> {
        let (ours, theirs) = tokio::io::duplex(4096);
        let server = tokio::spawn(async move {
            let mut stream = acceptor.accept(theirs).await?;
            stream.write_all(b"hello").await?;
            stream.shutdown().await
        });
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, ours).await.map_err(|error| explain(&error))?;
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).await.unwrap();
        server.await.unwrap().unwrap();
        Ok(heard)
    }

    #[tokio::test]
    async fn a_site_connects_to_the_certificate_that_it_knows_and_to_no_other() {
        let (acceptor, fingerprint) = centre();
        let connector = pinned_connector(&[[0; 32], fingerprint]).unwrap();
        assert_eq!(connect(acceptor, connector).await, Ok(b"hello".to_vec()));

        let (other, shown) = centre();
        let connector = pinned_connector(&[fingerprint]).unwrap();
        let refused = connect(other, connector).await.unwrap_err();
        let expected = format!(
            "its certificate has the fingerprint {}, which is not among `fingerprints`",
            hex::encode(shown)
        );
        assert_eq!(refused, expected);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (folder.path().join("crt"), folder.path().join("key"));
        let missing = acceptor(&certificate, &key).err().unwrap();
        assert!(missing.starts_with(&format!("{} cannot", certificate.display())), "{missing}");
        fs::write(&key, "x").unwrap();
        let half = ensure_certificate(&certificate, &key).unwrap_err();
        assert_eq!(half, format!("there is {} without a certificate", key.display()));
        fs::remove_file(&key).unwrap();

        assert_eq!(ensure_certificate(&certificate, &key), Ok(true));
        let [shown, shown_key] = [&certificate, &key].map(|file| file.display());
        let refused = |certificate, key| acceptor(certificate, key).err().unwrap();
        assert_eq!(
            refused(&key, &certificate),
            format!("there is no `-----BEGIN CERTIFICATE-----` in {shown_key}")
        );
        assert_eq!(
            refused(&certificate, &certificate),
            format!("there is no `-----BEGIN PRIVATE KEY-----` in {shown}")
        );
        let other = folder.path().join("other");
        assert_eq!(ensure_certificate(&folder.path().join("other.crt"), &other), Ok(true));
        assert_eq!(
            refused(&certificate, &other),
            format!("the key in {} is not that of the certificate in {shown}", other.display())
        );
        fs::write(&key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        let garbage = refused(&certificate, &key);
        assert!(garbage.starts_with(&format!("{shown_key} cannot be used")), "{garbage}");
    }
}
