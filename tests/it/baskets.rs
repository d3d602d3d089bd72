//! Several rewards in one exchange: all of them or none; handed over in parts, and brought back.

use crate::exchange_rules::ruled;
use crate::world::{World, details, operator};
use chrono::Duration;
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::config::Relation;
use scheme::exchanges::{self, Basket, Exchange, ExchangeError, HandOver, Item, Part, Return, Status};
use scheme::rewards::{self, Kind, Limit, Period, RewardDetails};
use uuid::Uuid;

/// Everything is taken back within two days.
pub const POLICY: &str = "[versions.exchange_policy]\npoints_back_after_expiry = \"lost\"\nreturn_days = 2\n";

pub fn item(reward_id: Uuid, quantity: i64) -> Item {
    Item { reward_id, quantity, session_id: None, bill: None }
}

pub fn basket(volunteer_id: Uuid, items: Vec<Item>) -> Basket {
    Basket { id: Uuid::now_v7(), volunteer_id, items, station: None, collect_now: false, beneficiary: None, cash: None }
}

impl World {
    pub async fn fill(&self, basket: &Basket) -> Result<Exchange, ExchangeError> {
        let done = exchanges::exchange_basket(&self.scheme, basket.clone(), &operator(Role::Kiosk), self.now()).await;
        done.map(|(exchange, _)| exchange)
    }

    pub async fn hand_over(&self, exchange: Uuid, part: &Part) -> Result<(Exchange, bool), ExchangeError> {
        let how = HandOver { part: Some(part.clone()), ..HandOver::default() };
        exchanges::hand_over(&self.scheme, exchange, how, &operator(Role::Staff), self.now()).await
    }

    pub async fn bring_back(&self, exchange: Uuid, back: &Return) -> Result<(Exchange, bool), ExchangeError> {
        exchanges::take_back(&self.scheme, exchange, back.clone(), &operator(Role::Staff), self.now()).await
    }

    pub async fn on_shelf(&self, reward: Uuid) -> i64 {
        let reward = rewards::get(&self.scheme, reward).await.expect("a reward");
        rewards::available(&self.scheme, std::slice::from_ref(&reward), None).await.expect("counted")[0].unwrap_or(0)
    }
}

pub fn part(items: &[(i64, i64)]) -> Part {
    Part { id: Uuid::now_v7(), items: items.to_vec() }
}

pub fn back(items: Option<&[(i64, i64)]>) -> Return {
    let items = items.map(<[_]>::to_vec);
    Return { id: Uuid::now_v7(), items, restock: true, reason: None, cash: None }
}

