-- The catalogue and the stock. `stock_movements` and `stock_transfers` are projections of the journal.

-- 爱心企业: who gives what is exchanged.
CREATE TABLE sponsors (
    book BIGINT NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    contact TEXT,                     -- a person
    phone TEXT,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (book, id)
);

CREATE TABLE pictures (
    book BIGINT NOT NULL,
    digest TEXT NOT NULL,             -- SHA-256 of `content`, in hex
    media_type TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    content BYTEA NOT NULL,
    thumbnail BYTEA NOT NULL,          -- JPEG
    added_by UUID NOT NULL,         -- key
    added_at BIGINT NOT NULL,
    PRIMARY KEY (book, digest)
);

-- What a reward cost, and whether it was offered, from each of its versions on.
CREATE TABLE reward_changes (
    book BIGINT NOT NULL,
    reward_id UUID NOT NULL,
    version BIGINT NOT NULL,
    state TEXT NOT NULL,
    price_points BIGINT NOT NULL,
    price_cash BIGINT,
    changed_by UUID NOT NULL,       -- key
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (book, reward_id, version),
    FOREIGN KEY (book, reward_id) REFERENCES rewards (book, id)
);

-- What came onto a shelf or left it, entry by entry. Reserved pieces are on the shelf until they are handed over.
CREATE TABLE stock_movements (
    book BIGINT NOT NULL,
    reward_id UUID NOT NULL,
    station TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    change BIGINT NOT NULL,
    kind TEXT NOT NULL,               -- of the entry
    document_id UUID,
    unit_cost BIGINT,                 -- fen, of what was delivered
    recorded_at BIGINT NOT NULL,
    PRIMARY KEY (book, reward_id, station, sequence)
);
CREATE INDEX stock_movements_station ON stock_movements (book, station, sequence);

CREATE TABLE stock_transfers (
    book BIGINT NOT NULL,
    id UUID NOT NULL,
    reward_id UUID NOT NULL,
    from_station TEXT NOT NULL,
    to_station TEXT NOT NULL,
    quantity BIGINT NOT NULL,
    status TEXT NOT NULL,
    arrived BIGINT,                   -- pieces; the rest was lost on the way
    sent_at BIGINT NOT NULL,
    sent_sequence BIGINT NOT NULL,
    arrived_at BIGINT,
    arrived_sequence BIGINT,
    PRIMARY KEY (book, id),
    CHECK (status IN ('sent', 'arrived') AND quantity > 0)
);
CREATE INDEX stock_transfers_sent ON stock_transfers (book, sent_sequence) WHERE status = 'sent';

-- From how few pieces that are not reserved on somebody is to be told.
CREATE TABLE stock_alerts (
    book BIGINT NOT NULL,
    reward_id UUID NOT NULL,
    station TEXT NOT NULL,
    level BIGINT NOT NULL,
    set_by UUID NOT NULL,           -- key
    set_at BIGINT NOT NULL,
    PRIMARY KEY (book, reward_id, station),
    FOREIGN KEY (book, reward_id) REFERENCES rewards (book, id),
    CHECK (level > 0)
);

-- Who is in the room, and whose turn it is.
CREATE TABLE session_queue (
    book BIGINT NOT NULL,
    exchange_id UUID NOT NULL,
    session_id UUID NOT NULL,
    queue_number BIGINT NOT NULL,
    state TEXT NOT NULL,
    checked_in_at BIGINT NOT NULL,
    skips BIGINT NOT NULL,            -- who was called and did not come is called after the others
    called_at BIGINT,
    call_id UUID,                     -- the newest call
    PRIMARY KEY (book, exchange_id),
    CHECK (state IN ('waiting', 'called', 'skipped'))
);
CREATE INDEX session_queue_session ON session_queue (book, session_id, state, skips, queue_number);

-- One row for each session with a queue: the lock under which the next is called.
CREATE TABLE session_desks (
    book BIGINT NOT NULL,
    session_id UUID NOT NULL,
    PRIMARY KEY (book, session_id)
);

CREATE TABLE session_calls (
    book BIGINT NOT NULL,
    id UUID NOT NULL,                 -- chosen by the client
    session_id UUID NOT NULL,
    exchange_id UUID NOT NULL,
    called_by UUID NOT NULL,        -- key
    called_at BIGINT NOT NULL,
    PRIMARY KEY (book, id)
);

-- Places that are booked and not settled: what jobs look for.
CREATE INDEX exchanges_booked ON exchanges (book, session_id, id) WHERE session_id IS NOT NULL AND status = 'reserved';
-- No-shows, which the rules may bar from booking.
CREATE INDEX exchanges_missed ON exchanges (book, volunteer_id, settled_at) WHERE status = 'missed';

-- Up to which move of a session everybody who had a place was told.
CREATE TABLE session_notices (
    book BIGINT NOT NULL,
    session_id UUID NOT NULL,
    moves BIGINT NOT NULL,
    PRIMARY KEY (book, session_id)
);
