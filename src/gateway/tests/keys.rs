//! Keys: what they open, until when, and when they were used.

use super::*;
use crate::domain::audit::Actor;
use crate::domain::key::KeyMode;
use crate::store::Key;

#[tokio::test]
async fn keys_open_their_account_until_revoked() {
    let fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 0).await;
    let made = fixture
        .gateway
        .accounts()
        .add_key("ann".into(), KeyMode::Live, KeyEdit::default())
        .await
        .unwrap();
    let digest = made.key.digest();
    assert_eq!(
        fixture
            .gateway
            .accounts()
            .holder_of_key(digest)
            .await
            .unwrap()
            .map(|holder| holder.account),
        Some(ann)
    );
    assert!(fixture.gateway.accounts().revoke_key("ffff".into()).await.is_err());
    fixture.gateway.accounts().revoke_key(made.key.prefix()).await.unwrap();
    assert_eq!(fixture.gateway.accounts().holder_of_key(digest).await.unwrap(), None);
}

async fn opens(fixture: &Fixture, digest: [u8; 32]) -> bool {
    fixture.gateway.accounts().holder_of_key(digest).await.unwrap().is_some()
}

async fn only_key(fixture: &Fixture) -> Key {
    fixture.gateway.accounts().keys(ListRequest::default()).await.unwrap().remove(0)
}

#[tokio::test]
async fn a_key_expires_at_its_time_also_where_it_is_remembered() {
    let fixture = Fixture::open().await;
    fixture.customer("ann", 0).await;
    let accounts = fixture.gateway.accounts();
    let until = |seconds| KeyEdit {
        expires_at: Some(Some(fixture.gateway.now().plus(Duration::from_secs(seconds)))),
        ..KeyEdit::default()
    };
    let key = accounts.add_key("ann".into(), KeyMode::Live, until(60)).await.unwrap().key;
    let digest = key.digest();
    fixture.pass(59);
    assert!(opens(&fixture, digest).await && accounts.remembered_holder(&digest).is_some());
    fixture.pass(1);
    assert!(!opens(&fixture, digest).await && accounts.remembered_holder(&digest).is_none());
    accounts.edit_key(key.prefix(), until(10)).await.unwrap();
    assert!(opens(&fixture, digest).await, "it was given more time");
    let refused = accounts.edit_key(key.prefix(), until(0)).await.unwrap_err().to_string();
    assert!(refused.contains("to end it at once, revoke it"), "{refused}");
    let never = KeyEdit { expires_at: Some(None), ..KeyEdit::default() };
    accounts.edit_key(key.prefix(), never).await.unwrap();
    fixture.pass(10);
    assert!(opens(&fixture, digest).await);
    accounts.revoke_key(key.prefix()).await.unwrap();
    let refused = accounts.edit_key(key.prefix(), until(10)).await.unwrap_err().to_string();
    assert!(refused.contains("no working key begins with"), "a revoked key stays so: {refused}");
}

