use super::marked::all_are_found;
use crate::config::Severity::{Error, Warning};

const WINDOW: &str = "windows = [{ weekdays = [\"monday\", \"saturday\"], months = [3, 6], days_of_month = [1, 15], from = \"03-01\", until = \"06-30\" }]";

#[test]
fn windows_open_at_some_time() {
    all_are_found(
        Error,
        &[
            (WINDOW, "windows = [§{}]", "always open"),
            (WINDOW, "windows = [§{ months = [2], days_of_month = [30, 31] }]", "never opens"),
            (WINDOW, "windows = [§{ months = [7], from = \"01-01\", until = \"06-30\" }]", "never opens"),
            (WINDOW, "windows = [§{ months = [7], from = \"11-01\", until = \"06-30\" }]", "never opens"),
            (WINDOW, "windows = [{ months = [§13] }]", "between 1 and 12, not 13"),
            (WINDOW, "windows = [{ days_of_month = [1, §0] }]", "between 1 and 31, not 0"),
            (WINDOW, "windows = [{ months = [1, §1] }]", "listed twice"),
            (WINDOW, "windows = [{ weekdays = [\"monday\", §\"monday\"] }]", "listed twice"),
            (WINDOW, "windows = [{ weekdays = [§\"mondey\"] }]", "did you mean `monday`"),
            (WINDOW, "windows = [{ from = §\"02-30\" }]", "no day `02-30`"),
            (WINDOW, "windows = [{ until = §\"6-30\" }]", "write MM-DD"),
        ],
    );
}

#[test]
fn a_policy_says_what_can_be() {
    let days = "{ extend_days = 30 }, return_days = 7, collected_by = [\"child\"] }";
    all_are_found(
        Error,
        &[
            (days, "{ extend_days = §0 }, return_days = 7 }", "between 1 and 3660, not 0"),
            (days, "{ extend_days = 30 }, return_days = §9999 }", "between 0 and 3660, not 9999"),
            (days, "\"lost\", collected_by = [\"child\", §\"child\"] }", "listed twice"),
        ],
    );
}

#[test]
fn limits_and_bills_and_beneficiaries_say_one_thing() {
    let limits = "limits = [{ uses = 1, per = \"day\" }, { uses = 3, per = \"month\" }]";
    let bill = "bill = { fen_per_point = 100, least_cash_fen = 1 }";
    let beneficiaries = "{ relations = [\"self\", \"parent\"], min_age = 60 }";
    all_are_found(
        Error,
        &[
            (limits, "limits = [{ uses = §0, per = \"day\" }]", "at least 1"),
            (limits, "limits = [{ uses = 1, per = \"day\" }, { uses = 2, per = §\"day\" }]", "for the same period"),
            (bill, "bill = §{}", "either `fen_per_point` or `voucher_fen`"),
            (bill, "bill = §{ fen_per_point = 100, voucher_fen = 500 }", "either `fen_per_point` or `voucher_fen`"),
            (bill, "bill = { fen_per_point = §0 }", "more than 0"),
            (bill, "bill = { voucher_fen = §-500 }", "more than 0"),
            (bill, "bill = { voucher_fen = 500, least_cash_fen = §-1 }", "cash is not negative"),
            (beneficiaries, "{ relations = §[] }", "for whom"),
            (beneficiaries, "{ relations = [\"self\", §\"self\"] }", "listed twice"),
            (beneficiaries, "{ relations = [\"self\"], min_age = §0 }", "between 1 and 200"),
            ("groups = [\"goods\"]", "groups = [\"goods\", §\"goods\"]", "listed twice"),
            ("groups = [\"goods\"]", "groups = [§\"日用品\"]", "a code is 1 to 32"),
            (
                "pays_from = \"coins\"\nclears_balance = true",
                "prohibited = true\nclears_balance = §true",
                "not exchanged at all",
            ),
        ],
    );
    all_are_found(
        Warning,
        &[
            (limits, "limits = [{ uses = §3, per = \"day\" }, { uses = 3, per = \"month\" }]", "never reached"),
            (
                "groups = [\"care\"]\npays_from = \"coins\"\nclears_balance = true",
                "prohibited = §true",
                "nothing at all",
            ),
        ],
    );
}

#[test]
fn what_pays_is_there_and_can_pay() {
    let entitled = "entitled_by = { ladder = \"stars\", step = \"two\" }";
    all_are_found(
        Error,
        &[
            (entitled, "entitled_by = { ladder = \"stars\", step = §\"three\" }", "no step `three`"),
            (entitled, "entitled_by = { ladder = \"stars\", step = \"two\" }\npays_from = §\"coins\"", "not paid for"),
            (
                "groups = [\"gifts\"]",
                "groups = [\"gifts\", \"goods\"]\nbill = §{ fen_per_point = 200 }",
                "another `bill`",
            ),
            (
                entitled,
                "pays_from = \"bank\"\nrefundable = true\n[[versions.exchange]]\ngroups = [\"gifts\", \"x\"]\npays_from = §\"coins\"",
                "another `pays_from`",
            ),
            ("pays_from = \"coins\"", "pays_from = §\"coin\"", "did you mean `coins`"),
            ("pays_from = \"coins\"", "pays_from = §\"merit\"", "not spendable"),
            (
                "pays_from = \"coins\"\nclears_balance = true",
                "pays_from = \"bank\"\nclears_balance = §true",
                "only an account of points",
            ),
            (
                "counts = \"points\"\nspendable = false",
                "counts = §\"uses\"\nspendable = false",
                "counts minutes or points",
            ),
        ],
    );
}

#[test]
fn gifts_have_somebody_to_go_to() {
    let pool = "limit = { amount = \"2.5\", per = \"month\" }\nfirst_for = [\"aided\"]";
    let relative = "to = \"volunteer\"\nrelations = [\"parent\"]";
    all_are_found(
        Error,
        &[
            (pool, "limit = { amount = §\"0\", per = \"month\" }", "more than 0"),
            (pool, "limit = { amount = §\"0.0001\", per = \"month\" }", "whole minutes"),
            (pool, "first_for = [§\"aide\"]", "did you mean `aided`"),
            (pool, "first_for = [\"aided\", §\"aided\"]", "listed twice"),
            (pool, "relations = §[\"parent\"]", "nobody's relative"),
            (relative, "to = \"volunteer\"\nrelations = §[\"self\"]", "to themselves"),
            (relative, "to = \"volunteer\"\nlimit = { amount = §\"1.25\", per = \"year\" }", "more than 1 decimals"),
            (relative, "to = \"volunteer\"\nfirst_for = §[\"aided\"]", "how the pool is given out"),
            (relative, "to = \"volunteer\"\naccount = §\"merit\"", "not spendable"),
        ],
    );
}
