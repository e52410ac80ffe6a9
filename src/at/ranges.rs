//! What a modem says it can do: the `=?` replies (27.007 4, V.250 5.7.3),
//! `("SM","ME"),(0-3),(0,2,4-6)`.

use super::fields::{fields, unquote};

/// No real list is longer; a longer one is cut.
const MAX_CHOICES: usize = 512;

/// One element of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// All numbers from the first to the second, both included.
    Range(i32, i32),
    /// A quoted word, without its quotes.
    Word(String),
}

/// One parenthesised list: the values that one parameter may take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices(pub Vec<Choice>);

impl Choices {
    fn parse(text: &str) -> Choices {
        let inner = strip_parentheses(text).unwrap_or(text);
        Choices(fields(inner).filter_map(parse_choice).take(MAX_CHOICES).collect())
    }

    /// Whether the number is among them.
    pub fn allows(&self, number: i32) -> bool {
        self.0.iter().any(|choice| match choice {
            Choice::Range(first, last) => (*first..=*last).contains(&number),
            Choice::Word(_) => false,
        })
    }

    /// The words among them.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|choice| match choice {
            Choice::Word(word) => Some(word.as_str()),
            Choice::Range(..) => None,
        })
    }

    /// The numbers among them in order, at most 512.
    pub fn numbers(&self) -> impl Iterator<Item = i32> {
        let spans = self.0.iter().filter_map(|choice| match choice {
            Choice::Range(first, last) => Some(*first..=*last),
            Choice::Word(_) => None,
        });
        spans.flatten().take(MAX_CHOICES)
    }
}

fn strip_parentheses(text: &str) -> Option<&str> {
    text.trim().strip_prefix('(').map(|inner| inner.strip_suffix(')').unwrap_or(inner))
}

fn parse_choice(field: &str) -> Option<Choice> {
    if field.starts_with('"') {
        return Some(Choice::Word(unquote(field).to_owned()));
    }
    if let Ok(number) = field.parse() {
        return Some(Choice::Range(number, number));
    }
    if let Some((first, last)) = field.split_once('-')
        && let (Ok(first), Ok(last)) = (first.trim().parse(), last.trim().parse())
    {
        return Some(Choice::Range(first, last));
    }
    // Some modems leave the quotes away: (SM,ME).
    let word = !field.is_empty() && field.bytes().all(|byte| byte.is_ascii_alphanumeric());
    word.then(|| Choice::Word(field.to_owned()))
}

/// The lists of a `=?` reply's payload, one for each parameter. A pair of parentheses around all of
/// them is ignored, and a bare value is a list of one.
pub fn parse_choices(payload: &str) -> Vec<Choices> {
    let mut outer = fields(payload);
    if let (Some(only), None) = (outer.next(), outer.next())
        && let Some(inner) = strip_parentheses(only)
        && inner.trim_start().starts_with('(')
    {
        return fields(inner).take(MAX_CHOICES).map(Choices::parse).collect();
    }
    fields(payload).take(MAX_CHOICES).map(Choices::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_as_modems_give_them() {
        let cpms = parse_choices("(\"SM\",\"ME\"),(\"SM\"),(\"SM\",\"MT\")");
        assert_eq!(cpms.len(), 3);
        assert_eq!(cpms[0].words().collect::<Vec<_>>(), ["SM", "ME"]);
        assert_eq!(cpms[2].words().collect::<Vec<_>>(), ["SM", "MT"]);

        let nested = parse_choices("((\"SM\",\"ME\"),(\"SM\"))");
        assert_eq!(nested.len(), 2);
        assert_eq!(nested[0].words().collect::<Vec<_>>(), ["SM", "ME"]);

        let bare = parse_choices("(SM,ME)");
        assert_eq!(bare[0].words().collect::<Vec<_>>(), ["SM", "ME"]);

        let cnmi = parse_choices("(0-2),(0,1,3),(0),1,(0 - 1)");
        let allowed: Vec<Vec<i32>> =
            cnmi.iter().map(|one| (0..5).filter(|n| one.allows(*n)).collect()).collect();
        assert_eq!(allowed, [vec![0, 1, 2], vec![0, 1, 3], vec![0], vec![1], vec![0, 1]]);
    }

    #[test]
    fn an_absurd_range_is_cut() {
        assert_eq!(parse_choices("(0-2000000000)")[0].numbers().count(), 512);
        assert_eq!(parse_choices("(9-3)")[0].numbers().count(), 0);
        assert!(parse_choices("").iter().all(|one| one.0.is_empty()));
    }
}
