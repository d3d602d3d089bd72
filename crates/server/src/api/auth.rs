//! Who may do what. The table below is the only place that says it: handlers name a line of it as the type of their
//! argument, and the OpenAPI text is made from it.

use crate::api::Api;
use crate::api::error::{Code, Problem};
use crate::api::limits::Allowance;
use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};
use scheme::keys::{self, Authenticated, Role};
use std::sync::Arc;

/// Something that a client can ask for.
pub trait Operation: 'static {
    /// Its `operationId`, and its name in metrics.
    const ID: &'static str;
    const ROLES: &'static [Role];
}

macro_rules! operations {
    ($($name:ident = $id:literal: $($role:ident)*;)*) => {
        /// `Call<may::PutVolunteer>` reads: a call by somebody who may put a volunteer.
        pub mod may {
            use super::{Operation, Role};
            $(
                pub enum $name {}
                impl Operation for $name {
                    const ID: &'static str = $id;
                    const ROLES: &'static [Role] = &[$(Role::$role,)*];
                }
            )*
        }

        /// Every operation, and the roles of the keys that may call it.
        pub const OPERATIONS: &[(&str, &[Role])] = &[$((<may::$name as Operation>::ID, <may::$name as Operation>::ROLES),)*];
    };
}

operations! {
    PutExchange      = "put_exchange":      Kiosk Staff SchemeAdmin;
    GetBalance       = "get_balance":       Kiosk Staff SchemeAdmin Reviewer Auditor;
    GetStatement     = "get_statement":     Kiosk Staff SchemeAdmin Reviewer Auditor;
    CollectExchange  = "collect_exchange":  Kiosk Staff SchemeAdmin;
    CancelExchange   = "cancel_exchange":   Kiosk Staff SchemeAdmin;
    GetExchange      = "get_exchange":      Kiosk Staff SchemeAdmin Reviewer Auditor;
    FindExchange     = "find_exchange":     Kiosk Staff SchemeAdmin;
    ReturnExchange   = "return_exchange":   Staff SchemeAdmin;
    GetSlip          = "get_slip":          Kiosk Staff SchemeAdmin Reviewer Auditor;
    PrintSlip        = "print_slip":        Kiosk Staff SchemeAdmin;
    GetCash          = "get_cash":          Staff SchemeAdmin Auditor;
    GetSettlements   = "get_settlements":   SchemeAdmin Auditor;

    PutVolunteer     = "put_volunteer":     Staff SchemeAdmin;
    GetVolunteer     = "get_volunteer":     Kiosk Staff SchemeAdmin Reviewer Auditor;
    ListVolunteers   = "list_volunteers":   Staff SchemeAdmin Reviewer Auditor;

    PutService       = "put_service":       Staff SchemeAdmin;
    PutServices      = "put_services":      Staff SchemeAdmin;
    ConfirmService   = "confirm_service":   Reviewer;
    RejectService    = "reject_service":    Reviewer;
    ReverseService   = "reverse_service":   Reviewer;
    GetService       = "get_service":       Staff SchemeAdmin Reviewer Auditor;
    ListServices     = "list_services":     Staff SchemeAdmin Reviewer Auditor;

    PutReward        = "put_reward":        SchemeAdmin;
    GetReward        = "get_reward":        Kiosk Staff SchemeAdmin Reviewer Auditor;
    ListRewards      = "list_rewards":      Kiosk Staff SchemeAdmin Reviewer Auditor;
    ChangeStock      = "change_stock":      Staff SchemeAdmin;
    PutSession       = "put_session":       SchemeAdmin;
    ListSessions     = "list_sessions":     Kiosk Staff SchemeAdmin Reviewer Auditor;

    PutTransfer      = "put_transfer":      Kiosk Staff SchemeAdmin;
    GetTransfer      = "get_transfer":      Kiosk Staff SchemeAdmin Reviewer Auditor;
    PutPoolRequest   = "put_pool_request":  Staff SchemeAdmin;
    ListPoolRequests = "list_pool_requests":  Staff SchemeAdmin Reviewer Auditor;
    GrantPoolRequest = "grant_pool_request":  SchemeAdmin;

    ListEntries      = "list_entries":      SchemeAdmin Reviewer Auditor;
    ListEvents       = "list_events":       SchemeAdmin Reviewer Auditor;
    ListEventTypes   = "list_event_types":  Kiosk Staff SchemeAdmin Reviewer Auditor Operator;

    ListNotices      = "list_notices":      Kiosk Staff SchemeAdmin Reviewer Auditor;
    PutWebhook       = "put_webhook":       SchemeAdmin;
    GetWebhook       = "get_webhook":       SchemeAdmin Auditor Operator;
    ListWebhooks     = "list_webhooks":     SchemeAdmin Auditor Operator;
    DisableWebhook   = "disable_webhook":   SchemeAdmin Operator;
    RotateWebhook    = "rotate_webhook":    SchemeAdmin;
    ReplayWebhook    = "replay_webhook":    SchemeAdmin Operator;
    TestWebhook      = "test_webhook":      SchemeAdmin Operator;
    ListDeliveries   = "list_deliveries":   SchemeAdmin Auditor Operator;
    ListDead         = "list_dead":         SchemeAdmin Auditor Operator;
    RetryDead        = "retry_dead":        SchemeAdmin Operator;

    ProveEntry       = "prove_entry":       SchemeAdmin Reviewer Auditor;
    GetCheckpoint    = "get_checkpoint":    Kiosk Staff SchemeAdmin Reviewer Auditor Operator;
    GetConsistency   = "get_consistency":   SchemeAdmin Reviewer Auditor;
    GetLevels        = "get_levels":        Kiosk Staff SchemeAdmin Reviewer Auditor;
    PutAward         = "put_award":         SchemeAdmin Reviewer;
    RevokeAward      = "revoke_award":      SchemeAdmin Reviewer;
    PutBan           = "put_ban":           SchemeAdmin Reviewer;

    PutTraining      = "put_training":      Staff SchemeAdmin;
    GetTraining      = "get_training":      Kiosk Staff Leader SchemeAdmin Reviewer Auditor;
    PutAttendance    = "put_training_attendance":      Staff SchemeAdmin;
    WithdrawAttendance = "withdraw_training_attendance": SchemeAdmin Reviewer;
    ListAttendances  = "list_training_attendances":    Staff SchemeAdmin Reviewer Auditor;
    PutHonour        = "put_honour":        Staff SchemeAdmin;
    RevokeHonour     = "revoke_honour":     SchemeAdmin Reviewer;
    ListHonours      = "list_honours":      Staff SchemeAdmin Reviewer Auditor;
    PutRating        = "put_rating":        Kiosk Staff Leader SchemeAdmin;
    WithdrawRating   = "withdraw_rating":   SchemeAdmin Reviewer;
    ListRatings      = "list_ratings":      Staff SchemeAdmin Reviewer Auditor;
    ListRatingAverages = "list_rating_averages": Staff SchemeAdmin Reviewer Auditor;
    PutComplaint     = "put_complaint":     Kiosk Staff Leader SchemeAdmin Reviewer;
    GetComplaint     = "get_complaint":     Staff SchemeAdmin Reviewer Auditor;
    ListComplaints   = "list_complaints":   Staff SchemeAdmin Reviewer Auditor;
    InvestigateComplaint = "investigate_complaint": Staff SchemeAdmin Reviewer;
    UpholdComplaint  = "uphold_complaint":  Reviewer;
    DismissComplaint = "dismiss_complaint": Reviewer;
    AppealComplaint  = "appeal_complaint":  Staff SchemeAdmin;
    WithdrawComplaint = "withdraw_complaint": Staff SchemeAdmin;
    GetRecords       = "get_records":       Staff SchemeAdmin Reviewer Auditor;

    GetRanking       = "get_ranking":       Kiosk Staff SchemeAdmin Reviewer Auditor;
    GetTeamRanking   = "get_team_ranking":  Kiosk Staff SchemeAdmin Reviewer Auditor;
    GetUnitRanking   = "get_unit_ranking":  Kiosk Staff SchemeAdmin Reviewer Auditor;
    GetRank          = "get_rank":          Kiosk Staff SchemeAdmin Reviewer Auditor;

    GetReview        = "get_review":        Kiosk Staff SchemeAdmin Reviewer Auditor;

    Explain          = "explain":           Kiosk Staff SchemeAdmin Reviewer Auditor Operator;
    GetScheme        = "get_scheme":        Kiosk Staff SchemeAdmin Reviewer Auditor Operator;
    PutScheme        = "put_scheme":        SchemeAdmin Operator;
    ListSchemes      = "list_schemes":      Operator;
    CreateKey        = "create_key":        Operator;
    ListKeys         = "list_keys":         Operator;
    RevokeKey        = "revoke_key":        Operator;
}

