//! Some months of a station's life, lived through the same functions as everybody else's.

use super::cast::{Kindness, Offer, Stage};
use super::{Held, SteppedClock};
use crate::clock::wall_clock;
use anyhow::Context;
use chrono::{DateTime, Duration, NaiveDate, NaiveTime, TimeZone, Utc};
use futures::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use scheme::exchanges::{self, ExchangeError, Wish};
use scheme::keys::Operator;
use scheme::rewards::{self, Kind, RewardDetails, Session, StockChange};
use scheme::rules::Evidence;
use scheme::services::{self, ServiceDetails};
use scheme::volunteers::{self, Consent, VolunteerDetails};
use scheme::{OpenScheme, Role, Schemes};
use uuid::Uuid;

pub const LENGTH: Duration = Duration::days(120);
/// Days at the end whose records wait for a reviewer.
const UNDECIDED_DAYS: i64 = 3;
const HOLD_MINUTES: i64 = 3 * 24 * 60;

/// What is the same in every demonstration, so that examples can be repeated.
pub fn id_of(stage: &Stage, name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("demo/{}/{name}", stage.code).as_bytes())
}

struct Play<'p> {
    stage: &'p Stage,
    scheme: &'p OpenScheme,
    clock: &'p SteppedClock,
    staff: &'p Operator,
    reviewer: &'p Operator,
    kiosk: &'p Operator,
    admin: &'p Operator,
    /// The same dice in every demonstration.
    dice: StdRng,
}

pub async fn play(schemes: &Schemes, stage: &Stage, held: &[Held], clock: &SteppedClock) -> anyhow::Result<()> {
    let who = |role| held.iter().find(|key| key.role == role).map(|key| &key.operator).context("every role has a key");
    let scheme = schemes.get(stage.code).await?;
    let mut play = Play {
        stage,
        scheme: &scheme,
        clock,
        staff: who(Role::Staff)?,
        reviewer: who(Role::Reviewer)?,
        kiosk: who(Role::Kiosk)?,
        admin: who(Role::SchemeAdmin)?,
        dice: StdRng::seed_from_u64(67),
    };
    let today = scheme.config().day_of(wall_clock());
    let first = today - LENGTH;
    play.open(first).await?;
    for day in first.iter_days().take_while(|day| *day < today) {
        play.live(day, day < today - Duration::days(UNDECIDED_DAYS)).await?;
    }
    play.offer_next_session(today).await
}

