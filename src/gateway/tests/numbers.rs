//! SIMs whose number neither list nor card has.

use std::sync::Mutex;

use super::*;
use crate::domain::number_discovery::DiscoveryMethod;
use crate::sms::Submit;

/// Modems that answer every question alike, and remember what they sent.
#[derive(Default)]
struct Modems {
    code: Option<&'static str>,
    reply: Mutex<Option<Result<Vec<String>, RequestError>>>,
    asked: Mutex<Vec<ModemRequest>>,
}

impl Modems {
    fn answering(reply: Result<&str, RequestError>) -> Modems {
        let reply = reply.map(|text| vec![text.to_owned()]);
        Modems { code: Some("*100#"), reply: Mutex::new(Some(reply)), ..Modems::default() }
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// The destination and the text of the message that was sent last.
    fn sent(&self) -> (String, String) {
        let asked = self.asked.lock().unwrap();
        let Some(ModemRequest::ForSim { task: SimTask::Send(pdu), .. }) = asked.last() else {
            panic!("{asked:?}")
        };
        let message = Submit::decode(pdu).unwrap();
        (message.destination.to_string(), message.text().text)
    }
}

impl ModemControl for Modems {
    fn detail(&self, _: &str) -> BoxFuture<'_, Option<ModemDetail>> {
        Box::pin(std::future::ready(None))
    }

    fn recording(&self, _: &str) -> BoxFuture<'_, Option<Vec<String>>> {
        Box::pin(std::future::ready(None))
    }

    fn screen_command(&self, _: &str, _: bool) -> Result<String, RequestError> {
        Err(RequestError::Gone)
    }

    fn request(
        &self,
        _: PortName,
        request: ModemRequest,
    ) -> BoxFuture<'_, Result<Vec<String>, RequestError>> {
        self.asked.lock().unwrap().push(request);
        let reply = self.reply.lock().unwrap().clone().unwrap();
        Box::pin(async move { reply })
    }

    fn own_number_code(&self, _: &Imsi) -> Option<String> {
        self.code.map(str::to_owned)
    }

    fn switch(&self, _: &str, _: &str, _: u32) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async { Err("there is no bank".to_owned()) })
    }

    fn scan(&self) -> BoxFuture<'_, Vec<ScannedPort>> {
        Box::pin(async { Vec::new() })
    }
}

impl Fixture {
    /// SIM `n` without a number, ready on a modem.
    async fn plug_numberless(&self, n: u16) {
        let told = Identified {
            modem: modem(n),
            others: Vec::new(),
            iccid: iccid(n),
            imsi: Some(Imsi::from_stored("204081234567890")),
            number: None,
        };
        self.gateway.sims().record_identity(told).await.unwrap();
        self.report(n);
    }

    async fn number(&self, n: u16) -> Option<(String, &'static str)> {
        let known = self.gateway.sims().find(iccid(n)).await.unwrap().sim.number?;
        Some((known.number.to_string(), known.source.as_str()))
    }

    async fn failure(&self, n: u16) -> Option<String> {
        self.gateway.numbers().attempts(&iccid(n)).await.unwrap().pop()?.failure
    }

    /// Who is to be asked now, and by what.
    async fn wanted(&self) -> Vec<(Iccid, bool, bool)> {
        for n in 1..=3 {
            self.report(n);
        }
        let wanted = self.gateway.numbers().due_discoveries().await.unwrap().0;
        wanted.into_iter().map(|wanted| (wanted.iccid, wanted.ussd, wanted.loopback)).collect()
    }
}

fn with_loopback() -> Settings {
    Settings { ask_loopback: true, ..default_settings() }
}

const DAY_S: i64 = 24 * 3600;

#[tokio::test]
async fn the_networks_answer_is_kept_with_its_source_and_nothing_is_asked_any_more() {
    let fixture = Fixture::open().await;
    fixture.plug_numberless(1).await;
    assert_eq!(fixture.wanted().await, [(iccid(1), true, false)]);
    let modems = Modems::answering(Ok("Uw nummer is 0612345678."));
    fixture.gateway.numbers().ask_by_ussd(&modems, &iccid(1), None).await.unwrap();
    assert_eq!(fixture.number(1).await, Some(("+31612345678".to_owned(), "ussd")));
    assert_eq!((fixture.wanted().await, fixture.failure(1).await), (vec![], None));
    assert_eq!(fixture.gateway.numbers().due_discoveries().await.unwrap().1, None);
}

