//! Gifts: to the donation pool, to each other, and out of the pool to whom the rules put first.

use crate::exchange_rules::{ruled, wish};
use crate::world::{World, day, operator};
use chrono::Duration;
use db::Engine;
use ledger::{Account, Action, Draft, Key, Leg, Source, Unit};
use rstest::rstest;
use scheme::Role;
use scheme::config::{Relation, VolunteerKind};
use scheme::exchanges::ExchangeError;
use scheme::transfers::{self, Gift, Receiver, RequestDetails, RequestStatus, Transfer, TransferError};
use uuid::Uuid;

const RULES: &str = r#"[[versions.exchange]]
groups = ["care"]
refundable = true
pays_from = "care"
requires = [{ volunteer_kinds = ["individual"] }]

[[versions.transfers]]
to = "pool"
account = "care"
first_for = ["living_alone"]

[[versions.transfers]]
to = "pool"
requires = [{ min_points = "5" }]

[[versions.transfers]]
to = "volunteer"
relations = ["parent", "spouse"]
limit = { amount = "6", per = "month" }
"#;

fn gift(from: Uuid, to: Receiver, amount: i64) -> Gift {
    Gift { id: Uuid::now_v7(), from, to, amount, account: None, relation: None, note: None }
}

impl World {
    async fn give(&self, gift: &Gift) -> Result<(Transfer, bool), TransferError> {
        transfers::transfer(&self.scheme, gift.clone(), &operator(Role::Staff), self.now()).await
    }

    async fn ask(&self, volunteer_id: Uuid, hours: i64) -> Uuid {
        let id = Uuid::now_v7();
        let reason = "生活困难".to_owned();
        let details = RequestDetails { volunteer_id, account: Some("care".to_owned()), amount: hours * 60, reason };
        let by = operator(Role::Staff);
        transfers::request(&self.scheme, id, details.clone(), &by, self.now()).await.expect("asked");
        let (_, replayed) = transfers::request(&self.scheme, id, details, &by, self.now()).await.expect("asked again");
        assert!(replayed);
        self.pass(Duration::minutes(1));
        id
    }

    async fn grant_request(&self, id: Uuid) -> Result<RequestStatus, TransferError> {
        let granted = transfers::grant(&self.scheme, id, &operator(Role::SchemeAdmin), self.now()).await;
        granted.map(|(request, _)| request.status)
    }
}

