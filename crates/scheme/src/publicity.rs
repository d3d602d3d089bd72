//! Publicity (公示): a checked record is shown to the public before it counts. Anybody may object; an objection is answered
//! by somebody who had no part in it; what nobody objects to becomes final by itself.
//!
//! | step | state of the record | held by |
//! |---|---|---|
//! | the last check | `recorded` → `published` | the record's row lock |
//! | an objection | stays `published` | the same lock; not once publicity is closed |
//! | answered: upheld | `published` → `rejected` | the id of the decision |
//! | the day after the last | publicity is closed, then `published` → `confirmed` | the lock, then the id of the decision |
//!
//! Closing comes before posting, in a transaction of its own: from then on no objection can come between. Whoever dies in
//! between leaves a closed record, which the next run posts.

mod finality;
mod list;
mod objections;

pub(crate) use finality::operator;
pub use finality::{Finality, run};
pub use list::{PublicRecord, public};
pub use objections::{
    NewObjection, Objection, ObjectionError, ObjectionFilter, ObjectionStatus, Verdict, answer, list_objections, object,
};
