//! Where in a configuration something stands: the way to it from the top.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// `versions`, the second, `caps`, the first, `limit_points`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(&'static str),
    Index(usize),
}

impl Place {
    pub fn root() -> Place {
        Place(Vec::new())
    }

    pub fn key(&self, key: &'static str) -> Place {
        self.then(Step::Key(key))
    }

    pub fn index(&self, index: usize) -> Place {
        self.then(Step::Index(index))
    }

    /// `key`, and the item in the list that stands there.
    pub fn item(&self, key: &'static str, index: usize) -> Place {
        self.key(key).index(index)
    }

    fn then(&self, step: Step) -> Place {
        let mut steps = self.0.clone();
        steps.push(step);
        Place(steps)
    }

    /// The bytes of the file that it stands at: of the nearest thing around it when itself is not written.
    pub fn span(&self, document: &Spanned<DeTable<'_>>) -> Option<Range<usize>> {
        let mut steps = self.0.iter();
        let Some(Step::Key(first)) = steps.next() else { return None };
        let mut value = document.get_ref().get(*first)?;
        for step in steps {
            let inner = match (step, value.get_ref()) {
                (Step::Key(key), DeValue::Table(table)) => table.get(*key),
                (Step::Index(index), DeValue::Array(list)) => list.get(*index),
                _ => None,
            };
            match inner {
                Some(inner) => value = inner,
                None => break,
            }
        }
        Some(value.span())
    }
}
