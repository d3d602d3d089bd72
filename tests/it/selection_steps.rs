//! The way of a selection: objections, signatures, the end; who may do what, and when.

use crate::selections::{Community, person};
use crate::world::{HAIYUE, World, day};
use db::Engine;
use rstest::rstest;
use scheme::honours::{self};
use scheme::records::Filter;
use scheme::selections::{self, Consequence, NewObjection, Outcome, RuleSet, Seats, SelectionError, Status};
use scheme::{Operator, Role};
use uuid::Uuid;

#[rstest]
#[tokio::test]
async fn an_upheld_objection_strikes_and_what_was_signed_is_signed_anew(
    #[values(Engine::Sqlite, Engine::Postgres)] engine: Engine,
) {
    let here = Community::new(engine).await;
    let scheme = here.world.scheme.clone();
    let mut all = Vec::new();
    for (name, hours) in [("甲", 9), ("乙", 8), ("丙", 7)] {
        let id = here.volunteer(name, 0, true).await;
        here.serves(id, &[hours]).await;
        all.push(id);
    }
    here.world.set("2027-01-08T02:00:00Z");
    let seats = Some(Seats { total: 2, open: 0 });
    let one = here.drafts(RuleSet { seats, refill: true, ..here.rules() }).await;
    let objection =
        NewObjection { about: Some(all[0].to_string()), content: "并未到场".to_owned(), objector: None };
    let (raised, answers) = (person("居民", Role::Staff), person("监督", Role::Reviewer));
    let id = Uuid::now_v7();
    let early = selections::object(&scheme, one.id, id, objection.clone(), &raised, here.world.now()).await;
    assert!(matches!(early, Err(SelectionError::StateConflict { status: Status::Draft })));
    let published = here.publish(&one).await;
    here.sign(&one, &["主任", "委员"]).await;
    here.world.set("2027-01-14T02:00:00Z");
    selections::object(&scheme, one.id, id, objection.clone(), &raised, here.world.now()).await.expect("taken");
    assert!(selections::object(&scheme, one.id, id, objection, &raised, here.world.now()).await.expect("taken").1);
    here.world.set("2027-01-16T02:00:00Z");
    assert!(matches!(here.finalise(&one).await, Err(SelectionError::ObjectionOpen { open: 1 })));
    for by in [&raised, &here.drafter] {
        let strike = (true, Consequence::Strike);
        let refused = selections::answer(&scheme, one.id, id, strike, "属实", by, here.world.now()).await;
        assert!(matches!(refused, Err(SelectionError::Concerned)), "{refused:?}");
    }
    let strike = (true, Consequence::Strike);
    selections::answer(&scheme, one.id, id, strike, "属实", &answers, here.world.now()).await.expect("answered");
    let again = selections::answer(&scheme, one.id, id, strike, "属实", &answers, here.world.now()).await;
    assert!(again.expect("answered").1);
    let now = selections::get(&scheme, one.id).await.expect("there");
    assert_eq!(
        (now.revision, now.public_until),
        (2, Some(day("2027-01-22"))),
        "the third moved up, and is made public"
    );
    assert_ne!(now.digest, published.digest);
    let outcomes: Vec<_> = here.outcomes(&now).await.iter().map(|row| (row.0, row.1, row.2)).collect();
    let expected = [
        (all[1], Some(2), Outcome::Selected),
        (all[2], Some(3), Outcome::Selected),
        (all[0], Some(1), Outcome::Struck),
    ];
    assert_eq!(outcomes, expected);
    here.world.set("2027-01-25T02:00:00Z");
    let unsigned = here.finalise(&now).await;
    assert!(matches!(unsigned, Err(SelectionError::SignaturesMissing { needed: 2, signed: 0 })), "{unsigned:?}");
    let old = selections::sign(&scheme, one.id, &one.digest, &answers, here.world.now()).await;
    assert!(matches!(old, Err(SelectionError::ContentDiffers { .. })));
    here.sign(&now, &["主任", "委员"]).await;
    assert_eq!(here.finalise(&now).await.expect("final").0.status, Status::Final);
    let same = selections::difference(&scheme, one.id, None).await.expect("compared");
    assert!(same.identical, "with whoever was struck");
    let honoured = honours::list(&scheme, &Filter::of_volunteer(all[0]), None, 10).await.expect("honours");
    assert_eq!(honoured, [], "whoever was struck has no honour");
}