#[tokio::test]
async fn a_change_of_a_key_leaves_the_rest_of_it() {
    let fixture = Fixture::open().await;
    fixture.customer("ann", 0).await;
    let accounts = fixture.gateway.accounts();
    let terms = KeyEdit {
        allowed: Some(vec!["192.0.2.0/24".into()]),
        label: Some(Some(" shop ".into())),
        ..KeyEdit::default()
    };
    let key = accounts.add_key("ann".into(), KeyMode::Live, terms).await.unwrap().key;
    let mut follower = accounts.follow_keys();
    follower.mark_unchanged();
    let allowed = Some(vec!["198.51.100.7".into(), "2001:db8::/32".into()]);
    let edit = KeyEdit { allowed, ..KeyEdit::default() };
    let edited = accounts.edit_key(key.prefix(), edit).await.unwrap();
    assert_eq!(edited.terms.allowed.as_deref(), Some("198.51.100.7/32 2001:db8::/32"));
    assert_eq!(edited.terms.label.as_deref(), Some("shop"));
    assert!(follower.has_changed().unwrap(), "requests under way look again");
    let edit = KeyEdit { allowed: Some(Vec::new()), label: Some(None), ..KeyEdit::default() };
    let edited = accounts.edit_key(key.prefix(), edit).await.unwrap();
    assert_eq!((edited.terms.allowed, edited.terms.label), (None, None));
    for (edit, why) in [
        (KeyEdit { allowed: Some(vec!["here".into()]), ..KeyEdit::default() }, "not an address"),
        (KeyEdit { label: Some(Some(" ".into())), ..KeyEdit::default() }, "1 to 80 characters"),
        (KeyEdit { label: Some(Some("x".repeat(81))), ..KeyEdit::default() }, "1 to 80 characters"),
        (KeyEdit { label: Some(Some("a\u{202e}".into())), ..KeyEdit::default() }, "cannot be seen"),
    ] {
        let refused = accounts.edit_key(key.prefix(), edit).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
    let audit = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let changed = audit.iter().filter(|row| row.action == "changed").count();
    assert_eq!(changed, 2, "what was refused stands nowhere");
    let last = audit.last().unwrap();
    let subject = format!(
        "key {} of account ann, from: for 198.51.100.7/32 2001:db8::/32 labelled \
                           shop; to:",
        key.prefix()
    );
    assert_eq!(last.subject, subject);
}

#[tokio::test]
async fn the_last_use_of_a_key_is_known_and_survives_a_stop() {
    let mut fixture = Fixture::open().await;
    fixture.customer("ann", 0).await;
    let key = fixture
        .gateway
        .accounts()
        .add_key("ann".into(), KeyMode::Live, KeyEdit::default())
        .await
        .unwrap();
    let digest = key.key.digest();
    assert_eq!(only_key(&fixture).await.last_used_at, None);
    for seconds in [1, 5] {
        fixture.pass(seconds);
        let now = fixture.gateway.now();
        fixture.gateway.accounts().note_key_use(digest, now);
    }
    let used_at = fixture.gateway.now();
    fixture.gateway.accounts().save_key_events().await.unwrap();
    fixture.restart().await;
    assert_eq!(only_key(&fixture).await.last_used_at, Some(used_at));
}

#[tokio::test]
async fn customers_make_change_and_revoke_keys_of_their_own_and_no_others() {
    let fixture = Fixture::open().await;
    let (ann, bob) = (fixture.customer("ann", 0).await, fixture.customer("bob", 0).await);
    let accounts = fixture.gateway.accounts();
    let by = |account| Requester::signed_in(account, Some([192, 0, 2, 7].into()));
    let made = accounts.add_own_key(by(ann), KeyEdit::default()).await.unwrap();
    let (prefix, digest) = (made.key.prefix(), made.key.digest());
    assert_eq!((made.account.id, opens(&fixture, digest).await), (ann, true));
    assert!(accounts.own_keys(bob).await.unwrap().is_empty());
    let networks = KeyEdit { allowed: Some(vec!["192.0.2.0/24".into()]), ..KeyEdit::default() };
    let refused = accounts.edit_own_key(by(bob), prefix.clone(), networks.clone()).await;
    let refused = refused.unwrap_err().to_string();
    assert_eq!(refused, format!("your account has no key {prefix} that works"));
    assert!(accounts.revoke_own_key(by(bob), prefix.clone()).await.is_err());
    let edited = accounts.edit_own_key(by(ann), prefix.clone(), networks).await.unwrap();
    assert_eq!(edited.terms.allowed.as_deref(), Some("192.0.2.0/24"));
    accounts.revoke_own_key(by(ann), prefix.clone()).await.unwrap();
    assert!(!opens(&fixture, digest).await, "a revoked key opens nothing at once");
    assert!(accounts.revoke_own_key(by(ann), prefix.clone()).await.is_err(), "it is revoked");
    assert!(accounts.own_keys(ann).await.unwrap()[0].revoked_at.is_some());
    let rows = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let of_ann: Vec<_> = rows.iter().filter(|row| row.actor == Actor::Account(ann)).collect();
    let actions: Vec<&str> = of_ann.iter().map(|row| row.action.as_str()).collect();
    assert_eq!(actions, ["added a key", "changed", "revoked a key"]);
    assert!(of_ann.iter().all(|row| row.client.as_deref() == Some("192.0.2.7")), "{of_ann:?}");
}

#[tokio::test]
async fn a_customer_has_only_so_many_keys_that_work() {
    let fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 0).await;
    let accounts = fixture.gateway.accounts();
    let mut last = String::new();
    for _ in 0..50 {
        last = accounts.add_own_key(ann.into(), KeyEdit::default()).await.unwrap().key.prefix();
    }
    let refused = accounts.add_own_key(ann.into(), KeyEdit::default()).await.unwrap_err();
    assert!(refused.to_string().contains("has 50 keys"), "{refused}");
    accounts.add_key("ann".into(), KeyMode::Live, KeyEdit::default()).await.unwrap();
    accounts.revoke_own_key(ann.into(), last.clone()).await.unwrap();
    accounts.revoke_key(accounts.own_keys(ann).await.unwrap()[0].prefix.clone()).await.unwrap();
    accounts.add_own_key(ann.into(), KeyEdit::default()).await.unwrap();
}
