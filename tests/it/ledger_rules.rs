//! What each kind of draft means, rule by rule. Every step is judged by the ledger's judge and by the oracle, which must
//! agree; the numbers here are those that a person would expect of both.

use crate::desk::*;
use crate::drafts::{day, id, plain};
use ledger::entry::EntryAction;
use ledger::oracle::OracleOutcome;
use ledger::{Account, Action, Bound, Draft, Key, Leg, Lot, Refusal, Rejection, Unit};
use rstest::rstest;
use serde_json::json;

#[test]
fn spending_takes_the_soonest_lot_first_and_leaves_expired_ones_alone() {
    let mut desk = Desk::open();
    let entry = desk.post(Action::Post(spend(12))).expect("13 are usable in April");
    assert_eq!(entry.available_before, Some(13));
    assert_eq!(desk.balances_of_ann(), [5, 0, 1]);
    assert_eq!(desk.post(Action::Post(spend(2))), below_floor("ann", 2, 1));
}

#[test]
fn a_pool_has_what_an_earlier_leg_put_into_a_new_lot() {
    let mut desk = Desk::default();
    let legs = [vec![leg(issued(), ann(june()), 4)], spend(3)].concat();
    assert_eq!(desk.post(Action::Post(legs)).expect("4 are there").available_before, Some(4));
    assert_eq!(desk.balances_of_ann(), [0, 1, 0]);
}

#[test]
fn a_pool_gives_each_lot_down_to_zero_and_no_credit() {
    let mut desk = Desk::default();
    let credit = Account { floor: Some(-10), ..ann(june()) };
    desk.ok(post(issued(), credit.clone(), 2));
    assert_eq!(desk.post(Action::Post(spend(3))), below_floor("ann", 3, 2));
    desk.ok(post(credit, spent(), 12));
}

#[test]
fn a_pool_is_bounded_by_what_could_be_drawn_from_it_whichever_lots_come_or_go() {
    let mut desk = Desk::open();
    let april = Key::pool("ann", day(4, 1));
    let mut spend_within = |amount, floor, ceiling| {
        let bounds = vec![Bound { key: april.clone(), floor, ceiling }];
        desk.post_with(Action::Post(spend(amount)), |draft| draft.bounds = bounds)
    };
    // 13 are usable in April; the five that were until March are not.
    assert_eq!(spend_within(12, None, Some(0)), above_ceiling("ann@2026-04-01…", 0, 0));
    assert_eq!(spend_within(12, Some(2), None), below_floor("ann@2026-04-01…", 12, 11));
    assert!(spend_within(3, Some(10), Some(10)).is_ok());
    desk.hold(spend(4));
    let emptied = vec![Bound { key: april, floor: Some(0), ceiling: Some(0) }];
    let emptied = desk.post_with(Action::Post(spend(6)), |draft| draft.bounds = emptied);
    assert!(emptied.is_ok(), "what is held is not there: {emptied:?}");
}

#[test]
fn what_a_pool_held_before_is_not_changed_by_drawing_from_it_into_itself() {
    let mut desk = Desk::open();
    let legs = vec![Leg { to: ann(Lot::NONE), ..spend(4).remove(0) }];
    assert_eq!(desk.post(Action::Post(legs)).expect("10 are in June").available_before, Some(13));
    assert_eq!(desk.balances_of_ann(), [5, 6, 7]);
}

#[test]
fn what_is_held_cannot_be_spent_or_held_again() {
    let mut desk = Desk::open();
    desk.hold(spend(11));
    assert_eq!(desk.numbers(&ann(june())), (10, 10, 0));
    assert_eq!(desk.post(Action::Post(spend(3))), below_floor("ann", 3, 2));
    assert_eq!(desk.post(post(ann(june()), bob(), 1)), below_floor("ann@2026-06-30", 1, 0));
}

#[test]
fn what_is_held_for_an_account_counts_against_its_ceiling() {
    let mut desk = Desk::default();
    desk.hold(vec![leg(issued(), limit(5), 4)]);
    assert_eq!(desk.post(post(issued(), limit(5), 2)), above_ceiling("limit", 2, 1));
    assert_eq!(desk.numbers(&limit(5)), (0, 0, 4));
}

