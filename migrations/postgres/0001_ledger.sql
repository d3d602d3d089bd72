-- The append-only books. Amounts are whole minor units (minutes, points at the scheme's scale, pieces, …); moments are
-- microseconds since 1970-01-01T00:00:00Z. Every key begins with the book, so that books can live on different servers.

CREATE TABLE ledger_books (
    book BIGINT PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    version BIGINT NOT NULL,          -- counts committed batches: the guard of every write
    size BIGINT NOT NULL,             -- entries; also the sequence of the newest
    accounts BIGINT NOT NULL,         -- accounts opened; also the number of the newest
    recorded_at BIGINT NOT NULL,      -- of the newest entry; the next is not earlier
    root BYTEA NOT NULL,              -- RFC 6962 root over all leaves
    frontier BYTEA NOT NULL           -- roots of the complete subtrees on the right edge, largest first, 32 bytes each
) WITH (fillfactor = 50);

CREATE TABLE ledger_accounts (
    book BIGINT NOT NULL REFERENCES ledger_books (book),
    account BIGINT NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    lot BIGINT NOT NULL,              -- last day of use as yyyymmdd; 0: no lot
    unit BIGINT NOT NULL,
    system BOOLEAN NOT NULL,          -- true: no bounds, and its balance is the sum of its postings
    floor BIGINT,                     -- NULL: no limit
    ceiling BIGINT,                   -- NULL: no limit
    opened BIGINT NOT NULL,           -- sequence of the entry that opened it
    balance BIGINT NOT NULL,
    held_out BIGINT NOT NULL,         -- open holds from this account
    held_in BIGINT NOT NULL,          -- open holds to this account
    overdrawn BOOLEAN NOT NULL,       -- below its floor by a privileged reversal: for follow-up
    PRIMARY KEY (book, account),
    UNIQUE (book, path, lot),
    CHECK (held_out >= 0 AND held_in >= 0),
    CHECK (NOT system OR (balance = 0 AND held_out = 0 AND held_in = 0)),
    CHECK (overdrawn OR floor IS NULL OR balance - held_out >= floor),
    CHECK (ceiling IS NULL OR balance + held_in <= ceiling)
) WITH (fillfactor = 70);

CREATE INDEX ledger_accounts_lot ON ledger_accounts (book, lot, account) WHERE lot > 0;

CREATE TABLE ledger_entries (
    book BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    reference BIGINT,                 -- sequence of the hold that is captured or released, of the entry that is reversed
    expires_at BIGINT,                -- holds only
    available_before BIGINT,          -- what its pool held for the party just before
    accounts BIGINT NOT NULL,         -- opened in the book so far: those above the number in the entry before are its own
    id UUID NOT NULL,
    party UUID,                       -- on whose statement it stands
    document_id UUID,
    action BIGINT NOT NULL,           -- 1 post, 2 hold, 3 capture, 4 capture of a part, 5 release, 6 reversal
    effective_on DATE NOT NULL,
    kind TEXT NOT NULL,
    leaf BYTEA NOT NULL,              -- SHA-256 of the entry, its postings and the accounts it opened
    document TEXT NOT NULL,           -- JSON, no personal data
    PRIMARY KEY (book, sequence),
    UNIQUE (book, id),
    CHECK (sequence > 0 AND action BETWEEN 1 AND 6)
);
CREATE INDEX ledger_entries_party ON ledger_entries (book, party, sequence) WHERE party IS NOT NULL;

CREATE TABLE ledger_postings (
    book BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    place BIGINT NOT NULL,
    from_account BIGINT NOT NULL,
    to_account BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (book, sequence, place),
    CHECK (amount > 0 AND from_account <> to_account)
);

-- Ids that were refused: the same id gets the same answer for ever.
CREATE TABLE ledger_rejections (
    book BIGINT NOT NULL,
    id UUID NOT NULL,
    recorded_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    document TEXT NOT NULL,
    rejection TEXT NOT NULL,
    PRIMARY KEY (book, id)
);

-- Roots of complete subtrees: level 1 over 256 leaves, level 2 over 65 536, …
CREATE TABLE ledger_nodes (
    book BIGINT NOT NULL,
    level BIGINT NOT NULL,
    place BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (book, level, place)
);

CREATE TABLE ledger_checkpoints (
    book BIGINT NOT NULL,
    size BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    root BYTEA NOT NULL,
    note TEXT NOT NULL,               -- C2SP signed note
    PRIMARY KEY (book, size)
);

-- Projections: open holds, and what is left to reverse of entries reversed in part.
CREATE TABLE ledger_holds (
    book BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    remaining TEXT NOT NULL,          -- JSON list, an amount for each posting of the hold
    PRIMARY KEY (book, sequence)
);
CREATE INDEX ledger_holds_expiry ON ledger_holds (book, expires_at);

CREATE TABLE ledger_reversals (
    book BIGINT NOT NULL,
    sequence BIGINT NOT NULL,         -- of the entry that was reversed
    remaining TEXT NOT NULL,          -- JSON list, an amount for each of its postings
    reversed_by TEXT NOT NULL,        -- JSON list of sequences
    PRIMARY KEY (book, sequence)
);

CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the journal is append-only: % on % is refused; correct by a reversal', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_postings EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_rejections EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_nodes EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_checkpoints EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger_accounts EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON ledger_books EXECUTE FUNCTION ledger_is_append_only();
