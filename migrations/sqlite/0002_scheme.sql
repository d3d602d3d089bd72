-- The scheme: people, service records, rewards, exchanges. What moves is in the ledger; `exchanges`, `transfers`,
-- `reward_sessions`, `year_totals` and the decided columns of `services` are projections of it.

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE schemes (
    book BIGINT NOT NULL,
    edition BIGINT NOT NULL,          -- 1, 2, …: every configuration that was ever applied
    code TEXT NOT NULL,
    applied_at BIGINT NOT NULL,
    configuration TEXT NOT NULL,      -- TOML, as applied
    PRIMARY KEY (book, edition)
) WITHOUT ROWID;

CREATE TABLE api_keys (
    id BLOB PRIMARY KEY,
    book BIGINT,                      -- NULL: an operator's key for all schemes
    role TEXT NOT NULL,
    station TEXT,                     -- NULL: every station
    team TEXT,                        -- code; of a leader's key
    person TEXT NOT NULL,             -- who acts with it: one person may have several keys
    volunteer_id BLOB,                -- who that person is among the volunteers
    name TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,     -- SHA-256 of the key
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
) WITHOUT ROWID;

CREATE TABLE volunteers (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    number TEXT NOT NULL,
    name TEXT NOT NULL,
    phone TEXT,
    id_digest BLOB,                  -- keyed digest of the ID number, which is not kept
    birth_date TEXT,
    unit TEXT,
    home_unit TEXT,
    teams TEXT NOT NULL,              -- JSON list
    skills TEXT NOT NULL,             -- JSON list
    kind TEXT NOT NULL,               -- individual, group, household
    gender TEXT,
    residence TEXT,
    registered_on TEXT NOT NULL,
    labels TEXT NOT NULL,             -- JSON list
    occupation TEXT,
    availability BIGINT NOT NULL,     -- a bit for each part of each weekday
    guardian_name TEXT,
    guardian_phone TEXT,
    consent_record BOOLEAN NOT NULL,
    consent_publish BOOLEAN NOT NULL,
    consent_guardian BOOLEAN NOT NULL, -- of the guardian, to the records of a minor
    status TEXT NOT NULL,             -- active, inactive, merged
    merged_into BLOB,                -- who has what they had
    change BIGINT NOT NULL,           -- counts the changes of all volunteers of the book, without a gap
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (book, id),
    UNIQUE (book, number)
) WITHOUT ROWID;
CREATE INDEX volunteers_name ON volunteers (book, name);
CREATE UNIQUE INDEX volunteers_change ON volunteers (book, change);
CREATE UNIQUE INDEX volunteers_id_digest ON volunteers (book, id_digest) WHERE id_digest IS NOT NULL;

CREATE TABLE services (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    volunteer_id BLOB NOT NULL,
    category TEXT NOT NULL,
    title TEXT NOT NULL,
    place TEXT NOT NULL,
    content TEXT NOT NULL,
    organiser TEXT NOT NULL,
    person_in_charge TEXT NOT NULL,
    recipient TEXT,
    occurred_on TEXT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    minutes BIGINT NOT NULL,          -- as served; 0: an event
    evidence TEXT NOT NULL,
    level TEXT,
    role TEXT,
    item_count BIGINT,                -- books, calls, yuan: where the rules count them
    filing_number TEXT,               -- under which the activity was filed with the office
    activity_id BLOB,
    unit TEXT,                        -- code of the unit that it counts for
    home_unit TEXT,                   -- of the volunteer, when it was recorded
    team TEXT,                        -- code
    corrects BLOB,                    -- the reversed record in whose place this one stands
    reason TEXT,
    recorded_by BLOB NOT NULL,        -- key
    recorded_at BIGINT NOT NULL,
    due_on TEXT NOT NULL,
    salt BLOB NOT NULL,              -- of the commitment that the confirming entry holds
    late BOOLEAN NOT NULL,            -- recorded after that day
    published_on TEXT,                -- first day of publicity
    final_on TEXT,                    -- the day after its last
    publicity_closed BOOLEAN NOT NULL, -- objections come too late: it is being made final
    final_failed TEXT,                -- why it could not be made final
    status TEXT NOT NULL,
    credited_minutes BIGINT,
    points BIGINT,
    sequence BIGINT,                  -- of the entry that decided last
    decided_by BLOB,                  -- key, of that entry
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id),
    CHECK (minutes >= 0 AND (started_at IS NULL) = (ended_at IS NULL)),
    CHECK (status IN ('recorded', 'published', 'confirmed', 'rejected', 'reversed')),
    CHECK ((published_on IS NULL) = (final_on IS NULL) AND (status <> 'published' OR final_on IS NOT NULL))
);
-- Every list is in the order of days: one index for each filter that makes it short.
CREATE INDEX services_day ON services (book, occurred_on, id, unit, status, due_on, late, evidence); -- the rest: to count along it
CREATE INDEX services_volunteer ON services (book, volunteer_id, occurred_on, id);
CREATE INDEX services_status ON services (book, status, occurred_on, id);
CREATE INDEX services_unit ON services (book, unit, occurred_on, id) WHERE unit IS NOT NULL;
CREATE INDEX services_home_unit ON services (book, home_unit, occurred_on, id) WHERE home_unit IS NOT NULL;
CREATE INDEX services_team ON services (book, team, occurred_on, id) WHERE team IS NOT NULL;
CREATE INDEX services_activity ON services (book, activity_id, occurred_on, id) WHERE activity_id IS NOT NULL;
CREATE INDEX services_corrects ON services (book, corrects) WHERE corrects IS NOT NULL;
CREATE INDEX services_open ON services (book, occurred_on, id) WHERE status IN ('recorded', 'published');
CREATE INDEX services_open_unit ON services (book, unit, occurred_on, id) WHERE status IN ('recorded', 'published');
CREATE INDEX services_late ON services (book, occurred_on, id) WHERE late;
CREATE INDEX services_final ON services (book, final_on, id) WHERE status = 'published';

