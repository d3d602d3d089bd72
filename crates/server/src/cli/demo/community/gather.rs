//! Activities: published, signed up for, waited for, held or called off. Who comes signs in and out at the kiosk, before the leader,
//! or at a kiosk that is off line; one does not come, and one forgets to sign out.

use super::account::person;
use super::door::Ask;
use super::plan::{ACTIVITY_CATEGORY, ACTIVITY_MINUTES, Activity};
use super::{Year, moment};
use anyhow::{Context, ensure};
use chrono::{Duration, SecondsFormat};
use serde_json::{Value, json};
use uuid::Uuid;

/// Days from publishing to the activity.
const AHEAD: i64 = 3;
const BEGINS: u32 = 13;
/// By how much the clock of the kiosk that is off line is slow.
const SLOW_MINUTES: i64 = 60;
/// Of those who have a place: who does not come, and who forgets to sign out.
const ABSENT: usize = 0;
const FORGETFUL: usize = 1;

/// How somebody signs in and out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Kiosk,
    Leader,
    Queue,
}

impl Way {
    fn of(place: usize) -> Way {
        match place % 3 {
            1 => Way::Kiosk,
            2 => Way::Leader,
            _ => Way::Queue,
        }
    }
}

impl Year<'_> {
    pub async fn gather(&mut self, day: i64) -> anyhow::Result<()> {
        let plan = self.plan;
        for activity in &plan.activities {
            match day - activity.day {
                since if since == -AHEAD => self.invite(activity).await?,
                -1 if activity.is_cancelled => self.call_off(activity).await?,
                0 if !activity.is_cancelled => self.hold(activity).await?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Published, and signed up for: two wait, and the first of them gets the place of one who cancels.
    async fn invite(&self, activity: &Activity) -> anyhow::Result<()> {
        let begin = moment(self.plan.day(activity.day), BEGINS);
        let path = format!("/activities/{}", activity.id);
        let body = json!({
            "title": "周末清洁日", "content": "清扫楼道，整理非机动车", "category": ACTIVITY_CATEGORY, "team": "team-1",
            "station": "main", "place": "第一小区", "organiser": "紫阳社区志愿服务站", "person_in_charge": "站长",
            "starts_at": begin, "ends_at": begin + Duration::minutes(ACTIVITY_MINUTES),
            "capacity": activity.capacity(), "waiting_list": true,
            "posts": [
                { "code": "gate", "name": "守门登记", "capacity": 1 },
                { "code": "cleaning", "name": "清扫", "capacity": activity.capacity() - 1 },
            ],
        });
        self.door.ask(Ask::put("staff", path.clone(), body)).await?;
        self.door.ask(Ask::post("staff", format!("{path}/publish"), json!({}))).await?;
        let ask = |(place, volunteer): (usize, &usize)| {
            let post = if place == 0 { "gate" } else { "cleaning" };
            let signup = format!("{path}/signups/{}", person(self.plan, *volunteer));
            Ask::put("kiosk", signup, json!({ "post": post }))
        };
        self.door.ask_all(activity.signed_up().iter().enumerate().map(ask).collect()).await?;
        for volunteer in activity.waiting() {
            let answer = self.door.ask(ask((1, volunteer))).await?;
            ensure!(answer["status"] == "waiting", "there was a place left: {answer}");
        }
        let gives_up = format!("{path}/signups/{}/cancel", person(self.plan, activity.gives_up()));
        self.door.ask(Ask::post("kiosk", gives_up, Value::Null)).await?;
        let answer = self.door.ask(Ask::get("staff", path)).await?;
        let known = (&answer["signed_up"], &answer["waiting"]);
        ensure!(known == (&json!(activity.capacity()), &json!(1)), "the place was not given on: {answer}");
        Ok(())
    }

    async fn call_off(&self, activity: &Activity) -> anyhow::Result<()> {
        let path = format!("/activities/{}/cancel", activity.id);
        let answer = self.door.ask(Ask::post("staff", path, json!({ "reason": "台风预警" }))).await?;
        ensure!(answer["status"] == "cancelled", "it was not called off: {answer}");
        Ok(())
    }

    /// Everybody stays from the beginning to the end.
    async fn hold(&mut self, activity: &Activity) -> anyhow::Result<()> {
        self.at(activity.day, BEGINS);
        let come: Vec<(usize, usize)> =
            activity.with_place().into_iter().enumerate().filter(|(place, _)| *place != ABSENT).collect();
        let there = come.iter().filter(|(place, _)| Way::of(*place) != Way::Queue);
        self.door.ask_all(there.clone().map(|one| self.punch(activity, "in", *one)).collect()).await?;
        self.until(activity, 0);
        let leave = there.filter(|(place, _)| *place != FORGETFUL);
        self.door.ask_all(leave.map(|one| self.punch(activity, "out", *one)).collect()).await?;
        self.until(activity, 10);
        self.send_queue(activity, &come).await?;
        let absent = person(self.plan, activity.with_place()[ABSENT]);
        let missed = format!("/activities/{}/signups/{absent}/no-show", activity.id);
        self.door.ask(Ask::post("leader", missed, Value::Null)).await?;
        // Whoever forgot to sign out is signed out.
        self.until(activity, 45);
        self.jobs().await?;
        self.vouch(activity, come.len()).await?;
        for (_, volunteer) in come {
            self.account.serve(volunteer, ACTIVITY_CATEGORY, "kiosk", ACTIVITY_MINUTES, 1);
        }
        Ok(())
    }

    /// Puts the clock so many minutes after its end.
    fn until(&self, activity: &Activity, minutes: i64) {
        let begin = moment(self.plan.day(activity.day), BEGINS);
        self.clock.put(begin + Duration::minutes(ACTIVITY_MINUTES + minutes));
    }

    fn punch(&self, activity: &Activity, kind: &str, (place, volunteer): (usize, usize)) -> Ask {
        let id = punch_id(activity, kind, volunteer);
        let body = json!({ "kind": kind, "volunteer_id": person(self.plan, volunteer), "activity_id": activity.id });
        let who = if Way::of(place) == Way::Leader { "leader" } else { "kiosk" };
        Ask::put(who, format!("/presence/{id}"), body)
    }

    /// What a kiosk has kept while it was off line: once more than needed, and of somebody whom nobody knows.
    async fn send_queue(&self, activity: &Activity, come: &[(usize, usize)]) -> anyhow::Result<()> {
        let begin = moment(self.plan.day(activity.day), BEGINS);
        let slow = |minutes: i64| {
            let time = begin + Duration::minutes(minutes - SLOW_MINUTES);
            time.to_rfc3339_opts(SecondsFormat::Secs, true)
        };
        let item = |kind: &str, id: Uuid, volunteer: Uuid, minutes: i64| {
            json!({
                "id": id, "kind": kind, "volunteer_id": volunteer, "activity_id": activity.id,
                "device_time": slow(minutes),
            })
        };
        let mut items = Vec::new();
        for (_, volunteer) in come.iter().filter(|(place, _)| Way::of(*place) == Way::Queue) {
            for (kind, minutes) in [("in", 0), ("out", ACTIVITY_MINUTES)] {
                let id = punch_id(activity, kind, *volunteer);
                items.push(item(kind, id, person(self.plan, *volunteer), minutes));
            }
        }
        let created = items.len();
        items.extend(items.first().cloned());
        let nobody = Uuid::new_v5(&activity.id, b"nobody");
        items.push(item("in", Uuid::new_v5(&nobody, b"in"), nobody, 0));
        let body = json!({ "device": "kiosk-2", "device_clock": slow(ACTIVITY_MINUTES + 10), "items": items });
        let answer = self.door.ask(Ask::post("kiosk", "/presence/batch".to_owned(), body)).await?;
        let counts = json!({ "created": created, "replayed": 1, "rejected": 1, "not_attempted": 0 });
        ensure!(answer["counts"] == counts, "a queue was not taken as it was meant: {answer}");
        Ok(())
    }

    /// Somebody else confirms what the presences became, that of the forgetful one too.
    async fn vouch(&self, activity: &Activity, come: usize) -> anyhow::Result<()> {
        let list = format!("/presence?activity_id={}&limit=200", activity.id);
        let answer = self.door.ask(Ask::get("staff", list)).await?;
        let presences = answer["presences"].as_array().context("presences")?;
        let forgotten = presences.iter().filter(|presence| presence["closed_automatically"] == true).count();
        ensure!(
            presences.len() == come && forgotten == 1,
            "{come} came and one forgot to leave, and it is known: {answer}"
        );
        let mut asks = Vec::new();
        for presence in presences {
            let service = presence["service_id"].as_str().context("a presence makes a record")?;
            asks.push(Ask::post("reviewer", format!("/services/{service}/confirm"), json!({})));
        }
        self.door.ask_all(asks).await.map(|_| ())
    }
}

fn punch_id(activity: &Activity, kind: &str, volunteer: usize) -> Uuid {
    Uuid::new_v5(&activity.id, format!("{kind} {volunteer}").as_bytes())
}
