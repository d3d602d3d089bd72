//! What is refused of rewards, sponsors, pictures, and at the desk of a session.

use super::flaws::invalid;
use super::refusals::{beyond_the_book, not_found, short, state_conflict, taken, version_differs, wrong_station};
use super::{Code, Problem, exchange_refused};
use scheme::config::Scheme;
use scheme::pictures::PictureError;
use scheme::rewards::{DeskError, PlaceState, RewardError};
use scheme::sponsors::SponsorError;

impl From<RewardError> for Problem {
    fn from(error: RewardError) -> Self {
        match error {
            RewardError::Invalid(flaws) => invalid(flaws),
            RewardError::RewardNotFound { id } => not_found(Code::RewardNotFound, id),
            RewardError::SessionNotFound { id } => not_found(Code::SessionNotFound, id),
            RewardError::SessionCancelled => Problem::new(Code::SessionCancelled),
            RewardError::WrongStation { station } => wrong_station(station),
            RewardError::StockTransferNotFound { id } => not_found(Code::StockTransferNotFound, id),
            RewardError::BeyondTheBook { size } => beyond_the_book(size),
            RewardError::Stale => Problem::new(Code::Busy),
            RewardError::IdTaken { field } => taken(&field),
            RewardError::VersionDiffers { current } => version_differs(current),
            RewardError::OutOfStock { needed, available } => short(Code::OutOfStock, needed, available),
            RewardError::Again(error) => Problem { is_replayed: true, ..Problem::from(*error) },
            RewardError::Busy => Problem::new(Code::Busy),
            RewardError::Database(error) => error.into(),
            RewardError::Book(error) => Problem::internal(error),
        }
    }
}

impl From<SponsorError> for Problem {
    fn from(error: SponsorError) -> Self {
        match error {
            SponsorError::Invalid(flaws) => invalid(flaws),
            SponsorError::SponsorNotFound { id } => not_found(Code::SponsorNotFound, id),
            SponsorError::VersionDiffers { current } => version_differs(current),
            SponsorError::Database(error) => error.into(),
        }
    }
}

impl From<PictureError> for Problem {
    fn from(error: PictureError) -> Self {
        let text = error.to_string();
        match error {
            PictureError::UnknownType => {
                Problem::new(Code::UnsupportedMediaType).detail("请上传 JPEG、PNG 或 WebP 图片", text)
            }
            PictureError::TooLarge => Problem::new(Code::BodyTooLarge).detail("图片像素过多，最多 4000 万像素", text),
            PictureError::Damaged => Problem::invalid_value("", "damaged_picture", "图片已损坏，无法读取", &text),
            PictureError::PictureNotFound { .. } => Problem::new(Code::PictureNotFound),
            PictureError::Database(error) => error.into(),
        }
    }
}

pub fn desk_refused(error: DeskError, config: &Scheme) -> Problem {
    let text = error.to_string();
    match error {
        DeskError::Exchange(error) => exchange_refused(error, config),
        DeskError::Reward(error) => error.into(),
        DeskError::NoSession => Problem::invalid_value("/path/id", "no_session", "这笔兑换不是场次预约", &text),
        DeskError::WrongTime { starts_at, ends_at } => Problem::new(Code::OutsideWindow)
            .detail("请在场次当天、结束之前签到", text)
            .member("from", starts_at.to_rfc3339())
            .member("until", ends_at.to_rfc3339()),
        DeskError::WrongState { state } => {
            let zh = match state {
                PlaceState::Waiting => "还在等候",
                PlaceState::Called => "正在办理",
                PlaceState::Skipped => "已过号",
                PlaceState::Done => "已办完",
                PlaceState::Gone => "已取消",
            };
            state_conflict(state.as_str(), zh)
        }
        DeskError::IdTaken { .. } => taken("session_id"),
        DeskError::NobodyWaits => Problem::new(Code::NobodyWaits),
        DeskError::Database(error) => error.into(),
    }
}
