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

mod activities;
mod catalogue;
mod events;
mod exchange_door;
mod exchange_rules;
mod exchanges;
mod imports;
mod levels;
mod presence;
mod presence_door;
mod records;
mod reviews;
mod roles;
mod sessions;
mod services;
mod stock;
mod transfers;
mod webhooks;

mod published;
mod rankings;

mod api;
mod contract;
mod crashes;
