//! Statistics as they are sent.

use crate::api::amounts::{hours, points, yuan};
use chrono::NaiveDate;
use scheme::statistics as counted;
use serde::Serialize;
use utoipa::ToSchema;

/// What was served and earned.
#[derive(Serialize, ToSchema)]
#[schema(as = StatisticsTotal)]
pub struct Total {
    /// 人次.
    services: i64,
    #[schema(example = "120.5")]
    hours: String,
    minutes: i64,
    /// Earned, whatever became of them.
    #[schema(example = "118")]
    points: String,
}

impl Total {
    fn of(total: counted::Total, scale: u8) -> Total {
        let counted::Total { services, minutes, points: earned } = total;
        Total { services, hours: hours(minutes), minutes, points: points(earned, scale) }
    }
}

#[derive(Serialize, ToSchema)]
pub struct StatisticsMonth {
    #[schema(example = "2026-11")]
    month: String,
    /// Who served; with `unit`, those who serve there who served, wherever it was.
    people: i64,
    #[serde(flatten)]
    total: Total,
}

#[derive(Serialize, ToSchema)]
pub struct StatisticsCategory {
    /// Empty: the points that wishes carried.
    category: String,
    #[serde(flatten)]
    total: Total,
}

/// A unit right below the one asked for (or at the top), with all that is below it.
#[derive(Serialize, ToSchema)]
pub struct StatisticsUnit {
    unit: String,
    /// Who served there on the last day, or today.
    members: i64,
    /// Of whom a service of these months was confirmed, wherever it was.
    took_part: i64,
    #[serde(flatten)]
    total: Total,
}

#[derive(Serialize, ToSchema)]
pub struct StatisticsTeam {
    team: String,
    #[serde(flatten)]
    total: Total,
}

/// Ages on the last day, both ends included.
#[derive(Serialize, ToSchema)]
pub struct StatisticsAge {
    /// `null`: of whom no birth date is known.
    from: Option<u32>,
    /// `null`: and older.
    until: Option<u32>,
    registered: i64,
    /// Who served.
    people: i64,
    hours: String,
    minutes: i64,
}

#[derive(Serialize, ToSchema)]
pub struct StatisticsVolunteers {
    /// On the register by the last day.
    registered: i64,
    /// Of whom registered in these months.
    joined: i64,
    /// Who served in these months.
    active: i64,
}

#[derive(Serialize, ToSchema)]
pub struct StatisticsActivities {
    held: i64,
    cancelled: i64,
    /// Who signed in, activity by activity; `null` unless `thorough`.
    attended: Option<i64>,
}

#[derive(Serialize, ToSchema)]
pub struct StatisticsWishes {
    posted: i64,
    fulfilled: i64,
}

/// Of the whole scheme, whichever unit is asked for.
#[derive(Serialize, ToSchema)]
pub struct StatisticsPoints {
    /// Less what was taken back with a record.
    issued: String,
    spent: String,
    expired: String,
    deducted: String,
    /// Moved beside a reversal, since later records were worth something else without it.
    rebalanced: String,
    /// What somebody has as of `as_of`: held, waiting and in the pool among it, less what is owed.
    outstanding: String,
}

#[derive(Serialize, ToSchema)]
pub struct StatisticsRecords {
    /// Nobody decided over them, though the deadline has passed.
    overdue: i64,
    /// Recorded after the deadline.
    late: i64,
}

/// Two figures that were come by in different ways: minutes, services, or minor units of points.
#[derive(Serialize, ToSchema)]
pub struct StatisticsCheck {
    what: &'static str,
    counted: i64,
    book: i64,
}

#[derive(Serialize, ToSchema)]
pub struct StatisticsReconciled {
    /// Sequence of the newest entry that is part of it.
    as_of: i64,
    /// All figures agree.
    holds: bool,
    checks: Vec<StatisticsCheck>,
}

#[derive(Serialize, ToSchema)]
pub struct Statistics {
    from: NaiveDate,
    until: NaiveDate,
    unit: Option<String>,
    /// Whose tree and memberships count: the last day, or today while the months last.
    on: NaiveDate,
    as_of: i64,
    total: Total,
    months: Vec<StatisticsMonth>,
    categories: Vec<StatisticsCategory>,
    units: Vec<StatisticsUnit>,
    teams: Vec<StatisticsTeam>,
    /// The youngest first.
    ages: Vec<StatisticsAge>,
    volunteers: StatisticsVolunteers,
    activities: StatisticsActivities,
    wishes: StatisticsWishes,
    points: StatisticsPoints,
    /// Yuan: what the pieces on all shelves cost, as far as it is known; of the whole scheme.
    stock_value: String,
    records: StatisticsRecords,
    /// How many anomalies are not set aside; `null` when it was not asked for.
    anomalies: Option<i64>,
    reconciled: StatisticsReconciled,
}

