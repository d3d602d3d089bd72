//! Day by day: who serves is written down, at once or late, and confirmed, rejected, corrected or complained of.

use super::Year;
use super::account::person;
use super::door::Ask;
use super::plan::{Fate, LATE, Record};
use anyhow::ensure;
use chrono::Datelike;
use serde_json::{Value, json};
use uuid::Uuid;

const TOGETHER: usize = 500;
/// Days until somebody notices that a record is wrong, or complains.
const NOTICED_AFTER: i64 = 5;

impl Year<'_> {
    /// One day, from the morning on.
    pub async fn live(&mut self, day: i64) -> anyhow::Result<()> {
        let date = self.plan.day(day);
        self.at(day, 6);
        if matches!(date.day(), 1 | 20) {
            self.jobs().await?;
        }
        self.teach(day).await?;
        self.at(day, 10);
        self.exchange(day).await?;
        self.wish(day).await?;
        self.at(day, 20);
        let told: Vec<Record> = self.plan.records.iter().filter(|record| record.told_on == day).cloned().collect();
        self.record(&told).await?;
        self.at(day, 21);
        self.decide(&told).await?;
        self.rate(day, &told).await?;
        let noticed = day - NOTICED_AFTER;
        let old: Vec<Record> = self.plan.records.iter().filter(|record| record.told_on == noticed).cloned().collect();
        self.at(day, 22);
        self.correct(&old).await?;
        self.complain(&old).await
    }

    /// After the year: what is written down late, and noticed later still.
    pub async fn close(&mut self) -> anyhow::Result<()> {
        let days = self.plan.days();
        for day in days..=days + LATE + NOTICED_AFTER {
            self.live(day).await?;
        }
        self.jobs().await
    }

    async fn record(&self, told: &[Record]) -> anyhow::Result<()> {
        for records in told.chunks(TOGETHER) {
            let items: Vec<Value> = records.iter().map(|record| self.body(record, record.id, record.minutes)).collect();
            let body = json!({ "items": items });
            let answer = self.door.ask(Ask::post("staff", "/services/batch".to_owned(), body)).await?;
            let created = answer["counts"]["created"].as_u64();
            ensure!(created == Some(records.len() as u64), "a batch was not taken whole: {answer}");
        }
        Ok(())
    }

    fn body(&self, record: &Record, id: Uuid, minutes: i64) -> Value {
        let reason = (record.evidence == "back_filled").then_some("当时没有网络");
        json!({
            "id": id,
            "volunteer_id": person(self.plan, record.volunteer),
            "category": record.category,
            "title": "志愿服务",
            "place": "紫阳社区",
            "content": "按活动安排服务",
            "organiser": "紫阳社区志愿服务站",
            "person_in_charge": "站长",
            "occurred_on": self.plan.day(record.day),
            "minutes": minutes,
            "evidence": record.evidence,
            "reason": reason,
        })
    }

    async fn decide(&mut self, told: &[Record]) -> anyhow::Result<()> {
        let ask = |record: &Record| match record.fate {
            Fate::Rejected => {
                let body = json!({ "reason": "当日未到场" });
                Ask::post("reviewer", format!("/services/{}/reject", record.id), body)
            }
            _ => Ask::post("reviewer", format!("/services/{}/confirm", record.id), json!({})),
        };
        self.door.ask_all(told.iter().map(ask).collect()).await?;
        for record in told.iter().filter(|record| record.fate != Fate::Rejected) {
            self.account.confirm(record);
        }
        Ok(())
    }

    /// A wrong record is reversed, and written down anew.
    async fn correct(&mut self, old: &[Record]) -> anyhow::Result<()> {
        for record in old {
            let Fate::Corrected(minutes) = record.fate else { continue };
            let body = json!({ "reason": "时长记多了" });
            self.door.ask(Ask::post("reviewer", format!("/services/{}/reverse", record.id), body)).await?;
            let anew = Uuid::new_v5(&record.id, b"anew");
            let body = self.body(record, anew, minutes);
            self.door.ask(Ask::put("staff", format!("/services/{anew}"), body)).await?;
            self.door.ask(Ask::post("reviewer", format!("/services/{anew}/confirm"), json!({}))).await?;
            self.account.serve(record.volunteer, record.category, record.evidence, record.minutes, -1);
            self.account.serve(record.volunteer, record.category, record.evidence, minutes, 1);
        }
        Ok(())
    }

    /// Complaints: the hours of those that are upheld become 0.
    async fn complain(&mut self, old: &[Record]) -> anyhow::Result<()> {
        for record in old.iter().filter(|record| matches!(record.fate, Fate::Complained | Fate::Slandered)) {
            let path = format!("/complaints/{}", Uuid::new_v5(&record.id, b"complaint"));
            let body = json!({ "service_id": record.id, "content": "约好了没有来", "complainant": "居民" });
            self.door.ask(Ask::put("kiosk", path.clone(), body)).await?;
            let body = json!({ "finding": "已向双方核实" });
            self.door.ask(Ask::post("staff", format!("{path}/investigate"), body)).await?;
            let upheld = record.fate == Fate::Complained;
            let step = if upheld { "uphold" } else { "dismiss" };
            // Whoever has confirmed the record does not answer.
            let body = json!({ "answer": "已答复" });
            let concerned = Ask::post("reviewer", format!("{path}/{step}"), body.clone()).refused(403);
            self.door.ask(concerned).await?;
            let answer = self.door.ask(Ask::post("second", format!("{path}/{step}"), body)).await?;
            ensure!(answer["effects_due"] == json!(false), "what follows from a complaint is not posted: {answer}");
            if upheld {
                self.account.serve(record.volunteer, record.category, record.evidence, record.minutes, -1);
            }
        }
        Ok(())
    }

    /// Some of those who were served say how it was.
    async fn rate(&self, day: i64, told: &[Record]) -> anyhow::Result<()> {
        let (all, days) = (self.plan.size.ratings as i64, self.plan.days());
        let until = |day: i64| all * day.min(days) / days;
        let count = usize::try_from(until(day + 1) - until(day)).unwrap_or(0);
        let rated = told.iter().filter(|record| record.fate == Fate::Confirmed).take(count);
        let ask = |record: &Record| {
            let body = json!({
                "volunteer_id": person(self.plan, record.volunteer),
                "service_id": record.id,
                "rater": "recipient",
                "stars": 3 + record.minutes % 3,
            });
            Ask::put("kiosk", format!("/ratings/{}", Uuid::new_v5(&record.id, b"rating")), body)
        };
        self.door.ask_all(rated.map(ask).collect()).await.map(|_| ())
    }
}
