//! Who uses the admin socket: the kernel tells the user at the other end of each connection
//! (`SO_PEERCRED`, unix(7)), and the audit has that user beside what was done.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use nix::unistd::{Uid, User};

use super::serve::PeerUid;
use crate::domain::audit::Person;
use crate::gateway::on_behalf_of;

/// Carries out each request on behalf of the user who sends it.
pub fn with_persons(router: Router) -> Router {
    router.layer(middleware::from_fn(act_as_peer))
}

async fn act_as_peer(request: Request, next: Next) -> Response {
    match request.extensions().get().copied() {
        Some(PeerUid(uid)) => on_behalf_of(person(uid).await, next.run(request)).await,
        None => next.run(request).await,
    }
}

/// The user with this number. Where users are kept elsewhere (LDAP), looking for the name may take
/// its time.
async fn person(uid: u32) -> Person {
    let user = tokio::task::spawn_blocking(move || User::from_uid(Uid::from_raw(uid))).await;
    let name = user.ok().and_then(Result::ok).flatten().map(|user| user.name);
    Person::User { uid, name }
}
