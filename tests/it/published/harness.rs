//! A published scheme with people in it, whose clock the test sets: everything goes through the scheme's operations.

use crate::world::{World, details, operator, service};
use chrono::{Days, NaiveDate};
use db::Engine;
use scheme::Role;
use scheme::balances::{self, Balance};
use scheme::exchanges::{self, Exchange, ExchangeError, Wish};
use scheme::levels::{self, OnLadder};
use scheme::rewards::{Kind, RewardDetails};
use scheme::rules::Evidence;
use scheme::services::{self, Confirmation, Decision, ServiceDetails, ServiceError};
use scheme::volunteers::{self, Consent, VolunteerDetails};
use uuid::Uuid;

/// A scheme of `tests/data/schemes`, as it was published.
pub struct Published {
    pub world: World,
}

/// The text of a scheme's configuration.
pub fn text_of(code: &str) -> String {
    let path = format!("{}/data/schemes/{code}.toml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).expect(&path)
}

impl Published {
    /// The scheme on the morning of `today`.
    pub async fn open(engine: Engine, code: &str, today: &str) -> Published {
        let published = Published { world: World::new(engine, &text_of(code)).await };
        published.today(today);
        published
    }

    /// Ten o'clock in the morning of that day, in China.
    pub fn today(&self, day: &str) {
        self.world.set(&format!("{day}T02:00:00Z"));
    }

    pub async fn volunteer(&self) -> Uuid {
        self.volunteer_with(|_| ()).await
    }

    /// A volunteer of whom the rules know more.
    pub async fn volunteer_with(&self, set: impl FnOnce(&mut VolunteerDetails)) -> Uuid {
        let id = Uuid::now_v7();
        let mut details = VolunteerDetails {
            name: "志愿者".to_owned(),
            consent: Consent { record: true, publish: true },
            ..VolunteerDetails::default()
        };
        set(&mut details);
        volunteers::put(&self.world.scheme, id, details, None, self.world.now()).await.expect("registered");
        id
    }

    /// The office marks a volunteer with a label.
    pub async fn mark(&self, volunteer: Uuid, label: &str) {
        let known = volunteers::get(&self.world.scheme, volunteer).await.expect("registered");
        let mut labels = known.labels.clone();
        labels.insert(label.to_owned());
        let details = VolunteerDetails {
            name: known.name.clone(),
            birth_date: known.birth_date,
            teams: known.teams.clone(),
            kind: known.kind,
            gender: known.gender,
            residence: known.residence.clone(),
            labels,
            consent: known.consent,
            ..VolunteerDetails::default()
        };
        volunteers::put(&self.world.scheme, volunteer, details, None, self.world.now()).await.expect("changed");
    }

    /// Puts a deed on record today.
    pub async fn record(&self, deed: &Deed) -> Result<Uuid, ServiceError> {
        let id = Uuid::now_v7();
        let today = self.world.scheme.config().day_of(self.world.now());
        let details = deed.details(today);
        services::put(&self.world.scheme, id, details, &operator(Role::Staff), self.world.now()).await?;
        Ok(id)
    }

    /// Confirms a record today.
    pub async fn confirm(&self, id: Uuid, decided: Option<i64>) -> Result<Decision, ServiceError> {
        let confirmation = Confirmation { points: decided, lift_caps: false, reason: decided.map(|_| "认定") };
        services::confirm_with(&self.world.scheme, id, confirmation, &operator(Role::Reviewer), self.world.now()).await
    }

    /// Records and confirms a deed today: what it was credited, in minutes and points.
    pub async fn earn(&self, deed: Deed) -> (i64, i64) {
        let id = self.record(&deed).await.expect("recorded");
        let decision = self.confirm(id, deed.decided).await.expect("confirmed");
        (decision.service.credited_minutes.unwrap_or_default(), decision.service.points.unwrap_or_default())
    }

    /// Records and confirms so many minutes as deeds like `deed`, which are of one day each and end today: all they were credited.
    pub async fn earn_over_days(&self, deed: &Deed, minutes: i64, each: i64) -> (i64, i64) {
        let today = self.world.scheme.config().day_of(self.world.now());
        let (mut left, mut day, mut sum) = (minutes, today, (0, 0));
        while left > 0 {
            let (credited, points) = self.earn(deed.clone().minutes(left.min(each)).on(day)).await;
            sum = (sum.0 + credited, sum.1 + points);
            left -= each;
            day = day - Days::new(1);
        }
        sum
    }

    /// Takes a confirmed record back, as after a complaint.
    pub async fn reverse(&self, id: Uuid) -> Result<Decision, ServiceError> {
        let reviewer = operator(Role::Reviewer);
        services::reverse(&self.world.scheme, id, Some("投诉属实"), false, &reviewer, self.world.now()).await
    }

    /// Minutes and points that can be spent.
    pub async fn has(&self, volunteer: Uuid) -> (i64, i64) {
        let (minutes, available, _) = self.world.balance(volunteer).await;
        (minutes, available)
    }

    /// What is in a book of account beside hours and points.
    pub async fn account(&self, volunteer: Uuid, code: &str) -> i64 {
        let balance = self.balance(volunteer).await;
        balance.accounts.iter().find(|account| account.code == code).expect("an account").available
    }

    /// What is in the donation pool of an account.
    pub async fn pool(&self, account: &str) -> i64 {
        let view = self.world.scheme.book.standings(&[format!("pool/{account}").into()]).await.expect("a view");
        view.lots.iter().flatten().map(|standing| standing.balance).sum()
    }

    pub async fn is_frozen(&self, volunteer: Uuid) -> bool {
        self.balance(volunteer).await.frozen
    }

    async fn balance(&self, volunteer: Uuid) -> Balance {
        balances::balance(&self.world.scheme, volunteer, self.world.now()).await.expect("a balance")
    }

    /// The highest step of a ladder that the volunteer holds.
    pub async fn step(&self, volunteer: Uuid, ladder: &str) -> Option<String> {
        self.on_ladder(volunteer, ladder).await.held.last().map(|held| held.step.code.clone())
    }

    pub async fn on_ladder(&self, volunteer: Uuid, ladder: &str) -> OnLadder {
        let standings = levels::standings(&self.world.scheme, volunteer, self.world.now()).await.expect("standings");
        standings.ladders.into_iter().find(|known| known.code == ladder).expect("a ladder")
    }

    /// Pieces of something on the shelf that belongs to a group of rewards.
    pub async fn reward(&self, group: &str, price_points: i64) -> Uuid {
        let group = Some(group.to_owned());
        let reward = self.world.reward(RewardDetails { price_points, group, ..details(Kind::Good) }).await;
        self.world.stock(reward, 9).await;
        reward
    }

    /// Exchanges one piece, handed over at once.
    pub async fn exchange(&self, volunteer: Uuid, reward: Uuid) -> Result<Exchange, ExchangeError> {
        self.exchange_as(wish(volunteer, reward)).await
    }

    pub async fn exchange_as(&self, wish: Wish) -> Result<Exchange, ExchangeError> {
        let kiosk = operator(Role::Kiosk);
        exchanges::exchange(&self.world.scheme, wish, &kiosk, self.world.now()).await.map(|(exchange, _)| exchange)
    }

    pub async fn assert_verified(&self) {
        self.world.assert_verified().await;
    }
}

/// One piece, handed over at once.
pub fn wish(volunteer_id: Uuid, reward_id: Uuid) -> Wish {
    Wish {
        id: Uuid::now_v7(),
        volunteer_id,
        reward_id,
        quantity: 1,
        station: None,
        session_id: None,
        collect_now: true,
        beneficiary: None,
        bill: None,
    }
}

/// A service or an event to be recorded.
#[derive(Clone)]
pub struct Deed {
    volunteer: Uuid,
    category: &'static str,
    minutes: Option<i64>,
    on: Option<NaiveDate>,
    evidence: Evidence,
    level: Option<&'static str>,
    count: Option<i64>,
    filed: bool,
    pub decided: Option<i64>,
}

impl Deed {
    /// Something that lasts no time, of today.
    pub fn event(volunteer: Uuid, category: &'static str) -> Deed {
        let (minutes, on, evidence) = (None, None, Evidence::SelfScan);
        Deed { volunteer, category, minutes, on, evidence, level: None, count: None, filed: true, decided: None }
    }

    /// A service of today.
    pub fn service(volunteer: Uuid, category: &'static str, minutes: i64) -> Deed {
        Deed::event(volunteer, category).minutes(minutes)
    }

    pub fn minutes(self, minutes: i64) -> Deed {
        Deed { minutes: Some(minutes), ..self }
    }

    pub fn on(self, day: NaiveDate) -> Deed {
        Deed { on: Some(day), ..self }
    }

    pub fn evidence(self, evidence: Evidence) -> Deed {
        Deed { evidence, ..self }
    }

    pub fn level(self, level: &'static str) -> Deed {
        Deed { level: Some(level), ..self }
    }

    pub fn count(self, count: i64) -> Deed {
        Deed { count: Some(count), ..self }
    }

    /// Of an activity that was filed with nobody.
    pub fn not_filed(self) -> Deed {
        Deed { filed: false, ..self }
    }

    /// With the points out of the range that whoever confirms decides on.
    pub fn decided(self, points: i64) -> Deed {
        Deed { decided: Some(points), ..self }
    }

    fn details(&self, today: NaiveDate) -> ServiceDetails {
        let on = self.on.unwrap_or(today).to_string();
        let filed = service(self.volunteer, self.category, &on, 0, self.evidence);
        ServiceDetails {
            filing_number: filed.filing_number.filter(|_| self.filed),
            minutes: self.minutes,
            level: self.level.map(str::to_owned),
            count: self.count,
            ..filed
        }
    }
}
