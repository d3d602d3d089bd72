//! 优秀网格 and 优秀志愿服务队: units and teams selected as volunteers are, with their members as they were.

use crate::selections::{Community, person, rules};
use crate::world::{HAIYUE, World, day, operator, service};
use db::Engine;
use rstest::rstest;
use scheme::Role;
use scheme::complaints::{self, ComplaintDetails};
use scheme::config::UnitKind;
use scheme::ratings::{self, Rated, Rater, RatingDetails};
use scheme::rules::Evidence;
use scheme::selections::{
    self, Competitors, Exclusion, HonourRule, Measure, NewSelection, Outcome, Placed, RuleSet, Seats, Selection,
    SelectionError, Vetoes,
};
use scheme::services::{self, ServiceDetails};
use scheme::teams::{self, TeamDetails, TeamKind};
use scheme::units::{self, UnitDetails};
use scheme::volunteers::{self, Consent, VolunteerDetails};
use serde_json::json;
use uuid::Uuid;

pub fn of_grids() -> RuleSet {
    RuleSet { of: Competitors::Units, grid_kind: Some("grid".to_owned()), seats: None, honour: None, ..rules() }
}

fn of_teams() -> RuleSet {
    RuleSet { of: Competitors::Teams, grid_kind: None, ..of_grids() }
}

fn place(code: &str, name: &str, parent: &str) -> UnitDetails {
    UnitDetails {
        code: code.to_owned(),
        name: name.to_owned(),
        kind: UnitKind::Grid,
        parent: Some(parent.to_owned()),
        from: None,
    }
}

impl Community {
    /// Three grids, and one within the first of them.
    async fn with_nested_grid(engine: Engine) -> Community {
        let here = Community::new(engine).await;
        let west = place("west", "第一网格西片", "grid-1");
        units::put(&here.world.scheme, west, None, here.world.now()).await.expect("a unit");
        here
    }

    async fn member(&self, name: &str, unit: Option<&str>, teams: &[&str]) -> Uuid {
        let details = VolunteerDetails {
            name: name.to_owned(),
            unit: unit.map(str::to_owned),
            teams: teams.iter().map(|team| (*team).to_owned()).collect(),
            consent: Consent { record: true, publish: false },
            ..VolunteerDetails::default()
        };
        let id = Uuid::now_v7();
        volunteers::put(&self.world.scheme, id, details, None, self.world.now()).await.expect("registered");
        id
    }

    async fn recorded(&self, details: ServiceDetails) -> Uuid {
        let id = Uuid::now_v7();
        let staff = operator(Role::Staff);
        services::put(&self.world.scheme, id, details, &staff, self.world.now()).await.expect("recorded");
        id
    }

    async fn confirm(&self, record: Uuid) {
        let reviewer = operator(Role::Reviewer);
        services::confirm(&self.world.scheme, record, &reviewer, self.world.now()).await.expect("confirmed");
    }

    async fn serves_for(&self, volunteer: Uuid, unit: &str, on: &str, minutes: i64) -> Uuid {
        let details = service(volunteer, "environment", on, minutes, Evidence::SelfScan);
        let id = self.recorded(ServiceDetails { unit: Some(unit.to_owned()), ..details }).await;
        self.confirm(id).await;
        id
    }

    async fn serves_in(&self, volunteer: Uuid, team: &str, on: &str, minutes: i64) -> Uuid {
        let details = service(volunteer, "environment", on, minutes, Evidence::SelfScan);
        let id = self.recorded(ServiceDetails { team: Some(team.to_owned()), ..details }).await;
        self.confirm(id).await;
        id
    }

    async fn reverse(&self, record: Uuid) {
        let reviewer = operator(Role::Reviewer);
        let back = services::reverse(&self.world.scheme, record, Some("重复"), true, &reviewer, self.world.now());
        back.await.expect("reversed");
    }

