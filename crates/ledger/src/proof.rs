//! Proofs over a book: RFC 6962 audit paths, read from stored leaves and subtree roots in O(log n) small reads.

use crate::Book;
use crate::store;
use crate::tree::{self, Hash, STORED_HEIGHT};
use db::{Session, Tx};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// That an entry is in the tree of the first `size` entries, whose root is `root`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InclusionProof {
    pub sequence: i64,
    pub size: i64,
    #[serde(with = "hex_hash")]
    pub leaf_hash: Hash,
    #[serde(with = "hex_hash")]
    pub root: Hash,
    #[serde(with = "hex_hashes")]
    pub path: Vec<Hash>,
}

/// That the tree of the first `from` entries is the beginning of that of the first `to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsistencyProof {
    pub from: i64,
    pub to: i64,
    #[serde(with = "hex_hash")]
    pub from_root: Hash,
    #[serde(with = "hex_hash")]
    pub to_root: Hash,
    #[serde(with = "hex_hashes")]
    pub path: Vec<Hash>,
}

#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    #[error("the book has {size} entries, and {asked} were asked for")]
    BeyondTheBook { asked: i64, size: i64 },
    #[error("{from} is not between 1 and {to}")]
    OutOfRange { from: i64, to: i64 },
    #[error(transparent)]
    Database(#[from] db::Error),
}

impl Book {
    /// Proves entry `sequence` in the tree of `size` entries (of all, when `None`).
    pub async fn prove_inclusion(&self, sequence: i64, size: Option<i64>) -> Result<InclusionProof, ProofError> {
        let mut tx = self.db().begin_read().await?;
        let size = self.size_up_to(&mut tx, size).await?;
        if !(1..=size).contains(&sequence) {
            return Err(ProofError::OutOfRange { from: sequence, to: size });
        }
        let (index, leaves) = ((sequence - 1) as u64, size as u64);
        let path = self.roots(&mut tx, tree::inclusion_ranges(index, leaves)).await?;
        let leaf_hash = self.root_of(&mut tx, index..index + 1).await?;
        let root = self.root_of(&mut tx, 0..leaves).await?;
        Ok(InclusionProof { sequence, size, leaf_hash, root, path })
    }

    /// Proves that the first `from` entries are the beginning of the first `to` (of all, when `None`).
    pub async fn prove_consistency(&self, from: i64, to: Option<i64>) -> Result<ConsistencyProof, ProofError> {
        let mut tx = self.db().begin_read().await?;
        let to = self.size_up_to(&mut tx, to).await?;
        if !(1..=to).contains(&from) {
            return Err(ProofError::OutOfRange { from, to });
        }
        let path = self.roots(&mut tx, tree::consistency_ranges(from as u64, to as u64)).await?;
        let from_root = self.root_of(&mut tx, 0..from as u64).await?;
        let to_root = self.root_of(&mut tx, 0..to as u64).await?;
        Ok(ConsistencyProof { from, to, from_root, to_root, path })
    }

    /// The root of the tree of the first `size` entries, hexadecimal.
    pub async fn root_of_first(&self, tx: &mut Tx, size: i64) -> db::Result<String> {
        Ok(hex::encode(self.root_of(tx, 0..size.unsigned_abs()).await?))
    }

    async fn size_up_to(&self, tx: &mut Tx, asked: Option<i64>) -> Result<i64, ProofError> {
        let head = self.head(&mut Session::Tx(tx)).await?;
        match asked {
            Some(asked) if asked > head.size => Err(ProofError::BeyondTheBook { asked, size: head.size }),
            asked => Ok(asked.unwrap_or(head.size)),
        }
    }

    async fn roots(&self, tx: &mut Tx, ranges: Vec<Range<u64>>) -> db::Result<Vec<Hash>> {
        let mut roots = Vec::with_capacity(ranges.len());
        for range in ranges {
            roots.push(self.root_of(tx, range).await?);
        }
        Ok(roots)
    }

    async fn root_of(&self, tx: &mut Tx, range: Range<u64>) -> db::Result<Hash> {
        let mut roots = Vec::new();
        for (height, first) in tree::complete_subtrees(range) {
            let level = height / STORED_HEIGHT;
            let width = STORED_HEIGHT * level;
            let (from, to) = ((first >> width) as i64, ((first + (1 << height)) >> width) as i64);
            let stored = store::hashes(&mut Session::Tx(tx), self.number(), i64::from(level), from, to).await?;
            if stored.len() as i64 != to - from {
                return Err(store::damaged("leaves or nodes of the tree are missing"));
            }
            roots.push(complete_root(stored));
        }
        Ok(tree::range_root(&roots))
    }
}

/// The root of a complete subtree out of the roots of equal parts, a power of two of them.
fn complete_root(mut hashes: Vec<Hash>) -> Hash {
    while hashes.len() > 1 {
        hashes = hashes.chunks(2).map(|pair| tree::node_hash(&pair[0], &pair[1])).collect();
    }
    hashes.first().copied().unwrap_or_else(tree::empty_root)
}

mod hex_hash {
    use super::Hash;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(hash))
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash).map_err(D::Error::custom)?;
        Ok(hash)
    }
}

mod hex_hashes {
    use super::{Hash, hex_hash};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct One(#[serde(with = "hex_hash")] Hash);

    pub fn serialize<S: Serializer>(hashes: &[Hash], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(hashes.iter().map(|hash| One(*hash)))
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(deserializer: D) -> Result<Vec<Hash>, D::Error> {
        Ok(Vec::<One>::deserialize(deserializer)?.into_iter().map(|One(hash)| hash).collect())
    }
}
