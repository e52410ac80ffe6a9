//! Which endpoints' tasks run.

use super::*;
use crate::gateway::tests::Fixture;
use crate::gateway::{AskedBy, NewEndpoint};

#[tokio::test]
async fn the_task_of_an_endpoint_that_has_nothing_to_do_ends_and_is_not_begun_again() {
    let fixture = Fixture::open().await;
    let ann = fixture.customer("ann", 900).await;
    let new = NewEndpoint { url: "https://192.0.2.7/hook".to_owned(), types: None };
    let added = fixture.gateway.webhooks().add(AskedBy::Operator, ann, new).await.unwrap();
    let id = added.unwrap_or_else(|refusal| panic!("{refusal}")).id;
    let client = Client::new(Arc::new(SystemResolver::for_sending()));
    let sender = Sender { gateway: fixture.gateway.clone(), client, counts: Arc::default() };
    let mut dispatcher = Dispatcher::new(Arc::new(sender), Turns::new(2));
    let served = |dispatcher: &Dispatcher| dispatcher.endpoints[&id].is_served;

    dispatcher.remember(id, ann);
    dispatcher.wake(id);
    assert!(served(&dispatcher));
    let ended = dispatcher.tasks.join_next_with_id().await.unwrap();
    dispatcher.after_task(ended).await;
    assert!(!served(&dispatcher) && dispatcher.tasks.is_empty());

    // What it is told while it is served is not lost: its task may have looked before.
    dispatcher.wake(id);
    dispatcher.wake(id);
    assert_eq!(dispatcher.tasks.len(), 1);
    let ended = dispatcher.tasks.join_next_with_id().await.unwrap();
    dispatcher.after_task(ended).await;
    assert!(served(&dispatcher) && dispatcher.tasks.len() == 1);
    let ended = dispatcher.tasks.join_next_with_id().await.unwrap();
    dispatcher.after_task(ended).await;
    assert!(!served(&dispatcher) && dispatcher.tasks.is_empty());
}
