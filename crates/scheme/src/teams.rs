//! Teams (队伍): clubs, service teams, mediators, patrols; who leads them, and who belonged to them since when.
//!
//! A volunteer's teams are set where the volunteer is written down. A name there that no team has becomes a team of the kind
//! `other`, with the name as its code, so that nothing that a register says is lost.

use crate::schemes::OpenScheme;
use crate::volunteers::{self, Invalid, Written, is_text};
use chrono::NaiveDate;
use uuid::Uuid;

/// What kind of team it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamKind {
    /// 社团。
    Club,
    /// 志愿服务队。
    ServiceTeam,
    /// 调解，如“老娘舅”。
    Mediation,
    /// 巡逻。
    Patrol,
    /// 专业骨干队。
    Professional,
    /// 中坚核心队。
    Core,
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    pub code: String,
    pub details: TeamDetails,
    /// Counts changes; what `If-Match` compares.
    pub version: i64,
    /// Who belongs to it today.
    pub members: i64,
}

/// A team as somebody writes it down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamDetails {
    pub name: String,
    pub kind: TeamKind,
    /// Code of the unit that it belongs to.
    pub unit: Option<String>,
    pub leader: Option<Uuid>,
    pub from: Option<NaiveDate>,
    /// Its last day.
    pub until: Option<NaiveDate>,
}

