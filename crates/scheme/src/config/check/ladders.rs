//! Ladders and reviews: steps that can be reached, one above the other, and quotas that mean something.

use super::exchange::{Scope, conditions};
use super::{Place, Report};
use crate::config::{Rules, Scheme};

pub fn check(scheme: &Scheme, rules: &Rules, place: &Place, report: &mut Report) {
    for (index, ladder) in rules.ladders.iter().enumerate() {
        conditions(scheme, &ladder.requires, &place.item("ladders", index), Scope::Ladder, report);
    }
    for (index, review) in rules.reviews.iter().enumerate() {
        conditions(scheme, &review.requires, &place.item("reviews", index), Scope::Review, report);
    }
}
