//! Several SIMs at once: what the operator changes of them, lists of numbers, and the list of all
//! SIMs.

use super::*;
use crate::domain::SimId;
use crate::domain::sim::Pool;

impl Fixture {
    async fn states(&self, sims: impl IntoIterator<Item = u16>) -> Vec<&'static str> {
        let mut states = Vec::new();
        for n in sims {
            states.push(self.gateway.sims().find(iccid(n)).await.unwrap().state());
        }
        states
    }
}

#[tokio::test]
async fn ten_sims_rest_and_come_back_together_or_none_does() {
    let fixture = Fixture::open().await;
    for n in 1..=10 {
        fixture.plug(n).await;
    }
    let sims = fixture.gateway.sims();
    let ten: Vec<Iccid> = (1..=10).map(iccid).collect();
    let rest = SimEdit { rest: Some(Duration::from_secs(3600)), ..SimEdit::default() };
    let retired = SimEdit { retired: Some(true), ..SimEdit::default() };
    let lent = SimEdit { pool: Some(Pool::Rentals), ..SimEdit::default() };
    for (edit, state) in [
        (rest, "resting"),
        (SimEdit::BACK, "available"),
        (retired, "retired"),
        (SimEdit::BACK, "available"),
        (lent, "available"),
    ] {
        let edited = sims.edit_all(ten.clone(), edit).await.unwrap();
        assert!(edited.iter().all(|view| view.state() == state), "{edit:?}: {edited:?}");
        assert_eq!(fixture.states(1..=10).await, [state; 10]);
    }
    let with_unknown = [ten.clone(), vec![iccid(99)]].concat();
    let refused = sims.edit_all(with_unknown, retired).await.unwrap_err();
    assert!(refused.to_string().contains(iccid(99).as_str()), "{refused}");
    assert_eq!(fixture.states(1..=10).await, ["available"; 10]);
    assert!(sims.edit_all(vec![], retired).await.is_err());
    let rows = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let retirements = rows.iter().filter(|row| row.action == "retired").count();
    assert_eq!(retirements, 10, "each is in the audit");
}

#[tokio::test]
async fn a_list_of_numbers_is_set_as_a_whole_and_each_wrong_line_is_named() {
    let fixture = Fixture::open().await;
    let sims = fixture.gateway.sims();
    let card = |n: u16| {
        let mut all =
            (0..10).map(|check| Iccid::from_stored(format!("89310800000000{n:04}{check}")));
        all.find(|iccid| !iccid.has_wrong_check_digit()).unwrap()
    };
    let line = |n: u16| format!("{},+3161299{n:04}\n", card(n));
    let list = |wrong: &str| (1..=99).map(line).collect::<String>() + wrong;
    let faults = |import: &SimImport| {
        let faults = import.faults.iter().map(|fault| (fault.line, fault.fault.clone()));
        faults.collect::<Vec<_>>()
    };
    let wrong = list(&format!("{},12\n", card(100)));
    for dry_run in [true, false] {
        let import = sims.import(wrong.clone(), true, dry_run).await.unwrap();
        let fault = "not a number of any country: write it like +31612345678".to_owned();
        assert_eq!(faults(&import), [(100, fault)]);
        assert_eq!((import.sims.len(), import.is_applied), (99, false));
    }
    let unseen = sims.import(list(""), false, true).await.unwrap();
    assert_eq!(unseen.faults.len(), 99, "none was seen in a modem");
    assert_eq!(sims.list().await.unwrap(), [], "nothing is applied");
    let right = list(&line(100));
    assert!(!sims.import(right.clone(), true, true).await.unwrap().is_applied);
    assert_eq!(sims.list().await.unwrap(), [], "it was only tried");
    assert!(sims.import(right, true, false).await.unwrap().is_applied);
    let known = sims.list().await.unwrap();
    let number = known.last().and_then(|view| view.sim.number.clone()).unwrap();
    assert_eq!((known.len(), number.number.as_str()), (100, "+31612990100"));
    // Of two SIMs with one number both are shown as they are in the end.
    let twice = format!("{},+31612999999\n{},+31612990001\n", card(2), card(3));
    let import = sims.import(twice, false, true).await.unwrap();
    let states: Vec<_> = import.sims.iter().map(|one| one.sim.state()).collect();
    assert_eq!(states, ["offline", "contested"]);
    assert!(sims.import(String::new(), true, true).await.is_err());
}

