//! Posts (岗位): what somebody is wanted for again and again, who fits it, and who has it (定岗).

mod matching;

pub use matching::{Match, Reason, matches};

use crate::config::Gender;
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use crate::stations;
use crate::volunteers::{self, Invalid, PartOfDay, VolunteerError, Written, is_text};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who is wanted. What is left out does not matter; skills and occupations are counted, the rest has to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wants {
    pub skills: Vec<String>,
    /// One of these.
    pub occupations: Vec<String>,
    pub age_min: Option<u32>,
    pub age_max: Option<u32>,
    pub gender: Option<Gender>,
    /// 1 for Monday to 7 for Sunday.
    pub weekday: Option<u32>,
    pub part_of_day: Option<PartOfDay>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub code: String,
    pub details: PostDetails,
    /// Who has it today.
    pub assigned: i64,
    pub version: i64,
}

/// A post as somebody writes it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostDetails {
    pub name: String,
    /// Code of the unit where it is.
    pub unit: Option<String>,
    pub station: Option<String>,
    /// How many people, at least 1.
    pub needed: i64,
    pub wants: Wants,
    pub from: Option<NaiveDate>,
    /// The last day.
    pub until: Option<NaiveDate>,
}

/// Somebody who has a post.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Assignment {
    pub id: Uuid,
    pub post: String,
    pub volunteer_id: Uuid,
    pub from_on: NaiveDate,
    /// The last day; `None`: still.
    pub until_on: Option<NaiveDate>,
}

