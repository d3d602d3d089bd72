//! Who confirms what, what is published before it counts, and by when answers are due.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Rules;
use crate::rules::Evidence;

/// 一个证据等级由谁、由几个人确认。没有写的等级由一名审核员确认。
/// Who confirms records with one class of evidence, and how many of them. What is not listed is confirmed by one reviewer.
/// Whoever recorded a service, or gave it, never confirms it, whatever is written here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidencePolicy {
    /// 证据等级。
    /// The class of evidence.
    pub class: Evidence,
    /// 谁可以确认；不写为审核员。队长只能确认本队扫码或机器登记的记录。
    /// Who may confirm; reviewers when left out. Leaders confirm what their own team scanned or did at a kiosk, and nothing
    /// else.
    #[serde(default = "reviewers")]
    pub confirmed_by: Vec<Confirmer>,
    /// 指定的确认人（密钥名称）；不写则不限。
    /// The names of the keys that may confirm; any of these roles when left out.
    #[serde(default)]
    pub approvers: Vec<String>,
    /// 须几个人确认，1 至 3；不写为 1。
    /// How many people confirm, 1 to 3; 1 when left out.
    #[serde(default = "one")]
    pub confirmers: u32,
    /// 登记时须说明理由；补录总要说明。
    /// Whether the record needs a reason; what is filled in later always does.
    #[serde(default)]
    pub needs_reason: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confirmer {
    /// 审核员。
    Reviewer,
    /// 本队队长。
    Leader,
}

fn reviewers() -> Vec<Confirmer> {
    vec![Confirmer::Reviewer]
}

fn one() -> u32 {
    1
}

/// 公示：确认之后先公布，期满无异议才记入（民函〔2012〕340 号：不少于 3 个工作日）。
/// Publicity: a checked record is shown to the public, and counts when the time is over and no objection is open (Ministry
/// of Civil Affairs 2012 No. 340: no fewer than 3 working days).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Publicity {
    /// 公示几个工作日，公布当天不计。
    /// Working days, after the day on which it is published.
    pub working_days: u32,
    /// 只公示这些证据等级；不写为全部。
    /// Only records with this evidence; all when left out.
    #[serde(default)]
    pub evidence: BTreeSet<Evidence>,
    /// 只公示这些类别；不写为全部。
    /// Only records of these categories; all when left out.
    #[serde(default)]
    pub categories: Vec<String>,
    /// 异议须在几个工作日内答复；不写为 10。
    /// Working days within which an objection is to be answered; 10 when left out.
    #[serde(default = "ten")]
    pub answer_working_days: u32,
}

/// Promptly (Order 67 of the Ministry of Civil Affairs, Art. 13), as working days.
pub const ANSWER_WORKING_DAYS: u32 = 10;

fn ten() -> u32 {
    ANSWER_WORKING_DAYS
}

impl EvidencePolicy {
    /// What holds for a class of which nothing is written.
    pub fn of_class(class: Evidence) -> EvidencePolicy {
        let (confirmed_by, approvers) = (reviewers(), Vec::new());
        EvidencePolicy { class, confirmed_by, approvers, confirmers: 1, needs_reason: false }
    }
}

impl Publicity {
    /// Whether a record is published before it counts.
    pub fn covers(&self, evidence: Evidence, category: &str) -> bool {
        (self.evidence.is_empty() || self.evidence.contains(&evidence))
            && (self.categories.is_empty() || self.categories.iter().any(|one| one == category))
    }
}

impl Rules {
    /// Who confirms records with this evidence.
    pub fn policy(&self, class: Evidence) -> EvidencePolicy {
        let written = self.evidence.iter().find(|policy| policy.class == class);
        written.cloned().unwrap_or_else(|| EvidencePolicy::of_class(class))
    }

    /// What has to be published of such records, if anything.
    pub fn publicity_of(&self, evidence: Evidence, category: &str) -> Option<&Publicity> {
        self.publicity.as_ref().filter(|publicity| publicity.covers(evidence, category))
    }

    /// Working days within which a request for correction is to be answered.
    pub fn correction_days(&self) -> u32 {
        self.correction_answer_working_days.unwrap_or(ANSWER_WORKING_DAYS)
    }
}
