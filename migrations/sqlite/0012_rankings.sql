-- Totals by month of service, beside those by year: projections of the journal, from which rankings are made.

CREATE TABLE month_totals (
    book BIGINT NOT NULL,
    month BIGINT NOT NULL,            -- 202611: of the day of service
    volunteer_id BLOB NOT NULL,
    minutes BIGINT NOT NULL,
    points BIGINT NOT NULL,           -- earned, whatever became of them
    services BIGINT NOT NULL,
    PRIMARY KEY (book, month, volunteer_id)
) WITHOUT ROWID;

CREATE TABLE group_totals (
    book BIGINT NOT NULL,
    month BIGINT NOT NULL,
    unit TEXT NOT NULL,               -- code of the unit that the records count for; '': none
    team TEXT NOT NULL,               -- code of the team for which it was done; '': none
    minutes BIGINT NOT NULL,
    points BIGINT NOT NULL,
    services BIGINT NOT NULL,
    PRIMARY KEY (book, month, unit, team)
) WITHOUT ROWID;
CREATE INDEX group_totals_team ON group_totals (book, team, month);

-- A ranking in memory asks who was changed since.
CREATE INDEX volunteers_updated ON volunteers (book, updated_at);
