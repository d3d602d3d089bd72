//! A selection as a document: volunteers, units or teams.

use super::{hours, points};
use reports::documents::Signatures;
use reports::documents::ranking::{GroupRow, Groups, Ranked, Ranking, RankingRow};
use scheme::OpenScheme;
use scheme::selections::{self, Competitors, Counted, Measure, Outcome, Row, Seat, Selection, SelectionError, Status};

/// A selection as a document, for everybody to see: the selected who had agreed to be named, by masked names.
pub async fn selection(scheme: &OpenScheme, one: &Selection) -> Result<Ranking, SelectionError> {
    let rows = selections::selected(scheme, one.id).await?;
    list(scheme, one, rows).await
}

pub(super) async fn list(scheme: &OpenScheme, one: &Selection, rows: Vec<Row>) -> Result<Ranking, SelectionError> {
    let config = scheme.config();
    let scale = config.points_scale;
    let counted = Counted::of(scheme, one).await?;
    let unnamed = selections::unnamed(scheme, one.id).await?;
    let rows = match one.rules.of.are_groups() {
        true => Ranked::Groups(groups(one, rows, scale)),
        false => Ranked::Volunteers(rows.into_iter().map(|row| person(row, scale)).collect()),
    };
    Ok(Ranking {
        title: one.title.clone(),
        subtitles: vec![config.name.clone(), format!("服务期间 {} 至 {}", one.from, one.until)],
        state: match one.status {
            Status::Draft => "征求意见稿",
            Status::Published => "公示稿",
            Status::Final => "",
            Status::Withdrawn => "作废",
        }
        .to_owned(),
        rule: one.rules.sentence(),
        rows,
        places: u32::from(scale),
        ledger_sequence: one.sequence.unsigned_abs(),
        root_hash: one.root.clone(),
        notes: notes(one, &counted, unnamed),
        signatures: Signatures {
            issuer: config.name.clone(),
            person_in_charge: names(&counted),
            date: one.finalised_on,
            ..Signatures::default()
        },
    })
}

fn person(row: Row, scale: u8) -> RankingRow {
    let merits = row.candidate.merits;
    RankingRow {
        rank: rank(&row),
        name: row.candidate.name,
        volunteer_number: row.candidate.number,
        team: String::new(),
        grid: row.candidate.inputs.place.unwrap_or_default(),
        hours: hours(merits.minutes),
        sessions: merits.services.unsigned_abs(),
        points: points(merits.points, scale),
        rating: (merits.rating_count > 0).then(|| points(merits.rating(), 2)),
        note: if row.seat == Some(Seat::Open) { "机动名额".to_owned() } else { String::new() },
    }
}

fn rank(row: &Row) -> u32 {
    row.rank.and_then(|rank| u32::try_from(rank).ok()).unwrap_or(0)
}

/// Units or teams, with their members as they were on the last day.
fn groups(one: &Selection, rows: Vec<Row>, scale: u8) -> Groups {
    let rules = &one.rules;
    let per_member = match (rules.per_member, rules.measure) {
        (false, _) | (_, Measure::Rating | Measure::Participation) => "",
        (true, Measure::Hours) => "人均时长（小时）",
        (true, Measure::Points) => "人均积分",
        (true, Measure::Services) => "人均次数",
    };
    let group = |row: Row| {
        let (rank, figure) = (rank(&row), row.candidate.figure(rules));
        let merits = row.candidate.merits;
        let group = row.candidate.inputs.group.unwrap_or_default();
        let has_members = group.members > 0;
        GroupRow {
            rank,
            name: row.candidate.name,
            code: row.candidate.number,
            above: group.above.clone().unwrap_or_default(),
            members: group.members.unsigned_abs(),
            participants: group.participants.unsigned_abs(),
            participation: has_members.then(|| points(group.participation().basis_points(), 2)),
            hours: hours(merits.minutes),
            sessions: merits.services.unsigned_abs(),
            points: points(merits.points, scale),
            per_member: (rules.per_member && has_members).then(|| points(figure.shown(rules.measure, scale), 2)),
            rating: (merits.rating_count > 0).then(|| points(merits.rating(), 2)),
            note: String::new(),
        }
    };
    let title = if rules.of == Competitors::Teams { "队伍" } else { "单位" };
    Groups {
        title: title.to_owned(),
        counted: rules.of.counted().to_owned(),
        per_member: per_member.to_owned(),
        rows: rows.into_iter().map(group).collect(),
    }
}

/// Who has signed.
fn names(counted: &Counted) -> String {
    counted.signatures.iter().map(|signature| signature.name.as_str()).collect::<Vec<_>>().join("、")
}

fn notes(one: &Selection, counted: &Counted, unnamed: i64) -> Vec<String> {
    let count = |outcome| counted.count(outcome);
    let unit = one.rules.of.counted();
    let mut notes = vec![format!(
        "期间有服务记录 {} {unit}，达到最低要求 {} {unit}；入选 {} {unit}，候补 {} {unit}，不符合条件 {} {unit}，异议后除名 {} {unit}。",
        one.served,
        one.reached,
        count(Outcome::Selected),
        count(Outcome::Reserve),
        count(Outcome::Barred),
        count(Outcome::Struck),
    )];
    if unnamed > 0 {
        notes.push(format!("入选者中另有 {unnamed} 人未同意公示，不列名。"));
    }
    if let Some((from, until)) = one.published_on.zip(one.public_until) {
        notes.push(format!("公示期 {from} 至 {until}，期间可向服务站提出异议，每条异议均予答复。"));
    }
    notes.push(format!("规则摘要 {}；内容摘要 {}（第 {} 版）。", one.rules_digest, one.digest, one.revision));
    notes
}
