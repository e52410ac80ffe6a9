//! Answers that the centre remembers, so that a question that must not be carried out twice is not
//! when its answer was lost with the connection.

use std::collections::{BTreeMap, VecDeque};

use super::identity::BootId;
use super::site_questions::MAX_UNDER_WAY;
use super::words::{Answered, QuestionNumber};

/// How many answers are remembered of a run of a site's process: twice as many as may be under way,
/// because those whose answers were lost are asked again while others follow.
const REMEMBERED: usize = 2 * MAX_UNDER_WAY;

/// The last answers to a site's questions that must not be carried out twice. They outlive the
/// site's connections, and end with the run of its process that asked.
#[derive(Debug, Clone)]
pub struct RememberedAnswers {
    boot: BootId,
    answers: BTreeMap<QuestionNumber, Answered>,
    /// The numbers of the answers, the oldest first.
    order: VecDeque<QuestionNumber>,
}

impl RememberedAnswers {
    /// Nothing is remembered yet of this run.
    pub fn new(boot: BootId) -> RememberedAnswers {
        RememberedAnswers { boot, answers: BTreeMap::new(), order: VecDeque::new() }
    }

    /// The run of the site's process whose answers these are.
    pub fn boot(&self) -> BootId {
        self.boot
    }

    /// The answer that was given to this question, if it is remembered.
    pub fn get(&self, number: QuestionNumber) -> Option<&Answered> {
        self.answers.get(&number)
    }

    /// Remembers the answer to a question. Of more than 512 the oldest is forgotten.
    pub fn remember(&mut self, number: QuestionNumber, answer: Answered) {
        if self.answers.insert(number, answer).is_none() {
            self.order.push_back(number);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::Answer;
    use super::*;

    #[test]
    fn five_hundred_and_twelve_answers_are_remembered_and_the_oldest_forgotten() {
        let mut remembered = RememberedAnswers::new(BootId::from_entropy([1; 16]));
        for number in (0..513).map(QuestionNumber) {
            remembered.remember(number, Ok(Answer::Released(number.0 % 2 == 0)));
        }
        assert_eq!(remembered.get(QuestionNumber(0)), None);
        assert_eq!(remembered.get(QuestionNumber(1)), Some(&Ok(Answer::Released(false))));
        assert_eq!(remembered.get(QuestionNumber(512)), Some(&Ok(Answer::Released(true))));
        assert_eq!(remembered.boot(), BootId::from_entropy([1; 16]));
    }
}
