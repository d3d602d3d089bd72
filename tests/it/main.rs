//! Stories, races and crashes, through the front door and on both engines.

mod exchanges;
mod imports;
mod ledger;
mod services;
mod tampering;
mod world;
