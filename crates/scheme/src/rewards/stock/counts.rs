//! Counting a shelf: what was found, what the book said, and the difference set right.

use super::{Posted, movements, post, require_good, station_flaws};
use crate::accounts;
use crate::keys::Operator;
use crate::projection::kind;
use crate::reasons;
use crate::rewards::{Kind, Reward, RewardError, State, fields, list, post_error};
use crate::schemes::OpenScheme;
use crate::volunteers::{Invalid, is_text};
use chrono::{DateTime, Utc};
use ledger::{Action, Bound, Draft, Leg, Source};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// What somebody found on a shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    pub id: Uuid,
    pub reward_id: Uuid,
    pub station: String,
    /// Pieces, reserved ones among them.
    pub counted: i64,
    /// The entry that the count sheet was printed at: what was handed over since is no difference. `None`: as it is now.
    pub as_of: Option<i64>,
    /// Why it differs, if it does.
    pub reason: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// Pieces by the book, when they were counted.
    pub book: i64,
    pub counted: i64,
    /// What was found more, or less when negative.
    pub difference: i64,
    /// Pieces on the shelf now.
    pub on_hand: i64,
    pub sequence: i64,
    pub replayed: bool,
}

/// A line of a count sheet.
#[derive(Debug, Clone)]
pub struct SheetLine {
    pub reward: Arc<Reward>,
    pub on_hand: i64,
    pub reserved: i64,
}

/// How often a difference is worked out anew because somebody else counted the same shelf meanwhile.
const TRIES: usize = 20;

/// Sets the book right by what was found. The difference is to the book as it was when it was counted, and is posted as a
/// difference: what is handed over meanwhile falsifies nothing. What another count has set right since is not set right twice.
pub async fn count(
    scheme: &OpenScheme,
    count: Count,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<Counted, RewardError> {
    let mut flaws: Vec<Invalid> = require_good(scheme, count.reward_id, "reward_id").await?.into_iter().collect();
    flaws.extend(station_flaws(scheme, "station", &count.station).await?);
    if !(0..=super::PIECES_MAX).contains(&count.counted) {
        flaws.push(Invalid::new("counted", "invalid_change", "0 to 1000000000 pieces"));
    }
    if count.as_of.is_some_and(|as_of| as_of < 0) {
        flaws.push(Invalid::new("as_of", "invalid_sequence", "a sequence is 0 or more"));
    }
    if count.reason.as_deref().is_some_and(|reason| !is_text(reason, 500)) {
        flaws.push(Invalid::new("reason", "invalid_text", "1 to 500 characters"));
    }
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
    }
    super::add_station(scheme, count.reward_id, &count.station).await?;
    let reason = reasons::give(scheme, count.id, count.reason.as_deref(), by, now).await?;
    for _ in 0..TRIES {
        let said = book_says(scheme, &count).await?;
        let draft = draft(scheme, &count, &said, reason.clone(), by, now);
        match post(scheme, draft).await {
            Ok(posted) => return counted(scheme, &count, &posted).await,
            Err(RewardError::Stale) => {}
            Err(error) => return Err(error),
        }
    }
    Err(RewardError::Busy)
}

/// What the book says of a shelf.
struct Said {
    pieces: i64,
    /// How often it was counted until then.
    counts: i64,
}

async fn book_says(scheme: &OpenScheme, count: &Count) -> Result<Said, RewardError> {
    let paths =
        [accounts::stock_path(count.reward_id, &count.station), accounts::counts_path(count.reward_id, &count.station)];
    let view = scheme.book.standings(&paths).await.map_err(post_error)?;
    let balance = |place: usize| view.lots[place].first().map_or(0, |standing| standing.balance);
    let pieces = match count.as_of {
        None => balance(0),
        Some(as_of) if as_of > view.size => return Err(RewardError::BeyondTheBook { size: view.size }),
        Some(as_of) => movements::on_hand_when_counted(scheme, count.reward_id, &count.station, as_of).await?,
    };
    Ok(Said { pieces, counts: balance(1) })
}

fn draft(
    scheme: &OpenScheme,
    count: &Count,
    said: &Said,
    reason: Option<String>,
    by: &Operator,
    now: DateTime<Utc>,
) -> Draft {
    let difference = count.counted - said.pieces;
    let counts = accounts::counts(count.reward_id, &count.station);
    let shelf = accounts::stock(count.reward_id, &count.station);
    let mut legs = match difference {
        0 => Vec::new(),
        1.. => vec![Leg { from: Source::Account(accounts::supplied()), to: shelf, amount: difference }],
        _ => vec![Leg { from: Source::Account(shelf), to: accounts::removed(), amount: -difference }],
    };
    // Two who count the same shelf at once do so one after the other.
    let bound = Bound { key: counts.key.clone(), floor: None, ceiling: Some(said.counts + 1) };
    legs.push(Leg { from: Source::Account(accounts::alerts()), to: counts, amount: 1 });
    let document = json!({
        "reward_id": count.reward_id,
        "station": count.station,
        "counted": count.counted,
        "as_of": count.as_of,
        "book": said.pieces,
        "difference": difference,
        "reason": reason,
        "by": by.key_id,
    });
    Draft {
        id: count.id,
        kind: kind::STOCK_COUNTED,
        effective_on: scheme.config().day_of(now),
        party: None,
        document_id: Some(count.id),
        action: Action::Post(legs),
        document: fields(document),
        intent: &["reward_id", "station", "counted", "as_of"],
        bounds: vec![bound],
        refusal: None,
        freeze_rejection: false,
    }
}

async fn counted(scheme: &OpenScheme, count: &Count, posted: &Posted) -> Result<Counted, RewardError> {
    let entry = &posted.entry;
    let fields = entry.fields();
    let number = |name: &str| fields.get(name).and_then(Value::as_i64).unwrap_or(0);
    Ok(Counted {
        book: number("book"),
        counted: number("counted"),
        difference: number("difference"),
        on_hand: super::on_hand(scheme, count.reward_id, &count.station).await?,
        sequence: entry.sequence,
        replayed: posted.replayed,
    })
}

/// Everything that ought to be on the shelves of a station, and the newest entry that is part of it.
pub async fn sheet(scheme: &OpenScheme, station: &str) -> Result<(Vec<SheetLine>, i64), RewardError> {
    let flaws = station_flaws(scheme, "station", station).await?;
    if !flaws.is_empty() {
        return Err(RewardError::Invalid(flaws));
    }
    let mut goods = Vec::new();
    for state in State::ALL {
        goods.extend(list(scheme, state, Some(station), None, i64::MAX).await?);
    }
    goods.retain(|reward| reward.details.kind == Kind::Good);
    let paths: Vec<_> = goods.iter().map(|reward| accounts::stock_path(reward.id, station)).collect();
    let view = scheme.book.standings(&paths).await.map_err(post_error)?;
    let lines = goods.into_iter().zip(&view.lots).map(|(reward, lots)| {
        let (on_hand, reserved) = lots.first().map_or((0, 0), |standing| (standing.balance, standing.held_out));
        SheetLine { reward, on_hand, reserved }
    });
    Ok((lines.collect(), view.size))
}
