//! The yearly selection as a document: frozen, the same for ever, objected to, signed, final once.

use crate::world::{HAIYUE, World, day, operator, service};
use db::Engine;
use rstest::rstest;
use scheme::complaints::{self, ComplaintDetails};
use scheme::honours::{self, HonourDetails};
use scheme::records::Filter;
use scheme::rules::Evidence;
use scheme::selections::{
    self, Competitors, Measure, NewSelection, Outcome, RuleSet, Seats, Selection, SelectionError, Vetoes,
};
use scheme::services::{self, ServiceDetails};
use scheme::volunteers::{self, Consent, VolunteerDetails};
use scheme::{Operator, Role};
use uuid::Uuid;

pub fn rules() -> RuleSet {
    RuleSet {
        version: "2026-1".to_owned(),
        of: Competitors::Volunteers,
        year: Some(2026),
        from: None,
        until: None,
        scope: None,
        grid_kind: None,
        measure: Measure::Hours,
        per_member: false,
        min_minutes: 60,
        min_services: 1,
        min_ratings: 0,
        min_members: 0,
        min_participants: 0,
        min_participation: 0,
        min_tenure_months: 0,
        evidence: None,
        min_age: None,
        max_age: None,
        vetoes: Vetoes::default(),
        seats: Some(Seats { total: 4, open: 1 }),
        refill: false,
        publicity_working_days: 5,
        signatures: 2,
        honour: Some(selections::HonourRule { name: "优秀志愿者".to_owned(), granting_body: None }),
    }
}

pub fn person(name: &str, role: Role) -> Operator {
    Operator {
        key_id: Uuid::new_v5(&Uuid::nil(), name.as_bytes()),
        person: name.to_owned(),
        name: name.to_owned(),
        ..operator(role)
    }
}

/// Everybody of a small community, in two grids, as on the evening of the year.
pub struct Community {
    pub world: World,
    pub drafter: Operator,
    pub units: Vec<String>,
}

impl Community {
    pub async fn new(engine: Engine) -> Community {
        let world = World::new(engine, HAIYUE).await;
        world.set("2026-12-30T02:00:00Z");
        let organisation = world.scheme.organisation().await.expect("units");
        let grids = organisation.tree.units().filter(|unit| scheme::units::kind_word(unit.kind) == "grid");
        let mut units: Vec<String> = grids.map(|unit| unit.code.clone()).collect();
        units.sort();
        assert!(units.len() >= 2, "the sample has grids");
        Community { world, drafter: person("文书", Role::SchemeAdmin), units }
    }

    pub fn rules(&self) -> RuleSet {
        RuleSet { grid_kind: Some("grid".to_owned()), ..rules() }
    }

    pub async fn volunteer(&self, name: &str, grid: usize, publish: bool) -> Uuid {
        let details = VolunteerDetails {
            name: name.to_owned(),
            unit: Some(self.units[grid].clone()),
            consent: Consent { record: true, publish },
            ..VolunteerDetails::default()
        };
        let id = Uuid::now_v7();
        volunteers::put(&self.world.scheme, id, details, None, self.world.now()).await.expect("registered");
        id
    }

    pub async fn serves(&self, volunteer: Uuid, hours: &[i64]) -> Vec<Uuid> {
        let mut records = Vec::new();
        for (nth, hours) in hours.iter().enumerate() {
            let on = format!("2026-11-{:02}", nth + 1);
            records.push(self.world.serve(volunteer, "environment", &on, hours * 60).await);
        }
        records
    }

    pub async fn drafts(&self, rules: RuleSet) -> Selection {
        let new = NewSelection { title: "2026年度优秀志愿者".to_owned(), rules };
        let put = selections::put(&self.world.scheme, Uuid::now_v7(), new, &self.drafter, self.world.now()).await;
        put.expect("drafted").0
    }

    pub async fn outcomes(&self, one: &Selection) -> Vec<(Uuid, Option<i64>, Outcome)> {
        let rows = selections::rows(&self.world.scheme, one.id, None, 0, 1000).await.expect("rows").1;
        rows.into_iter().map(|placed| (placed.row.candidate.id, placed.row.rank, placed.row.outcome)).collect()
    }

    pub async fn sign(&self, one: &Selection, names: &[&str]) {
        for name in names {
            let by = person(name, Role::Reviewer);
            selections::sign(&self.world.scheme, one.id, &one.digest, &by, self.world.now()).await.expect("signed");
        }
    }

