//! What a word stands for.

use super::*;
use crate::domain::Msisdn;
use crate::domain::key::KeyMode;

#[tokio::test]
async fn a_word_finds_what_is_called_so_or_begins_so() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.plug(2).await;
    let (ann, uber) =
        (fixture.customer("ann", 500).await, fixture.service("Uber", &["Uber"]).await);
    let order = fixture.order(ann, uber).await;
    let find = async |word: &str| fixture.gateway.finder().find(word).await.unwrap();
    let number = |n: u16| Msisdn::from_stored(format!("+3161200{n:04}"));
    let sim = |n| Found::Sim { iccid: iccid(n), number: Some(number(n)) };
    assert_eq!(find(iccid(1).as_str()).await, [sim(1)]);
    assert_eq!(find(&iccid(1).as_str()[..17]).await, [sim(1), sim(2)]);
    assert_eq!(find(&iccid(1).as_str()[..3]).await, [], "too short");
    for word in ["+31612000002", "0612000002", " 06 1200 0002 "] {
        assert_eq!(find(word).await, [sim(2), Found::Number(number(2))], "{word}");
    }
    assert_eq!(find("+31612000003").await, []);
    let of_order = Found::Order { id: order, number: number(1), account: "ann".to_owned() };
    for word in [order.to_string(), format!("#{order}"), format!("order {order}")] {
        assert_eq!(find(&word).await, std::slice::from_ref(&of_order), "{word}");
    }
    assert_eq!(find(&format!("rental {order}")).await, []);
    assert_eq!(find("an").await, [Found::Account { id: ann, name: "ann".to_owned() }]);
    let service = |id, name: &str| Found::Service { id, name: name.to_owned() };
    let eats = fixture.service("Uber Eats", &["Eats"]).await;
    let super_uber = fixture.service("Super", &["Super"]).await;
    assert_eq!(find("UBER").await, [service(uber, "Uber"), service(eats, "Uber Eats")]);
    assert_eq!(find("eats").await, [service(eats, "Uber Eats")], "a part of the name");
    assert_eq!(find("up").await, [service(super_uber, "Super")]);
    let key = fixture
        .gateway
        .accounts()
        .add_key("ann".to_owned(), KeyMode::Live, KeyEdit::default())
        .await;
    let prefix = key.unwrap().key.prefix();
    let found = Found::Key { prefix: prefix.clone(), account: "ann".to_owned() };
    assert!(find(&prefix).await.contains(&found) && find(&prefix[..4]).await.contains(&found));
    let port = fixture.gateway.modems().modems()[0].snapshot.port.clone();
    let last = port.as_str().rsplit('/').next().unwrap().to_owned();
    let found = find(&last).await;
    assert!(matches!(&found[..], [Found::Modem { port: at, .. }] if *at == port), "{found:?}");
    for word in ["", "  ", &"x".repeat(65)] {
        assert!(fixture.gateway.finder().find(word).await.is_err(), "{word}");
    }
}
