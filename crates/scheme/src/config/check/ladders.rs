//! Ladders: steps that can be reached, one above the other.

use super::codes::{self, each_once, named_in, names};
use super::conditions::{self, Scope, between, some_hours};
use super::{Place, Report};
use crate::config::{Award, CapUnit, Ladder, LadderStep, Rules, Scheme, Standing, Within};
use crate::rules::Decimal;

const DAYS_OF_A_YEAR: u32 = 366;
const LONGEST_WINDOW_DAYS: u32 = 36_600;

pub fn check(scheme: &Scheme, rules: &Rules, place: &Place, report: &mut Report) {
    named_in(
        place,
        "ladders",
        rules.ladders.iter().map(|one| (one.code.as_str(), names(&one.name, &one.name_en))),
        report,
    );
    for (index, ladder) in rules.ladders.iter().enumerate() {
        let at = place.item("ladders", index);
        conditions::check(scheme, rules, &ladder.requires, &at, Scope::Ladder(&ladder.code), report);
        award(ladder, &at, report);
        time(scheme, ladder, &at, report);
        steps(scheme, ladder, &at, report);
        cycle(ladder, &at, report);
    }
}

/// What belongs to an application, and what to reaching a step by itself.
fn award(ladder: &Ladder, at: &Place, report: &mut Report) {
    let applied = ladder.award == Award::OnApplication;
    if applied && ladder.sequence.is_none() {
        let zh = "须逐级取得（`one_by_one`），还是达到哪一级就可申请哪一级（`any_step`）";
        let en = "whether steps are granted one after the other (`one_by_one`), or any that is reached (`any_step`)";
        report.missing(at.clone(), "sequence", zh, en);
    }
    let of_applications = [
        ("sequence", ladder.sequence.is_some()),
        ("publicity_working_days", ladder.publicity_working_days.is_some()),
        ("applicants", !ladder.applicants.is_empty()),
        ("ban_years_max", ladder.ban_years_max.is_some()),
    ];
    for (key, _) in of_applications.into_iter().filter(|(_, written)| *written && !applied) {
        without_application(key, at.key(key), report);
    }
    for (index, _) in ladder.steps.iter().enumerate().filter(|(_, step)| step.granted_by.is_some() && !applied) {
        without_application("granted_by", at.item("steps", index).key("granted_by"), report);
    }
    if applied && ladder.standing == Standing::FollowsBalance {
        let zh = "申请评定的等级不随时长、积分升降：写 `standing = \"kept\"`";
        let en = "what was granted does not follow the balance: `standing = \"kept\"`";
        report.error(at.key("standing"), zh, en);
    }
    each_once("applicants", &ladder.applicants, at, report);
    between(ladder.publicity_working_days, 1, 250, at.key("publicity_working_days"), report);
    between(ladder.ban_years_max, 1, 100, at.key("ban_years_max"), report);
}

fn without_application(key: &str, at: Place, report: &mut Report) {
    let zh = format!("`{key}` 只在须申请评定（`award = \"on_application\"`）时写");
    let en = format!("`{key}` goes with `award = \"on_application\"` only");
    report.error(at, zh, en);
}

/// Which hours and days count, and that any are asked for.
fn time(scheme: &Scheme, ladder: &Ladder, at: &Place, report: &mut Report) {
    let hours = ladder.steps.iter().any(|step| step.hours.is_some());
    let days = ladder.steps.iter().any(|step| step.days.is_some());
    if let Some(code) = &ladder.hours_of {
        let known = scheme.accounts.iter().map(|one| one.code.as_str());
        if codes::known(at.key("hours_of"), code, ("账本", "account"), known, report)
            && scheme.account(code).is_some_and(|account| account.counts != CapUnit::Minutes)
        {
            let (zh, en) = (format!("账本 `{code}` 不记时长"), format!("the account `{code}` does not count minutes"));
            report.error(at.key("hours_of"), zh, en);
        }
    }
    let unread = [
        ("hours_of", ladder.hours_of.is_some() && !hours),
        ("within", ladder.within != Within::Ever && !hours && !days),
        ("closes_on", ladder.closes_on.is_some() && !hours && !days),
    ];
    for (key, _) in unread.into_iter().filter(|(_, unread)| *unread) {
        let zh = format!("各级都不看时长，`{key}` 没有用");
        let en = format!("no step asks for time, so that `{key}` says nothing");
        report.error(at.key(key), zh, en);
    }
    if let Within::Days(window) = ladder.within {
        between(Some(window), 1, LONGEST_WINDOW_DAYS, at.key("within"), report);
    }
}

fn steps(scheme: &Scheme, ladder: &Ladder, at: &Place, report: &mut Report) {
    if ladder.steps.is_empty() {
        report.error(at.key("steps"), "至少要有一级", "a ladder has at least one step");
    }
    named_in(at, "steps", ladder.steps.iter().map(|one| (one.code.as_str(), names(&one.name, &one.name_en))), report);
    for (index, step) in ladder.steps.iter().enumerate() {
        let here = at.item("steps", index);
        asks(scheme, step, &here, report);
        within(ladder, step, &here, report);
        let earlier = ladder.steps.get(..index).unwrap_or_default();
        rises(earlier, step, &here, report);
    }
}

