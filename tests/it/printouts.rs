//! Papers of what is on record: passbooks, cards, letters, posters, slips; and many at once from the command line.

use crate::records::Route;
use crate::station::Station;
use db::Engine;
use rstest::rstest;
use serde_json::json;
use std::path::Path;
use tests::paper::{letters, pages};
use tests::server::{aixin, aixin_prints};
use uuid::Uuid;

/// For the table of the contract.
pub fn routes(id: Uuid) -> Vec<Route> {
    let desk: &[&str] = &["staff", "scheme_admin"];
    let screens: &[&str] = &["kiosk", "staff", "reviewer", "scheme_admin", "auditor"];
    vec![
        ("GET", format!("/volunteers/{id}/passbook"), screens),
        ("GET", "/awards".to_owned(), &["staff", "reviewer", "scheme_admin", "auditor"]),
        ("POST", "/cards".to_owned(), desk),
        ("POST", "/letters".to_owned(), desk),
        ("GET", "/rankings/2026/poster".to_owned(), screens),
    ]
}

impl Station {
    async fn file(&self, role: &str, path: &str) -> Vec<u8> {
        let (status, _, bytes) = self.server.file(&self.path(path), self.key(role)).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        bytes
    }

    async fn pdf(&self, path: &str, body: serde_json::Value) -> Vec<u8> {
        let url = format!("{}{}", self.server.base, self.path(path));
        let asked = tests::server::client().post(url).bearer_auth(self.key("staff")).json(&body);
        let answer = asked.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.expect("a file").to_vec();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        bytes
    }

    async fn named(&self, name: &str, home_unit: &str, publish: bool) -> Uuid {
        let id = Uuid::now_v7();
        let body = json!({ "name": name, "unit": "compound-1", "home_unit": home_unit,
            "consent": { "record": true, "publish": publish } });
        self.put("staff", &format!("/volunteers/{id}"), body).await.expect(201);
        id
    }
}