#[rstest]
#[tokio::test]
async fn a_basket_is_reserved_as_one_entry_and_handed_over_piece_by_piece(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = ruled(engine, POLICY).await;
    let volunteer = world.with_hours(20).await;
    let (soap, rice) = (world.good(10, 5).await, world.good(30, 5).await);
    let wanted = basket(volunteer, vec![item(soap, 3), item(rice, 2)]);
    let made = world.fill(&wanted).await.expect("reserved");
    assert_eq!((made.status, made.points, made.quantity, made.reward_id), (Status::Reserved, 90, 5, None));
    assert_eq!((made.balance_before, made.balance_after()), (Some(200), Some(110)));
    assert_eq!(made.lines.iter().map(|line| (line.quantity, line.points)).collect::<Vec<_>>(), [(3, 30), (2, 60)]);
    assert_eq!(world.balance(volunteer).await, (1200, 110, 90));
    assert_eq!((world.on_shelf(soap).await, world.on_shelf(rice).await), (2, 3));
    assert_eq!(world.fill(&wanted).await.expect("the same again"), made);
    let other = Basket { items: vec![item(soap, 3), item(rice, 1)], ..wanted.clone() };
    assert!(matches!(world.fill(&other).await, Err(ExchangeError::IdTaken { field }) if field == "items"));

    let first = part(&[(1, 2), (2, 1)]);
    let (now, replayed) = world.hand_over(made.id, &first).await.expect("some of it");
    assert_eq!((now.status, replayed), (Status::Reserved, false));
    assert_eq!(now.lines.iter().map(|line| line.collected).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(world.balance(volunteer).await, (1200, 110, 40));
    let (_, replayed) = world.hand_over(made.id, &first).await.expect("the same again");
    assert!(replayed);
    let otherwise = Part { items: vec![(1, 1)], ..first.clone() };
    let taken = world.hand_over(made.id, &otherwise).await;
    assert!(matches!(taken, Err(ExchangeError::IdTaken { field }) if field == "items"));
    let much = world.hand_over(made.id, &part(&[(1, 2)])).await;
    assert!(matches!(much, Err(ExchangeError::Item { index: 0, .. })), "{much:?}");
    world.assert_verified().await;

    let gone = world.cancel(made.id).await.expect("the rest comes back");
    assert_eq!(gone.status, Status::Cancelled);
    assert_eq!(world.balance(volunteer).await, (1200, 150, 0));
    assert_eq!((world.on_shelf(soap).await, world.on_shelf(rice).await), (3, 4));

    let brought = back(Some(&[(1, 1)]));
    let (now, replayed) = world.bring_back(made.id, &brought).await.expect("one piece comes back");
    assert_eq!((now.lines[0].returned, replayed), (1, false));
    let (_, replayed) = world.bring_back(made.id, &brought).await.expect("the same again");
    assert!(replayed);
    assert_eq!(world.balance(volunteer).await, (1200, 160, 0));
    assert_eq!(world.on_shelf(soap).await, 4);
    let (now, _) = world.bring_back(made.id, &back(None)).await.expect("all else comes back");
    assert_eq!(now.lines.iter().map(|line| line.returned).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(world.balance(volunteer).await, (1200, 200, 0));
    assert_eq!((world.on_shelf(soap).await, world.on_shelf(rice).await), (5, 5));
    assert!(matches!(world.bring_back(made.id, &back(None)).await, Err(ExchangeError::Invalid(_))));
    world.assert_verified().await;
    // As of every entry, what was set aside then is what the entries say.
    let size = exchanges::get(&world.scheme, made.id).await.expect("it is there").sequence;
    for as_of in made.sequence..=size {
        let then = scheme::balances::balance_as_of(&world.scheme, volunteer, as_of).await.expect("then");
        assert!(then.held >= 0 && then.available + then.held <= 200, "{as_of}: {then:?}");
    }
}

#[rstest]
#[tokio::test]
async fn a_basket_that_lacks_one_thing_takes_nothing_and_says_which(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let rules =
        "[[versions.exchange]]\ngroups = [\"care\"]\nrefundable = true\nlimits = [{ uses = 3, per = \"day\" }]\n";
    let world = ruled(engine, rules).await;
    let volunteer = world.with_hours(20).await;
    let (soap, rice, gone) = (world.good(10, 5).await, world.good(90, 9).await, world.good(10, 1).await);
    let cut = world.offer("care", 10).await;
    let wash = world.offer("care", 10).await;
    let starred = world.reward(RewardDetails { min_star: Some(5), price_points: 10, ..details(Kind::Service) }).await;
    let late = RewardDetails { until: Some("2026-11-21".parse().expect("a day")), ..details(Kind::Service) };
    let late = world.reward(late).await;
    let limit = Some(Limit { uses: 1, per: Period::Year });
    let rare = world.reward(RewardDetails { limit, price_points: 0, ..details(Kind::Service) }).await;
    let seat = Item { session_id: Some(Uuid::now_v7()), ..item(rare, 1) };
    let ask = async |items: Vec<Item>| match world.fill(&basket(volunteer, items)).await {
        Err(ExchangeError::Item { index, error }) => (index, error.to_string()),
        other => panic!("{other:?}"),
    };
    let told = [
        (ask(vec![item(soap, 1), item(rice, 3), item(gone, 2)]).await, (1, "the balance is 200, and 300 are needed")),
        (ask(vec![item(soap, 1), item(gone, 2)]).await, (1, "1 pieces are left, and 2 are wanted")),
        // A place in a session is booked by itself.
        (ask(vec![item(soap, 1), seat]).await, (1, "1 values cannot be taken")),
        (ask(vec![item(starred, 1), item(rare, 2)]).await, (1, "1 more are allowed in this period, and 2 are wanted")),
        // Two of one group count together.
        (ask(vec![item(cut, 2), item(wash, 2)]).await, (1, "3 more are allowed in this period, and 4 are wanted")),
        (ask(vec![item(soap, 1), item(late, 1), item(starred, 1)]).await, (2, "min_star 5 is needed")),
        (ask(vec![item(soap, 1), item(late, 1)]).await, (1, "the reward is not offered at this time")),
        (ask(vec![item(soap, 1), item(soap, 1)]).await, (1, "1 values cannot be taken")),
    ];
    for (answer, (index, error)) in told {
        assert_eq!(answer, (index, error.to_owned()));
    }
    let refused = basket(volunteer, vec![item(soap, 1), item(gone, 2)]);
    assert!(world.fill(&refused).await.is_err());
    world.stock(gone, 5).await;
    let again = world.fill(&refused).await;
    assert!(matches!(again, Err(ExchangeError::Again(_))), "a refusal belongs to its id: {again:?}");
    assert_eq!(world.balance(volunteer).await, (1200, 200, 0));
    assert_eq!(world.on_shelf(soap).await, 5);
    let done = world
        .fill(&basket(volunteer, vec![item(cut, 1), item(wash, 2), item(rare, 1)]))
        .await
        .expect("as many as may be");
    assert_eq!(done.lines.len(), 3);
    assert_eq!(done.expires_at, Some(world.now() + Duration::minutes(60)), "what ends first ends all");
    let (_, left) = (world.cancel(done.id).await.expect("cancelled"), world.balance(volunteer).await);
    assert_eq!(left, (1200, 200, 0));
    world.fill(&basket(volunteer, vec![item(cut, 1), item(wash, 2)])).await.expect("the uses came back");
    world.assert_verified().await;
}

/// Two hundred want the last pieces of two things at once, half of them by the piece and half in baskets.
#[rstest]
#[tokio::test]
async fn no_basket_is_half_filled_however_many_ask_at_once(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = ruled(engine, POLICY).await;
    let volunteer = world.with_hours(100).await;
    let (soap, rice) = (world.good(10, 10).await, world.good(10, 7).await);
    let other = World::on(world.db.clone(), &crate::exchange_rules::toml(POLICY, "")).await;
    let mut asked = tokio::task::JoinSet::new();
    for number in 0..60 {
        let scheme = if number % 2 == 0 { world.scheme.clone() } else { other.scheme.clone() };
        let items = if number % 3 == 0 { vec![item(soap, 1)] } else { vec![item(soap, 1), item(rice, 1)] };
        let (wanted, now) = (basket(volunteer, items), world.now());
        asked.spawn(async move { exchanges::exchange_basket(&scheme, wanted, &operator(Role::Kiosk), now).await });
    }
    let mut pieces = 0;
    while let Some(done) = asked.join_next().await {
        match done.expect("no panic") {
            Ok((exchange, _)) => pieces += exchange.quantity,
            Err(ExchangeError::OutOfStock { .. }) => {}
            Err(ExchangeError::Item { error, .. }) => assert!(matches!(*error, ExchangeError::OutOfStock { .. })),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(world.on_shelf(soap).await, 0, "all of the soap is asked for");
    assert_eq!(pieces, 10 + 7 - world.on_shelf(rice).await);
    assert_eq!(world.balance(volunteer).await.1, 1000 - pieces * 10);
    world.assert_verified().await;
}

/// Ten want the same three pieces of one basket, each under an id of its own.
#[rstest]
#[tokio::test]
async fn no_piece_is_handed_over_or_brought_back_twice(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = ruled(engine, POLICY).await;
    let volunteer = world.with_hours(20).await;
    // Services without stock: nothing but the basket itself counts them.
    let free = |name: &str| RewardDetails { name: name.to_owned(), price_points: 10, ..details(Kind::Service) };
    let (cut, wash) = (world.reward(free("义剪")).await, world.reward(free("清洗")).await);
    let made = world.fill(&basket(volunteer, vec![item(cut, 3), item(wash, 3)])).await.expect("reserved");
    let (mut handed, mut refused) = (0, 0);
    let asked = (0..10).map(|_| async { world.hand_over(made.id, &part(&[(1, 1)])).await });
    for done in futures::future::join_all(asked).await {
        match done {
            Ok(_) => handed += 1,
            Err(ExchangeError::Item { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((handed, refused), (3, 7));
    let all = exchanges::collect(&world.scheme, made.id, None, &operator(Role::Staff), world.now()).await;
    assert_eq!(all.expect("the rest").0.status, Status::Collected);
    assert_eq!(world.balance(volunteer).await, (1200, 140, 0));
    let asked = (0..10).map(|_| async { world.bring_back(made.id, &back(Some(&[(1, 1)]))).await.is_ok() });
    let back = futures::future::join_all(asked).await;
    assert_eq!(back.into_iter().filter(|done| *done).count(), 3);
    assert_eq!(world.balance(volunteer).await, (1200, 170, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn what_was_handed_over_is_taken_back_as_the_scheme_says(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = ruled(engine, POLICY).await;
    let volunteer = world.with_hours(20).await;
    let limit = Some(Limit { uses: 2, per: Period::Year });
    let soap = world.reward(RewardDetails { limit, price_points: 10, ..details(Kind::Good) }).await;
    world.stock(soap, 5).await;
    let wish = crate::exchange_rules::wish(volunteer, soap);
    let made = world.take(&scheme::exchanges::Wish { quantity: 2, ..wish }).await.expect("reserved");
    let early = world.bring_back(made.id, &back(None)).await;
    assert!(matches!(early, Err(ExchangeError::StateConflict { status: Status::Reserved })));
    world.collect(made.id).await.expect("collected");
    world.set("2026-11-24T15:59:59Z");
    let lost = Return { restock: false, ..back(Some(&[(1, 1)])) };
    let (now, _) = world.bring_back(made.id, &lost).await.expect("the second day, one second before it ends");
    assert_eq!((now.lines[0].collected, now.lines[0].returned, now.status), (2, 1, Status::Collected));
    assert_eq!(world.balance(volunteer).await, (1200, 190, 0));
    assert_eq!(world.on_shelf(soap).await, 3, "what is broken is not on the shelf");
    let other = Return { restock: true, ..lost.clone() };
    assert!(
        matches!(world.bring_back(made.id, &other).await, Err(ExchangeError::IdTaken { field }) if field == "restock")
    );
    world.take(&crate::exchange_rules::wish(volunteer, soap)).await.expect("the use came back");
    world.set("2026-11-24T16:00:00Z");
    let late = world.bring_back(made.id, &back(None)).await;
    assert!(matches!(late, Err(ExchangeError::NotReturnable { until: Some(_) })), "{late:?}");
    world.assert_verified().await;

    let strict = ruled(engine, "").await;
    let volunteer = strict.with_hours(10).await;
    let soap = strict.good(10, 1).await;
    let made = strict.take(&crate::exchange_rules::wish(volunteer, soap)).await.expect("reserved");
    strict.collect(made.id).await.expect("collected");
    let never = strict.bring_back(made.id, &back(None)).await;
    assert!(matches!(never, Err(ExchangeError::NotReturnable { until: None })), "{never:?}");
}

#[rstest]
#[tokio::test]
async fn family_comes_for_it_where_the_scheme_allows(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = ruled(engine, &POLICY.replace("return_days = 2", "collected_by = [\"spouse\", \"child\"]")).await;
    let volunteer = world.with_hours(10).await;
    let soap = world.good(10, 2).await;
    let made = world.take(&crate::exchange_rules::wish(volunteer, soap)).await.expect("reserved");
    let come = async |relation, name: &str| {
        let collector = Some(exchanges::Collector { relation, name: name.to_owned() });
        let how = HandOver { collector, ..HandOver::default() };
        exchanges::hand_over(&world.scheme, made.id, how, &operator(Role::Staff), world.now()).await
    };
    let sister = come(Relation::Sibling, "林秀华").await;
    assert!(matches!(sister, Err(ExchangeError::NotEligible(unmet)) if unmet.needed == "spouse, child"));
    assert!(matches!(come(Relation::Child, "  ").await, Err(ExchangeError::Invalid(_))));
    let (collected, _) = come(Relation::Child, "林小明").await.expect("handed over");
    assert_eq!(collected.settled_by.map(|hand| hand.key_id), Some(operator(Role::Staff).key_id));
    let slip = exchanges::slip(&world.scheme, made.id, None, &operator(Role::Staff)).await.expect("a slip");
    assert_eq!(slip.collector, Some(("child".to_owned(), "林*明".to_owned())));
    for entry in world.scheme.book.entries(0, i64::MAX).await.expect("entries") {
        assert!(!entry.document.contains("小明"), "no name is in the book: {}", entry.document);
    }
}
