-- Activities, who is signed up for them, and who was there. Punches are kept for ever as the devices sent them; presences
-- follow from them.

CREATE TABLE activities (
    book BIGINT NOT NULL,
    id UUID NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    category TEXT NOT NULL,
    unit TEXT,                        -- code of the unit that it counts for
    team TEXT,                        -- code of the team that holds it
    station TEXT,
    place TEXT NOT NULL,
    organiser TEXT NOT NULL,
    person_in_charge TEXT NOT NULL,
    recipient TEXT,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    level TEXT,
    role TEXT,
    filing_number TEXT,
    capacity BIGINT,                  -- NULL: as many as come
    waiting_list BOOLEAN NOT NULL,
    posts TEXT NOT NULL,              -- JSON list
    min_age BIGINT,
    max_age BIGINT,
    requires_training TEXT,           -- code
    requires_insurance BOOLEAN NOT NULL,
    insured BOOLEAN NOT NULL,         -- the organiser insures all who take part
    fee_kind TEXT NOT NULL,
    mode TEXT NOT NULL,
    walk_ups BOOLEAN NOT NULL,
    share_percent BIGINT,             -- NULL: as the scheme says
    early_minutes BIGINT,             -- NULL: as the scheme says
    closes_at BIGINT NOT NULL,        -- until when one can sign up
    repeats UUID,                     -- the activity that it repeats
    status TEXT NOT NULL,
    reason TEXT,                      -- why it was cancelled
    settled_by UUID,                  -- key: who published or cancelled it last
    settled_at BIGINT,
    newest_signup BIGINT NOT NULL,    -- sign-ups ever made: the order of the waiting list
    is_told BOOLEAN NOT NULL,         -- the book has an entry of its cancellation
    version BIGINT NOT NULL,
    created_by UUID NOT NULL,         -- key
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (book, id),
    CHECK (ends_at > starts_at AND (capacity IS NULL OR capacity > 0)),
    CHECK (fee_kind IN ('free', 'low_fee') AND mode IN ('daily', 'emergency')),
    CHECK (status IN ('planned', 'published', 'ended', 'cancelled'))
);
CREATE INDEX activities_start ON activities (book, starts_at, id);
CREATE INDEX activities_running ON activities (book, ends_at) WHERE status = 'published';
CREATE INDEX activities_untold ON activities (book, id) WHERE status = 'cancelled' AND NOT is_told;

CREATE TABLE signups (
    book BIGINT NOT NULL,
    activity_id UUID NOT NULL,
    volunteer_id UUID NOT NULL,
    post TEXT,                        -- code
    status TEXT NOT NULL,
    position BIGINT NOT NULL,         -- order of signing up
    signed_up_by UUID NOT NULL,       -- key
    signed_up_at BIGINT NOT NULL,
    promoted_at BIGINT,               -- when a place became free
    is_told BOOLEAN NOT NULL,         -- the book has an entry of the promotion, if there was one
    changed_by UUID NOT NULL,         -- key
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (book, activity_id, volunteer_id),
    FOREIGN KEY (book, activity_id) REFERENCES activities (book, id),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id),
    CHECK (status IN ('signed_up', 'waiting', 'cancelled', 'attended', 'no_show'))
);
CREATE INDEX signups_volunteer ON signups (book, volunteer_id);
CREATE INDEX signups_untold ON signups (book, activity_id) WHERE NOT is_told;

CREATE TABLE insurances (
    book BIGINT NOT NULL,
    id UUID NOT NULL,
    volunteer_id UUID NOT NULL,
    insurer TEXT NOT NULL,
    policy_number TEXT NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE NOT NULL,           -- last day
    recorded_by UUID NOT NULL,        -- key
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id),
    CHECK (until_on >= from_on)
);
CREATE INDEX insurances_volunteer ON insurances (book, volunteer_id, until_on);

-- Which of a volunteer's codes are good: those with this number. Renewing it makes all earlier ones worthless.
CREATE TABLE volunteer_codes (
    book BIGINT NOT NULL,
    volunteer_id UUID NOT NULL,
    card BIGINT NOT NULL,
    renewed_by UUID NOT NULL,         -- key
    renewed_at BIGINT NOT NULL,
    PRIMARY KEY (book, volunteer_id),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id)
);

