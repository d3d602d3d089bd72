//! Names with characters that few fonts have are set as they are, on every paper that names people.

use reports::documents::campaign::CampaignCertificate;
use reports::documents::ranking::Ranked;
use reports::documents::{Document, Stamp, pdf};
use reports::layout::DocumentError;

use crate::rendering::{FONTS, file, letters, looks_as_before, made};
use crate::samples::{campaign, certificate, fields, ranking};

/// Extension B, A, A, E and G.
const NAMES: [&str; 5] = ["𠮷野", "陈䶮", "李㛃", "王𬎆", "𰻝𰻝"];

/// A character of Extension G that none of the free fonts inside the program has.
const NOWHERE: char = '\u{30000}';

fn named(name: &str) -> [Box<dyn Document>; 2] {
    let mut one = certificate(2);
    one.person.name = name.to_owned();
    let mut list = ranking(5);
    let Ranked::Volunteers(rows) = &mut list.rows else { panic!("of volunteers") };
    for (row, name) in rows.iter_mut().zip(NAMES) {
        row.name = name.to_owned();
    }
    rows[0].name = name.to_owned();
    [Box::new(one), Box::new(list)]
}

#[test]
fn a_certificate_a_certificate_of_a_campaign_and_a_ranking_show_rare_names() {
    let all = NAMES.concat();
    let [certificate, ranking] = named(&all);
    let campaign = campaign(None);
    let honour = CampaignCertificate {
        campaign: &campaign,
        recipient: format!("{all} 同志"),
        fields: fields(),
        number: "KY-2026-0024".to_owned(),
        verify_url: None,
        stamp: Stamp::Original,
    };
    let papers: [(&str, &dyn Document); 3] =
        [("rare-certificate", &*certificate), ("rare-campaign", &honour), ("rare-ranking", &*ranking)];
    for (name, paper) in papers {
        let path = file(name, paper);
        assert!(letters(&path).contains(&all), "{name}: {}", letters(&path));
        // A picture tells a character from the box that stands for what a font has not.
        looks_as_before(&path, 1);
    }
}

#[test]
fn what_no_font_has_is_named_and_nothing_is_printed() {
    for paper in named(&format!("王{NOWHERE}")) {
        let refused = pdf(&*paper, &FONTS, made()).unwrap_err();
        assert_eq!(refused, DocumentError::NoGlyph { characters: vec![NOWHERE] });
        assert!(refused.to_string().contains("U+30000"), "{refused}");
    }
}
