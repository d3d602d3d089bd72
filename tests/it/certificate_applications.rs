//! A volunteer asks for a certificate; the desk sees what waits, and issues or refuses it.

use crate::records::Route;
use crate::station::Station;
use crate::world::{World, ZIYANG, day, operator};
use chrono::Duration;
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::certificates::applications::{self, ApplicationFilter, ApplicationStatus, Asked, Extras};
use scheme::certificates::{self, CertificateError};
use serde_json::{Value, json};
use uuid::Uuid;

/// For the table of the contract.
pub fn routes(id: Uuid) -> Vec<Route> {
    let desk: &[&str] = &["staff", "scheme_admin"];
    let askers: &[&str] = &["kiosk", "staff", "leader", "scheme_admin"];
    let one = format!("/certificate-applications/{id}");
    vec![
        ("PUT", one.clone(), askers),
        ("GET", one.clone(), &["kiosk", "staff", "leader", "reviewer", "scheme_admin", "auditor"]),
        ("GET", "/certificate-applications".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("POST", format!("{one}/issue"), desk),
        ("POST", format!("{one}/refuse"), desk),
        ("POST", format!("{one}/withdraw"), askers),
    ]
}

fn anywhere() -> String {
    format!("/certificate-applications/{}", Uuid::now_v7())
}

fn asked(volunteer: Uuid) -> Value {
    json!({ "volunteer_id": volunteer, "from": "2026-01-01", "until": "2026-10-31", "purpose": "升学" })
}

#[rstest]
#[tokio::test]
async fn who_asks_at_a_kiosk_is_issued_the_certificate_at_the_desk_and_told(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let (lin, wang) = (station.volunteer("林秀英").await, station.volunteer("王建国").await);
    station.serve(lin, "environment", "2026-10-12", 120).await;
    let codes = station.get("staff", &format!("/volunteers/{lin}/code")).await.expect(200);
    let (id, mut body) = (Uuid::now_v7(), asked(lin));
    let path = format!("/certificate-applications/{id}");
    let alone = station.put("kiosk", &path, body.clone()).await;
    assert_eq!(alone.body["errors"][0]["code"], "missing_code");
    assert_eq!(alone.problem(422), "invalid_request");
    body["code"] = codes["code"].clone();
    let mut other = body.clone();
    other["volunteer_id"] = json!(wang);
    let foreign = station.put("kiosk", &anywhere(), other).await;
    assert_eq!(foreign.body["errors"][0]["code"], "another_volunteers_code");
    let waiting = station.put("kiosk", &path, body.clone()).await.expect(201);
    assert_eq!((&waiting["status"], &waiting["waited_days"]), (&json!("requested"), &json!(0)));
    assert!(station.put("kiosk", &path, body.clone()).await.replayed);
    let mut differs = body.clone();
    differs["purpose"] = json!("就业");
    assert_eq!(station.put("kiosk", &path, differs).await.body["field"], "purpose");
    let twice = station.put("kiosk", &anywhere(), body).await;
    assert_eq!(twice.body["application_id"], json!(id));
    assert_eq!(twice.problem(422), "already_applied");
    let future = json!({ "volunteer_id": lin, "from": "2026-01-01", "until": "2999-01-01" });
    assert_eq!(station.put("staff", &anywhere(), future).await.body["errors"][0]["pointer"], "/until");
    // A leader asks for the own team alone.
    assert_eq!(station.put("leader", &anywhere(), asked(wang)).await.problem(403), "forbidden");
    assert_eq!(station.get("leader", &path).await.problem(403), "forbidden");

    let second = anywhere();
    station.put("staff", &second, asked(wang)).await.expect(201);
    let list = "/certificate-applications?status=requested";
    let page = station.get("staff", &format!("{list}&limit=1")).await.expect(200);
    assert_eq!(page["certificate_applications"][0]["id"], json!(id), "the oldest first");
    let cursor = page["next"].as_str().expect("a second page");
    let next = station.get("staff", &format!("/certificate-applications?cursor={cursor}")).await.expect(200);
    assert_eq!((&next["certificate_applications"][0]["volunteer_id"], &next["next"]), (&json!(wang), &Value::Null));
    let overdue = station.get("staff", "/certificate-applications?overdue=true").await.expect(200);
    assert_eq!(overdue["certificate_applications"], json!([]));

    let issued = station.post("staff", &format!("{path}/issue"), json!({})).await.expect(201);
    assert_eq!((&issued["id"], &issued["hours"], &issued["status"]), (&json!(id), &json!("2"), &json!("valid")));
    assert!(issued["remark"].as_str().is_some_and(|remark| remark.contains("升学")), "{issued}");
    assert!(station.post("staff", &format!("{path}/issue"), json!({})).await.replayed);
    let known = station.get("kiosk", &path).await.expect(200);
    assert_eq!((&known["status"], &known["late"]), (&json!("issued"), &json!(false)));
    let late = station.post("staff", &format!("{path}/refuse"), json!({ "reason": "材料不全" })).await;
    assert_eq!(late.body["current_status"], "issued");
    assert_eq!(late.problem(409), "state_conflict");

    // Nothing to certify leaves it waiting, until somebody refuses it and says why.
    let nothing = station.post("staff", &format!("{second}/issue"), json!({})).await;
    assert_eq!(nothing.problem(422), "nothing_to_certify");
    assert_eq!(station.get("staff", &second).await.body["status"], "requested");
    let blank = station.post("staff", &format!("{second}/refuse"), json!({ "reason": " " })).await;
    assert_eq!(blank.body["errors"][0]["pointer"], "/reason");
    let reason = json!({ "reason": "这段时间没有服务记录" });
    let refused = station.post("staff", &format!("{second}/refuse"), reason.clone()).await.expect(200);
    assert_eq!((&refused["status"], &refused["reason"]), (&json!("refused"), &reason["reason"]));
    assert!(station.post("staff", &format!("{second}/refuse"), reason).await.replayed);
    assert_eq!(station.post("staff", &format!("{second}/issue"), json!({})).await.problem(409), "state_conflict");
    // Nor is it issued by another door, under the same id.
    let direct = format!("/certificates/{}", second.rsplit('/').next().expect("an id"));
    let of_lin = json!({ "volunteer_id": lin, "from": "2026-01-01", "until": "2026-10-31" });
    assert_eq!(station.put("staff", &direct, of_lin).await.problem(409), "state_conflict");

    for (volunteer, said) in [(lin, "开好了"), (wang, "没有开出来")] {
        let told = station.get("kiosk", &format!("/volunteers/{volunteer}/notices")).await.expect(200);
        let texts = told["notices"].to_string();
        assert!(texts.contains(said) && !texts.contains("没有服务记录"), "{texts}");
    }
    let events = station.get("auditor", "/events?types=certificate.issued,certificate.refused").await.expect(200);
    let told: Vec<&Value> = events["events"].as_array().expect("a list").iter().map(|event| &event["type"]).collect();
    assert_eq!(told, [&json!("certificate.issued"), &json!("certificate.refused")], "{events}");
}

fn of(volunteer_id: Uuid) -> Asked {
    let (from, until) = (day("2026-01-01"), day("2026-10-31"));
    Asked { volunteer_id, from, until, detailed: true, applicant: None, purpose: None }
}

fn printable(_: &certificates::Paper) -> Result<(), CertificateError> {
    Ok(())
}

impl World {
    async fn asks(&self, volunteer: Uuid) -> Uuid {
        let (id, by) = (Uuid::now_v7(), operator(Role::Staff));
        applications::request(&self.scheme, id, of(volunteer), None, &by, self.now()).await.expect("asked for");
        id
    }
}

#[rstest]
#[tokio::test]
async fn what_waits_too_long_is_listed_and_what_is_open_goes_to_the_survivor(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let (lin, twin, wang) =
        (world.volunteer("林秀英").await, world.volunteer("林秀英").await, world.volunteer("王建国").await);
    world.serve(twin, "environment", "2026-10-12", 60).await;
    let (first, second) = (world.asks(twin).await, world.asks(wang).await);
    let by = operator(Role::Staff);
    let (taken_back, replayed) =
        applications::withdraw(&world.scheme, second, None, &by, world.now()).await.expect("withdrawn");
    assert_eq!((taken_back.status, replayed), (ApplicationStatus::Withdrawn, false));
    assert!(applications::withdraw(&world.scheme, second, None, &by, world.now()).await.expect("once more").1);
    world.asks(wang).await;
    scheme::volunteers::merge(&world.scheme, twin, lin, "同一人", &operator(Role::SchemeAdmin), world.now())
        .await
        .expect("merged");
    world.pass(Duration::days(20));
    let filter = ApplicationFilter { overdue: true, volunteer_id: Some(lin), ..ApplicationFilter::default() };
    let late = applications::applications(&world.scheme, &filter, Default::default(), 10, world.now()).await;
    let late = late.expect("a list");
    assert_eq!(late.iter().map(|one| one.id).collect::<Vec<_>>(), [first]);
    let today = world.scheme.config().day_of(world.now());
    assert_eq!((late[0].waited_days(today), late[0].is_late(today)), (20, true));
    let issued =
        applications::issue_requested(&world.scheme, first, Extras::default(), None, &printable, &by, world.now())
            .await
            .expect("issued");
    assert_eq!((issued.certificate.volunteer_id, issued.certificate.minutes), (lin, 60));
    assert!(issued.certificate.is_late(), "applied for on the day on which it was asked for");
    world.assert_verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_settle_an_application_at_once_and_it_is_issued_or_refused(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let lin = world.volunteer("林秀英").await;
    world.serve(lin, "environment", "2026-10-12", 60).await;
    let asking = (0..20).map(|_| {
        let (scheme, now) = (world.scheme.clone(), world.now());
        let request = async move {
            applications::request(&scheme, Uuid::now_v7(), of(lin), None, &operator(Role::Staff), now).await
        };
        tokio::spawn(request)
    });
    let mut made = Vec::new();
    for task in asking.collect::<Vec<_>>() {
        match task.await.expect("no panic") {
            Ok((application, _)) => made.push(application.id),
            Err(CertificateError::AlreadyApplied { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let [id] = made[..] else { panic!("{made:?}") };
    let settling = (0..20).map(|place| {
        let (scheme, now) = (world.scheme.clone(), world.now());
        tokio::spawn(async move {
            let by = operator(Role::Staff);
            match place % 2 {
                0 => applications::issue_requested(&scheme, id, Extras::default(), None, &printable, &by, now)
                    .await
                    .map(|_| ApplicationStatus::Issued),
                _ => applications::refuse(&scheme, id, "材料不全", &by, now).await.map(|(one, _)| one.status),
            }
        })
    });
    let mut settled = Vec::new();
    for task in settling.collect::<Vec<_>>() {
        match task.await.expect("no panic") {
            Ok(status) => settled.push(status),
            Err(CertificateError::ApplicationSettled { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let status = applications::application(&world.scheme, id).await.expect("it is there").status;
    assert!(!settled.is_empty() && settled.iter().all(|one| *one == status), "{status:?}: {settled:?}");
    let certificate = certificates::get(&world.scheme, id).await;
    assert_eq!(certificate.is_ok(), status == ApplicationStatus::Issued, "{status:?}");
    world.assert_verified().await;
}
