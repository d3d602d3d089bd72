-- Webhooks: who is told of events, how far they have been told, what could not be told. Moments are microseconds since
-- 1970-01-01T00:00:00Z. What is signed with follows from the installation's secret and a salt.

CREATE TABLE webhooks (
    book BIGINT NOT NULL,
    id UUID NOT NULL,
    url TEXT NOT NULL,
    types TEXT NOT NULL,              -- JSON list of names and groups; empty: all
    enabled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,          -- counts changes by people
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    salt BYTEA NOT NULL,              -- of the secret
    old_salt BYTEA,                   -- of the secret before, which signs too until old_until
    old_until BIGINT,
    sent BIGINT NOT NULL,             -- events up to this sequence were taken, or are in webhook_dead
    attempts BIGINT NOT NULL,         -- that failed for the next event
    failing_since BIGINT,             -- the first of them
    due_at BIGINT NOT NULL,           -- no attempt before
    lease UUID,                       -- the sender at work
    lease_until BIGINT NOT NULL,      -- until when no other may be
    PRIMARY KEY (book, id)
);

-- The newest attempts of each webhook.
CREATE TABLE webhook_deliveries (
    book BIGINT NOT NULL,
    webhook_id UUID NOT NULL,
    at BIGINT NOT NULL,
    sequence BIGINT NOT NULL,         -- 0: a test
    type TEXT NOT NULL,
    attempt BIGINT NOT NULL,          -- 1, 2, …
    micros BIGINT NOT NULL,           -- how long it took
    status BIGINT,                    -- of HTTP; NULL: no answer
    error TEXT,                       -- why there was none
    PRIMARY KEY (book, webhook_id, at, sequence)
);

-- Events that were given up.
CREATE TABLE webhook_dead (
    book BIGINT NOT NULL,
    webhook_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    type TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    failing_since BIGINT NOT NULL,
    given_up_at BIGINT NOT NULL,
    status BIGINT,
    error TEXT,
    PRIMARY KEY (book, webhook_id, sequence)
);

-- How far the warnings of so many days before points expire have come: lots are looked at in the order of (lot, account).
CREATE TABLE expiry_warnings (
    book BIGINT NOT NULL,
    days_before BIGINT NOT NULL,
    lot BIGINT NOT NULL,              -- last day, as yyyymmdd
    account BIGINT NOT NULL,
    PRIMARY KEY (book, days_before)
);
