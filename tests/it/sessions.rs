//! Sessions: places, the queue in the room, no-shows, and what becomes of everybody when one is moved or cancelled.

use crate::station::Station;
use crate::world::{World, ZIYANG, at, details, operator};
use chrono::Duration;
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::exchanges::{self, Exchange, ExchangeError, Status, Wish};
use scheme::rewards::{self, DeskError, Kind, Notice, PlaceState, RewardDetails, RewardError, Session, SessionStatus};
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

/// Ziyang with a rule for no-shows, and what does not come back for the group `final`.
fn with_no_show(rule: &str) -> String {
    format!("{ZIYANG}\n[versions.no_show]\n{rule}\n")
}

impl World {
    async fn haircut(&self) -> Uuid {
        self.reward(RewardDetails { price_points: 10, ..details(Kind::Service) }).await
    }

    /// From nine to twelve in Shanghai, on 29 November 2026.
    async fn session(&self, reward_id: Uuid, seats: i64) -> Session {
        let session = Session {
            id: Uuid::now_v7(),
            reward_id,
            station: "main".to_owned(),
            starts_at: at("2026-11-29T01:00:00Z"),
            ends_at: at("2026-11-29T04:00:00Z"),
            seats,
            ..Session::default()
        };
        self.put_session(session).await.expect("a session")
    }

    async fn put_session(&self, session: Session) -> Result<Session, RewardError> {
        let done = rewards::put_session(&self.scheme, session, &operator(Role::SchemeAdmin), self.now()).await;
        done.map(|(session, ..)| (*session).clone())
    }

    async fn book(&self, volunteer: Uuid, session: &Session) -> Result<Exchange, ExchangeError> {
        let wish = booking(volunteer, session);
        exchanges::exchange(&self.scheme, wish, &operator(Role::Kiosk), self.now()).await.map(|(exchange, _)| exchange)
    }

    async fn someone_with_points(&self) -> Uuid {
        let volunteer = self.volunteer("王建国").await;
        self.serve(volunteer, "environment", "2026-10-12", 480).await;
        volunteer
    }

    async fn status(&self, exchange: Uuid) -> Status {
        exchanges::get(&self.scheme, exchange).await.expect("it is there").status
    }

    async fn run_jobs(&self) -> usize {
        scheme::expiry::run(&self.scheme, self.now()).await.expect("it runs").exchanges
    }

    async fn kinds(&self) -> Vec<String> {
        let entries = self.scheme.book.entries(0, 10_000).await.expect("entries");
        entries.into_iter().map(|entry| entry.kind).collect()
    }
}

