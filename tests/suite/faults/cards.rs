//! What comes into a modem's own store while its cards are exchanged.

use simbridge::simulator::{Fault, Scenario, families};

use super::rig::Rig;

const MINUTE_MS: u64 = 60_000;

/// Two modems of a family that work.
fn two_modems(family: &str) -> (Rig, [String; 2]) {
    let modem = format!("[[modem]]\nfamily = \"{family}\"\n");
    let mut rig = Rig::new(&Scenario::parse(&modem.repeat(2)).unwrap());
    rig.run_until_working(10 * MINUTE_MS).unwrap_or_else(|told| panic!("{family}: {told}"));
    let cards: Vec<String> =
        rig.bench.network().stats().into_iter().filter_map(|modem| modem.iccid).collect();
    (rig, cards.try_into().unwrap())
}

/// The first modem's card is locked while a text for it waits, and the modem forgets where it is to
/// store messages. When the card is unlocked, the text is there before the session looks: it is not
/// told of anything.
fn lock_and_unlock(rig: &mut Rig, text: &str) {
    rig.fault(0, &Fault::SimBlocked);
    rig.run_for(2_000);
    rig.send(0, text);
    rig.run_for(10_000);
    rig.fault(0, &Fault::SettingsLost);
    rig.run_for(2 * MINUTE_MS);
    rig.fault(0, &Fault::DropUrcs { count: 100 });
    rig.fault(0, &Fault::SimUnlocked);
}

fn check(rig: &mut Rig, family: &str) {
    rig.run_until_working(10 * MINUTE_MS).unwrap_or_else(|told| panic!("{family}: {told}"));
    assert_eq!(rig.faults_found(), Vec::<String>::new(), "{family}");
}

#[test]
fn what_waited_for_a_card_is_not_that_cards_which_was_in_before() {
    let mut nobodys = 0;
    for family in families() {
        let (mut rig, [own, other]) = two_modems(family);
        rig.fault(0, &Fault::SimIn { iccid: other.clone() });
        rig.run_for(2 * MINUTE_MS);
        rig.fault(0, &Fault::SimIn { iccid: own });
        lock_and_unlock(&mut rig, "waited");
        rig.fault(1, &Fault::SimIn { iccid: other });
        check(&mut rig, family);
        nobodys += usize::from(rig.kept.is_doubtful("waited"));
        rig.send(0, "came later");
        check(&mut rig, family);
        assert!(!rig.kept.is_doubtful("came later"), "{family}");
    }
    assert!(nobodys >= 3, "{nobodys}");
}

#[test]
fn what_waited_for_a_card_that_never_left_its_modem_is_its_own() {
    for family in families() {
        let (mut rig, _) = two_modems(family);
        lock_and_unlock(&mut rig, "waited");
        check(&mut rig, family);
        assert!(!rig.kept.is_doubtful("waited"), "{family}");
    }
}