    pub async fn publish(&self, one: &Selection) -> Selection {
        selections::publish(&self.world.scheme, one.id, &self.drafter, self.world.now()).await.expect("published").0
    }

    pub async fn finalise(&self, one: &Selection) -> Result<(Selection, bool), SelectionError> {
        selections::finalise(&self.world.scheme, one.id, &self.drafter, self.world.now()).await
    }
}

#[rstest]
#[tokio::test]
async fn what_january_published_is_computed_again_in_march_and_corrections_show_beside_it(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = Community::new(engine).await;
    let lin = here.volunteer("林秀英", 0, true).await;
    let wang = here.volunteer("王建国", 0, true).await;
    let twin = here.volunteer("王建囯", 0, true).await;
    let chen = here.volunteer("欧阳娜娜", 1, true).await;
    let late = here.volunteer("陈阿姨", 1, true).await;
    let wrong = here.serves(lin, &[3, 2, 4]).await;
    here.serves(wang, &[5, 3]).await;
    here.serves(twin, &[2]).await;
    here.serves(chen, &[4]).await;
    let forgotten = here.world.record(late, "environment", "2026-12-20", 300, Evidence::SelfScan).await;
    here.world.set("2027-01-08T02:00:00Z");
    let one = here.drafts(here.rules()).await;
    let frozen = here.outcomes(&one).await;
    assert_eq!(frozen.iter().map(|row| row.1).collect::<Vec<_>>(), [Some(1), Some(2), Some(3), Some(4)]);
    assert_eq!((one.served, one.reached), (4, 4), "whoever is not confirmed has not served");
    let published = here.publish(&one).await;
    assert_eq!(published.public_until, Some(day("2027-01-15")), "five working days after Friday the 8th");
    here.sign(&one, &["主任", "委员"]).await;
    here.world.set("2027-01-16T02:00:00Z");
    let done = here.finalise(&one).await.expect("final").0;
    assert_eq!(done.digest, one.digest);

    here.world.set("2027-03-02T02:00:00Z");
    let reviewer = operator(Role::Reviewer);
    services::reverse(&here.world.scheme, wrong[2], Some("重复"), true, &reviewer, here.world.now())
        .await
        .expect("back");
    services::confirm(&here.world.scheme, forgotten, &reviewer, here.world.now()).await.expect("confirmed");
    volunteers::merge(&here.world.scheme, twin, wang, "同一人", &reviewer, here.world.now()).await.expect("merged");
    for world in [&here.world, &World::on(here.world.db.clone(), HAIYUE).await] {
        let same = selections::difference(&world.scheme, one.id, Some(one.sequence)).await.expect("compared");
        assert!(same.identical && same.changes.is_empty(), "{same:?}");
        let now = selections::difference(&world.scheme, one.id, None).await.expect("compared");
        assert!(now.identical, "it is the document that it was");
        let told: Vec<_> = now
            .changes
            .iter()
            .map(|change| (change.subject, change.frozen.minutes, change.then.minutes, change.outcome.is_some()))
            .collect();
        let expected = [(lin, 540, 300, true), (wang, 480, 600, true), (twin, 120, 0, true), (late, 0, 300, false)];
        assert_eq!(told, expected);
    }
    assert_eq!(here.outcomes(&one).await, frozen);
    let why = selections::explain(&here.world.scheme, one.id, &lin.to_string()).await.expect("explained");
    let entries = why.behind.expect("of a volunteer all");
    let behind: Vec<_> = entries.iter().map(|one| (one.service_id, one.minutes, one.reversed_since)).collect();
    assert_eq!(behind, [(wrong[0], 180, false), (wrong[1], 120, false), (wrong[2], 240, true)]);
    assert!(entries.iter().all(|behind| behind.counts && behind.sequence <= one.sequence));
    // By hand, somebody is given an hour.
    let mut tx = here.world.db.begin_write().await.expect("a transaction");
    let forged = "UPDATE selection_rows SET minutes = minutes + 60 WHERE subject_id = $1";
    tx.query(forged).bind(chen).execute().await.expect("forged");
    tx.commit().await.expect("written");
    let report = scheme::verify::verify(&here.world.scheme).await.expect("it can be verified");
    assert_eq!(report.findings.iter().map(|one| one.table).collect::<Vec<_>>(), ["selection_rows"]);
    let mut tx = here.world.db.begin_write().await.expect("a transaction");
    let undone = "UPDATE selection_rows SET minutes = minutes - 60 WHERE subject_id = $1";
    tx.query(undone).bind(chen).execute().await.expect("as it was");
    tx.commit().await.expect("written");
    let all: i64 = entries.iter().map(|one| one.minutes).sum();
    assert_eq!(all, why.placed.row.candidate.merits.minutes, "the entries behind a figure make it up");
    here.world.assert_verified().await;
}