fn booking(volunteer_id: Uuid, session: &Session) -> Wish {
    Wish {
        id: Uuid::now_v7(),
        volunteer_id,
        reward_id: session.reward_id,
        quantity: 1,
        station: None,
        session_id: Some(session.id),
        collect_now: false,
        beneficiary: None,
        bill: None,
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_want_five_seats_and_five_get_one_each_with_a_number(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let other = World::on(world.db.clone(), ZIYANG).await;
    let free = world.reward(RewardDetails { price_points: 0, ..details(Kind::Service) }).await;
    let (volunteer, session) = (world.volunteer("林秀英").await, world.session(free, 5).await);
    let tasks: Vec<_> = (0..50)
        .map(|turn| {
            let scheme = if turn % 2 == 0 { world.scheme.clone() } else { other.scheme.clone() };
            let (wish, now) = (booking(volunteer, &session), world.now());
            tokio::spawn(async move { exchanges::exchange(&scheme, wish, &operator(Role::Kiosk), now).await })
        })
        .collect();
    let (mut numbers, mut full) = (BTreeSet::new(), 0);
    for task in tasks {
        match task.await.expect("no panic") {
            Ok((exchange, _)) => drop(numbers.insert(exchange.queue_number)),
            Err(ExchangeError::SessionFull { needed: 1, available: 0 }) => full += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(full, 45);
    assert_eq!(numbers, (1..=5).map(Some).collect());
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn whoever_has_a_place_keeps_it_when_the_session_is_moved_and_may_cancel_for_free(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let haircut = world.haircut().await;
    let session = world.session(haircut, 3).await;
    let (ann, bob) = (world.someone_with_points().await, world.someone_with_points().await);
    let (first, second) =
        (world.book(ann, &session).await.expect("a place"), world.book(bob, &session).await.expect("a place"));
    let later = Duration::days(7);
    let moved = Session { starts_at: session.starts_at + later, ends_at: session.ends_at + later, ..session.clone() };
    let moved = world.put_session(moved).await.expect("moved");
    assert_eq!(moved.moves, 1);
    let third = world.book(ann, &moved).await.expect("a place at the new time");
    assert_eq!(third.expires_at, Some(moved.ends_at));
    // The process that moved it may have died before it told anybody: any job does it, once.
    world.run_jobs().await;
    world.run_jobs().await;
    for exchange in [&first, &second] {
        let now = exchanges::get(&world.scheme, exchange.id).await.expect("it is there");
        assert_eq!((now.status, now.expires_at), (Status::Reserved, Some(moved.ends_at)));
        assert_eq!(now.queue_number, exchange.queue_number);
    }
    let told = world.kinds().await.into_iter().filter(|kind| kind == "exchange.moved").count();
    assert_eq!(told, 2);
    let by = operator(Role::Staff);
    let (_, bookings) = rewards::bookings(&world.scheme, session.id, &by).await.expect("a list");
    let notices: Vec<_> = bookings.iter().map(|booking| booking.notice).collect();
    assert_eq!(notices, [Some(Notice::Moved), Some(Notice::Moved), None]);
    assert_eq!(bookings[0].name, "王建国");
    exchanges::cancel(&world.scheme, second.id, None, &by, world.now()).await.expect("free of charge");
    assert_eq!(world.balance(bob).await.1, 80);
    // At the old end nothing ends, and it is collected at the new time.
    world.set("2026-11-29T05:00:00Z");
    assert_eq!(world.run_jobs().await, 0);
    world.set("2026-12-06T02:00:00Z");
    exchanges::collect(&world.scheme, first.id, None, &by, world.now()).await.expect("handed over");
    world.set("2026-12-06T05:00:00Z");
    assert_eq!(world.run_jobs().await, 1, "nobody came for the third");
    assert_eq!(world.status(third.id).await, Status::Expired);
    assert_eq!(world.balance(ann).await, (480, 70, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_place_survives_in_a_cancelled_session_however_many_book_meanwhile(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let other = World::on(world.db.clone(), ZIYANG).await;
    let free = world.reward(RewardDetails { price_points: 0, ..details(Kind::Service) }).await;
    let (volunteer, session) = (world.volunteer("林秀英").await, world.session(free, 100).await);
    let now = world.now();
    let mut tasks = Vec::new();
    for turn in 0..60 {
        let scheme = if turn % 2 == 0 { world.scheme.clone() } else { other.scheme.clone() };
        let wish = booking(volunteer, &session);
        tasks.push(tokio::spawn(async move { exchanges::exchange(&scheme, wish, &operator(Role::Kiosk), now).await }));
        if turn == 30 {
            tokio::task::yield_now().await;
            let by = operator(Role::Staff);
            let cancelled = rewards::cancel_session(&world.scheme, session.id, "理发师生病", &by, now).await;
            assert_eq!(cancelled.expect("cancelled").0.status, SessionStatus::Cancelled);
        }
    }
    let (mut booked, mut refused) = (0, 0);
    for task in tasks {
        match task.await.expect("no panic") {
            Ok(_) => booked += 1,
            Err(ExchangeError::SessionCancelled) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    world.run_jobs().await;
    let by = operator(Role::Staff);
    let (_, bookings) = rewards::bookings(&world.scheme, session.id, &by).await.expect("a list");
    assert_eq!((bookings.len(), booked + refused), (booked, 60));
    assert!(refused >= 29, "{refused} came after it was cancelled");
    assert!(bookings.iter().all(|booking| booking.status == "cancelled"));
    assert!(bookings.iter().all(|booking| booking.notice == Some(Notice::Cancelled)));
    let again = world.put_session(session.clone()).await;
    assert!(matches!(again, Err(RewardError::SessionCancelled)), "it stays cancelled");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_process_that_dies_while_it_cancels_a_session_leaves_the_rest_to_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let haircut = world.haircut().await;
    let session = world.session(haircut, 9).await;
    let mut people = Vec::new();
    for _ in 0..4 {
        let volunteer = world.someone_with_points().await;
        people.push((volunteer, world.book(volunteer, &session).await.expect("a place").id));
    }
    // Two were given back before it died: the rest is found by what the book and the list say.
    let by = operator(Role::Staff);
    for (_, exchange) in &people[..2] {
        exchanges::cancel(&world.scheme, *exchange, None, &by, world.now()).await.expect("given back");
    }
    let heir = World::on(world.db.clone(), ZIYANG).await;
    let (one, two) = tokio::join!(
        rewards::cancel_session(&world.scheme, session.id, "停电", &by, world.now()),
        rewards::cancel_session(&heir.scheme, session.id, "停电", &by, world.now()),
    );
    one.expect("cancelled");
    two.expect("cancelled");
    heir.run_jobs().await;
    for (volunteer, exchange) in people {
        assert_eq!(world.status(exchange).await, Status::Cancelled);
        assert_eq!(heir.balance(volunteer).await, (480, 80, 0));
    }
    let cancelled = world.kinds().await.into_iter().filter(|kind| kind == "session.cancelled").count();
    assert_eq!(cancelled, 1);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn no_shows_cost_what_the_rules_say_and_pause_bookings(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let kept = "points = \"kept\"\nbar = { after = 2, within_months = 3, days = 30 }";
    let world = World::new(engine, &with_no_show(kept)).await;
    let haircut = world.haircut().await;
    let volunteer = world.someone_with_points().await;
    let session = world.session(haircut, 9).await;
    let (came, missed, too) = (
        world.book(volunteer, &session).await.expect("a place"),
        world.book(volunteer, &session).await.expect("a place"),
        world.book(volunteer, &session).await.expect("a place"),
    );
    let by = operator(Role::Staff);
    world.set("2026-11-29T02:00:00Z");
    rewards::check_in(&world.scheme, came.id, &by, world.now()).await.expect("here");
    world.set("2026-11-29T04:30:00Z");
    assert_eq!(world.run_jobs().await, 2, "whoever is in the room is waited for");
    assert_eq!(world.status(missed.id).await, Status::Missed);
    assert_eq!(world.status(too.id).await, Status::Missed);
    assert_eq!(world.balance(volunteer).await, (480, 50, 10), "their points are spent");
    exchanges::collect(&world.scheme, came.id, None, &by, world.now()).await.expect("a little late");
    let late = exchanges::collect(&world.scheme, missed.id, None, &by, world.now()).await;
    assert!(matches!(late, Err(ExchangeError::StateConflict { status: Status::Missed })), "{late:?}");
    let week = Duration::days(7);
    let next = Session {
        id: Uuid::now_v7(),
        starts_at: session.starts_at + week,
        ends_at: session.ends_at + week,
        version: 0,
        ..session.clone()
    };
    let next = world.put_session(next).await.expect("a session");
    let barred = world.book(volunteer, &next).await;
    match barred {
        Err(ExchangeError::BookingBarred { until }) => assert_eq!(until.as_deref(), Some("2026-12-29")),
        other => panic!("{other:?}"),
    }
    let (offers, _) =
        exchanges::offers(&world.scheme, volunteer, "main", (None, 10), &by, world.now()).await.expect("offers");
    assert!(matches!(offers[0].sessions[0].reasons[..], [ExchangeError::BookingBarred { .. }]), "{offers:?}");
    world.set("2026-12-29T16:30:00Z");
    let moved = Session { starts_at: world.now() + week, ends_at: world.now() + week * 2, ..next };
    let moved = world.put_session(moved).await.expect("moved");
    world.book(volunteer, &moved).await.expect("the pause is over");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn where_the_rules_return_them_a_no_show_costs_nothing(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, &with_no_show("points = \"returned\"")).await;
    let haircut = world.haircut().await;
    let volunteer = world.someone_with_points().await;
    let session = world.session(haircut, 1).await;
    let missed = world.book(volunteer, &session).await.expect("a place");
    world.set("2026-11-29T04:00:00Z");
    // Whoever comes too late ends it as the job would.
    let late = exchanges::collect(&world.scheme, missed.id, None, &operator(Role::Staff), world.now()).await;
    assert!(matches!(late, Err(ExchangeError::StateConflict { status: Status::Missed })), "{late:?}");
    assert_eq!(world.run_jobs().await, 0);
    assert_eq!(world.balance(volunteer).await, (480, 80, 0));
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn the_queue_calls_by_number_and_whoever_missed_a_call_after_the_others(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let haircut = world.haircut().await;
    let session = world.session(haircut, 9).await;
    let volunteer = world.someone_with_points().await;
    let mut places = Vec::new();
    for _ in 0..4 {
        places.push(world.book(volunteer, &session).await.expect("a place").id);
    }
    let (by, kiosk) = (operator(Role::Staff), operator(Role::Kiosk));
    let early = rewards::check_in(&world.scheme, places[0], &kiosk, world.now()).await;
    assert!(matches!(early, Err(DeskError::WrongTime { .. })), "{early:?}");
    world.set("2026-11-29T00:30:00Z");
    let nobody = rewards::call_next(&world.scheme, session.id, Uuid::now_v7(), &by, world.now()).await;
    assert!(matches!(nobody, Err(DeskError::NobodyWaits)));
    for place in [2, 0, 1] {
        let (_, again) = rewards::check_in(&world.scheme, places[place], &kiosk, world.now()).await.expect("here");
        assert!(!again);
    }
    assert!(rewards::check_in(&world.scheme, places[0], &kiosk, world.now()).await.expect("still here").1);
    let call = Uuid::now_v7();
    let next = async |id| rewards::call_next(&world.scheme, session.id, id, &by, world.now()).await;
    let (first, _) = next(call).await.expect("somebody");
    assert_eq!((first.queue_number, first.state), (1, PlaceState::Called));
    let (same, again) = next(call).await.expect("the same");
    assert_eq!((same.exchange_id, again), (places[0], true), "a call that is repeated calls nobody else");
    rewards::skip(&world.scheme, places[0], &by).await.expect("did not come");
    rewards::check_in(&world.scheme, places[0], &kiosk, world.now()).await.expect("back again");
    let mut called = Vec::new();
    for _ in 0..3 {
        called.push(next(Uuid::now_v7()).await.expect("somebody").0.queue_number);
    }
    assert_eq!(called, [2, 3, 1]);
    assert!(matches!(next(Uuid::now_v7()).await, Err(DeskError::NobodyWaits)));
    exchanges::collect(&world.scheme, places[1], None, &by, world.now()).await.expect("done");
    exchanges::cancel(&world.scheme, places[2], None, &by, world.now()).await.expect("gone home");
    let queue = rewards::queue(&world.scheme, session.id).await.expect("a queue");
    let states: Vec<_> = queue.iter().map(|place| (place.queue_number, place.state)).collect();
    assert_eq!(states, [(2, PlaceState::Done), (3, PlaceState::Gone), (1, PlaceState::Called)]);
    let not_waiting = rewards::skip(&world.scheme, places[3], &by).await;
    assert!(matches!(not_waiting, Err(DeskError::NobodyWaits)), "{not_waiting:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_call_at_once_never_call_the_same(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, ZIYANG).await;
    let free = world.reward(RewardDetails { price_points: 0, ..details(Kind::Service) }).await;
    let (volunteer, session) = (world.volunteer("林秀英").await, world.session(free, 20).await);
    world.set("2026-11-29T00:30:00Z");
    let by = operator(Role::Staff);
    for _ in 0..20 {
        let place = world.book(volunteer, &session).await.expect("a place").id;
        rewards::check_in(&world.scheme, place, &by, world.now()).await.expect("here");
    }
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (scheme, session, now) = (world.scheme.clone(), session.id, world.now());
            let by = operator(Role::Staff);
            tokio::spawn(async move { rewards::call_next(&scheme, session, Uuid::now_v7(), &by, now).await })
        })
        .collect();
    let mut called = BTreeSet::new();
    for task in tasks {
        called.insert(task.await.expect("no panic").expect("somebody").0.queue_number);
    }
    assert_eq!(called, (1..=20).collect());
}

#[rstest]
#[tokio::test]
async fn a_session_runs_through_the_front_door(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let volunteer = station.volunteer("林秀英").await;
    station.serve(volunteer, "environment", "2026-10-12", 480).await;
    let (reward, session) = (Uuid::now_v7(), Uuid::now_v7());
    let body = json!({ "kind": "service", "name": "免费义剪", "price_points": "1" });
    station.put("scheme_admin", &format!("/rewards/{reward}"), body).await.expect(201);
    let path = format!("/rewards/{reward}/sessions/{session}");
    // It is today, whenever that is.
    let (from, until) = (tests::now(), tests::now() + Duration::hours(2));
    let times = json!({ "starts_at": from, "ends_at": until, "seats": 5 });
    let made = station.put("scheme_admin", &path, times).await.expect(201);
    assert_eq!((made["status"].clone(), made["moves"].clone()), (json!("open"), json!(0)));
    let offers = station.get("kiosk", &format!("/volunteers/{volunteer}/offers")).await.expect(200);
    assert_eq!(offers["offers"][0]["sessions"][0]["available"], true);
    let book = json!({ "volunteer_id": volunteer, "reward_id": reward, "session_id": session });
    let mut places = Vec::new();
    for _ in 0..2 {
        let id = Uuid::now_v7();
        station.put("kiosk", &format!("/exchanges/{id}"), book.clone()).await.expect(201);
        places.push(id);
    }
    let here = station.post("kiosk", &format!("/exchanges/{}/check-in", places[0]), json!({})).await;
    assert_eq!(here.expect(201)["state"], "waiting");
    let called = station.post("staff", &format!("{path}/calls"), json!({ "id": Uuid::now_v7() })).await.expect(201);
    assert_eq!((called["queue_number"].clone(), called["state"].clone()), (json!(1), json!("called")));
    let nobody = station.post("staff", &format!("{path}/calls"), json!({ "id": Uuid::now_v7() })).await;
    assert_eq!(nobody.problem(409), "nobody_waits");
    let queue = station.get("kiosk", &format!("{path}/queue")).await.expect(200);
    assert!(!queue.to_string().contains("林秀英"), "no names in the room");
    let bookings = station.get("staff", &format!("{path}/bookings")).await.expect(200);
    assert_eq!(bookings["bookings"][0]["name"], "林秀英");
    assert_eq!(station.get("kiosk", &format!("{path}/bookings")).await.problem(403), "forbidden");
    station.post("staff", &format!("/exchanges/{}/collect", places[0]), json!({})).await.expect(200);
    let cancelled = station.post("staff", &format!("{path}/cancel"), json!({ "reason": "理发师生病" })).await;
    assert_eq!(cancelled.expect(200)["status"], "cancelled");
    let given_back = station.get("kiosk", &format!("/exchanges/{}", places[1])).await.expect(200);
    assert_eq!(given_back["status"], "cancelled");
    let id = Uuid::now_v7();
    assert_eq!(station.put("kiosk", &format!("/exchanges/{id}"), book).await.problem(422), "session_cancelled");
    let elsewhere = station.get("staff", &format!("/rewards/{}/sessions/{session}/queue", Uuid::now_v7())).await;
    assert_eq!(elsewhere.problem(404), "session_not_found");
}
