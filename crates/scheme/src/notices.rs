//! Notices: what a volunteer is to be told when they sign in at the kiosk or open the mini-program. They are entries of the book,
//! told in sentences; old ones, and those that time has overtaken, are not told.

use crate::config::Scheme;
use crate::events::{self, Event, EventsError};
use crate::projection::kind;
use crate::schemes::OpenScheme;
use crate::volunteers::{self, VolunteerError};
use chrono::{DateTime, Days, NaiveDate, Utc};
use ledger::feed::Wanted;
use serde_json::Value;
use uuid::Uuid;

/// The kinds of entries that are told.
const KINDS: &[&str] = &[
    kind::POINTS_EXPIRING,
    kind::EXCHANGE_EXPIRED,
    kind::EXCHANGE_CANCELLED,
    kind::EXCHANGE_MOVED,
    kind::EXCHANGE_MISSED,
    kind::SERVICE_REVERSED,
    kind::POINTS_RECEIVED,
    kind::POOL_GRANTED,
    kind::LEVEL_GRANTED,
    kind::LEVEL_REFUSED,
    kind::ACCOUNT_THAWED,
    kind::CERTIFICATE_ISSUED,
    kind::CERTIFICATE_REFUSED,
];

/// Days for which something is told.
const TOLD_FOR: u64 = 90;

/// What somebody is to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    pub event: Event,
    pub zh: String,
    pub en: String,
    /// The last day on which it makes sense to tell it.
    pub until: Option<NaiveDate>,
}

/// A page of notices, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub notices: Vec<Notice>,
    /// Up to here all that is to be told is in this page or before it.
    pub last: i64,
}

#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    #[error(transparent)]
    Volunteer(#[from] VolunteerError),
    #[error(transparent)]
    Events(#[from] EventsError),
}

/// What the volunteer is to be told, of entries after sequence `after`; of at most `limit` entries.
pub async fn list(
    scheme: &OpenScheme,
    volunteer: Uuid,
    after: i64,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Page, NoticeError> {
    volunteers::require(scheme, volunteer).await?;
    let kinds = KINDS.iter().map(|kind| (*kind).to_owned()).collect();
    let wanted = Wanted { kinds: Some(kinds), party: Some(volunteer) };
    let page = events::list(scheme, &wanted, after, limit).await?;
    let config = scheme.config();
    let today = config.day_of(now);
    let oldest = today.checked_sub_days(Days::new(TOLD_FOR)).unwrap_or(NaiveDate::MIN);
    let is_told = |notice: &Notice| {
        let recorded_on = config.day_of(notice.event.recorded_at);
        recorded_on >= oldest && notice.until.is_none_or(|until| until >= today)
    };
    let notices = page.events.into_iter().filter_map(|event| notice(event, &config)).filter(is_told);
    Ok(Page { notices: notices.collect(), last: page.last })
}

fn notice(event: Event, config: &Scheme) -> Option<Notice> {
    let text = |name: &str| event.data.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let day = |name: &str| text(name).parse::<NaiveDate>().ok();
    let amount = || match text("account") {
        account if account.is_empty() => (format!("{}积分", text("amount")), format!("{} points", text("amount"))),
        account => {
            let name = config.account(&account).map_or(account, |account| account.name.clone());
            (format!("“{name}”{}", text("amount")), format!("{} in “{name}”", text("amount")))
        }
    };
    let (zh, en, until) = match event.name.as_str() {
        kind::POINTS_EXPIRING => {
            let ((amount_zh, amount_en), last_day) = (amount(), day("last_day")?);
            let zh = format!("您有{amount_zh}用到{}为止，过期作废，请尽早使用。", in_chinese(last_day));
            (zh, format!("{amount_en} can be used until {last_day}; after that day they are gone."), Some(last_day))
        }
        kind::EXCHANGE_EXPIRED => {
            let zh = "您预约的兑换没有按时来取，已经取消，扣的积分退还给您了。";
            (zh.to_owned(), "A reservation was not collected in time; its points were given back.".to_owned(), None)
        }
        // What somebody cancels themselves they know.
        kind::EXCHANGE_CANCELLED if text("because") == "session_cancelled" => {
            let zh = "您预约的场次取消了，扣的积分已经退还给您，请改约别的时间。";
            (zh.to_owned(), "A session you had booked is cancelled; its points were given back.".to_owned(), None)
        }
        kind::EXCHANGE_MOVED => {
            let starts = text("starts_at").parse::<DateTime<Utc>>().ok()?.with_timezone(&config.time_zone);
            let (on, clock) = (in_chinese(starts.date_naive()), starts.format("%H:%M"));
            let zh = format!("您预约的场次改到{on}{clock}，号不变；来不了可以免费取消。");
            let en = format!("A session you had booked was moved to {} {clock}.", starts.date_naive());
            (zh, en, Some(starts.date_naive()))
        }
        kind::EXCHANGE_MISSED => {
            let kept = event.data.get("kept").and_then(Value::as_bool).unwrap_or(false);
            let (zh, en) = match kept {
                true => ("按规定积分不退", "its points are not given back"),
                false => ("积分已经退还", "its points were given back"),
            };
            (format!("您预约的场次没有来，{zh}。"), format!("A session you had booked was missed; {en}."), None)
        }
        kind::SERVICE_REVERSED => {
            let zh = "您有一条服务记录被更正，时长和积分有变动，请看明细。";
            (zh.to_owned(), "A service record was corrected; see the statement.".to_owned(), None)
        }
        kind::POINTS_RECEIVED => {
            let (amount_zh, amount_en) = amount();
            (format!("有人转赠给您{amount_zh}。"), format!("Somebody gave you {amount_en}."), None)
        }
        kind::POOL_GRANTED => {
            let zh = "您向捐赠池的申请已经批准。".to_owned();
            (zh, "Your request to the donation pool was granted.".to_owned(), None)
        }
        kind::LEVEL_GRANTED => {
            ("祝贺您！您获得了新的等级。".to_owned(), "Congratulations: you have a new level.".to_owned(), None)
        }
        kind::LEVEL_REFUSED => {
            let zh = "您申请的等级这次没有评上，想知道原因请问工作人员。".to_owned();
            (zh, "The level that you applied for was not granted; ask at the desk why.".to_owned(), None)
        }
        kind::CERTIFICATE_ISSUED => {
            let zh = "您申请的志愿服务记录证明已经开好了，请来领取。".to_owned();
            (zh, "The certificate of service that you applied for is ready.".to_owned(), None)
        }
        kind::CERTIFICATE_REFUSED => {
            let zh = "您申请的志愿服务记录证明没有开出来，想知道原因请问工作人员。".to_owned();
            (zh, "The certificate that you applied for was not issued; ask at the desk why.".to_owned(), None)
        }
        kind::ACCOUNT_THAWED => {
            ("您的账户已经解冻，可以使用了。".to_owned(), "Your account can be used again.".to_owned(), None)
        }
        _ => return None,
    };
    Some(Notice { event, zh, en, until })
}

fn in_chinese(day: NaiveDate) -> String {
    use chrono::Datelike;
    format!("{}年{}月{}日", day.year(), day.month(), day.day())
}
