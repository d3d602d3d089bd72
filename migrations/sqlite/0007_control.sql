-- Control: who acted, who checked, what was objected to, corrected, and set aside.

-- Who a key stands for, as of its first act: names are kept here, and the book has the key alone.
CREATE TABLE actors (
    book BIGINT NOT NULL,
    key_id BLOB NOT NULL,
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    volunteer_id BLOB,
    PRIMARY KEY (book, key_id)
) WITHOUT ROWID;

-- Those who found a record right, where several do so or where it is published first; one line for each person.
CREATE TABLE service_checks (
    book BIGINT NOT NULL,
    service_id BLOB NOT NULL,
    person TEXT NOT NULL,
    key_id BLOB NOT NULL,
    place BIGINT NOT NULL,            -- 1, 2, …
    points BIGINT,                    -- that they decided on, where the rules leave it open
    lift_caps BOOLEAN NOT NULL,
    reason TEXT,
    checked_at BIGINT NOT NULL,
    PRIMARY KEY (book, service_id, person),
    FOREIGN KEY (book, service_id) REFERENCES services (book, id)
) WITHOUT ROWID;

CREATE TABLE objections (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    service_id BLOB NOT NULL,
    content TEXT NOT NULL,
    objector TEXT,                    -- name; protected
    volunteer_id BLOB,                -- who objects, when a volunteer
    raised_by BLOB NOT NULL,          -- key
    raised_at BIGINT NOT NULL,
    due_on TEXT NOT NULL,             -- until when it is to be answered
    status TEXT NOT NULL,
    answer TEXT,
    answered_by BLOB,                 -- key
    answered_at BIGINT,
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, service_id) REFERENCES services (book, id),
    CHECK (status IN ('open', 'upheld', 'dismissed') AND (status = 'open') = (answered_at IS NULL))
) WITHOUT ROWID;
CREATE INDEX objections_service ON objections (book, service_id);
CREATE INDEX objections_open ON objections (book, due_on, id) WHERE status = 'open';

-- What somebody wants corrected in a record, and what became of it.
CREATE TABLE corrections (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    service_id BLOB NOT NULL,
    volunteer_id BLOB NOT NULL,
    reason TEXT NOT NULL,
    proposed TEXT NOT NULL,           -- JSON: the fields that are to differ
    asked_by BLOB NOT NULL,           -- key
    asked_at BIGINT NOT NULL,
    due_on TEXT NOT NULL,             -- until when it is to be answered
    status TEXT NOT NULL,
    answer TEXT,
    answered_by BLOB,                 -- key
    answered_at BIGINT,
    points BIGINT,                    -- that whoever accepted it decided on
    overdraw BOOLEAN NOT NULL,
    new_service_id BLOB,              -- the record in place of the old one
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, service_id) REFERENCES services (book, id),
    CHECK (status IN ('asked', 'accepted', 'done', 'refused') AND (status = 'asked') = (answered_at IS NULL))
) WITHOUT ROWID;
CREATE UNIQUE INDEX corrections_service ON corrections (book, service_id) WHERE status IN ('accepted', 'done');
CREATE INDEX corrections_of ON corrections (book, service_id, asked_at);
CREATE INDEX corrections_open ON corrections (book, due_on, id) WHERE status IN ('asked', 'accepted');

-- What an auditor looked into and found in order.
CREATE TABLE anomaly_dismissals (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,                 -- follows from the finding
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    dismissed_by BLOB NOT NULL,       -- key
    dismissed_at BIGINT NOT NULL,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;
