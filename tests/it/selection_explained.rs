//! The full report of a selection: the list, and every entry behind the figures of each who is on it.

use crate::station::Station;
use crate::wishes::with_wishes;
use db::Engine;
use rstest::rstest;
use serde_json::{Value, json};
use tests::hundredths;
use tests::paper::letters;
use tests::server::{aixin, aixin_prints};
use uuid::Uuid;

fn october() -> Value {
    json!({
        "title": "2026年10月志愿之星",
        "rules": {
            "version": "2026-10", "from": "2026-10-01", "until": "2026-10-31", "measure": "hours", "min_minutes": 60,
            "evidence": ["self_scan"], "publicity_working_days": 0, "signatures": 2,
        },
    })
}

/// The rows below the heading of the second list in a file of several.
fn entries(csv: &str) -> Vec<Vec<String>> {
    let (_, behind) = csv.split_once("依据明细\r\n").expect("a second list");
    let rows = behind.lines().skip(1).take_while(|line| !line.is_empty());
    rows.map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// A wish with five points, which this volunteer fulfilled on a day.
async fn fulfils(station: &Station, volunteer: Uuid, on: &str) {
    let (wish, claim) = (Uuid::now_v7(), Uuid::now_v7());
    let body = json!({
        "kind": "wish", "title": "换一盏楼道灯", "content": "三楼的灯坏了", "category": "elderly_care", "minutes": 60,
        "points": "5", "deadline_on": "2999-01-01",
    });
    station.put("kiosk", &format!("/wishes/{wish}"), body).await.expect(201);
    station.post("staff", &format!("/wishes/{wish}/publish"), json!({})).await.expect(200);
    let claim = format!("/wishes/{wish}/claims/{claim}");
    let claimant = json!({ "claimant": { "kind": "volunteer", "id": volunteer.to_string() } });
    station.put("staff", &claim, claimant).await.expect(201);
    let report = json!({ "report": "换了声控灯", "fulfilled_on": on, "shares": [{ "volunteer_id": volunteer }] });
    station.post("staff", &format!("{claim}/fulfil"), report).await.expect(200);
    station.post("kiosk", &format!("{claim}/rate"), json!({ "stars": 5 })).await.expect(200);
    station.post("reviewer", &format!("{claim}/confirm"), json!({})).await.expect(200);
}

#[rstest]
#[tokio::test]
async fn the_entries_behind_each_row_make_up_its_figures_as_of_the_frozen_entry(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::written(engine, "ziyang", &with_wishes()).await;
    let (lin, twin, wang) =
        (station.volunteer("林秀英").await, station.volunteer("林秀英").await, station.volunteer("王建国").await);
    let hidden = Uuid::now_v7();
    let body = json!({ "name": "欧阳娜娜", "consent": { "record": true, "publish": false } });
    station.put("staff", &format!("/volunteers/{hidden}"), body).await.expect(201);
    station.serve(lin, "environment", "2026-10-12", 120).await;
    station.serve(twin, "environment", "2026-10-13", 60).await;
    station.serve(hidden, "environment", "2026-10-13", 300).await;
    let wrong = station.serve(wang, "patrol", "2026-10-14", 90).await;
    station.serve(wang, "patrol", "2026-09-30", 90).await;
    let mut paper = station.service(wang, "patrol", "2026-10-15", 45);
    paper["evidence"] = json!("leader_confirmed");
    let unseen = Uuid::now_v7();
    station.put("staff", &format!("/services/{unseen}"), paper).await.expect(201);
    station.post("reviewer", &format!("/services/{unseen}/confirm"), json!({})).await.expect(200);
    fulfils(&station, lin, "2026-10-20").await;
    let merge = json!({ "into": lin, "reason": "同一人登记了两次" });
    station.post("scheme_admin", &format!("/volunteers/{twin}/merge"), merge).await.expect(200);
    let id = Uuid::now_v7();
    let one = station.put("scheme_admin", &format!("/selections/{id}"), october()).await.expect(201);
    let document = format!("/selections/{id}/document?explain=true&format=");
    let before = entries(&station.get("staff", &format!("{document}csv")).await.text);

    // What happens later is not part of it, and is told of what is.
    station.serve(lin, "environment", "2026-10-16", 240).await;
    let wrong = wrong["id"].as_str().expect("a record");
    let reason = json!({ "reason": "登记有误" });
    station.post("reviewer", &format!("/services/{wrong}/reverse"), reason).await.expect(200);
    let csv = station.get("auditor", &format!("{document}csv")).await.text;
    let after = entries(&csv);
    let plain = |rows: &[Vec<String>]| rows.iter().map(|row| row[..9].to_vec()).collect::<Vec<_>>();
    assert_eq!(plain(&before), plain(&after));
    let as_of = one["as_of"].as_i64().expect("a sequence");
    assert!(after.iter().all(|row| row[3].parse::<i64>().is_ok_and(|sequence| sequence <= as_of)), "{after:?}");
    let told: Vec<_> = after.iter().map(|row| [2, 4, 6, 7, 9].map(|column| row[column].as_str())).collect();
    assert_eq!(
        told,
        [
            ["林*英", "2026-10-12", "楼道清洁", "120", ""],
            ["林*英", "2026-10-13", "楼道清洁", "60", ""],
            ["林*英", "2026-10-20", "换一盏楼道灯", "60", "证据类别不计入"],
            ["林*英", "2026-10-20", "换一盏楼道灯", "0", "心愿积分"],
            ["王*国", "2026-10-14", "楼道清洁", "90", "统计之后已撤销"],
            ["王*国", "2026-10-15", "楼道清洁", "45", "证据类别不计入"],
        ]
    );
    assert!(!csv.contains("欧") && !csv.contains("林秀英"), "{csv}");

    let rows = station.get("staff", &format!("/selections/{id}/rows")).await.expect(200);
    for row in rows["rows"].as_array().expect("rows").iter().filter(|row| row["named"] == true) {
        let counted =
            || after.iter().filter(|entry| row["number"] == entry[1].as_str() && entry[9] != "证据类别不计入");
        let minutes: i64 = counted().map(|entry| entry[7].parse::<i64>().expect("minutes")).sum();
        let points: i64 = counted().map(|entry| hundredths(&entry[8])).sum();
        let figures = (row["minutes"].as_i64(), row["points"].as_str().map(hundredths));
        assert_eq!((Some(minutes), Some(points)), figures, "{row}");
    }
    let path = format!("/selections/{id}/rows/{lin}");
    let why = station.get("staff", &path).await.expect(200);
    assert_eq!(why["entries"].as_array().map(Vec::len), Some(4), "one row tells the same: {why}");
}

#[rstest]
#[tokio::test]
async fn it_is_for_staff_in_every_form(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let station = Station::open(engine, "ziyang").await;
    let lin = station.volunteer("林秀英").await;
    station.serve(lin, "environment", "2026-10-12", 120).await;
    let id = Uuid::now_v7();
    station.put("scheme_admin", &format!("/selections/{id}"), october()).await.expect(201);
    let document = format!("/selections/{id}/document?explain=true");
    assert_eq!(station.get("kiosk", &document).await.problem(404), "selection_not_found", "a draft is not for kiosks");
    station.post("scheme_admin", &format!("/selections/{id}/publish"), json!({})).await.expect(200);
    assert_eq!(station.get("kiosk", &document).await.problem(403), "forbidden");
    let plain = station.get("kiosk", &format!("/selections/{id}/document?explain=false&format=csv")).await;
    assert!(plain.status == 200 && !plain.text.contains("楼道清洁"), "{}", plain.text);
    station.get("staff", &format!("/selections/{id}/document?explain=2")).await.problem(422);

    let path = station.path(&format!("{document}&format=pdf"));
    let (status, name, pdf) = station.server.file(&path, station.key("reviewer")).await;
    assert_eq!((status, name.contains("selection-2026-10-31-explained.pdf")), (200, true), "{name}");
    let text = letters(&pdf);
    for shown in ["志愿之星", "林*英", "依据明细", "楼道清洁", "2026-10-12", "仅供工作人员核对"] {
        assert!(text.contains(shown), "{shown} in {text}");
    }
    let xlsx = station.get("staff", &format!("{document}&format=xlsx")).await;
    assert!(xlsx.status == 200 && xlsx.content_type.contains("spreadsheetml"));
    let (url, id) = (&station.server.url, id.to_string());
    let report = ["report", "ranking", "--scheme", "ziyang", "--explain", "--format", "csv"];
    let printed = aixin_prints(url, &[&report[..], &["--selection", &id]].concat());
    let csv = station.get("staff", &format!("{document}&format=csv")).await.text;
    assert_eq!(printed.trim(), csv.trim());
    let live = aixin(url, &[&report[..], &["--year", "2026"]].concat());
    assert_eq!(live.status.code(), Some(2), "what is not frozen has no such report");
}
