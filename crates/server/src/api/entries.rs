//! The journal, and proofs that it is what it was.

use crate::api::amounts::points;
use crate::api::answers::ok;
use crate::api::auth::may;
use crate::api::call::{Call, Number, Query};
use crate::api::cursor::page_size;
use crate::api::error::Problem;
use actix_web::{HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use ledger::{Entry, Unit};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_entries).service(prove_entry).service(get_checkpoint).service(get_consistency);
}

/// An entry of the book, as it stands for ever. It holds no personal data.
#[derive(Serialize, ToSchema)]
pub struct JournalEntry {
    /// 1, 2, 3, … without gaps, in the order of commits.
    sequence: i64,
    id: Uuid,
    #[schema(example = "exchange.reserved")]
    kind: String,
    /// `post`, `hold`, `capture`, `capture_part`, `release` or `reversal`.
    #[schema(example = "hold")]
    action: &'static str,
    occurred_on: NaiveDate,
    recorded_at: DateTime<Utc>,
    /// On whose statement it stands.
    volunteer_id: Option<Uuid>,
    /// The service record or exchange that it belongs to.
    document_id: Option<Uuid>,
    /// Sequence of the hold that it captures or releases, of the entry that it reverses.
    reference: Option<i64>,
    /// Of a hold: until when.
    expires_at: Option<DateTime<Utc>>,
    postings: Vec<JournalPosting>,
    /// What was decided, by whom (id of a key), and why, as it was hashed.
    #[schema(value_type = Object)]
    document: serde_json::Map<String, serde_json::Value>,
    /// SHA-256 of the entry, in hex: its leaf in the Merkle tree of RFC 6962.
    leaf_hash: String,
}

/// An amount on its way from an account to an account.
#[derive(Serialize, ToSchema)]
pub struct JournalPosting {
    #[schema(example = "volunteer/0193572f-7d1a-7c3e-9d52-2f6c8f1f0a11/points@2027-12-31")]
    from: String,
    #[schema(example = "scheme/spent")]
    to: String,
    #[schema(example = "points")]
    unit: &'static str,
    /// Points as decimals of the scheme; all else whole.
    #[schema(example = "10")]
    amount: String,
}

#[derive(Serialize, ToSchema)]
pub struct Entries {
    entries: Vec<JournalEntry>,
    /// Give it as `after` to go on: the last sequence listed, or `after` when there is nothing more yet.
    last: i64,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EntriesQuery {
    /// Entries after this sequence; 0, or left out: from the beginning.
    after: Option<i64>,
    /// 1 to 1000; 100 when left out.
    limit: Option<i64>,
}

impl JournalEntry {
    fn new(entry: Entry, scale: u8) -> JournalEntry {
        let postings = entry.postings.iter().map(|posting| JournalPosting {
            from: posting.from.to_string(),
            to: posting.to.to_string(),
            unit: posting.unit.as_str(),
            amount: points(posting.amount, if posting.unit == Unit::Points { scale } else { 0 }),
        });
        JournalEntry {
            sequence: entry.sequence,
            id: entry.id,
            action: entry.action.as_str(),
            occurred_on: entry.effective_on,
            recorded_at: time(entry.recorded_at),
            volunteer_id: entry.party,
            document_id: entry.document_id,
            reference: entry.reference,
            expires_at: entry.expires_at.map(time),
            postings: postings.collect(),
            document: entry.fields(),
            leaf_hash: hex::encode(entry.leaf),
            kind: entry.kind,
        }
    }
}

fn time(micros: ledger::Micros) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// Read the journal, in order and without gaps
///
/// The feed of all that happens: ask again with `last` as `after`. What was listed once is never changed, and nothing is ever
/// put in before it.
#[utoipa::path(tag = "journal", params(EntriesQuery), responses((status = 200, body = Entries)))]
#[get("/entries")]
async fn list_entries(call: Call<may::ListEntries, (), Query<EntriesQuery>>) -> Result<HttpResponse, Problem> {
    let after = call.input.0.after.unwrap_or(0);
    if after < 0 {
        return Err(Problem::invalid_value("/query/after", "invalid_number", "不能为负数", "it is not negative"));
    }
    let limit = page_size(call.input.0.limit, 100, 1000)?;
    let entries = call.scheme.book.entries(after, limit).await?;
    let last = entries.last().map_or(after, |entry| entry.sequence);
    let scale = call.scale();
    Ok(ok(Entries { entries: entries.into_iter().map(|entry| JournalEntry::new(entry, scale)).collect(), last }))
}

/// That an entry is in the tree of the first `size` entries (RFC 6962). Hashes are SHA-256 in hex.
#[derive(Serialize, ToSchema)]
pub struct InclusionProof {
    sequence: i64,
    size: i64,
    leaf_hash: String,
    root: String,
    path: Vec<String>,
}

/// That the first `from` entries are the beginning of the first `to` (RFC 6962). Hashes are SHA-256 in hex.
#[derive(Serialize, ToSchema)]
pub struct ConsistencyProof {
    from: i64,
    to: i64,
    from_root: String,
    to_root: String,
    path: Vec<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProofQuery {
    /// Entries in the tree; all, when left out.
    size: Option<i64>,
}

/// Prove that an entry is in the book
#[utoipa::path(tag = "journal", params(ProofQuery), responses((status = 200, body = InclusionProof)))]
#[get("/entries/{sequence}/proof")]
async fn prove_entry(call: Call<may::ProveEntry, Number, Query<ProofQuery>>) -> Result<HttpResponse, Problem> {
    Ok(ok(call.scheme.book.prove_inclusion(call.at.0, call.input.0.size).await?))
}

/// Where the book stands, signed.
#[derive(Serialize, ToSchema)]
pub struct Checkpoint {
    /// Entries in the book.
    size: i64,
    /// Root of the Merkle tree, SHA-256 in hex.
    root: String,
    /// A C2SP signed note over origin, size and root.
    note: String,
    /// Checks the signature under the note.
    verifier_key: String,
}

/// Read a signed checkpoint of the book
///
/// Keep it: nobody can afterwards change, remove or insert an entry that it covers without the proofs failing.
#[utoipa::path(tag = "journal", responses((status = 200, body = Checkpoint)))]
#[get("/checkpoint")]
async fn get_checkpoint(call: Call<may::GetCheckpoint>) -> Result<HttpResponse, Problem> {
    let signer = call.scheme.signer();
    let checkpoint = call.scheme.book.checkpoint(signer, call.now.timestamp_micros()).await?;
    let (size, root) = (checkpoint.size, hex::encode(checkpoint.root));
    Ok(ok(Checkpoint { size, root, note: checkpoint.note, verifier_key: signer.verifier_key() }))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConsistencyQuery {
    /// Size of the older tree.
    from: i64,
    /// Size of the newer tree; all entries, when left out.
    to: Option<i64>,
}

/// Prove that the book has only been added to
#[utoipa::path(tag = "journal", params(ConsistencyQuery), responses((status = 200, body = ConsistencyProof)))]
#[get("/consistency")]
async fn get_consistency(
    call: Call<may::GetConsistency, (), Query<ConsistencyQuery>>,
) -> Result<HttpResponse, Problem> {
    let ConsistencyQuery { from, to } = call.input.0;
    if from < 1 || to.is_some_and(|to| to < from) {
        let (zh, en) = ("须在 1 和 to 之间", "it must be between 1 and `to`");
        return Err(Problem::invalid_value("/query/from", "invalid_number", zh, en));
    }
    Ok(ok(call.scheme.book.prove_consistency(from, to).await?))
}
