//! The catalogue: what is offered to whom, what it cost, how it looks, and what a volunteer can have of it.

use crate::station::Station;
use crate::world::{World, ZIYANG, at, details, operator};
use chrono::NaiveTime;
use db::Engine;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rstest::rstest;
use scheme::Role;
use scheme::config::{Weekday, Window};
use scheme::exchanges::{self, ExchangeError, Status, Wish};
use scheme::rewards::{self, Gates, Kind, Limit, OpenTime, Period, RewardDetails, Session, State};
use scheme::volunteers::{self, Consent, VolunteerDetails};
use serde_json::{Value, json};
use uuid::Uuid;

fn wish(volunteer_id: Uuid, reward_id: Uuid) -> Wish {
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

#[rstest]
#[tokio::test]
async fn a_reward_is_a_draft_then_listed_then_delisted_and_its_prices_are_remembered(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let volunteer = station.volunteer("林秀英").await;
    station.serve(volunteer, "environment", "2026-10-12", 480).await;
    let id = Uuid::now_v7();
    let path = format!("/rewards/{id}");
    let body = |state: &str, price: &str| json!({ "kind": "good", "name": "肥皂", "price_points": price, "state": state, "category": "household" });
    station.put("scheme_admin", &path, body("draft", "3")).await.expect(201);
    let change = json!({ "id": Uuid::now_v7(), "change": 5, "reason": "进货" });
    station.post("staff", &format!("{path}/stock"), change).await.expect(201);
    assert_eq!(station.get("kiosk", &path).await.problem(404), "reward_not_found");
    assert_eq!(station.get("kiosk", "/rewards?state=draft").await.expect(200)["rewards"], json!([]));
    let drafts = station.get("staff", "/rewards?state=draft").await.expect(200);
    assert_eq!(drafts["rewards"][0]["name"], "肥皂");
    let exchange = json!({ "volunteer_id": volunteer, "reward_id": id });
    let put = |key: Uuid| (format!("/exchanges/{key}"), exchange.clone());
    let (to, wish) = put(Uuid::now_v7());
    assert_eq!(station.put("kiosk", &to, wish).await.problem(422), "not_listed");
    station.put("scheme_admin", &path, body("listed", "3")).await.expect(200);
    let (to, wish) = put(Uuid::now_v7());
    station.put("kiosk", &to, wish).await.expect(201);
    station.put("scheme_admin", &path, body("listed", "2.5")).await.expect(200);
    let mut renamed = body("listed", "2.5");
    renamed["name"] = json!("香皂");
    station.put("scheme_admin", &path, renamed).await.expect(200);
    station.put("scheme_admin", &path, body("delisted", "2.5")).await.expect(200);
    // What is reserved is collected all the same.
    station.post("kiosk", &format!("{to}/collect"), json!({})).await.expect(200);
    let (to, wish) = put(Uuid::now_v7());
    assert_eq!(station.put("kiosk", &to, wish).await.problem(422), "not_listed");
    assert_eq!(station.get("kiosk", "/rewards").await.expect(200)["rewards"], json!([]));
    let history = station.get("staff", &format!("{path}/history")).await.expect(200);
    let told = |field: &str| {
        let changes = history["changes"].as_array().expect("a list").iter();
        changes.map(|change| change[field].clone()).collect::<Vec<_>>()
    };
    assert_eq!(told("state"), ["draft", "listed", "listed", "delisted"]);
    assert_eq!(told("price_points"), ["3", "3", "2.5", "2.5"]);
    assert_eq!(told("version"), [1, 2, 3, 5]);
}

#[rstest]
#[tokio::test]
async fn pictures_are_named_by_what_they_are_and_sponsors_are_records_of_their_own(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let server = &station.server;
    let path = station.path("/pictures");
    let send = |role: &str, bytes: Vec<u8>| server.send_bytes("POST", &path, station.key(role), "image/png", bytes);
    let kept = send("staff", pixel()).await.expect(201);
    let digest = kept["digest"].as_str().expect("a digest").to_owned();
    assert_eq!(digest.len(), 64);
    let again = send("scheme_admin", pixel()).await;
    assert!(again.replayed);
    assert_eq!(again.expect(200)["digest"], digest.as_str());
    assert_eq!(send("staff", b"<svg/>".to_vec()).await.problem(415), "unsupported_media_type");
    assert_eq!(send("staff", pixel()[..40].to_vec()).await.problem(422), "invalid_request");
    assert_eq!(send("kiosk", pixel()).await.problem(403), "forbidden");
    for path in [format!("/pictures/{digest}"), format!("/pictures/{digest}/thumbnail")] {
        let shown = station.get("kiosk", &path).await;
        assert_eq!(shown.status, 200);
        assert!(shown.content_type.starts_with("image/"), "{}", shown.content_type);
        let caching = shown.headers.get("cache-control").expect("a rule");
        assert!(caching.contains("immutable") && caching.contains("private"), "{caching}");
        assert!(shown.headers.get("etag").expect("a tag").contains(&digest));
    }
    assert_eq!(station.get("kiosk", "/pictures/00").await.problem(404), "picture_not_found");

    let sponsor = Uuid::now_v7();
    let body = json!({ "name": "便民超市", "contact": "陈经理", "phone": "13800000000" });
    station.put("scheme_admin", &format!("/sponsors/{sponsor}"), body).await.expect(201);
    assert_eq!(station.get("kiosk", &format!("/sponsors/{sponsor}")).await.problem(403), "forbidden");
    let listed = station.get("staff", "/sponsors").await.expect(200);
    assert_eq!(listed["sponsors"][0]["contact"], "陈经理");
    let id = Uuid::now_v7();
    let mut reward =
        json!({ "kind": "good", "name": "大米", "price_points": "9", "sponsor_id": sponsor, "picture": digest });
    let shown = station.put("scheme_admin", &format!("/rewards/{id}"), reward.clone()).await.expect(201);
    assert_eq!(shown["sponsor"], "便民超市");
    assert_eq!(shown["picture"], digest.as_str());
    reward["sponsor"] = json!("便民超市紫阳店");
    let shown = station.put("scheme_admin", &format!("/rewards/{id}"), reward.clone()).await.expect(200);
    assert_eq!(shown["sponsor"], "便民超市紫阳店");
    (reward["sponsor_id"], reward["picture"]) = (json!(Uuid::now_v7()), json!("00"));
    let wrong = station.put("scheme_admin", &format!("/rewards/{id}"), reward).await;
    let codes: Vec<&Value> =
        wrong.body["errors"].as_array().expect("a list").iter().map(|flaw| &flaw["code"]).collect();
    assert_eq!(codes, ["unknown_sponsor", "unknown_picture"]);
}

/// One red pixel.
fn pixel() -> Vec<u8> {
    let hex = "89504e470d0a1a0a0000000d49484452000000010000000108020000009077\
               53de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082";
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("a byte");
    digits.chunks(2).map(byte).collect()
}

/// Everything that can stand against an exchange, at random: what is offered is what can be had, and what is not is refused
/// with one of the reasons told.
#[rstest]
#[tokio::test]
async fn an_offer_says_yes_exactly_when_the_exchange_succeeds(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let mut dice = StdRng::seed_from_u64(20_261_122);
    let people = people(&world).await;
    let (mut had, mut refused) = (0, 0);
    for round in 0..24 {
        let mut sessions = Vec::new();
        for _ in 0..4 {
            let reward = world.reward(any_reward(&mut dice)).await;
            let pieces = dice.random_range(0..3);
            match rewards::get(&world.scheme, reward).await.expect("a reward").details.kind {
                Kind::Good if pieces > 0 => world.stock(reward, pieces).await,
                Kind::Service if dice.random_bool(0.5) => sessions.push(session(&world, reward, pieces).await),
                _ => {}
            }
        }
        let volunteer = people[dice.random_range(0..people.len())];
        if round % 6 == 5 {
            // 22 November 2026 is a Sunday.
            world.pass(chrono::Duration::hours(31));
        }
        let by = operator(Role::Kiosk);
        let asked = (None, 500);
        let (offers, _) =
            exchanges::offers(&world.scheme, volunteer, "main", asked, &by, world.now()).await.expect("offers");
        for offer in offers {
            let wishes: Vec<(Wish, &Vec<ExchangeError>)> = match offer.sessions.is_empty() {
                true => vec![(wish(volunteer, offer.reward.id), &offer.reasons)],
                false => {
                    let of_session = |one: &exchanges::SessionOffer| Some(one.session.id);
                    let wish = |one| Wish { session_id: of_session(one), ..wish(volunteer, offer.reward.id) };
                    offer.sessions.iter().map(|one| (wish(one), &one.reasons)).collect()
                }
            };
            for (wish, reasons) in wishes {
                let done = exchanges::exchange(&world.scheme, wish.clone(), &by, world.now()).await;
                match done {
                    Ok((exchange, _)) => {
                        assert!(
                            reasons.is_empty(),
                            "{:?} was to be had, and told otherwise: {reasons:?}",
                            offer.reward
                        );
                        // What takes nothing that is counted is handed over at once.
                        if exchange.status == Status::Reserved {
                            exchanges::cancel(&world.scheme, wish.id, None, &by, world.now())
                                .await
                                .expect("given back");
                        }
                        had += 1;
                    }
                    Err(error) => {
                        let told = reasons.iter().any(|reason| format!("{reason:?}") == format!("{error:?}"));
                        assert!(told, "{:?} is refused with {error:?}, and told was {reasons:?}", offer.reward);
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(had > 50 && refused > 200, "{had} were had, {refused} refused");
    world.assert_verified().await;
}

/// Of many ages and units, with and without points.
async fn people(world: &World) -> Vec<Uuid> {
    let mut people = Vec::new();
    for (born, unit, hours) in [
        (Some("1950-01-01"), Some("compound-1"), 200_u64),
        (Some("1990-01-01"), Some("compound-2"), 8),
        (Some("2010-01-01"), None, 3),
        (None, Some("ziyang"), 40),
        (None, None, 0),
    ] {
        let details = VolunteerDetails {
            name: "王建国".to_owned(),
            birth_date: born.map(|day| day.parse().expect("a day")),
            unit: unit.map(str::to_owned),
            consent: Consent { record: true, publish: true },
            ..VolunteerDetails::default()
        };
        let id = Uuid::now_v7();
        volunteers::put(&world.scheme, id, details, None, world.now()).await.expect("registered");
        for day in 0..hours.div_ceil(8) {
            let on = at("2026-09-01T00:00:00Z").date_naive() + chrono::Days::new(day);
            world.serve(id, "environment", &on.to_string(), 480.min(i64::try_from(hours).expect("few") * 60)).await;
        }
        people.push(id);
    }
    people
}

fn any_reward(dice: &mut StdRng) -> RewardDetails {
    let mut maybe = |odds: f64| dice.random_bool(odds);
    let kind = if maybe(0.5) { Kind::Good } else { Kind::Service };
    let (saturday, morning) = (maybe(0.3), maybe(0.5));
    let time = |hour| NaiveTime::from_hms_opt(hour, 0, 0);
    let window = OpenTime {
        days: Window { weekdays: if saturday { vec![Weekday::Saturday] } else { Vec::new() }, ..Window::default() },
        opens_at: morning.then(|| time(9)).flatten(),
        closes_at: morning.then(|| time(12)).flatten(),
    };
    let gates = Gates {
        min_age: maybe(0.2).then_some(60),
        max_age: maybe(0.1).then_some(70),
        units: if maybe(0.2) { vec!["ziyang".to_owned()] } else { Vec::new() },
        windows: if maybe(0.4) { vec![window] } else { Vec::new() },
    };
    RewardDetails {
        price_points: if maybe(0.3) { 0 } else { 60 },
        limit: maybe(0.3).then_some(Limit { uses: 1, per: Period::Month }),
        min_star: maybe(0.15).then_some(1),
        until: maybe(0.15).then(|| "2026-11-22".parse().expect("a day")),
        state: if maybe(0.1) { State::Draft } else { State::Listed },
        gates,
        ..details(kind)
    }
}

async fn session(world: &World, reward_id: Uuid, seats: i64) -> Uuid {
    let session = Session {
        id: Uuid::now_v7(),
        reward_id,
        station: "main".to_owned(),
        starts_at: world.now() + chrono::Duration::hours(20),
        ends_at: world.now() + chrono::Duration::hours(40),
        seats,
        ..Session::default()
    };
    let id = session.id;
    rewards::put_session(&world.scheme, session, &operator(Role::SchemeAdmin), world.now()).await.expect("a session");
    id
}
