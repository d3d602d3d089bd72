//! Signing in and out by the clock: what counts, who forgot, what arrives late.

use crate::world::{World, ZIYANG, at, operator, service};
use chrono::{DateTime, Utc};
use db::Engine;
use rstest::rstest;
use scheme::activities::{self, ActivityDetails, FeeKind, Mode, SignupStatus};
use scheme::presence::{self, Kind, NewPunch, Presence, PresenceError, PresenceFilter, PresenceStatus, Who};
use scheme::rules::Evidence;
use scheme::services::{self, ServiceError, ServiceFilter, Status};
use scheme::{Operator, Role};
use uuid::Uuid;

/// From 9 to 11 in the morning, the clock of the world standing at 10.
pub fn cleaning() -> ActivityDetails {
    ActivityDetails {
        title: "周末清洁日".to_owned(),
        content: "清扫楼道".to_owned(),
        category: "environment".to_owned(),
        unit: None,
        team: None,
        station: None,
        place: "第一小区".to_owned(),
        organiser: "紫阳社区志愿服务站".to_owned(),
        person_in_charge: "陈建国".to_owned(),
        recipient: None,
        starts_at: at("2026-11-22T01:00:00Z"),
        ends_at: at("2026-11-22T03:00:00Z"),
        level: None,
        role: None,
        filing_number: None,
        capacity: None,
        waiting_list: false,
        posts: Vec::new(),
        min_age: None,
        max_age: None,
        requires_training: None,
        requires_insurance: false,
        insured: false,
        fee_kind: FeeKind::Free,
        mode: Mode::Daily,
        walk_ups: true,
        share_percent: None,
        early_minutes: None,
        closes_at: None,
    }
}

fn kiosk() -> Operator {
    operator(Role::Kiosk)
}

impl World {
    async fn activity(&self, details: ActivityDetails) -> Uuid {
        let (id, by) = (Uuid::now_v7(), operator(Role::Staff));
        activities::put(&self.scheme, id, details, None, &by, self.now()).await.expect("planned");
        activities::publish(&self.scheme, id, &by, self.now()).await.expect("published");
        id
    }

    async fn punch(&self, new: NewPunch, by: &Operator) -> Result<(Uuid, Option<Presence>), PresenceError> {
        let (punch, _) = presence::punch(&self.scheme, new, by, self.now()).await?;
        let (_, of) = presence::get(&self.scheme, punch.id).await?;
        Ok((punch.id, of))
    }

    /// At the kiosk, just now.
    async fn now_at(&self, moment: &str, kind: Kind, volunteer: Uuid, activity: Uuid) -> Option<Presence> {
        self.set(moment);
        self.punch(live(kind, volunteer, activity), &kiosk()).await.expect("taken").1
    }

    async fn service(&self, id: Uuid) -> services::Service {
        services::get(&self.scheme, id).await.expect("a record")
    }

    async fn presences(&self, filter: PresenceFilter) -> Vec<Presence> {
        presence::list(&self.scheme, &filter, None, 100, self.now()).await.expect("a list")
    }

    async fn records(&self, volunteer: Uuid) -> Vec<services::Service> {
        let filter = ServiceFilter { volunteer_id: Some(volunteer), ..ServiceFilter::default() };
        services::list(&self.scheme, &filter, None, 100, self.now()).await.expect("a list")
    }

    async fn confirm(&self, service: Uuid) -> services::Decision {
        services::confirm(&self.scheme, service, &operator(Role::Reviewer), self.now()).await.expect("confirmed")
    }
}

fn live(kind: Kind, volunteer: Uuid, activity: Uuid) -> NewPunch {
    NewPunch {
        id: Uuid::now_v7(),
        kind,
        who: Who::Id(volunteer),
        activity_id: Some(activity),
        activity_code: None,
        station: None,
        method: None,
        device: None,
        device_sequence: None,
        device_time: None,
        device_clock: None,
    }
}

