//! The yearly statement on the work of recording and certifying (Order 67 of the Ministry of Civil Affairs, Art. 18).

use super::besides::begin_and_end;
use super::{Scope, Statistics, StatisticsError, read};
use crate::moment;
use crate::schemes::OpenScheme;
use chrono::{DateTime, Datelike, NaiveDate, Utc};

/// Things that have to be answered by a day, of those that came in during the year.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answered {
    pub received: i64,
    /// Answered by their day, and after it.
    pub in_time: i64,
    pub late: i64,
    /// Not answered yet, and of these, whose day has passed.
    pub open: i64,
    pub overdue: i64,
    /// Answered as asked: upheld, or accepted.
    pub upheld: i64,
}

impl Answered {
    fn take(&mut self, due: NaiveDate, answered: Option<NaiveDate>, upheld: bool, today: NaiveDate) {
        self.received += 1;
        self.upheld += i64::from(upheld);
        match answered {
            Some(day) if day <= due => self.in_time += 1,
            Some(_) => self.late += 1,
            None => {
                self.open += 1;
                self.overdue += i64::from(due < today);
            }
        }
    }
}

/// How often a step of a ladder was granted in the year and not revoked since.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StepGranted {
    pub ladder: String,
    pub step: String,
    pub granted: i64,
}

/// Certificates of service (志愿服务记录证明) of the year; one that another took the place of is counted as that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Certificates {
    pub issued: i64,
    /// Of these, after the day by which they were due.
    pub late: i64,
    /// Of these, revoked since.
    pub revoked: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub year: i32,
    pub statistics: Statistics,
    pub certificates: Certificates,
    /// Courses held, people who were there (人次), and minutes of learning of all of them.
    pub trainings: i64,
    pub trained: i64,
    pub training_minutes: i64,
    pub honours: i64,
    /// Ratings given in the year, and their stars.
    pub ratings: i64,
    pub stars: i64,
    pub steps: Vec<StepGranted>,
    pub complaints: Answered,
    pub corrections: Answered,
    pub objections: Answered,
}

/// The statement of a year as of the newest entry, held against all accounts.
pub async fn statement(scheme: &OpenScheme, year: i32, now: DateTime<Utc>) -> Result<Statement, StatisticsError> {
    let scope = Scope { thorough: true, ..Scope::year(year) };
    let organisation = scheme.organisation().await?;
    let mut tx = scheme.db.begin_read().await?;
    let statistics = read(&mut tx, scheme, &organisation, &scope, now).await?;
    let look = Look { scheme, from: scope.from, until: scope.until, today: scheme.config().day_of(now) };
    let (trainings, trained, training_minutes) = look.trainings(&mut tx).await?;
    let (honours, ratings, stars) = look.honours_and_ratings(&mut tx).await?;
    let statement = Statement {
        year,
        statistics,
        certificates: look.certificates(&mut tx).await?,
        trainings,
        trained,
        training_minutes,
        honours,
        ratings,
        stars,
        steps: look.steps(&mut tx).await?,
        complaints: look.complaints(&mut tx).await?,
        corrections: look.corrections(&mut tx).await?,
        objections: look.objections(&mut tx).await?,
    };
    tx.rollback().await?;
    Ok(statement)
}

struct Look<'s> {
    scheme: &'s OpenScheme,
    from: NaiveDate,
    until: NaiveDate,
    today: NaiveDate,
}

type AnsweredRow = (NaiveDate, Option<i64>, String);

