//! What is kept of an account is handed out, and erased.

use super::*;
use crate::store::Erasure;

const NAME: &str = "Zacharias Zwolle";

/// SIM 1 with Zacharias, who ordered on it, rented it until now and is owed nothing, and Bob.
async fn gone_customer() -> (Fixture, AccountId, AccountId) {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let (gone, bob) = (fixture.customer(NAME, 5_000).await, fixture.customer("bob", 100).await);
    fixture.order(gone, uber).await;
    fixture.pass(5);
    fixture.sms(1, "Uber", "secret code 181818").await;
    fixture.pass(5 * 3600);
    fixture.report(1);
    let rented = fixture.gateway.rentals().rent(gone, Some("nl"), "1m", false).await.unwrap();
    let Rent::Made(rental) = rented else { panic!("{rented:?}") };
    fixture.pass(5);
    for n in 0..450 {
        let text = format!("dear tenant {n}");
        fixture.sms(1, "Friend", &text).await;
    }
    fixture.clock.store(rental.expires_at.0, Ordering::SeqCst);
    fixture.gateway.due_work().run_due_work().await.unwrap();
    (fixture, gone, bob)
}

fn give_back(fixture: &Fixture, cents: i64) -> impl Future<Output = Result<Account, Error>> {
    let (amount, note) = (Amount(-cents), format!("given to {NAME} by hand"));
    let accounts = fixture.gateway.accounts();
    accounts.adjust_balance(NAME.to_owned(), amount, note, format!("cheque of {NAME}"))
}

/// The files of the database, which must not have any of these texts.
fn assert_nowhere(fixture: &Fixture, texts: &[&str]) {
    for ending in ["", "-wal"] {
        let path = fixture.dir.path().join(format!("test.db{ending}"));
        let file = std::fs::read(path).unwrap_or_default();
        for text in texts {
            let is_there = file.windows(text.len()).any(|part| part == text.as_bytes());
            assert!(!is_there, "{text} stands in the file {ending}");
        }
    }
}

#[tokio::test]
async fn nothing_personal_of_an_erased_account_is_left_and_the_books_are() {
    let (fixture, gone, bob) = gone_customer().await;
    let key = fixture.gateway.accounts().add_key(
        NAME.to_owned(),
        KeyMode::Live,
        KeyEdit {
            label: Some(Some("his telephone".to_owned())),
            allowed: Some(vec!["198.51.100.7".to_owned()]),
            ..KeyEdit::default()
        },
    );
    let digest = key.await.unwrap().key.digest();
    let erase = || fixture.gateway.accounts().erase(NAME.to_owned(), false);
    let refused = erase().await.unwrap_err().to_string();
    assert!(refused.contains("has 33.30 USD"), "{refused}");
    give_back(&fixture, 3330).await.unwrap();
    let ledger = || fixture.gateway.accounts().ledger(gone.to_string(), ListRequest::default());
    let before = ledger().await.unwrap();
    let erased = erase().await.unwrap();
    assert_eq!((erased.account.name.as_str(), erased.is_overwritten), ("erased-1", true));
    let texts = ["Zacharias", "181818", "dear tenant", "his telephone", "198.51.100.7", "cheque"];
    assert_nowhere(&fixture, &texts);
    assert_eq!(fixture.faults().await, Vec::<String>::new());
    let amounts = |rows: &[LedgerRow]| -> Vec<(i64, i64, i64)> {
        rows.iter().map(|row| (row.entry.id, row.entry.balance.0, row.entry.held.0)).collect()
    };
    assert_eq!(amounts(&ledger().await.unwrap()), amounts(&before));
    assert!(fixture.gateway.accounts().ledger_adds_up(gone).await.unwrap());
    assert_eq!(fixture.gateway.accounts().holder_of_key(digest).await.unwrap(), None);
    let audit = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let last = audit.last().unwrap();
    assert_eq!((last.action.as_str(), last.subject.as_str()), ("erased", "account 1"));
    assert!(audit.iter().any(|row| row.subject.starts_with("account 1 erased-1: 50.00 USD")));
    assert!(audit.iter().any(|row| row.subject.starts_with("account 2 bob: 1.00 USD")));
    assert_eq!(fixture.funds(bob).await, (100, 0));
    for refused in [
        fixture.gateway.accounts().top_up("1".into(), Amount(5), "x".into()).await.unwrap_err(),
        fixture.gateway.accounts().set_suspended("1".into(), false).await.unwrap_err(),
        fixture
            .gateway
            .accounts()
            .add_key("1".into(), KeyMode::Live, KeyEdit::default())
            .await
            .unwrap_err(),
        fixture.gateway.accounts().erase("1".into(), false).await.unwrap_err(),
    ] {
        assert!(refused.to_string().contains("account 1 was erased"), "{refused}");
    }
}

