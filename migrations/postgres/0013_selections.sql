-- Selections (评选): documents with a state, frozen at an entry of the book. What is not in the journal is kept beside each
-- row as it was then; of whoever did not reach the minimum there is a count only.

CREATE TABLE selections (
    book BIGINT NOT NULL,
    id UUID NOT NULL,
    title TEXT NOT NULL,
    rules TEXT NOT NULL,              -- JSON, as given
    rules_digest TEXT NOT NULL,       -- SHA-256, hexadecimal
    from_on DATE NOT NULL,
    until_on DATE NOT NULL,
    status TEXT NOT NULL,
    sequence BIGINT NOT NULL,         -- the newest entry that is part of it
    root TEXT NOT NULL,               -- of the book up to it, hexadecimal
    served BIGINT NOT NULL,           -- who served at all in the period
    reached BIGINT NOT NULL,          -- of these, who reached the minimum, wherever they belong
    grids TEXT NOT NULL,              -- JSON: eligible, seats and taken seats of each grid, and of the open seats
    digest TEXT NOT NULL,             -- of the content, hexadecimal
    revision BIGINT NOT NULL,         -- counts contents: 1, and one more for each upheld objection that changed it
    published_on DATE,
    public_until_on DATE,             -- last day of publicity; NULL: there is none
    finalised_on DATE,
    reason TEXT,                      -- of its withdrawal
    drafted_by UUID NOT NULL,         -- key
    drafted_person TEXT NOT NULL,
    drafted_at BIGINT NOT NULL,
    effects_due BOOLEAN NOT NULL,     -- what follows from its state is not all in the book yet
    PRIMARY KEY (book, id),
    CHECK (status IN ('draft', 'published', 'final', 'withdrawn')),
    CHECK ((status = 'final') = (finalised_on IS NOT NULL) AND (status = 'withdrawn') = (reason IS NOT NULL))
);
CREATE INDEX selections_day ON selections (book, until_on, id);
CREATE INDEX selections_effects ON selections (book, id) WHERE effects_due;

CREATE TABLE selection_rows (
    book BIGINT NOT NULL,
    selection_id UUID NOT NULL,
    subject_id UUID NOT NULL,         -- a volunteer; of a unit or a team it follows from the code
    place BIGINT NOT NULL,            -- 1, 2, …: the selected first, then reserves, then the others
    rank BIGINT,                      -- NULL: not eligible
    outcome TEXT NOT NULL,
    seat TEXT,                        -- grid, open, all
    number TEXT NOT NULL,             -- of a unit or a team its code
    name TEXT NOT NULL,               -- masked; of a unit or a team in full
    named BOOLEAN NOT NULL,           -- had agreed to be named in public
    unit TEXT,                        -- on the last day of the period; of a unit the one above it
    grid TEXT,
    minutes BIGINT NOT NULL,
    points BIGINT NOT NULL,
    services BIGINT NOT NULL,
    rating_sum BIGINT NOT NULL,
    rating_count BIGINT NOT NULL,
    attained BIGINT NOT NULL,         -- the entry with which the figure was reached; 0: unknown
    inputs TEXT NOT NULL,             -- JSON: what was known beside the journal
    PRIMARY KEY (book, selection_id, subject_id),
    FOREIGN KEY (book, selection_id) REFERENCES selections (book, id),
    CHECK (outcome IN ('selected', 'reserve', 'barred', 'struck'))
);
CREATE INDEX selection_rows_place ON selection_rows (book, selection_id, outcome, place);

CREATE TABLE selection_objections (
    book BIGINT NOT NULL,
    id UUID NOT NULL,
    selection_id UUID NOT NULL,
    about TEXT,                       -- whose row it is about: a volunteer's id, or a code; NULL: about all of it
    content TEXT NOT NULL,
    objector TEXT,                    -- name; protected
    raised_by UUID NOT NULL,          -- key
    raised_person TEXT NOT NULL,
    raised_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    consequence TEXT,                 -- none, strike
    answer TEXT,
    answered_by UUID,                 -- key
    answered_at BIGINT,
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, selection_id) REFERENCES selections (book, id),
    CHECK (status IN ('open', 'upheld', 'dismissed') AND (status = 'open') = (answered_at IS NULL))
);
CREATE INDEX selection_objections_of ON selection_objections (book, selection_id, raised_at);

CREATE TABLE selection_signatures (
    book BIGINT NOT NULL,
    selection_id UUID NOT NULL,
    digest TEXT NOT NULL,             -- of the content that was signed
    person TEXT NOT NULL,
    name TEXT NOT NULL,               -- of the key
    key_id UUID NOT NULL,
    signed_at BIGINT NOT NULL,
    PRIMARY KEY (book, selection_id, digest, person),
    FOREIGN KEY (book, selection_id) REFERENCES selections (book, id)
);
