use super::SMALL;
use crate::config::{BelowShare, Overtime, Presence, Scheme};

const TABLE: &str = r#"
[presence]
early_minutes = 15
overtime = "as_served"
share_percent = 60
below_share = "not_credited"
no_show_event = "absent"

[presence.duty]
category = "patrol"
title = "站点值守"
opens = "08:00"
closes = "18:00"
person_in_charge = "站长"

[[categories]]
code = "absent"
name = "未到"
name_en = "Absent"
kind = "event"
"#;

#[test]
fn what_is_left_out_of_signing_in_is_as_the_manual_says() {
    let plain = Scheme::parse(SMALL).expect("a scheme").presence;
    assert_eq!(plain, Presence::default());
    assert_eq!((plain.early_minutes, plain.cancel_minutes, plain.close_after_minutes), (30, 5, 30));
    assert_eq!((plain.overtime, plain.below_share, plain.share_percent), (Overtime::ToPlan, BelowShare::Flag, None));
    let written = Scheme::parse(&format!("{SMALL}{TABLE}")).expect("a scheme").presence;
    assert_eq!((written.early_minutes, written.cancel_minutes), (15, 5));
    assert_eq!(written.duty.map(|duty| String::from(duty.closes)).as_deref(), Some("18:00"));
}

#[test]
fn every_flaw_of_signing_in_is_found_in_its_line() {
    for (right, wrong, told) in [
        ("early_minutes = 15", "early_minutes = 1441", "between 0 and 1440"),
        ("share_percent = 60", "share_percent = 101", "between 1 and 100"),
        ("share_percent = 60", "clock_hours = 0", "between 1 and"),
        ("no_show_event = \"absent\"", "no_show_event = \"absnt\"", "did you mean `absent`"),
        ("no_show_event = \"absent\"", "no_show_event = \"patrol\"", "is an event, and no service"),
        ("category = \"patrol\"", "category = \"absent\"", "duty is a service"),
        ("category = \"patrol\"", "category = \"patrool\"", "did you mean `patrol`"),
        ("closes = \"18:00\"", "closes = \"08:00\"", "not after the beginning"),
        ("closes = \"18:00\"", "closes = \"24:00\"", "there is no time `24:00`"),
        ("title = \"站点值守\"", "title = \" \"", "is blank"),
        ("overtime = \"as_served\"", "overtime = \"as_planned\"", "unknown variant"),
    ] {
        let toml = format!("{SMALL}{}", TABLE.replacen(right, wrong, 1));
        let error = Scheme::parse(&toml).expect_err(wrong);
        let line = toml.lines().position(|line| line == wrong).expect("the line") + 1;
        let said = error.to_string();
        assert!(said.contains(told), "{wrong}: {said}");
        assert!(
            error.findings.iter().any(|one| one.line_and_column.is_some_and(|(at, _)| at == line)),
            "{wrong}: {said}"
        );
    }
}
