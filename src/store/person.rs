//! On whose behalf the current task writes. It is bound to the task and not passed along, so that
//! no operation of the operator's can forget whose it is.

use crate::domain::audit::Person;

tokio::task_local! {
    static PERSON: Person;
}

/// Does the work on behalf of a person: what it notes in the audit as the operator's is that
/// person's.
pub async fn on_behalf_of<F: Future>(person: Person, work: F) -> F::Output {
    PERSON.scope(person, work).await
}

/// The person on whose behalf the current task works, if any.
pub fn current_person() -> Option<Person> {
    PERSON.try_with(Clone::clone).ok()
}