    async fn placed(&self, one: &Selection) -> Vec<Placed> {
        selections::rows(&self.world.scheme, one.id, None, 0, 1000).await.expect("rows").1
    }

    /// Code, rank and outcome of each row, in order.
    async fn standings(&self, rules: RuleSet) -> Vec<(String, Option<i64>, Outcome)> {
        let one = self.drafts(rules).await;
        let rows = self.placed(&one).await;
        rows.into_iter().map(|placed| (placed.row.candidate.number, placed.row.rank, placed.row.outcome)).collect()
    }

    async fn reasons(&self, one: &Selection, code: &str) -> Vec<serde_json::Value> {
        let why = selections::explain(&self.world.scheme, one.id, code).await.expect("explained");
        why.bars.iter().map(|bar| bar.told()).collect()
    }
}

fn standing(code: &str, rank: i64, outcome: Outcome) -> (String, Option<i64>, Outcome) {
    (code.to_owned(), Some(rank), outcome)
}

fn barred(code: &str) -> (String, Option<i64>, Outcome) {
    (code.to_owned(), None, Outcome::Barred)
}

#[rstest]
#[tokio::test]
async fn what_january_published_of_grids_is_the_same_in_march_whatever_became_of_records_members_and_the_tree(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = Community::with_nested_grid(engine).await;
    let lin = here.member("林秀英", Some("grid-1"), &[]).await;
    let wang = here.member("王建国", Some("west"), &[]).await;
    let twin = here.member("王建囯", Some("grid-1"), &[]).await;
    let chen = here.member("欧阳娜娜", Some("grid-2"), &[]).await;
    here.member("陈阿姨", Some("grid-2"), &[]).await;
    let wrong = here.serves_for(lin, "grid-1", "2026-11-01", 180).await;
    here.serves_for(wang, "west", "2026-11-02", 90).await;
    here.serves_for(twin, "west", "2026-11-03", 30).await;
    here.serves_for(chen, "grid-2", "2026-11-04", 300).await;
    here.serves_for(lin, "grid-2", "2026-11-05", 60).await;
    let late = service(chen, "environment", "2026-12-20", 300, Evidence::SelfScan);
    let forgotten = here.recorded(ServiceDetails { unit: Some("grid-3".to_owned()), ..late }).await;
    here.world.set("2027-01-08T02:00:00Z");
    let one = here.drafts(RuleSet { seats: Some(Seats { total: 2, open: 0 }), ..of_grids() }).await;
    let frozen = here.placed(&one).await;
    let told: Vec<_> = frozen
        .iter()
        .map(|placed| {
            let one = &placed.row.candidate;
            let group = one.inputs.group.clone().unwrap_or_default();
            (one.number.as_str(), one.name.as_str(), one.merits.minutes, group.members, group.participants)
        })
        .collect();
    let expected = [
        ("grid-2", "第二网格", 360, 2, 1),
        ("grid-1", "第一网格", 300, 3, 3),
        ("west", "第一网格西片", 120, 1, 1),
        ("grid-3", "第三网格", 0, 0, 0),
    ];
    assert_eq!(told, expected);
    assert_eq!((one.served, one.reached), (3, 3));
    let outcomes: Vec<_> = frozen.iter().map(|placed| placed.row.outcome).collect();
    assert_eq!(outcomes, [Outcome::Selected, Outcome::Selected, Outcome::Reserve, Outcome::Barred]);
    assert_eq!(here.reasons(&one, "grid-3").await, [json!(["below_minimum", null])]);
    here.publish(&one).await;
    here.sign(&one, &["主任", "委员"]).await;
    here.world.set("2027-01-16T02:00:00Z");
    assert_eq!(here.finalise(&one).await.expect("final").0.digest, one.digest);

    here.world.set("2027-03-02T02:00:00Z");
    let (scheme, now) = (&here.world.scheme, here.world.now());
    here.reverse(wrong).await;
    here.confirm(forgotten).await;
    volunteers::merge(scheme, twin, wang, "同一人", &operator(Role::Reviewer), now).await.expect("merged");
    volunteers::leave(scheme, chen, now).await.expect("left");
    units::move_to(scheme, "west", Some("grid-2".to_owned()), Some(day("2026-06-01")), now).await.expect("moved");
    let renamed = UnitDetails { from: None, ..place("grid-2", "滨河网格", "haiyue") };
    units::put(scheme, renamed, None, now).await.expect("renamed");
    for world in [&here.world, &World::on(here.world.db.clone(), HAIYUE).await] {
        let same = selections::difference(&world.scheme, one.id, Some(one.sequence)).await.expect("compared");
        assert!(same.identical && same.changes.is_empty(), "{same:?}");
        let now = selections::difference(&world.scheme, one.id, None).await.expect("compared");
        assert!(now.identical, "it is the document that it was");
        let told: Vec<_> = now
            .changes
            .iter()
            .map(|change| (change.number.as_str(), change.frozen.minutes, change.then.minutes, change.would_be))
            .collect();
        let expected = [("grid-1", 300, 120, Some(Outcome::Reserve)), ("grid-3", 0, 300, Some(Outcome::Selected))];
        assert_eq!(told, expected);
    }
    assert_eq!(here.placed(&one).await, frozen, "with the names and the tree of then");
    here.world.assert_verified().await;
    let mut tx = here.world.db.begin_write().await.expect("a transaction");
    let forged = "UPDATE selection_rows SET name = $1 WHERE number = 'grid-1'";
    tx.query(forged).bind("模范网格").execute().await.expect("forged");
    tx.commit().await.expect("written");
    let report = scheme::verify::verify(&here.world.scheme).await.expect("it can be verified");
    assert_eq!(report.findings.iter().map(|one| one.table).collect::<Vec<_>>(), ["selection_rows"]);
}

