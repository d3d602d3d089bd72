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

-- Applications for a step. `status`, `decided_by` and `sequence` are projections of the entry that decides.
CREATE TABLE level_applications (
    book BIGINT NOT NULL,
    id UUID NOT NULL,                    -- the award's, too
    volunteer_id UUID NOT NULL,
    ladder TEXT NOT NULL,
    step TEXT NOT NULL,
    applicant TEXT NOT NULL,          -- self, organisation
    note TEXT,
    applied_by UUID NOT NULL,            -- key
    applied_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    decided_by UUID,                     -- key
    sequence BIGINT,
    PRIMARY KEY (book, id),
    CHECK (status IN ('applied', 'granted', 'refused') AND applicant IN ('self', 'organisation')),
    CHECK ((status = 'applied') = (sequence IS NULL))
);
CREATE INDEX level_applications_time ON level_applications (book, applied_at, id);
CREATE INDEX level_applications_open ON level_applications (book, applied_at, id) WHERE status = 'applied';
CREATE INDEX level_applications_volunteer ON level_applications (book, volunteer_id, ladder, step);
