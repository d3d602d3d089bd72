//! Which units or teams compete, and what has to be known of them beside the journal: where they stood on the last day, who
//! belonged to them, what was said of their services. Read once, when a selection is drafted, and kept with each row.

use crate::schemes::OpenScheme;
use crate::selections::inputs::heads;
use crate::selections::measures::{Measures, month_of};
use crate::selections::{Candidate, Competitors, Group, Inputs, Merits, RuleSet};
use crate::units::Organisation;
use chrono::NaiveDate;
use db::{Many, Tx};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// All that compete, however little was served for them: whoever is not selected is told why. Their figures are not in it.
///
/// `served` is who served at all in the period.
pub async fn candidates(
    tx: &mut Tx,
    scheme: &OpenScheme,
    rules: &RuleSet,
    (from, until): (NaiveDate, NaiveDate),
    served: &Measures,
) -> db::Result<Vec<Candidate>> {
    let organisation = scheme.organisation().await?;
    let reader = Reader { scheme, rules, from, until };
    let mut candidates = match rules.of {
        Competitors::Teams => reader.teams(tx, &organisation).await?,
        _ => reader.units(&organisation),
    };
    let parts = candidates.iter().flat_map(|one| one.inputs.group.iter().flat_map(|group| &group.parts));
    let mut codes: Vec<String> = parts.cloned().collect::<HashSet<String>>().into_iter().collect();
    codes.sort_unstable();
    let known = reader.known(tx, codes, served).await?;
    candidates.iter_mut().for_each(|candidate| known.tell(candidate));
    Ok(candidates)
}

/// What is known of each unit by itself, or of each team.
#[derive(Default)]
struct Known {
    /// Members, and who of them took part.
    members: HashMap<String, (i64, i64)>,
    /// How many ratings of the period, and the sum of their stars.
    ratings: HashMap<String, (i64, i64)>,
    /// The newest upheld complaint of the period.
    complaints: HashMap<String, (NaiveDate, Uuid)>,
    /// Records that were reversed, those in whose place another stands left out.
    reversed: HashMap<String, i64>,
}

impl Known {
    /// Adds up what is known of all that counts for it.
    fn tell(&self, candidate: &mut Candidate) {
        let Candidate { inputs, merits, .. } = candidate;
        let Some(group) = &mut inputs.group else { return };
        let mut newest = None;
        for part in &group.parts {
            let (members, participants) = self.members.get(part).copied().unwrap_or_default();
            group.members = group.members.saturating_add(members);
            group.participants = group.participants.saturating_add(participants);
            let (count, sum) = self.ratings.get(part).copied().unwrap_or_default();
            merits.rating_count = merits.rating_count.saturating_add(count);
            merits.rating_sum = merits.rating_sum.saturating_add(sum);
            inputs.reversed = inputs.reversed.saturating_add(self.reversed.get(part).copied().unwrap_or(0));
            newest = newest.max(self.complaints.get(part).copied());
        }
        inputs.complaint = newest.map(|(_, complaint)| complaint);
    }
}

struct Reader<'a> {
    scheme: &'a OpenScheme,
    rules: &'a RuleSet,
    from: NaiveDate,
    until: NaiveDate,
}

/// Code, name, unit, first and last day.
type TeamRow = (String, String, Option<String>, Option<NaiveDate>, Option<NaiveDate>);

macro_rules! of_code {
    ($before:literal, $code:literal, $between:literal, $after:literal) => {
        concat!($before, $code, $between, $code, $after)
    };
}

macro_rules! ratings {
    ($code:literal) => {
        of_code!(
            "SELECT COALESCE(",
            $code,
            ", ''), COUNT(*), CAST(SUM(stars) AS BIGINT) FROM ratings
             WHERE book = $1 AND status = 'given' AND rated_on >= $2 AND rated_on <= $3 GROUP BY ",
            ""
        )
    };
}

macro_rules! complaints {
    ($code:literal) => {
        of_code!(
            "SELECT ",
            $code,
            ", received_on, id FROM complaints
             WHERE book = $1 AND status = 'upheld' AND received_on >= $2 AND received_on <= $3 AND ",
            " IS NOT NULL ORDER BY received_on, id"
        )
    };
}

macro_rules! reversed {
    ($code:literal) => {
        of_code!(
            "SELECT COALESCE(s.",
            $code,
            ", ''), COUNT(*) FROM services AS s
             WHERE s.book = $1 AND s.status = 'reversed' AND s.occurred_on >= $2 AND s.occurred_on <= $3
               AND NOT EXISTS (SELECT 1 FROM services AS c WHERE c.book = s.book AND c.corrects = s.id)
             GROUP BY s.",
            ""
        )
    };
}