#[rstest]
#[case::all_that_is_left(None, false, EntryAction::Capture, (4, 0))]
#[case::a_part_and_the_rest_is_released(Some(vec![3, 0]), false, EntryAction::Capture, (7, 0))]
#[case::a_part_and_the_rest_stays_held(Some(vec![3, 0]), true, EntryAction::CapturePart, (7, 3))]
#[case::all_of_it_by_amounts(Some(vec![6, 2]), true, EntryAction::Capture, (4, 0))]
fn a_capture_moves(
    #[case] amounts: Option<Vec<i64>>,
    #[case] keep_rest: bool,
    #[case] action: EntryAction,
    #[case] june_after: (i128, i128),
) {
    let mut desk = Desk::open();
    let hold = desk.hold(vec![leg(ann(june()), spent(), 6), leg(ann(march()), bob(), 2)]);
    let entry = desk.post(capture(hold, amounts, keep_rest)).expect("it is held");
    assert_eq!((entry.action, entry.reference), (action, Some(2)));
    let (balance, held_out, _) = desk.numbers(&ann(june()));
    assert_eq!((balance, held_out), june_after);
}

#[test]
fn a_capture_after_expiry_is_refused_and_the_hold_stays_until_it_is_released() {
    let mut desk = Desk::open();
    let hold = desk.ok(Action::Hold { legs: spend(6), expires_at: NOW + 1 });
    let late = plain(90, capture(hold, None, false));
    let OracleOutcome::Answered { result, .. } = desk.memory.post(&late, NOW + 1) else { panic!("the id is new") };
    assert_eq!(result, Err(Rejection::HoldExpired { id: hold }));
    assert_eq!(desk.numbers(&ann(june())), (10, 6, 0));
    desk.ok(Action::Release { hold, legs: Vec::new() });
    assert_eq!(desk.numbers(&ann(june())), (10, 0, 0));
}

#[test]
fn a_hold_is_closed_once() {
    let mut desk = Desk::open();
    let hold = desk.hold(spend(6));
    let capture_id = desk.ok(capture(hold, Some(vec![2]), false));
    for action in [capture(hold, None, false), Action::Release { hold, legs: Vec::new() }] {
        assert_eq!(desk.post(action), Err(Rejection::HoldClosed { id: hold }));
    }
    assert_eq!(
        desk.post(Action::Release { hold: capture_id, legs: Vec::new() }),
        Err(Rejection::NotAHold { id: capture_id })
    );
    assert_eq!(
        desk.post(Action::Release { hold: id(99), legs: Vec::new() }),
        Err(Rejection::EntryNotFound { id: id(99) })
    );
}

#[test]
fn no_more_is_captured_or_reversed_than_is_left() {
    let mut desk = Desk::open();
    let hold = desk.hold(spend(6));
    let exceeds = |id, needed, available| Err(Rejection::ExceedsRemaining { id, needed, available });
    assert_eq!(desk.post(capture(hold, Some(vec![7]), true)), exceeds(hold, 7, 6));
    let part = desk.ok(capture(hold, Some(vec![4]), true));
    assert_eq!(desk.post(capture(hold, Some(vec![3]), true)), exceeds(hold, 3, 2));
    desk.ok(reverse(part, Some(vec![3]), false));
    assert_eq!(desk.post(reverse(part, Some(vec![2]), false)), exceeds(part, 2, 1));
    desk.ok(reverse(part, None, false));
    assert_eq!(desk.post(reverse(part, None, false)), exceeds(part, 0, 0));
    assert_eq!(desk.numbers(&ann(june())), (10, 2, 0));
}

#[test]
fn a_reversal_gives_back_to_the_same_lots() {
    let mut desk = Desk::open();
    let spending = desk.ok(Action::Post(spend(12)));
    desk.ok(reverse(spending, Some(vec![4, 1]), false));
    assert_eq!(desk.balances_of_ann(), [5, 4, 2]);
    desk.ok(reverse(spending, None, false));
    assert_eq!(desk.balances_of_ann(), [5, 10, 3]);
}

#[test]
fn a_reversal_below_a_floor_is_refused_unless_it_may_overdraw() {
    let mut desk = Desk::open();
    let gift = desk.ok(post(issued(), bob(), 8));
    desk.ok(post(bob(), spent(), 5));
    assert_eq!(desk.post(reverse(gift, None, false)), below_floor("bob", 8, 3));
    desk.ok(reverse(gift, None, true));
    assert_eq!(desk.numbers(&bob()), (-5, 0, 0));
    assert!(desk.memory.state.get(&bob().key).expect("it is open").overdrawn());
    desk.ok(post(issued(), bob(), 2));
    assert_eq!(desk.post(post(bob(), spent(), 1)), below_floor("bob", 1, 0));
}

#[test]
fn no_reversal_goes_above_a_ceiling() {
    let mut desk = Desk::open();
    desk.ok(post(issued(), limit(5), 5));
    let use_of_limit = desk.ok(post(limit(5), spent(), 3));
    desk.ok(post(issued(), limit(5), 3));
    assert_eq!(desk.post(reverse(use_of_limit, None, true)), above_ceiling("limit", 3, 0));
}

