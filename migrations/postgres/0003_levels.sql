-- What was granted, and what accounts beside hours and points earned day by day: projections of the journal.

CREATE TABLE awards (
    book BIGINT NOT NULL,
    id UUID NOT NULL,
    volunteer_id UUID NOT NULL,
    ladder TEXT NOT NULL,
    step TEXT NOT NULL,
    status TEXT NOT NULL,
    granted_on DATE NOT NULL,
    granted_sequence BIGINT NOT NULL,
    revoked_sequence BIGINT,
    PRIMARY KEY (book, id),
    CHECK (status IN ('granted', 'revoked'))
);
CREATE INDEX awards_volunteer ON awards (book, volunteer_id, granted_sequence);

CREATE TABLE account_days (
    book BIGINT NOT NULL,
    account TEXT NOT NULL,
    served_on DATE NOT NULL,
    volunteer_id UUID NOT NULL,
    amount BIGINT NOT NULL,           -- earned by services of that day, whatever became of it
    PRIMARY KEY (book, account, served_on, volunteer_id)
);