impl Reader<'_> {
    fn candidate(
        &self,
        code: String,
        name: String,
        above: Option<String>,
        takes_part: bool,
        group: Group,
    ) -> Candidate {
        Candidate {
            id: self.rules.of.subject(&code).unwrap_or_default(),
            number: code,
            name,
            named: true,
            unit: above,
            grid: None,
            merits: Merits::default(),
            inputs: Inputs { takes_part, group: Some(group), ..Inputs::default() },
        }
    }

    /// Units that had become part of others by the last day do not compete beside them.
    fn units(&self, organisation: &Organisation) -> Vec<Candidate> {
        let on = self.until;
        let heads =
            heads(organisation, self.rules, on).into_iter().filter_map(|code| organisation.unit(&code).cloned());
        let stands = heads.filter(|unit| unit.merged.as_ref().is_none_or(|merged| merged.from > on));
        let candidate = |unit: std::sync::Arc<crate::units::Unit>| {
            let above = unit.parent(on).map(str::to_owned);
            let group = Group {
                parts: organisation.subtree(&unit.code, on),
                above: above.as_deref().map(|code| name_of(organisation, code)),
                ..Group::default()
            };
            self.candidate(unit.code.clone(), unit.name.clone(), above, true, group)
        };
        stands.map(candidate).collect()
    }

    /// The teams that there were in the period, and those that records name and nobody has written down.
    async fn teams(&self, tx: &mut Tx, organisation: &Organisation) -> db::Result<Vec<Candidate>> {
        let scope: Option<HashSet<String>> =
            self.rules.scope.as_deref().map(|unit| organisation.subtree(unit, self.until).into_iter().collect());
        let known: Vec<TeamRow> = tx
            .query("SELECT code, name, unit, from_on, until_on FROM teams WHERE book = $1 ORDER BY code")
            .bind(self.scheme.book.number())
            .fetch_all()
            .await?;
        let named: Vec<(String,)> = tx
            .query(
                "SELECT DISTINCT team FROM group_totals WHERE book = $1 AND month >= $2 AND month <= $3 AND team <> ''",
            )
            .bind(self.scheme.book.number())
            .bind(month_of(self.from))
            .bind(month_of(self.until))
            .fetch_all()
            .await?;
        let mut teams: BTreeMap<String, (String, Option<String>, bool)> =
            named.into_iter().map(|(code,)| (code.clone(), (code, None, true))).collect();
        for (code, name, unit, from, until) in known {
            let was_there = from.is_none_or(|from| from <= self.until) && until.is_none_or(|until| until >= self.from);
            let takes_part = until.is_none_or(|until| until >= self.until);
            if was_there || teams.contains_key(&code) {
                teams.insert(code, (name, unit, takes_part));
            }
        }
        let is_in =
            |unit: Option<&String>| scope.as_ref().is_none_or(|scope| unit.is_some_and(|unit| scope.contains(unit)));
        let candidate = |(code, (name, unit, takes_part)): (String, (String, Option<String>, bool))| {
            let above = unit.as_deref().map(|code| name_of(organisation, code));
            let group = Group { parts: vec![code.clone()], above, ..Group::default() };
            self.candidate(code, name, unit, takes_part, group)
        };
        Ok(teams.into_iter().filter(|(_, (_, unit, _))| is_in(unit.as_ref())).map(candidate).collect())
    }

    async fn known(&self, tx: &mut Tx, codes: Vec<String>, served: &Measures) -> db::Result<Known> {
        let are_teams = self.rules.of == Competitors::Teams;
        let ratings: Vec<(String, i64, i64)> =
            self.of_period(tx, if are_teams { ratings!("team") } else { ratings!("unit") }).await?;
        let complaints: Vec<(String, NaiveDate, Uuid)> =
            self.of_period(tx, if are_teams { complaints!("team") } else { complaints!("unit") }).await?;
        let reversed: Vec<(String, i64)> =
            self.of_period(tx, if are_teams { reversed!("team") } else { reversed!("unit") }).await?;
        let mut known = Known {
            ratings: ratings.into_iter().map(|(code, count, sum)| (code, (count, sum))).collect(),
            complaints: complaints.into_iter().map(|(code, on, id)| (code, (on, id))).collect(),
            reversed: reversed.into_iter().collect(),
            ..Known::default()
        };
        let member = |(code, volunteer): (String, Uuid)| {
            let (members, participants) = known.members.entry(code).or_default();
            *members = members.saturating_add(1);
            let took_part = served.get(&volunteer).is_some_and(|merits| merits.services > 0);
            *participants = participants.saturating_add(i64::from(took_part));
        };
        self.members(tx, codes, member).await?;
        Ok(known)
    }

    /// The rows of a statement that knows the book and the days of the period.
    async fn of_period<R: db::Record>(&self, tx: &mut Tx, sql: &'static str) -> db::Result<Vec<R>> {
        tx.query(sql).bind(self.scheme.book.number()).bind(self.from).bind(self.until).fetch_all().await
    }

    /// Shows who belonged to each of these on the last day: persons who are registered and have not left.
    async fn members(&self, tx: &mut Tx, codes: Vec<String>, see: impl FnMut((String, Uuid)) + Send) -> db::Result<()> {
        let query = match self.rules.of {
            Competitors::Teams => tx.query(
                "SELECT DISTINCT t.team, t.volunteer_id FROM many($3) AS c
                 JOIN team_members AS t ON t.book = $1 AND t.team = c.value
                 JOIN volunteers AS v ON v.book = t.book AND v.id = t.volunteer_id
                 WHERE t.from_on <= $2 AND (t.until_on IS NULL OR t.until_on >= $2)
                   AND v.registered_on <= $2 AND v.status = 'active' AND v.kind = 'individual'",
            ),
            _ => tx.query(
                "SELECT m.unit, m.volunteer_id FROM many($3) AS c
                 JOIN memberships AS m ON m.book = $1 AND m.capacity = 'serving' AND m.unit = c.value
                 JOIN volunteers AS v ON v.book = m.book AND v.id = m.volunteer_id
                 WHERE m.from_on <= $2 AND (m.until_on IS NULL OR m.until_on >= $2)
                   AND v.registered_on <= $2 AND v.status = 'active' AND v.kind = 'individual'",
            ),
        };
        query.bind(self.scheme.book.number()).bind(self.until).bind_many(Many::Text(codes)).fetch_each(see).await
    }
}

fn name_of(organisation: &Organisation, code: &str) -> String {
    organisation.unit(code).map_or_else(|| code.to_owned(), |unit| unit.name.clone())
}
