//! Random drafts through the real ledger and through the oracle: in memory, and on both engines.

use crate::drafts::drafts;
use crate::memory::Memory;
use proptest::prelude::*;

proptest! {
    #[test]
    fn the_judge_decides_as_the_oracle_does(drafts in drafts(1..60)) {
        let mut memory = Memory::default();
        for (at, draft) in &drafts {
            memory.post(draft, *at);
        }
    }
}
