//! What is refused of units, volunteers, their codes, teams and posts.

use super::flaws::invalid;
use super::refusals::{not_found, taken, version_differs, volunteer_merged};
use super::{Code, Flaw, Problem, Text};
use scheme::codes::CodeError;
use scheme::posts::PostsError;
use scheme::teams::TeamError;
use scheme::units::{UnitError, UnitFlaw};
use scheme::volunteers::VolunteerError;

impl From<UnitError> for Problem {
    fn from(error: UnitError) -> Self {
        match error {
            UnitError::Refused(flaws) => Problem::invalid(flaws.iter().map(|flaw| unit_flaw(flaw, "")).collect()),
            UnitError::UnitNotFound { code } => {
                let detail = format!("there is no unit `{code}`");
                Problem::new(Code::UnitNotFound).detail(format!("没有单位 {code}"), detail)
            }
            UnitError::VersionDiffers { current } => version_differs(current),
            UnitError::Database(error) => error.into(),
        }
    }
}

/// As the flaw of an item of a list, at `at`.
pub fn unit_flaw(flaw: &UnitFlaw, at: &str) -> Flaw {
    let pointer =
        if flaw.field == "code" && at.is_empty() { "/path/code".to_owned() } else { format!("{at}/{}", flaw.field) };
    Flaw { pointer, code: flaw.code.to_owned(), detail: Text::new(flaw.zh(), flaw.en()) }
}

impl From<VolunteerError> for Problem {
    fn from(error: VolunteerError) -> Self {
        match error {
            VolunteerError::Invalid(flaws) => invalid(flaws),
            VolunteerError::VolunteerNotFound { id } => not_found(Code::VolunteerNotFound, id),
            VolunteerError::Taken { field } => Problem::new(Code::IdTaken)
                .detail(format!("{field} 已登记给另一位志愿者"), format!("another volunteer has this {field}"))
                .member("field", field),
            VolunteerError::Merged { into } => volunteer_merged(into),
            VolunteerError::OpenExchanges { open } => Problem::new(Code::OpenExchanges)
                .detail(
                    format!("还有 {open} 笔兑换没有完成，请先核销或取消"),
                    format!("{open} exchanges are reserved: collect or cancel them first"),
                )
                .member("open", open),
            VolunteerError::VersionDiffers { current } => version_differs(current),
            VolunteerError::Busy => Problem::new(Code::Busy),
            VolunteerError::Database(error) => error.into(),
            VolunteerError::Book(error) => Problem::internal(error),
        }
    }
}

impl From<PostsError> for Problem {
    fn from(error: PostsError) -> Self {
        match error {
            PostsError::Invalid(flaws) => invalid(flaws),
            PostsError::PostNotFound { code } => {
                let detail = format!("there is no post `{code}`");
                Problem::new(Code::PostNotFound).detail(format!("没有岗位 {code}"), detail)
            }
            PostsError::Volunteer(error) => error.into(),
            PostsError::IdTaken { field } => taken(field),
            PostsError::PostFull { needed, assigned } => Problem::new(Code::PostFull)
                .detail(
                    format!("需要 {needed} 人，这段时间已有 {assigned} 人"),
                    format!("{needed} are needed, and {assigned} have it at that time"),
                )
                .member("needed", needed)
                .member("assigned", assigned),
            PostsError::VersionDiffers { current } => version_differs(current),
            PostsError::Database(error) => error.into(),
        }
    }
}

impl From<CodeError> for Problem {
    fn from(error: CodeError) -> Self {
        match error {
            CodeError::Invalid(flaws) => invalid(flaws),
            CodeError::OtherCard { card } => Problem::new(Code::StateConflict)
                .detail(format!("现用的是第 {card} 号卡"), format!("the card in force is {card}"))
                .member("current_status", "renewed")
                .member("card", card),
            CodeError::Volunteer(error) => error.into(),
            CodeError::Database(error) => error.into(),
        }
    }
}

impl From<TeamError> for Problem {
    fn from(error: TeamError) -> Self {
        match error {
            TeamError::Invalid(flaws) => invalid(flaws),
            TeamError::TeamNotFound { code } => {
                let detail = format!("there is no team `{code}`");
                Problem::new(Code::TeamNotFound).detail(format!("没有队伍 {code}"), detail)
            }
            TeamError::VersionDiffers { current } => version_differs(current),
            TeamError::Database(error) => error.into(),
        }
    }
}
