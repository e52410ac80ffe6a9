//! How many bytes of answers wait to be taken by their clients: for each key and in all.

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use http_body_util::BodyExt;

use super::shares::{Share, Shares};

/// Shorter answers are not counted: a connection holds one at a time, and there are only so many
/// connections.
const COUNTED_FROM: usize = 1024;
/// The most bytes of answers to requests with one key.
const MOST_OF_KEY: usize = 8 << 20;
/// The most bytes of all answers.
const MOST_IN_ALL: usize = 64 << 20;

/// Counts the bytes of answers until they have been written.
#[derive(Debug, Default)]
pub(super) struct AnswersInFlight {
    by_key: Shares<[u8; 32]>,
    all: Shares<()>,
}

/// Why an answer is not given.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Excess {
    /// Too much of the key's answers has not been taken yet.
    OfKey,
    /// Too much of all answers has not been taken yet.
    InAll,
}

/// The body of an answer that is counted. hyper keeps it until its last byte is written.
struct Counted {
    bytes: Bytes,
    _of_key: Option<Share<[u8; 32]>>,
    _in_all: Share<()>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AnswersInFlight {
    /// The same answer, counted from now on. `key` is the key of its request, by its SHA-256, if
    /// that had one.
    pub(super) async fn count(
        &self,
        answer: Response,
        key: Option<[u8; 32]>,
    ) -> Result<Response, Excess> {
        let length = answer.body().size_hint().exact();
        let Some(length) = length.and_then(|length| usize::try_from(length).ok()) else {
            return Ok(answer);
        };
        if length < COUNTED_FROM {
            return Ok(answer);
        }
        let of_key = match key {
            Some(key) => Some(self.by_key.take(key, length, MOST_OF_KEY).ok_or(Excess::OfKey)?),
            None => None,
        };
        let in_all = self.all.take((), length, MOST_IN_ALL).ok_or(Excess::InAll)?;
        let (head, body) = answer.into_parts();
        // All of it is in memory already.
        let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let counted = Counted { bytes, _of_key: of_key, _in_all: in_all };
        Ok(Response::from_parts(head, Body::from(Bytes::from_owner(counted))))
    }

    /// A piece of an answer that has no end yet, counted from now on.
    pub(super) fn count_piece(&self, bytes: Bytes, key: [u8; 32]) -> Result<Bytes, Excess> {
        let of_key = self.by_key.take(key, bytes.len(), MOST_OF_KEY).ok_or(Excess::OfKey)?;
        let in_all = self.all.take((), bytes.len(), MOST_IN_ALL).ok_or(Excess::InAll)?;
        Ok(Bytes::from_owner(Counted { bytes, _of_key: Some(of_key), _in_all: in_all }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn answers_that_are_not_taken_are_bounded_for_a_key_and_in_all() {
        let answers = AnswersInFlight::default();
        let give = async |key: u8, length: usize| {
            answers.count(Response::new(Body::from(vec![b'x'; length])), Some([key; 32])).await
        };
        let whole = give(0, MOST_OF_KEY).await.unwrap();
        assert_eq!(give(0, COUNTED_FROM).await.unwrap_err(), Excess::OfKey);
        assert!(give(0, COUNTED_FROM - 1).await.is_ok(), "short answers are always given");
        let mut others = Vec::new();
        for key in 1..u8::try_from(MOST_IN_ALL / MOST_OF_KEY).unwrap() {
            others.push(give(key, MOST_OF_KEY).await.unwrap());
        }
        assert_eq!(give(200, COUNTED_FROM).await.unwrap_err(), Excess::InAll);
        // What is written counts no more, however it was held.
        let written = whole.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(written.len(), MOST_OF_KEY);
        assert_eq!(give(0, COUNTED_FROM).await.unwrap_err(), Excess::OfKey);
        drop(written);
        assert!(give(0, MOST_OF_KEY).await.is_ok());
        drop(others);
        assert!(answers.count(Response::new(Body::from("x".repeat(5000))), None).await.is_ok());
        let piece = |length: usize| answers.count_piece(vec![b'x'; length].into(), [0; 32]);
        let most = piece(MOST_OF_KEY).unwrap();
        assert_eq!(piece(1).unwrap_err(), Excess::OfKey, "a stream has many");
        drop(most);
        assert!(piece(1).is_ok());
    }
}
