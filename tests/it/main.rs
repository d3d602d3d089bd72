//! Stories, races and crashes, through the front door and on both engines.

mod exchanges;
mod ledger;
mod services;
mod world;
