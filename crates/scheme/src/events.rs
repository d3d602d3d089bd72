//! Events: what the entries of the book mean to other systems. Every entry is exactly one event, with the entry's sequence and
//! id, so a feed of events is ordered by commits and has no gaps. An event has opaque ids, codes, amounts and dates, and
//! nothing that a person has said.

mod types;

pub use types::{EventType, Shape, TYPES, find};

use crate::config::{CapUnit, Scheme};
use crate::moment;
use crate::rules::{format_points, hours_text};
use crate::schemes::OpenScheme;
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use ledger::feed::Wanted;
use ledger::{Entry, PostError};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Decimals of a yuan.
const YUAN_SCALE: u8 = 2;

/// An entry, as others are told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub sequence: i64,
    /// Of the entry.
    pub id: Uuid,
    /// The kind of the entry: one of [`TYPES`], unless a newer version of the program has written it.
    pub name: String,
    pub occurred_on: NaiveDate,
    pub recorded_at: DateTime<Utc>,
    /// As its type says.
    pub data: Map<String, Value>,
}

/// A page of events, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    pub events: Vec<Event>,
    /// Up to here all that is wanted is in this page or before it.
    pub last: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no type of event {0:?}")]
pub struct UnknownType(pub String);

/// The kinds that a list of types means: names, or groups such as `exchange.*`.
pub fn kinds(types: &[String]) -> Result<Vec<String>, UnknownType> {
    let mut kinds = Vec::new();
    for name in types {
        let before = kinds.len();
        let group = name.strip_suffix('*').filter(|group| group.ends_with('.'));
        let is_meant = |known: &&EventType| match group {
            Some(group) => known.name.starts_with(group),
            None => known.name == name,
        };
        kinds.extend(TYPES.iter().filter(is_meant).map(|known| known.name.to_owned()));
        if kinds.len() == before {
            return Err(UnknownType(name.clone()));
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}

#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    #[error("the book has {size} entries, and those after {after} were asked for")]
    BeyondTheBook { after: i64, size: i64 },
    #[error("too much is going on; try again")]
    Busy,
    #[error(transparent)]
    Database(#[from] db::Error),
    #[error("the book failed: {0}")]
    Book(String),
}

impl From<PostError> for EventsError {
    fn from(error: PostError) -> Self {
        match error {
            error if error.is_transient() => EventsError::Busy,
            other => EventsError::Book(other.to_string()),
        }
    }
}

/// The first wanted events after sequence `after`, at most `limit`.
pub async fn list(scheme: &OpenScheme, wanted: &Wanted, after: i64, limit: i64) -> Result<Page, EventsError> {
    let page = scheme.book.feed(wanted, after, limit).await?;
    if after > page.size {
        return Err(EventsError::BeyondTheBook { after, size: page.size });
    }
    let config = scheme.config();
    Ok(Page { events: page.entries.iter().map(|entry| event(entry, &config)).collect(), last: page.last })
}

/// The event that an entry is.
pub fn event(entry: &Entry, config: &Scheme) -> Event {
    Event {
        sequence: entry.sequence,
        id: entry.id,
        name: entry.kind.clone(),
        occurred_on: entry.effective_on,
        recorded_at: moment(entry.recorded_at),
        data: find(&entry.kind).map(|kind| data(entry, kind, config)).unwrap_or_default(),
    }
}

fn data(entry: &Entry, kind: &EventType, config: &Scheme) -> Map<String, Value> {
    let mut data = Map::new();
    if let Some((name, id)) = kind.about.zip(entry.document_id) {
        data.insert(name.to_owned(), id.to_string().into());
    }
    if let Some(volunteer) = entry.party {
        data.insert("volunteer_id".to_owned(), volunteer.to_string().into());
    }
    if let Some(status) = kind.status {
        data.insert("status".to_owned(), status.into());
    }
    if let Some(expires_at) = entry.expires_at {
        data.insert("expires_at".to_owned(), time(expires_at));
    }
    let document = entry.fields();
    let account = document.get("account").and_then(Value::as_str);
    for (name, shape) in kind.fields {
        let told = document.get(*name).and_then(|value| told(value, *shape, account, config));
        data.extend(told.map(|value| ((*name).to_owned(), value)));
    }
    data
}

/// A value as others read it; `None` for one that is not there, or not of its shape.
fn told(value: &Value, shape: Shape, account: Option<&str>, config: &Scheme) -> Option<Value> {
    match shape {
        Shape::Id => value.as_str()?.parse::<Uuid>().ok().map(|id| id.to_string().into()),
        Shape::Day => value.as_str()?.parse::<NaiveDate>().ok().map(|day| day.to_string().into()),
        Shape::Code => value.as_str().map(Value::from),
        Shape::Count => value.as_i64().map(Value::from),
        Shape::Flag => value.as_bool().map(Value::from),
        Shape::Time => value.as_i64().map(time),
        Shape::Yuan => Some(format_points(value.as_i64()?, YUAN_SCALE).into()),
        Shape::Amount => {
            let counts = account.and_then(|code| config.account(code)).map(|account| account.counts);
            let amount = value.as_i64()?;
            Some(match counts {
                Some(CapUnit::Minutes) => hours_text(amount).into(),
                _ => format_points(amount, config.points_scale).into(),
            })
        }
    }
}

fn time(micros: i64) -> Value {
    moment(micros).to_rfc3339_opts(SecondsFormat::AutoSi, true).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_means_all_its_types_and_an_unknown_name_is_refused() {
        let types = |names: &[&str]| kinds(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        let exchanges = types(&["exchange.*", "exchange.reserved"]).unwrap();
        let all = ["cancelled", "collected", "collected_in_part", "expired", "missed", "moved", "reserved", "returned"];
        assert_eq!(exchanges, all.map(|name| format!("exchange.{name}")));
        for unknown in ["exchange", "*", ".*", "exchange.", "nothing.*", "", "exchange.reserved.*"] {
            assert_eq!(types(&[unknown]), Err(UnknownType(unknown.to_owned())));
        }
    }
}
