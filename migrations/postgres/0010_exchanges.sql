-- Exchanges of several rewards, in parts, and back; what is paid in cash beside the points. `exchange_lines`, `exchange_moves`
-- and `exchange_cash` follow from the journal.

-- What is in a basket. An exchange of one reward has no lines: it is its own.
CREATE TABLE exchange_lines (
    book BIGINT NOT NULL,
    exchange_id UUID NOT NULL,
    line BIGINT NOT NULL,             -- 1, 2, …
    reward_id UUID NOT NULL,
    session_id UUID,
    quantity BIGINT NOT NULL,
    points BIGINT NOT NULL,           -- minor units, or minutes, for all pieces
    price_cash BIGINT,                -- fen, for all pieces
    reserved_sequence BIGINT NOT NULL,
    PRIMARY KEY (book, exchange_id, line)
);
CREATE INDEX exchange_lines_session ON exchange_lines (book, session_id, reserved_sequence) WHERE session_id IS NOT NULL;

-- Pieces handed over out of a basket or in part, and pieces returned. One reward handed over at once as a whole has no row.
CREATE TABLE exchange_moves (
    book BIGINT NOT NULL,
    exchange_id UUID NOT NULL,
    entry_id UUID NOT NULL,
    line BIGINT NOT NULL,
    reward_id UUID NOT NULL,
    kind TEXT NOT NULL,
    pieces BIGINT NOT NULL,
    points BIGINT NOT NULL,           -- minor units, or minutes: handed over for, or given back
    price_cash BIGINT,                -- fen: owed, or to be paid back
    moved_on DATE NOT NULL,           -- in the scheme's time zone
    sequence BIGINT NOT NULL,
    PRIMARY KEY (book, exchange_id, entry_id, line),
    CHECK (kind IN ('collected', 'returned') AND pieces > 0)
);
CREATE INDEX exchange_moves_day ON exchange_moves (book, moved_on);

-- Cash owed at a hand-over or paid back at a return, and what was taken in. It is written down, and not processed.
CREATE TABLE exchange_cash (
    book BIGINT NOT NULL,
    station TEXT NOT NULL,
    paid_on DATE NOT NULL,            -- in the scheme's time zone
    sequence BIGINT NOT NULL,
    exchange_id UUID NOT NULL,
    taken_by UUID,                    -- key
    owed BIGINT NOT NULL,             -- fen; below zero: to be paid back
    received BIGINT,                  -- fen; NULL: nobody said
    method TEXT,
    PRIMARY KEY (book, station, paid_on, sequence)
);

-- Slips that were printed, by the entry that they are of.
CREATE TABLE exchange_slips (
    book BIGINT NOT NULL,
    exchange_id UUID NOT NULL,
    sequence BIGINT NOT NULL,
    prints BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    first_by UUID NOT NULL,           -- key
    last_at BIGINT NOT NULL,
    last_by UUID NOT NULL,            -- key
    PRIMARY KEY (book, exchange_id, sequence)
);

-- Who came for it in the volunteer's place: beside the entry, which holds the relation and a keyed digest of the name.
CREATE TABLE exchange_collectors (
    book BIGINT NOT NULL,
    entry_id UUID NOT NULL,           -- the entry may be missing: it was refused after the name was given
    exchange_id UUID NOT NULL,
    relation TEXT NOT NULL,
    name TEXT NOT NULL,
    given_by UUID NOT NULL,           -- key
    given_at BIGINT NOT NULL,
    PRIMARY KEY (book, entry_id)
);
CREATE INDEX exchange_collectors_exchange ON exchange_collectors (book, exchange_id);

-- Wrong pick-up codes, counted for an exchange and for a key.
CREATE TABLE pickup_attempts (
    book BIGINT NOT NULL,
    subject UUID NOT NULL,            -- exchange or key
    wrong BIGINT NOT NULL,
    since BIGINT NOT NULL,            -- of the first that is counted
    PRIMARY KEY (book, subject)
);