impl Play<'_> {
    /// The station opens: people sign up, rewards are offered and put on the shelf.
    async fn open(&self, day: NaiveDate) -> anyhow::Result<()> {
        let now = self.at(day, 8);
        for (place, person) in self.stage.people.iter().enumerate() {
            let details = VolunteerDetails {
                name: person.0.to_owned(),
                phone: Some(format!("1380000{place:04}")),
                birth_date: NaiveDate::from_ymd_opt(1950 + place as i32, 5, 4),
                unit: Some(person.1.to_owned()),
                consent: Consent { record: true, publish: place % 4 != 3 },
                ..VolunteerDetails::default()
            };
            volunteers::put(self.scheme, id_of(self.stage, person.0), details, None, now).await?;
        }
        for offer in self.stage.rewards {
            let id = id_of(self.stage, offer.name);
            rewards::put(self.scheme, id, self.details(offer), None, self.admin, now).await?;
            if offer.kind == Kind::Good {
                let (reason, station) = ("开业备货".to_owned(), "main".to_owned());
                let stock = id_of(self.stage, &format!("stock of {}", offer.name));
                let change = StockChange { id: stock, reward_id: id, station, change: offer.pieces, reason };
                rewards::change_stock(self.scheme, change, self.admin, now).await?;
            }
        }
        Ok(())
    }

    fn details(&self, offer: &Offer) -> RewardDetails {
        let points = offer.points * 10_i64.pow(self.scheme.config().points_scale.into());
        RewardDetails {
            price_cash: offer.cash.map(|yuan| yuan * 100),
            limit: offer.limit,
            hold_minutes: HOLD_MINUTES,
            sponsor: offer.sponsor.map(str::to_owned),
            ..RewardDetails::plain(offer.kind, offer.name, points)
        }
    }

    /// A day: who serves is written down and, in time, confirmed; some come for a reward.
    async fn live(&mut self, day: NaiveDate, decided: bool) -> anyhow::Result<()> {
        let now = self.at(day, 20);
        let mut records = Vec::new();
        for person in self.stage.people {
            if self.dice.random_ratio(person.2, 10) {
                let kindness = &self.stage.services[self.dice.random_range(0..self.stage.services.len())];
                let id = id_of(self.stage, &format!("{} on {day}", person.0));
                records.push((id, service(id_of(self.stage, person.0), kindness, day)));
            }
        }
        let ids: Vec<Uuid> = records.iter().map(|(id, _)| *id).collect();
        for written in services::put_many(self.scheme, records, self.staff, now).await? {
            written?;
        }
        if decided {
            let now = self.at(day, 21);
            self.decide(&ids, now).await?;
        }
        self.visit(day).await
    }

    async fn decide(&mut self, ids: &[Uuid], now: DateTime<Utc>) -> anyhow::Result<()> {
        let (bad, good) = match self.dice.random_ratio(1, 40) {
            true => ids.split_at(ids.len().min(1)),
            false => ids.split_at(0),
        };
        for id in bad {
            services::reject(self.scheme, *id, Some("当日未到场"), self.reviewer, now).await?;
        }
        let confirmed = good.iter().map(|id| services::confirm(self.scheme, *id, self.reviewer, now));
        for decision in join_all(confirmed).await {
            decision?;
        }
        Ok(())
    }

    /// One volunteer in ten comes for something, and takes it, leaves it for later, or changes their mind.
    async fn visit(&mut self, day: NaiveDate) -> anyhow::Result<()> {
        let goods: Vec<&Offer> = self.stage.rewards.iter().filter(|offer| offer.kind == Kind::Good).collect();
        for person in self.stage.people {
            if !self.dice.random_ratio(1, 10) {
                continue;
            }
            let offer = goods[self.dice.random_range(0..goods.len())];
            let id = id_of(self.stage, &format!("{} for {} on {day}", offer.name, person.0));
            let wish = Wish {
                id,
                volunteer_id: id_of(self.stage, person.0),
                reward_id: id_of(self.stage, offer.name),
                quantity: 1,
                station: None,
                session_id: None,
                collect_now: self.dice.random_ratio(1, 2),
                beneficiary: None,
                bill: None,
            };
            let (now, collect_now) = (self.at(day, 22), wish.collect_now);
            match exchanges::exchange(self.scheme, wish, self.kiosk, now).await {
                Ok(_) if collect_now => {}
                Ok(_) if self.dice.random_ratio(1, 6) => {
                    exchanges::cancel(self.scheme, id, Some("改变主意"), self.kiosk, now).await?;
                }
                Ok(_) => drop(exchanges::collect(self.scheme, id, None, self.staff, now).await?),
                Err(ExchangeError::InsufficientPoints { .. } | ExchangeError::OutOfStock { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Next week's session of each service, with the first seats taken.
    async fn offer_next_session(&self, today: NaiveDate) -> anyhow::Result<()> {
        let now = wall_clock();
        self.clock.put(now);
        let day = today + Duration::days(7);
        for offer in self.stage.rewards.iter().filter(|offer| offer.kind == Kind::Service) {
            let (reward_id, id) =
                (id_of(self.stage, offer.name), id_of(self.stage, &format!("session of {}", offer.name)));
            let (starts_at, ends_at) = (self.moment(day, 9), self.moment(day, 11));
            let session = Session {
                id,
                reward_id,
                station: "main".to_owned(),
                starts_at,
                ends_at,
                seats: offer.pieces,
                ..Session::default()
            };
            rewards::put_session(self.scheme, session, self.admin, now).await?;
            for person in &self.stage.people[..3] {
                let wish = Wish {
                    id: id_of(self.stage, &format!("{} for {}", offer.name, person.0)),
                    volunteer_id: id_of(self.stage, person.0),
                    reward_id,
                    quantity: 1,
                    station: None,
                    session_id: Some(id),
                    collect_now: false,
                    beneficiary: None,
                    bill: None,
                };
                match exchanges::exchange(self.scheme, wish, self.kiosk, now).await {
                    Ok(_) | Err(ExchangeError::InsufficientPoints { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Puts the clock on an hour of a day, and answers it.
    fn at(&self, day: NaiveDate, hour: u32) -> DateTime<Utc> {
        let now = self.moment(day, hour);
        self.clock.put(now);
        now
    }

    fn moment(&self, day: NaiveDate, hour: u32) -> DateTime<Utc> {
        let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        let local = self.scheme.config().time_zone.from_local_datetime(&day.and_time(time)).earliest();
        local.map_or_else(wall_clock, |local| local.with_timezone(&Utc))
    }
}

fn service(volunteer_id: Uuid, kindness: &Kindness, day: NaiveDate) -> ServiceDetails {
    let Kindness(category, title, place, minutes) = *kindness;
    ServiceDetails {
        volunteer_id,
        category: category.to_owned(),
        title: title.to_owned(),
        place: place.to_owned(),
        content: title.to_owned(),
        organiser: "志愿服务站".to_owned(),
        person_in_charge: "站长".to_owned(),
        recipient: None,
        occurred_on: day,
        started_at: None,
        ended_at: None,
        minutes: Some(minutes),
        evidence: Evidence::LeaderConfirmed,
        level: None,
        role: None,
        count: None,
        filing_number: None,
        activity_id: None,
        unit: None,
        team: None,
        corrects: None,
        reason: None,
    }
}
