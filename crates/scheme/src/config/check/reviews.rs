//! Reviews: quotas and tables of scores that mean something.

use super::codes::{self, named_in, names};
use super::conditions::{self, Scope, between};
use super::{Place, Report};
use crate::config::{CapUnit, Quota, Review, ReviewKey, Rules, Scheme};
use crate::rules::Decimal;

const MOST_WINNERS: u32 = 1_000_000;

pub fn check(scheme: &Scheme, rules: &Rules, place: &Place, report: &mut Report) {
    named_in(
        place,
        "reviews",
        rules.reviews.iter().map(|one| (one.code.as_str(), names(&one.name, &one.name_en))),
        report,
    );
    for (index, review) in rules.reviews.iter().enumerate() {
        let at = place.item("reviews", index);
        conditions::check(scheme, rules, &review.requires, &at, Scope::Review(review.of), report);
        key(scheme, review, &at, report);
        outcome(review, &at, report);
        bands(scheme, review, &at, report);
    }
}

fn key(scheme: &Scheme, review: &Review, at: &Place, report: &mut Report) {
    match (review.key, &review.account) {
        (ReviewKey::Account, None) => {
            let (zh, en) = ("按哪个账本排序", "the account that the order goes by");
            report.missing(at.clone(), "account", zh, en);
        }
        (ReviewKey::Account, Some(code)) => {
            let known = scheme.accounts.iter().map(|one| one.code.as_str());
            codes::known(at.key("account"), code, ("账本", "account"), known, report);
        }
        (_, Some(_)) => {
            let (zh, en) =
                ("`account` 只和 `key = \"account\"` 一起写", "`account` goes with `key = \"account\"` only");
            report.error(at.key("account"), zh, en);
        }
        (_, None) => {}
    }
}

fn outcome(review: &Review, at: &Place, report: &mut Report) {
    if review.requires.is_empty() && review.quota.is_none() && review.bands.is_empty() {
        let zh = "没有条件、名额和计分表，这项评选什么也没说";
        let en = "without conditions, a quota or a table of scores this review says nothing";
        report.error(at.key("code"), zh, en);
    }
    match &review.quota {
        Some(Quota::Fixed(number) | Quota::ByUnit(number)) => {
            between(Some(*number), 1, MOST_WINNERS, at.key("quota"), report);
        }
        Some(Quota::Percent(percent)) if *percent <= Decimal::ZERO || *percent > Decimal::whole(100) => {
            let (zh, en) = ("百分比大于 0，不超过 100", "a percentage is more than 0 and at most 100");
            report.error(at.key("quota"), zh, en);
        }
        Some(Quota::Percent(_)) | None => {}
    }
    if review.ends_registration && review.requires.is_empty() {
        let zh = "没有条件就没有不合格，不能有“不予注册”的后果";
        let en = "without conditions nobody fails, and nobody's registration ends";
        report.error(at.key("ends_registration"), zh, en);
    }
    between(review.winners_rest_years, 1, 100, at.key("winners_rest_years"), report);
}

fn bands(scheme: &Scheme, review: &Review, at: &Place, report: &mut Report) {
    for (index, band) in review.bands.iter().enumerate() {
        let here = at.item("bands", index);
        band_fits(scheme, review, band.from, here.key("from"), report);
        if band.from.is_negative() || band.score.is_negative() {
            report.error(here.clone(), "计分表没有负数", "a table of scores has no negative numbers");
        }
        let Some(below) = index.checked_sub(1).and_then(|below| review.bands.get(below)) else { continue };
        for (key, rises) in [("from", band.from > below.from), ("score", band.score > below.score)] {
            if !rises {
                report.error(here.key(key), "各段由低到高", "the bands go up, in what they take and what they give");
            }
        }
    }
}

/// What a band begins with is hours, points, a number of services, or what the account counts.
fn band_fits(scheme: &Scheme, review: &Review, from: Decimal, at: Place, report: &mut Report) {
    let account = review.account.as_deref().and_then(|code| scheme.account(code));
    let unit = match review.key {
        ReviewKey::Hours => CapUnit::Minutes,
        ReviewKey::Points => CapUnit::Points,
        ReviewKey::Services => CapUnit::Uses,
        ReviewKey::Account => account.map_or(CapUnit::Points, |account| account.counts),
    };
    match unit {
        CapUnit::Points => codes::fits_scale(scheme, from, at, report),
        CapUnit::Minutes if from.whole_minutes().is_none() => {
            report.error(at, "小时数要合整数分钟", "the hours are not of whole minutes");
        }
        CapUnit::Uses if !from.fits(0) => report.error(at, "次数是整数", "services are whole numbers"),
        CapUnit::Minutes | CapUnit::Uses => {}
    }
}
