//! The newest final answers, for callers that repeat themselves.

use crate::store::Settled;
use foldhash::HashMap;
use std::collections::VecDeque;
use uuid::Uuid;

/// Answers kept in memory.
const RECENT_MAX: usize = 16_384;

#[derive(Default)]
pub struct Recent {
    answers: HashMap<Uuid, Settled>,
    order: VecDeque<Uuid>,
}

impl Recent {
    pub fn knows(&self, id: &Uuid) -> bool {
        self.answers.contains_key(id)
    }

    pub fn get(&self, id: &Uuid) -> Option<&Settled> {
        self.answers.get(id)
    }

    /// Answers what is forgotten in its stead.
    pub fn insert(&mut self, id: Uuid, settled: Settled) -> Option<Settled> {
        let before = self.answers.insert(id, settled);
        if before.is_some() {
            return before;
        }
        self.order.push_back(id);
        let oldest = if self.order.len() > RECENT_MAX { self.order.pop_front() } else { None };
        oldest.and_then(|oldest| self.answers.remove(&oldest))
    }
}
