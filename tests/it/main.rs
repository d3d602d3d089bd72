//! Stories, races and crashes, through the front door and on both engines.

mod desk;
mod drafts;
mod earning;
mod station;
mod world;

mod ledger;
mod ledger_oracle;
mod ledger_rules;
mod memory;
mod tampering;

mod events;
mod exchange_door;
mod exchange_rules;
mod exchanges;
mod imports;
mod levels;
mod organisation;
mod people;
mod posts;
mod reviews;
mod roles;
mod services;
mod transfers;

mod published;
mod rankings;

mod api;
mod contract;
mod crashes;