#[rstest]
#[tokio::test]
async fn nobody_makes_it_final_alone_or_early_or_twice(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let here = Community::new(engine).await;
    let scheme = here.world.scheme.clone();
    let lin = here.volunteer("林秀英", 0, true).await;
    here.serves(lin, &[3]).await;
    here.world.set("2027-01-08T02:00:00Z");
    let one = here.drafts(RuleSet { signatures: 1, ..here.rules() }).await;
    assert!(matches!(here.finalise(&one).await, Err(SelectionError::StateConflict { status: Status::Draft })));
    here.publish(&one).await;
    assert!(matches!(here.finalise(&one).await, Err(SelectionError::PublicityRunning { .. })));
    here.world.set("2027-01-16T02:00:00Z");
    assert!(matches!(here.finalise(&one).await, Err(SelectionError::SignaturesMissing { needed: 1, signed: 0 })));
    selections::sign(&scheme, one.id, &one.digest, &here.drafter, here.world.now()).await.expect("signed");
    assert!(matches!(here.finalise(&one).await, Err(SelectionError::DrafterAlone)));
    let herself = Operator { volunteer_id: Some(lin), ..person("林秀英", Role::Reviewer) };
    let concerned = selections::sign(&scheme, one.id, &one.digest, &herself, here.world.now()).await;
    assert!(matches!(concerned, Err(SelectionError::Concerned)));
    here.sign(&one, &["主任"]).await;
    let other = World::on(here.world.db.clone(), HAIYUE).await;
    let by = person("主任", Role::Reviewer);
    let calls = (0..12).map(|nth| {
        let world = if nth % 2 == 0 { &here.world } else { &other };
        selections::finalise(&world.scheme, one.id, &by, here.world.now())
    });
    let answers = futures::future::join_all(calls).await;
    let first = answers.iter().filter(|answer| matches!(answer, Ok((_, false)))).count();
    assert_eq!(first, 1, "{answers:?}");
    assert!(answers.iter().all(Result::is_ok));
    let finals = here.world.scheme.book.entries(one.sequence, 100).await.expect("entries");
    assert_eq!(finals.iter().filter(|entry| entry.kind == "selection.final").count(), 1);
    let granted = honours::list(&scheme, &Filter::of_volunteer(lin), None, 10).await.expect("honours");
    assert_eq!(granted.len(), 1);
    let gone = selections::withdraw(&scheme, one.id, "作废", &by, here.world.now()).await;
    assert!(matches!(gone, Err(SelectionError::StateConflict { status: Status::Final })));
}

#[rstest]
#[tokio::test]
async fn an_objection_comes_before_the_end_or_not_at_all(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let here = Community::new(engine).await;
    let scheme = here.world.scheme.clone();
    let lin = here.volunteer("林秀英", 0, true).await;
    here.serves(lin, &[3]).await;
    here.world.set("2027-02-01T02:00:00Z");
    // A month may do without publicity: then only the state is between an objection and the end.
    let month = RuleSet {
        year: None,
        from: Some(day("2026-11-01")),
        until: Some(day("2026-11-30")),
        publicity_working_days: 0,
        ..here.rules()
    };
    for _ in 0..6 {
        let one = here.drafts(month.clone()).await;
        here.publish(&one).await;
        here.sign(&one, &["主任", "委员"]).await;
        let new = NewObjection { about: Some(lin.to_string()), content: "有异议".to_owned(), objector: None };
        let raised = person("居民", Role::Staff);
        let (objected, done) = tokio::join!(
            selections::object(&scheme, one.id, Uuid::now_v7(), new, &raised, here.world.now()),
            here.finalise(&one)
        );
        let status = selections::get(&scheme, one.id).await.expect("there").status;
        match (&objected, &done) {
            (Ok(_), Err(SelectionError::ObjectionOpen { open: 1 })) => assert_eq!(status, Status::Published),
            (Err(SelectionError::StateConflict { status: Status::Final }), Ok(_)) => assert_eq!(status, Status::Final),
            other => panic!("either the one or the other: {other:?}"),
        }
    }
}

/// What each step comes to in each state: `+` done, `=` done before, `-` refused.
const STATES: [(Status, &str, &str); 4] = [
    (Status::Draft, "publish sign object finalise withdraw", "+---+"),
    (Status::Published, "publish sign object finalise withdraw", "=++-+"),
    (Status::Final, "publish sign object finalise withdraw", "-=-=-"),
    (Status::Withdrawn, "publish sign object finalise withdraw", "----="),
];

#[rstest]
#[tokio::test]
async fn every_step_in_every_state(#[values(Engine::Sqlite, Engine::Postgres)] engine: Engine) {
    let here = Community::new(engine).await;
    let scheme = here.world.scheme.clone();
    let lin = here.volunteer("林秀英", 0, true).await;
    here.serves(lin, &[3]).await;
    here.world.set("2027-02-01T02:00:00Z");
    let (november, december) = (Some(day("2026-11-01")), Some(day("2026-12-31")));
    let rules = RuleSet {
        year: None,
        from: november,
        until: december,
        publicity_working_days: 1,
        signatures: 1,
        ..here.rules()
    };
    let (by, now) = (person("主任", Role::SchemeAdmin), || here.world.now());
    for (state, steps, expected) in STATES {
        for (step, expected) in steps.split(' ').zip(expected.chars()) {
            here.world.set("2027-02-01T02:00:00Z");
            let one = here.drafts(rules.clone()).await;
            match state {
                Status::Draft => {}
                Status::Published => drop(here.publish(&one).await),
                Status::Final => {
                    here.publish(&one).await;
                    here.sign(&one, &["主任"]).await;
                    here.world.set("2027-02-10T02:00:00Z");
                    here.finalise(&one).await.expect("final");
                }
                Status::Withdrawn => {
                    selections::withdraw(&scheme, one.id, "重做", &by, now()).await.expect("withdrawn");
                }
            }
            let new = NewObjection { about: None, content: "名额不对".to_owned(), objector: None };
            let done = match step {
                "publish" => selections::publish(&scheme, one.id, &by, now()).await.map(|done| done.1),
                "sign" => selections::sign(&scheme, one.id, &one.digest, &by, now()).await.map(|done| done.1),
                "object" => {
                    selections::object(&scheme, one.id, Uuid::now_v7(), new, &by, now()).await.map(|done| done.1)
                }
                "finalise" => selections::finalise(&scheme, one.id, &by, now()).await.map(|done| done.1),
                _ => selections::withdraw(&scheme, one.id, "重做", &by, now()).await.map(|done| done.1),
            };
            let came_to = match done {
                Ok(false) => '+',
                Ok(true) => '=',
                Err(_) => '-',
            };
            assert_eq!(came_to, expected, "{step} when {}", state.as_str());
        }
    }
    here.world.assert_verified().await;
}
