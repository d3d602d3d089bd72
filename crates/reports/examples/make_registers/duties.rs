//! Who serves when, decided before it is written down.

use chrono::{Datelike, Days, NaiveDate};

use crate::people::{PEOPLE, Random, TEAM_SIZE};

/// One person's service on one day, in minutes after midnight.
pub struct Duty {
    pub person: usize,
    pub title: &'static str,
    pub date: NaiveDate,
    pub start: u32,
    pub end: u32,
    pub place: String,
    pub remark: &'static str,
}

/// A quarter of a team of twelve: each two or three times a week, in the morning or in the evening.
pub fn waste_sorting(random: &mut Random) -> Vec<Duty> {
    const MORNING: [(u32, u32); 3] = [(390, 510), (420, 540), (420, 510)];
    const EVENING: [(u32, u32); 3] = [(1080, 1200), (1110, 1200), (1050, 1200)];
    let first = NaiveDate::from_ymd_opt(2025, 9, 29).expect("a Monday");
    let mut duties = Vec::new();
    for week in 0..14 {
        for person in 0..TEAM_SIZE {
            let mut weekdays: Vec<u64> = (0..7).collect();
            for _ in 0..2 + random.below(2) {
                let date = first + Days::new(week * 7 + weekdays.swap_remove(random.below(weekdays.len())));
                let shifts = random.pick(&[MORNING, EVENING]);
                let (start, end) = random.pick(&shifts);
                let place = format!("海悦居民区{}号投放点", 1 + random.below(4));
                let remark = random.pick(&["", "", "", "", "", "", "", "", "雨天", "破袋", "劝导 3 户"]);
                duties.push(Duty { person, title: "垃圾分类定时定点值守", date, start, end, place, remark });
            }
        }
    }
    duties.retain(|duty| duty.date.year() == 2025 && duty.date.month() >= 10);
    duties.sort_by_key(|duty| (duty.date, duty.start, duty.person));
    duties
}

/// April 2022: three hundred people, on some days twice, never in two places at once.
pub fn emergency(random: &mut Random) -> Vec<Duty> {
    type Work = (&'static str, &'static [(u32, u32)]);
    const WORK: [Work; 7] = [
        ("采样秩序", &[(360, 510), (780, 900), (1110, 1230)]),
        ("物资配送", &[(540, 690), (840, 1020), (1050, 1155)]),
        ("门岗值守", &[(480, 720), (720, 960), (960, 1200), (1200, 1410)]),
        ("代配药", &[(540, 660), (840, 960)]),
        ("敲门通知", &[(330, 375), (1140, 1200)]),
        ("环境消杀", &[(420, 510), (930, 1020)]),
        ("居民热线接听", &[(540, 720), (780, 1020)]),
    ];
    let first = NaiveDate::from_ymd_opt(2022, 4, 1).expect("a day");
    let mut duties: Vec<Duty> = Vec::new();
    for date in first.iter_days().take(30) {
        for person in TEAM_SIZE..PEOPLE {
            let times = random.pick(&[0, 0, 0, 0, 0, 0, 0, 1, 1, 2]);
            let mut taken: Vec<(u32, u32)> = Vec::new();
            for _ in 0..times {
                let (title, shifts) = random.pick(&WORK);
                let (start, end) = random.pick(shifts);
                // Half an hour to rest, to eat and to change the protective clothing.
                if taken.iter().any(|(from, until)| start < until + 30 && *from < end + 30) {
                    continue;
                }
                taken.push((start, end));
                let place = format!("海悦居民区{}号楼", 1 + random.below(46));
                let remark = random.pick(&[
                    "",
                    "",
                    "",
                    "",
                    "",
                    "",
                    "",
                    "防护服",
                    "雨,延后开始",
                    "补登:\"手册第 3 页\"",
                    "搬运 60 份",
                ]);
                duties.push(Duty { person, title, date, start, end, place, remark });
            }
        }
    }
    duties.sort_by_key(|duty| (duty.date, duty.start, duty.person));
    duties
}

pub fn total(duties: &[Duty]) -> u32 {
    duties.iter().map(|duty| duty.end - duty.start).sum()
}