fn asks_nothing(step: &LadderStep) -> bool {
    let asks = step.hours.is_some() || step.points.is_some() || step.days.is_some() || step.member_months.is_some();
    !asks && step.or_label.is_none()
}

fn asks(scheme: &Scheme, step: &LadderStep, at: &Place, report: &mut Report) {
    if asks_nothing(step) {
        let zh = "这一级没有要求：写 `hours`、`points`、`days`、`member_months` 或 `or_label`";
        let en = "this step asks for nothing: give it `hours`, `points`, `days`, `member_months` or `or_label`";
        report.error(at.clone(), zh, en);
    }
    if let Some(hours) = step.hours {
        some_hours(hours, at.key("hours"), report);
    }
    if let Some(points) = step.points {
        codes::fits_scale(scheme, points, at.key("points"), report);
        if points.is_negative() {
            report.error(at.key("points"), "积分门槛不能为负", "a step asks for points, and not for debts");
        }
    }
    between(step.days, 1, LONGEST_WINDOW_DAYS, at.key("days"), report);
    between(step.member_months, 1, 1_200, at.key("member_months"), report);
    if let Some(label) = &step.or_label {
        let known = scheme.labels.iter().map(|one| one.code.as_str());
        codes::known(at.key("or_label"), label, ("标记", "label"), known, report);
    }
    if let Some(body) = &step.granted_by {
        codes::text(at.key("granted_by"), body, report);
    }
}

/// A year, or a window, holds so many days and no more.
fn within(ladder: &Ladder, step: &LadderStep, at: &Place, report: &mut Report) {
    let window = match ladder.within {
        Within::Ever => return,
        Within::Year => DAYS_OF_A_YEAR,
        Within::Days(0) => return,
        Within::Days(days) => days,
    };
    let hours = Decimal::whole(i64::from(window).saturating_mul(24));
    for (key, _) in [
        ("days", step.days.is_some_and(|days| days > window)),
        ("hours", step.hours.is_some_and(|asked| asked > hours)),
    ]
    .into_iter()
    .filter(|(_, unreachable)| *unreachable)
    {
        let zh = format!("达不到的一级：计算期间一共只有 {window} 天");
        let en = format!("unreachable tier: there are only {window} days in which it counts");
        report.error(at.key(key), zh, en);
    }
}

/// The steps stand in the order in which they are reached: a step asks for no less than one below it, and for something
/// more. Else the lower one would be passed over, or never be the highest that somebody has.
fn rises(earlier: &[LadderStep], step: &LadderStep, at: &Place, report: &mut Report) {
    let measures = |step: &LadderStep| {
        let whole = |number: Option<u32>| number.map(|number| Decimal::whole(number.into()));
        [
            ("hours", step.hours),
            ("points", step.points),
            ("days", whole(step.days)),
            ("member_months", whole(step.member_months)),
        ]
    };
    let mut falls = false;
    for (place, (key, asked)) in measures(step).into_iter().enumerate() {
        let below = earlier.iter().rev().find_map(|one| measures(one).get(place).and_then(|(_, below)| *below));
        if let (Some(asked), Some(below)) = (asked, below)
            && Decimal::ZERO < asked
            && asked < below
        {
            falls = true;
            let zh = format!("达不到的一级：要求 {asked}，低于前面一级的 {below}；各级由低到高排列");
            let en = format!(
                "unreachable tier: it asks for {asked}, less than the {below} of one below; the lowest stands first"
            );
            report.error(at.key(key), zh, en);
        }
    }
    let Some(below) = earlier.last().filter(|_| !falls && !asks_nothing(step)) else { return };
    let both = measures(below).into_iter().zip(measures(step));
    let same = below.or_label == step.or_label
        && both.clone().all(|((_, below), (_, asked))| below == asked || (below.is_some() && asked.is_none()))
        && both.clone().any(|((_, below), _)| below.is_some());
    if same {
        let zh = format!("达不到的一级：要求不比前一级 `{}` 高", below.code);
        let en = format!("unreachable tier: it asks for no more than `{}` below it", below.code);
        report.error(at.clone(), zh, en);
    }
}

/// Steps that come again are by hours. Published cycles are as long as the way to the last step; a shorter one gives the
/// gifts of low steps again before the last is reached.
fn cycle(ladder: &Ladder, at: &Place, report: &mut Report) {
    let Some(cycle) = ladder.cycle_hours else { return };
    between(Some(cycle), 1, 1_000_000, at.key("cycle_hours"), report);
    for (index, step) in ladder.steps.iter().enumerate() {
        let here = at.item("steps", index);
        match step.hours {
            None if asks_nothing(step) => {}
            None => {
                let (zh, en) = ("按循环重复的各级都按小时", "steps that come again in cycles are by hours");
                report.error(here, zh, en);
            }
            Some(hours) if hours > Decimal::whole(cycle.into()) => {
                let zh = format!("这一级要 {hours} 小时，一循环只有 {cycle} 小时，未到这一级低级的礼品又可领取");
                let en = format!(
                    "this step takes {hours} hours, and a cycle has only {cycle}: gifts of lower steps come again before it"
                );
                report.warning(here.key("hours"), zh, en);
            }
            Some(_) => {}
        }
    }
}