/// Kept with the request, for logs and metrics.
#[derive(Clone)]
pub struct Asked {
    pub operation: &'static str,
    pub caller: Option<Arc<Authenticated>>,
    /// What is left to the caller of requests.
    pub allowance: Option<Allowance>,
}

/// The caller, if its key is known, its role is right, and the scheme in the path is one that the key is for.
pub async fn admit<O: Operation>(api: &Data<Api>, req: &HttpRequest) -> Result<Arc<Authenticated>, Problem> {
    req.extensions_mut().insert(Asked { operation: O::ID, caller: None, allowance: None });
    let caller = authenticate(api, req).await?;
    if let Some(asked) = req.extensions_mut().get_mut::<Asked>() {
        asked.caller = Some(caller.clone());
    }
    let allowance = api.limits.take(&caller.operator)?;
    if let Some(asked) = req.extensions_mut().get_mut::<Asked>() {
        asked.allowance = allowance;
    }
    if !O::ROLES.contains(&caller.operator.role) {
        let (role, wanted) = (caller.operator.role, O::ROLES.iter().map(|role| role.as_str()).collect::<Vec<_>>());
        let wanted = wanted.join(", ");
        return Err(Problem::new(Code::Forbidden)
            .detail(
                format!("此密钥的角色是 {role}，这一操作需要：{wanted}"),
                format!("the key has the role {role}, and this takes one of: {wanted}"),
            )
            .member("role", role.as_str()));
    }
    let asked = req.match_info().get("scheme");
    if asked.zip(caller.scheme.as_deref()).is_some_and(|(asked, own)| asked != own) {
        return Err(Problem::new(Code::Forbidden).detail("此密钥属于另一个方案", "the key belongs to another scheme"));
    }
    Ok(caller)
}

