//! Who competes: volunteers, units (优秀网格) or teams (优秀志愿服务队); and which rules make sense for whom. Pure.

use super::rules::{Exclusion, Flaws, Measure, RuleSet};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Who competes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Competitors {
    #[default]
    Volunteers,
    /// Each with all that was served for it and for what is below it.
    Units,
    /// Each with all that was served for it.
    Teams,
}

impl Competitors {
    pub fn as_str(self) -> &'static str {
        match self {
            Competitors::Volunteers => "volunteers",
            Competitors::Units => "units",
            Competitors::Teams => "teams",
        }
    }

    /// 人、个单位、支队伍: what they are counted in.
    pub fn counted(self) -> &'static str {
        match self {
            Competitors::Volunteers => "人",
            Competitors::Units => "个单位",
            Competitors::Teams => "支队伍",
        }
    }

    /// Units and teams, which are named by codes and have members.
    pub fn are_groups(self) -> bool {
        self != Competitors::Volunteers
    }

    pub(super) fn is_volunteers(&self) -> bool {
        *self == Competitors::Volunteers
    }

    /// Under which id the row of somebody stands: a volunteer's own; that of a unit or a team follows from its code. `None`: it is
    /// no volunteer's id.
    pub fn subject(self, named: &str) -> Option<Uuid> {
        match self {
            Competitors::Volunteers => named.parse().ok(),
            Competitors::Units | Competitors::Teams => {
                Some(Uuid::new_v5(&Uuid::nil(), format!("{}/{named}", self.as_str()).as_bytes()))
            }
        }
    }

    /// The field that says who.
    pub fn named_by(self) -> &'static str {
        if self.are_groups() { "code" } else { "volunteer_id" }
    }

    fn zh(self) -> &'static str {
        match self {
            Competitors::Volunteers => "志愿者",
            Competitors::Units => "单位",
            Competitors::Teams => "队伍",
        }
    }
}

impl Exclusion {
    /// Whose row it is about.
    pub fn subject(&self, of: Competitors) -> Option<Uuid> {
        match of {
            Competitors::Volunteers => self.volunteer_id,
            _ => of.subject(self.code.as_deref()?),
        }
    }
}

impl RuleSet {
    /// Rules that mean nothing for those who compete.
    pub(super) fn check_competitors(&self, flaws: &mut Flaws) {
        let of = self.of;
        let mut refuse = |place: &str| {
            let (zh, en) = (format!("评选{}时没有这一项", of.zh()), format!("{} have no such rule", of.as_str()));
            flaws.add(place, "not_for_these", &zh, &en);
        };
        let vetoes = &self.vetoes;
        let of_volunteers = [
            ("/min_tenure_months", self.min_tenure_months > 0),
            ("/min_age", self.min_age.is_some()),
            ("/max_age", self.max_age.is_some()),
            ("/vetoes/awarded", vetoes.awarded.is_some()),
            ("/seats/open", self.seats.is_some_and(|seats| seats.open > 0)),
            ("/honour", self.honour.is_some()),
            ("/grid_kind", of == Competitors::Teams && self.grid_kind.is_some()),
        ];
        let of_groups = [
            ("/measure", self.measure == Measure::Participation),
            ("/per_member", self.per_member),
            ("/min_members", self.min_members != 0),
            ("/min_participants", self.min_participants != 0),
            ("/min_participation", self.min_participation != 0),
        ];
        let wrong: &[(&str, bool)] = if of.are_groups() { &of_volunteers } else { &of_groups };
        wrong.iter().filter(|(_, is_given)| *is_given).for_each(|(place, _)| refuse(place));
        if of.are_groups() && self.per_member && matches!(self.measure, Measure::Rating | Measure::Participation) {
            flaws.add("/per_member", "not_for_this_measure", "这一指标不能再按人均算", "it is an average already");
        }
        self.check_exclusions(flaws);
    }

    /// Volunteers are excluded by their ids, units and teams by their codes.
    fn check_exclusions(&self, flaws: &mut Flaws) {
        let of = self.of;
        let (wanted, other) = (of.named_by(), if of.are_groups() { "volunteer_id" } else { "code" });
        let exclusions = &self.vetoes.exclusions;
        for (at, one) in exclusions.iter().enumerate().take(super::rules::EXCLUSIONS_MAX) {
            let place = |field| format!("/vetoes/exclusions/{at}/{field}");
            let is_other = if of.are_groups() { one.volunteer_id.is_some() } else { one.code.is_some() };
            if is_other {
                let (zh, en) = (format!("评选{}时不用这一项", of.zh()), format!("{} are not named by it", of.as_str()));
                flaws.add(&place(other), "not_for_these", &zh, &en);
            }
            match one.subject(of) {
                None => flaws.add(&place(wanted), "missing", "须写明是谁", "it must say who"),
                Some(subject) => {
                    if exclusions.iter().take(at).any(|before| before.subject(of) == Some(subject)) {
                        flaws.add(&place(wanted), "twice", "同一个写了两次", "the same one twice");
                    }
                }
            }
        }
    }

    /// The sentence that stands below a list of units or teams.
    pub(super) fn sentence_of_groups(&self) -> String {
        let measure = match self.measure {
            Measure::Hours => "服务时长",
            Measure::Points => "获得积分",
            Measure::Services => "服务次数",
            Measure::Rating => "平均评价",
            Measure::Participation => "参与率",
        };
        let measure = if self.per_member { format!("人均{measure}") } else { measure.to_owned() };
        let counts = match self.of {
            Competitors::Units => "各单位的数字含其下属单位，按服务记录所属单位统计",
            _ => "按服务记录所属队伍统计",
        };
        let seats = match &self.seats {
            None => "达标者均入选。".to_owned(),
            Some(seats) => format!("名额 {} 个，不分配到网格，宁缺毋滥。", seats.total),
        };
        format!(
            "规则版本 {}：按{measure}排序，以未取整的数值比较，数值相同名次相同（1、2、2、4）；同名次依次比较服务次数、平均评价、\
             达到时间先后、代码。{counts}；成员为 {} 当日在册者，参与人数为其中期间有计入服务者。{}{seats}",
            self.version,
            self.period().map(|(_, until)| until.to_string()).unwrap_or_default(),
            self.least(),
        )
    }

    /// What is asked of members.
    fn least(&self) -> String {
        let percent = format!("{}.{:02}%", self.min_participation / 100, self.min_participation % 100);
        let asked = [
            (self.min_members, format!("成员不少于 {} 人", self.min_members)),
            (self.min_participants, format!("参与人数不少于 {} 人", self.min_participants)),
            (self.min_participation, format!("参与率不低于 {percent}")),
        ];
        let asked: Vec<String> = asked.into_iter().filter(|(least, _)| *least > 0).map(|(_, asked)| asked).collect();
        if asked.is_empty() { String::new() } else { format!("{}。", asked.join("，")) }
    }
}
