//! A week with everything at once: sixteen modems of eight families, mixed faults, customers, and
//! messages of all kinds.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use simbridge::domain::{OrderId, Random};
use simbridge::simulator::{FaultSchedule, Scenario, SpecialMessage, families};

use super::business::{Business, code_for};
use super::rig::Rig;

const MODEMS: usize = 16;
const FAMILIES: usize = 8;
const MINUTE_MS: u64 = 60_000;
const MINUTES: u64 = 7 * 24 * 60;
/// How far all sessions run before the next does.
const STEP_MS: u64 = 5_000;
const KEEP_ALIVE: Duration = Duration::from_secs(300);
/// The longest time from an order to its code. An order waits for ten minutes.
const LONGEST_MS: u64 = 12 * MINUTE_MS;

/// Two modems of each of eight families; another seed takes others. The first modem tells no IMEI,
/// and the third and the fourth tell the same.
fn scenario(seed: u64) -> Scenario {
    let all: Vec<&str> = families().collect();
    let first = usize::try_from(seed).unwrap() * FAMILIES;
    let chosen = all.iter().cycle().skip(first).take(FAMILIES);
    let text: String = chosen
        .flat_map(|family| [family; MODEMS / FAMILIES])
        .enumerate()
        .map(|(place, family)| {
            let identity = match place {
                0 => "quirks = [\"no-imei\"]\n",
                2 | 3 => "imei = \"861234567890123\"\n",
                _ => "",
            };
            format!("[[modem]]\nfamily = \"{family}\"\n{identity}")
        })
        .collect();
    Scenario::parse(&text).unwrap()
}

/// A code that the network will send.
struct Code {
    at_ms: u64,
    order: OrderId,
    number: String,
    sender: String,
    text: String,
}

/// What customers and the network do, drawn from a seed.
struct Traffic {
    random: Random,
    codes: VecDeque<Code>,
    /// The last order of each number for a sender's service.
    newest: HashMap<(String, String), OrderId>,
    texts: usize,
    specials: usize,
}

impl Traffic {
    /// Every three minutes an order, whose code comes early, late or never, and a text for nobody;
    /// every five minutes something that is no text, from the sender of a service.
    ///
    /// A number whose order has expired may be sold to the same customer again for the same
    /// service. Nothing tells the code of the first order from that of the second then, so a sender
    /// sends none that is outdated.
    fn step(&mut self, rig: &mut Rig) {
        if self.happens_every(3 * MINUTE_MS) {
            self.order(rig);
        }
        if self.happens_every(3 * MINUTE_MS) {
            self.texts += 1;
            rig.send(self.random.index(MODEMS), &format!("text {}", self.texts));
        }
        if self.happens_every(5 * MINUTE_MS) {
            self.specials += 1;
            let kind = SpecialMessage::ALL[self.specials % SpecialMessage::ALL.len()];
            let sender = format!("Service{}", self.specials % 8);
            rig.send_special_from(self.random.index(MODEMS), kind, &sender);
        }
        let now_ms = rig.now_ms;
        while let Some(code) = self.codes.pop_front_if(|code| code.at_ms <= now_ms) {
            let Code { order, number, sender, text, .. } = code;
            let asked = (number, sender);
            if self.newest.get(&asked) == Some(&order) {
                rig.send_to(&asked.0, &asked.1, &text);
            }
        }
    }

    fn happens_every(&mut self, mean_ms: u64) -> bool {
        self.random.below(mean_ms / STEP_MS) == 0
    }

    fn order(&mut self, rig: &mut Rig) {
        let service = self.random.index(8);
        let Some(ordered) = rig.kept.business.as_mut().and_then(|all| all.order(service)) else {
            return;
        };
        let (order, number, sender) = (ordered.id, ordered.number.to_string(), ordered.sender);
        self.newest.insert((number.clone(), sender.clone()), order);
        if self.random.below(5) == 0 {
            return;
        }
        let at_ms = rig.now_ms + self.random.below(LONGEST_MS);
        let place = self.codes.partition_point(|code| code.at_ms <= at_ms);
        self.codes.insert(place, Code { at_ms, order, number, sender, text: code_for(order) });
    }
}

/// The seed of the week; `SIMBRIDGE_WEEK=7` plays another one.
fn seed() -> u64 {
    std::env::var("SIMBRIDGE_WEEK").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

#[test]
fn a_week_of_faults_loses_doubles_misattributes_and_mischarges_nothing() {
    let seed = seed();
    let mut rig = Rig::new(&scenario(seed));
    // A keep-alive every minute would be most of what is done in a week.
    rig.sessions.iter_mut().for_each(|session| session.keep_alive = Some(KEEP_ALIVE));
    rig.kept.business = Some(Business::open(rig.time()));
    rig.run_until_working(10 * MINUTE_MS).unwrap();
    let began_ms = rig.now_ms;
    let plan = FaultSchedule::new(rig.bench.network(), seed, MINUTES);
    let mut faults = plan.faults().iter().peekable();
    let random = Random::new(seed ^ 0x5EED_0F7E_0075_0001);
    let (codes, newest) = (VecDeque::new(), HashMap::new());
    let mut traffic = Traffic { random, codes, newest, texts: 0, specials: 0 };
    let mut kinds = HashSet::new();
    while rig.now_ms < began_ms + MINUTES * MINUTE_MS {
        while let Some(planned) = faults.next_if(|planned| began_ms + planned.at_ms <= rig.now_ms) {
            kinds.insert(std::mem::discriminant(&planned.fault));
            rig.fault(planned.modem, &planned.fault);
        }
        traffic.step(&mut rig);
        rig.run_for(STEP_MS);
        if rig.now_ms / MINUTE_MS != (rig.now_ms - STEP_MS) / MINUTE_MS {
            rig.kept.business.as_ref().unwrap().run_due_work();
        }
    }
    faults.for_each(|planned| rig.fault(planned.modem, &planned.fault));
    let well = rig.run_until_working(60 * MINUTE_MS).map_or_else(|told| told, |_| String::new());
    rig.run_for(2 * LONGEST_MS);
    rig.kept.business.as_ref().unwrap().run_due_work();
    let mut failures = rig.faults_found();
    let (ends, wrong) = rig.kept.business.as_ref().unwrap().check(&rig.kept.untold);
    failures.extend(wrong);
    println!(
        "{ends:?}, {} texts, {} others, {} kinds of faults, {} of nobody, {} untold",
        traffic.texts,
        traffic.specials,
        kinds.len(),
        rig.kept.doubtful(),
        rig.kept.untold.len()
    );
    assert!(failures.is_empty(), "{} wrong: {}\n{well}", failures.len(), failures.join("\n"));
    assert!(well.is_empty(), "never well again\n  {well}");
    assert!(ends.completed > 1_000 && ends.expired > 300, "{ends:?}");
}
