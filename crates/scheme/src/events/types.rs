//! Every kind of entry as other systems know it: the one table of event types and of what their data holds.

use crate::projection::kind;

/// A kind of event. Its name never changes, and what its data holds is only added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventType {
    /// The kind of the entries that are such events.
    pub name: &'static str,
    pub zh: &'static str,
    pub en: &'static str,
    /// Under which name its data has the id of the document.
    pub about: Option<&'static str>,
    /// What its data says of the state of that document.
    pub status: Option<&'static str>,
    /// What its data takes over from the document of the entry, when it is there. All else stays inside: a person's
    /// words, and digests of them, are nobody else's.
    pub fields: &'static [(&'static str, Shape)],
}

/// How a field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A UUID.
    Id,
    /// A code of the configuration, or one of a few fixed words.
    Code,
    /// A whole number.
    Count,
    /// A decimal string: points, or of the account that `account` names what it counts (hours for minutes).
    Amount,
    /// A decimal string: yuan.
    Yuan,
    /// RFC 3339; microseconds in the entry.
    Time,
    /// `YYYY-MM-DD`
    Day,
    Flag,
}

impl Shape {
    /// What it is called in descriptions.
    pub fn as_str(self) -> &'static str {
        match self {
            Shape::Id => "id",
            Shape::Code => "code",
            Shape::Count => "integer",
            Shape::Amount => "amount",
            Shape::Yuan => "yuan",
            Shape::Time => "time",
            Shape::Day => "day",
            Shape::Flag => "boolean",
        }
    }
}

use Shape::{Amount, Code, Count, Day, Flag, Id, Time, Yuan};

const fn event(
    name: &'static str,
    (zh, en): (&'static str, &'static str),
    about: Option<&'static str>,
    status: Option<&'static str>,
    fields: &'static [(&'static str, Shape)],
) -> EventType {
    EventType { name, zh, en, about, status, fields }
}

const SERVICE: Option<&str> = Some("service_id");
const EXCHANGE: Option<&str> = Some("exchange_id");
const TRANSFER: Option<&str> = Some("transfer_id");
const AWARD: Option<&str> = Some("award_id");
const SELECTION: Option<&str> = Some("selection_id");

/// An application for a certificate, which has the same id.
const CERTIFICATE: Option<&str> = Some("application_id");
const SETTLED: &[(&str, Shape)] = &[("decided_by", Id)];

const SELECTED: &[(&str, Shape)] = &[
    ("revision", Count),
    ("from", Day),
    ("until", Day),
    ("selected", Count),
    ("as_of", Count),
    ("public_until", Day),
    ("decided_by", Id),
];

const DECISION: &[(&str, Shape)] = &[
    ("category", Code),
    ("evidence", Code),
    ("unit", Code),
    ("team", Code),
    ("minutes", Count),
    ("credited_minutes", Count),
    ("points", Amount),
    ("rebalanced", Amount),
    ("overdraw", Flag),
    ("rules_version", Code),
    ("usable_until", Day),
    ("decided_by", Id),
];

const RESERVATION: &[(&str, Shape)] = &[
    ("reward_id", Id),
    ("quantity", Count),
    ("station", Code),
    ("session_id", Id),
    ("points", Amount),
    ("account", Code),
    ("price_cash", Yuan),
    ("relation", Code),
    ("rules_version", Code),
    ("by", Id),
];

const GIVEN_BACK: &[(&str, Shape)] =
    &[("points", Amount), ("account", Code), ("amount", Amount), ("session_id", Id), ("because", Code), ("by", Id)];
const ENDED: &[(&str, Shape)] = &[("last_day", Day), ("amount", Amount), ("account", Code)];
const GIFT: &[(&str, Shape)] =
    &[("from", Id), ("to", Id), ("amount", Amount), ("account", Code), ("relation", Code), ("by", Id)];
const STEP: &[(&str, Shape)] = &[("ladder", Code), ("step", Code), ("rules_version", Code), ("decided_by", Id)];

const SESSION: Option<&str> = Some("session_id");
const STOCK_TRANSFER: Option<&str> = Some("stock_transfer_id");

const SESSION_FIELDS: &[(&str, Shape)] = &[
    ("reward_id", Id),
    ("station", Code),
    ("starts_at", Time),
    ("ends_at", Time),
    ("seats", Count),
    ("moves", Count),
    ("version", Count),
    ("by", Id),
];
const MOVED: &[(&str, Shape)] = &[("session_id", Id), ("station", Code), ("starts_at", Time), ("until", Time)];
const MISSED: &[(&str, Shape)] =
    &[("session_id", Id), ("kept", Flag), ("points", Amount), ("account", Code), ("amount", Amount)];
const DELIVERY: &[(&str, Shape)] =
    &[("reward_id", Id), ("station", Code), ("pieces", Count), ("sponsor_id", Id), ("unit_cost", Yuan), ("by", Id)];
