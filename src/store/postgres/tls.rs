//! TLS to the server: tokio-rustls in the form that tokio-postgres asks for. The certificate has to
//! be for the host's name, and from an authority that is trusted.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{self, ChannelBinding, MakeTlsConnect, TlsConnect};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{InvalidDnsNameError, ServerName};

/// What encrypts connections and checks the server's certificate.
#[derive(Clone)]
pub struct Tls(TlsConnector);

impl From<TlsConnector> for Tls {
    fn from(connector: TlsConnector) -> Tls {
        Tls(connector)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Tls {
    type Stream = Encrypted<S>;
    type TlsConnect = Handshake;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, InvalidDnsNameError> {
        let name = ServerName::try_from(host)?.to_owned();
        Ok(Handshake { connector: self.0.clone(), name })
    }
}

/// What agrees on TLS with the server of this name.
pub struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Handshake {
    type Stream = Encrypted<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Encrypted<S>>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move { Ok(Encrypted(self.connector.connect(self.name, stream).await?)) })
    }
}

/// An encrypted connection.
pub struct Encrypted<S>(TlsStream<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> tls::TlsStream for Encrypted<S> {
    fn channel_binding(&self) -> ChannelBinding {
        // It protects from a server whose certificate nobody has checked.
        ChannelBinding::none()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::crypto::ring;
    use tokio_rustls::rustls::pki_types::PrivateKeyDer;
    use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};

    use super::*;

    /// What is heard of a server whose certificate is for `localhost`, by this name for it.
    async fn hear(name: &str, is_trusted: bool) -> io::Result<Vec<u8>> {
        let make = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let (made, other) = (make(), make());
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let provider = || Arc::new(ring::default_provider());
        let server = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let mut roots = RootCertStore::empty();
        let authority = if is_trusted { &made } else { &other };
        roots.add(authority.cert.der().clone()).unwrap();
        let client = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let (ours, theirs) = tokio::io::duplex(4096);
        tokio::spawn(async move {
            let mut stream = TlsAcceptor::from(Arc::new(server)).accept(theirs).await?;
            stream.write_all(b"hello").await?;
            stream.shutdown().await
        });
        let mut tls = Tls::from(TlsConnector::from(Arc::new(client)));
        let handshake = MakeTlsConnect::<DuplexStream>::make_tls_connect(&mut tls, name).unwrap();
        let mut heard = Vec::new();
        handshake.connect(ours).await?.read_to_end(&mut heard).await?;
        Ok(heard)
    }

    #[tokio::test]
    async fn a_server_shows_a_certificate_for_its_name_from_an_authority_that_is_trusted() {
        assert_eq!(hear("localhost", true).await.unwrap(), b"hello");
        let other_name = hear("db.example.org", true).await.unwrap_err().to_string();
        assert!(other_name.contains("not valid for name"), "{other_name}");
        let other_authority = hear("localhost", false).await.unwrap_err().to_string();
        assert!(other_authority.contains("invalid peer certificate"), "{other_authority}");
    }
}
