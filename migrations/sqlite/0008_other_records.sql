-- Training, honours, ratings and complaints (Order 67 of the Ministry of Civil Affairs, Art. 8 to 10, 26), each apart from
-- service; and wishes with their claims. Points that come of them are in the ledger; what is here are facts and states.

CREATE TABLE trainings (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    code TEXT NOT NULL,               -- what was learned: first-aid
    name TEXT NOT NULL,
    content TEXT NOT NULL,
    organiser TEXT NOT NULL,
    held_on TEXT NOT NULL,
    minutes BIGINT NOT NULL,          -- of learning
    valid_months BIGINT,              -- NULL: for ever
    event_category TEXT,              -- of the event that passing it is
    unit TEXT,
    team TEXT,
    recorded_by BLOB NOT NULL,        -- key
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (book, id),
    CHECK (minutes > 0)
) WITHOUT ROWID;
CREATE INDEX trainings_day ON trainings (book, held_on, id);

CREATE TABLE training_attendances (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,                 -- follows from the two below
    training_id BLOB NOT NULL,
    volunteer_id BLOB NOT NULL,
    code TEXT NOT NULL,               -- these four as the training has them
    held_on TEXT NOT NULL,
    unit TEXT,
    team TEXT,
    minutes BIGINT NOT NULL,
    passed BOOLEAN NOT NULL,
    valid_until_on TEXT,              -- the last day; NULL: for ever
    service_id BLOB,                  -- the event that it is, too
    status TEXT NOT NULL,
    reason TEXT,                      -- why it was withdrawn
    recorded_by BLOB NOT NULL,        -- key
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, training_id) REFERENCES trainings (book, id),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id),
    CHECK (minutes >= 0 AND status IN ('attended', 'withdrawn'))
) WITHOUT ROWID;
CREATE INDEX training_attendances_volunteer ON training_attendances (book, volunteer_id, held_on);
CREATE INDEX training_attendances_day ON training_attendances (book, held_on, id);

CREATE TABLE honours (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    volunteer_id BLOB NOT NULL,
    name TEXT NOT NULL,
    granted_on TEXT NOT NULL,
    granting_body TEXT NOT NULL,
    evidence TEXT,                    -- of another body's honour
    event_category TEXT,
    level TEXT,
    service_id BLOB,                  -- the event that it is, too
    unit TEXT,
    team TEXT,
    status TEXT NOT NULL,
    revoked_on TEXT,
    reason TEXT,                      -- why it was revoked
    recorded_by BLOB NOT NULL,        -- key
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id),
    CHECK (status IN ('granted', 'revoked'))
) WITHOUT ROWID;
CREATE INDEX honours_volunteer ON honours (book, volunteer_id, granted_on);
CREATE INDEX honours_day ON honours (book, granted_on, id);

CREATE TABLE ratings (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    volunteer_id BLOB NOT NULL,
    service_id BLOB,                  -- one of these two is what is rated
    activity_id BLOB,
    subject_id BLOB NOT NULL,         -- that one
    rater TEXT NOT NULL,              -- recipient, leader or organiser
    rater_key TEXT NOT NULL,          -- who of them: one rating for each
    stars BIGINT NOT NULL,
    words TEXT,                       -- personal
    rated_on TEXT NOT NULL,
    unit TEXT,
    team TEXT,
    status TEXT NOT NULL,
    reason TEXT,                      -- why it was withdrawn
    recorded_by BLOB NOT NULL,        -- key
    recorded_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,       -- given or withdrawn: rankings in memory ask for what changed since
    PRIMARY KEY (book, id),
    UNIQUE (book, subject_id, volunteer_id, rater_key),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id),
    CHECK (stars BETWEEN 1 AND 5 AND (service_id IS NULL) <> (activity_id IS NULL)),
    CHECK (status IN ('given', 'withdrawn'))
) WITHOUT ROWID;
CREATE INDEX ratings_volunteer ON ratings (book, volunteer_id, rated_on);
CREATE INDEX ratings_day ON ratings (book, rated_on, id);
CREATE INDEX ratings_changed ON ratings (book, changed_at);