/// Out of the queue of a device whose clock is right.
fn queued(kind: Kind, volunteer: Uuid, activity: Uuid, happened: &str, clock: DateTime<Utc>) -> NewPunch {
    NewPunch { device_time: Some(at(happened)), device_clock: Some(clock), ..live(kind, volunteer, activity) }
}

#[rstest]
#[tokio::test]
async fn whoever_forgets_to_sign_out_is_closed_at_the_end_and_a_late_check_out_sets_it_right(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let (ann, bob) = (world.volunteer("安").await, world.volunteer("博").await);
    let id = world.activity(cleaning()).await;
    for volunteer in [ann, bob] {
        world.now_at("2026-11-22T01:15:00Z", Kind::In, volunteer, id).await;
    }
    world.set("2026-11-22T03:30:00Z");
    presence::close(&world.scheme, world.now()).await.expect("run");
    assert!(world.records(ann).await.is_empty(), "half an hour after the end nobody has forgotten anything yet");
    world.set("2026-11-22T03:30:01Z");
    let (one, other) =
        tokio::join!(presence::close(&world.scheme, world.now()), presence::close(&world.scheme, world.now()));
    assert!(one.is_ok() && other.is_ok(), "{one:?} {other:?}");
    assert_eq!(activities::get(&world.scheme, id).await.expect("there").status, activities::ActivityStatus::Ended);
    let automatic = PresenceFilter { closed_automatically: Some(true), ..PresenceFilter::default() };
    let closed = world.presences(automatic).await;
    assert_eq!(closed.iter().map(Presence::minutes).collect::<Vec<_>>(), [105, 105]);
    let [first] = &world.records(ann).await[..] else { panic!("one record for Ann") };
    assert_eq!((first.minutes, first.status), (105, Status::Recorded));
    assert_eq!(world.balance(ann).await, (0, 0, 0), "it earns nothing by itself");
    let [of_bob] = &world.records(bob).await[..] else { panic!("one record for Bob") };
    world.confirm(of_bob.id).await;

    // The kiosk had lost its network: both had signed out at half past ten.
    for volunteer in [ann, bob] {
        let out = queued(Kind::Out, volunteer, id, "2026-11-22T02:30:00Z", world.now());
        world.punch(out, &kiosk()).await.expect("taken");
    }
    let records = world.records(ann).await;
    let mut statuses: Vec<_> = records.iter().map(|record| (record.status, record.minutes)).collect();
    statuses.sort_by_key(|(_, minutes)| *minutes);
    assert_eq!(statuses, [(Status::Recorded, 75), (Status::Rejected, 105)], "one in the place of the other");
    let left = PresenceFilter { needs_correction: Some(true), ..PresenceFilter::default() };
    let left = world.presences(left).await;
    assert_eq!(left.iter().map(|one| (one.volunteer_id, one.minutes())).collect::<Vec<_>>(), [(bob, 75)]);
    assert_eq!(world.records(bob).await.len(), 1, "a person decided over it, and a person corrects it");
    let right = records.iter().find(|record| record.status == Status::Recorded).expect("the new one");
    world.confirm(right.id).await;
    assert_eq!(world.balance(ann).await.0, 75);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn what_counts_is_what_was_planned_however_the_punches_arrive(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let ann = world.volunteer("安").await;
    let id = world.activity(cleaning()).await;
    world.set("2026-11-22T00:29:59Z");
    let early = world.punch(live(Kind::In, ann, id), &kiosk()).await;
    assert!(matches!(early, Err(PresenceError::OutsideWindow { .. })), "{early:?}");
    let begun = world.now_at("2026-11-22T00:45:00Z", Kind::In, ann, id).await.expect("a presence");
    assert_eq!((begun.status, begun.minutes()), (PresenceStatus::Open, 0));
    let again = world.punch(live(Kind::In, ann, id), &kiosk()).await;
    assert!(matches!(again, Err(PresenceError::StateConflict { status: "in" })), "{again:?}");
    let over = world.now_at("2026-11-22T03:10:00Z", Kind::Out, ann, id).await.expect("a presence");
    assert_eq!((over.minutes(), over.evidence), (120, Evidence::Kiosk));
    let why = [presence::Difference::EarlyArrival, presence::Difference::LateDeparture];
    assert_eq!(over.differences(), why);
    let record = world.service(over.service_id.expect("a record")).await;
    assert_eq!((record.minutes, record.details.activity_id), (120, Some(id)));
    assert_eq!(record.details.started_at, Some(at("2026-11-22T01:00:00Z")));

    // Everything arrives backwards: first the check-out, and then the check-in of another device.
    let bob = world.volunteer("博").await;
    let out = queued(Kind::Out, bob, id, "2026-11-22T02:50:00Z", world.now());
    assert_eq!(world.punch(out, &kiosk()).await.expect("kept").1, None, "it waits for its check-in");
    let came = queued(Kind::In, bob, id, "2026-11-22T02:00:00Z", world.now());
    let there = world.punch(came, &kiosk()).await.expect("taken").1.expect("a presence");
    assert_eq!((there.status, there.minutes()), (PresenceStatus::Closed, 50));
    // An earlier check-in of a third device is what he began with.
    let earlier = queued(Kind::In, bob, id, "2026-11-22T01:30:00Z", world.now());
    let there = world.punch(earlier, &kiosk()).await.expect("taken").1.expect("a presence");
    assert_eq!(there.minutes(), 80);
    let live: Vec<_> = world.records(bob).await.into_iter().filter(|one| one.status == Status::Recorded).collect();
    assert_eq!(live.iter().map(|one| one.minutes).collect::<Vec<_>>(), [80]);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn a_check_in_can_be_taken_back_for_five_minutes(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, ZIYANG).await;
    let ann = world.volunteer("安").await;
    let id = world.activity(ActivityDetails { walk_ups: false, ..cleaning() }).await;
    world.set("2026-11-22T00:50:00Z");
    let uninvited = world.punch(live(Kind::In, ann, id), &kiosk()).await;
    assert!(matches!(uninvited, Err(PresenceError::NotSignedUp)), "{uninvited:?}");
    activities::sign_up(&world.scheme, id, ann, None, &kiosk(), world.now()).await.expect("signed up");
    let signup = async || {
        let list = activities::attendees(&world.scheme, id, None, 0, 10, &operator(Role::Staff)).await.expect("a list");
        list[0].signup.status
    };
    world.now_at("2026-11-22T01:00:00Z", Kind::In, ann, id).await;
    assert_eq!(signup().await, SignupStatus::Attended);
    let back = world.now_at("2026-11-22T01:05:00Z", Kind::Cancel, ann, id).await.expect("a presence");
    assert_eq!((back.status, signup().await), (PresenceStatus::Cancelled, SignupStatus::SignedUp));
    world.now_at("2026-11-22T01:10:00Z", Kind::In, ann, id).await;
    world.set("2026-11-22T01:15:01Z");
    let late = world.punch(live(Kind::Cancel, ann, id), &kiosk()).await;
    assert!(matches!(late, Err(PresenceError::OutsideWindow { .. })), "{late:?}");
    let over = world.now_at("2026-11-22T02:10:00Z", Kind::Out, ann, id).await.expect("a presence");
    assert_eq!(over.minutes(), 60);
}

#[rstest]
#[tokio::test]
async fn nobody_is_in_two_places_whoever_says_so(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, ZIYANG).await;
    let ann = world.volunteer("安").await;
    let (here, there) = (world.activity(cleaning()).await, world.activity(cleaning()).await);
    world.now_at("2026-11-22T01:30:00Z", Kind::In, ann, here).await;
    let elsewhere = world.punch(live(Kind::In, ann, there), &kiosk()).await;
    assert!(matches!(elsewhere, Err(PresenceError::Overlapping { .. })), "{elsewhere:?}");
    let by_hand = |from: &str, until: &str| {
        let mut details = service(ann, "environment", "2026-11-22", 1, Evidence::LeaderConfirmed);
        (details.started_at, details.ended_at, details.minutes) = (Some(at(from)), Some(at(until)), None);
        details
    };
    let record = async |details| {
        services::put(&world.scheme, Uuid::now_v7(), details, &operator(Role::Staff), world.now()).await
    };
    let over = record(by_hand("2026-11-22T01:40:00Z", "2026-11-22T02:00:00Z")).await;
    assert!(matches!(over, Err(ServiceError::Elsewhere { .. })), "{over:?}");
    record(by_hand("2026-11-22T00:00:00Z", "2026-11-22T01:30:00Z")).await.expect("before she came");
    world.now_at("2026-11-22T02:00:00Z", Kind::Out, ann, here).await;
    let over = record(by_hand("2026-11-22T01:40:00Z", "2026-11-22T02:10:00Z")).await;
    assert!(matches!(over, Err(ServiceError::Overlapping { .. })), "{over:?}");
    record(by_hand("2026-11-22T02:00:00Z", "2026-11-22T02:30:00Z")).await.expect("after she left");
    world.set("2026-11-22T02:20:00Z");
    let elsewhere = world.punch(live(Kind::In, ann, there), &kiosk()).await;
    assert!(matches!(elsewhere, Err(PresenceError::Overlapping { .. })), "a punch over a recorded service");
    world.now_at("2026-11-22T02:30:00Z", Kind::In, ann, there).await;

    // A queue brings what nobody could know: she had been at a third place all the time. It is kept, and counts for nothing.
    let third = world.activity(cleaning()).await;
    world.set("2026-11-22T02:59:00Z");
    let came = queued(Kind::In, ann, third, "2026-11-22T00:40:00Z", world.now());
    let refused = world.punch(came, &kiosk()).await;
    assert!(matches!(refused, Err(PresenceError::Overlapping { .. })), "{refused:?}");
    let bob = world.volunteer("博").await;
    let mut details = by_hand("2026-11-22T01:30:00Z", "2026-11-22T02:00:00Z");
    details.volunteer_id = bob;
    record(details).await.expect("by hand");
    let came = queued(Kind::In, bob, third, "2026-11-22T01:00:00Z", world.now());
    world.punch(came, &kiosk()).await.expect("taken");
    let left = queued(Kind::Out, bob, third, "2026-11-22T02:30:00Z", world.now());
    let stay = world.punch(left, &kiosk()).await.expect("taken").1.expect("a presence");
    assert_eq!((stay.service_id, stay.problem.as_deref()), (None, Some("overlapping_service")));
    assert!(stay.needs_correction);
    world.assert_verified().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_all_who_say_at_once_where_somebody_is_one_is_right(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let ann = world.volunteer("安").await;
    let mut places = Vec::new();
    for _ in 0..6 {
        places.push(world.activity(cleaning()).await);
    }
    world.set("2026-11-22T01:30:00Z");
    let punches = places.iter().map(|place| async {
        presence::punch(&world.scheme, live(Kind::In, ann, *place), &kiosk(), world.now()).await.is_ok()
    });
    let mut details = service(ann, "environment", "2026-11-22", 60, Evidence::LeaderConfirmed);
    (details.started_at, details.ended_at) = (Some(at("2026-11-22T01:00:00Z")), Some(at("2026-11-22T02:00:00Z")));
    let by = operator(Role::Staff);
    let by_hand = services::put(&world.scheme, Uuid::now_v7(), details, &by, world.now());
    let (punched, recorded) = tokio::join!(futures::future::join_all(punches), by_hand);
    let right = punched.iter().filter(|taken| **taken).count() + usize::from(recorded.is_ok());
    assert_eq!(right, 1, "{punched:?} {recorded:?}");
}

#[rstest]
#[tokio::test]
async fn what_is_paid_for_earns_no_hours(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, ZIYANG).await;
    let ann = world.volunteer("安").await;
    let id = world.activity(ActivityDetails { fee_kind: FeeKind::LowFee, ..cleaning() }).await;
    world.now_at("2026-11-22T01:00:00Z", Kind::In, ann, id).await;
    let over = world.now_at("2026-11-22T02:00:00Z", Kind::Out, ann, id).await.expect("a presence");
    assert_eq!((over.service_id, over.problem.as_deref()), (None, Some("paid_session")));
    let mut details = service(ann, "environment", "2026-11-20", 60, Evidence::LeaderConfirmed);
    details.activity_id = Some(id);
    let by = operator(Role::Staff);
    let refused = services::put(&world.scheme, Uuid::now_v7(), details.clone(), &by, world.now()).await;
    assert!(matches!(refused, Err(ServiceError::PaidSession)), "{refused:?}");
    details.activity_id = Some(Uuid::now_v7());
    let refused = services::put(&world.scheme, Uuid::now_v7(), details, &by, world.now()).await;
    assert!(matches!(refused, Err(ServiceError::ActivityNotFound { .. })), "{refused:?}");
    assert!(world.records(ann).await.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_scheme_says_what_share_overtime_duty_and_not_coming_mean(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let presence_rules = r#"
[presence]
overtime = "as_served"
share_percent = 60
below_share = "not_credited"
close_after_minutes = 120
no_show_event = "late"

[presence.duty]
category = "patrol"
title = "站点值守"
opens = "08:00"
closes = "20:00"
person_in_charge = "站长"

[[categories]]
code = "late"
name = "报名未到"
name_en = "Did not come"
kind = "event"
"#;
    let toml = format!("{ZIYANG}{presence_rules}");
    let world = World::new(engine, &toml).await;
    let (ann, bob, cai) = (world.volunteer("安").await, world.volunteer("博").await, world.volunteer("蔡").await);
    let id = world.activity(cleaning()).await;
    world.set("2026-11-22T00:40:00Z");
    activities::sign_up(&world.scheme, id, cai, None, &kiosk(), world.now()).await.expect("signed up");
    for volunteer in [ann, bob] {
        world.now_at("2026-11-22T01:00:00Z", Kind::In, volunteer, id).await;
    }
    // 71 of 120 minutes are less than 60 per cent; coming back makes it enough.
    let short = world.now_at("2026-11-22T02:11:00Z", Kind::Out, bob, id).await.expect("a presence");
    assert_eq!((short.service_id, short.problem.as_deref(), short.below_share), (None, Some("below_share"), true));
    world.now_at("2026-11-22T02:50:00Z", Kind::In, bob, id).await;
    let back = world.now_at("2026-11-22T02:52:00Z", Kind::Out, bob, id).await.expect("a presence");
    assert!(back.service_id.is_some() && !back.below_share);
    let minutes: i64 = world.records(bob).await.iter().map(|record| record.minutes).sum();
    assert_eq!(minutes, 73, "both stays are on record now");
    let longer = world.now_at("2026-11-22T03:40:00Z", Kind::Out, ann, id).await.expect("a presence");
    assert_eq!((longer.minutes(), longer.differences()), (160, vec![]), "overtime as served");

    let marked = activities::mark_no_show(&world.scheme, id, cai, &operator(Role::Staff), world.now()).await;
    // The scheme's rules say nothing of that event yet, and then it cannot be recorded.
    assert!(matches!(marked, Err(activities::ActivityError::Service(ServiceError::Invalid(_)))), "{marked:?}");

    let duty = NewPunch { activity_id: None, ..live(Kind::In, cai, id) };
    world.set("2026-11-22T05:00:00Z");
    let begun = world.punch(duty, &kiosk()).await.expect("on duty").1.expect("a presence");
    world.set("2026-11-22T08:00:00Z");
    let left = NewPunch { activity_id: None, ..live(Kind::Out, cai, id) };
    let over = world.punch(left, &kiosk()).await.expect("off duty").1.expect("a presence");
    assert_eq!((over.id, over.minutes()), (begun.id, 180));
    let record = world.service(over.service_id.expect("a record")).await;
    assert_eq!((record.details.title.as_str(), record.details.category.as_str()), ("站点值守", "patrol"));
}

#[rstest]
#[tokio::test]
async fn what_was_called_off_counts_until_then(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, ZIYANG).await;
    let (ann, bob) = (world.volunteer("安").await, world.volunteer("博").await);
    let id = world.activity(cleaning()).await;
    world.now_at("2026-11-22T01:00:00Z", Kind::In, ann, id).await;
    world.set("2026-11-22T01:40:00Z");
    activities::cancel(&world.scheme, id, "台风预警", &operator(Role::Staff), world.now()).await.expect("called off");
    let late = world.punch(live(Kind::In, bob, id), &kiosk()).await;
    assert!(matches!(late, Err(PresenceError::StateConflict { status: "cancelled" })), "{late:?}");
    let came = queued(Kind::In, bob, id, "2026-11-22T01:10:00Z", world.now());
    world.punch(came, &kiosk()).await.expect("he was there before");
    let over = world.now_at("2026-11-22T01:50:00Z", Kind::Out, ann, id).await.expect("a presence");
    assert_eq!(over.minutes(), 40);
    world.set("2026-11-22T03:31:00Z");
    presence::close(&world.scheme, world.now()).await.expect("run");
    assert_eq!(world.records(bob).await.iter().map(|record| record.minutes).collect::<Vec<_>>(), [30]);
}

#[rstest]
#[tokio::test]
async fn service_past_midnight_and_past_the_end_of_the_month_is_one_record(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let world = World::new(engine, ZIYANG).await;
    let ann = world.volunteer("安").await;
    // From 22:00 on 30 November to 02:00 on 1 December, local time.
    let night = ActivityDetails {
        starts_at: at("2026-11-30T14:00:00Z"),
        ends_at: at("2026-11-30T18:00:00Z"),
        category: "patrol".to_owned(),
        ..cleaning()
    };
    let id = world.activity(night).await;
    world.now_at("2026-11-30T14:00:00Z", Kind::In, ann, id).await;
    let over = world.now_at("2026-11-30T17:30:00Z", Kind::Out, ann, id).await.expect("a presence");
    let record = world.service(over.service_id.expect("a record")).await;
    assert_eq!((record.minutes, record.details.occurred_on.to_string().as_str()), (210, "2026-11-30"));
}

#[rstest]
#[tokio::test]
async fn punches_cannot_be_changed_or_deleted(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let world = World::new(engine, ZIYANG).await;
    let ann = world.volunteer("安").await;
    let id = world.activity(cleaning()).await;
    world.now_at("2026-11-22T01:00:00Z", Kind::In, ann, id).await;
    let again = world.punch(live(Kind::In, ann, id), &kiosk()).await;
    assert!(again.is_err(), "and what was refused is kept, too");
    for sql in [
        "UPDATE punches SET happened_at = 0",
        "DELETE FROM punches",
        "UPDATE refused_punches SET code = 'x'",
        "DELETE FROM refused_punches",
    ] {
        let mut tx = world.db.begin_write().await.expect("a transaction");
        let refused = tx.query(sql).execute().await;
        assert!(refused.is_err(), "{sql}");
    }
    let (kept,): (i64,) = world.db.query("SELECT COUNT(*) FROM refused_punches").fetch_one().await.expect("a number");
    assert_eq!(kept, 1);
}
