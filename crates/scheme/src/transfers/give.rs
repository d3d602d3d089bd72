//! Giving: by a rule of transfers in force, within its limit, out of what can be spent.

use super::{Gift, Receiver, Transfer, TransferError, fields, get, refused};
use crate::accounts;
use crate::config::{CapUnit, Rules, Scheme, TransferTo, VolunteerAccount};
use crate::exchanges::Ineligible;
use crate::keys::Operator;
use crate::projection::kind;
use crate::reasons;
use crate::rules::fulfils;
use crate::schemes::OpenScheme;
use crate::standing::{Asks, Known, Whom, refused_by_pin};
use crate::volunteers::{self, Invalid};
use chrono::{DateTime, Utc};
use ledger::draft::LEGS_MAX;
use ledger::{Account, Action, Bound, Draft, Entry, Key, Leg, Rejection, Source};
use serde_json::{Value, json};
use std::sync::Arc;
use uuid::Uuid;

/// How often a gift is worked out anew because what it rests on has changed meanwhile.
const TRIES: usize = 20;
/// Gifts brought to their end in one go.
const TOGETHER: i64 = 500;

/// Gives to the pool or to another volunteer. The same again is answered with the same, and `true`. A refusal is not kept: the
/// same id may be tried again.
pub async fn transfer(
    scheme: &OpenScheme,
    gift: Gift,
    by: &Operator,
    now: DateTime<Utc>,
) -> Result<(Transfer, bool), TransferError> {
    volunteers::require_unmerged(scheme, gift.from).await?;
    if let Receiver::Volunteer(to) = gift.to {
        volunteers::require_unmerged(scheme, to).await?;
    }
    let config = scheme.config();
    let account = account(&config, &gift)?;
    let whom =
        Whom { scheme, config: &config, volunteer: gift.from, account: account.as_ref(), today: config.day_of(now) };
    let note = reasons::give(scheme, gift.id, gift.note.as_deref(), by, now).await?;
    for _ in 0..TRIES {
        let draft = plain(&gift, &whom, note.as_deref(), by);
        // What was given before is not judged again.
        let draft = match scheme.book.entry(gift.id).await? {
            Some(_) => draft,
            None => allowed(&gift, &whom, draft).await?,
        };
        let (pins, posted) = (draft.bounds.clone(), scheme.book.post(draft).await?);
        if let Err(rejection) = &posted.result
            && let Some(into) = volunteers::merged_meanwhile(scheme, gift.from, rejection).await
        {
            return Err(TransferError::VolunteerMerged { into });
        }
        match posted.result {
            Ok(entry) => {
                receive(scheme, &entry, now).await?;
                return Ok((get(scheme, gift.id).await?, posted.replayed));
            }
            Err(rejection) if is_stale(&pins, &rejection, &gift, &whom) => {}
            Err(rejection) => return Err(refused(rejection, gift.account.as_deref())),
        }
    }
    Err(TransferError::Busy)
}

/// Whether what was read has changed: a pin, or a lot that was to be given.
fn is_stale(pins: &[Bound], rejection: &Rejection, gift: &Gift, whom: &Whom<'_>) -> bool {
    let Rejection::BelowFloor { account, .. } = rejection else { return refused_by_pin(pins, rejection) };
    let by_lots = gift.to != Receiver::Pool && account.starts_with(&*whom.pays());
    by_lots || refused_by_pin(pins, rejection) && !account.starts_with("limit/")
}

fn account(config: &Scheme, gift: &Gift) -> Result<Option<VolunteerAccount>, TransferError> {
    let mut flaws = Vec::new();
    let account = gift.account.as_deref().map(|code| config.account(code));
    if account == Some(None) {
        flaws.push(Invalid::new("account", "unknown_account", "the scheme has no such account"));
    }
    if gift.amount <= 0 {
        flaws.push(Invalid::new("amount", "invalid_change", "an amount is more than 0"));
    }
    if gift.to == Receiver::Volunteer(gift.from) {
        flaws.push(Invalid::new("to", "same_volunteer", "nobody gives to themselves"));
    }
    if gift.note.as_deref().is_some_and(|note| !volunteers::is_text(note, 500)) {
        flaws.push(Invalid::new("note", "invalid_text", "a note has 1 to 500 characters"));
    }
    if flaws.is_empty() { Ok(account.flatten().cloned()) } else { Err(TransferError::Invalid(flaws)) }
}

