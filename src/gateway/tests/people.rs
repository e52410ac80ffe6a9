//! People who sign in: every way in, and every way that is shut.

use super::*;
use crate::domain::login::{LoginState, PasswordFault, Preferences, Role, SecretToken, Side};
use crate::domain::totp::{Step, TotpSecret};

mod own;
mod sessions;

const PASSWORD: &str = "a staple, correct";
const OTHER: &str = "a battery, correct";
const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn visitor(last: u8) -> Visitor {
    Visitor { address: [192, 0, 2, last].into(), browser: "Firefox\u{202e}".to_owned() }
}

impl Fixture {
    fn people(&self) -> &People {
        self.gateway.people()
    }

    async fn accept(&self, side: Side, link: &NewLink) -> SignInOutcome {
        let token = link.token.reveal();
        self.people().accept_link(side, &token, PASSWORD.into(), visitor(1)).await.unwrap()
    }

    /// An operator who has set a password, and the session.
    async fn operator(&self, name: &str, role: Role) -> SecretToken {
        let link = self.people().add_operator(name.into(), Some(role)).await.unwrap();
        token(self.accept(Side::Console, &link).await)
    }

    /// A customer of a new account, and the session.
    async fn portal_customer(&self, name: &str) -> SecretToken {
        self.customer(name, 0).await;
        let link = self.people().invite_customer(name.into(), None).await.unwrap();
        token(self.accept(Side::Portal, &link).await)
    }

    async fn sign_in(&self, side: Side, name: &str, password: &str, from: u8) -> SignInOutcome {
        self.people().sign_in(side, name, password.into(), visitor(from)).await.unwrap()
    }

    async fn session(&self, side: Side, token: &SecretToken) -> Option<SignedIn> {
        self.people().session(side, token.digest()).await.unwrap()
    }

    /// Who has signed in to the console.
    async fn signed_in(&self, token: &SecretToken) -> SignedIn {
        self.session(Side::Console, token).await.unwrap()
    }

    /// Gives somebody a second factor, as of a device that shows the code of the step before.
    async fn add_second_factor(&self, by: &SignedIn) -> (TotpSecret, Vec<String>) {
        let secret = self.people().begin_second_factor(by).await.unwrap();
        let code = self.code(&secret, -1);
        let codes = self.people().confirm_second_factor(by, code).await.unwrap().unwrap();
        (secret, codes.0.iter().map(|code| code.reveal()).collect())
    }

    /// The code that a device shows so many steps later.
    fn code(&self, secret: &TotpSecret, later: i64) -> String {
        secret.code(Step(Step::at(self.gateway.now()).0 + later)).unwrap()
    }

    /// The actions in the audit that are about a login, with their subjects and persons.
    async fn audited(&self, of: &str) -> Vec<String> {
        let rows = self.gateway.audit().rows(RowLimit::ALL).await.unwrap();
        let about = rows.into_iter().filter(|row| row.subject.contains(of));
        let line = |row: AuditRow| {
            let person = row.person.and_then(|person| person.name().map(str::to_owned));
            let actor = person.map_or_else(|| row.actor.to_string(), |name| format!("({name})"));
            format!("{actor} {} {}", row.action, row.subject)
        };
        about.map(line).collect()
    }
}

fn token(outcome: SignInOutcome) -> SecretToken {
    match outcome {
        SignInOutcome::SignedIn { token } => token,
        other => panic!("not signed in but {other:?}"),
    }
}

