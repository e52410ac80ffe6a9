//! What must hold for any octets that come over a connection between a site and the centre. The
//! fuzz target `wire` calls it, and so does a bounded run in the ordinary tests.

use simbridge::domain::{Moment, Timestamp};
use simbridge::wire::{
    BootId, CentreSession, FrameReader, FromCentre, FromSite, Identity, MAX_FRAME, SILENCE,
    SiteKey, SiteSession,
};

const NOW: Timestamp = Timestamp(1_782_133_023_000_000);

/// Gives the octets to both ends of a connection, line by line.
pub fn frames(octets: &[u8]) {
    let start = Moment::default();
    let identity = Identity {
        site: "ams".parse().expect("a site's name"),
        key: SiteKey::from_entropy([7; 32]),
        boot: BootId::from_entropy([9; 16]),
        version: "0.1.0".to_owned(),
    };
    let mut site = SiteSession::new(identity, start);
    site.connected(start);
    assert!(site.next_frame(start, NOW).is_some(), "a site says who it is");
    let mut centre = CentreSession::new(start, SILENCE);
    let (mut reader, mut input) = (FrameReader::default(), octets);
    while let Ok(Some(line)) = reader.next_line(&mut input) {
        assert!(line.len() <= MAX_FRAME && !line.contains('\n'));
        read_back(&line);
        let _ = (site.take_line(&line, start, NOW), centre.take_line(&line, start, NOW));
        centre.welcome();
        while let Some(frame) = centre.next_frame(start, NOW) {
            let _ = site.take_line(frame.trim_end(), start, NOW);
        }
        while site.next_frame(start, NOW).is_some() {}
    }
}

/// What is understood is written as it was read.
fn read_back(line: &str) {
    if let Ok(frame) = FromSite::from_line(line, NOW)
        && let Some(written) = frame.clone().to_line(NOW)
    {
        assert_eq!(FromSite::from_line(written.trim_end(), NOW), Ok(frame));
    }
    if let Ok(frame) = FromCentre::from_line(line, NOW)
        && let Some(written) = frame.clone().to_line(NOW)
    {
        assert_eq!(FromCentre::from_line(written.trim_end(), NOW), Ok(frame));
    }
}