#[rstest]
#[tokio::test]
async fn averages_and_participation_are_ranked_as_they_are_and_need_members(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = Community::with_nested_grid(engine).await;
    // Two of three in the first grid with the one within it, one of two in the second, nobody in the third.
    let lin = here.member("林秀英", Some("grid-1"), &[]).await;
    let wang = here.member("王建国", Some("west"), &[]).await;
    here.member("陈阿姨", Some("grid-1"), &[]).await;
    let chen = here.member("欧阳娜娜", Some("grid-2"), &[]).await;
    here.member("赵大爷", Some("grid-2"), &[]).await;
    let guest = here.member("过客", None, &[]).await;
    here.serves_for(lin, "grid-1", "2026-11-01", 100).await;
    here.serves_for(wang, "west", "2026-11-02", 200).await;
    here.serves_for(chen, "grid-2", "2026-11-03", 210).await;
    here.serves_for(guest, "grid-3", "2026-11-04", 600).await;
    here.world.set("2027-01-08T02:00:00Z");
    let first = Outcome::Selected;

    let by_hours = here.standings(of_grids()).await;
    let expected = [("grid-3", 1), ("grid-1", 2), ("grid-2", 3), ("west", 4)];
    assert_eq!(by_hours, expected.map(|(code, rank)| standing(code, rank, first)));

    let per_member = RuleSet { per_member: true, ..of_grids() };
    let expected =
        [standing("west", 1, first), standing("grid-2", 2, first), standing("grid-1", 3, first), barred("grid-3")];
    assert_eq!(
        here.standings(per_member.clone()).await,
        expected,
        "200, 105 and 100 minutes a head; nobody to divide by"
    );

    let participation = RuleSet { measure: Measure::Participation, min_services: 0, min_minutes: 0, ..of_grids() };
    let expected =
        [standing("west", 1, first), standing("grid-1", 2, first), standing("grid-2", 3, first), barred("grid-3")];
    assert_eq!(here.standings(participation.clone()).await, expected, "1 of 1, 2 of 3, 1 of 2");

    // What is asked of members, one by one, with what there was.
    let asked = RuleSet { min_members: 2, min_participants: 2, min_participation: 6667, ..of_grids() };
    let one = here.drafts(asked).await;
    assert_eq!(here.reasons(&one, "grid-1").await, [json!(["participation_too_low", 6667])], "two thirds are less");
    let expected = [json!(["too_few_participants", 1]), json!(["participation_too_low", 5000])];
    assert_eq!(here.reasons(&one, "grid-2").await, expected);
    let expected = [
        json!(["no_members", null]),
        json!(["too_few_members", 0]),
        json!(["too_few_participants", 0]),
        json!(["participation_too_low", 0]),
    ];
    assert_eq!(here.reasons(&one, "grid-3").await, expected);
    let rules = RuleSet { scope: Some("grid-1".to_owned()), min_participation: 6666, ..participation };
    let expected = [standing("west", 1, first), standing("grid-1", 2, first)];
    assert_eq!(here.standings(rules).await, expected, "the scope itself is of the kind");
    // Without a kind, those right below the scope; where there is nothing below, nobody.
    let below = RuleSet { grid_kind: None, scope: Some("grid-1".to_owned()), ..per_member.clone() };
    assert_eq!(here.standings(below).await, [standing("west", 1, first)]);
    let nobody = RuleSet { grid_kind: None, scope: Some("west".to_owned()), ..per_member };
    let empty = here.drafts(nobody).await;
    assert_eq!((empty.served, here.placed(&empty).await.len()), (0, 0));
    assert!(selections::difference(&here.world.scheme, empty.id, None).await.expect("compared").identical);
}

