//! What becomes of complaints.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// 投诉的处理：几个工作日内答复，属实的有什么后果。
/// Complaints: within how many working days they are answered, and what follows when they are upheld.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Complaints {
    /// 收到后多少个工作日内答复。
    /// Working days in which a complaint is answered.
    pub answer_working_days: u32,
    /// 答复后多少个工作日内可以申诉；不写则不能申诉。
    /// Working days after the answer in which it can be appealed; no appeal when left out.
    pub appeal_working_days: Option<u32>,
    /// 属实的，所涉服务记录（活动）的时长记 0。
    /// Whether the hours of the record, or of the activity, become 0 when it is upheld.
    pub reverses_record: bool,
    /// 属实的，另记一条事项（扣分、加标记由该事项的规则决定）。
    /// The event that an upheld complaint is, too: its rules deduct points and put marks on.
    pub event_category: Option<String>,
    /// 属实的，当年不参加评选。
    /// Whether whoever it is upheld against takes no part in the reviews of that year.
    pub vetoes_reviews: bool,
}