#[derive(Debug, thiserror::Error)]
pub enum PostsError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no post {code:?}")]
    PostNotFound { code: String },
    #[error(transparent)]
    Volunteer(#[from] VolunteerError),
    #[error("the id stands for another assignment: {field} differs")]
    IdTaken { field: &'static str },
    /// As many have the post as are needed.
    #[error("{needed} are needed, and {assigned} have it")]
    PostFull { needed: i64, assigned: i64 },
    #[error("it was changed meanwhile: version {current}")]
    VersionDiffers { current: i64 },
    #[error(transparent)]
    Database(#[from] db::Error),
}

#[derive(sqlx::FromRow)]
struct PostRow {
    code: String,
    name: String,
    unit: Option<String>,
    station: Option<String>,
    needed: i64,
    wants: String,
    from_on: Option<NaiveDate>,
    until_on: Option<NaiveDate>,
    version: i64,
    assigned: i64,
}

impl PostRow {
    fn post(self) -> Post {
        let wants = serde_json::from_str(&self.wants).unwrap_or_default();
        let (unit, station, from, until) = (self.unit, self.station, self.from_on, self.until_on);
        let details = PostDetails { name: self.name, unit, station, needed: self.needed, wants, from, until };
        Post { code: self.code, details, assigned: self.assigned, version: self.version }
    }
}

macro_rules! select_posts {
    ($rest:literal) => {
        concat!(
            "SELECT p.code, p.name, p.unit, p.station, p.needed, p.wants, p.from_on, p.until_on, p.version,
                    (SELECT COUNT(*) FROM post_assignments AS a
                     WHERE a.book = p.book AND a.post = p.code AND a.until_on IS NULL) AS assigned
             FROM posts AS p WHERE p.book = $1 ",
            $rest
        )
    };
}

/// Makes a post, or changes what is known of it.
pub async fn put(
    scheme: &OpenScheme,
    code: &str,
    details: PostDetails,
    expected: Option<i64>,
) -> Result<(Post, Written), PostsError> {
    check(scheme, code, &details).await?;
    let book = scheme.book.number();
    let mut tx = scheme.db.begin_write().await?;
    lock(&mut tx, book).await?;
    let known = find(&mut tx, book, code).await?;
    let current = known.as_ref().map_or(0, |known| known.version);
    if expected.is_some_and(|expected| expected != current) {
        return Err(PostsError::VersionDiffers { current });
    }
    let written = match &known {
        Some(known) if known.details == details => return Ok((known.clone(), Written::Same)),
        Some(_) => Written::Changed,
        None => Written::Created,
    };
    let assigned = known.map_or(0, |known| known.assigned);
    let post = Post { code: code.to_owned(), details, assigned, version: current + 1 };
    write(&mut tx, book, &post).await?;
    tx.commit().await?;
    Ok((post, written))
}

async fn write(tx: &mut db::Tx, book: i64, post: &Post) -> db::Result<u64> {
    let details = post.details.clone();
    tx.query(
        "INSERT INTO posts (book, code, name, unit, station, needed, wants, from_on, until_on, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (book, code) DO UPDATE SET name = excluded.name, unit = excluded.unit, station = excluded.station,
             needed = excluded.needed, wants = excluded.wants, from_on = excluded.from_on, until_on = excluded.until_on,
             version = excluded.version",
    )
    .bind(book)
    .bind(post.code.clone())
    .bind(details.name)
    .bind(details.unit)
    .bind(details.station)
    .bind(details.needed)
    .bind(serde_json::to_string(&details.wants).unwrap_or_default())
    .bind(details.from)
    .bind(details.until)
    .bind(post.version)
    .execute()
    .await
}

/// The lock under which posts are written and given.
async fn lock(tx: &mut db::Tx, book: i64) -> db::Result<()> {
    tx.lock("SELECT edition FROM schemes WHERE book = $1 AND edition = 1")
        .bind(book)
        .fetch_optional::<(i64,)>()
        .await
        .map(drop)
}

async fn check(scheme: &OpenScheme, code: &str, details: &PostDetails) -> Result<(), PostsError> {
    let mut flaws = wrong_wants(&details.wants);
    let mut refuse = |field, code, detail: &str| flaws.push(Invalid::new(field, code, detail));
    if !crate::units::is_code(code) {
        refuse("code", "invalid_code", "a code has 1 to 64 of a-z, 0-9, `-`, `_` and `.`");
    }
    if !is_text(&details.name, 100) {
        refuse("name", "invalid_text", "a name has 1 to 100 characters");
    }
    if !(1..=10_000).contains(&details.needed) {
        refuse("needed", "invalid_quantity", "1 to 10000 people");
    }
    if details.from.zip(details.until).is_some_and(|(from, until)| until < from) {
        refuse("until", "end_before_start", "the end is before the beginning");
    }
    if let Some(unit) = &details.unit
        && scheme.organisation().await?.unit(unit).is_none()
    {
        refuse("unit", "unknown_unit", "the scheme has no such unit");
    }
    if let Some(station) = &details.station
        && !stations::is_known(scheme, station).await?
    {
        refuse("station", "unknown_station", "the scheme has no such station");
    }
    if flaws.is_empty() { Ok(()) } else { Err(PostsError::Invalid(flaws)) }
}

/// What is wrong with what is wanted.
pub fn wrong_wants(wants: &Wants) -> Vec<Invalid> {
    let mut flaws = Vec::new();
    for (field, texts) in [("skills", &wants.skills), ("occupations", &wants.occupations)] {
        if texts.len() > 50 || texts.iter().any(|text| !is_text(text, 100)) {
            flaws.push(Invalid::new(field, "invalid_text", "at most 50 texts of 1 to 100 characters"));
        }
    }
    if wants.weekday.is_some_and(|day| !(1..=7).contains(&day)) {
        flaws.push(Invalid::new("weekday", "invalid_weekday", "a weekday is 1 to 7"));
    }
    flaws
}

async fn find(tx: &mut db::Tx, book: i64, code: &str) -> db::Result<Option<Post>> {
    let row: Option<PostRow> =
        tx.query(select_posts!("AND p.code = $2")).bind(book).bind(code.to_owned()).fetch_optional().await?;
    Ok(row.map(PostRow::post))
}

pub async fn get(scheme: &OpenScheme, code: &str) -> Result<Post, PostsError> {
    let mut tx = scheme.db.begin_read().await?;
    let post = find(&mut tx, scheme.book.number(), code).await?;
    post.ok_or_else(|| PostsError::PostNotFound { code: code.to_owned() })
}

/// Posts in the order of their codes after `after`; with `unit`, of that unit alone.
pub async fn list(scheme: &OpenScheme, unit: Option<&str>, after: Option<&str>, limit: i64) -> db::Result<Vec<Post>> {
    let rows: Vec<PostRow> = scheme
        .db
        .query(select_posts!("AND p.code > $2 AND ($3 IS NULL OR p.unit = $3) ORDER BY p.code LIMIT $4"))
        .bind(scheme.book.number())
        .bind(after.unwrap_or("").to_owned())
        .bind(unit.map(str::to_owned))
        .bind(limit)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(PostRow::post).collect())
}

/// Gives a post to a volunteer, or changes until when they have it. No more have it at once than are needed.
pub async fn assign(
    scheme: &OpenScheme,
    assignment: Assignment,
    by: &Operator,
) -> Result<(Assignment, Written), PostsError> {
    volunteers::require_unmerged(scheme, assignment.volunteer_id).await?;
    if assignment.until_on.is_some_and(|until| until < assignment.from_on) {
        let detail = "the end is before the beginning";
        return Err(PostsError::Invalid(vec![Invalid::new("until", "end_before_start", detail)]));
    }
    let book = scheme.book.number();
    let mut tx = scheme.db.begin_write().await?;
    lock(&mut tx, book).await?;
    let post = find(&mut tx, book, &assignment.post).await?;
    let post = post.ok_or_else(|| PostsError::PostNotFound { code: assignment.post.clone() })?;
    let known: Option<Assignment> = tx
        .query("SELECT id, post, volunteer_id, from_on, until_on FROM post_assignments WHERE book = $1 AND id = $2")
        .bind(book)
        .bind(assignment.id)
        .fetch_optional()
        .await?;
    if let Some(known) = &known {
        if known.post != assignment.post {
            return Err(PostsError::IdTaken { field: "post" });
        }
        if known.volunteer_id != assignment.volunteer_id {
            return Err(PostsError::IdTaken { field: "volunteer_id" });
        }
        if *known == assignment {
            return Ok((assignment, Written::Same));
        }
    }
    let others = others_at_once(&mut tx, book, &assignment).await?;
    if others >= post.details.needed {
        return Err(PostsError::PostFull { needed: post.details.needed, assigned: others });
    }
    tx.query(
        "INSERT INTO post_assignments (book, id, post, volunteer_id, from_on, until_on, assigned_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (book, id) DO UPDATE SET from_on = excluded.from_on, until_on = excluded.until_on",
    )
    .bind(book)
    .bind(assignment.id)
    .bind(assignment.post.clone())
    .bind(assignment.volunteer_id)
    .bind(assignment.from_on)
    .bind(assignment.until_on)
    .bind(by.key_id)
    .execute()
    .await?;
    tx.commit().await?;
    let written = if known.is_some() { Written::Changed } else { Written::Created };
    Ok((assignment, written))
}

/// How many others have the post on some day of the assignment: as many as overlap it, which is never too few.
async fn others_at_once(tx: &mut db::Tx, book: i64, assignment: &Assignment) -> db::Result<i64> {
    let (others,): (i64,) = tx
        .query(
            "SELECT COUNT(*) FROM post_assignments
             WHERE book = $1 AND post = $2 AND id <> $3 AND from_on <= $4 AND (until_on IS NULL OR until_on >= $5)",
        )
        .bind(book)
        .bind(assignment.post.clone())
        .bind(assignment.id)
        .bind(assignment.until_on.unwrap_or(LAST_DAY))
        .bind(assignment.from_on)
        .fetch_one()
        .await?;
    Ok(others)
}

const LAST_DAY: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a day");

/// Who has or had a post, the newest first.
pub async fn assignments(scheme: &OpenScheme, code: &str) -> Result<Vec<Assignment>, PostsError> {
    get(scheme, code).await?;
    let assignments = scheme
        .db
        .query(
            "SELECT id, post, volunteer_id, from_on, until_on FROM post_assignments
             WHERE book = $1 AND post = $2 ORDER BY from_on DESC, id",
        )
        .bind(scheme.book.number())
        .bind(code.to_owned())
        .fetch_all()
        .await?;
    Ok(assignments)
}
