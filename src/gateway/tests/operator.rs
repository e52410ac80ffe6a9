//! What operators enter, and what is recorded of what they do and see.

use super::*;
use crate::domain::MessageId;
use crate::domain::audit::Person;

#[tokio::test]
async fn the_id_of_a_request_belongs_to_its_account_and_its_amount() {
    let fixture = Fixture::open().await;
    let (ann, bob) = (fixture.customer("ann", 100).await, fixture.customer("bob", 100).await);
    let accounts = fixture.gateway.accounts();
    let adjust = |name: &str, cents| {
        accounts.adjust_balance(name.into(), Amount(cents), "why".into(), "one".into())
    };
    adjust("ann", -10).await.unwrap();
    let rows = || fixture.gateway.audit().rows(RowLimit::ALL);
    let before = rows().await.unwrap();
    for refused in [
        accounts.top_up("bob".into(), Amount(100), "first of ann".into()).await,
        accounts.top_up("ann".into(), Amount(200), "first of ann".into()).await,
        adjust("bob", -10).await,
        adjust("ann", 10).await,
    ] {
        assert!(refused.unwrap_err().to_string().contains("nothing was changed"));
    }
    assert_eq!((fixture.funds(ann).await, fixture.funds(bob).await), ((90, 0), (100, 0)));
    assert_eq!(rows().await.unwrap(), before, "nothing was done");
    assert_eq!(adjust("ann", -10).await.unwrap().funds.balance, Amount(90), "sent again");
    assert_eq!(rows().await.unwrap(), before, "and done before");
}

#[tokio::test]
async fn names_that_cannot_be_seen_as_a_whole_are_refused() {
    let fixture = Fixture::open().await;
    for name in ["ann\u{200b}", "\u{202e}nna", "an\u{1b}[31mn", "an\u{2028}n", "an\u{ad}n"] {
        let account = fixture.gateway.accounts().add(name.to_owned()).await.unwrap_err();
        assert!(account.to_string().contains("which cannot be seen"), "{name:?}: {account}");
        let service = NewService::new(name, Amount(50));
        for refused in [
            fixture.gateway.services().add(service.clone()).await.map(drop),
            fixture
                .gateway
                .services()
                .import(vec![service], ImportMode::Replace, true)
                .await
                .map(drop),
        ] {
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains("which cannot be seen"), "{name:?}: {refused}");
        }
    }
    fixture.gateway.accounts().add("Grüße 你好".to_owned()).await.unwrap();
}

#[tokio::test]
async fn an_operator_who_follows_the_messages_is_in_the_audit_once_in_a_while() {
    let fixture = Fixture::open().await;
    let audit = fixture.gateway.audit();
    let subjects = async || {
        let rows = audit.rows(RowLimit::ALL).await.unwrap();
        rows.into_iter().map(|row| row.subject).collect::<Vec<_>>()
    };
    for (seconds, first) in [(0, 1), (599, 2), (1, 3), (1, 4)] {
        fixture.pass(seconds);
        audit.note_following(MessageId(first)).await.unwrap();
    }
    let mut expected = vec!["all SIMs, from message 1 on", "all SIMs, from message 3 on"];
    assert_eq!(subjects().await, expected);
    audit.note_following(MessageId(2)).await.unwrap();
    expected.push("all SIMs, from message 2 on");
    assert_eq!(subjects().await, expected, "an older one was not covered");
    fixture.pass(-3600);
    audit.note_following(MessageId(5)).await.unwrap();
    assert_eq!(subjects().await.len(), 4, "the clock was set back");
    let user = Person::User { uid: 1000, name: Some("bob".to_owned()) };
    let login = Person::Login("bob".parse().unwrap());
    for person in [&user, &login, &user, &login] {
        on_behalf_of(person.clone(), audit.note_following(MessageId(6))).await.unwrap();
    }
    let rows = audit.rows(RowLimit::ALL).await.unwrap();
    let persons: Vec<_> = rows.into_iter().map(|row| row.person).skip(4).collect();
    assert_eq!(persons, [Some(user), Some(login)], "others follow, too");
}