#[test]
fn holds_releases_reversals_and_memos_are_not_reversed() {
    let mut desk = Desk::open();
    let hold = desk.hold(spend(6));
    let release = desk.ok(Action::Release { hold, legs: Vec::new() });
    let gift = desk.ok(post(issued(), bob(), 8));
    let reversal = desk.ok(reverse(gift, Some(vec![1]), false));
    let memo = desk.ok(Action::Post(Vec::new()));
    for entry in [hold, release, reversal, memo] {
        assert_eq!(desk.post(reverse(entry, None, true)), Err(Rejection::NotReversible { id: entry }));
    }
}

#[rstest]
#[case::floor_kept("ann@june", Some(4), None, Ok(()))]
#[case::floor_broken("ann@june", Some(5), None, below_floor("ann@2026-06-30", 6, 5).map(drop))]
#[case::ceiling_kept("bob", None, Some(6), Ok(()))]
#[case::ceiling_broken("bob", None, Some(5), above_ceiling("bob", 6, 5).map(drop))]
#[case::floor_of_an_account_that_is_not_touched("ann@march", Some(6), None, below_floor("ann@2026-03-31", 0, 0).map(drop))]
#[case::ceiling_of_an_account_that_is_not_touched("ann@march", None, Some(4), above_ceiling("ann@2026-03-31", 0, 0).map(drop))]
#[case::an_account_that_is_not_open_is_at_zero("nobody", Some(1), None, below_floor("nobody", 0, 0).map(drop))]
#[case::an_account_that_is_not_open_and_may_be("nobody", Some(0), Some(0), Ok(()))]
#[case::a_system_account_has_none("issued", Some(0), None, malformed().map(drop))]
fn a_bound_of_a_draft(
    #[case] of: &str,
    #[case] floor: Option<i64>,
    #[case] ceiling: Option<i64>,
    #[case] expected: Result<(), Rejection>,
) {
    let key = match of {
        "ann@june" => ann(june()).key,
        "ann@march" => ann(march()).key,
        other => Key::new(other),
    };
    let mut desk = Desk::open();
    let bounds = vec![Bound { key, floor, ceiling }];
    let result = desk.post_with(post(ann(june()), bob(), 6), |draft| draft.bounds = bounds);
    assert_eq!(result.map(drop), expected);
}

#[test]
fn legs_come_before_bounds_and_bounds_before_the_refusal() {
    let mut desk = Desk::open();
    let refusal = Refusal { code: "closed".to_owned(), detail: Default::default() };
    let bound = Bound { key: bob().key, floor: None, ceiling: Some(1) };
    let mut attempt = |amount: i64, bounds: Vec<Bound>| {
        let change = |draft: &mut Draft| (draft.bounds, draft.refusal) = (bounds, Some(refusal.clone()));
        desk.post_with(post(ann(june()), bob(), amount), change)
    };
    assert_eq!(attempt(11, vec![bound.clone()]), below_floor("ann@2026-06-30", 11, 10));
    assert_eq!(attempt(2, vec![bound]), above_ceiling("bob", 2, 1));
    assert_eq!(attempt(2, vec![]), Err(Rejection::Refused(refusal)));
}

#[test]
fn the_first_leg_that_fails_names_the_rejection() {
    let mut desk = Desk::open();
    let legs = |first, second| Action::Post(vec![leg(bob(), spent(), first), leg(issued(), limit(5), second)]);
    assert_eq!(desk.post(legs(1, 9)), below_floor("bob", 1, 0));
    desk.ok(post(issued(), bob(), 1));
    assert_eq!(desk.post(legs(1, 9)), above_ceiling("limit", 9, 5));
    desk.ok(legs(1, 5));
}

#[test]
fn legs_between_the_same_two_accounts_become_one_posting() {
    let mut desk = Desk::open();
    let entry = desk.post(Action::Post([spend(4), spend(8)].concat())).expect("13 are there");
    let amounts: Vec<i64> = entry.postings.iter().map(|posting| posting.amount).collect();
    assert_eq!((entry.available_before, amounts), (Some(13), vec![10, 2]));
    let too_many = vec![leg(issued(), spent(), i64::MAX), leg(issued(), spent(), 1)];
    assert_eq!(desk.post(Action::Post(too_many)), Err(Rejection::Overflow { account: "spent".to_owned() }));
}

#[test]
fn the_bounds_of_an_account_are_those_it_was_opened_with() {
    let mut desk = Desk::open();
    desk.ok(post(issued(), limit(5), 5));
    assert_eq!(desk.post(post(issued(), limit(50), 1)), above_ceiling("limit", 1, 0));
}