/// The entry that takes it from the giver, without what it moves.
fn plain(gift: &Gift, whom: &Whom<'_>, note: Option<&str>, by: &Operator) -> Draft {
    let to = match gift.to {
        Receiver::Pool => None,
        Receiver::Volunteer(to) => Some(to),
    };
    let document = json!({
        "from": gift.from,
        "to": to,
        "amount": gift.amount,
        "account": gift.account,
        "relation": gift.relation.map(|relation| relation.as_str()),
        "note": note,
        "by": by.key_id,
    });
    Draft {
        id: gift.id,
        kind: if to.is_none() { kind::POINTS_DONATED } else { kind::POINTS_GIVEN },
        effective_on: whom.today,
        party: Some(gift.from),
        document_id: Some(gift.id),
        action: Action::Post(Vec::new()),
        document: fields(document),
        intent: &["from", "to", "amount", "account", "relation"],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    }
}

/// The draft with what it moves, if the rules in force allow it.
async fn allowed(gift: &Gift, whom: &Whom<'_>, draft: Draft) -> Result<Draft, TransferError> {
    let rules = whom.config.rules_on(whom.today).ok_or(TransferError::NotAllowed)?;
    let rule = rule(rules, gift).ok_or(TransferError::NotAllowed)?;
    let asks = Asks::of(Some(rules), rule.requires.iter());
    let known = if asks.anything() { Known::read(whom, &asks).await? } else { Known::default() };
    if known.frozen > 0 {
        return Err(TransferError::AccountFrozen);
    }
    let (person, marks) = whom.person().await?;
    if let Err(unmet) = fulfils(&rule.requires, &known.facts(&person, whom)) {
        return Err(TransferError::NotEligible(Ineligible::of(&unmet)));
    }
    let mut legs = match gift.to {
        Receiver::Pool => vec![Leg {
            from: Source::Pool { path: whom.pays(), unit: accounts::unit(counts(whom.account)), usable_on: whom.today },
            to: accounts::pool(whom.account),
            amount: gift.amount,
        }],
        Receiver::Volunteer(_) => by_lots(gift, whom).await?,
    };
    let mut bounds = known.pins(whom, &asks, gift.amount);
    bounds.extend(marks);
    bounds.push(accounts::unmerged(gift.from));
    if let Some(limit) = rule.limit {
        let most = match counts(whom.account) {
            CapUnit::Minutes => limit.amount.whole_minutes().unwrap_or_else(|| limit.amount.minutes_up()),
            _ => limit.amount.minor(whom.config.points_scale),
        };
        let path = limit_path(gift, &limit.per.of(whom.today));
        let unit = accounts::unit(counts(whom.account));
        let from = Source::Account(accounts::used(path.clone(), unit));
        legs.push(Leg { from, to: accounts::capped(unit), amount: gift.amount });
        bounds.push(Bound { key: Key::new(path), floor: Some(-most), ceiling: None });
    }
    Ok(Draft { action: Action::Post(legs), bounds, ..draft })
}

fn counts(account: Option<&VolunteerAccount>) -> CapUnit {
    account.map_or(CapUnit::Points, |account| account.counts)
}

/// The first rule that covers the gift.
fn rule<'r>(rules: &'r Rules, gift: &Gift) -> Option<&'r crate::config::Transfer> {
    let to = match gift.to {
        Receiver::Pool => TransferTo::Pool,
        Receiver::Volunteer(_) => TransferTo::Volunteer,
    };
    rules.transfers.iter().find(|rule| {
        let related = rule.relations.is_empty() || gift.relation.is_some_and(|own| rule.relations.contains(&own));
        rule.to == to && rule.account == gift.account && related
    })
}

/// What is used of the limit of gifts, by what is given and to whom: the same in every version of the rules.
fn limit_path(gift: &Gift, period: &str) -> Arc<str> {
    let to = if gift.to == Receiver::Pool { "pool" } else { "volunteer" };
    let what = gift.account.as_deref().unwrap_or("points");
    format!("limit/transfer/{to}/{what}/{}/{period}", gift.from).into()
}