CREATE TABLE rewards (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    price_points BIGINT NOT NULL,
    price_cash BIGINT,                -- fen
    limit_uses BIGINT,
    limit_per TEXT,
    min_star BIGINT,
    from_on TEXT,
    until_on TEXT,
    hold_minutes BIGINT NOT NULL,
    sponsor TEXT,
    reward_group TEXT,                -- which rules of exchange cover it
    state TEXT NOT NULL,
    category TEXT,
    picture TEXT,                     -- its digest
    sponsor_id BLOB,
    gates TEXT NOT NULL,              -- JSON: ages, units, and when it is exchanged
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (book, id),
    CHECK (kind IN ('good', 'service') AND price_points >= 0 AND hold_minutes > 0),
    CHECK (state IN ('draft', 'listed', 'delisted')),
    CHECK ((limit_uses IS NULL) = (limit_per IS NULL))
) WITHOUT ROWID;

CREATE TABLE reward_stations (
    book BIGINT NOT NULL,
    reward_id BLOB NOT NULL,
    station TEXT NOT NULL,            -- where pieces of the reward were ever put on the shelf
    PRIMARY KEY (book, reward_id, station),
    FOREIGN KEY (book, reward_id) REFERENCES rewards (book, id)
) WITHOUT ROWID;

CREATE TABLE reward_sessions (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    reward_id BLOB NOT NULL,
    station TEXT NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    seats BIGINT NOT NULL,
    status TEXT NOT NULL,
    moves BIGINT NOT NULL,            -- how often it was moved
    moved_sequence BIGINT,            -- of the entry that moved or cancelled it last
    version BIGINT NOT NULL,
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, reward_id) REFERENCES rewards (book, id),
    CHECK (ends_at > starts_at AND seats >= 0 AND status IN ('open', 'cancelled'))
) WITHOUT ROWID;
CREATE INDEX reward_sessions_reward ON reward_sessions (book, reward_id, starts_at);

CREATE TABLE exchanges (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    volunteer_id BLOB NOT NULL,
    reward_id BLOB,                   -- NULL: a basket, see `exchange_lines`
    station TEXT NOT NULL,
    session_id BLOB,
    quantity BIGINT NOT NULL,
    account TEXT,                     -- that paid; NULL: points
    points BIGINT NOT NULL,           -- minor units, or minutes
    price_cash BIGINT,                -- fen, to be paid beside the points
    relation TEXT,                    -- for whom, when not for the volunteer
    status TEXT NOT NULL,
    balance_before BIGINT,            -- points; NULL when it cost none
    reserved_at BIGINT NOT NULL,
    reserved_sequence BIGINT NOT NULL,
    expires_at BIGINT,                -- NULL: handed over at once, or not refundable
    settled_at BIGINT,
    settled_sequence BIGINT,
    settled_by BLOB,                  -- key; NULL: it expired
    PRIMARY KEY (book, id),
    CHECK (status IN ('reserved', 'collected', 'cancelled', 'expired', 'missed'))
) WITHOUT ROWID;
CREATE INDEX exchanges_volunteer ON exchanges (book, volunteer_id, reserved_sequence);
CREATE INDEX exchanges_session ON exchanges (book, session_id, reserved_sequence) WHERE session_id IS NOT NULL;

-- What volunteers gave away.
CREATE TABLE transfers (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    from_id BLOB NOT NULL,
    to_id BLOB,                      -- NULL: to the donation pool
    account TEXT,                     -- NULL: points
    amount BIGINT NOT NULL,           -- minor units, or minutes
    relation TEXT,                    -- of the receiver to the giver
    status TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    sequence BIGINT NOT NULL,         -- of the entry that took it from the giver
    PRIMARY KEY (book, id),
    CHECK (status IN ('given', 'received') AND amount > 0)
) WITHOUT ROWID;
CREATE INDEX transfers_given ON transfers (book, sequence) WHERE status = 'given';

-- What somebody asks of the donation pool; the last two columns follow from the entry that grants it.
CREATE TABLE pool_requests (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    volunteer_id BLOB NOT NULL,
    account TEXT,                     -- NULL: points
    amount BIGINT NOT NULL,           -- minor units, or minutes
    reason TEXT NOT NULL,
    requested_by BLOB NOT NULL,     -- key
    requested_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    sequence BIGINT,
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id),
    CHECK (status IN ('open', 'granted') AND amount > 0)
) WITHOUT ROWID;
CREATE INDEX pool_requests_open ON pool_requests (book, requested_at, id) WHERE status = 'open';

CREATE TABLE year_totals (
    book BIGINT NOT NULL,
    year BIGINT NOT NULL,             -- of the day of service
    volunteer_id BLOB NOT NULL,
    minutes BIGINT NOT NULL,
    points BIGINT NOT NULL,           -- earned, whatever became of them
    services BIGINT NOT NULL,
    PRIMARY KEY (book, year, volunteer_id)
) WITHOUT ROWID;

-- Why a person decided so, in their words: beside the entry, which holds a keyed digest of it, since words may name people.
CREATE TABLE reasons (
    book BIGINT NOT NULL,
    entry_id BLOB NOT NULL,           -- the entry may be missing: it was refused after the reason was given
    reason TEXT NOT NULL,
    given_by BLOB NOT NULL,           -- key
    given_at BIGINT NOT NULL,
    PRIMARY KEY (book, entry_id)
) WITHOUT ROWID;