const LOSS: &[(&str, Shape)] = &[("reward_id", Id), ("station", Code), ("pieces", Count), ("cause", Code), ("by", Id)];
const COUNT: &[(&str, Shape)] = &[
    ("reward_id", Id),
    ("station", Code),
    ("counted", Count),
    ("book", Count),
    ("difference", Count),
    ("as_of", Count),
    ("by", Id),
];
const ON_THE_WAY: &[(&str, Shape)] = &[
    ("reward_id", Id),
    ("from", Code),
    ("to", Code),
    ("quantity", Count),
    ("arrived", Count),
    ("lost", Count),
    ("by", Id),
];
const LEVEL: &[(&str, Shape)] = &[("reward_id", Id), ("station", Code), ("level", Count), ("available", Count)];

/// All of them.
pub const TYPES: &[EventType] = &[
    event(kind::SERVICE_CONFIRMED, ("服务已确认", "Service confirmed"), SERVICE, Some("confirmed"), DECISION),
    event(kind::SERVICE_REJECTED, ("服务未通过", "Service rejected"), SERVICE, Some("rejected"), DECISION),
    event(kind::SERVICE_REVERSED, ("服务已冲正", "Service reversed"), SERVICE, Some("reversed"), DECISION),
    event(kind::EXCHANGE_RESERVED, ("兑换已预留", "Exchange reserved"), EXCHANGE, Some("reserved"), RESERVATION),
    event(kind::EXCHANGE_COLLECTED, ("兑换已核销", "Exchange collected"), EXCHANGE, Some("collected"), RESERVATION),
    event(kind::EXCHANGE_CANCELLED, ("兑换已取消", "Exchange cancelled"), EXCHANGE, Some("cancelled"), GIVEN_BACK),
    event(kind::EXCHANGE_EXPIRED, ("兑换逾期退回", "Exchange expired"), EXCHANGE, Some("expired"), GIVEN_BACK),
    event(
        kind::EXCHANGE_COLLECTED_IN_PART,
        ("兑换部分核销", "Exchange collected in part"),
        EXCHANGE,
        None,
        &[("by", Id)],
    ),
    event(kind::EXCHANGE_RETURNED, ("兑换已退货", "Exchange returned"), EXCHANGE, None, GIVEN_BACK),
    event(
        kind::STOCK_CHANGED,
        ("库存变动", "Stock changed"),
        Some("change_id"),
        None,
        &[("reward_id", Id), ("station", Code), ("change", Count), ("by", Id)],
    ),
    event(kind::STOCK_RECEIVED, ("到货入库", "Stock delivered"), Some("delivery_id"), None, DELIVERY),
    event(kind::STOCK_LOST, ("库存损耗", "Stock lost"), Some("loss_id"), None, LOSS),
    event(kind::STOCK_RETURNED, ("退回供货方", "Stock sent back"), Some("loss_id"), None, LOSS),
    event(kind::STOCK_COUNTED, ("库存盘点", "Stock counted"), Some("count_id"), None, COUNT),
    event(kind::STOCK_SENT, ("库存调出", "Stock sent to another station"), STOCK_TRANSFER, Some("sent"), ON_THE_WAY),
    event(kind::STOCK_ARRIVED, ("库存调入", "Stock arrived"), STOCK_TRANSFER, Some("arrived"), ON_THE_WAY),
    event(kind::STOCK_LOW, ("库存不足预警", "A shelf runs low"), None, None, LEVEL),
    event(kind::STOCK_RESTORED, ("库存已补足", "A shelf is filled again"), None, None, LEVEL),
    event(kind::SESSION_CHANGED, ("场次变动", "Session changed"), SESSION, None, SESSION_FIELDS),
    event(kind::SESSION_MOVED, ("场次改期", "Session moved"), SESSION, None, SESSION_FIELDS),
    event(kind::SESSION_CANCELLED, ("场次取消", "Session cancelled"), SESSION, Some("cancelled"), SESSION_FIELDS),
    event(kind::EXCHANGE_MOVED, ("预约场次改期", "The session of a booking was moved"), EXCHANGE, None, MOVED),
    event(kind::EXCHANGE_MISSED, ("预约未到", "Nobody came for a booking"), EXCHANGE, Some("missed"), MISSED),
    event(
        kind::POINTS_EXPIRING,
        ("积分即将到期", "Points will expire"),
        None,
        None,
        &[("last_day", Day), ("amount", Amount), ("days_before", Count)],
    ),
    event(kind::POINTS_EXPIRED, ("积分已到期", "Points expired"), None, None, ENDED),
    event(kind::POINTS_MATURED, ("积分可用", "Points can be spent"), None, None, ENDED),
    event(kind::ACCOUNT_EXPIRED, ("账本到期", "Account expired"), None, None, ENDED),
    event(kind::ACCOUNT_THAWED, ("账户已解冻", "Account thawed"), None, None, &[("last_day", Day)]),
    event(kind::POINTS_DONATED, ("积分已捐赠", "Points donated"), TRANSFER, Some("received"), GIFT),
    event(kind::POINTS_GIVEN, ("积分已转赠", "Points given"), TRANSFER, Some("given"), GIFT),
    event(kind::POINTS_RECEIVED, ("收到转赠积分", "Points received"), TRANSFER, Some("received"), GIFT),
    event(
        kind::POOL_GRANTED,
        ("捐赠池已发放", "Granted from the pool"),
        Some("request_id"),
        Some("granted"),
        &[("points", Amount), ("minutes", Count), ("account", Code), ("by", Id)],
    ),
    event(
        kind::WISH_FULFILLED,
        ("心愿完成", "Wish fulfilled"),
        Some("claim_id"),
        Some("posted"),
        &[
            ("wish_id", Id),
            ("service_id", Id),
            ("points", Amount),
            ("carried_minutes", Count),
            ("unit", Code),
            ("decided_by", Id),
        ],
    ),
    event(
        kind::ACTIVITY_CANCELLED,
        ("活动已取消", "Activity cancelled"),
        Some("activity_id"),
        Some("cancelled"),
        &[("people", Count)],
    ),
    event(
        kind::SIGNUP_PROMOTED,
        ("候补报名已转正", "Given a place that became free"),
        Some("activity_id"),
        Some("signed_up"),
        &[("volunteer_id", Id)],
    ),
    event(
        kind::VOLUNTEER_MERGED,
        ("两次登记并为一人", "Two registrations are one person"),
        None,
        Some("merged"),
        &[("from", Id), ("into", Id), ("by", Id)],
    ),
    event(kind::LEVEL_GRANTED, ("等级已授予", "Level granted"), AWARD, Some("granted"), STEP),
    event(
        kind::LEVEL_REFUSED,
        ("等级申请未通过", "Level refused"),
        Some("application_id"),
        Some("refused"),
        &[("ladder", Code), ("step", Code), ("decided_by", Id)],
    ),
    event(kind::LEVEL_REVOKED, ("等级已撤销", "Level revoked"), AWARD, Some("revoked"), STEP),
    event(
        kind::LEVEL_BANNED,
        ("暂停申请等级", "Barred from applying"),
        Some("ban_id"),
        None,
        &[("ladder", Code), ("years", Count), ("until", Day), ("decided_by", Id)],
    ),
    event(
        kind::CERTIFICATE_ISSUED,
        ("申请的证明已出具", "Certificate issued upon application"),
        CERTIFICATE,
        Some("issued"),
        SETTLED,
    ),
    event(
        kind::CERTIFICATE_REFUSED,
        ("证明申请未通过", "Application for a certificate refused"),
        CERTIFICATE,
        Some("refused"),
        SETTLED,
    ),
    event(kind::SELECTION_PUBLISHED, ("评选结果公示", "Selection published"), SELECTION, Some("published"), SELECTED),
    event(kind::SELECTION_FINAL, ("评选结果确定", "Selection final"), SELECTION, Some("final"), SELECTED),
    event(
        kind::SELECTION_WITHDRAWN,
        ("评选作废", "Selection withdrawn"),
        SELECTION,
        Some("withdrawn"),
        &[("revision", Count), ("decided_by", Id)],
    ),
    event(kind::LEVEL_BAN_ENDED, ("可再申请等级", "May apply again"), None, None, &[("last_day", Day)]),
];