fn pending(outcome: SignInOutcome) -> String {
    match outcome {
        SignInOutcome::CodeNeeded { pending } => pending.reveal(),
        other => panic!("no code is needed but {other:?}"),
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

#[tokio::test]
async fn the_first_operator_is_an_owner_and_comes_in_by_a_link_that_works_once() {
    let fixture = Fixture::open().await;
    let people = fixture.people();
    assert!(!people.has_operators().await.unwrap());
    let link = people.add_operator("Ann".into(), None).await.unwrap();
    assert_eq!(
        (link.login.kind.role(), link.login.state),
        (Some(Role::Owner), LoginState::Invited)
    );
    assert_eq!(link.expires_at, fixture.gateway.now().plus(Duration::from_secs(24 * 3600)));
    assert!(!people.has_operators().await.unwrap(), "nobody can sign in yet");
    let shown = link.token.reveal();
    let looked = people.look_at_link(Side::Console, &shown).await.unwrap().unwrap();
    assert_eq!((looked.name.as_str(), looked.account_name), ("Ann", None));
    assert_eq!(people.look_at_link(Side::Portal, &shown).await.unwrap(), None);
    let accept =
        |password: &str| people.accept_link(Side::Console, &shown, password.to_owned(), visitor(1));
    assert_eq!(
        accept("too short").await.unwrap(),
        SignInOutcome::PasswordFault(PasswordFault::TooShort { least: 12 })
    );
    let session = token(accept(PASSWORD).await.unwrap());
    assert!(people.has_operators().await.unwrap());
    let ann = fixture.signed_in(&session).await;
    assert_eq!((ann.name.as_str(), ann.kind.role()), ("Ann", Some(Role::Owner)));
    assert_eq!(accept(OTHER).await.unwrap(), SignInOutcome::Expired, "it was used");
    assert_eq!(people.look_at_link(Side::Console, &shown).await.unwrap(), None);
    token(fixture.sign_in(Side::Console, " ann ", PASSWORD, 1).await);
    let second = people.add_operator("ben".into(), None).await.unwrap();
    assert_eq!(second.login.kind.role(), Some(Role::Operator));
    assert_eq!(
        fixture.audited("login Ann").await,
        [
            "operator invited login Ann",
            "(Ann) changed the password of login Ann",
            "(Ann) signed in as login Ann",
            "(Ann) signed in as login Ann"
        ]
    );
}

#[tokio::test]
async fn of_two_who_use_a_link_at_the_same_time_one_comes_in() {
    let fixture = Fixture::open().await;
    let link = fixture.people().add_operator("ann".into(), None).await.unwrap();
    let (one, other) =
        tokio::join!(fixture.accept(Side::Console, &link), fixture.accept(Side::Console, &link));
    let is_in = |outcome: &SignInOutcome| matches!(outcome, SignInOutcome::SignedIn { .. });
    assert_ne!(is_in(&one), is_in(&other), "{one:?} {other:?}");
    assert!([one, other].contains(&SignInOutcome::Expired));
}

#[tokio::test]
async fn a_link_that_is_too_old_or_was_replaced_opens_nothing() {
    let fixture = Fixture::open().await;
    let people = fixture.people();
    let first = people.add_operator("ann".into(), None).await.unwrap();
    let second = people.add_operator("ann".into(), Some(Role::Viewer)).await.unwrap();
    assert_eq!(fixture.accept(Side::Console, &first).await, SignInOutcome::Expired);
    fixture.pass(DAY - 1);
    assert!(people.look_at_link(Side::Console, &second.token.reveal()).await.unwrap().is_some());
    fixture.pass(1);
    assert_eq!(fixture.accept(Side::Console, &second).await, SignInOutcome::Expired);
    for text in ["", "x", &"A".repeat(43)] {
        assert_eq!(people.look_at_link(Side::Console, text).await.unwrap(), None);
        let accepted = people.accept_link(Side::Console, text, PASSWORD.into(), visitor(1)).await;
        assert_eq!(accepted.unwrap(), SignInOutcome::Expired);
    }
    let third = people.add_operator("ann".into(), None).await.unwrap();
    people.set_disabled("ann".into(), Side::Console, true).await.unwrap();
    assert_eq!(fixture.accept(Side::Console, &third).await, SignInOutcome::Expired);
}

#[tokio::test]
async fn unknown_names_and_wrong_passwords_read_alike_and_the_right_one_tells_that_a_login_is_shut()
{
    let fixture = Fixture::open().await;
    fixture.operator("ann", Role::Owner).await;
    fixture.operator("off", Role::Viewer).await;
    fixture.people().set_disabled("off".into(), Side::Console, true).await.unwrap();
    fixture.people().add_operator("new".into(), None).await.unwrap();
    fixture.portal_customer("bob").await;
    fixture.portal_customer("sue").await;
    fixture.gateway.accounts().set_suspended("sue".into(), true).await.unwrap();
    for (side, name, password) in [
        (Side::Console, "ann", OTHER),
        (Side::Console, "ann", ""),
        (Side::Console, "nobody", PASSWORD),
        (Side::Console, "", PASSWORD),
        (Side::Console, "no name", PASSWORD),
        (Side::Console, "off", OTHER),
        (Side::Console, "new", PASSWORD),
        (Side::Console, "new", ""),
        (Side::Console, "bob", PASSWORD),
        (Side::Portal, "ann", PASSWORD),
        (Side::Portal, "sue", OTHER),
    ] {
        let outcome = fixture.sign_in(side, name, password, 7).await;
        assert_eq!(outcome, SignInOutcome::Wrong, "{side:?} {name} {password}");
    }
    for (side, name, state) in
        [(Side::Console, "off", LoginState::Disabled), (Side::Portal, "sue", LoginState::Suspended)]
    {
        for _ in 0..6 {
            let outcome = fixture.sign_in(side, name, PASSWORD, 9).await;
            assert_eq!(outcome, SignInOutcome::Shut { state }, "{name}");
        }
    }
    token(fixture.sign_in(Side::Portal, "BOB", PASSWORD, 7).await);
}

#[tokio::test]
async fn the_sixth_wrong_try_waits_and_another_address_still_gets_in() {
    let fixture = Fixture::open().await;
    fixture.operator("ann", Role::Owner).await;
    for name in ["ann", "nobody"] {
        for _ in 0..5 {
            let wrong = fixture.sign_in(Side::Console, name, OTHER, 2).await;
            assert_eq!(wrong, SignInOutcome::Wrong);
        }
        let until = fixture.gateway.now().plus(Duration::from_secs(180));
        for password in [OTHER, PASSWORD] {
            let waits = fixture.sign_in(Side::Console, name, password, 2).await;
            assert_eq!(waits, SignInOutcome::Wait { until }, "{name}");
        }
    }
    token(fixture.sign_in(Side::Console, "ann", PASSWORD, 3).await);
    fixture.pass(3 * MINUTE);
    token(fixture.sign_in(Side::Console, "ann", PASSWORD, 2).await);
    token(fixture.sign_in(Side::Console, "ann", PASSWORD, 2).await);
}

#[tokio::test]
async fn who_tries_from_everywhere_locks_nobody_out_where_that_one_has_signed_in() {
    let fixture = Fixture::open().await;
    fixture.operator("ann", Role::Owner).await;
    for from in 100..160 {
        let wrong = fixture.sign_in(Side::Console, "ann", "wrong", from).await;
        assert_eq!(wrong, SignInOutcome::Wrong);
    }
    let until = fixture.gateway.now().plus(Duration::from_secs(30));
    let waits = fixture.sign_in(Side::Console, "ann", PASSWORD, 99).await;
    assert_eq!(waits, SignInOutcome::Wait { until });
    token(fixture.sign_in(Side::Console, "ann", PASSWORD, 1).await);
    fixture.pass(30);
    token(fixture.sign_in(Side::Console, "ann", PASSWORD, 99).await);
}

#[tokio::test]
async fn a_second_factor_asks_for_a_code_that_works_once_or_a_recovery_code_that_does() {
    let fixture = Fixture::open().await;
    let session = fixture.operator("ann", Role::Owner).await;
    let (secret, recovery) = fixture.add_second_factor(&fixture.signed_in(&session).await).await;
    let password = async || pending(fixture.sign_in(Side::Console, "ann", PASSWORD, 1).await);
    let people = fixture.people();
    let confirm = async |pending: &str, code: &str| {
        people.confirm_code(Side::Console, pending, code, visitor(1)).await.unwrap()
    };
    let first = password().await;
    let before = fixture.code(&secret, -1);
    assert_eq!(confirm(&first, &before).await, SignInOutcome::Wrong, "it was used to confirm");
    assert_eq!(confirm(&first, "000000").await, SignInOutcome::Wrong);
    let code = fixture.code(&secret, 0);
    let signed_in = token(confirm(&first, &code).await);
    assert!(fixture.signed_in(&signed_in).await.has_second_factor);
    assert_eq!(confirm(&first, &code).await, SignInOutcome::Expired, "it was over");
    let second = password().await;
    assert_eq!(confirm(&second, &code).await, SignInOutcome::Wrong, "the code was used");
    token(confirm(&second, &recovery[3].to_uppercase()).await);
    let third = password().await;
    assert_eq!(confirm(&third, &recovery[3]).await, SignInOutcome::Wrong, "it was used");
    assert_eq!(confirm(&third, "000000").await, SignInOutcome::Wrong);
    let SignInOutcome::Wait { .. } = confirm(&third, &fixture.code(&secret, 1)).await else {
        panic!("five were wrong")
    };
    fixture.pass(9 * MINUTE);
    token(confirm(&third, &fixture.code(&secret, 1)).await);
    let fourth = password().await;
    fixture.pass(10 * MINUTE);
    let late = confirm(&fourth, &fixture.code(&secret, 0)).await;
    assert_eq!(late, SignInOutcome::Expired, "it was awaited for ten minutes");
    let fifth = password().await;
    let wrong_side = people.confirm_code(Side::Portal, &fifth, &recovery[0], visitor(1)).await;
    assert_eq!(wrong_side.unwrap(), SignInOutcome::Expired);
    assert_eq!(confirm("", "000000").await, SignInOutcome::Expired);
    let ann = fixture.signed_in(&signed_in).await;
    assert_eq!(people.recovery_codes_left(&ann).await.unwrap(), 7);
    assert!(
        fixture
            .audited("login ann")
            .await
            .contains(&"(ann) signed in by a recovery code as login ann".to_owned())
    );
}

#[tokio::test]
async fn a_code_that_waits_is_worth_nothing_after_the_password_has_changed() {
    let fixture = Fixture::open().await;
    let session = fixture.operator("ann", Role::Owner).await;
    let ann = fixture.signed_in(&session).await;
    let (secret, _) = fixture.add_second_factor(&ann).await;
    let waiting = pending(fixture.sign_in(Side::Console, "ann", PASSWORD, 1).await);
    let people = fixture.people();
    let changed = people.change_password(&ann, PASSWORD.into(), OTHER.into(), &visitor(1)).await;
    assert_eq!(changed.unwrap(), Ok(()));
    let code = fixture.code(&secret, 0);
    let late = people.confirm_code(Side::Console, &waiting, &code, visitor(1)).await.unwrap();
    assert_eq!(late, SignInOutcome::Expired);
}

#[tokio::test]
async fn customers_of_an_account_have_logins_whose_names_no_others_have() {
    let fixture = Fixture::open().await;
    let (uber, lyft) = (fixture.customer("Uber", 0).await, fixture.customer("lyft", 0).await);
    let people = fixture.people();
    let invite = |account: &str, name: Option<&str>| {
        people.invite_customer(account.to_owned(), name.map(str::to_owned))
    };
    let link = invite("Uber", None).await.unwrap();
    assert_eq!((link.login.name.as_str(), link.login.kind.account()), ("Uber", Some(uber)));
    assert_eq!(link.expires_at, fixture.gateway.now().plus(Duration::from_secs(7 * 24 * 3600)));
    let looked = people.look_at_link(Side::Portal, &link.token.reveal()).await.unwrap().unwrap();
    assert_eq!(looked.account_name.as_deref(), Some("Uber"));
    let session = token(fixture.accept(Side::Portal, &link).await);
    let signed_in = fixture.session(Side::Portal, &session).await.unwrap();
    assert_eq!(signed_in.account, Some((uber, "Uber".to_owned())));
    assert_eq!(fixture.session(Side::Console, &session).await, None, "of the other side");
    for (account, name, words) in [
        ("Uber", Some("uber"), "has a login Uber already"),
        ("lyft", Some("UBER"), "another account has a login Uber"),
        ("lyft", Some("a b"), "a b: the name of a login has"),
        ("nobody", None, "no account nobody"),
    ] {
        let refusal = refused(invite(account, name).await);
        assert!(refusal.contains(words), "{refusal}");
    }
    invite("lyft", Some("lyft-2")).await.unwrap();
    fixture.operator("uber", Role::Owner).await;
    let listed = async |account: Option<&str>, state: Option<&str>| {
        let (account, state) = (account.map(str::to_owned), state.map(str::to_owned));
        let request = ListRequest { account, state, ..ListRequest::default() };
        let logins = people.list(Side::Portal, request).await.unwrap();
        logins.into_iter().map(|login| login.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed(None, None).await, ["Uber", "lyft-2"]);
    assert_eq!(listed(Some(&lyft.to_string()), None).await, ["lyft-2"]);
    assert_eq!(listed(None, Some("Active")).await, ["Uber"]);
    assert_eq!(
        fixture.audited("account 1 Uber: login").await,
        [
            "operator invited account 1 Uber: login Uber",
            "account 1 changed the password of account 1 Uber: login Uber",
            "account 1 signed in as account 1 Uber: login Uber"
        ]
    );
}

#[tokio::test]
async fn the_last_owner_who_can_sign_in_stays() {
    let fixture = Fixture::open().await;
    let people = fixture.people();
    fixture.operator("ann", Role::Owner).await;
    fixture.operator("ben", Role::Operator).await;
    people.add_operator("new".into(), Some(Role::Owner)).await.unwrap();
    let ann = || "ann".to_owned();
    let only = "ann is the only owner who can sign in";
    let shut = async || {
        [
            people.remove(ann(), Side::Console).await,
            people.set_disabled(ann(), Side::Console, true).await,
            people.set_role(ann(), Role::Operator).await,
        ]
        .map(refused)
    };
    assert!(shut().await.iter().all(|refusal| refusal.starts_with(only)));
    people.set_role(ann(), Role::Owner).await.unwrap();
    people.set_role("ben".into(), Role::Owner).await.unwrap();
    people.set_disabled("ben".into(), Side::Console, true).await.unwrap();
    assert!(shut().await.iter().all(|refusal| refusal.starts_with(only)), "ben is disabled");
    people.set_disabled("ben".into(), Side::Console, false).await.unwrap();
    people.remove(ann(), Side::Console).await.unwrap();
    let refusal = refused(people.remove(ann(), Side::Console).await);
    assert_eq!(refusal, "no operator ann; `simbridge operator list` shows all");
    let refusal = refused(people.set_role("bem".into(), Role::Viewer).await);
    assert!(refusal.starts_with("no operator bem; did you mean ben?"), "{refusal}");
    let refusal = refused(people.add_operator("BEN".into(), None).await);
    assert!(refusal.contains("`simbridge operator reset ben`"), "{refusal}");
}

#[tokio::test]
async fn a_reset_shuts_everything_until_the_new_link_is_used() {
    let fixture = Fixture::open().await;
    let session = fixture.operator("ann", Role::Owner).await;
    fixture.add_second_factor(&fixture.signed_in(&session).await).await;
    let people = fixture.people();
    let link = people.reset("ann".into(), Side::Console).await.unwrap();
    assert_eq!(fixture.session(Side::Console, &session).await, None);
    let old = fixture.sign_in(Side::Console, "ann", PASSWORD, 1).await;
    assert_eq!(old, SignInOutcome::Wrong);
    let session = token(fixture.accept(Side::Console, &link).await);
    assert!(!fixture.signed_in(&session).await.has_second_factor);
    fixture.operator("ben", Role::Owner).await;
    people.set_disabled("ben".into(), Side::Console, true).await.unwrap();
    let refusal = refused(people.reset("ben".into(), Side::Console).await);
    assert!(refusal.contains("has to be enabled first"), "{refusal}");
}

#[tokio::test]
async fn a_proxy_signs_in_only_operators_that_there_are() {
    let fixture = Fixture::open().await;
    fixture.people().add_operator("ann".into(), Some(Role::Viewer)).await.unwrap();
    fixture.operator("off", Role::Viewer).await;
    fixture.people().set_disabled("off".into(), Side::Console, true).await.unwrap();
    fixture.portal_customer("bob").await;
    let sign_in = |name: &'static str| fixture.people().sign_in_by_proxy(name, visitor(1));
    for name in ["off", "bob", "nobody", ""] {
        assert_eq!(sign_in(name).await.unwrap(), None, "{name}");
    }
    let session = sign_in("Ann").await.unwrap().unwrap();
    assert_eq!(fixture.signed_in(&session).await.name.as_str(), "ann");
}
