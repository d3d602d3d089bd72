//! What the rules give and take, posted in a real book: registration, deductions, debts, freezing, waiting points, running
//! totals and their reversal.

use crate::world::{World, operator, service};
use db::Engine;
use rstest::rstest;
use scheme::balances::{self, Balance};
use scheme::rules::Evidence;
use scheme::schemes::ApplyError;
use scheme::services::{self, Confirmation, ServiceDetails, ServiceError};
use scheme::{Role, expiry};
use uuid::Uuid;

const HEAD: &str = r#"
code = "small"
name = "小站"
name_en = "Small station"
illustrative = true
source = "示例"
points_scale = 0
stations = [{ code = "main", name = "小站" }]
categories = [
    { code = "patrol", name = "巡逻", name_en = "Patrol" },
    { code = "visit", name = "探访", name_en = "Visit" },
    { code = "opening", name = "开户", name_en = "Opening", kind = "event" },
    { code = "late", name = "逾期", name_en = "Late", kind = "event" },
    { code = "honour", name = "荣誉", name_en = "Honour", kind = "event" },
    { code = "review", name = "评议", name_en = "Review", kind = "event" },
]
"#;

const HOURLY: &str = r#"
[versions.default]
points_per_hour = "1"
part_hours = "whole_hours"
rounding = "down"
hours_credited = "as_served"
"#;

/// A scheme with these lines above the versions, in the version, and below its default rule.
fn toml(above: &str, version: &str, rules: &str) -> String {
    format!(
        "{HEAD}{above}\n[[versions]]\nfrom = 2026-01-01\nversion = \"first\"\nevidence_without_points = []\n\
         expiry = \"never\"\nrecording_deadline_working_days = 10\n{version}\n{HOURLY}\n{rules}"
    )
}

fn event(volunteer: Uuid, category: &str, count: Option<i64>) -> ServiceDetails {
    let details = service(volunteer, category, "2026-11-20", 0, Evidence::LeaderConfirmed);
    ServiceDetails { minutes: None, count, ..details }
}

impl World {
    /// Records and confirms an event; answers the record's id.
    async fn happens(&self, volunteer: Uuid, category: &str, count: Option<i64>) -> Result<Uuid, ServiceError> {
        let id = Uuid::now_v7();
        services::put(&self.scheme, id, event(volunteer, category, count), &operator(Role::Staff), self.now()).await?;
        services::confirm(&self.scheme, id, &operator(Role::Reviewer), self.now()).await?;
        Ok(id)
    }

    async fn take_back(&self, record: Uuid) {
        services::reverse(&self.scheme, record, Some("登记有误"), false, &operator(Role::Reviewer), self.now())
            .await
            .expect("reversed");
    }

    async fn whole_balance(&self, volunteer: Uuid) -> Balance {
        let balance = balances::balance(&self.scheme, volunteer, self.now()).await.expect("a balance");
        let then = balances::balance_as_of(&self.scheme, volunteer, balance.as_of).await.expect("the same balance");
        assert_eq!(then, balance, "the journal says the same as the accounts");
        balance
    }

    async fn points(&self, volunteer: Uuid) -> i64 {
        self.whole_balance(volunteer).await.available
    }
}

#[rstest]
#[tokio::test]
async fn registering_gives_what_the_rules_say_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let rules = "[[versions.rules]]\ncategories = [\"opening\"]\npoints = \"100\"\nwhen = \"registration\"\n";
    let world = World::new(engine, &toml("", "", rules)).await;
    let ann = world.volunteer("安").await;
    assert_eq!(world.points(ann).await, 100);
    let known = scheme::volunteers::get(&world.scheme, ann).await.expect("registered");
    for name in ["安", "安娜"] {
        let details = scheme::volunteers::VolunteerDetails {
            name: name.to_owned(),
            consent: known.consent,
            ..Default::default()
        };
        scheme::volunteers::put(&world.scheme, ann, details, None, world.now()).await.expect("changed");
        assert_eq!(world.points(ann).await, 100);
    }
    world.assert_verified().await;
}

