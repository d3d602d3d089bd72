//! Day by day: who serves is written down, at once or late, and confirmed, rejected, corrected or complained of.

use super::Year;
use super::account::person;
use super::door::Ask;
use super::plan::{Fate, LATE, Record};
use anyhow::ensure;
use serde_json::{Value, json};
use uuid::Uuid;

const TOGETHER: usize = 500;
/// Days until somebody notices that a record is wrong, or complains.
/// What is before the public counts by then.
const NOTICED_AFTER: i64 = 10;

impl Year<'_> {
    /// One day, from the morning on.
    pub async fn live(&mut self, day: i64) -> anyhow::Result<()> {
        self.at(day, 6);
        self.jobs().await?;
        self.count(day);
        self.teach(day).await?;
        self.at(day, 10);
        self.exchange(day).await?;
        self.wish(day).await?;
        self.object(day).await?;
        self.gather(day).await?;
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
        self.jobs().await?;
        self.count_teams().await
    }

    async fn record(&self, told: &[Record]) -> anyhow::Result<()> {
        for records in told.chunks(TOGETHER) {
            let items: Vec<Value> = records.iter().map(|record| self.body(record)).collect();
            let body = json!({ "items": items });
            let answer = self.door.ask(Ask::post("staff", "/services/batch".to_owned(), body)).await?;
            let created = answer["counts"]["created"].as_u64();
            ensure!(created == Some(records.len() as u64), "a batch was not taken whole: {answer}");
        }
        Ok(())
    }

    fn body(&self, record: &Record) -> Value {
        let reason = (record.evidence == "back_filled").then_some("当时没有网络");
        json!({
            "id": record.id,
            "volunteer_id": person(self.plan, record.volunteer),
            "category": record.category,
            "title": "志愿服务",
            "place": "紫阳社区",
            "content": "按活动安排服务",
            "organiser": "紫阳社区志愿服务站",
            "person_in_charge": "站长",
            "occurred_on": self.plan.day(record.day),
            "minutes": record.minutes,
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
        let answers = self.door.ask_all(told.iter().map(ask).collect()).await?;
        for (record, answer) in told.iter().zip(answers).filter(|(record, _)| record.is_public()) {
            let counts_on = json!(self.plan.day(self.plan.counts_on(record)));
            ensure!(answer["final_on"] == counts_on, "it is shown until another day than {counts_on}: {answer}");
        }
        for record in told.iter().filter(|record| record.fate != Fate::Rejected && !record.is_public()) {
            self.account.confirm(record);
        }
        Ok(())
    }

    /// What was before the public long enough counts from this morning on.
    fn count(&mut self, day: i64) {
        let plan = self.plan;
        let shown = plan.records.iter().filter(|record| record.is_public() && record.fate != Fate::Upheld);
        for record in shown.filter(|record| plan.counts_on(record) == day) {
            self.account.confirm(record);
        }
    }

    /// The day after a record was shown to the public somebody has something against it; whoever has no part in it answers.
    async fn object(&self, day: i64) -> anyhow::Result<()> {
        let shown = self.plan.records.iter().filter(|record| record.told_on == day - 1);
        for record in shown.filter(|record| matches!(record.fate, Fate::Upheld | Fate::Dismissed)) {
            let path = format!("/services/{}/objections/{}", record.id, Uuid::new_v5(&record.id, b"objection"));
            let body = json!({ "content": "当天此人不在现场", "objector": "居民" });
            self.door.ask(Ask::put("kiosk", path.clone(), body)).await?;
            let verdict = if record.fate == Fate::Upheld { "upheld" } else { "dismissed" };
            let body = json!({ "verdict": verdict, "answer": "已核实签到情况" });
            let concerned = Ask::post("reviewer", format!("{path}/answer"), body.clone()).refused(403);
            self.door.ask(concerned).await?;
            let answer = self.door.ask(Ask::post("second", format!("{path}/answer"), body)).await?;
            ensure!(answer["status"] == json!(verdict), "an objection is not answered: {answer}");
        }
        Ok(())
    }

    /// Somebody says that a record is wrong; somebody else finds out whether it is. Then another stands in its place.
    async fn correct(&mut self, old: &[Record]) -> anyhow::Result<()> {
        for record in old {
            let minutes = match record.fate {
                Fate::Corrected(minutes) => minutes,
                Fate::Refused => record.minutes + 60,
                _ => continue,
            };
            let path = format!("/corrections/{}", Uuid::new_v5(&record.id, b"correction"));
            let proposed = json!({ "minutes": minutes });
            let body = json!({ "service_id": record.id, "reason": "时长记错了", "proposed": proposed });
            self.door.ask(Ask::put("kiosk", path.clone(), body)).await?;
            let body = json!({ "answer": "已与负责人核实" });
            if record.fate == Fate::Refused {
                self.door.ask(Ask::post("second", format!("{path}/refuse"), body)).await?;
                continue;
            }
            let answer = self.door.ask(Ask::post("second", format!("{path}/accept"), body)).await?;
            ensure!(answer["new_service_id"].is_string(), "a correction is not done: {answer}");
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