#[rstest]
#[tokio::test]
async fn the_book_has_the_digest_and_no_word_of_anybody(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let here = Community::new(engine).await;
    let lin = here.volunteer("林秀英", 0, true).await;
    here.serves(lin, &[3]).await;
    here.world.set("2027-01-08T02:00:00Z");
    let one = here.drafts(here.rules()).await;
    here.publish(&one).await;
    here.sign(&one, &["主任", "委员"]).await;
    here.world.set("2027-02-01T02:00:00Z");
    here.finalise(&one).await.expect("final");
    let entries = here.world.scheme.book.entries(one.sequence, 100).await.expect("entries");
    let told: Vec<_> = entries.iter().map(|entry| (entry.kind.as_str(), entry.postings.len())).collect();
    assert_eq!(told, [("selection.published", 0), ("selection.final", 0)]);
    for entry in &entries {
        assert_eq!(entry.fields()["digest"], one.digest.as_str());
        assert_eq!(entry.fields()["root"], one.root.as_str());
        for word in ["林", "秀", "优秀", "主任", &lin.to_string()] {
            assert!(!entry.document.contains(word), "{word} in {}", entry.document);
        }
    }
    let filter = Filter::of_volunteer(lin);
    let granted = honours::list(&here.world.scheme, &filter, None, 10).await.expect("honours");
    let [honour] = granted.as_slice() else { panic!("one honour: {granted:?}") };
    assert_eq!((honour.details.name.as_str(), honour.details.granted_on), ("优秀志愿者", day("2027-02-01")));
    // Whoever is asked again, and whatever an interruption has left, changes nothing.
    assert!(here.finalise(&one).await.expect("final").1, "it was final before");
    let mut tx = here.world.db.begin_write().await.expect("a transaction");
    tx.query("UPDATE selections SET effects_due = $1").bind(true).execute().await.expect("as after a crash");
    tx.commit().await.expect("written");
    assert_eq!(selections::settle_due(&here.world.scheme, here.world.now()).await.expect("settled"), 1);
    assert_eq!(selections::settle_due(&here.world.scheme, here.world.now()).await.expect("settled"), 0);
    assert_eq!(honours::list(&here.world.scheme, &filter, None, 10).await.expect("honours").len(), 1);
    assert_eq!(here.world.scheme.book.entries(one.sequence, 100).await.expect("entries").len(), 2);
}

