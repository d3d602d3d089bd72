//! A scheme with people and rewards, for stories below the REST interface.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use db::{Db, Engine};
use scheme::rewards::{self, Kind, RewardDetails, StockChange};
use scheme::rules::Evidence;
use scheme::services::{self, ServiceDetails};
use scheme::volunteers::{self, Consent, VolunteerDetails};
use scheme::{OpenScheme, Operator, Role, Schemes, Settings};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

pub const ZIYANG: &str = include_str!("../data/schemes/ziyang.toml");
pub const HAIYUE: &str = include_str!("../data/schemes/haiyue.toml");
pub const HAILIN: &str = include_str!("../data/schemes/hailin.toml");
pub const HUANGSHI: &str = include_str!("../data/schemes/huangshi.toml");

/// An installation whose clock the test sets.
pub struct World {
    pub schemes: Schemes,
    pub scheme: Arc<OpenScheme>,
    pub db: Db,
    time: Arc<AtomicI64>,
}

pub fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a moment")
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

pub fn operator(role: Role) -> Operator {
    Operator {
        key_id: Uuid::new_v5(&Uuid::nil(), role.as_str().as_bytes()),
        role,
        station: None,
        team: None,
        person: format!("the {role}"),
        volunteer_id: None,
        name: role.to_string(),
    }
}

impl World {
    pub async fn new(engine: Engine, toml: &str) -> World {
        World::on(tests::database(engine).await, toml).await
    }

    /// One more process on a database.
    pub async fn on(db: Db, toml: &str) -> World {
        let time = Arc::new(AtomicI64::new(at("2026-11-22T02:00:00Z").timestamp_micros()));
        let clock = {
            let time = time.clone();
            Arc::new(move || time.load(Ordering::Relaxed))
        };
        let settings = Settings { clock, signing_key: None, origin: "aixin.test".to_owned() };
        let schemes = Schemes::open(db.clone(), settings).await.expect("the installation opens");
        let code = schemes.apply(toml, at("2026-01-01T00:00:00Z")).await.expect("applied").code;
        let scheme = schemes.get(&code).await.expect("the scheme opens");
        World { schemes, scheme, db, time }
    }

    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.time.load(Ordering::Relaxed)).expect("a moment")
    }

    pub fn set(&self, moment: &str) {
        self.time.store(at(moment).timestamp_micros(), Ordering::Relaxed);
    }

    pub fn pass(&self, time: Duration) {
        self.time.fetch_add(time.num_microseconds().expect("a short time"), Ordering::Relaxed);
    }

    pub async fn volunteer(&self, name: &str) -> Uuid {
        let details = VolunteerDetails {
            name: name.to_owned(),
            consent: Consent { record: true, publish: true },
            ..VolunteerDetails::default()
        };
        let id = Uuid::now_v7();
        volunteers::put(&self.scheme, id, details, None, self.now()).await.expect("registered");
        id
    }

    /// Records and confirms a service; answers the record's id.
    pub async fn serve(&self, volunteer: Uuid, category: &str, on: &str, minutes: i64) -> Uuid {
        let id = self.record(volunteer, category, on, minutes, Evidence::SelfScan).await;
        services::confirm(&self.scheme, id, &operator(Role::Reviewer), self.now()).await.expect("confirmed");
        id
    }

    pub async fn record(&self, volunteer: Uuid, category: &str, on: &str, minutes: i64, evidence: Evidence) -> Uuid {
        let id = Uuid::now_v7();
        let details = service(volunteer, category, on, minutes, evidence);
        services::put(&self.scheme, id, details, &operator(Role::Staff), self.now()).await.expect("recorded");
        id
    }

    pub async fn good(&self, price_points: i64, pieces: i64) -> Uuid {
        let reward = self.reward(RewardDetails { price_points, ..details(Kind::Good) }).await;
        self.stock(reward, pieces).await;
        reward
    }

    pub async fn reward(&self, details: RewardDetails) -> Uuid {
        let id = Uuid::now_v7();
        rewards::put(&self.scheme, id, details, None, &operator(Role::SchemeAdmin), self.now()).await.expect("offered");
        id
    }

    pub async fn stock(&self, reward_id: Uuid, change: i64) {
        let change = StockChange {
            id: Uuid::now_v7(),
            reward_id,
            station: "main".to_owned(),
            change,
            reason: "进货".to_owned(),
        };
        rewards::change_stock(&self.scheme, change, &operator(Role::SchemeAdmin), self.now())
            .await
            .expect("on the shelf");
    }

    /// Minutes and points (available, held).
    pub async fn balance(&self, volunteer: Uuid) -> (i64, i64, i64) {
        let balance = scheme::balances::balance(&self.scheme, volunteer, self.now()).await.expect("a balance");
        (balance.minutes, balance.available, balance.held)
    }

    pub async fn assert_verified(&self) {
        let report = scheme::verify::verify(&self.scheme).await.expect("it can be verified");
        assert_eq!(report.findings, []);
    }
}

pub fn details(kind: Kind) -> RewardDetails {
    RewardDetails { hold_minutes: 60, ..RewardDetails::plain(kind, "洗衣液", 10) }
}

pub fn service(volunteer_id: Uuid, category: &str, on: &str, minutes: i64, evidence: Evidence) -> ServiceDetails {
    ServiceDetails {
        volunteer_id,
        category: category.to_owned(),
        title: "垃圾分类值守".to_owned(),
        place: "海悦居民区".to_owned(),
        content: "桶前值守".to_owned(),
        organiser: "海悦居委会".to_owned(),
        person_in_charge: "负责人".to_owned(),
        recipient: None,
        occurred_on: day(on),
        started_at: None,
        ended_at: None,
        minutes: Some(minutes),
        evidence,
        level: None,
        role: None,
        count: None,
        filing_number: Some("备〔2026〕1 号".to_owned()),
        activity_id: None,
        unit: None,
        team: None,
        corrects: None,
        reason: (evidence == Evidence::BackFilled).then(|| "当时没有网络".to_owned()),
    }
}