#[rstest]
#[tokio::test]
async fn a_passbook_has_the_balance_after_each_line_and_a_slip_is_marked_when_printed_again(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let ouyang = station.volunteer("欧阳𠮷䶮").await;
    station.serve(ouyang, "environment", "2026-10-12", 600).await;
    let soap = station.good("2", 5).await;
    let exchange = Uuid::now_v7();
    let body = json!({ "volunteer_id": ouyang, "reward_id": soap, "station": "main", "collect_now": true });
    station.put("kiosk", &format!("/exchanges/{exchange}"), body).await.expect(201);
    let statement = station.get("kiosk", &format!("/volunteers/{ouyang}/statement")).await.expect(200);
    let balance = statement["lines"][0]["balance_points"].as_str().expect("points").to_owned();
    let path = format!("/volunteers/{ouyang}/passbook");
    let text = letters(&station.file("kiosk", &path).await);
    for said in ["志愿服务手册", "欧阳𠮷䶮", "上期结余", "服务确认", "兑换", "累计时长10小时"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(text.contains(&format!("积分结余{balance}")), "{balance}: {text}");
    let csv = String::from_utf8(station.file("kiosk", &format!("{path}?format=csv")).await).expect("UTF-8");
    assert!(csv.contains("上期结余") && csv.lines().any(|line| line.contains(&balance)), "{balance}: {csv}");
    let before = letters(&station.file("kiosk", &format!("{path}?from=2020-01-01&until=2020-12-31")).await);
    assert!(before.contains("积分结余0"), "nothing was booked then: {before}");
    let reversed = station.get("kiosk", &format!("{path}?from=2026-02-01&until=2026-01-01")).await;
    assert_eq!(reversed.problem(422), "invalid_request");

    let slip = format!("/exchanges/{exchange}/slip");
    let first = letters(&station.pdf_of_kiosk(&slip).await);
    assert!(first.contains("洗衣液") && first.contains("欧**䶮") && !first.contains("补打"), "{first}");
    assert!(letters(&station.pdf_of_kiosk(&slip).await).contains("补打"));
    let page = station.get("kiosk", &format!("{slip}?format=html&paper=80")).await;
    assert!(page.status == 200 && page.text.contains("<h1>兑换凭单</h1>"), "{}", page.text);
}

impl Station {
    async fn pdf_of_kiosk(&self, slip: &str) -> Vec<u8> {
        let url = format!("{}{}", self.server.base, self.path(slip));
        let asked = tests::server::client().post(url).bearer_auth(self.key("kiosk"));
        let answer = asked.json(&json!({ "format": "pdf" })).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.bytes().await.expect("a file").to_vec()
    }
}

#[rstest]
#[tokio::test]
async fn cards_letters_and_posters_name_those_who_may_be_named(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    let lin = station.named("林秀英", "市第一医院", true).await;
    let wang = station.named("王建国", "市第一医院", false).await;
    station.serve(lin, "environment", "2026-10-12", 150).await;
    station.serve(wang, "environment", "2026-10-12", 60).await;

    let cards = station.pdf("/cards", json!({ "volunteers": [wang, lin, lin] })).await;
    let text = letters(&cards);
    assert!(pages(&cards) == 1 && text.contains("林秀英") && text.contains("王建国"), "{text}");
    assert_eq!(station.post("staff", "/cards", json!({ "volunteers": [] })).await.problem(422), "invalid_request");

    let mut order = json!({ "to": "volunteers", "from": "2026-10-01", "until": "2026-10-31", "date": "2026-11-01",
        "text": "感谢信\n尊敬的{name}同志：\n您服务 {hours} 小时，参加{activities}。\n此致\n敬礼" });
    let to_all = station.pdf("/letters", order.clone()).await;
    let text = letters(&to_all);
    assert!(
        pages(&to_all) == 2 && text.contains("尊敬的王建国同志") && text.contains("您服务2.5小时，参加楼道清洁"),
        "{text}"
    );
    order["min_hours"] = json!(2);
    assert_eq!(pages(&station.pdf("/letters", order.clone()).await), 1);
    order["min_hours"] = json!(500);
    assert_eq!(station.post("staff", "/letters", order.clone()).await.problem(422), "invalid_request");
    order["min_hours"] = json!(0);
    order["text"] = json!("{nam}{wo}{nam}");
    let refused = station.post("staff", "/letters", order.clone()).await;
    assert!(refused.text.contains("nam、wo；"), "{}", refused.text);
    order["to"] = json!("units");
    order["text"] = json!("感谢信\n{home_unit}党委：\n贵单位 {members} 人服务 {count} 次、{hours} 小时。");
    let text = letters(&station.pdf("/letters", order).await);
    assert!(text.contains("市第一医院党委") && text.contains("2人服务2次、3.5小时"), "{text}");
    assert!(text.contains("林秀英") && !text.contains("王建国") && text.contains("另有1人"), "{text}");

    let poster = letters(&station.file("kiosk", "/rankings/2026/poster?large=true").await);
    assert!(poster.contains("2026年志愿服务榜") && poster.contains("2.5小时"), "{poster}");
    assert!(poster.contains("林*英") && !poster.contains("秀"), "names are masked: {poster}");
    assert!(!poster.contains("王*国"), "who has not agreed is left out: {poster}");
}

#[rstest]
#[tokio::test]
async fn many_certificates_are_issued_once_and_a_run_that_was_stopped_goes_on(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let station = Station::open(engine, "ziyang").await;
    for name in ["林秀英", "欧阳𠮷", "陈静"] {
        let id = station.named(name, "市第一医院", true).await;
        station.serve(id, "environment", "2026-10-12", 150).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (url, all) = (station.server.url.clone(), at("all"));
    let run = |more: &[&str]| {
        let whom = ["--scheme", "ziyang", "--handler", "王芳"];
        let period = ["report", "certificates", "--from", "2026-10-01", "--until", "2026-10-31"];
        [&period[..], &whom, more].concat().iter().map(|text| (*text).to_owned()).collect::<Vec<String>>()
    };
    let to_folder = run(&["--folder", &all]);
    let to_folder: Vec<&str> = to_folder.iter().map(String::as_str).collect();
    assert!(aixin_prints(&url, &to_folder).starts_with("3 certificates, 3 of them new"));
    let files = |folder: &str| {
        let listed = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").file_name());
        let mut names: Vec<String> = listed.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    };
    let made = files(&all);
    assert_eq!(made.len(), 4, "{made:?}");
    let first = Path::new(&all).join(&made[0]);
    let bytes = std::fs::read(&first).expect("a file");
    assert!(letters(&bytes).contains("王芳"), "who issued it");
    // As if it had been stopped: one file is missing, a line of the list is cut off.
    std::fs::remove_file(&first).expect("it is there");
    let list = Path::new(&all).join("manifest.jsonl");
    let known = std::fs::read_to_string(&list).expect("a list");
    std::fs::write(&list, &known[..known.len() - 20]).expect("it can be cut");
    assert!(aixin_prints(&url, &to_folder).starts_with("3 certificates, 0 of them new"));
    assert_eq!((files(&all), std::fs::read(&first).expect("a file")), (made, bytes), "the same to the byte");

    let bundle = at("all.pdf");
    let to_file = run(&["--output", &bundle]);
    aixin_prints(&url, &to_file.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(pages(&std::fs::read(&bundle).expect("a file")) >= 3);
    let listed = station.get("auditor", "/certificates").await.expect(200);
    assert_eq!(listed["certificates"].as_array().map(Vec::len), Some(3));
    assert_eq!(listed["certificates"][0]["issued_by"]["name"], "王芳");

    let rare = station.named("ཀ", "市第一医院", true).await;
    station.serve(rare, "environment", "2026-10-12", 150).await;
    let refused = aixin(&url, &to_folder);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && told.contains("U+0F40"), "{told}");
}

#[tokio::test]
async fn letters_passbooks_and_cards_come_from_the_command_line_too() {
    let station = Station::open(Engine::Sqlite, "ziyang").await;
    for name in ["林秀英", "陈静"] {
        let id = station.named(name, "市第一医院", true).await;
        station.serve(id, "environment", "2026-10-12", 150).await;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (url, text) = (station.server.url.clone(), at("thanks.txt"));
    let letters_of = |template: &str| {
        std::fs::write(&text, template).expect("a file");
        let output = at("letters.pdf");
        let arguments = [
            "report",
            "letters",
            "--scheme",
            "ziyang",
            "--template",
            &text,
            "--to",
            "units",
            "--from",
            "2026-10-01",
            "--until",
            "2026-10-31",
            "--output",
            &output,
        ];
        aixin(&url, &arguments)
    };
    let refused = letters_of("{wo}{shi}");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && told.contains("wo, shi;"), "{told}");
    assert!(letters_of("感谢信\n{home_unit}：\n{members} 人").status.success());
    assert!(letters(&std::fs::read(at("letters.pdf")).expect("a file")).contains("市第一医院：2人"));
    let (cards, books) = (at("cards.pdf"), at("books"));
    aixin_prints(&url, &["report", "cards", "--scheme", "ziyang", "--unit", "compound-1", "--output", &cards]);
    assert!(letters(&std::fs::read(&cards).expect("a file")).contains("林秀英"));
    aixin_prints(&url, &["report", "passbooks", "--scheme", "ziyang", "--folder", &books]);
    assert_eq!(std::fs::read_dir(&books).expect("a folder").count(), 3);
    let nowhere = aixin(&url, &["report", "cards", "--scheme", "ziyang"]);
    assert_eq!(nowhere.status.code(), Some(2), "neither a file nor a folder");
}
