//! Who a key stands for. The book has the key alone; the name stands beside it, so that every decision names its person:
//! with the key, which is never deleted, or, for what acts without a key of its own, in `actors`.

use crate::keys::Operator;
use crate::schemes::OpenScheme;
use db::Many;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// A person, or a machine, as it was when the key first did something.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Actor {
    pub key_id: Uuid,
    pub person: String,
    pub name: String,
    /// Who that person is among the volunteers.
    pub volunteer_id: Option<Uuid>,
}

impl Actor {
    /// Whether both are the same person, whichever keys they use.
    pub fn is(&self, other: &Operator) -> bool {
        self.key_id == other.key_id
            || self.person == other.person
            || (self.volunteer_id.is_some() && self.volunteer_id == other.volunteer_id)
    }
}

/// Keeps who acts, once for each key. In a transaction of its own, before any lock is taken: two that make the same row
/// would wait for each other.
pub(crate) async fn remember(scheme: &OpenScheme, by: &Operator) -> db::Result<()> {
    if scheme.actors.contains_key(&by.key_id) {
        return Ok(());
    }
    let mut tx = scheme.db.begin_write().await?;
    tx.query(
        "INSERT INTO actors (book, key_id, person, name, volunteer_id) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT DO NOTHING",
    )
    .bind(scheme.book.number())
    .bind(by.key_id)
    .bind(by.person.clone())
    .bind(by.name.clone())
    .bind(by.volunteer_id)
    .execute()
    .await?;
    tx.commit().await?;
    get(scheme, by.key_id).await.map(drop)
}

/// Who a key stands for; `None` for one that has done nothing.
pub async fn get(scheme: &OpenScheme, key_id: Uuid) -> db::Result<Option<Arc<Actor>>> {
    Ok(of(scheme, [key_id]).await?.remove(&key_id))
}

/// As [`get`], of many keys.
pub async fn of(scheme: &OpenScheme, keys: impl IntoIterator<Item = Uuid>) -> db::Result<HashMap<Uuid, Arc<Actor>>> {
    let (mut found, mut missing) = (HashMap::new(), Vec::new());
    for key in keys {
        match scheme.actors.get(&key) {
            Some(actor) => drop(found.insert(key, actor)),
            None => missing.push(key),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let rows: Vec<Actor> = scheme
        .db
        .query(
            "SELECT k.id AS key_id, k.person, k.name, k.volunteer_id FROM many($2) AS m JOIN api_keys AS k ON k.id = m.value
             UNION ALL
             SELECT a.key_id, a.person, a.name, a.volunteer_id
             FROM many($2) AS m JOIN actors AS a ON a.book = $1 AND a.key_id = m.value
             WHERE NOT EXISTS (SELECT 1 FROM api_keys AS k WHERE k.id = a.key_id)",
        )
        .bind(scheme.book.number())
        .bind_many(Many::Uuid(missing))
        .fetch_all()
        .await?;
    for row in rows.into_iter().map(Arc::new) {
        scheme.actors.insert(row.key_id, row.clone());
        found.insert(row.key_id, row);
    }
    Ok(found)
}

/// Whether `by` is the person who used `key`, with this key or another one.
pub(crate) async fn is_same(scheme: &OpenScheme, key: Uuid, by: &Operator) -> db::Result<bool> {
    if key == by.key_id {
        return Ok(true);
    }
    Ok(get(scheme, key).await?.is_some_and(|actor| actor.is(by)))
}
