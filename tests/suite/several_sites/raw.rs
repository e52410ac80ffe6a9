//! What happens to a site that says what no daemon of ours would.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use simbridge::domain::modem::SimCard;
use simbridge::domain::{Iccid, ModemAtPort, ModemId, Moment, PortName, Timestamp};
use simbridge::modem::{RawPdu, Received};
use simbridge::wire::{
    Answer, Answered, BootId, Identity, Question, Refusal, SiteEvent, SiteKey, SiteSession,
};
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
};

use super::Pair;
use crate::support::wait_for;

/// Takes any certificate.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// The site's end of a connection.
struct RawSite {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
    session: SiteSession,
}

impl RawSite {
    /// Connects, and says who it is.
    fn connect(address: SocketAddr, name: &str, key: &str) -> RawSite {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate))
            .with_no_client_auth();
        let client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap());
        let stream = StreamOwned::new(client.unwrap(), TcpStream::connect(address).unwrap());
        let identity = Identity {
            site: name.parse().unwrap(),
            key: key.parse().unwrap(),
            boot: BootId::from_entropy([1; 16]),
            version: "0.1.0".to_owned(),
        };
        let mut session = SiteSession::new(identity, Moment::default());
        session.connected(Moment::default());
        let mut site = RawSite { stream: BufReader::new(stream), session };
        site.send();
        site
    }

    fn send(&mut self) {
        while let Some(frame) = self.session.next_frame(Moment::default(), Timestamp(0)) {
            self.stream.get_mut().write_all(frame.as_bytes()).unwrap();
        }
        self.stream.get_mut().flush().unwrap();
    }

    /// What the centre says next; `None` once it has closed the connection.
    fn hear(&mut self) -> Option<SiteEvent> {
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            let heard = self.session.take_line(line.trim_end(), Moment::default(), Timestamp(0));
            if let Some(event) = heard.unwrap() {
                return Some(event);
            }
        }
    }

    fn ask(&mut self, question: Question) -> Answered {
        let number = self.session.ask(question, Moment::default());
        self.send();
        loop {
            match self.hear() {
                Some(SiteEvent::Answered { question, answer }) if question == number => {
                    return answer;
                }
                Some(SiteEvent::DemandsChanged) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn whoever_is_refused_is_told_so_and_the_connection_is_closed() {
    let pair = Pair::new(1, "");
    let wrong = SiteKey::from_entropy([9; 32]).to_hex();
    let mut stranger = RawSite::connect(pair.centre.address(), "ams", &wrong);
    assert_eq!(stranger.hear(), Some(SiteEvent::Refused(Refusal::UnknownSiteOrKey)));
    assert_eq!(stranger.hear(), None);
}

#[test]
fn a_site_has_no_say_about_sims_that_it_has_not_read() {
    let pair = Pair::new(1, "");
    let _site_daemon = pair.site.serve();
    pair.wait_ready(1);
    let centre = &pair.centre;
    let key = centre.add_site("fra");
    let mut other = RawSite::connect(centre.address(), "fra", &key);
    assert_eq!(other.hear(), Some(SiteEvent::Welcomed));

    let iccid: Iccid = pair.site.network().stats()[0].iccid.clone().unwrap().parse().unwrap();
    let port = PortName::from_stored("/dev/ttyUSB0");
    let modem = ModemAtPort { id: ModemId::of_port(&port), port };
    let message = || {
        let (modem, iccid) = (modem.clone(), iccid.clone());
        let pdu = RawPdu::Text("no PDU".to_owned());
        Question::Store(Received { modem, iccid, doubtful: false, slot: None, pdu, live: false })
    };
    let release = || Question::Release { iccid: iccid.clone() };
    let demands = || Question::ReadDemands { sims: vec![iccid.clone()] };
    let refused = Err(format!("the SIM {iccid} was read at another place last"));
    assert_eq!(other.ask(message()), refused);
    assert_eq!(other.ask(release()), refused);
    assert_eq!(other.ask(demands()), Ok(Answer::Demands(Vec::new())));

    // The card is carried there. What the first site may still have of it comes all the same.
    let sim = SimCard { iccid: iccid.clone(), imsi: None, number: None };
    let read = Question::RecordIdentity { modem: modem.clone(), others: Vec::new(), sim };
    assert!(matches!(other.ask(read), Ok(Answer::Owner(_))));
    assert_eq!(other.ask(message()), Ok(Answer::Done));
    let Ok(Answer::Demands(known)) = other.ask(demands()) else { panic!("no demands") };
    assert_eq!(known.len(), 1);
    let number = pair.site.network().numbers().remove(0);
    pair.send("Uber", &number, "read there before");
    wait_for("the message", || {
        centre.site.messages().iter().any(|message| message["text"] == "read there before")
    });
}
