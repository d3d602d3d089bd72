//! From a batch of requests to entries and refusals.

use super::{Answer, Committer, Failure, Judged, Request};
use crate::book::{Outcome, PostError};
use crate::draft::Draft;
use crate::encoding::encode;
use crate::entry::Entry;
use crate::judge::{Verdict, judge};
use crate::projection::Projected;
use crate::store::{self, Head, Settled};
use crate::tree::leaf_hash;
use crate::writes::Writes;
use db::Session;
use foldhash::{HashMap, HashSet, HashSetExt};
use std::sync::Arc;
use uuid::Uuid;

impl Committer {
    pub(super) async fn judge_all(
        &mut self,
        mut session: Session<'_>,
        head: &mut Head,
        batch: &mut Vec<Request>,
        judged: &mut Judged,
        look_up: bool,
    ) -> Result<(), Failure> {
        let old = if look_up { self.look_up(&mut session, head, batch).await? } else { HashMap::default() };
        self.repeat(batch, judged, &old);
        self.defer(batch, judged);
        self.learn(&mut session, head, batch).await?;
        let at = (self.options.clock)().max(head.recorded_at);
        let mut projected = Projected::default();
        for request in batch.drain(..) {
            self.judge_one(request, head, at, judged, &mut projected);
        }
        judged.writes.project(projected);
        Ok(())
    }

    async fn look_up(
        &mut self,
        session: &mut Session<'_>,
        head: &Head,
        batch: &[Request],
    ) -> Result<HashMap<Uuid, Settled>, Failure> {
        let ids = batch.iter().map(|request| request.draft.id).filter(|id| !self.recent.knows(id)).collect();
        Ok(store::settled(session, head.book, ids).await?)
    }

    /// Takes out of the batch what was answered before.
    fn repeat(&mut self, batch: &mut Vec<Request>, judged: &mut Judged, old: &HashMap<Uuid, Settled>) {
        for request in std::mem::take(batch) {
            let id = request.draft.id;
            match self.recent.get(&id).or_else(|| old.get(&id)) {
                Some(settled) => {
                    let answer = again(settled, &request.draft);
                    judged.repeated.push((request, answer));
                }
                None => batch.push(request),
            }
        }
    }

    /// Takes out of the batch what must wait for another draft in it: a copy of it, or a capture of its hold.
    fn defer(&mut self, batch: &mut Vec<Request>, judged: &mut Judged) {
        let mut seen = HashSet::with_capacity(batch.len());
        for request in std::mem::take(batch) {
            let waits = request.draft.action.refers_to().is_some_and(|earlier| seen.contains(&earlier));
            if waits || !seen.insert(request.draft.id) {
                judged.deferred.push(request);
            } else {
                batch.push(request);
            }
        }
    }

    /// Loads what the batch touches and memory does not hold.
    async fn learn(&mut self, session: &mut Session<'_>, head: &Head, batch: &[Request]) -> Result<(), Failure> {
        let referred: Vec<Uuid> = batch.iter().filter_map(|request| request.draft.action.refers_to()).collect();
        if !referred.is_empty() {
            self.state.earlier = store::earlier(session, head.book, referred).await?;
        }
        let mut unknown = HashSet::default();
        let touched = batch.iter().flat_map(|request| request.draft.paths());
        let of_earlier = self
            .state
            .earlier
            .values()
            .flat_map(|earlier| earlier.postings.iter().flat_map(|posting| [&posting.from.path, &posting.to.path]));
        for path in touched.chain(of_earlier) {
            if !self.state.knows(path) {
                unknown.insert(path.clone());
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        let unknown: Vec<_> = unknown.into_iter().collect();
        for (path, standings) in store::accounts(session, head.book, &unknown).await? {
            self.state.learn(path, standings);
        }
        Ok(())
    }

    fn judge_one(
        &mut self,
        request: Request,
        head: &mut Head,
        at: i64,
        judged: &mut Judged,
        projected: &mut Projected,
    ) {
        let draft = &request.draft;
        let result = match judge(draft, &self.state, at) {
            Ok(verdict) => {
                let Some(entry) = self.enter(&request, verdict, head, at, &mut judged.writes, projected) else {
                    judged.deferred.push(request);
                    return;
                };
                Ok(entry)
            }
            Err(rejection) => {
                if draft.freeze_rejection {
                    judged.writes.reject(head.book, draft, &request.document, &rejection, at);
                }
                Err(rejection)
            }
        };
        judged.settled.push((request, result));
    }

    /// Makes the entry and everything that follows from it. `None`, with nothing changed, when a projected row was written
    /// in this batch already.
    fn enter(
        &mut self,
        request: &Request,
        mut verdict: Verdict,
        head: &mut Head,
        at: i64,
        writes: &mut Writes,
        projected: &mut Projected,
    ) -> Option<Arc<Entry>> {
        let draft = &request.draft;
        let new = verdict.changed.iter().filter(|(_, standing)| standing.account == 0);
        let mut entry = Entry {
            sequence: head.size + 1,
            id: draft.id,
            action: verdict.action,
            kind: draft.kind.to_owned(),
            party: draft.party,
            document_id: draft.document_id,
            reference: verdict.reference,
            effective_on: draft.effective_on,
            recorded_at: at,
            expires_at: verdict.expires_at,
            available_before: verdict.available_before,
            opened: new.map(|(key, standing)| standing.opening(&key.path)).collect(),
            postings: std::mem::take(&mut verdict.postings),
            document: request.document.clone(),
            leaf: [0; 32],
        };
        if !projected.add(self.projection.project(head.book, &entry)) {
            return None;
        }
        encode(&self.code, &entry, &mut self.buffer);
        entry.leaf = leaf_hash(&self.buffer);
        head.accounts += self.state.apply(&mut verdict, entry.sequence, head.accounts + 1);
        head.size = entry.sequence;
        head.recorded_at = at;
        head.frontier.append(entry.leaf, |node| writes.node(head.book, node));
        let entry = Arc::new(entry);
        writes.enter(head, &entry, &verdict, &self.state);
        Some(entry)
    }
}

fn again(settled: &Settled, draft: &Draft) -> Answer {
    match settled.differing_field(draft) {
        Some(field) => Err(PostError::IdTaken { field }),
        None => Ok(Outcome { result: settled.result.clone(), replayed: true }),
    }
}
