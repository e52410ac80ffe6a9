//! Giving out a number of which there are few: what a search has found may be given to others
//! before it is tried.

use crate::gateway::Error;

/// How often an order or a rental is tried whose number is taken by another just before.
const ROUNDS: usize = 4;

/// Tries an operation that gives out a number. It answers `None` when the stock has to be searched
/// further than such an operation may; then it is tried again with what `propose` has found, as at
/// once where numbers are scarce. In the end `None` stands for no number.
pub(in crate::gateway) async fn try_in_rounds<T, P, S, A>(
    is_scarce: bool,
    propose: impl Fn() -> S,
    attempt: impl Fn(Vec<P>) -> A,
) -> Result<Option<T>, Error>
where
    S: Future<Output = Result<Option<Vec<P>>, Error>>,
    A: Future<Output = Result<Option<T>, Error>>,
{
    for round in 0..ROUNDS {
        let proposals = match is_scarce || round > 0 {
            true => propose().await?,
            false => Some(Vec::new()),
        };
        let Some(proposals) = proposals else { return Ok(None) };
        if let Some(given) = attempt(proposals).await? {
            return Ok(Some(given));
        }
    }
    Ok(None)
}
