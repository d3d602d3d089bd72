//! A selection is drafted: the rules are checked, the book is read at one moment, and everything is kept.

use super::content::{Heading, digest};
use super::difference::refigured;
use super::groups;
use super::inputs::candidates;
use super::measures::{Measures, measures};
use super::outcome::{Candidate, reached, settle};
use super::rules::{EXCLUSIONS_MAX, RuleFlaw, RuleSet};
use super::{Competitors, Selection, SelectionError, Status, store};
use crate::actors;
use crate::keys::Operator;
use crate::schemes::OpenScheme;
use chrono::{DateTime, NaiveDate, Utc};
use db::Many;
use uuid::Uuid;

/// What a selection is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSelection {
    pub title: String,
    pub rules: RuleSet,
}

/// Drafts a selection as of the newest entry. The same again is answered with it, and `true`.
pub async fn put(
    scheme: &OpenScheme,
    id: Uuid,
    new: NewSelection,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Selection, bool), SelectionError> {
    let mut tx = scheme.db.begin_read().await?;
    if let Some(known) = store::find(&mut tx, scheme, id).await? {
        return same(known, &new);
    }
    let flaws = flaws(&mut tx, scheme, &new, now).await?;
    let period = new.rules.period().filter(|_| flaws.is_empty());
    let Some((from, until)) = period else { return Err(SelectionError::Invalid(flaws)) };
    let sequence = scheme.book.size(&mut tx).await?;
    let root = scheme.book.root_of_first(&mut tx, sequence).await?;
    let (candidates, measures) = read(&mut tx, scheme, &new.rules, (from, until), sequence).await?;
    tx.rollback().await?;
    let (served, reached) = counts(&new.rules, &measures);
    let settled = settle(&new.rules, candidates);
    let mut selection = Selection {
        id,
        title: new.title.clone(),
        rules_digest: new.rules.text_and_digest().1,
        rules: new.rules.clone(),
        from,
        until,
        status: Status::Draft,
        sequence,
        root,
        served,
        reached,
        grids: settled.grids,
        digest: String::new(),
        revision: 1,
        published_on: None,
        public_until: None,
        finalised_on: None,
        reason: None,
        drafted_by: by.key_id,
        drafted_person: by.person.clone(),
        drafted_at: now,
        effects_due: false,
    };
    selection.digest = digest(&heading(scheme, &selection), &settled.rows, &selection.grids);
    actors::remember(scheme, by).await?;
    let mut tx = scheme.db.begin_write().await?;
    if !store::insert(&mut tx, scheme, &selection, &settled.rows).await? {
        tx.rollback().await?;
        let mut tx = scheme.db.begin_read().await?;
        let known = store::find(&mut tx, scheme, id).await?.ok_or(SelectionError::NotFound { id })?;
        return same(known, &new);
    }
    tx.commit().await?;
    Ok((selection, false))
}

/// Who competes, and what was done by all of them.
async fn read(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    rules: &RuleSet,
    period: (NaiveDate, NaiveDate),
    at: i64,
) -> db::Result<(Vec<Candidate>, Measures)> {
    let measures = measures(tx, scheme, rules, period, at).await?;
    if !rules.of.are_groups() {
        return Ok((candidates(tx, scheme, rules, period, &measures).await?, measures));
    }
    let groups = groups::candidates(tx, scheme, rules, period, &measures).await?;
    let figures = groups::figures(tx, scheme, rules, period, at, &groups).await?;
    Ok((refigured(rules, groups, &figures), figures))
}

/// How many served at all, and how many reached the minimum.
pub(super) fn counts(rules: &RuleSet, measures: &Measures) -> (i64, i64) {
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let served = measures.values().filter(|merits| merits.services > 0).count();
    (count(served), count(measures.values().filter(|merits| reached(rules, merits)).count()))
}

fn same(known: Selection, new: &NewSelection) -> Result<(Selection, bool), SelectionError> {
    let differing = [("title", known.title != new.title), ("rules", known.rules != new.rules)];
    match differing.into_iter().find(|(_, differs)| *differs) {
        Some((field, _)) => Err(SelectionError::IdTaken { field }),
        None => Ok((known, true)),
    }
}