#[rstest]
#[case::refused("refuse", &[(8, 0)], true)]
#[case::down_to_zero("stop_at_zero", &[(0, 0), (4, 0)], false)]
#[case::owed("owe", &[(0, 2), (2, 0)], false)]
#[tokio::test]
async fn a_deduction_beyond_the_balance_goes_as_stated(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] overdraft: &str,
    #[case] then: &[(i64, i64)],
    #[case] refused: bool,
) {
    let rules = "[[versions.rules]]\ncategories = [\"late\"]\npoints = \"-10\"\n";
    let world = World::new(engine, &toml("", &format!("overdraft = {overdraft:?}"), rules)).await;
    let ann = world.volunteer("安").await;
    world.serve(ann, "patrol", "2026-11-01", 480).await;
    let late = world.happens(ann, "late", None).await;
    let balance = world.whole_balance(ann).await;
    assert_eq!((balance.available, balance.owed), then[0]);
    if refused {
        assert!(matches!(late, Err(ServiceError::InsufficientPoints { needed: 10, available: 8 })), "{late:?}");
        return world.assert_verified().await;
    }
    world.serve(ann, "patrol", "2026-11-02", 240).await;
    let balance = world.whole_balance(ann).await;
    assert_eq!((balance.available, balance.owed), then[1], "what is owed is taken from what is earned next");
    world.assert_verified().await;
    world.take_back(late.expect("confirmed")).await;
    assert_eq!(world.points(ann).await, 12, "a deduction taken back");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn an_account_at_zero_freezes_and_thaws_to_a_set_balance(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let version = "overdraft = \"stop_at_zero\"";
    let rules = "[[versions.rules]]\ncategories = [\"late\"]\npoints = \"-10\"\n[versions.freeze]\nat = \"0\"\n\
                 thaw_to = \"50\"\nafter_days = 60\nthawed_by = [{ categories = [\"patrol\"], minutes = 120 }]\n";
    let world = World::new(engine, &toml("", version, rules)).await;
    let (ann, bob) = (world.volunteer("安").await, world.volunteer("波").await);
    for who in [ann, bob] {
        world.serve(who, "patrol", "2026-11-01", 480).await;
        world.happens(who, "late", None).await.expect("confirmed");
        let balance = world.whole_balance(who).await;
        assert_eq!((balance.available, balance.frozen), (0, true));
        world.happens(who, "late", None).await.expect("a second one changes nothing");
    }
    world.serve(ann, "patrol", "2026-11-21", 60).await;
    assert!(world.whole_balance(ann).await.frozen, "an hour is too short");
    world.serve(ann, "patrol", "2026-11-22", 120).await;
    let balance = world.whole_balance(ann).await;
    assert_eq!((balance.available, balance.frozen), (50, false));

    world.set("2027-01-20T15:59:00Z");
    expiry::run(&world.scheme, world.now()).await.expect("run");
    assert!(world.whole_balance(bob).await.frozen, "60 days are not over");
    world.set("2027-01-20T16:01:00Z");
    expiry::run(&world.scheme, world.now()).await.expect("run");
    let balance = world.whole_balance(bob).await;
    assert_eq!((balance.available, balance.frozen), (50, false));
    assert_eq!(world.points(ann).await, 50, "who has thawed is left alone");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn points_wait_for_the_next_year_and_can_still_be_taken_back(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let version = "spendable_from = \"next_year\"";
    let text = toml("", version, "")
        .replace("expiry = \"never\"", "expiry = \"year_end\"\nexpiry_counts_from = \"recording_date\"");
    let world = World::new(engine, &text).await;
    let ann = world.volunteer("安").await;
    let [first, second, _] = [
        world.serve(ann, "patrol", "2026-11-01", 120).await,
        world.serve(ann, "patrol", "2026-11-02", 180).await,
        world.serve(ann, "patrol", "2026-11-03", 60).await,
    ];
    let waiting = |balance: Balance| (balance.available, balance.waiting);
    assert_eq!(waiting(world.whole_balance(ann).await), (0, 6));
    world.take_back(first).await;
    assert_eq!(waiting(world.whole_balance(ann).await), (0, 4));

    world.set("2026-12-31T15:59:59Z");
    expiry::run(&world.scheme, world.now()).await.expect("run");
    assert_eq!(waiting(world.whole_balance(ann).await), (0, 4));
    world.set("2026-12-31T16:00:00Z");
    expiry::run(&world.scheme, world.now()).await.expect("run");
    assert_eq!(waiting(world.whole_balance(ann).await), (4, 0));
    world.take_back(second).await;
    assert_eq!(waiting(world.whole_balance(ann).await), (1, 0));

    world.set("2027-12-31T16:00:00Z");
    expiry::run(&world.scheme, world.now()).await.expect("run");
    assert_eq!(waiting(world.whole_balance(ann).await), (0, 0));
    world.assert_verified().await;
}

const FALLING: &str = r#"
[[versions.rules]]
categories = ["patrol"]
part_hours = "proportional"
blocks = { counted_over = "ever", part_blocks = "ignored", tiers = [
    { up_to_hours = "20", points = "1", per_hours = "1" },
    { up_to_hours = "80", points = "1", per_hours = "2" },
    { points = "1", per_hours = "4" },
] }
"#;

/// Whatever order records are confirmed and taken back in, the points are what the running total is worth.
#[rstest]
#[tokio::test]
async fn a_running_total_is_worth_the_same_in_any_order(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, &toml("", "", FALLING)).await;
    let ann = world.volunteer("安").await;
    let worth =
        |minutes: i64| minutes.min(1200) / 60 + (minutes.min(4800) - 1200).max(0) / 120 + (minutes - 4800).max(0) / 240;
    let mut records = Vec::new();
    let mut total = 0;
    for (day, minutes) in [1200, 90, 1110, 30, 1440, 1440, 600].into_iter().enumerate() {
        let on = format!("2026-10-{:02}", 20 - day);
        records.push((world.serve(ann, "patrol", &on, minutes).await, minutes));
        total += minutes;
        assert_eq!(world.points(ann).await, worth(total), "after {minutes} more");
    }
    for index in [0, 3, 1, 0, 2, 1, 0] {
        let (record, minutes) = records.remove(index);
        world.take_back(record).await;
        total -= minutes;
        let balance = world.whole_balance(ann).await;
        assert_eq!((balance.minutes, balance.available), (total, worth(total)), "after {minutes} less");
    }
    world.assert_verified().await;
}

/// Parallel confirmations slip past neither a running total nor a cap of any period.
#[rstest]
#[tokio::test]
async fn parallel_confirmations_add_up(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let caps = "[[versions.caps]]\nper = \"year\"\nlimit_points = \"15\"\ncategories = [\"visit\"]\nover = \"truncate\"\n\
                [[versions.caps]]\nper = \"balance\"\nlimit_points = \"40\"\nover = \"donate\"\n\
                [[versions.caps]]\nper = \"month\"\nlimit_uses = 3\ncategories = [\"honour\"]\nover = \"void\"\n\
                [[versions.rules]]\ncategories = [\"honour\"]\npoints = \"2\"\n";
    let world = World::new(engine, &toml("", "", &format!("{FALLING}{caps}"))).await;
    let ann = world.volunteer("安").await;
    let mut records = Vec::new();
    for day in 1..=20 {
        let on = format!("2026-10-{day:02}");
        records.push(world.record(ann, "patrol", &on, 90, Evidence::Kiosk).await);
        records.push(world.record(ann, "visit", &on, 120, Evidence::Kiosk).await);
    }
    for _ in 0..6 {
        let id = Uuid::now_v7();
        services::put(&world.scheme, id, event(ann, "honour", None), &operator(Role::Staff), world.now())
            .await
            .expect("recorded");
        records.push(id);
    }
    let tasks = records.into_iter().map(|id| {
        let (scheme, now) = (world.scheme.clone(), world.now());
        tokio::spawn(async move {
            loop {
                match services::confirm(&scheme, id, &operator(Role::Reviewer), now).await {
                    Err(ServiceError::Busy) => tokio::task::yield_now().await,
                    confirmed => return confirmed.expect("confirmed").service.points.unwrap_or(0),
                }
            }
        })
    });
    let points: i64 = futures::future::join_all(tasks).await.into_iter().map(|points| points.expect("done")).sum();
    // 30 hours are worth 25, visits at most 15, honours 3 times 2: 46, of which 40 fit.
    let balance = world.whole_balance(ann).await;
    assert_eq!((balance.minutes, balance.available, points), (20 * 210, 40, 40));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn accounts_beside_points_are_filled_capped_and_ended(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let accounts = r#"
accounts = [
    { code = "bank", name = "时间银行", name_en = "Time bank", counts = "minutes", spendable = true, expiry = "never" },
    { code = "merit", name = "贡献值", name_en = "Merit", counts = "points", spendable = false, expiry = "year_end", expiry_counts_from = "service_date" },
    { code = "coin", name = "文化币", name_en = "Culture coin", counts = "points", spendable = false, feeds_points = true, expiry = "never" },
]
"#;
    let rules = "[[versions.rules]]\ncategories = [\"visit\"]\naccount = \"coin\"\npoints = \"5\"\n\
                 [[versions.rules]]\ncategories = [\"honour\"]\naccount = \"merit\"\npoints = \"1\"\n\
                 [[versions.caps]]\nper = \"balance\"\naccount = \"bank\"\nlimit_minutes = 300\nover = \"donate\"\n";
    let world = World::new(engine, &toml(accounts, "", rules)).await;
    let ann = world.volunteer("安").await;
    world.serve(ann, "patrol", "2026-11-01", 120).await;
    world.serve(ann, "visit", "2026-11-02", 240).await;
    world.happens(ann, "honour", None).await.expect("confirmed");
    let of =
        |balance: &Balance| balance.accounts.iter().map(|one| (one.code.clone(), one.available)).collect::<Vec<_>>();
    let balance = world.whole_balance(ann).await;
    assert_eq!((balance.minutes, balance.available), (360, 7));
    let all =
        |bank, merit, coin| vec![("bank".to_owned(), bank), ("merit".to_owned(), merit), ("coin".to_owned(), coin)];
    assert_eq!(of(&balance), all(300, 1, 5));

    world.set("2026-12-31T16:00:00Z");
    expiry::run(&world.scheme, world.now()).await.expect("run");
    let balance = world.whole_balance(ann).await;
    assert_eq!((of(&balance), balance.available), (all(300, 0, 5), 7), "only merit ends with the year");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn whoever_confirms_decides_within_the_range_and_says_why(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let rules = "[[versions.rules]]\ncategories = [\"review\"]\nrange = { from = \"5\", to = \"10\" }\n\
                 [[versions.caps]]\nper = \"month\"\nlimit_points = \"12\"\ncategories = [\"review\"]\nover = \"truncate\"\nmay_be_lifted = true\n";
    let world = World::new(engine, &toml("", "", rules)).await;
    let ann = world.volunteer("安").await;
    let confirm = async |points, lift_caps, reason| {
        let id = Uuid::now_v7();
        let staff = operator(Role::Staff);
        services::put(&world.scheme, id, event(ann, "review", None), &staff, world.now()).await.expect("recorded");
        let confirmation = Confirmation { points, lift_caps, reason };
        let by = operator(Role::Reviewer);
        services::confirm_with(&world.scheme, id, confirmation, &by, world.now()).await
    };
    for (points, reason) in
        [(None, Some("评议会")), (Some(4), Some("评议会")), (Some(11), Some("评议会")), (Some(8), None)]
    {
        let refused = confirm(points, false, reason).await;
        assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{points:?} {reason:?}: {refused:?}");
    }
    let decided = confirm(Some(8), false, Some("评议会 3 月决定")).await.expect("confirmed");
    assert_eq!((decided.service.points, decided.reason.as_deref()), (Some(8), Some("评议会 3 月决定")));
    assert_eq!(confirm(Some(8), false, Some("评议会")).await.expect("confirmed").service.points, Some(4));
    assert_eq!(confirm(Some(8), true, Some("有证明,经批准")).await.expect("confirmed").service.points, Some(8));
    assert_eq!(world.points(ann).await, 20);
    let plain = world.record(ann, "patrol", "2026-11-01", 60, Evidence::Kiosk).await;
    let confirmation = Confirmation { points: Some(3), lift_caps: false, reason: Some("想多给") };
    let refused =
        services::confirm_with(&world.scheme, plain, confirmation, &operator(Role::Reviewer), world.now()).await;
    assert!(matches!(refused, Err(ServiceError::Invalid(_))), "{refused:?}");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_year_begins_with_its_base_and_ends_with_nothing(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let rules = "[[versions.rules]]\ncategories = [\"opening\"]\npoints = \"20\"\nwhen = \"new_year\"\n";
    let text = toml("", "", rules)
        .replace("expiry = \"never\"", "expiry = \"year_end\"\nexpiry_counts_from = \"service_date\"");
    let world = World::new(engine, &text).await;
    let ann = world.volunteer("安").await;
    world.serve(ann, "patrol", "2026-11-01", 180).await;
    expiry::run(&world.scheme, world.now()).await.expect("run");
    assert_eq!(world.points(ann).await, 3, "registered this year");
    world.set("2026-12-31T16:00:00Z");
    let bob = world.volunteer("波").await;
    for _ in 0..2 {
        expiry::run(&world.scheme, world.now()).await.expect("run");
        assert_eq!((world.points(ann).await, world.points(bob).await), (20, 0));
    }
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn rules_that_have_been_in_force_stay_as_they_are(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let text = toml("", "", "");
    let world = World::new(engine, &text).await;
    let ann = world.volunteer("安").await;
    world.serve(ann, "patrol", "2026-11-01", 120).await;
    let schemes = &world.schemes;
    let dearer = text.replace("points_per_hour = \"1\"", "points_per_hour = \"2\"");
    let refused = schemes.apply(&dearer, world.now()).await;
    assert!(matches!(refused, Err(ApplyError::PastChanged { .. })), "{refused:?}");
    let second = text[text.find("[[versions]]").expect("versions")..]
        .replace("2026-01-01", "2026-12-01")
        .replace("\"first\"", "\"second\"")
        .replace("points_per_hour = \"1\"", "points_per_hour = \"2\"");
    let closed = text.replace("version = \"first\"", "until = 2026-11-30\nversion = \"first\"");
    schemes.apply(&format!("{closed}\n{second}"), world.now()).await.expect("a version of its own");
    world.serve(ann, "patrol", "2026-11-02", 120).await;
    world.set("2026-12-02T02:00:00Z");
    world.serve(ann, "patrol", "2026-12-01", 120).await;
    assert_eq!(world.points(ann).await, 2 + 2 + 4);
    schemes.apply_over(&dearer, true, world.now()).await.expect("on purpose");
    assert_eq!(world.points(ann).await, 8, "what was confirmed stays");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_named_approver_confirms_and_nobody_else(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let rules = "[[versions.rules]]\ncategories = [\"honour\"]\npoints = \"5\"\napprovers = [\"领导小组\"]\n";
    let world = World::new(engine, &toml("", "", rules)).await;
    let ann = world.volunteer("安").await;
    let refused = world.happens(ann, "honour", None).await;
    assert!(matches!(refused, Err(ServiceError::WrongApprover { .. })), "{refused:?}");
    let id = Uuid::now_v7();
    let staff = operator(Role::Staff);
    services::put(&world.scheme, id, event(ann, "honour", None), &staff, world.now()).await.expect("recorded");
    let group = scheme::Operator { name: "领导小组".to_owned(), ..operator(Role::Reviewer) };
    let confirmed = services::confirm(&world.scheme, id, &group, world.now()).await.expect("confirmed");
    assert_eq!(confirmed.service.points, Some(5));
}

/// What is confirmed and taken back at once leaves no trace in what anybody has.
#[rstest]
#[case::by_the_hour("", 185)]
#[case::capped("[[versions.caps]]\nper = \"week\"\nlimit_points = \"2\"\nover = \"truncate\"\n", 185)]
#[case::capped_minutes("[[versions.caps]]\nper = \"ever\"\nlimit_minutes = 100\nover = \"truncate\"\n", 185)]
#[case::donated("[[versions.caps]]\nper = \"balance\"\nlimit_points = \"4\"\nover = \"donate\"\n", 300)]
#[case::by_a_running_total(FALLING, 610)]
#[tokio::test]
async fn a_reversal_undoes_exactly(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
    #[case] rules: &str,
    #[case] minutes: i64,
) {
    let world = World::new(engine, &toml("", "", rules)).await;
    let ann = world.volunteer("安").await;
    world.serve(ann, "patrol", "2026-11-10", 90).await;
    let before = world.whole_balance(ann).await;
    let mut earned = Vec::new();
    for _ in 0..2 {
        let record = world.serve(ann, "patrol", "2026-11-11", minutes).await;
        earned.push(world.whole_balance(ann).await.available);
        world.take_back(record).await;
        let after = Balance { as_of: before.as_of, ..world.whole_balance(ann).await };
        assert_eq!(after, before);
    }
    assert_eq!(earned[0], earned[1], "the same again earns the same");
    world.assert_verified().await;
}
