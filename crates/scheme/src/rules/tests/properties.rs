//! What holds for all records, whatever the rules say.

use super::*;
use proptest::prelude::*;
use proptest::sample::select;

/// Brackets as an office could write them: up to four, rising in hours, with any points.
fn blocks() -> impl Strategy<Value = String> {
    let tier = (0i64..40, 1i64..8, 1i64..60);
    (prop::collection::vec(tier, 1..5), select(vec!["ignored", "proportional"])).prop_map(|(tiers, parts)| {
        let last = tiers.len() - 1;
        let mut reached = 0;
        let tiers = tiers.iter().enumerate().map(|(index, (points, block, width))| {
            reached += width;
            let end = if index == last { String::new() } else { format!("up_to_hours = \"{reached}\", ") };
            format!("{{ {end}points = \"{points}.5\", per_hours = \"{block}\" }}")
        });
        let tiers = tiers.collect::<Vec<_>>().join(", ");
        format!("blocks = {{ counted_over = \"ever\", part_blocks = \"{parts}\", tiers = [{tiers}] }}\n")
    })
}

fn by_blocks(blocks: &str, rounding: &str) -> Scheme {
    let rule =
        format!("{blocks}part_hours = \"proportional\"\nrounding = \"{rounding}\"\nhours_credited = \"as_served\"\n");
    scheme(&rule, "")
}

fn rounding() -> impl Strategy<Value = &'static str> {
    select(vec!["down", "half_up", "up"])
}

fn minutes() -> impl Strategy<Value = i64> {
    prop_oneof![1i64..1440, (1i64..48).prop_map(|halves| halves * 30)]
}

