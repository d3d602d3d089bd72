//! Who issues certificates of service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// 志愿服务记录证明：由谁出具，谁负责，几个工作日内出具。一律免费。
/// Certificates of service: who issues them, who answers for them, and how soon. They are free of charge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificates {
    /// 出具单位，印在落款和盖章处；不写为站点 `main` 的名称。
    /// The body that issues them, printed where the seal goes; the name of the station `main` when left out.
    pub issuer: Option<String>,
    /// 负责人；不写则留空签名。
    /// Who answers for them; a line to sign on when left out.
    pub person_in_charge: Option<String>,
    /// 联系方式：出具单位的电话或地址。
    /// The issuer's phone or address.
    pub contact: Option<String>,
    /// 收到申请后几个工作日内出具；不写为 10。第 67 号令要求及时出具，没有规定天数。
    /// Working days after the application; 10 when left out. Order 67 says without delay, and names no number of days.
    pub issue_working_days: Option<u32>,
}
