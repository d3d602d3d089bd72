-- Public holidays, and the weekends that are worked for them, as they were announced: data of the whole installation.

CREATE TABLE calendar_years (
    year BIGINT PRIMARY KEY,
    source TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE calendar_days (
    day TEXT PRIMARY KEY,
    year BIGINT NOT NULL,
    working BOOLEAN NOT NULL,         -- a weekend that is worked; otherwise a day off
    name TEXT NOT NULL
) WITHOUT ROWID;
