//! Wishes: each is published and claimed on one day, fulfilled on the next, then rated, then confirmed.

use super::Year;
use super::account::person;
use super::door::Ask;
use super::plan::{TEAM, TEAM_WISH_MINUTES, WISH_MINUTES, is_team_wish};
use serde_json::{Value, json};
use uuid::Uuid;

/// The last wish is published on this day.
const LAST_DAY: usize = 340;
const CATEGORY: &str = "elderly_care";
/// Whole points, for each who takes part.
const POINTS: i64 = 2;
const TEAM_POINTS: i64 = 1;

impl Year<'_> {
    pub async fn wish(&mut self, day: i64) -> anyhow::Result<()> {
        for wish in 0..self.plan.size.wishes {
            let published_on = i64::try_from((wish + 1) * LAST_DAY / self.plan.size.wishes)?;
            match day - published_on {
                0 => self.publish(wish).await?,
                1 => self.fulfil(wish).await?,
                2 => self.thank(wish).await?,
                3 => self.confirm_wish(wish).await?,
                _ => {}
            }
        }
        Ok(())
    }

    fn wish_path(&self, wish: usize) -> (String, String) {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{} wish {wish}", self.plan.year).as_bytes());
        (format!("/wishes/{id}"), format!("/wishes/{id}/claims/{}", Uuid::new_v5(&id, b"claim")))
    }

    /// Those who fulfil it.
    fn helpers(&self, wish: usize) -> Vec<usize> {
        let people = if is_team_wish(wish) { TEAM } else { 1 };
        (0..people).map(|helper| (wish * 7 + helper * 11) % self.plan.size.volunteers).collect()
    }

    /// Who claims and reports it.
    fn actor(wish: usize) -> &'static str {
        if is_team_wish(wish) { "leader" } else { "staff" }
    }

    async fn publish(&self, wish: usize) -> anyhow::Result<()> {
        let (path, claim) = self.wish_path(wish);
        let is_team = is_team_wish(wish);
        let (minutes, points, people) =
            if is_team { (TEAM_WISH_MINUTES, TEAM_POINTS, TEAM) } else { (WISH_MINUTES, POINTS, 1) };
        let body = json!({
            "kind": if is_team { "project" } else { "wish" },
            "title": if is_team { "修整楼前花坛" } else { "陪老人去医院" },
            "content": "居民提出的微心愿",
            "recipient": "居民",
            "category": CATEGORY,
            "unit": format!("compound-{}", wish % 6 + 1),
            "minutes": minutes,
            "points": points.to_string(),
            "per_person": true,
            "people": people,
            "deadline_on": self.plan.day(self.plan.days() + 30),
        });
        self.door.ask(Ask::put("kiosk", path.clone(), body)).await?;
        self.door.ask(Ask::post("staff", format!("{path}/publish"), Value::Null)).await?;
        let claimant = match is_team {
            true => json!({ "kind": "team", "id": "team-1" }),
            false => json!({ "kind": "volunteer", "id": person(self.plan, self.helpers(wish)[0]) }),
        };
        self.door.ask(Ask::put(Self::actor(wish), claim, json!({ "claimant": claimant }))).await?;
        // A second one comes too late.
        let late = Ask::put("staff", format!("{path}/claims/{}", Uuid::new_v4()), json!({ "claimant": claimant }));
        self.door.ask(late.refused(409)).await.map(|_| ())
    }

    async fn fulfil(&self, wish: usize) -> anyhow::Result<()> {
        let share = |helper: usize| json!({ "volunteer_id": person(self.plan, helper) });
        let shares: Vec<Value> = self.helpers(wish).into_iter().map(share).collect();
        let body = json!({ "report": "已完成", "shares": shares });
        let (_, claim) = self.wish_path(wish);
        self.door.ask(Ask::post(Self::actor(wish), format!("{claim}/fulfil"), body)).await.map(|_| ())
    }

    async fn thank(&self, wish: usize) -> anyhow::Result<()> {
        let (_, claim) = self.wish_path(wish);
        let body = json!({ "stars": 5, "thanks": "谢谢你们" });
        self.door.ask(Ask::post("kiosk", format!("{claim}/rate"), body)).await.map(|_| ())
    }

    async fn confirm_wish(&mut self, wish: usize) -> anyhow::Result<()> {
        let (_, claim) = self.wish_path(wish);
        let answer = self.door.ask(Ask::post("reviewer", format!("{claim}/confirm"), Value::Null)).await?;
        anyhow::ensure!(answer["status"] == json!("posted"), "a wish is not posted: {answer}");
        let (minutes, points) = match is_team_wish(wish) {
            true => (TEAM_WISH_MINUTES, TEAM_POINTS),
            false => (WISH_MINUTES, POINTS),
        };
        for helper in self.helpers(wish) {
            self.account.serve(helper, CATEGORY, "leader_confirmed", minutes, 1);
            self.account.give(helper, points * 10);
        }
        Ok(())
    }
}
