//! How long sessions last, and what ends them.

use super::*;
use crate::domain::login::Permission;

#[tokio::test]
async fn a_session_ends_after_its_rest_or_its_age_and_is_removed_later() {
    for (side, rest, age) in
        [(Side::Console, 12 * HOUR, 7 * DAY), (Side::Portal, 14 * DAY, 60 * DAY)]
    {
        let mut fixture = Fixture::open().await;
        let session = match side {
            Side::Console => fixture.operator("ann", Role::Owner).await,
            Side::Portal => fixture.portal_customer("ann").await,
        };
        let mut passed = 0;
        while passed + rest - 1 < age {
            fixture.pass(rest - 1);
            passed += rest - 1;
            assert!(fixture.session(side, &session).await.is_some(), "{side:?} {passed}");
        }
        fixture.pass(age - passed - 1);
        assert!(fixture.session(side, &session).await.is_some(), "{side:?}");
        fixture.pass(1);
        assert_eq!(fixture.session(side, &session).await, None, "{side:?} it is too old");
        let rested = token(fixture.sign_in(side, "ann", PASSWORD, 1).await);
        fixture.pass(rest);
        assert_eq!(fixture.session(side, &rested).await, None, "{side:?} it has rested");
        fixture.restart().await;
        assert_eq!(fixture.session(side, &rested).await, None, "{side:?} after a restart");
        assert_eq!(stored(&fixture).await, 2);
        fixture.gateway.due_work().run_due_work().await.unwrap();
        assert_eq!(stored(&fixture).await, 1, "{side:?} the first ended long ago");
        fixture.pass(HOUR);
        let next = fixture.gateway.due_work().run_due_work().await.unwrap();
        assert_eq!((stored(&fixture).await, next), (0, None), "{side:?}");
    }
}

async fn stored(fixture: &Fixture) -> i64 {
    let count = |rows: &crate::store::ReadTx<'_>| {
        let sides = [Side::Console, Side::Portal];
        let mut logins = Vec::new();
        for side in sides {
            logins.extend(rows.logins(side)?);
        }
        Ok::<_, StoreError>(logins.iter().map(|login| i64::from(login.sessions)).sum::<i64>())
    };
    fixture.gateway.0.env.store.read(count).await.unwrap()
}

#[tokio::test]
async fn links_that_nobody_used_are_removed_later() {
    let fixture = Fixture::open().await;
    fixture.people().add_operator("ann".into(), None).await.unwrap();
    let due = || fixture.gateway.due_work().run_due_work();
    assert!(due().await.unwrap().is_some());
    fixture.pass(DAY + HOUR);
    assert_eq!(due().await.unwrap(), None);
    let ann = fixture.people().list(Side::Console, ListRequest::default()).await.unwrap().remove(0);
    assert_eq!((ann.state, ann.invited_until), (LoginState::Invited, None));
}

#[tokio::test]
async fn uses_of_a_session_are_written_every_ten_minutes() {
    let mut fixture = Fixture::open().await;
    let session = fixture.operator("ann", Role::Owner).await;
    let began = fixture.gateway.now();
    let last = async |fixture: &Fixture| {
        let ann = fixture.signed_in(&session).await;
        fixture.people().sessions(&ann).await.unwrap().remove(0).last
    };
    fixture.pass(10 * MINUTE - 1);
    assert_eq!(last(&fixture).await, began);
    fixture.pass(1);
    fixture.signed_in(&session).await;
    // That use is handed to the writer by a task of its own, which runs now. The writer takes
    // operations in their order: the next one comes after that use.
    tokio::task::yield_now().await;
    fixture.customer("zoe", 0).await;
    let used = fixture.gateway.now();
    assert_eq!(last(&fixture).await, used);
    fixture.pass(12 * HOUR - 1);
    fixture.restart().await;
    assert_eq!(fixture.signed_in(&session).await.name.as_str(), "ann");
}

#[tokio::test]
async fn one_session_ends_another_and_none_of_others() {
    let fixture = Fixture::open().await;
    let first = fixture.operator("ann", Role::Owner).await;
    fixture.pass(5);
    let second = token(fixture.sign_in(Side::Console, "ann", PASSWORD, 2).await);
    let stranger = fixture.operator("ben", Role::Operator).await;
    let people = fixture.people();
    let (ann, ben) = (fixture.signed_in(&first).await, fixture.signed_in(&stranger).await);
    let listed = people.sessions(&ann).await.unwrap();
    let shown: Vec<_> = listed
        .iter()
        .map(|it| (it.address.as_deref(), it.browser.as_str(), it.is_current))
        .collect();
    assert_eq!(
        shown,
        [
            (Some("192.0.2.2"), "Firefox\u{fffd}", false),
            (Some("192.0.2.1"), "Firefox\u{fffd}", true)
        ]
    );
    let follower = people.follow_sessions();
    assert!(!people.end_session(&ben, listed[0].id).await.unwrap());
    assert!(fixture.session(Side::Console, &second).await.is_some());
    assert!(!follower.has_changed().unwrap());
    assert!(people.end_session(&ann, listed[0].id).await.unwrap());
    assert_eq!(fixture.session(Side::Console, &second).await, None);
    assert!(follower.has_changed().unwrap());
    assert!(!people.end_session(&ann, listed[0].id).await.unwrap(), "it has ended");
    people.sign_out(&ann).await.unwrap();
    assert_eq!(fixture.session(Side::Console, &first).await, None);
    assert!(fixture.session(Side::Console, &stranger).await.is_some());
}