#[tokio::test]
async fn a_question_that_came_to_nothing_is_asked_again_rarely_also_after_a_restart() {
    let mut fixture = Fixture::open().await;
    fixture.plug_numberless(1).await;
    let table = [
        (Ok("Saldo: 12,50"), "no number in the network's answer"),
        (Err(RequestError::Refused(FinalResult::Cme(Some(30)))), "+CME ERROR: 30"),
        (Ok("Your number is +99912345678"), "not a number of any country"),
    ];
    for (days, (reply, words)) in [1, 2, 4].into_iter().zip(table) {
        assert_eq!(fixture.wanted().await.len(), 1, "{words}");
        let refused = fixture
            .gateway
            .numbers()
            .ask_by_ussd(&Modems::answering(reply), &iccid(1), None)
            .await
            .unwrap_err();
        assert!(refused.to_string().contains(words), "{refused}");
        assert!(fixture.failure(1).await.unwrap().contains(words));
        fixture.restart().await;
        fixture.pass(days * DAY_S - 1);
        assert_eq!(fixture.wanted().await, []);
        fixture.pass(1);
    }
    assert_eq!(fixture.wanted().await.len(), 1);
}

#[tokio::test]
async fn without_a_code_nothing_is_sent_and_that_is_shown() {
    let fixture = Fixture::open().await;
    fixture.plug_numberless(1).await;
    let modems = Modems { code: None, ..Modems::answering(Ok("")) };
    fixture.gateway.numbers().ask_by_ussd(&modems, &iccid(1), None).await.unwrap_err();
    assert_eq!((modems.asked(), fixture.wanted().await), (0, vec![]));
    assert!(fixture.failure(1).await.unwrap().contains("give the code"));
}

#[tokio::test]
async fn a_message_to_ourselves_tells_the_number_and_is_nobodys() {
    let fixture = Fixture::with(with_loopback()).await;
    fixture.plug(1).await;
    fixture.plug_numberless(2).await;
    let (ann, any) = (fixture.customer("ann", 100).await, fixture.service("Any", &[]).await);
    let order = fixture.order(ann, any).await;
    assert_eq!(fixture.wanted().await, [(iccid(2), true, true)]);
    let modems = Modems::answering(Ok(""));
    fixture.gateway.numbers().ask_by_loopback(&modems, &iccid(2)).await.unwrap();
    let (to, text) = modems.sent();
    assert_eq!(to, "+31612000001");
    assert!(fixture.failure(2).await.unwrap().contains("not come yet"));
    fixture.sms(1, "+31687654321", &text).await;
    assert_eq!(fixture.number(2).await, Some(("+31687654321".to_owned(), "loopback")));
    assert_eq!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Waiting);
    let message = fixture.messages().await.remove(0);
    assert_eq!(
        (message.order, message.withheld.as_deref(), message.code),
        (None, Some("loopback"), None)
    );
    assert!(fixture.gateway.orders().history(order).await.unwrap().unmatched.is_empty());
    assert_eq!((fixture.wanted().await, fixture.faults().await), (vec![], vec![]));
}

#[tokio::test]
async fn a_message_that_comes_before_the_sender_is_certain_counts_only_then() {
    let fixture = Fixture::with(with_loopback()).await;
    fixture.plug(1).await;
    fixture.plug_numberless(2).await;
    let modems = Modems::answering(Err(RequestError::OtherCard));
    fixture.gateway.numbers().ask_by_loopback(&modems, &iccid(2)).await.unwrap_err();
    fixture.sms(1, "+31687654321", &modems.sent().1).await;
    assert_eq!(fixture.number(2).await, None, "another card may have sent it");
    assert!(fixture.failure(2).await.unwrap().contains("exchanged"));
    assert_eq!(fixture.messages().await.remove(0).withheld.as_deref(), Some("loopback"));
}

#[tokio::test]
async fn one_message_a_day_and_none_without_a_receiver() {
    let fixture = Fixture::with(with_loopback()).await;
    fixture.plug_numberless(2).await;
    let modems = Modems::answering(Ok(""));
    let ask = async || fixture.gateway.numbers().ask_by_loopback(&modems, &iccid(2)).await;
    let refused = ask().await.unwrap_err().to_string();
    assert!(refused.contains("nobody could take the message"), "{refused}");
    fixture.plug(1).await;
    ask().await.unwrap();
    fixture.pass(DAY_S - 1);
    fixture.wanted().await;
    let refused = ask().await.unwrap_err().to_string();
    assert!(refused.contains("costs money"), "{refused}");
    fixture.pass(1);
    assert_eq!(fixture.wanted().await, [(iccid(2), true, true)]);
    ask().await.unwrap();
    assert_eq!(modems.asked(), 2);
    fixture.pass(DAY_S);
    assert_eq!(fixture.wanted().await, [(iccid(2), true, false)], "the third after two days");
}