/// Confirms the records one after the other, as the ledger would: what they earn, and the tallies afterwards.
fn confirm_all(scheme: &Scheme, records: &[Record]) -> (Vec<Earning>, BTreeMap<String, i64>) {
    let mut known = BTreeMap::new();
    let earn_one = |record: &Record| {
        let earning = earn(scheme, record, day("2026-12-01"), &known).expect("an earning");
        for draw in &earning.draws {
            let total = known.entry(draw.tally.key.clone()).or_insert(0);
            match draw.bound {
                DrawBound::AtMost(limit) => assert!(*total + draw.amount <= limit, "{draw:?} after {total}"),
                DrawBound::Unchanged(before) => assert_eq!(*total, before),
            }
            *total += draw.amount;
        }
        earning
    };
    (records.iter().map(earn_one).collect(), known)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_order_of_confirmation_does_not_change_a_running_total(
        blocks in blocks(),
        rounding in rounding(),
        served in prop::collection::vec(minutes(), 1..12),
        turns in 0usize..12,
    ) {
        let scheme = by_blocks(&blocks, rounding);
        let mut records: Vec<_> = served.iter().map(|minutes| patrol(*minutes)).collect();
        let total = |records: &[Record]| confirm_all(&scheme, records).0.iter().map(|one| one.points).sum::<i64>();
        let first = total(&records);
        records.rotate_left(turns % served.len());
        prop_assert_eq!(total(&records), first);
        records.reverse();
        prop_assert_eq!(total(&records), first);
    }

    #[test]
    fn a_record_cut_in_pieces_earns_the_same_of_a_running_total(
        blocks in blocks(),
        rounding in rounding(),
        before in 0i64..9000,
        pieces in prop::collection::vec(1i64..240, 1..6),
    ) {
        let scheme = by_blocks(&blocks, rounding);
        let points = |pieces: &[i64]| {
            let mut known = BTreeMap::from([("total/ever/services".to_owned(), before)]);
            let mut sum = 0;
            for minutes in pieces {
                let earning = earn(&scheme, &patrol(*minutes), day("2026-12-01"), &known).expect("an earning");
                prop_assert!(earning.points >= 0);
                sum += earning.points;
                *known.entry("total/ever/services".to_owned()).or_insert(0) += minutes;
            }
            Ok(sum)
        };
        prop_assert_eq!(points(&pieces)?, points(&[pieces.iter().sum()])?);
    }

    /// By the hour and rounded down, pieces never earn more than the whole; they may earn less.
    #[test]
    fn pieces_of_a_record_create_no_points(
        part_hours in select(vec!["proportional", "half_hours", "whole_hours"]),
        rate in select(vec!["1", "0.2", "1.2", "10.4"]),
        pieces in prop::collection::vec(1i64..240, 1..6),
    ) {
        let scheme = scheme(&rule(rate, part_hours, "down", "as_served"), "");
        let whole = amounts(&scheme, patrol(pieces.iter().sum()));
        let parts: Vec<_> = pieces.iter().map(|minutes| amounts(&scheme, patrol(*minutes))).collect();
        prop_assert_eq!(parts.iter().map(|(minutes, _)| minutes).sum::<i64>(), whole.0);
        prop_assert!(parts.iter().map(|(_, points)| points).sum::<i64>() <= whole.1);
    }

    /// Whatever comes in whatever order, on whatever days: no cap is exceeded, and nothing negative is credited.
    #[test]
    fn no_cap_is_ever_exceeded(
        limits in prop::collection::vec(
            (select(vec!["record", "day", "week", "month", "quarter", "year", "ever"]), any::<bool>(), 1i64..900, any::<bool>()),
            1..6,
        ),
        rounding in rounding(),
        served in prop::collection::vec((minutes(), 0u64..40, select(vec!["patrol", "culture"])), 1..25),
    ) {
        let caps = limits.iter().enumerate().map(|(index, (per, in_minutes, limit, truncate))| {
            let group = if index % 2 == 0 { "" } else { "categories = [\"culture\", \"patrol\"]\n" };
            let limit = if *in_minutes { format!("limit_minutes = {limit}") } else { format!("limit_points = \"{limit}\"") };
            ((*per, *in_minutes, index % 2), cap(per, &format!("{group}{limit}"), if *truncate { "truncate" } else { "void" }))
        });
        let caps = caps.collect::<BTreeMap<_, _>>().into_values().collect::<String>();
        let scheme = scheme(&rule("1.3", "proportional", rounding, "as_served"), &caps);
        let record = |(minutes, days, category): &(i64, u64, &'static str)| {
            let occurred_on = day("2026-10-20") + chrono::Days::new(*days);
            Record { category, occurred_on, ..patrol(*minutes) }
        };
        let records: Vec<_> = served.iter().map(record).collect();
        // `confirm_all` holds every draw against its bound.
        for (earning, record) in confirm_all(&scheme, &records).0.iter().zip(&records) {
            prop_assert!((0..=record.minutes).contains(&earning.minutes) && earning.points >= 0);
        }
    }

    /// Of a group only the highest counts, in any order.
    #[test]
    fn a_group_is_worth_its_highest(order in Just(vec![5i64, 8, 10, 8, 5]).prop_shuffle(), of_them in 1usize..6) {
        let events: String = [5, 8, 10].iter().map(|points| format!(
            "[[versions.rules]]\ncategories = [\"honour-{points}\"]\npoints = \"{points}\"\n\
             highest_of = {{ group = \"honours\", per = \"ever\" }}\n"
        )).collect();
        let scheme = scheme_with_honours(&events);
        let codes: Vec<String> = order.iter().take(of_them).map(|points| format!("honour-{points}")).collect();
        let records: Vec<_> = codes.iter().map(|category| Record { category, ..patrol(0) }).collect();
        let points: i64 = confirm_all(&scheme, &records).0.iter().map(|earning| earning.points).sum();
        prop_assert_eq!(points, order.iter().take(of_them).max().copied().unwrap_or(0) * 10);
    }
}

fn scheme_with_honours(rules: &str) -> Scheme {
    let text = format!("{}\n{rules}", text_of(&whole_hours(), ""));
    let honours: String = [5, 8, 10]
        .iter()
        .map(|points| {
            format!("{{ code = \"honour-{points}\", name = \"荣誉\", name_en = \"Honour\", kind = \"event\" }},")
        })
        .collect();
    let text = text.replace("categories = [\n", &format!("categories = [\n{honours}"));
    Scheme::parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}