#[rstest]
#[case::nothing_moves(post(issued(), bob(), 0))]
#[case::less_than_nothing_moves(post(issued(), bob(), -1))]
#[case::from_an_account_to_itself(post(ann(june()), ann(june()), 1))]
#[case::two_units(post(issued(), Account::system("pieces", Unit::Pieces), 1))]
#[case::another_unit_than_it_was_opened_with(post(
    Account { unit: Unit::Minutes, ..issued() }, Account { unit: Unit::Minutes, ..ann(june()) }, 1,
))]
#[case::a_unit_comes_before_a_floor(post(Account { unit: Unit::Minutes, ..ann(june()) },
    Account::system("served", Unit::Minutes), 99))]
#[case::opened_below_its_floor(post(issued(), Account { floor: Some(3), ..bob() }, 5))]
#[case::opened_above_its_ceiling(post(limit(-3), spent(), 5))]
#[case::a_system_account_with_a_floor(post(issued(), Account { floor: Some(0), ..Account::system("new", Unit::Points) }, 5))]
#[case::a_hold_of_nothing(Action::Hold { legs: vec![], expires_at: NOW + 1 })]
#[case::a_hold_that_has_expired(Action::Hold { legs: spend(1), expires_at: NOW })]
#[case::too_many_legs(Action::Post(vec![leg(issued(), tally(), 1); 513]))]
#[case::too_few_amounts(reverse(id(1), Some(vec![1, 1]), false))]
#[case::a_negative_amount(reverse(id(1), Some(vec![1, 1, -1]), false))]
#[case::no_amount_at_all(reverse(id(1), Some(vec![0, 0, 0]), false))]
fn is_malformed(#[case] action: Action) {
    assert_eq!(Desk::open().post(action), malformed());
}

#[rstest]
#[case::more_than_all_numbers(vec![leg(issued(), tally(), i64::MAX), leg(spent(), tally(), 1)])]
#[case::less_than_all_numbers(vec![leg(tally(), spent(), i64::MAX), leg(tally(), issued(), 2)])]
fn beyond_all_numbers_is_refused(#[case] legs: Vec<Leg>) {
    let mut desk = Desk::default();
    let overflow = Err(Rejection::Overflow { account: "tally".to_owned() });
    assert_eq!(desk.post(Action::Post(legs.clone())), overflow);
    assert_eq!(desk.post(Action::Hold { legs, expires_at: NOW + 1 }), overflow);
}

#[test]
fn holds_to_an_account_in_debt_do_not_wrap_around() {
    let mut desk = Desk::default();
    desk.ok(post(tally(), spent(), 10));
    desk.hold(vec![leg(issued(), tally(), i64::MAX)]);
    let more = Action::Hold { legs: vec![leg(issued(), tally(), 5)], expires_at: NOW + 1 };
    assert_eq!(desk.post(more), Err(Rejection::Overflow { account: "tally".to_owned() }));
}

#[test]
fn a_bound_after_the_longest_way_down_tells_the_nearest_number() {
    let mut desk = Desk::default();
    desk.ok(post(issued(), tally(), i64::MAX));
    let legs = vec![leg(tally(), spent(), i64::MAX), leg(tally(), issued(), 5)];
    let bounds = vec![Bound { key: tally().key, floor: Some(0), ceiling: None }];
    let result = desk.post_with(Action::Post(legs), |draft| draft.bounds = bounds);
    assert_eq!(result, below_floor("tally", i64::MAX, i64::MAX));
}

#[test]
fn an_id_is_answered_once_and_stands_for_what_was_first_asked() {
    let mut desk = Desk::open();
    let mut ask = |amount: i64, change: fn(&mut Draft)| {
        let mut draft = plain(50, Action::Post(spend(amount)));
        change(&mut draft);
        desk.memory.post(&draft, NOW)
    };
    let answered = |outcome: &OracleOutcome| match outcome {
        OracleOutcome::Answered { result, replayed } => (result.clone().map(|entry| entry.sequence), *replayed),
        OracleOutcome::IdTaken { field } => panic!("{field} does not differ"),
    };
    let too_much = Rejection::BelowFloor { account: "ann".to_owned(), needed: 14, available: 13 };
    let passing = ask(14, |draft| draft.freeze_rejection = false);
    assert_eq!(answered(&passing), (Err(too_much.clone()), false));
    assert_eq!(answered(&ask(14, |_| {})), (Err(too_much.clone()), false));
    let other_note = |draft: &mut Draft| drop(draft.document.insert("note".to_owned(), json!("again")));
    assert_eq!(answered(&ask(1, other_note)), (Err(too_much), true));
    let other_intent = ask(1, |draft| drop(draft.document.insert("what".to_owned(), json!(1))));
    assert_eq!(other_intent, OracleOutcome::IdTaken { field: "what".to_owned() });
    let other_kind = ask(1, |draft| draft.kind = "test.other");
    assert_eq!(other_kind, OracleOutcome::IdTaken { field: "kind".to_owned() });
}