#[tokio::test]
async fn the_operators_word_stands_and_two_sims_with_one_number_are_both_held_back() {
    let fixture = Fixture::open().await;
    fixture.plug(1).await;
    fixture.plug_numberless(2).await;
    fixture
        .gateway
        .numbers()
        .ask_by_ussd(&Modems::answering(Ok("+31612000001")), &iccid(2), None)
        .await
        .unwrap();
    for n in [1, 2] {
        assert_eq!(fixture.gateway.sims().find(iccid(n)).await.unwrap().state(), "contested");
    }
    let contested = async || fixture.gateway.reports().site_stats().await.unwrap().contested;
    let claims = contested().await;
    assert_eq!(claims.iter().map(|(_, sims)| sims).collect::<Vec<_>>(), [&[iccid(1), iccid(2)]]);
    // Which SIM holds which back is told of each, as the state says.
    let rivals = async |n| {
        let sim = fixture.gateway.sims().find(iccid(n)).await.unwrap().sim;
        let rivals = fixture.gateway.sims().rivals(&sim).await.unwrap();
        assert_eq!(sim.contested, rivals.iter().any(|rival| rival.holds_back), "{n}");
        let told = |it: &Rival| (it.iccid.clone(), it.source, it.holds_back, it.is_held_back);
        rivals.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(rivals(1).await, [(iccid(2), NumberSource::Ussd, true, true)]);
    assert_eq!(rivals(2).await, [(iccid(1), NumberSource::Cnum, true, true)]);
    // What the operator says settles it, although the other card goes on telling that number.
    fixture.gateway.sims().set_number(iccid(1), "+31612000001".to_owned(), false).await.unwrap();
    let state = async |n| fixture.gateway.sims().find(iccid(n)).await.unwrap().state();
    assert_eq!((state(1).await, state(2).await), ("available", "contested"));
    assert!(contested().await.is_empty());
    assert_eq!(rivals(1).await, [(iccid(2), NumberSource::Ussd, false, true)]);
    assert_eq!(rivals(2).await, [(iccid(1), NumberSource::Operator, true, false)]);
    fixture.gateway.sims().clear_number(iccid(1)).await.unwrap();
    assert_eq!((state(1).await, state(2).await), ("no-number", "available"));
    fixture.plug(1).await;
    assert_eq!((state(1).await, state(2).await), ("contested", "contested"));
    // A SIM that is retired claims nothing.
    fixture.gateway.sims().set_retired(iccid(1), true).await.unwrap();
    assert_eq!((state(1).await, state(2).await), ("retired", "available"));
    assert!(contested().await.is_empty());
    assert_eq!((rivals(1).await.len(), rivals(2).await.len()), (1, 0));
    fixture.gateway.sims().set_retired(iccid(1), false).await.unwrap();
    fixture.gateway.sims().set_number(iccid(2), "+31612000002".to_owned(), false).await.unwrap();
    let refused = fixture
        .gateway
        .numbers()
        .ask_by_ussd(&Modems::answering(Ok("+31612000001")), &iccid(2), None)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("another number than the one that is known"), "{refused}");
    assert_eq!(fixture.number(2).await, Some(("+31612000002".to_owned(), "operator")));
}

#[tokio::test]
async fn a_text_that_only_looks_like_ours_is_an_ordinary_message() {
    let fixture = Fixture::with(with_loopback()).await;
    fixture.plug(1).await;
    let (ann, any) = (fixture.customer("ann", 100).await, fixture.service("Any", &[]).await);
    let order = fixture.order(ann, any).await;
    fixture.sms(1, "+31687654321", "simbridge number check aaaaaaaaaaaaaaaa").await;
    assert!(matches!(fixture.gateway.orders().read_sms(ann, order).await.unwrap(), Sms::Text(_)));
}

#[tokio::test]
async fn a_retired_sim_and_one_on_no_working_modem_are_not_asked() {
    let fixture = Fixture::open().await;
    fixture.plug_numberless(1).await;
    fixture.plug_numberless(2).await;
    fixture.gateway.sims().set_retired(iccid(1), true).await.unwrap();
    fixture.silence(2);
    assert_eq!(fixture.gateway.numbers().due_discoveries().await.unwrap().0, []);
    let asked = fixture
        .gateway
        .numbers()
        .ask_by_ussd(&Modems::answering(Ok("0612345678")), &iccid(2), None)
        .await;
    assert!(asked.unwrap_err().to_string().contains("no working modem"));
    assert_eq!(fixture.gateway.numbers().attempts(&iccid(2)).await.unwrap().len(), 0);
    assert_eq!("loopback".parse(), Ok(DiscoveryMethod::Loopback));
}

