//! A gateway in which pages cannot be read, or nothing can be written, for as long as a test wants.

use std::sync::mpsc;

use tokio::sync::oneshot;

use super::Fixture;
use crate::domain::Timestamp;
use crate::store::{CROWDED, PAGE_READERS, StoreError, read_for_page};

/// What keeps others waiting until it is dropped.
pub(crate) struct Held {
    _releases: Vec<mpsc::Sender<()>>,
}

/// Keeps a thread of the store until it is released.
fn hold(began: oneshot::Sender<()>, released: &mpsc::Receiver<()>) -> Result<(), StoreError> {
    let _ = began.send(());
    // The error is that the sender was dropped, which releases it.
    let _ = released.recv();
    Ok(())
}

impl Fixture {
    /// Takes all readers that pages have.
    pub(crate) async fn hold_page_readers(&self) -> Held {
        let mut releases = Vec::new();
        for _ in 0..PAGE_READERS {
            let store = self.gateway.0.env.store.clone();
            let ((release, released), (began, has_begun)) = (mpsc::channel(), oneshot::channel());
            tokio::spawn(read_for_page(async move {
                store.read(move |_| hold(began, &released)).await
            }));
            has_begun.await.unwrap();
            releases.push(release);
        }
        Held { _releases: releases }
    }

    /// Has so much wait to be written that requests are refused.
    pub(crate) async fn crowd_writer(&self) -> Held {
        let store = self.gateway.0.env.store.clone();
        let ((release, released), (began, has_begun)) = (mpsc::channel(), oneshot::channel());
        let held = store.clone();
        tokio::spawn(async move { held.write(move |_| hold(began, &released)).await });
        has_begun.await.unwrap();
        for n in 0..CROWDED {
            let store = store.clone();
            tokio::spawn(async move {
                store.write(move |tx| tx.add_account(&format!("crowd-{n}"), Timestamp(1))).await
            });
        }
        while !self.gateway.is_overloaded() {
            tokio::task::yield_now().await;
        }
        Held { _releases: vec![release] }
    }
}
