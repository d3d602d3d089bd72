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

mod baskets;
mod events;
mod exchange_counter;
mod exchange_door;
mod exchange_expiry;
mod exchange_model;
mod exchange_rules;
mod exchanges;
mod imports;
mod levels;
mod records;
mod reviews;
mod roles;
mod services;
mod transfers;
mod webhooks;

mod published;
mod rankings;

mod api;
mod contract;
mod crashes;