CREATE TABLE punches (
    book BIGINT NOT NULL,
    id UUID NOT NULL,                 -- of the event, chosen by the device
    kind TEXT NOT NULL,
    volunteer_id UUID NOT NULL,
    activity_id UUID NOT NULL,
    station TEXT,
    method TEXT NOT NULL,
    device TEXT NOT NULL,
    device_sequence BIGINT,
    device_time BIGINT,               -- by the device's clock; NULL: none was sent
    clock_offset BIGINT NOT NULL,     -- what that clock lacked when it was sent, microseconds
    happened_at BIGINT NOT NULL,      -- by the server's clock
    received_at BIGINT NOT NULL,
    punched_by UUID NOT NULL,         -- key
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id),
    FOREIGN KEY (book, activity_id) REFERENCES activities (book, id),
    CHECK (kind IN ('in', 'out', 'cancel') AND method IN ('kiosk', 'self_scan', 'leader'))
);
CREATE INDEX punches_presence ON punches (book, volunteer_id, activity_id);
CREATE INDEX punches_activity ON punches (book, activity_id, happened_at);
CREATE INDEX punches_device ON punches (book, device, device_sequence);
CREATE INDEX punches_received ON punches (book, received_at, id);

-- Punches that were not taken, each once for each reason.
CREATE TABLE refused_punches (
    book BIGINT NOT NULL,
    id UUID NOT NULL,                 -- of the event
    code TEXT NOT NULL,               -- why
    kind TEXT NOT NULL,
    volunteer_id UUID,
    activity_id UUID,
    station TEXT,
    method TEXT NOT NULL,
    device TEXT NOT NULL,
    device_sequence BIGINT,
    device_time BIGINT,
    clock_offset BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    punched_by UUID NOT NULL,         -- key
    PRIMARY KEY (book, id, code)
);
CREATE INDEX refused_punches_device ON refused_punches (book, device, device_sequence);
CREATE INDEX refused_punches_received ON refused_punches (book, received_at, id, code);

CREATE TABLE presences (
    book BIGINT NOT NULL,
    id UUID NOT NULL,                 -- of the check-in
    volunteer_id UUID NOT NULL,
    activity_id UUID NOT NULL,
    status TEXT NOT NULL,
    checked_in_at BIGINT NOT NULL,
    checked_out_at BIGINT,
    credited_from BIGINT,
    credited_until BIGINT,
    occupied_until BIGINT NOT NULL,   -- nobody serves elsewhere between checking in and then
    closed_automatically BOOLEAN NOT NULL,
    below_share BOOLEAN NOT NULL,
    evidence TEXT NOT NULL,
    service_id UUID,                  -- the record that it became
    attempt BIGINT NOT NULL,          -- records made of it so far
    is_due BOOLEAN NOT NULL,          -- the record does not say yet what it should
    needs_correction BOOLEAN NOT NULL, -- somebody decided over the record, and the punches say otherwise
    problem TEXT,                     -- why it became no record
    punched_by UUID NOT NULL,         -- key of the last punch
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id),
    FOREIGN KEY (book, activity_id) REFERENCES activities (book, id),
    CHECK (status IN ('open', 'closed', 'cancelled'))
);
CREATE INDEX presences_volunteer ON presences (book, volunteer_id, checked_in_at);
CREATE INDEX presences_activity ON presences (book, activity_id, checked_in_at, id);
CREATE INDEX presences_service ON presences (book, service_id) WHERE service_id IS NOT NULL;
CREATE INDEX presences_open ON presences (book, occupied_until) WHERE status = 'open';
CREATE INDEX presences_due ON presences (book, id) WHERE is_due;
CREATE INDEX presences_listed ON presences (book, checked_in_at, id);

CREATE FUNCTION punches_are_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'punches are append-only: % on % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON punches EXECUTE FUNCTION punches_are_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON refused_punches EXECUTE FUNCTION punches_are_append_only();
