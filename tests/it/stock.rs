//! Stock is a ledger: what the shelf holds is what the book says, whoever does what to it at once.

use crate::station::Station;
use crate::world::{World, ZIYANG, at, day, details, operator};
use chrono::Duration;
use db::Engine;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rstest::rstest;
use scheme::Role;
use scheme::exchanges::{self, ExchangeError, Wish};
use scheme::rewards::stock::{self, AsOf, Count, Delivery, Loss, LossCause, NewTransfer};
use scheme::rewards::{Kind, RewardDetails, RewardError};
use serde_json::json;
use std::collections::HashMap;
use uuid::Uuid;

const STATIONS: [&str; 2] = ["main", "party-centre"];

fn wish(volunteer_id: Uuid, reward_id: Uuid, station: &str) -> Wish {
    Wish {
        id: Uuid::now_v7(),
        volunteer_id,
        reward_id,
        quantity: 1,
        station: Some(station.to_owned()),
        session_id: None,
        collect_now: false,
        beneficiary: None,
        bill: None,
    }
}

fn delivery(reward_id: Uuid, station: &str, pieces: i64, unit_cost: Option<i64>) -> Delivery {
    let (id, station) = (Uuid::now_v7(), station.to_owned());
    Delivery { id, reward_id, station, pieces, note: Some("SH-1".to_owned()), sponsor_id: None, unit_cost }
}

fn count_of(reward_id: Uuid, counted: i64, as_of: Option<i64>) -> Count {
    Count { id: Uuid::now_v7(), reward_id, station: "main".to_owned(), counted, as_of, reason: None }
}

impl World {
    async fn free_good(&self) -> Uuid {
        self.reward(RewardDetails { price_points: 0, ..details(Kind::Good) }).await
    }

    async fn deliver(&self, reward: Uuid, station: &str, pieces: i64, unit_cost: Option<i64>) {
        let delivery = delivery(reward, station, pieces, unit_cost);
        stock::deliver(&self.scheme, delivery, &operator(Role::Staff), self.now()).await.expect("delivered");
    }

    async fn on_hand(&self, reward: Uuid, station: &str, as_of: AsOf) -> i64 {
        let (shelves, _) = stock::shelves(&self.scheme, Some(station), as_of).await.expect("shelves");
        shelves.iter().find(|shelf| shelf.reward_id == reward).map_or(0, |shelf| shelf.on_hand)
    }
}

