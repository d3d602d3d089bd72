//! What comes but now and then: the station opens, courses are held, honours granted; once a month people come for something.

use super::Year;
use super::account::person;
use super::door::Ask;
use super::plan::Plan;
use anyhow::{Context, ensure};
use chrono::Datelike;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use uuid::Uuid;

const SURNAMES: &str = "林陈黄郑吴王李张刘何高谢沈顾朱陆徐钱金潘陶唐蒋俞";
const GIVEN: &str = "秀英建国丽华志强美珍桂兰国平淑贞春梅文斌玉凤永福惠芳明德";
/// Goods and their prices in whole points.
const GOODS: [(&str, i64); 3] = [("抽纸三包", 2), ("洗衣液", 4), ("大米 5 公斤", 6)];
const COURSES: [(i64, &str, &str); 2] = [(30, "first-aid", "急救员培训"), (200, "mediation", "邻里调解培训")];
const HONOURS_ON: i64 = 300;

impl Year<'_> {
    /// Clubs and teams are set up, people register, and goods are put on the shelf.
    pub async fn open(&self) -> anyhow::Result<()> {
        let size = self.plan.size;
        let team = |code: String, name: String, kind: &str| {
            let body = json!({ "name": name, "kind": kind, "unit": "ziyang" });
            // The key of its leader has named the first team already.
            let status = if code == "team-1" { 200 } else { 201 };
            Ask { status, ..Ask::put("staff", format!("/teams/{code}"), body) }
        };
        let clubs = (1..=size.clubs).map(|number| team(format!("club-{number}"), format!("第{number}社团"), "club"));
        let teams =
            (1..=size.teams).map(|number| team(format!("team-{number}"), format!("第{number}服务队"), "service_team"));
        self.door.ask_all(clubs.chain(teams).collect()).await?;
        let body = |volunteer: usize| {
            json!({
                "name": name(volunteer),
                "unit": format!("compound-{}", volunteer % 6 + 1),
                "teams": [group(volunteer, &size)],
                "consent": { "record": true, "publish": !volunteer.is_multiple_of(5) },
            })
        };
        let ask =
            |volunteer| Ask::put("staff", format!("/volunteers/{}", person(self.plan, volunteer)), body(volunteer));
        self.door.ask_all((0..size.volunteers).map(ask).collect()).await?;
        for (name, price) in GOODS {
            let (id, pieces) = (self.good(name), size.volunteers * 12);
            let body =
                json!({ "kind": "good", "name": name, "price_points": price.to_string(), "hold_minutes": 3 * 24 * 60 });
            self.door.ask(Ask::put("scheme_admin", format!("/rewards/{id}"), body)).await?;
            let stock = Uuid::new_v5(&id, b"stock");
            let body = json!({ "id": stock, "station": "main", "change": pieces, "reason": "开年备货" });
            let filled = Ask::post("scheme_admin", format!("/rewards/{id}/stock"), body);
            self.door.ask(Ask { status: 201, ..filled }).await?;
        }
        Ok(())
    }

    /// Whether the teams are those that were set up, with all who are meant to be in them.
    pub async fn count_teams(&self) -> anyhow::Result<()> {
        let size = self.plan.size;
        let answer = self.door.ask(Ask::get("auditor", "/teams?limit=500".to_owned())).await?;
        let teams = answer["teams"].as_array().context("teams")?;
        let of_kind = |kind: &str| {
            let members = teams.iter().filter(|team| team["kind"] == kind).map(|team| team["members"].as_u64());
            members.fold((0, 0), |(teams, people), members| (teams + 1, people + members.unwrap_or_default()))
        };
        let (team_people, all) = (size.team_people as u64, size.volunteers as u64);
        let (clubs, service_teams) = (of_kind("club"), of_kind("service_team"));
        ensure!(clubs == (size.clubs, all - team_people), "clubs and their people: {clubs:?}");
        ensure!(service_teams == (size.teams, team_people), "teams and their people: {service_teams:?}");
        Ok(())
    }

    fn good(&self, name: &str) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{} {name}", self.plan.year).as_bytes())
    }

    /// In the middle of the month some come for something; the day after, some of what was set aside is collected.
    pub async fn exchange(&mut self, day: i64) -> anyhow::Result<()> {
        let date = self.plan.day(day);
        if date.day() != 15 || day >= self.plan.days() {
            return Ok(());
        }
        let mut dice = StdRng::seed_from_u64(u64::from(date.month()));
        let (mut asks, mut later) = (Vec::new(), Vec::new());
        for volunteer in (0..self.plan.size.volunteers).filter(|volunteer| !Plan::saves(*volunteer)) {
            if !dice.random_ratio(1, 3) {
                continue;
            }
            let (name, price) = GOODS[dice.random_range(0..GOODS.len())];
            let id = Uuid::new_v5(&person(self.plan, volunteer), format!("exchange in {}", date.month()).as_bytes());
            let what_becomes = dice.random_range(0..10);
            let body = json!({
                "volunteer_id": person(self.plan, volunteer),
                "reward_id": self.good(name),
                "collect_now": what_becomes < 6,
            });
            let ask = Ask::put("kiosk", format!("/exchanges/{id}"), body);
            if self.account.people[volunteer].available < price * 10 {
                self.account.refused += 1;
                asks.push(ask.refused(422));
                continue;
            }
            asks.push(ask);
            match what_becomes {
                // What nobody collects or cancels comes back when its time is over.
                9 => continue,
                8 => later.push(Ask::post("kiosk", format!("/exchanges/{id}/cancel"), json!({ "reason": "改变主意" }))),
                6 | 7 => later.push(Ask::post("staff", format!("/exchanges/{id}/collect"), json!({}))),
                _ => {}
            }
            if what_becomes != 8 {
                self.account.people[volunteer].available -= price * 10;
                self.account.pieces += 1;
            }
        }
        self.door.ask_all(asks).await?;
        self.at(day, 12);
        self.door.ask_all(later).await.map(|_| ())
    }

    /// Courses, and honours towards the end of the year.
    pub async fn teach(&self, day: i64) -> anyhow::Result<()> {
        let (size, date) = (self.plan.size, self.plan.day(day));
        for (on, code, name) in COURSES {
            if on != day {
                continue;
            }
            let course = self.good(code);
            let body = json!({
                "code": code, "name": name, "content": name, "organiser": "区志愿者协会", "held_on": date, "minutes": 180,
                "valid_months": 24,
            });
            self.door.ask(Ask::put("staff", format!("/trainings/{course}"), body)).await?;
            let ask = |volunteer| {
                let path = format!("/trainings/{course}/attendances/{}", person(self.plan, volunteer));
                Ask::put("staff", path, json!({ "passed": volunteer % 8 != 0 }))
            };
            self.door.ask_all((0..size.trained).map(ask).collect()).await?;
        }
        if day == HONOURS_ON {
            let ask = |volunteer| {
                let person = person(self.plan, volunteer);
                let body = json!({
                    "volunteer_id": person, "name": "优秀志愿者", "granted_on": date, "granting_body": "区文明办",
                    "evidence": "文明〔1〕号",
                });
                Ask::put("staff", format!("/honours/{}", Uuid::new_v5(&person, b"honour")), body)
            };
            self.door.ask_all((0..size.clubs).map(ask).collect()).await?;
        }
        Ok(())
    }
}

/// All people are invented.
fn name(volunteer: usize) -> String {
    let letter = |letters: &str, place: usize| letters.chars().nth(place % letters.chars().count());
    let places = [(SURNAMES, volunteer), (GIVEN, volunteer / 7), (GIVEN, volunteer * 5 + 3)];
    places.iter().filter_map(|(letters, place)| letter(letters, *place)).collect()
}

/// The first are in teams, the others in clubs.
fn group(volunteer: usize, size: &super::plan::Size) -> String {
    match volunteer < size.team_people {
        true => format!("team-{}", volunteer % size.teams + 1),
        false => format!("club-{}", volunteer % size.clubs + 1),
    }
}
