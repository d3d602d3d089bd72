//! What of somebody's punches counts: pure, and the same for whichever order they arrived in.

use crate::config::{Overtime, Presence};
use crate::rules::Evidence;
use chrono::{DateTime, Duration, Utc};
use uuid::Uuid;

use super::{Kind, Method};

/// When an activity is planned to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
}

/// What the scheme says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// For how long a check-in can be taken back.
    pub cancel: Duration,
    /// How long after the planned end somebody counts as having forgotten to sign out.
    pub close_after: Duration,
    pub overtime: Overtime,
}

impl Rules {
    pub fn of(presence: &Presence) -> Rules {
        Rules { cancel: presence.cancel(), close_after: presence.close_after(), overtime: presence.overtime }
    }
}

/// A punch, at the moment at which it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    pub id: Uuid,
    pub kind: Kind,
    pub at: DateTime<Utc>,
    pub method: Method,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StayStatus {
    Open,
    Closed,
    Cancelled,
}

/// From one check-in to where it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stay {
    /// The check-in's.
    pub id: Uuid,
    pub status: StayStatus,
    pub checked_in_at: DateTime<Utc>,
    /// `None` when nobody signed out.
    pub checked_out_at: Option<DateTime<Utc>>,
    /// What counts of it; `None` when nothing does, or nothing is known yet.
    pub credited: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Nobody signed out in time: it ends with the plan.
    pub closed_automatically: bool,
    pub evidence: Evidence,
}

impl Stay {
    pub fn minutes(&self) -> i64 {
        self.credited.map_or(0, |(from, until)| (until - from).num_minutes())
    }
}

/// A record of service is of one day at most.
const LONGEST: Duration = Duration::hours(24);

/// The stays that the punches of one person at one activity make, as of `now`. Between a check-in and its end, further
/// check-ins mean nothing; nor do check-outs outside a stay, and cancellations that come too late.
pub fn credit(plan: Plan, punches: &[Mark], rules: Rules, now: DateTime<Utc>) -> Vec<Stay> {
    let mut punches = punches.to_vec();
    punches.sort_by_key(|punch| (punch.at, punch.kind, punch.id));
    let mut stays = Vec::new();
    let mut open: Option<Mark> = None;
    for together in punches.chunk_by(|one, other| one.at == other.at) {
        // Of what happened at the same moment, the end of one stay comes before the beginning of the next.
        let (ins, ends): (Vec<Mark>, Vec<Mark>) = together.iter().partition(|punch| punch.kind == Kind::In);
        let ordered = if open.is_some() { [ends, ins] } else { [ins, ends] };
        for punch in ordered.into_iter().flatten() {
            open = match (open, punch.kind) {
                (None, Kind::In) => Some(punch),
                (None, Kind::Out | Kind::Cancel) => None,
                (Some(begun), Kind::In) => Some(begun),
                (Some(begun), Kind::Out) => {
                    stays.push(ended(plan, begun, Some(punch), rules));
                    None
                }
                (Some(begun), Kind::Cancel) if punch.at - begun.at <= rules.cancel => {
                    stays.push(cancelled(begun, punch));
                    None
                }
                (Some(begun), Kind::Cancel) => Some(begun),
            };
        }
    }
    if let Some(begun) = open {
        let forgotten = now > plan.until + rules.close_after;
        stays.push(if forgotten { ended(plan, begun, None, rules) } else { running(begun) });
    }
    stays
}

fn running(begun: Mark) -> Stay {
    Stay {
        id: begun.id,
        status: StayStatus::Open,
        checked_in_at: begun.at,
        checked_out_at: None,
        credited: None,
        closed_automatically: false,
        evidence: evidence(begun.method, begun.method),
    }
}

fn cancelled(begun: Mark, by: Mark) -> Stay {
    Stay { status: StayStatus::Cancelled, checked_out_at: Some(by.at), ..running(begun) }
}

/// A stay that is over: whoever signed out long after the planned end has forgotten to.
fn ended(plan: Plan, begun: Mark, out: Option<Mark>, rules: Rules) -> Stay {
    let in_time = out.filter(|out| out.at <= plan.until + rules.close_after);
    let until = match (in_time, rules.overtime) {
        (None, _) => plan.until,
        (Some(out), Overtime::ToPlan) => out.at.min(plan.until),
        (Some(out), Overtime::AsServed) => out.at,
    };
    let from = begun.at.max(plan.from);
    let until = until.min(from + LONGEST);
    Stay {
        status: StayStatus::Closed,
        checked_out_at: out.map(|out| out.at),
        credited: ((until - from).num_minutes() >= 1).then_some((from, until)),
        closed_automatically: in_time.is_none(),
        evidence: evidence(begun.method, in_time.map_or(begun.method, |out| out.method)),
        ..running(begun)
    }
}

/// The weaker of how somebody came and went.
fn evidence(came: Method, went: Method) -> Evidence {
    match (came, went) {
        (Method::Leader, _) | (_, Method::Leader) => Evidence::LeaderConfirmed,
        (Method::SelfScan, _) | (_, Method::SelfScan) => Evidence::SelfScan,
        (Method::Kiosk, Method::Kiosk) => Evidence::Kiosk,
    }
}