#[rstest]
#[tokio::test]
async fn teams_compete_with_what_was_served_in_their_name(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let here = Community::new(engine).await;
    let scheme = &here.world.scheme;
    for (code, name, unit, until) in [
        ("sorting", "垃圾分类队", Some("grid-1"), None),
        ("patrol", "平安巡逻队", Some("grid-2"), None),
        ("choir", "合唱队", None, Some("2026-12-05")),
        ("long-gone", "早期队", Some("grid-1"), Some("2025-06-30")),
    ] {
        let details = TeamDetails {
            name: name.to_owned(),
            kind: TeamKind::ServiceTeam,
            unit: unit.map(str::to_owned),
            leader: None,
            from: None,
            until: until.map(day),
        };
        teams::put(scheme, code, details, None).await.expect("a team");
    }
    let lin = here.member("林秀英", Some("grid-1"), &["sorting", "patrol"]).await;
    let wang = here.member("王建国", Some("grid-1"), &["sorting"]).await;
    here.member("陈阿姨", Some("grid-1"), &["sorting"]).await;
    here.serves_in(lin, "sorting", "2026-11-01", 120).await;
    here.serves_in(wang, "patrol", "2026-11-02", 120).await;
    here.serves_in(wang, "choir", "2026-11-03", 240).await;
    let unseen = service(wang, "environment", "2026-11-04", 300, Evidence::BackFilled);
    let unseen = here.recorded(ServiceDetails { team: Some("sorting".to_owned()), ..unseen }).await;
    here.confirm(unseen).await;
    here.world.set("2027-01-08T02:00:00Z");
    let rules = RuleSet { evidence: Some(vec![Evidence::SelfScan, Evidence::Kiosk]), ..of_teams() };
    // Level by hours and services; the one that had it earlier comes first.
    let expected =
        [standing("sorting", 1, Outcome::Selected), standing("patrol", 1, Outcome::Selected), barred("choir")];
    let one = here.drafts(rules.clone()).await;
    let rows = here.placed(&one).await;
    let told: Vec<_> =
        rows.iter().map(|placed| (placed.row.candidate.number.clone(), placed.row.rank, placed.row.outcome)).collect();
    assert_eq!(told, expected);
    assert_eq!(here.reasons(&one, "choir").await, [json!(["ended", null])]);
    let group = rows[0].row.candidate.inputs.group.clone().expect("a team");
    assert_eq!((group.members, group.participants, group.above.as_deref()), (3, 2, Some("第一网格")));
    let scoped = here.standings(RuleSet { scope: Some("grid-2".to_owned()), ..rules.clone() }).await;
    assert_eq!(scoped, [standing("patrol", 1, Outcome::Selected)]);
    // What did not count leaves no trace when it is taken back; of what counted only the difference list tells.
    here.reverse(unseen).await;
    let same = selections::difference(scheme, one.id, None).await.expect("compared");
    assert!(same.identical && same.changes.is_empty(), "{same:?}");
    let exclusion = Exclusion {
        volunteer_id: None,
        code: Some("sorting".to_owned()),
        reason: "承办单位直属".to_owned(),
        evidence: "社区〔2026〕3 号".to_owned(),
    };
    let vetoes = Vetoes { reversed_records: Some(2), exclusions: vec![exclusion], ..Vetoes::default() };
    let one = here.drafts(RuleSet { vetoes, ..rules }).await;
    assert_eq!(
        here.reasons(&one, "sorting").await,
        [json!(["excluded", 0])],
        "one record was reversed, two are asked for"
    );
    here.world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn what_was_said_of_services_is_said_of_their_unit_and_of_those_above_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = Community::with_nested_grid(engine).await;
    let (scheme, staff) = (&here.world.scheme, operator(Role::Staff));
    let wang = here.member("王建国", Some("west"), &[]).await;
    let chen = here.member("欧阳娜娜", Some("grid-2"), &[]).await;
    let outer = here.serves_for(wang, "grid-1", "2026-11-01", 120).await;
    let inner = here.serves_for(wang, "west", "2026-11-02", 120).await;
    let other = here.serves_for(chen, "grid-2", "2026-11-03", 120).await;
    for (volunteer, service, stars) in [(wang, outer, 3), (wang, inner, 5), (chen, other, 4), (chen, other, 4)] {
        let rater = Rater::Recipient(Some(Uuid::now_v7()));
        let details = RatingDetails { volunteer_id: volunteer, of: Rated::Service(service), rater, stars, words: None };
        ratings::put(scheme, Uuid::now_v7(), details, &staff, here.world.now()).await.expect("rated");
    }
    let wrong = here.serves_for(wang, "west", "2026-11-04", 60).await;
    here.reverse(wrong).await;
    let complaint = Uuid::now_v7();
    let details =
        ComplaintDetails { service_id: Some(inner), content: "中途离开".to_owned(), ..ComplaintDetails::default() };
    complaints::put(scheme, complaint, details, &staff, here.world.now()).await.expect("received");
    for (step, name) in [(0, "调查"), (1, "答复")] {
        let (by, now) = (person(name, Role::Reviewer), here.world.now());
        match step {
            0 => drop(complaints::investigate(scheme, complaint, "属实", &by, now).await.expect("investigated")),
            _ => drop(complaints::uphold(scheme, complaint, "属实", &by, now).await.expect("upheld")),
        }
    }
    here.world.set("2027-01-08T02:00:00Z");
    let by_rating = RuleSet { measure: Measure::Rating, min_ratings: 1, min_minutes: 0, ..of_grids() };
    let (first, last) = (Outcome::Selected, barred("grid-3"));
    let expected = [standing("west", 1, first), standing("grid-1", 2, first), standing("grid-2", 2, first), last];
    assert_eq!(here.standings(by_rating.clone()).await, expected, "5 once, and 4 twice: more services come first");
    let vetoes = Vetoes { upheld_complaints: true, reversed_records: Some(1), ..Vetoes::default() };
    let one = here.drafts(RuleSet { vetoes, min_ratings: 2, ..by_rating }).await;
    let both = [json!(["complaint_upheld", complaint]), json!(["records_reversed", 1])];
    assert_eq!(here.reasons(&one, "grid-1").await, both);
    let mut all = vec![json!(["too_few_ratings", null])];
    all.extend(both);
    assert_eq!(here.reasons(&one, "west").await, all);
    assert_eq!(here.reasons(&one, "grid-2").await, [] as [serde_json::Value; 0]);
}