/// What happens to shelves, at random, beside a model of plain numbers: after every step, and looked back at from the end, the
/// shelf is what the book says.
/// Pieces of each reward at each station.
type Shelves = HashMap<(Uuid, &'static str), i64>;

#[rstest]
#[tokio::test]
async fn the_shelf_is_what_the_book_says_whatever_happens_to_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let volunteer = world.volunteer("林秀英").await;
    let mut dice = StdRng::seed_from_u64(7);
    let goods = [world.free_good().await, world.free_good().await];
    let (staff, now) = (operator(Role::Staff), world.now());
    let mut shelves: HashMap<(Uuid, &str), i64> = HashMap::new();
    let mut reserved: Vec<(Uuid, Uuid, &str)> = Vec::new();
    let mut travelling: Vec<(Uuid, Uuid, &str, i64)> = Vec::new();
    let mut history: Vec<(i64, Shelves)> = Vec::new();
    for _ in 0..120 {
        let (good, station) = (goods[dice.random_range(0..2)], STATIONS[dice.random_range(0..2)]);
        let pieces = dice.random_range(1..6);
        let held = reserved.iter().filter(|(_, of, at)| (*of, *at) == (good, station)).count() as i64;
        let shelf = shelves.entry((good, station)).or_default();
        let free = *shelf - held;
        match dice.random_range(0..8) {
            0 => {
                let delivery = delivery(good, station, pieces, Some(250));
                stock::deliver(&world.scheme, delivery, &staff, now).await.expect("delivered");
                *shelf += pieces;
            }
            1 => {
                let loss = Loss {
                    id: Uuid::now_v7(),
                    reward_id: good,
                    station: station.to_owned(),
                    pieces,
                    cause: LossCause::Damaged,
                    reason: None,
                };
                match stock::lose(&world.scheme, loss, &staff, now).await {
                    Ok(_) => *shelf -= pieces,
                    Err(RewardError::OutOfStock { needed, available }) => {
                        assert_eq!((needed, available), (pieces, free));
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            2 => {
                let counted = dice.random_range(0..9);
                let count = Count { station: station.to_owned(), ..count_of(good, counted, None) };
                match stock::count(&world.scheme, count, &staff, now).await {
                    Ok(done) => {
                        assert_eq!((done.book, done.difference), (*shelf, counted - *shelf));
                        *shelf = counted;
                    }
                    Err(RewardError::OutOfStock { .. }) => {
                        assert!(counted < held, "only reserved pieces cannot be missing")
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            3 => {
                let to = STATIONS[usize::from(station == STATIONS[0])];
                let (from, to_station) = (station.to_owned(), to.to_owned());
                let new = NewTransfer { id: Uuid::now_v7(), reward_id: good, from, to: to_station, quantity: pieces };
                match stock::send(&world.scheme, new.clone(), &staff, now).await {
                    Ok(_) => {
                        *shelf -= pieces;
                        travelling.push((new.id, good, to, pieces));
                    }
                    Err(RewardError::OutOfStock { .. }) => assert!(pieces > free),
                    Err(error) => panic!("{error}"),
                }
            }
            4 => {
                if let Some((id, of, to, sent)) = travelling.pop() {
                    let arrived = dice.random_range(0..=sent);
                    let done = stock::receive(&world.scheme, id, Some(arrived), Some("路上破损"), &staff, now).await;
                    assert_eq!(done.expect("received").0.arrived, Some(arrived));
                    *shelves.entry((of, to)).or_default() += arrived;
                }
            }
            5 | 6 => match exchanges::exchange(&world.scheme, wish(volunteer, good, station), &staff, now).await {
                Ok((exchange, _)) => reserved.push((exchange.id, good, station)),
                Err(ExchangeError::OutOfStock { .. }) => assert_eq!(free, 0),
                Err(error) => panic!("{error}"),
            },
            _ => {
                if let Some((id, of, at)) = reserved.pop() {
                    if dice.random_bool(0.7) {
                        exchanges::collect(&world.scheme, id, None, &staff, now).await.expect("handed over");
                        *shelves.entry((of, at)).or_default() -= 1;
                    } else {
                        exchanges::cancel(&world.scheme, id, None, &staff, now).await.expect("given back");
                    }
                }
            }
        }
        let (_, size) = stock::shelves(&world.scheme, None, AsOf::Now).await.expect("shelves");
        history.push((size, shelves.clone()));
        let (lines, _) = stock::sheet(&world.scheme, station).await.expect("a sheet");
        for line in lines {
            assert_eq!(line.on_hand, shelves.get(&(line.reward.id, station)).copied().unwrap_or(0));
        }
    }
    // Looked back at, every step of the way.
    for (size, shelves) in &history {
        for ((good, station), pieces) in shelves {
            assert_eq!(world.on_hand(*good, station, AsOf::Sequence(*size)).await, *pieces, "after entry {size}");
        }
    }
    for good in goods {
        let movements = stock::movements(&world.scheme, good, "main", None, 1000).await.expect("movements");
        let sums = movements.windows(2).all(|pair| pair[1].on_hand + pair[0].change == pair[0].on_hand);
        assert!(sums && !movements.is_empty(), "each balance is the one before and the change");
        assert_eq!(movements[0].on_hand, world.on_hand(good, "main", AsOf::Now).await);
    }
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn what_is_handed_over_during_a_count_is_no_difference(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let (volunteer, soap) = (world.volunteer("林秀英").await, world.free_good().await);
    let staff = operator(Role::Staff);
    world.deliver(soap, "main", 10, None).await;
    let (_, printed) = stock::sheet(&world.scheme, "main").await.expect("a sheet");
    let handed = Wish { collect_now: true, quantity: 3, ..wish(volunteer, soap, "main") };
    exchanges::exchange(&world.scheme, handed, &staff, world.now()).await.expect("handed over");
    // Nine were there when the sheet was printed: one is missing, and three were handed over since.
    let first = count_of(soap, 9, Some(printed));
    let done = stock::count(&world.scheme, first.clone(), &staff, world.now()).await.expect("counted");
    assert_eq!((done.book, done.difference, done.on_hand), (10, -1, 6));
    let again = stock::count(&world.scheme, first, &staff, world.now()).await.expect("the same again");
    assert_eq!((again.replayed, again.difference, again.on_hand), (true, -1, 6));
    // Somebody else counted by the same sheet, and found the same: it is not set right twice.
    let second = stock::count(&world.scheme, count_of(soap, 9, Some(printed)), &staff, world.now()).await;
    assert_eq!(second.expect("counted").difference, 0);
    let beyond = stock::count(&world.scheme, count_of(soap, 9, Some(1_000_000)), &staff, world.now()).await;
    assert!(matches!(beyond, Err(RewardError::BeyondTheBook { .. })));
    // What is reserved cannot be missing.
    let reserved = Wish { quantity: 4, ..wish(volunteer, soap, "main") };
    exchanges::exchange(&world.scheme, reserved, &staff, world.now()).await.expect("reserved");
    let short = stock::count(&world.scheme, count_of(soap, 3, None), &staff, world.now()).await;
    assert!(matches!(short, Err(RewardError::OutOfStock { needed: 3, available: 2 })), "{short:?}");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_transfers_and_exchanges_at_once_lose_and_invent_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let other = World::on(world.db.clone(), ZIYANG).await;
    let (volunteer, soap) = (world.volunteer("林秀英").await, world.free_good().await);
    world.deliver(soap, "main", 60, None).await;
    let (_, printed) = stock::sheet(&world.scheme, "main").await.expect("a sheet");
    let now = world.now();
    let mut tasks = Vec::new();
    for turn in 0..60 {
        let scheme = if turn % 2 == 0 { world.scheme.clone() } else { other.scheme.clone() };
        tasks.push(tokio::spawn(async move {
            let staff = operator(Role::Staff);
            match turn % 3 {
                // 58 were there, say all who count.
                0 => {
                    let count = count_of(soap, 58, Some(printed));
                    stock::count(&scheme, count, &staff, now).await.map(|done| (0, 0, done.difference))
                }
                1 => {
                    let (from, to) = ("main".to_owned(), "party-centre".to_owned());
                    let new = NewTransfer { id: Uuid::now_v7(), reward_id: soap, from, to, quantity: 1 };
                    stock::send(&scheme, new, &staff, now).await.map(|_| (0, 1, 0))
                }
                _ => {
                    let wish = Wish { collect_now: true, ..wish(volunteer, soap, "main") };
                    match exchanges::exchange(&scheme, wish, &staff, now).await {
                        Ok(_) => Ok((1, 0, 0)),
                        Err(ExchangeError::OutOfStock { needed, available }) => {
                            Err(RewardError::OutOfStock { needed, available })
                        }
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        }));
    }
    let (mut handed, mut sent, mut differences) = (0, 0, 0);
    for task in tasks {
        match task.await.expect("no panic") {
            Ok((one, other, difference)) => {
                (handed, sent, differences) = (handed + one, sent + other, differences + difference);
            }
            // Of many who count the same shelf at once, some are told to try again.
            Err(RewardError::Busy) => {}
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(differences, -2, "the two that were missing are set right once");
    let left = world.on_hand(soap, "main", AsOf::Now).await;
    assert_eq!((handed, sent, left), (20, 20, 60 - 2 - 20 - 20));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_shelf_is_known_as_it_was_on_any_day_and_what_it_cost(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let soap = world.free_good().await;
    // 23:59 in Shanghai, and two minutes later.
    world.set("2026-11-22T15:59:00Z");
    world.deliver(soap, "main", 10, Some(300)).await;
    world.set("2026-11-22T16:01:00Z");
    world.deliver(soap, "main", 5, Some(601)).await;
    world.stock(soap, -3).await;
    assert_eq!(world.on_hand(soap, "main", AsOf::Day(day("2026-11-21"))).await, 0);
    assert_eq!(world.on_hand(soap, "main", AsOf::Day(day("2026-11-22"))).await, 10);
    assert_eq!(world.on_hand(soap, "main", AsOf::Day(day("2026-11-23"))).await, 12);
    let (shelves, _) = stock::shelves(&world.scheme, None, AsOf::Now).await.expect("shelves");
    // 10 at 3 yuan and 5 at 6.01: 60.05 for 15, of which 12 are left.
    assert_eq!((shelves[0].unit_cost_hundredths, shelves[0].value), (Some(40_033), Some(4_804)));
    let (before, _) = stock::shelves(&world.scheme, None, AsOf::Day(day("2026-11-22"))).await.expect("shelves");
    assert_eq!(before[0].value, Some(3_000));
    let beyond = stock::shelves(&world.scheme, None, AsOf::Sequence(99)).await;
    assert!(matches!(beyond, Err(RewardError::BeyondTheBook { .. })));
}

#[rstest]
#[tokio::test]
async fn a_shelf_that_runs_low_is_told_once_and_once_more_when_it_is_filled(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let other = World::on(world.db.clone(), ZIYANG).await;
    let (volunteer, soap) = (world.volunteer("林秀英").await, world.free_good().await);
    let staff = operator(Role::Staff);
    world.deliver(soap, "main", 6, None).await;
    stock::watch(&world.scheme, soap, "main", 5, &staff, world.now()).await.expect("watched");
    let tell = || async {
        let (mine, theirs) =
            tokio::join!(stock::tell(&world.scheme, world.now()), stock::tell(&other.scheme, world.now()));
        mine.expect("told") + theirs.expect("told")
    };
    assert_eq!(tell().await, 0);
    let reserved = wish(volunteer, soap, "main");
    exchanges::exchange(&world.scheme, reserved.clone(), &staff, world.now()).await.expect("reserved");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert_eq!((tell().await, tell().await), (1, 0), "once, whoever looks");
    let low = stock::watched(&world.scheme, Some("main")).await.expect("shelves");
    assert_eq!((low[0].is_low(), low[0].available, low[0].on_hand), (true, 5, 6));
    exchanges::cancel(&world.scheme, reserved.id, None, &staff, world.now()).await.expect("given back");
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    assert_eq!(tell().await, 1);
    let entries = world.scheme.book.entries(0, 1000).await.expect("entries");
    let told = entries.iter().filter(|entry| ["stock.low", "stock.restored"].contains(&entry.kind.as_str()));
    assert_eq!(told.map(|entry| entry.kind.as_str()).collect::<Vec<_>>(), ["stock.low", "stock.restored"]);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn what_volunteers_hold_stands_beside_what_there_is_for_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, &ZIYANG.replacen("points_scale", "points_budget = \"10\"\npoints_scale", 1)).await;
    let volunteer = world.volunteer("林秀英").await;
    world.serve(volunteer, "environment", "2026-10-12", 480).await;
    world.serve(volunteer, "environment", "2026-10-13", 480).await;
    let soap = world.good(30, 4).await;
    let draft = RewardDetails { state: scheme::rewards::State::Draft, price_points: 900, ..details(Kind::Good) };
    let hidden = world.reward(draft).await;
    world.stock(hidden, 9).await;
    world.deliver(soap, "main", 1, Some(500)).await;
    let staff = operator(Role::Staff);
    exchanges::exchange(&world.scheme, wish(volunteer, soap, "main"), &staff, world.now()).await.expect("reserved");
    let found = scheme::solvency::solvency(&world.scheme, world.now()).await.expect("a view");
    assert_eq!((found.available, found.held, found.waiting, found.pool), (130, 30, 0, 0));
    assert_eq!((found.outstanding(), found.budget), (160, Some(100)));
    assert_eq!(found.on_shelves, 150, "five pieces of what is listed, reserved ones among them");
    assert_eq!(found.stock_value, 2_500);
    assert_eq!(found.as_of, world.scheme.book.entries(0, 1000).await.expect("entries").len() as i64);
    let balance = scheme::balances::balance(&world.scheme, volunteer, world.now()).await.expect("a balance");
    let expiring: i64 = balance.expiring.iter().map(|lot| lot.amount).sum();
    assert_eq!(found.expiring_90, expiring);
    let last = balance.expiring.first().map_or(at("2027-01-01T00:00:00Z").date_naive(), |lot| lot.on);
    assert_eq!(found.expiring_30 > 0, last <= world.now().date_naive() + Duration::days(30));
}

#[rstest]
#[tokio::test]
async fn stock_is_kept_through_the_front_door(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let soap = station.good("3", 2).await;
    let rice = station.good("9", 1).await;
    let path = format!("/rewards/{soap}/stock");
    let delivery = json!({ "id": Uuid::now_v7(), "pieces": 10, "note": "SH-2026/118", "unit_cost": "2.50" });
    let deliver = format!("{path}/deliveries");
    assert_eq!(station.post("staff", &deliver, delivery.clone()).await.expect(201)["on_hand"], 12);
    assert!(station.post("staff", &deliver, delivery.clone()).await.replayed);
    let mut other = delivery.clone();
    other["pieces"] = json!(11);
    let taken = station.post("staff", &deliver, other).await;
    assert_eq!((taken.body["field"].clone(), taken.problem(409)), (json!("pieces"), "id_taken".to_owned()));
    let named = json!({ "id": Uuid::now_v7(), "pieces": 1, "note": "陈经理送来" });
    assert_eq!(station.post("staff", &deliver, named).await.body["errors"][0]["code"], "invalid_note");
    let loss = json!({ "id": Uuid::now_v7(), "pieces": 20, "cause": "damaged" });
    assert_eq!(station.post("staff", &format!("{path}/losses"), loss).await.problem(422), "out_of_stock");
    let loss = json!({ "id": Uuid::now_v7(), "pieces": 2, "cause": "other", "reason": "义卖" });
    assert_eq!(station.post("staff", &format!("{path}/losses"), loss).await.expect(201)["on_hand"], 10);
    let transfer = Uuid::now_v7();
    let sent = json!({ "id": transfer, "to": "party-centre", "quantity": 4 });
    let sent = station.post("staff", &format!("{path}/transfers"), sent).await.expect(201);
    assert_eq!((sent["status"].clone(), sent["arrived"].clone()), (json!("sent"), json!(null)));
    let on_the_way = station.get("auditor", "/stock/transfers").await.expect(200);
    assert_eq!(on_the_way["transfers"][0]["id"], json!(transfer));
    let receive = format!("/stock/transfers/{transfer}/receive");
    let short = station.post("staff", &receive, json!({ "arrived": 3 })).await;
    assert_eq!(short.body["errors"][0]["code"], "missing_reason");
    let arrived = station.post("staff", &receive, json!({ "arrived": 3, "reason": "压坏一块" })).await.expect(201);
    assert_eq!(arrived["arrived"], 3);
    let differently = station.post("staff", &receive, json!({})).await;
    assert_eq!(differently.problem(409), "id_taken");
    let sheet = station.get("staff", "/stock/count-sheet").await.expect(200);
    assert_eq!(sheet["lines"].as_array().map(Vec::len), Some(2));
    let items = json!([
        { "reward_id": soap, "counted": 5, "reason": "少一块" },
        { "reward_id": Uuid::now_v7(), "counted": 1 },
        { "reward_id": rice, "counted": 1 },
    ]);
    let counts = json!({ "id": Uuid::now_v7(), "as_of": sheet["as_of"], "items": items });
    let counted = station.post("staff", "/stock/counts", counts.clone()).await.expect(201);
    assert_eq!(counted["rejected"], 1);
    let told: Vec<_> = (0..3).map(|place| counted["results"][place]["status"].clone()).collect();
    assert_eq!(told, ["counted", "rejected", "counted"]);
    assert_eq!(counted["results"][1]["problem"]["code"], "reward_not_found");
    assert_eq!(counted["results"][0]["difference"], -1);
    let again = station.post("staff", "/stock/counts", counts).await.expect(200);
    assert_eq!(again["results"][0]["status"], "replayed");
    let stock = station.get("auditor", "/stock?station=main").await.expect(200);
    let shelf = stock["shelves"].as_array().expect("a list").iter().find(|shelf| shelf["reward_id"] == json!(soap));
    let shelf = shelf.expect("a shelf");
    assert_eq!((shelf["on_hand"].clone(), shelf["value"].clone()), (json!(5), json!("12.5")));
    let moved = station.get("staff", &format!("{path}/movements?limit=2")).await.expect(200);
    assert_eq!(moved["movements"][0]["kind"], "stock.counted");
    let cursor = moved["next"].as_str().expect("there is more");
    let older = station.get("staff", &format!("{path}/movements?limit=9&cursor={cursor}")).await.expect(200);
    let kinds: Vec<_> = older["movements"].as_array().expect("a list").iter().map(|one| one["kind"].clone()).collect();
    assert_eq!(kinds, ["stock.lost", "stock.received", "stock.changed"]);
    station.put("staff", &format!("{path}/alert"), json!({ "level": 5 })).await.expect(200);
    let low = station.get("staff", "/stock/low").await.expect(200);
    assert_eq!((low["low"][0]["available"].clone(), low["low"][0]["low"].clone()), (json!(5), json!(true)));
    let solvency = station.get("auditor", "/solvency").await.expect(200);
    assert_eq!((solvency["outstanding"].clone(), solvency["over_shelves"].clone()), (json!("0"), json!(false)));
    assert_eq!(station.get("kiosk", "/solvency").await.problem(403), "forbidden");
}
