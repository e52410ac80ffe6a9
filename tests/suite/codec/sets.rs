//! Which part belongs to which message.

use chrono::{DateTime, TimeDelta, Utc};
use simbridge::sms::{Concat, PART_WINDOW, PartSet, place};

/// Parts as they come: who, reference, total, sequence, and the second of the service centre's time
/// stamp.
type Part = (&'static str, u16, u8, u8, i64);

/// What happens, the parts, to which message each went, and which messages are complete.
type Case = (&'static str, &'static [Part], &'static [usize], &'static [bool]);

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_782_000_000 + second, 0).expect("a time")
}

/// Takes in parts one after the other, and says of each to which message it went.
fn sorted(parts: &[Part]) -> (Vec<usize>, Vec<PartSet>) {
    let mut sets: Vec<PartSet> = Vec::new();
    let mut places = Vec::new();
    for (who, reference, total, sequence, second) in parts {
        let concat =
            Concat { reference: *reference, total: *total, sequence: *sequence, wide: false };
        match place(&sets, who, concat, at(*second), PART_WINDOW) {
            Some(index) => {
                sets[index].add(*sequence, at(*second));
                places.push(index);
            }
            None => {
                sets.push(PartSet::new(who, concat, at(*second)));
                places.push(sets.len() - 1);
            }
        }
    }
    (places, sets)
}

#[test]
fn parts_and_their_messages() {
    let cases: &[Case] = &[
        ("in order", &[("A", 7, 2, 1, 0), ("A", 7, 2, 2, 1)], &[0, 0], &[true]),
        (
            "backwards",
            &[("A", 7, 3, 3, 2), ("A", 7, 3, 2, 1), ("A", 7, 3, 1, 0)],
            &[0, 0, 0],
            &[true],
        ),
        ("one missing", &[("A", 7, 3, 1, 0), ("A", 7, 3, 3, 0)], &[0, 0], &[false]),
        ("two senders", &[("A", 7, 2, 1, 0), ("B", 7, 2, 2, 0)], &[0, 1], &[false, false]),
        ("two references", &[("A", 7, 2, 1, 0), ("A", 8, 2, 2, 0)], &[0, 1], &[false, false]),
        (
            "parts with differing totals",
            &[("A", 7, 2, 1, 0), ("A", 7, 3, 2, 0)],
            &[0, 1],
            &[false, false],
        ),
        (
            "the same reference used again a minute later",
            &[("A", 7, 2, 1, 0), ("A", 7, 2, 2, 0), ("A", 7, 2, 1, 60), ("A", 7, 2, 2, 60)],
            &[0, 0, 1, 1],
            &[true, true],
        ),
        (
            "used again while the first is incomplete: the nearer one gets the part",
            &[("A", 7, 2, 1, 0), ("A", 7, 2, 1, 60), ("A", 7, 2, 2, 61), ("A", 7, 2, 2, 1)],
            &[0, 1, 1, 0],
            &[true, true],
        ),
        (
            "used again the next day, the first never completed",
            &[("A", 7, 2, 1, 0), ("A", 7, 2, 2, 86_400), ("A", 7, 2, 1, 86_400)],
            &[0, 1, 1],
            &[false, true],
        ),
        (
            "a slow sender",
            &[("A", 7, 3, 1, 0), ("A", 7, 3, 2, 2_000), ("A", 7, 3, 3, 4_000)],
            &[0, 0, 0],
            &[true],
        ),
    ];
    for (name, parts, places, complete) in cases {
        let (found, sets) = sorted(parts);
        assert_eq!(found, *places, "{name}");
        assert_eq!(sets.iter().map(PartSet::is_complete).collect::<Vec<_>>(), *complete, "{name}");
    }
}

#[test]
fn the_width_of_a_reference_counts() {
    let narrow = Concat { reference: 7, total: 2, sequence: 1, wide: false };
    let wide = Concat { wide: true, sequence: 2, ..narrow };
    let sets = [PartSet::new("A", narrow, at(0))];
    assert_eq!(place(&sets, "A", wide, at(0), PART_WINDOW), None);
}

#[test]
fn the_longest_message_there_is() {
    let part = |sequence| Concat { reference: 7, total: 255, sequence, wide: false };
    let mut set = PartSet::new("A", part(255), at(0));
    (2..255).for_each(|sequence| set.add(sequence, at(0)));
    assert_eq!(set.missing().collect::<Vec<_>>(), [1]);
    set.add(1, at(0));
    assert!(set.is_complete());
}

#[test]
fn the_window_is_the_callers() {
    let part = |sequence| Concat { reference: 7, total: 2, sequence, wide: false };
    let sets = [PartSet::new("A", part(1), at(0))];
    assert_eq!(place(&sets, "A", part(2), at(-61), TimeDelta::seconds(60)), None);
    assert_eq!(place(&sets, "A", part(2), at(-60), TimeDelta::seconds(60)), Some(0));
}
