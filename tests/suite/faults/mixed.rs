//! Mixed faults by seeded plans.

use simbridge::domain::Random;
use simbridge::simulator::{FaultSchedule, Scenario, SpecialMessage, families};

use super::rig::Rig;

const MINUTE_MS: u64 = 60_000;
const MODEMS: usize = 16;
/// Makes the seed of the messages another one than that of the plan of faults. From the same seed
/// both would draw the same numbers, and faults and messages would go together.
const APART: u64 = 0x5EED_0F7E_0075_0000;

/// Sixteen modems of all families.
fn scenario() -> Scenario {
    let of_a_family = |family: &str| format!("[[modem]]\nfamily = \"{family}\"\n");
    let text: String = families().cycle().skip(1).take(MODEMS).map(of_a_family).collect();
    Scenario::parse(&text).unwrap()
}

/// A message now and then, to a number that the seed says, with the number's place in its text;
/// sometimes a long run of them. Beside every eighth comes one that is no text.
fn sends(seed: u64, minutes: u64) -> Vec<(u64, usize)> {
    let mut random = Random::new(seed ^ APART);
    let mut sends = Vec::new();
    let mut at_ms = 0;
    while at_ms < (minutes - 1) * MINUTE_MS {
        at_ms += random.below(20_000);
        let modem = random.index(MODEMS);
        let run = if random.below(60) == 0 { 70 } else { 1 };
        sends.extend((0..run).map(|_| (at_ms, modem)));
    }
    sends
}

fn play(seed: u64, minutes: u64) {
    let mut rig = Rig::new(&scenario());
    rig.run_until_working(5 * MINUTE_MS).unwrap();
    let began_ms = rig.now_ms;
    let plan = FaultSchedule::new(rig.bench.network(), seed, minutes);
    let mut sends = sends(seed, minutes).into_iter().enumerate().peekable();
    for planned in plan.faults() {
        while let Some((number, (at_ms, modem))) =
            sends.next_if(|(_, (at_ms, _))| *at_ms <= planned.at_ms)
        {
            rig.run_until(began_ms + at_ms);
            rig.send(modem, &format!("{modem} {number}"));
            if number % 8 == 0 {
                rig.send_special(
                    modem,
                    SpecialMessage::ALL[number / 8 % SpecialMessage::ALL.len()],
                );
            }
        }
        rig.run_until(began_ms + planned.at_ms);
        rig.fault(planned.modem, &planned.fault);
    }
    let well = rig.run_until_working(30 * MINUTE_MS);
    let failures = rig.faults_found();
    let wrong = failures.join("\n");
    assert!(failures.is_empty(), "seed {seed}: {} wrong: {wrong}\n  {well:?}", failures.len());
    well.unwrap_or_else(|told| panic!("seed {seed}: never well again\n  {told}"));
}

#[test]
fn a_thousand_minutes_of_mixed_faults_on_sixteen_modems_lose_double_and_misattribute_nothing() {
    for seed in 1..=10 {
        play(seed, 100);
    }
}
