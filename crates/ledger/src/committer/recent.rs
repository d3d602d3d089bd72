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

    pub fn insert(&mut self, id: Uuid, settled: Settled) {
        if self.answers.insert(id, settled).is_none() {
            self.order.push_back(id);
        }
        if self.order.len() > RECENT_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.answers.remove(&oldest);
        }
    }
}
