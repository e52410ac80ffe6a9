//! Keys: what they open, until when, and when they were used.

use super::*;
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
    assert!(refused.contains("`simbridge key revoke` ends it at once"), "{refused}");
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
