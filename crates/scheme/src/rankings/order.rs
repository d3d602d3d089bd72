//! Slots in order, kept in pieces: one is put in or taken out by moving its own piece, not a whole city's. Pure.

use std::cmp::Ordering;

/// Slots of a piece when an order is made; one with twice as many is halved.
const PIECE: usize = 512;

/// Things in an order that the caller knows. No two are equal in it.
pub struct Order<T> {
    /// None is empty.
    pieces: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Order<T> {
    fn default() -> Self {
        Order { pieces: Vec::new(), len: 0 }
    }
}

impl<T: Copy> Order<T> {
    /// Takes over what is in order.
    pub fn of(sorted: &[T]) -> Order<T> {
        Order { pieces: sorted.chunks(PIECE).map(<[T]>::to_vec).collect(), len: sorted.len() }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.pieces.iter().flatten()
    }

    pub fn insert(&mut self, one: T, compare: impl Fn(&T, &T) -> Ordering) {
        let at = self.piece(&one, &compare).min(self.pieces.len().saturating_sub(1));
        self.len = self.len.saturating_add(1);
        let Some(piece) = self.pieces.get_mut(at) else { return self.pieces.push(vec![one]) };
        piece.insert(piece.partition_point(|other| compare(other, &one).is_lt()), one);
        if piece.len() >= 2 * PIECE {
            let rest = piece.split_off(PIECE);
            self.pieces.insert(at.saturating_add(1), rest);
        }
    }

    /// Takes out what is equal to `one`, if there is anything.
    pub fn remove(&mut self, one: &T, compare: impl Fn(&T, &T) -> Ordering) {
        let at = self.piece(one, &compare);
        let Some(piece) = self.pieces.get_mut(at) else { return };
        let place = piece.partition_point(|other| compare(other, one).is_lt());
        if piece.get(place).is_some_and(|other| compare(other, one).is_eq()) {
            piece.remove(place);
            self.len = self.len.saturating_sub(1);
            if piece.is_empty() {
                self.pieces.remove(at);
            }
        }
    }

    /// The first piece whose last is not before `one`.
    fn piece(&self, one: &T, compare: impl Fn(&T, &T) -> Ordering) -> usize {
        self.pieces.partition_point(|piece| piece.last().is_some_and(|last| compare(last, one).is_lt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        /// Whatever is put in and taken out, what is left is what a set of the standard library has left.
        #[test]
        fn it_is_a_set_in_order(
            first in prop::collection::btree_set(0_i32..4000, 0..3000),
            steps in prop::collection::vec((any::<bool>(), 0_i32..4000), 0..3000),
        ) {
            let mut plain: BTreeSet<i32> = first;
            let mut order = Order::of(&plain.iter().copied().collect::<Vec<_>>());
            for (is_in, one) in steps {
                if !is_in {
                    plain.remove(&one);
                    order.remove(&one, Ord::cmp);
                } else if plain.insert(one) {
                    order.insert(one, Ord::cmp);
                }
            }
            prop_assert_eq!(order.iter().copied().collect::<Vec<_>>(), plain.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(order.len(), plain.len());
        }
    }

    #[test]
    fn pieces_are_halved_and_given_up() {
        let mut order = Order::default();
        (0..5000).rev().for_each(|one: i32| order.insert(one, Ord::cmp));
        assert!(order.pieces.iter().all(|piece| (1..2 * PIECE).contains(&piece.len())), "no piece grows for ever");
        (0..5000).for_each(|one| order.remove(&one, Ord::cmp));
        assert!(order.pieces.is_empty(), "no piece stays empty");
    }
}