impl Statistics {
    pub fn of(found: counted::Statistics, anomalies: Option<i64>, scale: u8) -> Statistics {
        let shown = |amount| points(amount, scale);
        let (besides, sums, people) = (found.besides, found.points, found.volunteers);
        let month = |line: counted::MonthLine| StatisticsMonth {
            month: line.month.first_day().format("%Y-%m").to_string(),
            people: line.people,
            total: Total::of(line.total, scale),
        };
        let unit = |line: counted::UnitLine| StatisticsUnit {
            unit: line.code,
            members: line.people.members,
            took_part: line.people.took_part,
            total: Total::of(line.total, scale),
        };
        let age = |line: counted::AgeLine| StatisticsAge {
            from: line.band.from,
            until: line.band.until,
            registered: line.registered,
            people: line.people,
            hours: hours(line.minutes),
            minutes: line.minutes,
        };
        let category = |(category, total)| StatisticsCategory { category, total: Total::of(total, scale) };
        let team = |(team, total)| StatisticsTeam { team, total: Total::of(total, scale) };
        Statistics {
            from: found.scope.from,
            until: found.scope.until,
            unit: found.scope.unit,
            on: found.on,
            as_of: found.as_of,
            total: Total::of(found.total, scale),
            months: found.months.into_iter().map(month).collect(),
            categories: found.categories.into_iter().map(category).collect(),
            units: found.units.into_iter().map(unit).collect(),
            teams: found.teams.into_iter().map(team).collect(),
            ages: found.ages.into_iter().map(age).collect(),
            volunteers: StatisticsVolunteers {
                registered: people.registered,
                joined: people.joined,
                active: people.active,
            },
            activities: StatisticsActivities {
                held: besides.activities,
                cancelled: besides.activities_cancelled,
                attended: besides.attended,
            },
            wishes: StatisticsWishes { posted: besides.wishes_posted, fulfilled: besides.wishes_fulfilled },
            points: StatisticsPoints {
                issued: shown(sums.issued),
                spent: shown(sums.spent),
                expired: shown(sums.expired),
                deducted: shown(sums.deducted),
                rebalanced: shown(sums.rebalanced),
                outstanding: shown(sums.outstanding),
            },
            stock_value: yuan(found.stock_value),
            records: StatisticsRecords { overdue: besides.overdue, late: besides.late },
            anomalies,
            reconciled: reconciled(&found.reconciled, found.as_of),
        }
    }
}

fn reconciled(found: &counted::Reconciled, as_of: i64) -> StatisticsReconciled {
    let check = |check: &counted::Check| StatisticsCheck { what: check.what, counted: check.counted, book: check.book };
    StatisticsReconciled { as_of, holds: found.holds(), checks: found.checks.iter().map(check).collect() }
}

/// Of what came in during the year.
#[derive(Serialize, ToSchema)]
pub struct StatementAnswers {
    received: i64,
    in_time: i64,
    late: i64,
    /// Not answered yet.
    open: i64,
    /// Of these, whose day has passed.
    overdue: i64,
    /// Upheld, or accepted.
    upheld: i64,
}

impl From<counted::Answered> for StatementAnswers {
    fn from(answered: counted::Answered) -> Self {
        let counted::Answered { received, in_time, late, open, overdue, upheld } = answered;
        StatementAnswers { received, in_time, late, open, overdue, upheld }
    }
}

#[derive(Serialize, ToSchema)]
pub struct StatementStep {
    ladder: String,
    step: String,
    granted: i64,
}

#[derive(Serialize, ToSchema)]
pub struct StatementTrainings {
    held: i64,
    /// 人次.
    attended: i64,
    hours: String,
}

#[derive(Serialize, ToSchema)]
pub struct StatementRatings {
    given: i64,
    #[schema(example = "4.67")]
    average: Option<String>,
}

/// Certificates of service (志愿服务记录证明); one that another took the place of is counted as that.
#[derive(Serialize, ToSchema)]
pub struct StatementCertificates {
    issued: i64,
    /// Of these, after the day by which they were due.
    late: i64,
    /// Of these, revoked since.
    revoked: i64,
}

/// The work of a year.
#[derive(Serialize, ToSchema)]
#[schema(as = YearlyStatement)]
pub struct Statement {
    year: i32,
    certificates: StatementCertificates,
    trainings: StatementTrainings,
    honours: i64,
    ratings: StatementRatings,
    /// Steps of ladders that were granted and not revoked since.
    steps: Vec<StatementStep>,
    complaints: StatementAnswers,
    corrections: StatementAnswers,
    objections: StatementAnswers,
    statistics: Statistics,
}

impl Statement {
    pub fn of(found: counted::Statement, scale: u8) -> Statement {
        let average = scheme::ratings::Average { count: found.ratings, sum: found.stars };
        let step = |step: counted::StepGranted| {
            let counted::StepGranted { ladder, step, granted } = step;
            StatementStep { ladder, step, granted }
        };
        Statement {
            year: found.year,
            certificates: StatementCertificates {
                issued: found.certificates.issued,
                late: found.certificates.late,
                revoked: found.certificates.revoked,
            },
            trainings: StatementTrainings {
                held: found.trainings,
                attended: found.trained,
                hours: hours(found.training_minutes),
            },
            honours: found.honours,
            ratings: StatementRatings {
                given: found.ratings,
                average: (found.ratings > 0).then(|| points(average.hundredths(), 2)),
            },
            steps: found.steps.into_iter().map(step).collect(),
            complaints: found.complaints.into(),
            corrections: found.corrections.into(),
            objections: found.objections.into(),
            statistics: Statistics::of(found.statistics, None, scale),
        }
    }
}