#[rstest]
#[tokio::test]
async fn what_keeps_somebody_is_named_and_evidence_is_kept(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let here = Community::new(engine).await;
    let (world, staff) = (&here.world, operator(Role::Staff));
    let mut all = Vec::new();
    for name in ["甲一", "乙二", "丙三", "丁四", "戊五", "己六"] {
        let id = here.volunteer(name, 0, true).await;
        here.serves(id, &[3, 2]).await;
        all.push(id);
    }
    let [fine, complained, awarded, excluded, reversed, young] = all[..] else { panic!("six") };
    let complaint = Uuid::now_v7();
    let details = ComplaintDetails {
        volunteer_id: Some(complained),
        content: "迟到早退".to_owned(),
        ..ComplaintDetails::default()
    };
    complaints::put(&world.scheme, complaint, details, &staff, world.now()).await.expect("received");
    let (first, second) = (person("调查", Role::Reviewer), person("答复", Role::Reviewer));
    complaints::investigate(&world.scheme, complaint, "属实", &first, world.now()).await.expect("investigated");
    complaints::uphold(&world.scheme, complaint, "属实", &second, world.now()).await.expect("upheld");
    let honour = Uuid::now_v7();
    let details = HonourDetails {
        volunteer_id: awarded,
        name: "优秀志愿者".to_owned(),
        granted_on: day("2026-01-20"),
        granting_body: None,
        evidence: None,
        event_category: None,
        level: None,
        team: None,
    };
    honours::put(&world.scheme, honour, details, &staff, world.now()).await.expect("on record");
    let forged = world.serve(reversed, "environment", "2026-12-01", 60).await;
    services::reverse(&world.scheme, forged, Some("虚报"), true, &operator(Role::Reviewer), world.now())
        .await
        .expect("reversed");
    let known = volunteers::get(&world.scheme, young).await.expect("known");
    let details = VolunteerDetails {
        name: known.name.clone(),
        unit: known.unit.clone(),
        consent: known.consent,
        birth_date: Some(day("2010-06-01")),
        guardian: Some(volunteers::Guardian {
            name: "家长".to_owned(),
            phone: Some("13800000000".to_owned()),
            consents: true,
        }),
        ..VolunteerDetails::default()
    };
    volunteers::put(&world.scheme, young, details, None, world.now()).await.expect("changed");
    world.set("2027-01-08T02:00:00Z");
    let exclusion = selections::Exclusion {
        volunteer_id: Some(excluded),
        code: None,
        reason: "社区工作人员".to_owned(),
        evidence: "工作证 7 号".to_owned(),
    };
    let vetoes = Vetoes {
        upheld_complaints: true,
        reversed_records: Some(1),
        awarded: Some(selections::Awarded { honour: "优秀志愿者".to_owned(), years: 1 }),
        exclusions: vec![exclusion],
    };
    let one = here.drafts(RuleSet { vetoes, max_age: Some(120), ..here.rules() }).await;
    let bars = |id: Uuid| {
        let (scheme, selection) = (world.scheme.clone(), one.id);
        async move {
            let why = selections::explain(&scheme, selection, &id.to_string()).await.expect("explained");
            why.bars.iter().map(|bar| bar.told()).collect::<Vec<_>>()
        }
    };
    use serde_json::json;
    assert_eq!(bars(fine).await, [json!(["age_unknown", null])]);
    assert_eq!(bars(complained).await, [json!(["age_unknown", null]), json!(["complaint_upheld", complaint])]);
    assert_eq!(bars(awarded).await, [json!(["age_unknown", null]), json!(["awarded_before", honour])]);
    assert_eq!(bars(excluded).await, [json!(["age_unknown", null]), json!(["excluded", 0])]);
    assert_eq!(bars(reversed).await, [json!(["age_unknown", null]), json!(["records_reversed", 1])]);
    assert_eq!(bars(young).await, [] as [serde_json::Value; 0]);
    assert_eq!(here.outcomes(&one).await[0], (young, Some(1), Outcome::Selected), "who was barred has no rank");
}

#[rstest]
#[tokio::test]
async fn seats_are_shared_out_and_equals_stand_in_the_order_that_the_rules_state(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = Community::new(engine).await;
    let mut first = Vec::new();
    for (name, hours) in [("甲", 9), ("乙", 8), ("丙", 8), ("丁", 8), ("戊", 5)] {
        let id = here.volunteer(name, 0, true).await;
        here.serves(id, &[hours]).await;
        first.push(id);
    }
    let alone = here.volunteer("己", 1, false).await;
    here.serves(alone, &[1]).await;
    // Of the three who are level, the last has more services and the second had it earlier than the first.
    here.serves(first[1], &[]).await;
    here.world.set("2027-01-08T02:00:00Z");
    let one = here.drafts(here.rules()).await;
    let expected = [
        (first[0], Some(1), Outcome::Selected),
        (first[1], Some(2), Outcome::Selected),
        (first[2], Some(2), Outcome::Selected),
        (alone, Some(6), Outcome::Selected),
        (first[3], Some(2), Outcome::Reserve),
        (first[4], Some(5), Outcome::Reserve),
    ];
    assert_eq!(here.outcomes(&one).await, expected, "the small grid has one of four; the largest gets the open seat");
    let seats: Vec<_> = one.grids.iter().map(|grid| (grid.eligible, grid.seats, grid.taken)).collect();
    assert_eq!(seats, [(5, 2, 2), (1, 1, 1), (6, 1, 1)]);
    let public = selections::selected(&here.world.scheme, one.id).await.expect("rows");
    assert!(public.iter().all(|row| row.candidate.id != alone), "who has not agreed is not shown");
    assert_eq!(selections::unnamed(&here.world.scheme, one.id).await.expect("a count"), 1);
    // Nobody there: an empty document is one, too.
    let empty = here.drafts(RuleSet { year: Some(2025), ..here.rules() }).await;
    assert_eq!((empty.served, here.outcomes(&empty).await.len()), (0, 0));
    let same = selections::difference(&here.world.scheme, empty.id, None).await.expect("compared");
    assert!(same.identical && same.changes.is_empty());
}

