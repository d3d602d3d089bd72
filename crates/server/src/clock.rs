//! The time.

use chrono::{DateTime, SubsecRound, Utc};
use std::sync::Arc;

/// Tells the time: the wall's in service, one that is moved by hand in the demonstration and in tests.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The only place that reads the time. Cut to microseconds, since that is what both databases keep: what is answered now
/// is what will be read later.
#[expect(clippy::disallowed_methods, reason = "this is `wall_clock`")]
pub fn wall_clock() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
