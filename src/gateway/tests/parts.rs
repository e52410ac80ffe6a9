//! Parts of long messages find their message in the database by the rule of `sms::place`.

use proptest::prelude::*;

use super::*;
use crate::domain::message::{MessageKind, Owner};
use crate::sms::{Concat, PartSet, place};
use crate::store::{NewAssembly, NewMessage, NewPart};

const WINDOW_S: i64 = 3600;

/// One part as it arrives: its number, and its time in seconds.
type Part = (u8, i64);

fn at(seconds: i64) -> Timestamp {
    Timestamp(START_US + seconds * SECOND_US)
}

fn utc(seconds: i64) -> DateTime<chrono::Utc> {
    DateTime::from_timestamp_micros(at(seconds).0).unwrap()
}

/// To which message each part goes by the plain rule. A message that is complete takes no more.
fn by_the_rule(parts: &[Part], total: u8) -> Vec<usize> {
    let mut sets: Vec<PartSet> = Vec::new();
    let mut places = Vec::new();
    for (sequence, seconds) in parts {
        let concat = Concat { reference: 7, total, sequence: *sequence, wide: false };
        let open: Vec<usize> = (0..sets.len()).rev().filter(|n| !sets[*n].is_complete()).collect();
        let known: Vec<PartSet> = open.iter().map(|n| sets[*n].clone()).collect();
        let window = chrono::TimeDelta::seconds(WINDOW_S);
        let place = place(&known, "Uber", concat, utc(*seconds), window).map(|index| open[index]);
        places.push(place.unwrap_or(sets.len()));
        match place {
            Some(n) => sets[n].add(*sequence, utc(*seconds)),
            None => sets.push(PartSet::new("Uber", concat, utc(*seconds))),
        }
    }
    places
}

/// To which message each part goes in the database.
async fn by_the_database(parts: Vec<Part>, total: u8) -> Vec<usize> {
    let fixture = Fixture::open().await;
    let store = fixture.gateway.0.env.store.clone();
    let placed = store.write(move |tx| {
        let sim = tx.ensure_sim(&iccid(1), at(0))?.id;
        let like =
            NewAssembly { sim, doubtful: false, sender: "Uber", reference: 7, wide: false, total };
        let mut places = Vec::new();
        for (n, (sequence, seconds)) in parts.into_iter().enumerate() {
            let mut digest = [0; 32];
            digest[0] = u8::try_from(n).unwrap();
            let part = tx.add_part(&NewPart {
                sim,
                digest: &digest,
                pdu: &[],
                modem: &modem(1).id,
                smsc: None,
                stamp: Some(at(seconds)),
                received_at: at(seconds),
                live: false,
                error: None,
                message: None,
            })?;
            let window = Duration::from_secs(WINDOW_S.unsigned_abs());
            let id = match tx.assembly_of_part(&like, sequence, at(seconds), window)? {
                Some(found) => {
                    tx.widen_assembly(found.id, at(seconds))?;
                    found.id
                }
                None => tx.add_assembly(&like, at(seconds), at(seconds))?,
            };
            tx.place_part(part, id, sequence)?;
            if tx.part_count(id)? == i64::from(total) {
                let whole = NewMessage {
                    doubtful: false,
                    sim,
                    kind: MessageKind::Text,
                    sender: Some("Uber"),
                    text: None,
                    detail: None,
                    code: None,
                    sent_at: None,
                    received_at: at(seconds),
                    complete: true,
                    owner: &Owner::Nobody,
                    withheld: None,
                    settled_at: None,
                    service: None,
                };
                tx.set_shown_message(id, tx.add_message(&whole)?, true)?;
            }
            places.push(usize::try_from(id.0).unwrap() - 1);
        }
        Ok::<_, StoreError>(places)
    });
    placed.await.unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_database_finds_the_message_that_the_rule_names(
        parts in proptest::collection::vec((1..4u8, -9_000..9_000i64), 1..16)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(by_the_database(parts.clone(), 3));
        prop_assert_eq!(found, by_the_rule(&parts, 3));
    }
}