#[tokio::test]
async fn whoever_is_shut_out_is_out_at_once() {
    let fixture = Fixture::open().await;
    fixture.operator("own", Role::Owner).await;
    let people = fixture.people();
    let ann = fixture.operator("ann", Role::Operator).await;
    assert!(fixture.signed_in(&ann).await.may(Permission::Act));
    people.set_role("ann".into(), Role::Viewer).await.unwrap();
    assert!(!fixture.signed_in(&ann).await.may(Permission::Act), "the role is another");
    people.set_disabled("ann".into(), Side::Console, true).await.unwrap();
    assert_eq!(fixture.session(Side::Console, &ann).await, None);
    people.set_disabled("ann".into(), Side::Console, false).await.unwrap();
    assert_eq!(fixture.session(Side::Console, &ann).await, None, "it has ended");
    let ann = token(fixture.sign_in(Side::Console, "ann", PASSWORD, 1).await);
    fixture.signed_in(&ann).await;
    people.remove("ann".into(), Side::Console).await.unwrap();
    assert_eq!(fixture.session(Side::Console, &ann).await, None);
    let bob = fixture.portal_customer("bob").await;
    assert!(fixture.session(Side::Portal, &bob).await.is_some());
    let suspend = |suspended| fixture.gateway.accounts().set_suspended("bob".into(), suspended);
    suspend(true).await.unwrap();
    assert_eq!(fixture.session(Side::Portal, &bob).await, None, "its account is suspended");
    let shut = fixture.sign_in(Side::Portal, "bob", PASSWORD, 1).await;
    assert_eq!(shut, SignInOutcome::Shut { state: LoginState::Suspended });
    suspend(false).await.unwrap();
    assert!(fixture.session(Side::Portal, &bob).await.is_some(), "it goes on");
    let erased = fixture.gateway.accounts().erase("bob".into(), false).await.unwrap();
    assert_eq!(fixture.session(Side::Portal, &bob).await, None);
    let logins = people.list(Side::Portal, ListRequest::default()).await.unwrap();
    assert_eq!((logins.len(), fixture.faults().await), (0, vec![]));
    let name = erased.account.name;
    let audited = fixture.audited("a login").await;
    assert_eq!(audited.len(), 3, "{audited:?}");
    assert!(audited.iter().all(|row| row.ends_with(&format!("{name}: a login"))), "{audited:?}");
    assert!(fixture.audited("login bob").await.is_empty());
}

#[tokio::test]
async fn a_login_has_so_many_sessions_and_the_oldest_ends() {
    let fixture = Fixture::open().await;
    let first = fixture.operator("ann", Role::Owner).await;
    for _ in 0..49 {
        fixture.people().sign_in_by_proxy("ann", visitor(1)).await.unwrap().unwrap();
    }
    assert!(fixture.session(Side::Console, &first).await.is_some());
    fixture.people().sign_in_by_proxy("ann", visitor(1)).await.unwrap().unwrap();
    assert_eq!(stored(&fixture).await, 50);
    let ann = fixture.people().list(Side::Console, ListRequest::default()).await.unwrap();
    assert_eq!(ann[0].sessions, 50);
}

#[tokio::test]
async fn from_where_somebody_signed_in_is_forgotten_as_other_addresses_are() {
    let kept = Duration::from_secs(1_000);
    let settings = Settings { addresses_kept: Some(kept), ..default_settings() };
    let fixture = Fixture::with(settings).await;
    let session = fixture.portal_customer("ann").await;
    let ann = fixture.session(Side::Portal, &session).await.unwrap();
    let address = async || {
        fixture.gateway.due_work().run_due_work().await.unwrap();
        fixture.people().sessions(&ann).await.unwrap().remove(0).address
    };
    fixture.pass(999);
    assert_eq!(address().await.as_deref(), Some("192.0.2.1"));
    fixture.pass(1);
    assert_eq!(address().await, None);
}
