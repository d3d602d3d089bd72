//! Stories, races and crashes, through the front door and on both engines.

mod control;
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
mod anomalies;
mod baskets;
mod benches;
mod catalogue;
mod certificate_applications;
mod certificates;
mod corrections;
mod lists;
mod publicity;

mod events;
mod exchange_counter;
mod exchange_door;
mod exchange_expiry;
mod exchange_model;
mod exchange_rules;
mod exchanges;
mod imports;
mod level_applicants;
mod levels;
mod levels_applied;
mod merged;
mod organisation;
mod passbooks;
mod people;
mod planner;
mod posts;
mod presence;
mod presence_door;
mod printouts;
mod records;
mod reviews;
mod roles;

mod selection_door;
mod selection_explained;
mod selection_groups;
mod selection_groups_door;
mod selection_steps;
mod selections;
mod services;
mod sessions;
mod states;
mod statistics;
mod stock;
mod tables;
mod transfers;
mod webhooks;
mod wishes;

mod published;
mod rankings;
mod rankings_moved;

mod api;
mod community;
mod contract;
mod crashes;
