//! Who may do what. The table below is the only place that says it: handlers name a line of it as the type of their
//! argument, and the OpenAPI text is made from it.

use crate::api::Api;
use crate::api::error::{Code, Problem, wrong_station};
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

    PutUnit          = "put_unit":          SchemeAdmin;
    PutUnits         = "put_units":         SchemeAdmin;
    MoveUnit         = "move_unit":         SchemeAdmin;
    MergeUnit        = "merge_unit":        SchemeAdmin;
    GetUnit          = "get_unit":          Kiosk Staff Leader Reviewer SchemeAdmin Auditor;
    ListUnits        = "list_units":        Kiosk Staff Leader Reviewer SchemeAdmin Auditor;
    GetParticipation = "get_participation": Staff Reviewer SchemeAdmin Auditor;
    ListMembers      = "list_members":      Staff Reviewer SchemeAdmin Auditor;
    PutTeam          = "put_team":          Staff SchemeAdmin;
    GetTeam          = "get_team":          Kiosk Staff Leader Reviewer SchemeAdmin Auditor;
    ListTeams        = "list_teams":        Kiosk Staff Leader Reviewer SchemeAdmin Auditor;
    ListTeamMembers  = "list_team_members": Staff Reviewer SchemeAdmin Auditor;
    SetTeamRole      = "set_team_role":     Staff SchemeAdmin;
    ListDuplicates   = "list_duplicates":   Staff SchemeAdmin;
    ListMemberships  = "list_memberships":  Staff SchemeAdmin Reviewer Auditor;
    MergeVolunteer   = "merge_volunteer":   SchemeAdmin;
    LeaveVolunteer   = "leave_volunteer":   Staff SchemeAdmin;
    RejoinVolunteer  = "rejoin_volunteer":  Staff SchemeAdmin;
    PutPost          = "put_post":          Staff SchemeAdmin;
    GetPost          = "get_post":          Kiosk Staff Leader Reviewer SchemeAdmin Auditor;
    ListPosts        = "list_posts":        Kiosk Staff Leader Reviewer SchemeAdmin Auditor;
    ListPostMatches  = "list_post_matches": Staff SchemeAdmin;
    FindMatches      = "find_matches":      Staff SchemeAdmin;
    PutAssignment    = "put_assignment":    Staff SchemeAdmin;
    ListAssignments  = "list_assignments":  Staff Reviewer SchemeAdmin Auditor;
    PutStation       = "put_station":       SchemeAdmin;
    GetStation       = "get_station":       Kiosk Staff Leader Reviewer SchemeAdmin Auditor;
    ListStations     = "list_stations":     Kiosk Staff Leader Reviewer SchemeAdmin Auditor;

    PutService       = "put_service":       Staff SchemeAdmin Leader;
    PutServices      = "put_services":      Staff SchemeAdmin Leader;
    ConfirmService   = "confirm_service":   Reviewer Leader;
    RejectService    = "reject_service":    Reviewer Leader;
    ReverseService   = "reverse_service":   Reviewer;
    GetService       = "get_service":       Staff SchemeAdmin Leader Reviewer Auditor;
    ListServices     = "list_services":     Staff SchemeAdmin Leader Reviewer Auditor;
    GetDeadlines     = "get_deadlines":     Staff SchemeAdmin Reviewer Auditor;

    ListPublicity    = "list_publicity":    Kiosk Staff SchemeAdmin Leader Reviewer Auditor;
    PutObjection     = "put_objection":     Kiosk Staff SchemeAdmin Leader Reviewer;
    AnswerObjection  = "answer_objection":  SchemeAdmin Reviewer;
    ListObjections   = "list_objections":   Staff SchemeAdmin Reviewer Auditor;
    PutCorrection    = "put_correction":    Kiosk Staff SchemeAdmin Leader Reviewer;
    GetCorrection    = "get_correction":    Kiosk Staff SchemeAdmin Leader Reviewer Auditor;
    ListCorrections  = "list_corrections":  Staff SchemeAdmin Reviewer Auditor;
    AcceptCorrection = "accept_correction": Reviewer;
    RefuseCorrection = "refuse_correction": Reviewer;
    ListAnomalies    = "list_anomalies":    Auditor;
    DismissAnomaly   = "dismiss_anomaly":   Auditor;

    PutReward        = "put_reward":        SchemeAdmin;
    GetReward        = "get_reward":        Kiosk Staff SchemeAdmin Reviewer Auditor;
    ListRewards      = "list_rewards":      Kiosk Staff SchemeAdmin Reviewer Auditor;
    ChangeStock      = "change_stock":      Staff SchemeAdmin;
    PutSession       = "put_session":       SchemeAdmin;
    DeliverStock     = "deliver_stock":     Staff SchemeAdmin;
    LoseStock        = "lose_stock":        Staff SchemeAdmin;
    SendStock        = "send_stock":        Staff SchemeAdmin;
    ReceiveStock     = "receive_stock":     Staff SchemeAdmin;
    ListStockTransfers = "list_stock_transfers": Staff SchemeAdmin Auditor;
    GetCountSheet    = "get_count_sheet":   Staff SchemeAdmin Auditor;
    CountStock       = "count_stock":       Staff SchemeAdmin;
    ListMovements    = "list_movements":    Staff SchemeAdmin Auditor;
    PutStockAlert    = "put_stock_alert":   Staff SchemeAdmin;
    ListLowStock     = "list_low_stock":    Staff SchemeAdmin Auditor;
    ListStock        = "list_stock":        Staff SchemeAdmin Auditor;
    GetSolvency      = "get_solvency":      SchemeAdmin Reviewer Auditor;
    GetStatistics    = "get_statistics":    Staff SchemeAdmin Reviewer Auditor;
    GetYearlyStatement = "get_yearly_statement": Staff SchemeAdmin Reviewer Auditor;
    ListBookings     = "list_bookings":     Staff SchemeAdmin;
    GetQueue         = "get_queue":         Kiosk Staff SchemeAdmin Reviewer Auditor;
    CheckIn          = "check_in":          Kiosk Staff SchemeAdmin;
    CallNext         = "call_next":         Staff SchemeAdmin;
    SkipPlace        = "skip_place":        Staff SchemeAdmin;
    CancelSession    = "cancel_session":    Staff SchemeAdmin;
    GetRewardHistory = "get_reward_history": Staff SchemeAdmin Reviewer Auditor;
    ListOffers       = "list_offers":       Kiosk Staff SchemeAdmin Reviewer Auditor;
    PutSponsor       = "put_sponsor":       SchemeAdmin;
    GetSponsor       = "get_sponsor":       Staff SchemeAdmin;
    ListSponsors     = "list_sponsors":     Staff SchemeAdmin;
    AddPicture       = "add_picture":       Staff SchemeAdmin;
    GetPicture       = "get_picture":       Kiosk Staff SchemeAdmin Reviewer Auditor;
    GetThumbnail     = "get_thumbnail":     Kiosk Staff SchemeAdmin Reviewer Auditor;
    ListSessions     = "list_sessions":     Kiosk Staff SchemeAdmin Reviewer Auditor;

    PutActivity      = "put_activity":      Staff SchemeAdmin Leader;
    GetActivity      = "get_activity":      Kiosk Staff SchemeAdmin Leader Reviewer Auditor;
    ListActivities   = "list_activities":   Kiosk Staff SchemeAdmin Leader Reviewer Auditor;
    PublishActivity  = "publish_activity":  Staff SchemeAdmin Leader;
    CancelActivity   = "cancel_activity":   Staff SchemeAdmin Leader;
    RepeatActivity   = "repeat_activity":   Staff SchemeAdmin Leader;
    PutSignup        = "put_signup":        Kiosk Staff SchemeAdmin Leader;
    CancelSignup     = "cancel_signup":     Kiosk Staff SchemeAdmin Leader;
    MarkNoShow       = "mark_no_show":      Staff SchemeAdmin Leader;
    ListSignups      = "list_signups":      Staff SchemeAdmin Leader Reviewer Auditor;
    ListSignupsOfVolunteer = "list_signups_of_volunteer": Kiosk Staff SchemeAdmin Reviewer Auditor;
    PutInsurance     = "put_insurance":     Staff SchemeAdmin;
    ListInsurances   = "list_insurances":   Staff SchemeAdmin Reviewer Auditor;

    PutPunch         = "put_punch":         Kiosk Staff SchemeAdmin Leader;
    PutPunches       = "put_punches":       Kiosk Staff SchemeAdmin Leader;
    GetPunch         = "get_punch":         Kiosk Staff SchemeAdmin Reviewer Auditor;
    ListAttendance   = "list_attendance":   Staff SchemeAdmin Leader Reviewer Auditor;
    ListPresences    = "list_presences":    Staff SchemeAdmin Reviewer Auditor;
    ListPunches      = "list_punches":      Staff SchemeAdmin Reviewer Auditor;
    ListRefusedPunches = "list_refused_punches": Staff SchemeAdmin Reviewer Auditor;
    FindVolunteer    = "find_volunteer":    Kiosk Staff SchemeAdmin Leader;
    GetVolunteerCode = "get_volunteer_code": Staff SchemeAdmin;
    RenewVolunteerCode = "renew_volunteer_code": Staff SchemeAdmin;
    GetActivityCode  = "get_activity_code": Kiosk Staff SchemeAdmin Leader;

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
    ListAwards       = "list_awards":       Staff SchemeAdmin Reviewer Auditor;
    ListEligible     = "list_eligible":     Staff SchemeAdmin Leader Reviewer Auditor;
    PutApplication   = "put_level_application": Kiosk Staff Leader SchemeAdmin;
    GetApplication   = "get_level_application": Kiosk Staff Leader SchemeAdmin Reviewer Auditor;
    ListApplications = "list_level_applications": Staff SchemeAdmin Reviewer Auditor;
    GrantApplication = "grant_level_application": SchemeAdmin Reviewer;
    RefuseApplication = "refuse_level_application": SchemeAdmin Reviewer;
    PutBan           = "put_ban":           SchemeAdmin Reviewer;

    PutCertificate   = "put_certificate":   Staff SchemeAdmin;
    PutCertificates  = "put_certificates":  Staff SchemeAdmin;
    ListCertificates = "list_certificates": Staff SchemeAdmin Reviewer Auditor;
    GetCertificate   = "get_certificate":   Kiosk Staff SchemeAdmin Reviewer Auditor;
    GetCertificatePaper = "get_certificate_paper": Kiosk Staff SchemeAdmin Reviewer Auditor;
    RevokeCertificate = "revoke_certificate": SchemeAdmin Reviewer;
    PutCertificateApplication = "put_certificate_application": Kiosk Staff Leader SchemeAdmin;
    GetCertificateApplication = "get_certificate_application": Kiosk Staff Leader SchemeAdmin Reviewer Auditor;
    ListCertificateApplications = "list_certificate_applications": Staff SchemeAdmin Reviewer Auditor;
    IssueCertificateApplication = "issue_certificate_application": Staff SchemeAdmin;
    RefuseCertificateApplication = "refuse_certificate_application": Staff SchemeAdmin;
    WithdrawCertificateApplication = "withdraw_certificate_application": Kiosk Staff Leader SchemeAdmin;
    PutCampaign      = "put_campaign":      Staff SchemeAdmin;
    GetPassbook      = "get_passbook":      Kiosk Staff SchemeAdmin Reviewer Auditor;
    PrintCards       = "print_cards":       Staff SchemeAdmin;
    PrintLetters     = "print_letters":     Staff SchemeAdmin;
    GetPoster        = "get_poster":        Kiosk Staff SchemeAdmin Reviewer Auditor;
    GetCampaign      = "get_campaign":      Staff SchemeAdmin Reviewer Auditor;

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
    PutWish          = "put_wish":          Kiosk Staff Leader SchemeAdmin;
    GetWish          = "get_wish":          Kiosk Staff Leader SchemeAdmin Reviewer Auditor;
    ListWishes       = "list_wishes":       Kiosk Staff Leader SchemeAdmin Reviewer Auditor;
    PublishWish      = "publish_wish":      Staff Leader SchemeAdmin;
    RejectWish       = "reject_wish":       Staff Leader SchemeAdmin;
    WithdrawWish     = "withdraw_wish":     Staff SchemeAdmin;
    ReopenWish       = "reopen_wish":       Staff Leader SchemeAdmin;
    PutClaim         = "put_claim":         Kiosk Staff Leader SchemeAdmin;
    AcceptClaim      = "accept_claim":      Staff SchemeAdmin;
    DeclineClaim     = "decline_claim":     Staff SchemeAdmin;
    GiveBackClaim    = "give_back_claim":   Kiosk Staff Leader SchemeAdmin;
    FulfilClaim      = "fulfil_claim":      Staff Leader SchemeAdmin;
    RateClaim        = "rate_claim":        Kiosk Staff SchemeAdmin;
    SendBackClaim    = "send_back_claim":   Reviewer;
    ConfirmClaim     = "confirm_claim":     Reviewer;
    GetRecords       = "get_records":       Staff SchemeAdmin Reviewer Auditor;

    GetRanking       = "get_ranking":       Kiosk Staff SchemeAdmin Reviewer Auditor;
    GetTeamRanking   = "get_team_ranking":  Kiosk Staff SchemeAdmin Reviewer Auditor;
    GetUnitRanking   = "get_unit_ranking":  Kiosk Staff SchemeAdmin Reviewer Auditor;
    GetRank          = "get_rank":          Kiosk Staff SchemeAdmin Reviewer Auditor;

    GetReview        = "get_review":        Kiosk Staff SchemeAdmin Reviewer Auditor;

    PutSelection     = "put_selection":     SchemeAdmin;
    PublishSelection = "publish_selection": SchemeAdmin;
    SignSelection    = "sign_selection":    SchemeAdmin Reviewer;
    FinaliseSelection = "finalise_selection": SchemeAdmin;
    WithdrawSelection = "withdraw_selection": SchemeAdmin;
    GetSelection     = "get_selection":     Staff SchemeAdmin Reviewer Auditor;
    ListSelections   = "list_selections":   Staff SchemeAdmin Reviewer Auditor;
    ListSelectionRows = "list_selection_rows": Staff SchemeAdmin Reviewer Auditor;
    ExplainSelectionRow = "explain_selection_row": Staff SchemeAdmin Reviewer Auditor;
    ListSelectionPeople = "list_selection_people": Staff SchemeAdmin Reviewer Auditor;
    ListSelectionEntries = "list_selection_entries": Staff SchemeAdmin Reviewer Auditor;
    CompareSelection = "compare_selection": SchemeAdmin Reviewer Auditor;
    GetSelectionDocument = "get_selection_document": Kiosk Staff SchemeAdmin Reviewer Auditor;
    PutSelectionObjection = "put_selection_objection": Kiosk Staff Leader SchemeAdmin Reviewer;
    AnswerSelectionObjection = "answer_selection_objection": SchemeAdmin Reviewer;
    ListSelectionObjections = "list_selection_objections": Staff SchemeAdmin Reviewer Auditor;

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
    Err(wrong_station(station))
}