#[rstest]
#[tokio::test]
async fn a_gift_keeps_its_last_days_and_stands_on_both_statements(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let rules = RULES.replace("limit = { amount = \"6\", per = \"month\" }\n", "");
    let toml = crate::exchange_rules::toml(&rules, "").replacen(
        "expiry = \"never\"\nrecording",
        "expiry = { months = 6 }\nexpiry_counts_from = \"service_date\"\nrecording",
        1,
    );
    let world = World::new(engine, &toml).await;
    let (giver, mother) = (world.volunteer("林秀英").await, world.volunteer("林母").await);
    for on in ["2026-07-01", "2026-09-01", "2026-11-01"] {
        world.serve(giver, "patrol", on, 300).await;
    }
    let related = Gift { relation: Some(Relation::Parent), ..gift(giver, Receiver::Volunteer(mother), 80) };
    let (transfer, replayed) = world.give(&related).await.expect("given");
    assert_eq!((transfer.amount, transfer.to, replayed), (80, Receiver::Volunteer(mother), false));
    let (again, replayed) = world.give(&related).await.expect("the same again");
    assert_eq!((again, replayed), (transfer, true));
    let more = Gift { amount: 90, ..related.clone() };
    assert!(matches!(world.give(&more).await, Err(TransferError::IdTaken { field }) if field == "amount"));
    let to_pool = Gift { to: Receiver::Pool, ..related };
    assert!(matches!(world.give(&to_pool).await, Err(TransferError::IdTaken { field }) if field == "to"));
    for (volunteer, left) in [(giver, 70), (mother, 80)] {
        assert_eq!(world.balance(volunteer).await.1, left);
        let balance = scheme::balances::balance(&world.scheme, volunteer, world.now()).await.expect("a balance");
        let past = scheme::balances::balance_as_of(&world.scheme, volunteer, balance.as_of).await.expect("a balance");
        assert_eq!(past.available, left, "as of the newest entry");
    }
    // Of July's fifty that are left to her none, and of September's thirty.
    world.set("2027-01-02T02:00:00Z");
    assert_eq!((world.balance(giver).await.1, world.balance(mother).await.1), (70, 30));
    assert_eq!(transfers::finish(&world.scheme, world.now()).await.expect("nothing is left to do"), 0);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_gift_whose_process_ended_halfway_is_brought_to_its_end(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = ruled(engine, RULES).await;
    let (giver, mother) = (world.with_hours(5).await, world.volunteer("林母").await);
    let id = Uuid::now_v7();
    let account = |path: String| Account::holding(Key::new(path), Unit::Points);
    let leg = Leg {
        from: Source::Account(account(format!("volunteer/{giver}/points"))),
        to: account(format!("transfer/{id}")),
        amount: 20,
    };
    let document = serde_json::json!({ "from": giver, "to": mother, "amount": 20 });
    let draft = Draft {
        id,
        kind: "points.given",
        effective_on: day("2026-11-22"),
        party: Some(giver),
        document_id: Some(id),
        action: Action::Post(vec![leg]),
        document: document.as_object().cloned().unwrap_or_default(),
        intent: &[],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    };
    world.scheme.book.post(draft).await.expect("posted").result.expect("taken from the giver");
    assert_eq!((world.balance(giver).await.1, world.balance(mother).await.1), (30, 0));
    world.assert_verified().await;
    for finished in [1, 0] {
        assert_eq!(transfers::finish(&world.scheme, world.now()).await.expect("finished"), finished);
        assert_eq!((world.balance(giver).await.1, world.balance(mother).await.1), (30, 20));
    }
    world.assert_verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gifts_keep_to_the_rules_however_many_are_made_at_once(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = ruled(engine, RULES).await;
    let (giver, mother) = (world.with_hours(10).await, world.volunteer("林母").await);
    let to_mother =
        |amount| Gift { relation: Some(Relation::Parent), ..gift(giver, Receiver::Volunteer(mother), amount) };
    let unrelated = Gift { relation: None, ..to_mother(10) };
    assert!(matches!(world.give(&unrelated).await, Err(TransferError::NotAllowed)));
    let hours = Gift { account: Some("care".to_owned()), ..to_mother(60) };
    assert!(matches!(world.give(&hours).await, Err(TransferError::NotAllowed)), "hours are given to the pool alone");
    let over = world.give(&to_mother(70)).await;
    assert!(matches!(over, Err(TransferError::LimitReached { needed: 70, available: 60, .. })), "{over:?}");
    let tasks = (0..20).map(|_| {
        let (scheme, gift, now) = (world.scheme.clone(), to_mother(10), world.now());
        tokio::spawn(async move { transfers::transfer(&scheme, gift, &operator(Role::Staff), now).await })
    });
    let (mut given, mut refused) = (0, 0);
    for task in tasks.collect::<Vec<_>>() {
        match task.await.expect("no panic") {
            Ok(_) => given += 1,
            Err(TransferError::LimitReached { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((given, refused), (6, 14));
    assert_eq!((world.balance(giver).await.1, world.balance(mother).await.1), (40, 60));
    let poor = world.give(&gift(giver, Receiver::Pool, 10)).await;
    let unmet = matches!(&poor, Err(TransferError::NotEligible(unmet)) if unmet.condition == "min_points");
    assert!(unmet, "{poor:?}");
    world.give(&gift(mother, Receiver::Pool, 60)).await.expect("to the pool");
    let empty = Gift { relation: Some(Relation::Spouse), ..gift(mother, Receiver::Volunteer(giver), 10) };
    assert!(matches!(
        world.give(&empty).await,
        Err(TransferError::InsufficientPoints { needed: 10, available: 0, .. })
    ));
    let oneself = Gift { relation: Some(Relation::Spouse), ..gift(giver, Receiver::Volunteer(giver), 10) };
    assert!(matches!(world.give(&oneself).await, Err(TransferError::Invalid(_))));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn the_pool_gives_first_to_those_whom_the_rules_put_first(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = ruled(engine, RULES).await;
    let group = world.with_hours(5).await;
    world.known_as(group, |details| details.kind = VolunteerKind::Group).await;
    let care = world.offer("care", 10).await;
    let refused = world.take(&wish(group, care)).await;
    assert!(matches!(refused, Err(ExchangeError::NotEligible(_))), "a group only donates: {refused:?}");
    let donor = world.with_hours(5).await;
    for from in [group, donor] {
        let hours = Gift { account: Some("care".to_owned()), ..gift(from, Receiver::Pool, 300) };
        world.give(&hours).await.expect("donated");
    }
    let (old, alone) = (world.volunteer("普通老人").await, world.volunteer("空巢老人").await);
    world.known_as(alone, |details| details.labels.extend(["living_alone".to_owned()])).await;
    world.known_as(old, |details| details.birth_date = Some(day("1950-01-01"))).await;
    let (of_old, of_alone) = (world.ask(old, 10).await, world.ask(alone, 10).await);
    let open = transfers::requests(&world.scheme, world.now()).await.expect("listed");
    assert_eq!(open.iter().map(|one| (one.id, one.priority)).collect::<Vec<_>>(), [(of_alone, 0), (of_old, 1)]);
    let early = world.grant_request(of_old).await;
    assert!(matches!(early, Err(TransferError::HigherPriorityFirst { first }) if first == of_alone), "{early:?}");
    for _ in 0..2 {
        assert_eq!(world.grant_request(of_alone).await.expect("granted once"), RequestStatus::Granted);
    }
    let empty = world.grant_request(of_old).await;
    assert!(matches!(empty, Err(TransferError::InsufficientPoints { needed: 600, available: 0, .. })), "{empty:?}");
    world.take(&scheme::exchanges::Wish { quantity: 10, ..wish(alone, care) }).await.expect("cared for");
    world.assert_verified().await;
}