async fn authenticate(api: &Data<Api>, req: &HttpRequest) -> Result<Arc<Authenticated>, Problem> {
    let refused = match known(api, req).await {
        Err(problem) if problem.code == Code::Unauthenticated => problem,
        other => return other,
    };
    api.limits.stranger(req.peer_addr().map(|address| address.ip()))?;
    Err(refused)
}

async fn known(api: &Data<Api>, req: &HttpRequest) -> Result<Arc<Authenticated>, Problem> {
    let header = req.headers().get(AUTHORIZATION).ok_or_else(|| {
        Problem::new(Code::Unauthenticated)
            .detail("请在 Authorization 头中写明 Bearer 和密钥", "send the header `Authorization: Bearer KEY`")
    })?;
    let secret = header.to_str().ok().and_then(|header| header.split_once(' '));
    let secret = secret.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let known = match secret {
        Some((_, secret)) => keys::authenticate(&api.schemes, secret.trim()).await?,
        None => None,
    };
    known.ok_or_else(|| {
        Problem::new(Code::Unauthenticated).detail("密钥不存在或已被撤销", "the key is unknown or was revoked")
    })
}

/// 403, unless the caller serves `station`. Where it names none, it means its own, or `main`.
pub fn station_of(caller: &Authenticated, named: Option<String>) -> Result<String, Problem> {
    let operator = &caller.operator;
    let station = named.or_else(|| operator.station.clone()).unwrap_or_else(|| "main".to_owned());
    if operator.serves(&station) {
        return Ok(station);
    }
    Err(Problem::new(Code::Forbidden)
        .detail(format!("此密钥不用于站点 {station}"), format!("the key is not for the station {station}"))
        .member("station", station))
}
