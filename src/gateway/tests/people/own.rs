//! What people change of their own logins.

use super::*;

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_all_other_sessions() {
    let fixture = Fixture::open().await;
    let session = fixture.operator("ann", Role::Owner).await;
    let other = token(fixture.sign_in(Side::Console, "ann", PASSWORD, 2).await);
    let people = fixture.people();
    let ann = fixture.signed_in(&session).await;
    let change = async |old: &str, new: &str| {
        people.change_password(&ann, old.into(), new.into(), &visitor(1)).await.unwrap()
    };
    let short = PasswordFault::TooShort { least: 12 };
    assert_eq!(change(PASSWORD, "short").await, Err(PasswordRefusal::New(short)));
    assert_eq!(change(OTHER, OTHER).await, Err(PasswordRefusal::Old(ProofRefusal::Wrong)));
    assert!(fixture.session(Side::Console, &other).await.is_some());
    assert_eq!(change(PASSWORD, OTHER).await, Ok(()));
    assert_eq!(fixture.session(Side::Console, &other).await, None);
    assert!(fixture.session(Side::Console, &session).await.is_some());
    assert_eq!(fixture.sign_in(Side::Console, "ann", PASSWORD, 1).await, SignInOutcome::Wrong);
    token(fixture.sign_in(Side::Console, "ann", OTHER, 1).await);
}

#[tokio::test]
async fn a_proof_is_fresh_for_a_quarter_of_an_hour() {
    let fixture = Fixture::open().await;
    let session = fixture.operator("ann", Role::Owner).await;
    let people = fixture.people();
    let is_fresh =
        async || fixture.signed_in(&session).await.has_fresh_proof(fixture.gateway.now());
    fixture.pass(15 * MINUTE - 1);
    assert!(is_fresh().await, "signing in is a proof");
    fixture.pass(1);
    assert!(!is_fresh().await);
    let ann = fixture.signed_in(&session).await;
    let prove = async |by: &SignedIn, secret: &str| {
        people.prove(by, secret.into(), &visitor(1)).await.unwrap()
    };
    assert_eq!(prove(&ann, "123456").await, Err(ProofRefusal::Wrong));
    assert!(!is_fresh().await);
    assert_eq!(prove(&ann, PASSWORD).await, Ok(()));
    assert!(is_fresh().await);
    let (secret, _) = fixture.add_second_factor(&ann).await;
    fixture.pass(15 * MINUTE);
    assert!(!is_fresh().await);
    let ann = fixture.signed_in(&session).await;
    let code = fixture.code(&secret, 0);
    assert_eq!(prove(&ann, &code).await, Ok(()));
    assert!(is_fresh().await);
    assert_eq!(prove(&ann, &code).await, Err(ProofRefusal::Wrong), "it was used");
    for _ in 0..4 {
        assert_eq!(prove(&ann, "wrong").await, Err(ProofRefusal::Wrong));
    }
    let Err(ProofRefusal::Wait { .. }) = prove(&ann, PASSWORD).await else {
        panic!("five were wrong")
    };
}

#[tokio::test]
async fn a_second_factor_is_asked_of_those_who_act_at_their_second_sign_in() {
    for (role, required, asked) in [
        (Role::Owner, true, true),
        (Role::Operator, true, true),
        (Role::Viewer, true, false),
        (Role::Owner, false, false),
    ] {
        let settings = Settings { require_second_factor: required, ..default_settings() };
        let fixture = Fixture::with(settings).await;
        let first = fixture.operator("ann", role).await;
        assert!(!fixture.signed_in(&first).await.must_add_second_factor, "{role:?}");
        let second = token(fixture.sign_in(Side::Console, "ann", PASSWORD, 1).await);
        let ann = fixture.signed_in(&second).await;
        assert_eq!(ann.must_add_second_factor, asked, "{role:?} {required}");
        fixture.add_second_factor(&ann).await;
        assert!(!fixture.signed_in(&second).await.must_add_second_factor, "{role:?}");
    }
    let fixture = Fixture::open().await;
    fixture.portal_customer("bob").await;
    let second = token(fixture.sign_in(Side::Portal, "bob", PASSWORD, 1).await);
    let bob = fixture.session(Side::Portal, &second).await.unwrap();
    assert!(!bob.must_add_second_factor, "customers are free to");
}

#[tokio::test]
async fn a_second_factor_begins_with_a_right_code_and_can_be_taken_away() {
    let fixture = Fixture::open().await;
    let session = fixture.operator("ann", Role::Owner).await;
    let people = fixture.people();
    let ann = fixture.signed_in(&session).await;
    let confirm = |code: &str| people.confirm_second_factor(&ann, code.to_owned());
    assert_eq!(confirm("000000").await.unwrap(), None, "there is no secret");
    let secret = people.begin_second_factor(&ann).await.unwrap();
    assert_eq!(people.offered_second_factor(&ann).await.unwrap(), Some(secret));
    assert_eq!(confirm("000000").await.unwrap(), None);
    assert!(!fixture.signed_in(&session).await.has_second_factor);
    let codes = confirm(&fixture.code(&secret, 0)).await.unwrap().unwrap();
    assert_eq!(people.offered_second_factor(&ann).await.unwrap(), None);
    assert!(fixture.signed_in(&session).await.has_second_factor);
    let others = people.replace_recovery_codes(&ann).await.unwrap().unwrap();
    assert_ne!(others, codes);
    let waiting = pending(fixture.sign_in(Side::Console, "ann", PASSWORD, 1).await);
    let old = codes.0[0].reveal();
    let wrong = people.confirm_code(Side::Console, &waiting, &old, visitor(1)).await.unwrap();
    assert_eq!(wrong, SignInOutcome::Wrong, "it was replaced");
    people.remove_second_factor(&ann).await.unwrap();
    token(fixture.sign_in(Side::Console, "ann", PASSWORD, 1).await);
    assert_eq!(people.replace_recovery_codes(&ann).await.unwrap(), None);
    assert_eq!(
        fixture.audited("login ann").await.split_off(3),
        [
            "(ann) added a second factor to login ann",
            "(ann) replaced the recovery codes of login ann",
            "(ann) removed the second factor of login ann",
            "(ann) signed in as login ann"
        ]
    );
}

#[tokio::test]
async fn preferences_are_kept_with_the_login() {
    let mut fixture = Fixture::open().await;
    let session = fixture.operator("ann", Role::Owner).await;
    let ann = fixture.signed_in(&session).await;
    assert_eq!(ann.preferences, Preferences::default());
    let preferences = Preferences {
        time_zone: "utc".parse().unwrap(),
        theme: "dark".parse().unwrap(),
        sound: true,
        shortcuts: false,
    };
    fixture.people().set_preferences(&ann, preferences).await.unwrap();
    assert_eq!(fixture.signed_in(&session).await.preferences, preferences);
    fixture.restart().await;
    assert_eq!(fixture.signed_in(&session).await.preferences, preferences);
}
