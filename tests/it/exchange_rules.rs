//! The rules of exchange, rule by rule: when, how often, for whom, from which account, at what price.

use crate::world::{World, day, details, operator};
use chrono::Duration;
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::config::{Relation, VolunteerKind};
use scheme::exchanges::{self, Exchange, ExchangeError, Ineligible, Status, Wish};
use scheme::rewards::{Kind, RewardDetails};
use scheme::rules::{Beneficiary, Evidence};
use scheme::services;
use scheme::volunteers::{self, Consent, VolunteerDetails};
use uuid::Uuid;

/// One point an hour, and an hour in the account `care` as well; the rules of exchange are added to it.
const BASE: &str = r#"code = "small"
name = "小站"
name_en = "Small station"
illustrative = true
source = "示例"
points_scale = 1

[[stations]]
code = "main"
name = "小站"

[[categories]]
code = "patrol"
name = "巡逻"
name_en = "Patrol"

[[categories]]
code = "absence"
name = "缺席"
name_en = "Absence"
kind = "event"

[[labels]]
code = "dues_unpaid"
name = "未交党费"
name_en = "Dues not paid"

[[labels]]
code = "living_alone"
name = "空巢独居"
name_en = "Living alone"

[[accounts]]
code = "care"
name = "养老时间"
name_en = "Care hours"
counts = "minutes"
spendable = true
expiry = "never"

[[versions]]
from = 2020-01-01
version = "first"
evidence_without_points = []
expiry = "never"
recording_deadline_working_days = 10
overdraft = "stop_at_zero"
FREEZE

[versions.default]
points_per_hour = "1"
part_hours = "proportional"
rounding = "down"
hours_credited = "as_served"

[[versions.rules]]
categories = ["absence"]
points = "-100"
"#;

/// A world with these rules of exchange.
pub async fn ruled(engine: Engine, rules: &str) -> World {
    World::new(engine, &toml(rules, "")).await
}

pub fn toml(rules: &str, freeze: &str) -> String {
    format!("{}\n{rules}", BASE.replace("FREEZE", freeze))
}

pub fn wish(volunteer_id: Uuid, reward_id: Uuid) -> Wish {
    Wish {
        id: Uuid::now_v7(),
        volunteer_id,
        reward_id,
        quantity: 1,
        station: None,
        session_id: None,
        collect_now: false,
        beneficiary: None,
        bill: None,
    }
}

impl World {
    pub async fn take(&self, wish: &Wish) -> Result<Exchange, ExchangeError> {
        let done = exchanges::exchange(&self.scheme, wish.clone(), &operator(Role::Kiosk), self.now()).await;
        done.map(|(exchange, _)| exchange)
    }

    pub async fn cancel(&self, id: Uuid) -> Result<Exchange, ExchangeError> {
        let done = exchanges::cancel(&self.scheme, id, None, &operator(Role::Staff), self.now()).await;
        done.map(|(exchange, _)| exchange)
    }

    pub async fn collect(&self, id: Uuid) -> Result<Exchange, ExchangeError> {
        let done = exchanges::collect(&self.scheme, id, None, &operator(Role::Staff), self.now()).await;
        done.map(|(exchange, _)| exchange)
    }

    /// A service of this group at so many minor units.
    pub async fn offer(&self, group: &str, price_points: i64) -> Uuid {
        let group = Some(group.to_owned());
        self.reward(RewardDetails { group, price_points, ..details(Kind::Service) }).await
    }

    /// Somebody with so many hours served, ten at most a day, and as many points.
    pub async fn with_hours(&self, hours: i64) -> Uuid {
        let volunteer = self.volunteer("林秀英").await;
        self.serve_hours(volunteer, hours).await;
        volunteer
    }

    pub async fn serve_hours(&self, volunteer: Uuid, hours: i64) {
        for (place, begun) in (0..hours).step_by(10).enumerate() {
            let on = day("2026-09-01") + chrono::Days::new(place as u64);
            self.serve(volunteer, "patrol", &on.to_string(), (hours - begun).min(10) * 60).await;
        }
    }