/// The lots that are given, soonest first, each on its way to the same lot of the receiver.
async fn by_lots(gift: &Gift, whom: &Whom<'_>) -> Result<Vec<Leg>, TransferError> {
    let view = whom.scheme.book.standings(&[whom.pays()]).await?;
    let usable = view.lots.iter().flatten().filter(|lot| lot.lot.usable_on(whom.today));
    let (mut rest, mut available, mut legs) = (gift.amount, 0_i64, Vec::new());
    for standing in usable {
        let left = (standing.balance - standing.held_out).max(0);
        available = available.saturating_add(left);
        let part = rest.min(left);
        if part > 0 {
            let from = standing.opening(&whom.pays());
            let to = on_its_way(gift.id, &from);
            legs.push(Leg { from: Source::Account(from), to, amount: part });
            rest -= part;
        }
    }
    if rest > 0 {
        let account = gift.account.clone();
        return Err(TransferError::InsufficientPoints { needed: gift.amount, available, account });
    }
    // The limit of gifts takes a leg, too.
    if legs.len() > LEGS_MAX - 2 {
        let detail = "the amount is of too many days of expiry; give it in several parts";
        return Err(TransferError::Invalid(vec![Invalid::new("amount", "too_many_lots", detail)]));
    }
    Ok(legs)
}

/// Where a gift is between its two entries.
fn on_its_way(gift: Uuid, lot: &Account) -> Account {
    Account::holding(Key::in_lot(format!("transfer/{gift}"), lot.key.lot), lot.unit)
}

/// Brings a gift to whom it is for: once, since its id follows from the gift's.
async fn receive(scheme: &OpenScheme, given: &Entry, now: DateTime<Utc>) -> Result<(), TransferError> {
    let asked = given.fields();
    let Some(to) = crate::projection::id(&asked, "to") else { return Ok(()) };
    // Whoever was merged into another meanwhile receives it as who they are now.
    scheme.volunteers.invalidate(&to);
    let to = volunteers::get(scheme, to).await?.merged_into.unwrap_or(to);
    let config = scheme.config();
    let account = crate::projection::text(&asked, "account");
    let path = match account.as_deref() {
        None => accounts::points_path(to),
        Some(code) => accounts::account_path(to, code),
    };
    let way = format!("transfer/{}", given.id);
    let on_way = given.postings.iter().filter(|posting| *posting.to.path == *way);
    let leg = |posting: &ledger::Posting| Leg {
        from: Source::Account(Account::holding(posting.to.clone(), posting.unit)),
        to: Account::holding(Key::in_lot(path.clone(), posting.to.lot), posting.unit),
        amount: posting.amount,
    };
    let draft = Draft {
        id: Uuid::new_v5(&given.id, b"received"),
        kind: kind::POINTS_RECEIVED,
        effective_on: config.day_of(now),
        party: Some(to),
        document_id: Some(given.id),
        action: Action::Post(on_way.map(leg).collect()),
        document: fields(json!({
            "from": asked.get("from").cloned().unwrap_or(Value::Null),
            "amount": asked.get("amount").cloned().unwrap_or(Value::Null),
            "account": account,
        })),
        intent: &[],
        bounds: Vec::new(),
        refusal: None,
        freeze_rejection: false,
    };
    match scheme.book.post(draft).await?.result {
        Ok(_) => Ok(()),
        Err(rejection) => Err(TransferError::Book(rejection.to_string())),
    }
}

/// Brings to their ends the gifts that are still on their way: their process ended between the two entries. Answers how many.
pub async fn finish(scheme: &OpenScheme, now: DateTime<Utc>) -> Result<usize, TransferError> {
    let open: Vec<(Uuid,)> = scheme
        .db
        .query("SELECT id FROM transfers WHERE book = $1 AND status = 'given' ORDER BY sequence LIMIT $2")
        .bind(scheme.book.number())
        .bind(TOGETHER)
        .fetch_all()
        .await?;
    for (id,) in &open {
        if let Some(given) = scheme.book.entry(*id).await? {
            receive(scheme, &given, now).await?;
        }
    }
    Ok(open.len())
}
