//! Which test shows what of the published cases.

use super::{awards, coins, exchanging, hours, libraries, points, reviews, stars};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A case, and the test that shows it: named so that the compiler knows that it is there.
macro_rules! shown {
    ($case:literal, $test:path) => {{
        let _ = $test;
        ($case, stringify!($test))
    }};
}

/// Every case of the list. None of them is left to people alone.
fn shown() -> Vec<(&'static str, &'static str)> {
    vec![
        shown!("01.1", hours::hailin_counts_two_hours_each_time),
        shown!("01.2", hours::hailin_counts_two_hours_each_time),
        shown!("01.3", hours::hailin_counts_two_hours_each_time),
        shown!("01.4", hours::hailin_takes_back_what_was_complained_of),
        shown!("01.5", hours::hailin_pays_for_referrals_and_for_what_was_filed),
        shown!("01.6", hours::hailin_pays_for_referrals_and_for_what_was_filed),
        shown!("01.7", exchanging::hailin_exchanges_once_a_quarter),
        shown!("01.8", hours::hailin_counts_two_hours_each_time),
        shown!("02.1", stars::longquanyi_asks_for_hours_and_points),
        shown!("02.2", stars::longquanyi_asks_for_hours_and_points),
        shown!("02.3", stars::longquanyi_asks_for_hours_and_points),
        shown!("02.4", stars::longquanyi_asks_for_hours_and_points),
        shown!("02.5", exchanging::longquanyi_gives_service_for_hours_that_points_stand_behind),
        shown!("02.6", exchanging::longquanyi_gives_service_for_hours_that_points_stand_behind),
        shown!("02.7", stars::longquanyi_takes_a_star_with_the_hours),
        shown!("02.8", stars::longquanyi_deregisters_upon_the_fifth_absence_of_a_year),
        shown!("03.1", stars::zhangjiagang_gives_a_star_its_gift_and_certificate),
        shown!("03.2", stars::zhangjiagang_gives_a_star_its_gift_and_certificate),
        shown!("03.3", stars::zhangjiagang_gives_gifts_anew_in_every_cycle),
        shown!("03.4", stars::zhangjiagang_gives_gifts_anew_in_every_cycle),
        shown!("03.5", stars::zhangjiagang_gives_gifts_anew_in_every_cycle),
        shown!("03.6", stars::zhangjiagang_gives_gifts_anew_in_every_cycle),
        shown!("03.7", stars::zhangjiagang_gives_gifts_anew_in_every_cycle),
        shown!("03.8", stars::zhangjiagang_gives_a_star_its_gift_and_certificate),
        shown!("07.1", awards::guangdong_grants_after_five_working_days),
        shown!("07.2", awards::guangdong_grants_after_five_working_days),
        shown!("07.3", awards::guangdong_bars_false_reporters_for_one_to_three_years),
        shown!("07.4", awards::guangdong_grants_after_five_working_days),
        shown!("07.5", awards::guangdong_bars_false_reporters_for_one_to_three_years),
        shown!("08.1", awards::fujian_grants_at_three_levels_of_the_association),
        shown!("08.2", awards::fujian_grants_at_three_levels_of_the_association),
        shown!("08.3", awards::fujian_grants_at_three_levels_of_the_association),
        shown!("08.4", awards::fujian_grants_at_three_levels_of_the_association),
        shown!("10.1", points::shenzhen_gives_two_points_for_every_fifty_hours),
        shown!("10.2", points::shenzhen_gives_two_points_for_every_fifty_hours),
        shown!("10.3", points::shenzhen_gives_two_points_for_every_fifty_hours),
        shown!("10.4", points::shenzhen_caps_service_blood_and_gifts_together),
        shown!("10.5", exchanging::shenzhen_asks_for_half_a_year),
        shown!("10.6", points::shenzhen_counts_the_highest_honour_only),
        shown!("10.7", points::shenzhen_gives_two_points_for_every_fifty_hours),
        shown!("10.8", points::shenzhen_caps_service_blood_and_gifts_together),
        shown!("15.1", coins::nanjing_keeps_fifteen_hundred_hours_and_gives_the_rest_away),
        shown!("15.2", exchanging::nanjing_gives_care_to_the_old_and_no_cash),
        shown!("15.3", exchanging::nanjing_gives_care_to_the_old_and_no_cash),
        shown!("15.4", exchanging::nanjing_gives_care_to_the_old_and_no_cash),
        shown!("15.5", exchanging::nanjing_gives_care_to_the_old_and_no_cash),
        shown!("15.6", coins::nanjing_gives_from_the_pool_to_those_who_live_alone_first),
        shown!("16.1", hours::changning_mints_two_coins_a_day),
        shown!("16.2", hours::changning_mints_two_coins_a_day),
        shown!("16.3", hours::changning_lets_nobody_have_more_than_six_hundred_coins),
        shown!("16.4", hours::changning_mints_two_coins_a_day),
        shown!("16.5", hours::changning_lets_nobody_have_more_than_six_hundred_coins),
        shown!("22.1", exchanging::huangshan_s_points_last_three_years_and_the_hours_for_ever),
        shown!("22.2", exchanging::huangshan_s_points_last_three_years_and_the_hours_for_ever),
        shown!("22.3", exchanging::huangshan_s_points_last_three_years_and_the_hours_for_ever),
        shown!("22.4", exchanging::huangshan_s_points_last_three_years_and_the_hours_for_ever),
        shown!("22.5", exchanging::huangshan_s_points_last_three_years_and_the_hours_for_ever),
        shown!("23.1", hours::huangshi_pays_for_own_sign_ins),
        shown!("23.2", hours::huangshi_pays_for_own_sign_ins),
        shown!("23.3", exchanging::huangshi_s_points_end_with_the_year),
        shown!("23.4", exchanging::huangshi_s_points_end_with_the_year),
        shown!("23.5", exchanging::huangshi_s_points_end_with_the_year),
        shown!("26.1", exchanging::luohe_gives_silver_for_fifty_and_gold_for_a_hundred),
        shown!("26.2", exchanging::luohe_gives_silver_for_fifty_and_gold_for_a_hundred),
        shown!("26.3", exchanging::luohe_gives_silver_for_fifty_and_gold_for_a_hundred),
        shown!("26.4", exchanging::luohe_gives_silver_for_fifty_and_gold_for_a_hundred),
        shown!("26.5", exchanging::luohe_gives_silver_for_fifty_and_gold_for_a_hundred),
        shown!("27.1", exchanging::zhuowan_gives_a_bag_of_rice_for_forty_four),
        shown!("27.2", exchanging::zhuowan_gives_a_bag_of_rice_for_forty_four),
        shown!("27.3", exchanging::zhuowan_gives_a_bag_of_rice_for_forty_four),
        shown!("27.4", exchanging::zhuowan_gives_a_bag_of_rice_for_forty_four),
        shown!("31.1", exchanging::huangyan_counts_full_two_hours_of_the_year),
        shown!("31.2", exchanging::huangyan_counts_full_two_hours_of_the_year),
        shown!("31.3", exchanging::huangyan_counts_full_two_hours_of_the_year),
        shown!("31.4", exchanging::huangyan_hands_out_in_the_january_after),
        shown!("31.5", exchanging::huangyan_counts_full_two_hours_of_the_year),
        shown!("33.1", points::nanhu_gives_so_much_for_each_kind_of_service),
        shown!("33.2", points::nanhu_gives_so_much_for_each_kind_of_service),
        shown!("33.3", points::nanhu_gives_so_much_for_each_kind_of_service),
        shown!("33.4", points::nanhu_gives_so_much_for_each_kind_of_service),
        shown!("38.1", points::a_university_weighs_hours_by_level),
        shown!("38.2", points::a_university_weighs_hours_by_level),
        shown!("38.3", points::a_university_weighs_hours_by_level),
        shown!("38.4", points::a_university_pays_the_aided_beyond_fifty_hours),
        shown!("38.5", points::a_university_pays_the_aided_beyond_fifty_hours),
        shown!("38.6", points::a_university_weighs_hours_by_level),
        shown!("38.7", points::a_university_weighs_hours_by_level),
        shown!("40.1", hours::a_university_certifies_half_hours_within_a_month),
        shown!("40.2", hours::a_university_certifies_half_hours_within_a_month),
        shown!("40.3", hours::a_university_certifies_half_hours_within_a_month),
        shown!("40.4", hours::a_university_certifies_half_hours_within_a_month),
        shown!("40.5", hours::a_university_certifies_half_hours_within_a_month),
        shown!("40.6", hours::a_university_certifies_half_hours_within_a_month),
        shown!("46.1", points::weihai_gives_less_the_more_there_is),
        shown!("46.2", points::weihai_gives_less_the_more_there_is),
        shown!("46.3", points::weihai_gives_less_the_more_there_is),
        shown!("46.4", points::weihai_gives_less_the_more_there_is),
        shown!("46.5", points::weihai_gives_less_the_more_there_is),
        shown!("46.6", points::weihai_gives_less_the_more_there_is),
        shown!("46.7", points::weihai_gives_less_the_more_there_is),
        shown!("47.1", libraries::zhuhai_gives_for_loans_events_and_service),
        shown!("47.2", libraries::zhuhai_gives_for_loans_events_and_service),
        shown!("47.3", libraries::zhuhai_gives_for_loans_events_and_service),
        shown!("47.4", libraries::zhuhai_gives_for_loans_events_and_service),
        shown!("47.5", libraries::zhuhai_gives_for_loans_events_and_service),
        shown!("47.6", libraries::zhuhai_gives_for_loans_events_and_service),
        shown!("47.7", stars::zhuhai_lends_as_many_books_as_the_balance_allows),
        shown!("47.8", stars::zhuhai_lends_as_many_books_as_the_balance_allows),
        shown!("48.1", libraries::zouping_gives_by_whole_hours_and_caps_by_the_day),
        shown!("48.2", libraries::zouping_gives_by_whole_hours_and_caps_by_the_day),
        shown!("48.3", libraries::zouping_gives_by_whole_hours_and_caps_by_the_day),
        shown!("48.4", libraries::zouping_gives_by_whole_hours_and_caps_by_the_day),
        shown!("48.5", libraries::zouping_gives_by_whole_hours_and_caps_by_the_day),
        shown!("48.6", libraries::zouping_gives_by_whole_hours_and_caps_by_the_day),
        shown!("48.7", libraries::zouping_freezes_at_zero_and_thaws_by_service),
        shown!("48.8", libraries::zouping_freezes_at_zero_and_thaws_by_service),
        shown!("52.1", exchanging::jinshan_takes_five_yuan_off_for_ten_coins),
        shown!("52.2", exchanging::jinshan_takes_five_yuan_off_for_ten_coins),
        shown!("52.3", exchanging::jinshan_takes_five_yuan_off_for_ten_coins),
        shown!("52.4", exchanging::jinshan_takes_five_yuan_off_for_ten_coins),
        shown!("52.5", exchanging::jinshan_takes_five_yuan_off_for_ten_coins),
        shown!("54.1", coins::lanzhou_keeps_merit_apart_from_points),
        shown!("54.2", coins::lanzhou_keeps_merit_apart_from_points),
        shown!("54.3", coins::lanzhou_keeps_merit_apart_from_points),
        shown!("54.4", coins::lanzhou_keeps_merit_apart_from_points),
        shown!("54.5", coins::lanzhou_keeps_merit_apart_from_points),
        shown!("55.1", coins::dinghai_s_three_coins_add_up_to_one),
        shown!("55.2", coins::dinghai_s_three_coins_add_up_to_one),
        shown!("55.3", coins::dinghai_s_three_coins_add_up_to_one),
        shown!("55.4", coins::dinghai_s_three_coins_add_up_to_one),
        shown!("55.5", coins::dinghai_s_three_coins_add_up_to_one),
        shown!("56.1", awards::beijing_changed_what_hours_are_worth),
        shown!("56.2", awards::beijing_changed_what_hours_are_worth),
        shown!("56.3", awards::beijing_s_ninth_batch_closed_at_the_end_of_november),
        shown!("56.4", awards::beijing_s_ninth_batch_closed_at_the_end_of_november),
        shown!("56.5", awards::beijing_s_ninth_batch_closed_at_the_end_of_november),
        shown!("56.6", awards::beijing_s_ninth_batch_closed_at_the_end_of_november),
        shown!("57.1", reviews::community_volunteers_are_reviewed_after_half_a_year),
        shown!("57.2", reviews::community_volunteers_are_reviewed_after_half_a_year),
        shown!("57.3", awards::community_volunteers_apply_for_their_stars),
        shown!("57.4", reviews::community_volunteers_are_reviewed_after_half_a_year),
        shown!("58.1", reviews::bozhou_selects_a_hundred_people_and_sound_organisations),
        shown!("58.2", reviews::bozhou_selects_a_hundred_people_and_sound_organisations),
        shown!("58.3", reviews::bozhou_selects_a_hundred_people_and_sound_organisations),
        shown!("58.4", reviews::bozhou_selects_a_hundred_people_and_sound_organisations),
        shown!("58.5", reviews::bozhou_s_organisations_are_two_years_old),
        shown!("59.1", awards::huanghuai_counts_its_own_up_to_the_middle_of_december),
        shown!("59.2", awards::huanghuai_counts_its_own_up_to_the_middle_of_december),
        shown!("59.3", awards::huanghuai_counts_its_own_up_to_the_middle_of_december),
        shown!("59.4", awards::huanghuai_counts_its_own_up_to_the_middle_of_december),
    ]
}

#[test]
fn every_published_case_is_shown_by_a_test() {
    let folder = env!("CARGO_MANIFEST_DIR");
    let text = std::fs::read_to_string(format!("{folder}/data/schemes/cases.json")).expect("the cases");
    let cases: Vec<Value> = serde_json::from_str(&text).expect("a list");
    let listed: BTreeSet<&str> = cases.iter().filter_map(|case| case["id"].as_str()).collect();
    assert_eq!(listed.len(), cases.len(), "each case has an id of its own");
    let shown: BTreeMap<&str, &str> = shown().into_iter().collect();
    let missing: Vec<_> = listed.iter().filter(|case| !shown.contains_key(*case)).collect();
    assert!(missing.is_empty(), "no test shows {missing:?}");
    for (case, test) in shown {
        assert!(listed.contains(case), "{case} is no published case");
        let file = test.split("::").next().expect("a module").trim();
        let source = std::fs::read_to_string(format!("{folder}/it/published/{file}.rs")).expect(file);
        assert!(source.contains(case), "{file}.rs does not speak of {case}");
    }
}
