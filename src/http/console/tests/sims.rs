//! The pages of SIMs.

use super::*;
use crate::http::web::path;

/// ICCIDs whose last digits check the others.
fn cards(count: usize) -> Vec<String> {
    let check = |n: usize| {
        let all = (0..10).map(|digit| Iccid::from_stored(format!("89310400000077{n:04}{digit}")));
        all.into_iter().find(|iccid| !iccid.has_wrong_check_digit()).unwrap().to_string()
    };
    (0..count).map(check).collect()
}

fn lines(cards: &[String]) -> String {
    let line = |(n, iccid): (usize, &String)| format!("{iccid},+3161277{n:04}\n");
    cards.iter().enumerate().map(line).collect()
}

/// Sets the numbers of SIMs that are new, by the page.
async fn add(stage: &Stage, cards: &[String]) {
    let list = lines(cards);
    let sent = [("list", list.as_str()), ("create", "yes")];
    let set = stage.console(Role::Operator).post("/sims/import/set", &sent).await;
    assert_eq!(set.status.as_u16(), 303, "{}", set.text());
}

async fn state(stage: &Stage, iccid: &str) -> &'static str {
    let iccid = iccid.parse().unwrap();
    stage.fixture.gateway.sims().find(iccid).await.unwrap().state()
}