impl Look<'_> {
    async fn certificates(&self, tx: &mut db::Tx) -> db::Result<Certificates> {
        let (issued, late, revoked): (i64, i64, i64) = tx
            .query(
                "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN issued_on > due_on THEN 1 ELSE 0 END), 0) AS BIGINT),
                        CAST(COALESCE(SUM(CASE WHEN status = 'revoked' THEN 1 ELSE 0 END), 0) AS BIGINT)
                 FROM certificates WHERE book = $1 AND year >= $2 AND year <= $3 AND issued_on >= $4 AND issued_on <= $5
                   AND kind = 'record' AND status <> 'replaced'",
            )
            .bind(self.scheme.book.number())
            .bind(i64::from(self.from.year()))
            .bind(i64::from(self.until.year()))
            .bind(self.from)
            .bind(self.until)
            .fetch_one()
            .await?;
        Ok(Certificates { issued, late, revoked })
    }

    async fn trainings(&self, tx: &mut db::Tx) -> db::Result<(i64, i64, i64)> {
        let (held,): (i64,) = tx
            .query("SELECT COUNT(*) FROM trainings WHERE book = $1 AND held_on >= $2 AND held_on <= $3")
            .bind(self.scheme.book.number())
            .bind(self.from)
            .bind(self.until)
            .fetch_one()
            .await?;
        let (attended, minutes): (i64, i64) = tx
            .query(
                "SELECT COUNT(*), CAST(COALESCE(SUM(minutes), 0) AS BIGINT) FROM training_attendances
                 WHERE book = $1 AND held_on >= $2 AND held_on <= $3 AND status = 'attended'",
            )
            .bind(self.scheme.book.number())
            .bind(self.from)
            .bind(self.until)
            .fetch_one()
            .await?;
        Ok((held, attended, minutes))
    }

    async fn honours_and_ratings(&self, tx: &mut db::Tx) -> db::Result<(i64, i64, i64)> {
        let (honours,): (i64,) = tx
            .query(
                "SELECT COUNT(*) FROM honours
                 WHERE book = $1 AND granted_on >= $2 AND granted_on <= $3 AND status = 'granted'",
            )
            .bind(self.scheme.book.number())
            .bind(self.from)
            .bind(self.until)
            .fetch_one()
            .await?;
        let (ratings, stars): (i64, i64) = tx
            .query(
                "SELECT COUNT(*), CAST(COALESCE(SUM(stars), 0) AS BIGINT) FROM ratings
                 WHERE book = $1 AND rated_on >= $2 AND rated_on <= $3 AND status = 'given'",
            )
            .bind(self.scheme.book.number())
            .bind(self.from)
            .bind(self.until)
            .fetch_one()
            .await?;
        Ok((honours, ratings, stars))
    }

    async fn steps(&self, tx: &mut db::Tx) -> db::Result<Vec<StepGranted>> {
        tx.query(
            "SELECT ladder, step, COUNT(*) AS granted FROM awards
             WHERE book = $1 AND granted_on >= $2 AND granted_on <= $3 AND status = 'granted'
             GROUP BY ladder, step ORDER BY ladder, step",
        )
        .bind(self.scheme.book.number())
        .bind(self.from)
        .bind(self.until)
        .fetch_all()
        .await
    }

    async fn complaints(&self, tx: &mut db::Tx) -> db::Result<Answered> {
        let rows: Vec<(NaiveDate, Option<NaiveDate>, String)> = tx
            .query(
                "SELECT due_on, answered_on, status FROM complaints
                 WHERE book = $1 AND received_on >= $2 AND received_on <= $3 AND status <> 'withdrawn'",
            )
            .bind(self.scheme.book.number())
            .bind(self.from)
            .bind(self.until)
            .fetch_all()
            .await?;
        let mut answered = Answered::default();
        for (due, on, status) in rows {
            // Whoever appealed waits for an answer again.
            let on = on.filter(|_| matches!(status.as_str(), "upheld" | "dismissed"));
            answered.take(due, on, status == "upheld", self.today);
        }
        Ok(answered)
    }

    async fn corrections(&self, tx: &mut db::Tx) -> db::Result<Answered> {
        let (begin, end) = begin_and_end(self.scheme, self.from, self.until);
        let rows: Vec<AnsweredRow> = tx
            .query(
                "SELECT due_on, answered_at, status FROM corrections
                 WHERE book = $1 AND asked_at >= $2 AND asked_at < $3",
            )
            .bind(self.scheme.book.number())
            .bind(begin)
            .bind(end)
            .fetch_all()
            .await?;
        Ok(self.answered(rows, &["accepted", "done"]))
    }

    async fn objections(&self, tx: &mut db::Tx) -> db::Result<Answered> {
        let (begin, end) = begin_and_end(self.scheme, self.from, self.until);
        let rows: Vec<AnsweredRow> = tx
            .query(
                "SELECT due_on, answered_at, status FROM objections
                 WHERE book = $1 AND raised_at >= $2 AND raised_at < $3",
            )
            .bind(self.scheme.book.number())
            .bind(begin)
            .bind(end)
            .fetch_all()
            .await?;
        Ok(self.answered(rows, &["upheld"]))
    }

    fn answered(&self, rows: Vec<AnsweredRow>, upheld: &[&str]) -> Answered {
        let config = self.scheme.config();
        let mut answered = Answered::default();
        for (due, at, status) in rows {
            let on = at.map(|at| config.day_of(moment(at)));
            answered.take(due, on, upheld.contains(&status.as_str()), self.today);
        }
        answered
    }
}