#[rstest]
#[tokio::test]
async fn only_evidence_that_counts_counts(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let here = Community::new(engine).await;
    let lin = here.volunteer("林秀英", 0, true).await;
    here.serves(lin, &[3]).await;
    let doubted = Uuid::now_v7();
    let details: ServiceDetails = service(lin, "environment", "2026-12-01", 240, Evidence::LeaderConfirmed);
    services::put(&here.world.scheme, doubted, details, &operator(Role::Staff), here.world.now())
        .await
        .expect("recorded");
    services::confirm(&here.world.scheme, doubted, &operator(Role::Reviewer), here.world.now())
        .await
        .expect("confirmed");
    here.world.set("2027-01-08T02:00:00Z");
    let rules = RuleSet { evidence: Some(vec![Evidence::SelfScan, Evidence::Kiosk]), ..here.rules() };
    let one = here.drafts(rules).await;
    let why = selections::explain(&here.world.scheme, one.id, &lin.to_string()).await.expect("explained");
    let merits = why.placed.row.candidate.merits;
    assert_eq!((merits.minutes, merits.services), (180, 1));
    let entries = why.behind.expect("of a volunteer all");
    assert_eq!(entries.iter().map(|one| one.counts).collect::<Vec<_>>(), [true, false]);
    let reviewer = operator(Role::Reviewer);
    services::reverse(&here.world.scheme, doubted, Some("不实"), true, &reviewer, here.world.now())
        .await
        .expect("back");
    let same = selections::difference(&here.world.scheme, one.id, None).await.expect("compared");
    assert!(same.identical, "what did not count is taken back without a trace: {same:?}");
}

#[rstest]
#[tokio::test]
async fn all_that_is_wrong_with_rules_is_named_with_its_place(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = Community::new(engine).await;
    let wrong = RuleSet {
        version: " ".to_owned(),
        year: Some(2026),
        scope: Some("nowhere".to_owned()),
        grid_kind: Some("planet".to_owned()),
        measure: Measure::Rating,
        evidence: Some(Vec::new()),
        seats: Some(Seats { total: 3, open: 4 }),
        publicity_working_days: 0,
        signatures: 0,
        min_age: Some(60),
        max_age: Some(18),
        vetoes: Vetoes {
            reversed_records: Some(0),
            exclusions: vec![selections::Exclusion {
                volunteer_id: Some(Uuid::nil()),
                code: None,
                reason: String::new(),
                evidence: "x".to_owned(),
            }],
            ..Vetoes::default()
        },
        ..rules()
    };
    let new = NewSelection { title: "年度".to_owned(), rules: wrong };
    let refused = selections::put(&here.world.scheme, Uuid::now_v7(), new, &here.drafter, here.world.now()).await;
    let Err(SelectionError::Invalid(flaws)) = refused else { panic!("{refused:?}") };
    let mut places: Vec<_> = flaws.iter().map(|flaw| (flaw.place.as_str(), flaw.code)).collect();
    places.sort_unstable();
    let mut expected = [
        ("/rules/version", "invalid_text"),
        ("/rules/year", "period_not_over"),
        ("/rules/scope", "unknown_unit"),
        ("/rules/grid_kind", "unknown_code"),
        ("/rules/min_ratings", "out_of_range"),
        ("/rules/evidence", "nothing_counts"),
        ("/rules/seats/open", "out_of_range"),
        ("/rules/publicity_working_days", "out_of_range"),
        ("/rules/signatures", "out_of_range"),
        ("/rules/max_age", "out_of_range"),
        ("/rules/vetoes/reversed_records", "out_of_range"),
        ("/rules/vetoes/exclusions/0/reason", "invalid_text"),
        ("/rules/vetoes/exclusions/0/volunteer_id", "unknown_volunteer"),
    ];
    expected.sort_unstable();
    assert_eq!(places, expected);
}