fn find(word: &str) -> [(&'static str, &str); 1] {
    [("find", word)]
}

#[tokio::test]
async fn the_list_has_each_sim_and_a_viewer_sees_no_whole_number() {
    let stage = Stage::new().await;
    let cards = cards(2);
    add(&stage, &cards).await;
    let shown = stage.console(Role::Operator).get("/sims").await.text().to_owned();
    for iccid in &cards {
        assert!(shown.contains(&format!("href=\"/sims/{iccid}\"")), "{shown}");
    }
    assert!(shown.contains("+31612770001") && shown.contains("entered by hand"));
    assert!(shown.contains("name=\"iccid\""), "SIMs can be selected");
    let viewer = stage.console(Role::Viewer);
    let of_viewer = viewer.get("/sims").await.text().to_owned();
    assert!(!of_viewer.contains("612770001") && of_viewer.contains("001"), "{of_viewer}");
    assert!(!of_viewer.contains("action=\"/sims/edit\""));
    let operator = stage.console(Role::Operator);
    assert!(operator.search("/sims", &find("0612770001")).await.text().contains(&cards[1]));
    assert!(!viewer.search("/sims", &find("0612770001")).await.text().contains(&cards[1]));
    assert!(viewer.search("/sims", &find(&cards[1])).await.text().contains(&cards[1]));
    let none = operator.get("/sims?state=retired").await.text().to_owned();
    assert!(none.contains("No SIM is like that."));
    assert_eq!(operator.get("/sims?state=nonsense").await.status.as_u16(), 404);
}

#[tokio::test]
async fn ten_sims_rest_and_are_back_at_once() {
    let stage = Stage::new().await;
    let cards = cards(10);
    add(&stage, &cards).await;
    let operator = stage.console(Role::Operator);
    // Each time the page is opened anew: the same form sent twice is carried out once.
    let send = async |page: &str, action: &str| {
        let mut sent: Vec<(&str, &str)> =
            cards.iter().map(|iccid| ("iccid", iccid.as_str())).collect();
        sent.extend([("action", action), ("rest", "12h"), ("request", page)]);
        operator.post("/sims/edit", &sent).await
    };
    for (page, action, expected) in [
        ("1", "rest", "resting"),
        ("2", "back", "offline"),
        ("3", "retire", "retired"),
        ("4", "back", "offline"),
    ] {
        let done = send(page, action).await;
        assert_eq!(
            (done.status.as_u16(), done.location.as_deref()),
            (303, Some("/sims?state=&search="))
        );
        for iccid in &cards {
            assert_eq!(state(&stage, iccid).await, expected, "{action}");
        }
    }
    let unclear = operator.post("/sims/edit", &[("iccid", &cards[0])]).await;
    assert_eq!(unclear.status.as_u16(), 422);
    let nothing = operator.post("/sims/edit", &[("action", "retire")]).await;
    assert!(nothing.status == 422 && nothing.text().contains("Select the SIMs first"));
    let wrong = [("iccid", cards[0].as_str()), ("action", "rest"), ("rest", "soon")];
    let wrong = operator.post("/sims/edit", &wrong).await;
    assert!(wrong.status == 422 && wrong.text().contains("with its unit"), "{}", wrong.text());
    let viewer = stage.console(Role::Viewer);
    let refused = viewer.post("/sims/edit", &[("iccid", &cards[0]), ("action", "retire")]).await;
    assert_eq!(refused.status.as_u16(), 403);
    assert_eq!(state(&stage, &cards[0]).await, "offline");
}

#[tokio::test]
async fn a_list_is_tried_first_and_a_wrong_line_is_named() {
    let stage = Stage::new().await;
    let cards = cards(3);
    let operator = stage.console(Role::Operator);
    let before = stage.fixture.gateway.sims().list().await.unwrap().len();
    let count = async || stage.fixture.gateway.sims().list().await.unwrap().len() - before;
    let wrong = lines(&cards[..2]) + &format!("{},<b>12</b>\n", cards[2]);
    for path in ["/sims/import/try", "/sims/import/set"] {
        let shown = operator.post(path, &[("list", &wrong), ("create", "yes")]).await;
        let text = shown.text();
        assert!(text.contains("line 3") && text.contains("not a number of any country"), "{text}");
        assert!(text.contains("&lt;b&gt;12&lt;/b&gt;") && !text.contains("<b>12"), "{text}");
        assert_eq!(count().await, 0, "nothing is applied");
    }
    let right = lines(&cards);
    let tried = operator.post("/sims/import/try", &[("list", &right), ("create", "yes")]).await;
    assert!(tried.text().contains("Set 3 numbers"), "{}", tried.text());
    assert_eq!(count().await, 0, "it was only tried");
    add(&stage, &cards).await;
    assert_eq!(count().await, 3);
    let empty = operator.post("/sims/import/try", &[("list", " ")]).await;
    assert!(empty.status == 422 && empty.text().contains("Choose a file"));
    assert_eq!(stage.console(Role::Viewer).get("/sims/import").await.status.as_u16(), 403);
}

#[tokio::test]
async fn a_wrong_number_keeps_the_input_and_a_right_one_is_set() {
    let stage = Stage::new().await;
    let cards = cards(1);
    add(&stage, &cards).await;
    let operator = stage.console(Role::Operator);
    let address = format!("/sims/{}/number", cards[0]);
    let wrong = operator.post(&address, &[("number", "12\"<x")]).await;
    let text = wrong.text();
    assert_eq!(wrong.status.as_u16(), 422);
    assert!(text.contains("value=\"12&quot;&lt;x\"") && text.contains("aria-invalid"), "{text}");
    assert!(text.contains("Not a number of any country"), "{text}");
    let right = operator.post(&address, &[("number", "+31 6 1277 0099")]).await;
    assert_eq!(right.status.as_u16(), 303, "{}", right.text());
    let page = operator.get(&format!("/sims/{}", cards[0])).await.text().to_owned();
    assert!(page.contains("+31612770099") && page.contains("Rests"), "{page}");
    // A number leads to the SIM as well.
    assert_eq!(operator.get("/sims/+31612770099").await.status.as_u16(), 200);
    assert_eq!(operator.get("/sims/8931040000000000018").await.status.as_u16(), 404);
    for (path, line) in [("sale", "retired"), ("pool", "set"), ("number/clear", "forgotten")] {
        let sent = [("action", "retire"), ("pool", "rentals")];
        let done = operator.post(&format!("/sims/{}/{path}", cards[0]), &sent).await;
        assert_eq!(done.status.as_u16(), 303, "{path} {line}");
    }
    let sim = stage.fixture.gateway.sims().find(cards[0].parse().unwrap()).await.unwrap().sim;
    assert!(sim.retired_at.is_some() && sim.number.is_none() && sim.pool == Pool::Rentals);
    let removed = operator.post(&format!("/sims/{}/remove", cards[0]), &[]).await;
    assert_eq!((removed.status.as_u16(), removed.location.as_deref()), (303, Some("/sims")));
}

#[tokio::test]
async fn a_number_that_another_sim_has_is_asked_about_first_and_both_sims_name_the_other() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let sims = stage.fixture.gateway.sims().list().await.unwrap();
    let [one, other] = [&sims[0].sim, &sims[1].sim];
    let number = other.number.as_ref().unwrap().number.to_string();
    let form = format!("/sims/{}/number", one.iccid);
    let asked = operator.post(&form, &[("number", &number)]).await;
    for piece in [
        "Another SIM has this number",
        &format!("href=\"/sims/{}\"", other.iccid),
        "this SIM can be sold with it, and that one is not sold",
        "Set it all the same",
        &format!("action=\"{form}/sure\""),
    ] {
        assert!(asked.text().contains(piece), "{piece}\n{}", asked.text());
    }
    let number_of = async |iccid: &Iccid| {
        let known = stage.fixture.gateway.sims().find(iccid.clone()).await.unwrap().sim.number;
        known.unwrap().number.to_string()
    };
    assert_ne!(number_of(&one.iccid).await, number, "nothing was set yet");
    let page = |iccid: &Iccid| format!("/sims/{iccid}");
    let done = operator.post(&format!("{form}/sure"), &[("number", &number)]).await;
    assert_eq!(done.location, Some(page(&one.iccid)), "{}", done.text());
    assert_eq!(number_of(&one.iccid).await, number);
    let winner = operator.get(&page(&one.iccid)).await;
    for piece in [
        &format!("SIM {} has it as well, and is not sold now.", other.iccid),
        "that SIM is not sold until it has another number",
    ] {
        assert!(winner.text().contains(piece), "{piece}\n{}", winner.text());
    }
    let loser = operator.get(&page(&other.iccid)).await;
    let way = format!("href=\"/sims/{}\"", one.iccid);
    assert!(loser.text().contains("so that this SIM is not sold"), "{}", loser.text());
    assert!(loser.text().contains(&way), "{}", loser.text());
    let again = operator.post(&form, &[("number", "12"), ("request", "2")]).await;
    assert_eq!(again.status.as_u16(), 422, "{}", again.text());
    assert!(again.text().contains("Not a number of any country"), "{}", again.text());
}

