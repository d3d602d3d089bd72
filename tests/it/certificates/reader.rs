//! The public page as an old reader has it before them, measured in a real browser: letters of at least 18 px, a contrast of at
//! least 4.5 to 1, targets of at least 60 px (MIIT's rules of 2020 for elder-friendly pages).

use super::of;
use crate::station::Station;
use db::Engine;
use serde_json::{Value, json};
use std::path::Path;
use tests::browser::{dump_dom, screenshot};
use uuid::Uuid;

/// Writes down what the page has become: the page itself allows no scripts, so it is measured in a copy.
const MEASURE: &str = r#"<script>
const parts = text => text.match(/[\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(part => part / 255)
  .map(part => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
  .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
const ground = element => {
  for (let at = element; at; at = at.parentElement) {
    const colour = parts(getComputedStyle(at).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const contrast = element => {
  const [one, other] = [light(parts(getComputedStyle(element).color)), light(ground(element))];
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
};
const written = element => element.matches('input') ||
  [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
const texts = [...document.querySelectorAll('body *:not(script)')].filter(written);
const targets = [...document.querySelectorAll('a, button, input')].map(one => one.getBoundingClientRect());
const least = numbers => Math.min(...numbers);
document.body.setAttribute('data-measured', JSON.stringify({
  texts: texts.length,
  letters: least(texts.map(one => parseFloat(getComputedStyle(one).fontSize))),
  lines: least(texts.map(one => parseFloat(getComputedStyle(one).lineHeight) / parseFloat(getComputedStyle(one).fontSize))
    .filter(ratio => !isNaN(ratio))),
  contrast: least(texts.map(contrast)),
  targets: targets.length,
  width: least(targets.map(one => one.width)),
  height: least(targets.map(one => one.height)),
  overflow: document.documentElement.scrollWidth - window.innerWidth,
}));
</script>"#;

fn copy(folder: &Path, name: &str, html: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, html).expect("a file");
    format!("file://{}", path.display())
}

fn measured(folder: &Path, html: &str) -> Value {
    let dom = dump_dom(&copy(folder, "measured.html", &html.replace("</body>", &format!("{MEASURE}</body>"))));
    let text = dom.split("data-measured=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("it was measured");
    serde_json::from_str(&text.replace("&quot;", "\"")).expect("what was measured is JSON")
}

fn number(measured: &Value, name: &str) -> f64 {
    measured[name].as_f64().unwrap_or_else(|| panic!("{name}: {measured}"))
}

#[tokio::test]
async fn a_reader_of_seventy_can_read_the_page_and_hit_what_is_to_be_hit() {
    let station = Station::served(Engine::Sqlite, "ziyang", &["--rate-strangers", "0"]).await;
    let lin = station.volunteer("林秀英").await;
    station.serve(lin, "environment", "2026-10-12", 90).await;
    let (good, bad) = (Uuid::now_v7(), Uuid::now_v7());
    let mut paths = vec!["/c".to_owned(), "/c/ZIYANG-2026-000001?k=222222222".to_owned()];
    for id in [good, bad] {
        let issued = station.certificate(id, of(lin)).await;
        let text = |field: &str| issued[field].as_str().expect("a text").to_owned();
        paths.push(format!("/c/{}?k={}", text("number"), text("check_code")));
    }
    station.post("reviewer", &format!("/certificates/{bad}/revoke"), json!({ "reason": "冒领" })).await.expect(200);
    let folder = tempfile::tempdir().expect("a folder");
    for path in paths {
        let html = station.server.get(&path, "").await.text;
        let measured = measured(folder.path(), &html);
        assert!(number(&measured, "texts") >= 4.0, "{path}: {measured}");
        assert!(number(&measured, "letters") >= 18.0, "{path}: {measured}");
        assert!(number(&measured, "lines") >= 1.3, "{path}: {measured}");
        assert!(number(&measured, "contrast") >= 4.5, "{path}: {measured}");
        assert!(number(&measured, "targets") >= 1.0, "{path}: {measured}");
        assert!(number(&measured, "width") >= 60.0 && number(&measured, "height") >= 60.0, "{path}: {measured}");
        assert!(number(&measured, "overflow") <= 0.0, "{path}: {measured}");
        println!("{path}: {measured}");
    }
    // A browser takes the style that the page's policy names, and shows the page as the copy was measured.
    let (served, copied) = (folder.path().join("served.png"), folder.path().join("copied.png"));
    screenshot(&format!("{}/c", station.server.base), &served);
    let html = station.server.get("/c", "").await.text;
    screenshot(&copy(folder.path(), "copy.html", &html), &copied);
    let bare = folder.path().join("bare.png");
    let (head, rest) = html.split_once("<style>").expect("a style");
    let unstyled = format!("{head}{}", rest.split_once("</style>").expect("its end").1);
    screenshot(&copy(folder.path(), "bare.html", &unstyled), &bare);
    let dots = |path: &Path| std::fs::read(path).expect("a picture");
    assert_eq!(dots(&served), dots(&copied));
    assert_ne!(dots(&served), dots(&bare));
}