/// Whether all that was credited is less than so many per cent of the plan.
pub fn is_below(plan: Plan, stays: &[Stay], share_percent: Option<i64>) -> bool {
    let served: i64 = stays.iter().filter(|stay| stay.status == StayStatus::Closed).map(Stay::minutes).sum();
    let planned = (plan.until - plan.from).num_minutes();
    share_percent.is_some_and(|share| served.saturating_mul(100) < planned.saturating_mul(share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000 + minute * 60, 0).expect("a moment")
    }

    const PLAN: (i64, i64) = (0, 180);

    fn plan() -> Plan {
        Plan { from: at(PLAN.0), until: at(PLAN.1) }
    }

    fn rules(overtime: Overtime) -> Rules {
        Rules { cancel: Duration::minutes(5), close_after: Duration::minutes(30), overtime }
    }

    fn mark(index: usize, kind: Kind, minute: i64) -> Mark {
        Mark { id: Uuid::from_u128(index as u128), kind, at: at(minute), method: Method::Kiosk }
    }

    /// The credited minutes of each stay, as seen at `now`, and whether it was closed by itself.
    fn credited(punches: &[(Kind, i64)], overtime: Overtime, now: i64) -> Vec<(i64, bool)> {
        let marks: Vec<_> =
            punches.iter().enumerate().map(|(index, (kind, minute))| mark(index, *kind, *minute)).collect();
        let stays = credit(plan(), &marks, rules(overtime), at(now));
        stays.iter().map(|stay| (stay.minutes(), stay.closed_automatically)).collect()
    }

    #[test]
    fn early_arrival_and_late_departure_do_not_count_unless_the_scheme_says_so() {
        use Kind::{In, Out};
        let punches = [(In, -20), (Out, 200)];
        assert_eq!(credited(&punches, Overtime::ToPlan, 300), [(180, false)]);
        assert_eq!(credited(&punches, Overtime::AsServed, 300), [(200, false)]);
        assert_eq!(credited(&[(In, 10), (Out, 100)], Overtime::ToPlan, 300), [(90, false)]);
        assert_eq!(credited(&[(In, -20), (Out, -5)], Overtime::ToPlan, 300), [(0, false)], "gone before it began");
    }

    #[test]
    fn whoever_forgets_to_sign_out_is_closed_at_the_planned_end() {
        use Kind::{In, Out};
        assert_eq!(credited(&[(In, 60)], Overtime::AsServed, 210), [(0, false)], "still there, for all one knows");
        assert_eq!(credited(&[(In, 60)], Overtime::AsServed, 211), [(120, true)]);
        assert_eq!(
            credited(&[(In, 60), (Out, 600)], Overtime::AsServed, 700),
            [(120, true)],
            "signed out in the evening"
        );
        assert_eq!(credited(&[(In, 60), (Out, 170)], Overtime::AsServed, 700), [(110, false)]);
    }

    #[test]
    fn a_check_in_can_be_taken_back_for_five_minutes() {
        use Kind::{Cancel, In, Out};
        assert_eq!(
            credited(&[(In, 0), (Cancel, 5), (In, 10), (Out, 70)], Overtime::ToPlan, 300),
            [(0, false), (60, false)]
        );
        assert_eq!(credited(&[(In, 0), (Cancel, 6), (Out, 70)], Overtime::ToPlan, 300), [(70, false)]);
    }

    #[test]
    fn coming_and_going_makes_several_stays() {
        use Kind::{In, Out};
        let punches = [(In, 0), (Out, 60), (In, 60), (In, 70), (Out, 120), (Out, 130)];
        assert_eq!(credited(&punches, Overtime::ToPlan, 300), [(60, false), (60, false)]);
    }

    fn punches() -> impl Strategy<Value = Vec<Mark>> {
        let kind = prop_oneof![Just(Kind::In), Just(Kind::Out), Just(Kind::Cancel)];
        let method = prop_oneof![Just(Method::Kiosk), Just(Method::SelfScan), Just(Method::Leader)];
        prop::collection::vec((kind, -60i64..260, method), 0..12).prop_map(|punches| {
            let mark = |(index, (kind, minute, method))| Mark { method, ..mark(index, kind, minute) };
            punches.into_iter().enumerate().map(mark).collect()
        })
    }

    proptest! {
        #[test]
        fn the_order_in_which_punches_arrive_changes_nothing(
            (punches, shuffled) in punches().prop_flat_map(|one| (Just(one.clone()), Just(one).prop_shuffle())),
            now in -60i64..400,
        ) {
            for overtime in [Overtime::ToPlan, Overtime::AsServed] {
                let of = |punches: &[Mark]| credit(plan(), punches, rules(overtime), at(now));
                prop_assert_eq!(of(&punches), of(&shuffled));
            }
        }

        #[test]
        fn nobody_is_credited_for_two_things_at_once_nor_outside_the_plan(punches in punches(), now in -60i64..400) {
            let stays = credit(plan(), &punches, rules(Overtime::ToPlan), at(now));
            let credited: Vec<_> = stays.iter().filter_map(|stay| stay.credited).collect();
            for (from, until) in &credited {
                prop_assert!(from < until && *from >= plan().from && *until <= plan().until);
            }
            for pair in credited.windows(2) {
                prop_assert!(pair[0].1 <= pair[1].0, "{:?}", pair);
            }
            let whole = (plan().until - plan().from).num_minutes();
            prop_assert!(stays.iter().map(Stay::minutes).sum::<i64>() <= whole);
            prop_assert!(stays.iter().filter(|stay| stay.status == StayStatus::Open).count() <= 1);
        }
    }
}