#[tokio::test]
async fn sims_of_every_country_have_their_number_and_what_cannot_be_one_is_told() {
    let fixture = Fixture::open().await;
    let read = async |n: u16, imsi: &str, number: &str| {
        let told = Identified {
            modem: modem(n),
            others: Vec::new(),
            iccid: iccid(n),
            imsi: Some(Imsi::from_stored(imsi)),
            number: Some((number.to_owned(), NumberSource::Cnum)),
        };
        fixture.gateway.sims().record_identity(told).await.unwrap();
        let view = fixture.gateway.sims().find(iccid(n)).await.unwrap();
        let number = view.sim.number.map(|known| known.number.to_string());
        (number, view.sim.country, view.number_problem)
    };
    let (de, pl, us, jp) =
        ("262011234567890", "260011234567890", "310150123456789", "440101234567890");
    for (imsi, told, number, national, country) in [
        (de, "015123456789", "+4915123456789", "015123456789", "DE"),
        (pl, "+48512345678", "+48512345678", "512345678", "PL"),
        (us, "2025550123", "+12025550123", "2025550123", "USA"),
        (jp, "09012345678", "+819012345678", "09012345678", "JP"),
    ] {
        let found = read(1, imsi, told).await;
        assert_eq!(found, (Some(number.to_owned()), Some(country.to_owned()), None), "{told}");
        let countries = fixture.gateway.settings();
        let number = crate::domain::Msisdn::from_stored(number);
        assert_eq!(countries.countries.national(&number), national);
    }
    let (number, country, problem) = read(2, de, "4711").await;
    assert_eq!((number, country.as_deref()), (None, Some("DE")));
    let told = "the card tells 4711, which is not a number of DE: set the right one by hand";
    assert!(problem.as_ref().is_some_and(|problem| problem.starts_with(told)), "{problem:?}");
    let (number, _, problem) = read(3, de, "+48512345678").await;
    assert_eq!(number.as_deref(), Some("+48512345678"), "it may be so all the same");
    assert_eq!(problem.as_deref(), Some("the number is one of PL, the card one of DE"));
    let (number, _, problem) = read(2, de, "015123456788").await;
    assert_eq!((number.as_deref(), problem), (Some("+4915123456788"), None), "it was mended");
}

#[tokio::test]
async fn a_deaf_sim_is_tested_by_others_in_turn_ever_more_seldom_until_it_hears() {
    let fixture = Fixture::with(with_loopback()).await;
    for n in 1..=3 {
        fixture.plug(n).await;
    }
    let ann = fixture.customer("ann", 50_000).await;
    let services =
        [fixture.service("Uber", &["^Uber$"]).await, fixture.service("Lyft", &["^Lyft$"]).await];
    // The other SIMs are out of sale, so that all orders are for the first.
    for n in [2, 3] {
        fixture.gateway.sims().set_rest(iccid(n), Duration::from_secs(7 * 86_400)).await.unwrap();
    }
    for service in [services[0], services[1], services[0]] {
        fixture.report(1);
        fixture.order(ann, service).await;
        fixture.pass(1_300);
        fixture.gateway.due_work().run_due_work().await.unwrap();
    }
    let modems = Modems::answering(Ok("1"));
    let tests = Arc::clone(fixture.gateway.hearing_tests());
    let due = async |fixture: &Fixture| {
        for n in 1..=3 {
            fixture.report(n);
        }
        tests.due_tests().await.unwrap().0
    };
    let mut senders = Vec::new();
    for pause_s in [600, 3_600, 6 * 3_600, 86_400, 86_400] {
        assert_eq!(due(&fixture).await, [iccid(1)]);
        tests.test(&modems, &iccid(1)).await.unwrap();
        assert_eq!(due(&fixture).await.len(), 0, "once");
        let next = fixture.gateway.now().plus(Duration::from_secs(pause_s));
        assert_eq!(tests.due_tests().await.unwrap().1, Some(next));
        let Some(ModemRequest::ForSim { iccid, .. }) = modems.asked.lock().unwrap().pop() else {
            panic!("nothing was sent")
        };
        senders.push(iccid);
        fixture.pass(pause_s.cast_signed());
        let sim = fixture.gateway.sims().find(super::iccid(1)).await.unwrap();
        assert_eq!(sim.state(), "deaf", "as long as no test has come");
    }
    assert_eq!(senders, [iccid(2), iccid(3), iccid(2), iccid(3), iccid(2)]);

    assert_eq!(due(&fixture).await, [iccid(1)]);
    tests.test(&modems, &iccid(1)).await.unwrap();
    let (number, text) = modems.sent();
    assert_eq!(number, fixture.number(1).await.unwrap().0);
    fixture.sms(1, "+31612340003", &text).await;
    assert_eq!(fixture.gateway.sims().find(iccid(1)).await.unwrap().state(), "available");
    assert_eq!((due(&fixture).await, tests.due_tests().await.unwrap().1), (Vec::new(), None));
    assert_eq!(fixture.faults().await, [""; 0]);
}