    pub async fn known_as(&self, volunteer: Uuid, change: impl FnOnce(&mut VolunteerDetails)) {
        let consent = Consent { record: true, publish: true };
        let mut details = VolunteerDetails { name: "林秀英".to_owned(), consent, ..VolunteerDetails::default() };
        change(&mut details);
        volunteers::put(&self.scheme, volunteer, details, None, self.now()).await.expect("known");
    }
}

fn unmet(result: Result<Exchange, ExchangeError>) -> Ineligible {
    match result {
        Err(ExchangeError::NotEligible(unmet)) => unmet,
        other => panic!("{other:?}"),
    }
}

fn condition(result: Result<Exchange, ExchangeError>) -> String {
    unmet(result).condition
}

#[rstest]
#[tokio::test]
async fn gifts_are_had_on_the_days_that_the_rules_say(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = ruled(
        engine,
        r#"[[versions.exchange]]
groups = ["gifts"]
refundable = true
windows = [{ weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] }]

[[versions.exchange]]
groups = ["daily_goods"]
refundable = true
windows = [{ months = [1] }]
"#,
    )
    .await;
    let volunteer = world.with_hours(10).await;
    let (gift, soap) = (world.offer("gifts", 10).await, world.offer("daily_goods", 50).await);
    // A Sunday in November.
    let refused = wish(volunteer, gift);
    for _ in 0..2 {
        let error = world.take(&refused).await.expect_err("it is Sunday");
        let error = if let ExchangeError::Again(error) = error { *error } else { error };
        let next = matches!(&error, ExchangeError::OutsideWindow { opens_on: Some(day), .. } if day == "2026-11-23");
        assert!(next, "{error:?}");
    }
    let early = world.take(&wish(volunteer, soap)).await;
    let next = matches!(&early, Err(ExchangeError::OutsideWindow { opens_on: Some(day), .. }) if day == "2027-01-01");
    assert!(next, "{early:?}");
    // By the clock of the scheme it is Monday, though not yet by that of London.
    world.set("2026-11-22T16:00:00Z");
    world.take(&wish(volunteer, gift)).await.expect("on Monday");
    world.set("2027-01-02T02:00:00Z");
    world.take(&wish(volunteer, soap)).await.expect("in January");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_at_once_have_ten_by_a_limit_over_all_rewards_of_a_group(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let rules = r#"[[versions.exchange]]
groups = ["coupons", "drinks"]
refundable = true
limits = [{ uses = 10, per = "day" }]
"#;
    let world = ruled(engine, rules).await;
    let other = World::on(world.db.clone(), &toml(rules, "")).await;
    let volunteer = world.with_hours(40).await;
    let rewards = [world.offer("coupons", 10).await, world.offer("drinks", 10).await];
    let tasks = (0..200).map(|place| {
        let scheme = if place % 2 == 0 { world.scheme.clone() } else { other.scheme.clone() };
        let (wish, now) = (wish(volunteer, rewards[place / 2 % 2]), world.now());
        tokio::spawn(async move { exchanges::exchange(&scheme, wish, &operator(Role::Kiosk), now).await })
    });
    let (mut got, mut out) = (0, 0);
    for task in tasks.collect::<Vec<_>>() {
        match task.await.expect("no panic") {
            Ok(_) => got += 1,
            Err(ExchangeError::LimitReached { needed: 1, available: 0 }) => out += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((got, out), (10, 190));
    world.pass(Duration::days(1));
    world.take(&wish(volunteer, rewards[0])).await.expect("a new day");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn hours_pay_for_care_of_whoever_has_ten_points_for_each(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let rules = r#"[[versions.exchange]]
groups = ["care"]
refundable = true
pays_from = "care"
requires = [{ min_points_per_hour = "RATIO" }]
"#;
    let world = ruled(engine, &rules.replace("RATIO", "10")).await;
    let volunteer = world.with_hours(30).await;
    let care = world.offer("care", 10).await;
    let thirty = Wish { quantity: 30, ..wish(volunteer, care) };
    // 30 hours and 30 points.
    let refused = unmet(world.take(&thirty).await);
    assert_eq!((refused.condition.as_str(), refused.available.as_str()), ("min_points_per_hour", "30"));
    let world = ruled(engine, &rules.replace("RATIO", "1")).await;
    let volunteer = world.with_hours(30).await;
    let care = world.offer("care", 10).await;
    let many = Wish { quantity: 31, ..wish(volunteer, care) };
    let refused = world.take(&many).await;
    let expected = matches!(
        &refused,
        Err(ExchangeError::InsufficientPoints { needed: 1860, available: 1800, account: Some(account) })
            if account == "care"
    );
    assert!(expected, "{refused:?}");
    let again = world.take(&many).await;
    assert!(matches!(again, Err(ExchangeError::Again(_))), "a refusal is kept: {again:?}");
    let exchange = world.take(&Wish { quantity: 30, ..wish(volunteer, care) }).await.expect("all of them");
    assert_eq!((exchange.account.as_deref(), exchange.points), (Some("care"), 1800));
    assert_eq!((exchange.balance_before, exchange.balance_after()), (Some(1800), Some(0)));
    world.collect(exchange.id).await.expect("cared for");
    // The hours that were served stay; those that pay are gone.
    assert_eq!(world.balance(volunteer).await, (1800, 300, 0));
    let none = world.take(&wish(volunteer, care)).await;
    assert!(matches!(none, Err(ExchangeError::InsufficientPoints { needed: 60, available: 0, .. })), "{none:?}");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn care_is_for_those_of_sixty_among_the_family(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = ruled(
        engine,
        r#"[[versions.exchange]]
groups = ["care"]
refundable = true
pays_from = "care"
beneficiaries = [{ relations = ["self", "spouse", "parent", "child"], min_age = 60 }]
requires = [{ volunteer_kinds = ["individual"] }]

[[versions.exchange]]
groups = ["cash"]
refundable = true
prohibited = true
"#,
    )
    .await;
    let volunteer = world.with_hours(5).await;
    let care = world.offer("care", 10).await;
    world.known_as(volunteer, |details| details.birth_date = Some(day("1986-11-01"))).await;
    let refused = unmet(world.take(&wish(volunteer, care)).await);
    // What is kept of a refusal does not tell anybody's age.
    assert_eq!(
        (refused.condition.as_str(), refused.needed.as_str(), refused.available.as_str()),
        ("min_age", "60", "")
    );
    let mother = Beneficiary { relation: Relation::Parent, birth_date: Some(day("1961-03-08")) };
    let wish_for = |beneficiary| Wish { quantity: 2, beneficiary: Some(beneficiary), ..wish(volunteer, care) };
    let sister = Beneficiary { relation: Relation::Sibling, ..mother };
    assert_eq!(condition(world.take(&wish_for(sister)).await), "relation");
    let young = Beneficiary { birth_date: Some(day("1970-01-01")), ..mother };
    assert_eq!(condition(world.take(&wish_for(young)).await), "min_age");
    let for_mother = wish_for(mother);
    let exchange = world.take(&for_mother).await.expect("for the mother");
    assert_eq!((exchange.relation, exchange.points), (Some(Relation::Parent), 120));
    assert_eq!(exchange.balance_after(), Some(180));
    let entry = world.scheme.book.entry(exchange.id).await.expect("read").expect("there");
    assert!(entry.document.contains("\"parent\"") && !entry.document.contains("1961"), "{}", entry.document);
    let stored = exchanges::get(&world.scheme, exchange.id).await.expect("it is there");
    assert_eq!(stored, exchange);
    let another = Wish { beneficiary: None, ..for_mother };
    assert!(matches!(world.take(&another).await, Err(ExchangeError::IdTaken { field }) if field == "relation"));
    let cash = world.offer("cash", 10).await;
    assert_eq!(condition(world.take(&wish(volunteer, cash)).await), "prohibited");
    let plain = world.offer("other", 10).await;
    let for_mother = Wish { beneficiary: Some(mother), ..wish(volunteer, plain) };
    world.take(&wish(volunteer, plain)).await.expect("no rule covers it");
    assert!(matches!(world.take(&for_mother).await, Err(ExchangeError::NotEligible(_))), "and it is for oneself");
    let group = world.with_hours(5).await;
    world.known_as(group, |details| details.kind = VolunteerKind::Group).await;
    assert_eq!(condition(world.take(&wish(group, care)).await), "volunteer_kinds");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn what_does_not_come_back_is_spent_with_the_reservation(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = ruled(engine, "[[versions.exchange]]\nrefundable = false\n").await;
    let (volunteer, soap) = (world.with_hours(10).await, world.good(40, 1).await);
    let wanted = wish(volunteer, soap);
    let exchange = world.take(&wanted).await.expect("reserved");
    assert_eq!((exchange.status, exchange.expires_at), (Status::Reserved, None));
    assert_eq!(exchanges::get(&world.scheme, exchange.id).await.expect("it is there"), exchange);
    assert_eq!(world.balance(volunteer).await, (600, 60, 0));
    assert!(matches!(world.cancel(wanted.id).await, Err(ExchangeError::NotRefundable)));
    world.pass(Duration::days(400));
    scheme::expiry::run(&world.scheme, world.now()).await.expect("it runs");
    assert_eq!(world.take(&wanted).await.expect("the same again").id, wanted.id);
    for _ in 0..2 {
        assert_eq!(world.collect(wanted.id).await.expect("kept until it is collected").status, Status::Collected);
    }
    let late = world.cancel(wanted.id).await;
    assert!(matches!(late, Err(ExchangeError::StateConflict { status: Status::Collected })), "{late:?}");
    assert_eq!(world.balance(volunteer).await, (600, 60, 0));
    let empty = world.take(&wish(volunteer, soap)).await;
    assert!(matches!(empty, Err(ExchangeError::OutOfStock { needed: 1, available: 0 })), "{empty:?}");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_clear_the_balance_one_gets_all(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let rules = "[[versions.exchange]]\ngroups = [\"cards\"]\nrefundable = true\nclears_balance = true\n";
    let world = ruled(engine, rules).await;
    let other = World::on(world.db.clone(), &toml(rules, "")).await;
    let card = world.offer("cards", 500).await;
    let poor = world.with_hours(49).await;
    let refused = world.take(&wish(poor, card)).await;
    assert!(matches!(refused, Err(ExchangeError::InsufficientPoints { needed: 500, available: 490, .. })));
    world.serve(poor, "patrol", "2026-10-20", 60).await;
    let exchange = world.take(&wish(poor, card)).await.expect("fifty");
    assert_eq!((exchange.points, exchange.balance_after()), (500, Some(0)));
    for _ in 0..5 {
        let rich = world.with_hours(70).await;
        let tasks = [&world, &other].map(|world| {
            let (scheme, wish, now) = (world.scheme.clone(), wish(rich, card), world.now());
            tokio::spawn(async move { exchanges::exchange(&scheme, wish, &operator(Role::Kiosk), now).await })
        });
        // And one confirms a service meanwhile: its points are taken with the others, or left, but not half.
        let served = world.record(rich, "patrol", "2026-10-21", 60, Evidence::SelfScan).await;
        services::confirm(&world.scheme, served, &operator(Role::Reviewer), world.now()).await.expect("confirmed");
        let mut taken = Vec::new();
        for task in tasks {
            match task.await.expect("no panic") {
                Ok((exchange, _)) => taken.push(exchange.points),
                Err(ExchangeError::InsufficientPoints { needed: 500, .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        let left = world.balance(rich).await.1;
        assert!(matches!((taken.as_slice(), left), ([710], 0) | ([700], 10)), "{taken:?}, {left} left");
    }
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_bill_is_paid_with_points_or_a_voucher_and_cash(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = ruled(
        engine,
        r#"[[versions.exchange]]
groups = ["vouchers"]
refundable = true
limits = [{ uses = 1, per = "day" }]
bill = { voucher_fen = 500, least_cash_fen = 1 }

[[versions.exchange]]
groups = ["supermarket"]
refundable = true
bill = { fen_per_point = 100 }
"#,
    )
    .await;
    let (voucher, goods) = (world.offer("vouchers", 100).await, world.offer("supermarket", 0).await);
    for (bill, cash) in [(300, 1), (800, 300), (500, 1)] {
        let volunteer = world.with_hours(20).await;
        let with_bill = || Wish { bill: Some(bill), ..wish(volunteer, voucher) };
        let exchange = world.take(&with_bill()).await.expect("a voucher");
        assert_eq!((exchange.points, exchange.price_cash, exchange.balance_after()), (100, Some(cash), Some(100)));
        assert!(matches!(world.take(&with_bill()).await, Err(ExchangeError::LimitReached { .. })), "twice a day");
    }
    let poor = world.with_hours(9).await;
    let refused = world.take(&Wish { bill: Some(300), ..wish(poor, voucher) }).await;
    assert!(matches!(refused, Err(ExchangeError::InsufficientPoints { needed: 100, available: 90, .. })));
    let exchange = world.take(&Wish { bill: Some(725), ..wish(poor, goods) }).await.expect("paper");
    assert_eq!((exchange.points, exchange.price_cash), (73, None));
    assert!(matches!(world.take(&wish(poor, goods)).await, Err(ExchangeError::Invalid(_))), "a bill is needed");
    let plain = world.offer("other", 1).await;
    let with_bill = Wish { bill: Some(100), ..wish(poor, plain) };
    assert!(matches!(world.take(&with_bill).await, Err(ExchangeError::Invalid(_))), "and not here");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn conditions_on_people_and_on_the_book_are_kept(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = ruled(
        engine,
        r#"[[versions.exchange]]
groups = ["gold"]
refundable = true
requires = [{ without_labels = ["dues_unpaid"], min_services = 2 }, { min_hours = "50" }]

[[versions.exchange]]
groups = ["gold", "silver"]
refundable = true
requires = [{ min_points = "12" }]
"#,
    )
    .await;
    let (gold, silver) = (world.offer("gold", 10).await, world.offer("silver", 10).await);
    let volunteer = world.with_hours(10).await;
    assert_eq!(condition(world.take(&wish(volunteer, gold)).await), "min_hours");
    assert_eq!(condition(world.take(&wish(volunteer, silver)).await), "min_points");
    world.serve(volunteer, "patrol", "2026-10-20", 180).await;
    world.take(&wish(volunteer, gold)).await.expect("two services, and thirteen points");
    world.take(&wish(volunteer, silver)).await.expect("twelve points");
    let refused = unmet(world.take(&wish(volunteer, silver)).await);
    assert_eq!((refused.condition.as_str(), refused.available.as_str()), ("min_points", "11"));
    world.serve(volunteer, "patrol", "2026-10-21", 180).await;
    world.known_as(volunteer, |details| details.labels.extend(["dues_unpaid".to_owned()])).await;
    assert_eq!(condition(world.take(&wish(volunteer, gold)).await), "min_hours", "and not by the labels");
    world.take(&wish(volunteer, silver)).await.expect("no label is asked for");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_frozen_account_pays_for_nothing(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let freeze = r#"freeze = { at = "0", thaw_to = "5", thawed_by = [{ categories = ["patrol"], minutes = 300 }] }"#;
    let world = World::new(engine, &toml("", freeze)).await;
    let volunteer = world.with_hours(20).await;
    let soap = world.offer("any", 10).await;
    world.take(&wish(volunteer, soap)).await.expect("not frozen");
    let absent = world.record(volunteer, "absence", "2026-10-20", 0, Evidence::LeaderConfirmed).await;
    services::confirm(&world.scheme, absent, &operator(Role::Reviewer), world.now()).await.expect("deducted");
    let refused = wish(volunteer, soap);
    assert!(matches!(world.take(&refused).await, Err(ExchangeError::AccountFrozen)));
    let again = world.take(&refused).await;
    assert!(matches!(&again, Err(ExchangeError::Again(error)) if matches!(**error, ExchangeError::AccountFrozen)));
    world.serve(volunteer, "patrol", "2026-10-21", 60).await;
    assert!(matches!(world.take(&wish(volunteer, soap)).await, Err(ExchangeError::AccountFrozen)), "a short service");
    world.serve(volunteer, "patrol", "2026-10-22", 300).await;
    world.take(&wish(volunteer, soap)).await.expect("thawed");
    world.assert_verified().await;
}

const LADDER: &str = r#"[[versions.exchange]]
groups = ["first_star"]
refundable = true
entitled_by = { ladder = "stars", step = "one" }

[[versions.exchange]]
groups = ["lounge"]
refundable = true
requires = [{ min_step = { ladder = "stars", step = "two" } }]

[[versions.ladders]]
code = "stars"
name = "星级"
name_en = "Stars"
award = "automatic"
standing = "kept"
cycle_hours = 60
steps = [
    { code = "one", name = "一星", name_en = "One", hours = "20" },
    { code = "two", name = "二星", name_en = "Two", hours = "40" },
]
"#;

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_the_gifts_of_a_step_is_had_once_and_once_more_in_every_cycle(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = ruled(engine, LADDER).await;
    let (cup, torch) = (world.offer("first_star", 0).await, world.offer("first_star", 0).await);
    let volunteer = world.with_hours(19).await;
    let refused = unmet(world.take(&wish(volunteer, cup)).await);
    assert_eq!((refused.condition.as_str(), refused.needed.as_str()), ("entitled_by", "stars/one"));
    world.serve(volunteer, "patrol", "2026-10-20", 60).await;
    let tasks = [cup, torch].map(|gift| {
        let (scheme, wish, now) = (world.scheme.clone(), wish(volunteer, gift), world.now());
        tokio::spawn(async move { exchanges::exchange(&scheme, wish, &operator(Role::Kiosk), now).await })
    });
    let mut had = Vec::new();
    for task in tasks {
        match task.await.expect("no panic") {
            Ok((exchange, _)) => had.push(exchange),
            Err(ExchangeError::LimitReached { needed: 1, available: 0 }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(had.len(), 1, "a cup or a torch");
    world.cancel(had[0].id).await.expect("it comes back");
    world.take(&wish(volunteer, torch)).await.expect("the other then");
    world.serve_hours(volunteer, 50).await;
    assert!(matches!(world.take(&wish(volunteer, cup)).await, Err(ExchangeError::LimitReached { .. })), "70 hours");
    world.serve(volunteer, "patrol", "2026-10-21", 600).await;
    world.take(&wish(volunteer, cup)).await.expect("the second time at 80 hours");
    let refused = world.take(&wish(volunteer, cup)).await;
    assert!(matches!(refused, Err(ExchangeError::LimitReached { .. })), "{refused:?}");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn steps_and_stars_open_what_asks_for_them(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = ruled(engine, LADDER).await;
    let lounge = world.offer("lounge", 20).await;
    let starred = RewardDetails { min_star: Some(2), price_points: 10, ..details(Kind::Service) };
    let starred = world.reward(starred).await;
    let volunteer = world.with_hours(39).await;
    assert_eq!(condition(world.take(&wish(volunteer, lounge)).await), "min_step");
    let refused = unmet(world.take(&wish(volunteer, starred)).await);
    assert_eq!((refused.needed.as_str(), refused.available.as_str()), ("2", "1"));
    world.serve(volunteer, "patrol", "2026-10-20", 60).await;
    for (reward, left) in [(lounge, 380), (starred, 370), (lounge, 350)] {
        world.take(&wish(volunteer, reward)).await.expect("two stars by forty hours");
        assert_eq!(world.balance(volunteer).await.1, left);
    }
    world.assert_verified().await;
}