CREATE TABLE complaints (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    volunteer_id BLOB,                -- about whom, and which record or activity
    service_id BLOB,
    activity_id BLOB,
    content TEXT NOT NULL,
    complainant TEXT,                 -- protected
    contact TEXT,                     -- protected
    received_on TEXT NOT NULL,
    due_on TEXT NOT NULL,
    unit TEXT,
    team TEXT,
    status TEXT NOT NULL,
    finding TEXT,
    answer TEXT,
    reason TEXT,                      -- of the withdrawal or of the appeal
    recorded_by BLOB NOT NULL,        -- key
    recorded_person TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    answered_by BLOB,                 -- key
    answered_person TEXT,
    answered_on TEXT,
    first_person TEXT,                -- who answered before the appeal
    effects_due BOOLEAN NOT NULL,     -- decided, and what follows from it is not all posted yet
    PRIMARY KEY (book, id),
    CHECK (status IN ('received', 'investigated', 'upheld', 'dismissed', 'appealed', 'withdrawn'))
) WITHOUT ROWID;
CREATE INDEX complaints_day ON complaints (book, received_on, id);
CREATE INDEX complaints_volunteer ON complaints (book, volunteer_id, received_on) WHERE volunteer_id IS NOT NULL;
CREATE INDEX complaints_effects ON complaints (book, id) WHERE effects_due;

CREATE TABLE wishes (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,               -- wish, project, task
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    recipient TEXT,                   -- protected
    contact TEXT,                     -- protected
    category TEXT,                    -- of the service records that it leads to
    unit TEXT,
    minutes BIGINT NOT NULL,          -- what it carries
    points BIGINT NOT NULL,           -- minor units
    per_person BOOLEAN NOT NULL,      -- carried for each person, not by all together
    people BIGINT NOT NULL,           -- who may take part, at most
    claimants BIGINT NOT NULL,        -- who may claim it at once
    skills TEXT NOT NULL,             -- JSON list
    deadline_on TEXT NOT NULL,        -- the last day to claim it
    posted_on TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,                      -- why it was rejected or withdrawn
    recorded_by BLOB NOT NULL,        -- key
    recorded_person TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (book, id),
    CHECK (kind IN ('wish', 'project', 'task') AND minutes >= 0 AND points >= 0 AND people > 0 AND claimants > 0),
    CHECK (status IN ('draft', 'published', 'claimed', 'fulfilled', 'rated', 'posted', 'rejected', 'withdrawn', 'expired'))
) WITHOUT ROWID;
CREATE INDEX wishes_day ON wishes (book, posted_on, id);
CREATE INDEX wishes_open ON wishes (book, deadline_on, id) WHERE status = 'published';

CREATE TABLE wish_claims (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    wish_id BLOB NOT NULL,
    claimant_kind TEXT NOT NULL,      -- volunteer, team, unit
    claimant TEXT NOT NULL,           -- id or code
    status TEXT NOT NULL,
    claimed_at BIGINT NOT NULL,
    due_on TEXT NOT NULL,             -- the last day to answer or to fulfil it
    claimed_by BLOB NOT NULL,         -- key
    claimed_person TEXT NOT NULL,
    reason TEXT,                      -- why it was declined, given back or sent back
    attempt BIGINT NOT NULL,          -- reports made of it
    fulfilled_on TEXT,
    report TEXT,
    reported_by BLOB,                 -- key
    reported_person TEXT,
    stars BIGINT,
    thanks TEXT,
    rated_by BLOB,                    -- key
    confirmed_by BLOB,                -- key
    confirmed_person TEXT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, wish_id) REFERENCES wishes (book, id),
    CHECK (claimant_kind IN ('volunteer', 'team', 'unit') AND (stars IS NULL OR stars BETWEEN 1 AND 5)),
    CHECK (status IN ('offered', 'claimed', 'fulfilled', 'rated', 'confirmed', 'posted',
                      'declined', 'given_back', 'lapsed', 'withdrawn'))
) WITHOUT ROWID;
CREATE INDEX wish_claims_wish ON wish_claims (book, wish_id, claimed_at);
CREATE INDEX wish_claims_claimant ON wish_claims (book, claimant_kind, claimant, claimed_at);
CREATE INDEX wish_claims_due ON wish_claims (book, due_on) WHERE status IN ('offered', 'claimed');
CREATE INDEX wish_claims_confirmed ON wish_claims (book, id) WHERE status = 'confirmed';

CREATE TABLE wish_shares (
    book BIGINT NOT NULL,
    claim_id BLOB NOT NULL,
    attempt BIGINT NOT NULL,
    volunteer_id BLOB NOT NULL,
    minutes BIGINT NOT NULL,
    points BIGINT NOT NULL,           -- minor units
    service_id BLOB,                  -- NULL: no minutes
    PRIMARY KEY (book, claim_id, attempt, volunteer_id),
    FOREIGN KEY (book, claim_id) REFERENCES wish_claims (book, id),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id)
) WITHOUT ROWID;
CREATE INDEX wish_shares_volunteer ON wish_shares (book, volunteer_id);
