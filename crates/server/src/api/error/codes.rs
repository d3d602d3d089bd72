//! Every code that a client can meet, in the order in which they win when several apply.

use super::Text;
use actix_web::http::StatusCode;

macro_rules! codes {
    ($($variant:ident = $code:literal, $status:literal, $zh:literal, $en:literal;)*) => {
        /// A stable name for a kind of refusal.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $($variant,)*
        }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$variant,)*];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Code::$variant => $code,)*
                }
            }

            pub fn status(self) -> StatusCode {
                let status = match self {
                    $(Code::$variant => $status,)*
                };
                StatusCode::from_u16(status).expect("the table holds statuses of HTTP")
            }

            pub fn title(self) -> Text {
                match self {
                    $(Code::$variant => Text::new($zh, $en),)*
                }
            }
        }
    };
}

codes! {
    MalformedRequest = "malformed_request", 400, "请求无法解析", "The request cannot be parsed";
    Unauthenticated = "unauthenticated", 401, "需要有效的 API 密钥", "A valid API key is needed";
    Forbidden = "forbidden", 403, "没有权限", "Not permitted";
    NotFound = "not_found", 404, "没有这个地址", "There is nothing at this address";
    SchemeNotFound = "scheme_not_found", 404, "没有这个积分账户方案", "There is no such scheme";
    VolunteerNotFound = "volunteer_not_found", 404, "没有这位志愿者", "There is no such volunteer";
    ServiceNotFound = "service_not_found", 404, "没有这条服务记录", "There is no such service record";
    ActivityNotFound = "activity_not_found", 404, "没有这个活动", "There is no such activity";
    SignupNotFound = "signup_not_found", 404, "没有报名", "There is no such sign-up";
    PresenceNotFound = "presence_not_found", 404, "没有这次签到", "There is no such punch";
    ObjectionNotFound = "objection_not_found", 404, "没有这条异议", "There is no such objection";
    CorrectionNotFound = "correction_not_found", 404, "没有这个更正申请", "There is no such request for correction";
    RewardNotFound = "reward_not_found", 404, "没有这个兑换项目", "There is no such reward";
    SessionNotFound = "session_not_found", 404, "没有这个场次", "There is no such session";
    UnitNotFound = "unit_not_found", 404, "没有这个单位", "There is no such unit";
    PostNotFound = "post_not_found", 404, "没有这个岗位", "There is no such post";
    TeamNotFound = "team_not_found", 404, "没有这支队伍", "There is no such team";
    StationNotFound = "station_not_found", 404, "没有这个站点", "There is no such station";
    SponsorNotFound = "sponsor_not_found", 404, "没有这家爱心企业", "There is no such sponsor";
    PictureNotFound = "picture_not_found", 404, "没有这张图片", "There is no such picture";
    StockTransferNotFound = "stock_transfer_not_found", 404, "没有这次调拨", "There is no such transfer of stock";
    ExchangeNotFound = "exchange_not_found", 404, "没有这笔兑换", "There is no such exchange";
    ApplicationNotFound = "application_not_found", 404, "没有这个申请", "There is no such application";
    AwardNotFound = "award_not_found", 404, "没有这次授予", "There is no such award";
    SelectionNotFound = "selection_not_found", 404, "没有这次评选", "There is no such selection";
    SelectionRowNotFound = "selection_row_not_found", 404, "评选名单中没有这一行", "The selection has no such row";
    ReviewNotFound = "review_not_found", 404, "当年规则没有这项评选", "The rules of that year have no such review";
    TransferNotFound = "transfer_not_found", 404, "没有这笔转赠", "There is no such transfer";
    RequestNotFound = "request_not_found", 404, "没有这个申请", "There is no such request";
    CertificateNotFound = "certificate_not_found", 404, "没有这份证明", "There is no such certificate";
    CampaignNotFound = "campaign_not_found", 404, "没有这个专项证书", "There is no such campaign";
    TrainingNotFound = "training_not_found", 404, "没有这次培训", "There is no such training";
    AttendanceNotFound = "training_attendance_not_found", 404, "没有这条培训记录", "Nobody attended so";
    HonourNotFound = "honour_not_found", 404, "没有这项荣誉", "There is no such honour";
    RatingNotFound = "rating_not_found", 404, "没有这条评价", "There is no such rating";
    ComplaintNotFound = "complaint_not_found", 404, "没有这件投诉", "There is no such complaint";
    WishNotFound = "wish_not_found", 404, "没有这个心愿", "There is no such wish";
    ClaimNotFound = "claim_not_found", 404, "没有这次认领", "There is no such claim";
    EntryNotFound = "entry_not_found", 404, "没有这笔分录", "There is no such entry";
    WebhookNotFound = "webhook_not_found", 404, "没有这个事件推送", "There is no such webhook";
    KeyNotFound = "key_not_found", 404, "没有这个密钥", "There is no such key";
    MethodNotAllowed = "method_not_allowed", 405, "此地址不支持该方法", "The address does not take this method";
    IdTaken = "id_taken", 409, "编号已被占用", "The id or number is taken";
    StateConflict = "state_conflict", 409, "当前状态不允许", "The present state does not allow it";
    ObjectionOpen = "objection_open", 409, "有未答复的异议", "An objection is open";
    PublicityRunning = "publicity_running", 409, "公示尚未结束", "Publicity is not over";
    SignaturesMissing = "signatures_missing", 409, "签名不足", "Signatures are missing";
    ContentDiffers = "content_differs", 409, "内容已有变动", "The content has changed";
    PostFull = "post_full", 409, "岗位已满", "The post is full";
    VolunteerMerged = "volunteer_merged", 409, "已并入另一位志愿者", "Merged into another volunteer";
    OpenExchanges = "open_exchanges", 409, "还有未完成的兑换", "Exchanges are open";
    HigherPriorityFirst = "higher_priority_first", 409, "须先满足更优先的申请", "A request of higher priority comes first";
    NobodyWaits = "nobody_waits", 409, "没有人在等候", "Nobody is waiting";
    NotRefundable = "not_refundable", 409, "按规则不予退还", "By the rules it does not come back";
    NotReturnable = "not_returnable", 409, "按规定不能退货", "By the rules it is not taken back";
    PreconditionFailed = "precondition_failed", 412, "资料已被他人修改", "It was changed meanwhile";
    BodyTooLarge = "body_too_large", 413, "请求内容过大", "The body is too large";
    UnsupportedMediaType = "unsupported_media_type", 415, "请求内容须为 JSON", "The body must be JSON";
    InvalidRequest = "invalid_request", 422, "请求中有无效的值", "Values of the request are not valid";
    InvalidCursor = "invalid_cursor", 422, "翻页标记无效", "The cursor is not valid";
    TransferNotAllowed = "transfer_not_allowed", 422, "规则不允许这样转赠", "The rules do not allow this transfer";
    AccountFrozen = "account_frozen", 422, "账户已冻结", "The account is frozen";
    InsufficientPoints = "insufficient_points", 422, "积分不足", "Not enough points";
    OutOfStock = "out_of_stock", 422, "库存不足", "Out of stock";
    SessionFull = "session_full", 422, "场次已约满", "The session is full";
    LimitReached = "limit_reached", 422, "已达兑换限额", "The limit is reached";
    NotEligible = "not_eligible", 422, "不符合条件", "Not eligible";
    NotListed = "not_listed", 422, "不在兑换目录中", "Not in the catalogue";
    SessionCancelled = "session_cancelled", 422, "场次已取消", "The session is cancelled";
    BookingBarred = "booking_barred", 422, "因多次预约未到，暂停预约", "No bookings for a while, after places that were not used";
    OutsideWindow = "outside_window", 422, "不在开放时间内", "Outside the time in which it is open";
    ActivityFull = "activity_full", 422, "名额已满", "All places are taken";
    SignupClosed = "signup_closed", 422, "报名已截止", "It is too late to sign up or to cancel";
    NotSignedUp = "not_signed_up", 422, "没有报名", "Not signed up";
    PaidSession = "paid_session", 422, "收费活动不记志愿服务时长", "What is paid for earns no hours";
    ClockImplausible = "clock_implausible", 422, "设备时钟不可信", "The device's clock cannot be right";
    OverlappingSignup = "overlapping_signup", 422, "同一时间已报名另一项活动", "There is a sign-up for another activity at that time";
    OverlappingService = "overlapping_service", 422, "与另一条服务记录时间重叠", "It overlaps another service";
    Banned = "banned", 422, "在禁止申请期内", "Barred from applying";
    ApplicantNotAccepted = "applicant_not_accepted", 422, "不接受这类申报人", "Not accepted from this applicant";
    WrongBody = "wrong_body", 422, "应由另一机构授予", "Another body grants it";
    OutOfSequence = "out_of_sequence", 422, "须逐级取得", "The step below comes first";
    AfterClosingDate = "after_closing_date", 422, "截止日之后的服务不计入本年", "Too late for this year";
    PublicityTooShort = "publicity_too_short", 422, "公示时间不足", "Not public for long enough";
    AlreadyApplied = "already_applied", 422, "已有未决定的申请", "An application is open";
    AlreadyGranted = "already_granted", 422, "已授予过，不重复授予", "Granted before";
    NothingToCertify = "nothing_to_certify", 422, "没有可以证明的服务", "There is nothing to certify";
    Unprintable = "unprintable", 422, "无法打印", "It cannot be printed";
    TooManyRequests = "too_many_requests", 429, "请求过于频繁", "Too many requests";
    InternalError = "internal_error", 500, "服务器内部错误", "The server failed";
    Busy = "busy", 503, "服务器繁忙，请稍后用同一编号重试", "Busy: try again with the same id";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_in_the_order_of_their_statuses() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].status() <= pair[1].status(), "{:?} before {:?}", pair[0], pair[1]);
        }
    }
}