#[rstest]
#[tokio::test]
async fn rules_that_mean_nothing_for_those_who_compete_are_refused_where_they_stand(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = Community::new(engine).await;
    here.world.set("2027-01-08T02:00:00Z");
    let exclude = |volunteer_id: Option<Uuid>, code: Option<&str>| Exclusion {
        volunteer_id,
        code: code.map(str::to_owned),
        reason: "直属".to_owned(),
        evidence: "文件".to_owned(),
    };
    let of_people = RuleSet {
        seats: Some(Seats { total: 3, open: 1 }),
        min_tenure_months: 6,
        min_age: Some(18),
        max_age: Some(70),
        per_member: true,
        measure: Measure::Participation,
        min_participation: 10_001,
        vetoes: Vetoes {
            awarded: Some(selections::Awarded { honour: "优秀网格".to_owned(), years: 1 }),
            exclusions: vec![
                exclude(Some(Uuid::nil()), None),
                exclude(None, Some("nowhere")),
                exclude(None, Some("grid-1")),
                exclude(None, Some("grid-1")),
            ],
            ..Vetoes::default()
        },
        honour: Some(HonourRule { name: "优秀网格".to_owned(), granting_body: None }),
        ..of_grids()
    };
    let of_groups = RuleSet {
        of: Competitors::Volunteers,
        min_members: 1,
        min_participants: 1,
        min_participation: 1,
        per_member: true,
        measure: Measure::Participation,
        vetoes: Vetoes { exclusions: vec![exclude(None, Some("grid-1"))], ..Vetoes::default() },
        ..of_grids()
    };
    let of_units = RuleSet { of: Competitors::Teams, ..of_grids() };
    let cases: [(RuleSet, &[(&str, &str)]); 3] = [
        (
            of_people,
            &[
                ("/honour", "not_for_these"),
                ("/max_age", "not_for_these"),
                ("/min_age", "not_for_these"),
                ("/min_participation", "out_of_range"),
                ("/min_tenure_months", "not_for_these"),
                ("/per_member", "not_for_this_measure"),
                ("/seats/open", "not_for_these"),
                ("/vetoes/awarded", "not_for_these"),
                ("/vetoes/exclusions/0/code", "missing"),
                ("/vetoes/exclusions/0/volunteer_id", "not_for_these"),
                ("/vetoes/exclusions/1/code", "unknown_unit"),
                ("/vetoes/exclusions/3/code", "twice"),
            ],
        ),
        (
            of_groups,
            &[
                ("/measure", "not_for_these"),
                ("/min_members", "not_for_these"),
                ("/min_participants", "not_for_these"),
                ("/min_participation", "not_for_these"),
                ("/per_member", "not_for_these"),
                ("/vetoes/exclusions/0/code", "not_for_these"),
                ("/vetoes/exclusions/0/volunteer_id", "missing"),
            ],
        ),
        (of_units, &[("/grid_kind", "not_for_these")]),
    ];
    for (rules, expected) in cases {
        let new = NewSelection { title: "优秀网格".to_owned(), rules };
        let refused = selections::put(&here.world.scheme, Uuid::now_v7(), new, &here.drafter, here.world.now()).await;
        let Err(SelectionError::Invalid(flaws)) = refused else { panic!("{refused:?}") };
        let mut places: Vec<_> =
            flaws.iter().map(|flaw| (flaw.place.trim_start_matches("/rules"), flaw.code)).collect();
        places.sort_unstable();
        assert_eq!(places, expected);
    }
}
