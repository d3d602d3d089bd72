//! Whose it is what was recorded of somebody who was merged into another since.

use crate::schemes::OpenScheme;
use std::collections::HashMap;
use uuid::Uuid;

/// Who was merged into whom, of the whole scheme: merges are few, however many volunteers there are.
pub(crate) struct Survivors(HashMap<Uuid, Uuid>);

impl Survivors {
    pub async fn read(tx: &mut db::Tx, scheme: &OpenScheme) -> db::Result<Survivors> {
        let rows: Vec<(Uuid, Uuid)> = tx
            .query("SELECT id, merged_into FROM volunteers WHERE book = $1 AND merged_into IS NOT NULL")
            .bind(scheme.book.number())
            .fetch_all()
            .await?;
        Ok(Survivors(rows.into_iter().collect()))
    }

    /// Before it was merged, a registration stood for itself.
    pub fn part(&mut self, id: Uuid) {
        self.0.remove(&id);
    }

    /// The registration that is left of this one, after however many merges.
    pub fn of(&self, mut id: Uuid) -> Uuid {
        // What is written has no circles; what was forced into the tables might.
        for _ in 0..self.0.len() {
            match self.0.get(&id) {
                Some(into) => id = *into,
                None => break,
            }
        }
        id
    }
}
