//! Patterns tried on messages before they are saved.

use super::*;

fn draft(service: &str, senders: &[&str]) -> Option<PatternDraft> {
    let senders = senders.iter().map(|sender| (*sender).to_owned()).collect();
    Some(PatternDraft {
        service: service.to_owned(),
        senders: Some(senders),
        ..PatternDraft::default()
    })
}

#[tokio::test]
async fn patterns_are_tried_on_the_last_messages_and_nothing_is_saved() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.service("Uber", &["^Uber$"]).await;
    fixture.service("Eats", &["Eats"]).await;
    for (sender, text) in [("Uber", "code 1234"), ("Uber Eats", "code 5678"), ("Bank", "hello")] {
        fixture.sms(1, sender, text).await;
        fixture.pass(1);
    }
    let services = fixture.gateway.services();
    let claimed = async |draft, last| {
        let tried = services.try_last_messages(draft, last).await.unwrap();
        let counts = [tried.by_one, tried.by_several, tried.by_none];
        let rows = tried.messages.iter().map(|one| {
            let claims = one.trial.claims.iter().map(|claim| claim.service.as_str());
            let claims = claims.collect::<Vec<_>>().join("+");
            format!("{} {claims}<{}", one.message.id, one.saved.as_deref().unwrap_or_default())
        });
        (rows.collect::<Vec<_>>(), counts)
    };
    let expected = ["3 <", "2 Eats<Eats", "1 Uber<Uber"].map(str::to_owned).to_vec();
    assert_eq!(claimed(None, 200).await, (expected, [2, 0, 1]));
    let wider = claimed(draft("uber", &["^Uber"]), 2).await;
    let expected = ["3 <", "2 Uber+Eats<Eats"].map(str::to_owned).to_vec();
    assert_eq!(wider, (expected, [0, 1, 1]));
    let new = claimed(draft("Savings", &["Bank"]), 1).await;
    assert_eq!(new, (vec!["3 Savings<".to_owned()], [1, 0, 0]));
    let one = async |draft| {
        let trial = services.try_message(draft, "Uber X".into(), "code 12345".into()).await;
        let trial = trial.unwrap();
        (trial.code, trial.claims.first().map(|claim| claim.service.clone()))
    };
    assert_eq!(one(None).await, (Some("12345".to_owned()), None));
    let uber = Some("Uber".to_owned());
    assert_eq!(one(draft("Uber", &["^Uber"])).await, (Some("12345".to_owned()), uber));
    let broken = services.try_last_messages(draft("Uber", &["("]), 9).await.unwrap_err();
    assert!(broken.to_string().contains("Uber"), "{broken}");
    for last in [0, 201] {
        assert!(services.try_last_messages(None, last).await.is_err(), "{last}");
    }
    let looks = fixture.gateway.audit().rows(RowLimit::ALL).await.unwrap();
    let looks = looks.iter().filter(|row| row.subject == "all SIMs, the last 200").count();
    assert_eq!(looks, 1);
    assert_eq!(services.list().await.unwrap()[0].senders, ["^Uber$"]);
}