pub(super) fn heading<'a>(scheme: &'a OpenScheme, one: &'a Selection) -> Heading<'a> {
    Heading {
        scheme: scheme.book.code(),
        id: one.id,
        rules: &one.rules,
        rules_digest: &one.rules_digest,
        sequence: one.sequence,
        root: &one.root,
        served: one.served,
        reached: one.reached,
    }
}

async fn flaws(
    tx: &mut db::Tx,
    scheme: &OpenScheme,
    new: &NewSelection,
    now: DateTime<Utc>,
) -> db::Result<Vec<RuleFlaw>> {
    let rules = &new.rules;
    let mut flaws = Vec::new();
    if !crate::volunteers::is_text(&new.title, 100) {
        flaws.push(RuleFlaw::new("/title", "invalid_text", "须为 1 到 100 个字", "1 to 100 characters, not blank"));
    }
    let of_rules = rules.flaws(scheme.config().day_of(now)).into_iter();
    flaws.extend(of_rules.map(|flaw| RuleFlaw { place: format!("/rules{}", flaw.place), ..flaw }));
    let organisation = scheme.organisation().await?;
    if rules.scope.as_deref().is_some_and(|unit| organisation.unit(unit).is_none()) {
        flaws.push(RuleFlaw::new("/rules/scope", "unknown_unit", "方案没有这个单位", "the scheme has no such unit"));
    }
    if rules.grid_kind.as_deref().is_some_and(|kind| crate::units::kind_of(kind).is_none()) {
        let (zh, en) = ("没有这种单位", "there is no such kind of unit");
        flaws.push(RuleFlaw::new("/rules/grid_kind", "unknown_code", zh, en));
    }
    flaws.extend(unknown(tx, scheme, rules).await?);
    Ok(flaws)
}

/// Who is excluded, and is not there.
async fn unknown(tx: &mut db::Tx, scheme: &OpenScheme, rules: &RuleSet) -> db::Result<Vec<RuleFlaw>> {
    let exclusions = || rules.vetoes.exclusions.iter().take(EXCLUSIONS_MAX).enumerate();
    let codes: Vec<String> = exclusions().filter_map(|(_, one)| one.code.clone()).collect();
    let flaw = |at: usize, field: &str, code: &'static str, zh: &str, en: String| {
        RuleFlaw::new(&format!("/rules/vetoes/exclusions/{at}/{field}"), code, zh, &en)
    };
    let of_code = |code: &'static str, zh: &'static str, en: &'static str, known: &dyn Fn(&str) -> bool| {
        let named = exclusions().filter_map(|(at, one)| Some((at, one.code.as_deref()?)));
        let unknown = named.filter(|(_, one)| !known(one));
        unknown.map(|(at, one)| flaw(at, "code", code, zh, format!("there is no {en} {one}"))).collect()
    };
    Ok(match rules.of {
        Competitors::Volunteers => {
            let ids: Vec<Uuid> = exclusions().filter_map(|(_, one)| one.volunteer_id).collect();
            let known: Vec<(Uuid,)> = tx
                .query("SELECT v.id FROM many($2) AS m JOIN volunteers AS v ON v.book = $1 AND v.id = m.value")
                .bind(scheme.book.number())
                .bind_many(Many::Uuid(ids))
                .fetch_all()
                .await?;
            let named = exclusions().filter_map(|(at, one)| Some((at, one.volunteer_id?)));
            let unknown = named.filter(|(_, id)| !known.contains(&(*id,)));
            let en = |id: Uuid| format!("there is no volunteer {id}");
            unknown.map(|(at, id)| flaw(at, "volunteer_id", "unknown_volunteer", "没有这位志愿者", en(id))).collect()
        }
        Competitors::Units => {
            let organisation = scheme.organisation().await?;
            of_code("unknown_unit", "方案没有这个单位", "unit", &|code| organisation.unit(code).is_some())
        }
        Competitors::Teams => {
            let known: Vec<(String,)> = tx
                .query("SELECT t.code FROM many($2) AS m JOIN teams AS t ON t.book = $1 AND t.code = m.value")
                .bind(scheme.book.number())
                .bind_many(Many::Text(codes))
                .fetch_all()
                .await?;
            of_code("unknown_team", "没有这支队伍", "team", &|code| known.iter().any(|(one,)| one == code))
        }
    })
}