/// The type of this name.
pub fn find(name: &str) -> Option<&'static EventType> {
    TYPES.iter().find(|known| known.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The names of all kinds, as they stand in the source: a kind that somebody adds is found without being told of.
    fn kinds() -> BTreeSet<&'static str> {
        let source = include_str!("../projection.rs");
        let (_, module) = source.split_once("pub mod kind {").unwrap();
        let (module, _) = module.split_once("\n}").unwrap();
        module.lines().filter_map(|line| line.split('"').nth(1)).collect()
    }

    #[test]
    fn every_kind_of_entry_is_one_type_of_event_with_a_title_and_a_shape() {
        let names: BTreeSet<_> = TYPES.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), TYPES.len(), "a name stands for one type");
        assert_eq!(names, kinds(), "every kind of entry has a line in the table of events, and no other has");
        for one in TYPES {
            let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte));
            assert!(is_name(one.name), "{}", one.name);
            assert!(!one.zh.is_ascii() && one.en.is_ascii() && !one.en.is_empty(), "{}", one.name);
            assert!(one.about.is_some() || !one.fields.is_empty(), "{} tells nothing", one.name);
        }
    }

    #[test]
    fn the_words_of_people_are_in_no_event() {
        for one in TYPES {
            for (field, _) in one.fields {
                assert!(!["reason", "note", "record", "calculation", "bill"].contains(field), "{}: {field}", one.name);
            }
        }
    }
}
