//! The Merkle tree of RFC 6962 §2.1 over the leaves of a book: pure functions, no storage.

use sha2::{Digest, Sha256};
use std::ops::Range;

pub type Hash = [u8; 32];

/// SHA-256(0x00 ‖ data): RFC 6962 §2.1.
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

/// SHA-256(0x01 ‖ left ‖ right): RFC 6962 §2.1.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of no leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// Complete subtrees of this many levels are stored: one row for 256 leaves.
pub const STORED_HEIGHT: u32 = 8;

/// The roots of the complete subtrees on the right edge, largest first: all that appending needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

/// The root of a complete subtree worth storing: of `256^level` leaves, the `place`-th of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub level: i64,
    pub place: i64,
    pub hash: Hash,
}

impl Frontier {
    /// From its stored form; `None` when the bytes do not fit the size.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Frontier> {
        let (roots, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && roots.len() == size.count_ones() as usize;
        fits.then(|| Frontier { size, roots: roots.to_vec() })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.concat()
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; gives `store` each subtree that became complete and is worth storing.
    pub fn append(&mut self, leaf: Hash, mut store: impl FnMut(Node)) {
        let mut hash = leaf;
        let mut height = 0;
        while self.size >> height & 1 == 1 {
            let left = self.roots.pop().expect("a root for every bit of the size");
            hash = node_hash(&left, &hash);
            height += 1;
            if height % STORED_HEIGHT == 0 {
                let level = i64::from(height / STORED_HEIGHT);
                store(Node { level, place: (self.size >> height) as i64, hash });
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    pub fn root(&self) -> Hash {
        join(&self.roots).unwrap_or_else(empty_root)
    }
}

/// The root over complete subtrees that lie side by side, largest first.
fn join(subtrees: &[Hash]) -> Option<Hash> {
    let (last, rest) = subtrees.split_last()?;
    Some(rest.iter().rev().fold(*last, |right, left| node_hash(left, &right)))
}

/// The root of one range out of the roots of the complete subtrees that [`complete_subtrees`] names for it.
pub fn range_root(subtrees: &[Hash]) -> Hash {
    join(subtrees).unwrap_or_else(empty_root)
}

/// Cuts a range of leaves, as it occurs in a proof, into complete subtrees, largest first, as (height, first leaf).
pub fn complete_subtrees(range: Range<u64>) -> Vec<(u32, u64)> {
    let mut subtrees = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let height = (range.end - start).ilog2();
        subtrees.push((height, start));
        start += 1 << height;
    }
    subtrees
}

/// The ranges whose roots prove that leaf `index` is in the tree of `size` leaves, in the order of RFC 6962 §2.1.1.
pub fn inclusion_ranges(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    let mut within = 0..size;
    while within.end - within.start > 1 {
        let middle = split(&within);
        if index < middle {
            ranges.push(middle..within.end);
            within.end = middle;
        } else {
            ranges.push(within.start..middle);
            within.start = middle;
        }
    }
    ranges.reverse();
    ranges
}

/// The ranges whose roots prove that the tree of `from` leaves is the beginning of the tree of `to` leaves: RFC 6962
/// §2.1.2. Empty when either is empty or they are the same.
pub fn consistency_ranges(from: u64, to: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    if from == 0 || from >= to {
        return ranges;
    }
    let mut within = 0..to;
    let mut known = true;
    while within.end != from {
        let middle = split(&within);
        if from <= middle {
            ranges.push(middle..within.end);
            within.end = middle;
        } else {
            ranges.push(within.start..middle);
            within.start = middle;
            known = false;
        }
    }
    if !known {
        ranges.push(within);
    }
    ranges.reverse();
    ranges
}

/// Where RFC 6962 cuts a range: after the largest power of two smaller than its length.
fn split(range: &Range<u64>) -> u64 {
    let length = range.end - range.start;
    range.start + (1 << (length - 1).ilog2())
}

/// Whether `proof` shows that `leaf` is at `index` in the tree of `size` leaves with this root: RFC 9162 §2.1.3.2.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut position, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for step in proof {
        if last == 0 {
            return false;
        }
        if position & 1 == 1 || position == last {
            hash = node_hash(step, &hash);
            while position & 1 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        position >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `proof` shows that the tree (`from`, `old_root`) is the beginning of the tree (`to`, `new_root`): RFC 9162
/// §2.1.4.2.
pub fn verify_consistency(from: u64, to: u64, proof: &[Hash], old_root: &Hash, new_root: &Hash) -> bool {
    if from == to {
        return proof.is_empty() && old_root == new_root;
    }
    if from == 0 || from > to {
        return from == 0 && proof.is_empty();
    }
    let (mut position, mut last) = (from - 1, to - 1);
    while position & 1 == 1 {
        position >>= 1;
        last >>= 1;
    }
    let mut steps = proof.iter();
    let first = if from.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(first) = first else { return false };
    let (mut old, mut new) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if position & 1 == 1 || position == last {
            old = node_hash(step, &old);
            new = node_hash(step, &new);
            while position & 1 == 0 && position != 0 {
                position >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, step);
        }
        position >>= 1;
        last >>= 1;
    }
    last == 0 && old == *old_root && new == *new_root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(index: u64) -> Hash {
        leaf_hash(&index.to_be_bytes())
    }

    /// The definition of RFC 6962 §2.1, word for word.
    fn root_of(range: Range<u64>) -> Hash {
        match range.end - range.start {
            0 => empty_root(),
            1 => leaf(range.start),
            _ => {
                let middle = split(&range);
                node_hash(&root_of(range.start..middle), &root_of(middle..range.end))
            }
        }
    }

    fn roots_of(ranges: Vec<Range<u64>>) -> Vec<Hash> {
        ranges.into_iter().map(root_of).collect()
    }

    #[test]
    fn the_roots_are_those_of_the_standards_test_vectors() {
        let mut frontier = Frontier::default();
        assert_eq!(hex::encode(frontier.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        frontier.append(leaf_hash(&[]), |_| {});
        assert_eq!(hex::encode(frontier.root()), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        frontier.append(leaf_hash(&[0]), |_| {});
        assert_eq!(hex::encode(frontier.root()), "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    }

    #[test]
    fn appending_leaf_by_leaf_gives_the_root_by_definition() {
        let mut frontier = Frontier::default();
        for size in 1..=600 {
            let mut stored = Vec::new();
            frontier.append(leaf(size - 1), |node| stored.push(node));
            assert_eq!(frontier.root(), root_of(0..size), "size {size}");
            assert_eq!(Frontier::from_bytes(size, &frontier.to_bytes()).as_ref(), Some(&frontier));
            if size % 256 == 0 {
                let place = size / 256 - 1;
                let hash = root_of(place * 256..size);
                assert_eq!(stored, vec![Node { level: 1, place: place as i64, hash }]);
            } else {
                assert!(stored.is_empty());
            }
        }
    }

    #[test]
    fn every_leaf_of_every_tree_has_a_proof_and_no_other_leaf_has_it() {
        for size in 1..=40 {
            let root = root_of(0..size);
            for index in 0..size {
                let proof = roots_of(inclusion_ranges(index, size));
                assert!(verify_inclusion(&leaf(index), index, size, &proof, &root), "{index} of {size}");
                assert!(!verify_inclusion(&leaf(index + 1), index, size, &proof, &root));
                assert!(!verify_inclusion(&leaf(index), index + 1, size, &proof, &root) || size == 1);
                let mut longer = proof.clone();
                longer.push(root);
                assert!(!verify_inclusion(&leaf(index), index, size, &longer, &root));
            }
        }
    }

    #[test]
    fn every_tree_is_proved_to_begin_every_later_one() {
        for to in 1..=40 {
            for from in 1..=to {
                let proof = roots_of(consistency_ranges(from, to));
                let (old, new) = (root_of(0..from), root_of(0..to));
                assert!(verify_consistency(from, to, &proof, &old, &new), "{from} to {to}");
                assert!(from == to || !verify_consistency(from, to, &proof, &new, &new), "{from} to {to}");
                assert!(from == to || !verify_consistency(from, to, &proof, &old, &old), "{from} to {to}");
            }
        }
    }

    #[test]
    fn a_range_is_the_join_of_its_complete_subtrees() {
        for (start, end) in [(0, 7), (8, 15), (512, 600), (0, 1), (256, 512)] {
            let subtrees = complete_subtrees(start..end);
            let hashes: Vec<Hash> =
                subtrees.iter().map(|&(height, first)| root_of(first..first + (1 << height))).collect();
            assert_eq!(range_root(&hashes), root_of(start..end));
        }
    }
}
