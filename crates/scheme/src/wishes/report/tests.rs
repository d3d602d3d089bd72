use super::*;
use crate::moment;
use crate::wishes::{Kind, Status, WishDetails};

fn wish(per_person: bool, claims: Vec<Claim>) -> Wish {
    let details = WishDetails {
        kind: Kind::Project,
        title: "修凉亭".to_owned(),
        content: "修凉亭".to_owned(),
        recipient: None,
        contact: None,
        category: Some("environment".to_owned()),
        unit: None,
        minutes: 120,
        points: 30,
        per_person,
        people: 3,
        claimants: 2,
        skills: Vec::new(),
        deadline_on: NaiveDate::MAX,
    };
    Wish {
        id: Uuid::nil(),
        details,
        status: Status::Published,
        reason: None,
        posted_on: NaiveDate::MIN,
        version: 1,
        created_at: moment(0),
        updated_at: moment(0),
        claims,
        recorded_person: String::new(),
    }
}

fn claim(id: u128, status: ClaimStatus, shares: Vec<Share>) -> Claim {
    Claim {
        id: Uuid::from_u128(id),
        wish_id: Uuid::nil(),
        claimant: Claimant::Team("patrol".to_owned()),
        status,
        claimed_at: moment(0),
        due_on: NaiveDate::MAX,
        reason: None,
        fulfilled_on: None,
        report: None,
        stars: None,
        thanks: None,
        shares,
        attempt: 0,
        claimed_person: String::new(),
        reported_person: None,
        confirmed_by: None,
    }
}

fn given(volunteer: u128, minutes: i64, points: i64) -> Share {
    Share { volunteer_id: Uuid::from_u128(volunteer), minutes, points, service_id: None }
}

/// What a team's report of `(volunteer, minutes, points)` comes to, with `others` given already: the shares, or what is wrong.
fn check(
    per_person: bool,
    others: Vec<Share>,
    report: &[(u128, Option<i64>, Option<i64>)],
) -> Result<Vec<(i64, i64)>, &'static str> {
    let own = claim(1, ClaimStatus::Claimed, Vec::new());
    let wish = wish(per_person, vec![own.clone(), claim(2, ClaimStatus::Posted, others)]);
    let new = |(volunteer, minutes, points): &(u128, Option<i64>, Option<i64>)| NewShare {
        volunteer_id: Uuid::from_u128(*volunteer),
        minutes: *minutes,
        points: *points,
    };
    let report =
        Report { content: "修好了".to_owned(), fulfilled_on: None, shares: report.iter().map(new).collect() };
    match shares(&wish, &own, &report) {
        Ok(shares) => Ok(shares.iter().map(|share| (share.minutes, share.points)).collect()),
        Err(WishError::Invalid(flaws)) => Err(flaws[0].code),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn no_report_gives_more_than_the_wish_carries() {
    let none = Vec::new;
    assert_eq!(check(false, none(), &[(1, None, None)]), Ok(vec![(120, 30)]), "alone: all of it");
    assert_eq!(check(false, vec![given(9, 50, 10)], &[(1, None, None)]), Ok(vec![(70, 20)]), "what is left");
    assert_eq!(check(true, none(), &[(1, None, None), (2, Some(60), None)]), Ok(vec![(120, 30), (60, 30)]));
    assert_eq!(check(false, none(), &[(1, Some(60), Some(15)), (2, Some(60), Some(15))]), Ok(vec![(60, 15), (60, 15)]));
    assert_eq!(check(false, none(), &[(1, Some(60), Some(15)), (2, Some(60), Some(16))]), Err("more_than_carried"));
    assert_eq!(check(true, none(), &[(1, Some(121), None)]), Err("more_than_carried"));
    assert_eq!(check(true, none(), &[(1, None, Some(-1))]), Err("more_than_carried"));
    assert_eq!(check(false, none(), &[(1, Some(i64::MAX), None), (2, Some(i64::MAX), None)]), Err("more_than_carried"));
    assert_eq!(
        check(true, vec![given(8, 1, 1), given(9, 1, 1)], &[(1, None, None), (2, None, None)]),
        Err("too_many_people")
    );
    assert_eq!(check(true, none(), &[(1, None, None), (1, None, None)]), Err("twice"));
    assert_eq!(check(true, none(), &[]), Err("nobody"));
}