#[tokio::test]
async fn what_is_open_is_not_erased() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.plug(2).await;
    let uber = fixture.service("Uber", &["^Uber$"]).await;
    let ann = fixture.customer("ann", 1670).await;
    let erase = || fixture.gateway.accounts().erase("ann".into(), false);
    fixture.order(ann, uber).await;
    let refused = erase().await.unwrap_err().to_string();
    assert!(refused.contains("order 1 of account 1 ann is open or still"), "{refused}");
    fixture.pass(5);
    fixture.sms(1, "Uber", "code 181818").await;
    let refused = erase().await.unwrap_err().to_string();
    assert!(refused.contains("order 1 of account 1 ann is open or still"), "{refused}");
    fixture.report(2);
    let rented = fixture.gateway.rentals().rent(ann, Some("nl"), "1m", false).await.unwrap();
    assert!(matches!(rented, Rent::Made(_)), "{rented:?}");
    fixture.pass(600);
    let refused = erase().await.unwrap_err().to_string();
    assert!(refused.contains("rental 1 of account 1 ann is active"), "{refused}");
}

#[tokio::test]
async fn an_erasure_that_was_broken_off_is_finished_after_a_restart() {
    let (mut fixture, gone, _) = gone_customer().await;
    give_back(&fixture, 3330).await.unwrap();
    let erasure = Erasure { account: gone, name: NAME.to_owned() };
    let store = fixture.gateway.0.env.store.clone();
    let begun = store.write(move |tx| tx.begin_erasure(&erasure, "erased-1", Timestamp(1)));
    begun.await.unwrap_or_else(|error: StoreError| panic!("{error}"));
    drop(store);
    fixture.restart().await;
    fixture.gateway.accounts().finish_erasures().await.unwrap();
    assert_nowhere(&fixture, &["Zacharias", "181818", "dear tenant", "cheque"]);
    assert_eq!(fixture.faults().await, Vec::<String>::new());
    fixture.gateway.accounts().finish_erasures().await.unwrap();
}

#[tokio::test]
async fn verify_finds_what_is_left_of_an_erased_account() {
    let (fixture, _, _) = gone_customer().await;
    give_back(&fixture, 3330).await.unwrap();
    fixture.gateway.accounts().erase(NAME.into(), false).await.unwrap();
    fixture.carry_out(crate::store::attacks::TEXT_OF_ERASED).unwrap();
    assert_eq!(
        fixture.faults().await,
        ["account 1: it was erased, and something personal of it is left"]
    );
}

#[tokio::test]
async fn an_export_has_all_of_one_account_and_nothing_of_others() {
    let (fixture, gone, bob) = gone_customer().await;
    let accounts = fixture.gateway.accounts();
    for n in 0..1_100 {
        accounts.top_up(NAME.into(), Amount(1), format!("again {n}")).await.unwrap();
    }
    let endpoint = fixture.endpoint(gone).await;
    fixture.endpoint(bob).await;
    for (account, login) in [(NAME, "zach"), ("bob", "bob")] {
        let invited = fixture.gateway.people().invite_customer(account.into(), Some(login.into()));
        invited.await.unwrap();
    }
    let uber = ServiceId(1);
    fixture.pass(40 * 24 * 3600);
    fixture.report(1);
    let made = fixture.make(bob, uber).await;
    assert_eq!(made, MakeOrder::NoPhone, "it was used");
    let taken = Arc::new(parking_lot::Mutex::new(Vec::new()));
    let take = Arc::clone(&taken);
    let id = accounts.begin_export(NAME.into()).await.unwrap();
    assert_eq!(id, gone);
    accounts
        .export(id, move |piece| {
            take.lock().push(piece);
            Ok(())
        })
        .await
        .unwrap();
    let taken = std::mem::take(&mut *taken.lock());
    let count = |is_it: fn(&Exported) -> bool| taken.iter().filter(|piece| is_it(piece)).count();
    // A top-up, a hold, a capture and a term, and what was topped up again.
    assert_eq!(count(|piece| matches!(piece, Exported::Entry(_))), 1_104);
    assert_eq!(count(|piece| matches!(piece, Exported::Order(_))), 1);
    assert_eq!(count(|piece| matches!(piece, Exported::Webhook(_))), 1);
    assert_eq!(count(|piece| matches!(piece, Exported::Login(_))), 1);
    assert!(taken.iter().all(|piece| match piece {
        Exported::Entry(_) | Exported::Key(_) | Exported::Price(_) | Exported::End => true,
        Exported::Account(exported) => exported.0.id == gone,
        Exported::Event(event) => event.account == gone,
        Exported::Webhook(webhook) => (webhook.0.id, webhook.1.as_str()) == (endpoint, NAME),
        Exported::Login(login) => login.0.kind.account() == Some(gone),
        Exported::Order(kept) => kept.view.account == NAME && kept.messages.len() == 1,
        Exported::Rental(kept) => kept.view.account == NAME && kept.messages.len() == 450,
        Exported::Audit(row) => {
            row.actor != crate::domain::audit::Actor::Account(bob)
                && !row.subject.contains("account 2")
        }
    }));
    assert!(matches!(taken.last(), Some(Exported::End)));
    let audit = fixture.gateway.audit().rows(1.into()).await.unwrap();
    assert_eq!(audit[0].action, "exported");
}
