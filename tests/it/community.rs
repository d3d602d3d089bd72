//! A year of a community, lived through the interface: what was meant to come of it is what balances, totals and the journal say.

use std::process::Command;
use tests::server::binary;

#[test]
fn a_small_community_accounts_for_its_year_to_the_minute() {
    let lived = Command::new(binary()).args(["demo", "--size", "tiny", "--check"]).output().expect("the program runs");
    let (told, failed) = (String::from_utf8_lossy(&lived.stdout), String::from_utf8_lossy(&lived.stderr));
    assert!(lived.status.success(), "{told}{failed}");
    assert!(told.contains("18000        18000        18000        18000"), "300 hours are 18 000 minutes: {told}");
}

#[test]
fn a_size_that_is_not_there_is_an_error() {
    let refused =
        Command::new(binary()).args(["demo", "--size", "huge", "--check"]).output().expect("the program runs");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("community, tiny"));
}