/// Somebody in a team.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TeamMember {
    pub id: Uuid,
    pub number: String,
    pub name: String,
    /// [`crate::units::SINCE_EVER`]: from the beginning.
    pub from_on: NaiveDate,
    pub until_on: Option<NaiveDate>,
    pub role: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum TeamError {
    #[error("{} values cannot be taken", .0.len())]
    Invalid(Vec<Invalid>),
    #[error("there is no team {code:?}")]
    TeamNotFound { code: String },
    #[error("it was changed meanwhile: version {current}")]
    VersionDiffers { current: i64 },
    #[error(transparent)]
    Database(#[from] db::Error),
}

#[derive(sqlx::FromRow)]
struct TeamRow {
    code: String,
    name: String,
    kind: String,
    unit: Option<String>,
    leader_id: Option<Uuid>,
    from_on: Option<NaiveDate>,
    until_on: Option<NaiveDate>,
    version: i64,
    members: i64,
}

impl TeamRow {
    fn team(self) -> Team {
        let TeamRow { code, name, kind, unit, leader_id, from_on, until_on, version, members } = self;
        let kind = serde_json::from_value(kind.into()).unwrap_or(TeamKind::Other);
        let details = TeamDetails { name, kind, unit, leader: leader_id, from: from_on, until: until_on };
        Team { code, details, version, members }
    }
}

macro_rules! select_teams {
    ($rest:literal) => {
        concat!(
            "SELECT t.code, t.name, t.kind, t.unit, t.leader_id, t.from_on, t.until_on, t.version,
                    (SELECT COUNT(*) FROM team_members AS m
                     WHERE m.book = t.book AND m.team = t.code AND m.until_on IS NULL) AS members
             FROM teams AS t WHERE t.book = $1 ",
            $rest
        )
    };
}

/// Makes a team, or changes what is known of it.
pub async fn put(
    scheme: &OpenScheme,
    code: &str,
    details: TeamDetails,
    expected: Option<i64>,
) -> Result<(Team, Written), TeamError> {
    check(scheme, code, &details).await?;
    let book = scheme.book.number();
    let mut tx = scheme.db.begin_write().await?;
    tx.lock("SELECT edition FROM schemes WHERE book = $1 AND edition = 1")
        .bind(book)
        .fetch_optional::<(i64,)>()
        .await?;
    let known = find(&mut tx, book, code).await?;
    let current = known.as_ref().map_or(0, |known| known.version);
    if expected.is_some_and(|expected| expected != current) {
        return Err(TeamError::VersionDiffers { current });
    }
    let written = match &known {
        Some(known) if known.details == details => return Ok((known.clone(), Written::Same)),
        Some(_) => Written::Changed,
        None => Written::Created,
    };
    let members = known.map_or(0, |known| known.members);
    let team = Team { code: code.to_owned(), details, version: current + 1, members };
    write(&mut tx, book, &team).await?;
    tx.commit().await?;
    Ok((team, written))
}

async fn check(scheme: &OpenScheme, code: &str, details: &TeamDetails) -> Result<(), TeamError> {
    let mut flaws = Vec::new();
    let mut refuse = |field, code, detail: &str| flaws.push(Invalid::new(field, code, detail));
    if !is_text(code, 100) {
        refuse("code", "invalid_text", "a code has 1 to 100 characters");
    }
    if !is_text(&details.name, 100) {
        refuse("name", "invalid_text", "a name has 1 to 100 characters");
    }
    if details.from.zip(details.until).is_some_and(|(from, until)| until < from) {
        refuse("until", "end_before_start", "the end is before the beginning");
    }
    if let Some(unit) = &details.unit
        && scheme.organisation().await?.unit(unit).is_none()
    {
        refuse("unit", "unknown_unit", "the scheme has no such unit");
    }
    if let Some(leader) = details.leader
        && volunteers::require(scheme, leader).await.is_err()
    {
        refuse("leader", "unknown_volunteer", "there is no such volunteer");
    }
    if flaws.is_empty() { Ok(()) } else { Err(TeamError::Invalid(flaws)) }
}

async fn write(tx: &mut db::Tx, book: i64, team: &Team) -> db::Result<u64> {
    let details = team.details.clone();
    let kind = serde_json::to_value(details.kind).ok();
    tx.query(
        "INSERT INTO teams (book, code, name, kind, unit, leader_id, from_on, until_on, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (book, code) DO UPDATE SET name = excluded.name, kind = excluded.kind, unit = excluded.unit,
             leader_id = excluded.leader_id, from_on = excluded.from_on, until_on = excluded.until_on,
             version = excluded.version",
    )
    .bind(book)
    .bind(team.code.clone())
    .bind(details.name)
    .bind(kind.and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_default())
    .bind(details.unit)
    .bind(details.leader)
    .bind(details.from)
    .bind(details.until)
    .bind(team.version)
    .execute()
    .await
}

async fn find(tx: &mut db::Tx, book: i64, code: &str) -> db::Result<Option<Team>> {
    let row: Option<TeamRow> =
        tx.query(select_teams!("AND t.code = $2")).bind(book).bind(code.to_owned()).fetch_optional().await?;
    Ok(row.map(TeamRow::team))
}

pub async fn get(scheme: &OpenScheme, code: &str) -> Result<Team, TeamError> {
    let mut tx = scheme.db.begin_read().await?;
    let team = find(&mut tx, scheme.book.number(), code).await?;
    team.ok_or_else(|| TeamError::TeamNotFound { code: code.to_owned() })
}

/// Teams in the order of their codes after `after`; with `unit`, of that unit alone.
pub async fn list(scheme: &OpenScheme, unit: Option<&str>, after: Option<&str>, limit: i64) -> db::Result<Vec<Team>> {
    let rows: Vec<TeamRow> = scheme
        .db
        .query(select_teams!("AND t.code > $2 AND ($3 IS NULL OR t.unit = $3) ORDER BY t.code LIMIT $4"))
        .bind(scheme.book.number())
        .bind(after.unwrap_or("").to_owned())
        .bind(unit.map(str::to_owned))
        .bind(limit)
        .fetch_all()
        .await?;
    Ok(rows.into_iter().map(TeamRow::team).collect())
}

/// Who belonged to a team on a day, by number.
pub async fn members(scheme: &OpenScheme, code: &str, on: NaiveDate) -> Result<Vec<TeamMember>, TeamError> {
    get(scheme, code).await?;
    let members = scheme
        .db
        .query(
            "SELECT v.id, v.number, v.name, m.from_on, m.until_on, m.role FROM team_members AS m
             JOIN volunteers AS v ON v.book = m.book AND v.id = m.volunteer_id
             WHERE m.book = $1 AND m.team = $2 AND m.from_on <= $3 AND (m.until_on IS NULL OR m.until_on >= $3)
             ORDER BY v.number",
        )
        .bind(scheme.book.number())
        .bind(code.to_owned())
        .bind(on)
        .fetch_all()
        .await?;
    Ok(members)
}

/// Says what a member does in the team, in words; `None` takes it back.
pub async fn set_role(scheme: &OpenScheme, code: &str, volunteer: Uuid, role: Option<String>) -> Result<(), TeamError> {
    if role.as_deref().is_some_and(|role| !is_text(role, 100)) {
        return Err(TeamError::Invalid(vec![Invalid::new("role", "invalid_text", "a role has 1 to 100 characters")]));
    }
    let mut tx = scheme.db.begin_write().await?;
    let changed = tx
        .query(
            "UPDATE team_members SET role = $4
             WHERE book = $1 AND team = $2 AND volunteer_id = $3 AND until_on IS NULL",
        )
        .bind(scheme.book.number())
        .bind(code.to_owned())
        .bind(volunteer)
        .bind(role)
        .execute()
        .await?;
    tx.commit().await?;
    if changed == 0 {
        let detail = "the volunteer does not belong to the team";
        return Err(TeamError::Invalid(vec![Invalid::new("volunteer_id", "no_member", detail)]));
    }
    Ok(())
}

/// Turns names of teams into their codes; a name that no team has becomes a team.
pub(crate) async fn known(tx: &mut db::Tx, book: i64, teams: &mut [String]) -> db::Result<()> {
    for team in teams {
        let found: Option<(String,)> = tx
            .query(
                "SELECT code FROM teams WHERE book = $1 AND (code = $2 OR name = $2)
                 ORDER BY CASE WHEN code = $2 THEN 0 ELSE 1 END, code LIMIT 1",
            )
            .bind(book)
            .bind(team.clone())
            .fetch_optional()
            .await?;
        match found {
            Some((code,)) => *team = code,
            None => {
                tx.query(
                    "INSERT INTO teams (book, code, name, kind, version) VALUES ($1, $2, $2, 'other', 1)
                     ON CONFLICT DO NOTHING",
                )
                .bind(book)
                .bind(team.clone())
                .execute()
                .await?;
            }
        }
    }
    Ok(())
}