#[tokio::test]
async fn a_modem_shows_the_number_that_was_entered_for_its_sim() {
    let stage = Stage::new().await;
    let operator = stage.console(Role::Operator);
    let iccid = stage.fixture.gateway.sims().list().await.unwrap()[0].sim.iccid.clone();
    let form = format!("/sims/{iccid}/number");
    operator.post(&form, &[("number", "+31612779999")]).await;
    let port = stage.fixture.gateway.modems().modems()[0].snapshot.port.clone();
    for page in ["/modems".to_owned(), path!("/modems/{}", port)] {
        let shown = operator.get(&page).await;
        assert!(shown.text().contains("+31612779999"), "{page}\n{}", shown.text());
        assert!(shown.text().contains(&format!("href=\"/sims/{iccid}\"")), "{}", shown.text());
    }
    let of_viewer = stage.console(Role::Viewer).get("/modems").await;
    assert!(!of_viewer.text().contains("612779999"), "{}", of_viewer.text());
}

#[tokio::test]
async fn only_a_sim_that_was_never_in_a_modem_is_offered_to_be_removed() {
    let stage = Stage::new().await;
    let cards = cards(1);
    add(&stage, &cards).await;
    let operator = stage.console(Role::Operator);
    let offered = async |iccid: &str| {
        operator.get(&format!("/sims/{iccid}")).await.text().contains("Remove the SIM")
    };
    assert!(offered(&cards[0]).await);
    let in_modem = stage.fixture.gateway.sims().list().await.unwrap()[0].sim.iccid.to_string();
    assert!(!offered(&in_modem).await);
}