#[tokio::test]
async fn the_list_is_filtered_by_state_and_digits_and_read_page_by_page() {
    let fixture = Fixture::open().await;
    for n in 1..=5 {
        fixture.plug(n).await;
    }
    fixture.silence(2);
    let page = async |wanted: SimsWanted| {
        let wanted = SimsWanted { limit: 3, ..wanted };
        let page = fixture.gateway.sims().page(wanted, Freshness::Recent).await.unwrap();
        let ids = page.sims.iter().map(|view| view.sim.id.0).collect::<Vec<_>>();
        (ids, page)
    };
    let all = SimsWanted::default;
    let (ids, first) = page(all()).await;
    assert_eq!(ids, [5, 4, 3], "the newest first");
    assert_eq!(first.counts, BTreeMap::from([("available", 4), ("offline", 1)]));
    assert_eq!(first.countries, ["NL".to_owned()].into());
    let before = first.sims.last().map(|view| view.sim.id);
    assert_eq!(page(SimsWanted { before, ..all() }).await.0, [2, 1]);
    let state = Some("Offline".to_owned());
    assert_eq!(page(SimsWanted { state, ..all() }).await.0, [2]);
    for (digits, hides_numbers, expected) in [
        ("06-1200 0004", false, &[4][..]),
        ("+31612000004", false, &[4]),
        ("+31612000004", true, &[]),
        ("0000003", true, &[3]),
        ("0000", false, &[5, 4, 3]),
        ("204081", true, &[5, 4, 3]),
        ("", false, &[5, 4, 3]),
    ] {
        let digits = Some(digits.to_owned());
        let (ids, _) = page(SimsWanted { digits, hides_numbers, ..all() }).await;
        assert_eq!(ids, expected, "{hides_numbers}");
    }
    let pool = Some(Pool::Rentals);
    assert_eq!(page(SimsWanted { pool, ..all() }).await.0, [0; 0]);
    fixture.sms(4, "Uber", "hello").await;
    let silent = Some(Duration::from_secs(3600));
    let (ids, _) = page(SimsWanted { silent, ..all() }).await;
    assert_eq!(ids, [0; 0], "all of them have just come");
    let (_, rows) = page(all()).await;
    assert!(rows.activity[&SimId(5)].last_message_at.is_none());
    assert!(rows.activity[&SimId(4)].last_message_at.is_some());
    assert!(!rows.activity.contains_key(&SimId(1)), "only what is on the page is read");
    fixture.pass(3601);
    fixture.sms(4, "Uber", "hello").await;
    let (ids, _) = page(SimsWanted { silent, ..all() }).await;
    assert_eq!(ids, [5, 3, 2], "one has just received something");
    fixture.pass(3601);
    assert_eq!(page(SimsWanted { silent, ..all() }).await.0, [5, 4, 3]);
    let unknown = SimsWanted { state: Some("good".into()), ..all() };
    let refused = fixture.gateway.sims().page(unknown, Freshness::Recent).await.unwrap_err();
    assert!(refused.to_string().contains("rented_off_air"), "{refused}");
}

#[tokio::test]
async fn the_states_of_all_sims_are_shared_for_a_second_unless_the_operator_changes_one() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let count = async |freshness| {
        let wanted = SimsWanted { limit: 9, ..SimsWanted::default() };
        let page = fixture.gateway.sims().page(wanted, freshness).await.unwrap();
        page.counts.get("available").copied().unwrap_or_default()
    };
    assert_eq!(count(Freshness::Recent).await, 1);
    fixture.plug(2).await;
    assert_eq!(count(Freshness::Recent).await, 1, "as it was a moment ago");
    fixture.pass(1);
    assert_eq!(count(Freshness::Recent).await, 2);
    fixture.gateway.sims().set_retired(iccid(1), true).await.unwrap();
    assert_eq!(count(Freshness::Recent).await, 1, "what the operator did is seen at once");
    fixture.plug(3).await;
    assert_eq!(count(Freshness::Next).await, 2, "what has changed is waited for");
}
