-- Where people belong: the tree of units, stations, teams, posts, and who belonged where since when.

-- One row for each book: counts the changes of its units and stations. The lock under which they are changed.
CREATE TABLE organisations (
    book BIGINT PRIMARY KEY,
    version BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE units (
    book BIGINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,               -- as in the configuration: city, …, staircase, enterprise, …
    merged_into TEXT,                 -- the unit as whose part it counts
    merged_from TEXT,                 -- day from which it does
    version BIGINT NOT NULL,
    PRIMARY KEY (book, code),
    CHECK ((merged_into IS NULL) = (merged_from IS NULL))
) WITHOUT ROWID;

-- Where a unit stood since when. The first place of each is from 0001-01-01 on.
CREATE TABLE unit_places (
    book BIGINT NOT NULL,
    unit TEXT NOT NULL,
    from_on TEXT NOT NULL,
    parent TEXT,                      -- NULL: a root
    PRIMARY KEY (book, unit, from_on),
    FOREIGN KEY (book, unit) REFERENCES units (book, code)
) WITHOUT ROWID;

CREATE TABLE stations (
    book BIGINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    unit TEXT,
    address TEXT,
    opening_hours TEXT,               -- in words
    version BIGINT NOT NULL,
    PRIMARY KEY (book, code)
) WITHOUT ROWID;

-- Who belonged to which unit, where they serve and where they come from (双报到).
CREATE TABLE memberships (
    book BIGINT NOT NULL,
    volunteer_id BLOB NOT NULL,
    capacity TEXT NOT NULL,           -- serving, home
    from_on TEXT NOT NULL,            -- 0001-01-01: since ever
    unit TEXT NOT NULL,
    until_on TEXT,                    -- last day; NULL: still
    PRIMARY KEY (book, volunteer_id, capacity, from_on),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id),
    CHECK (capacity IN ('serving', 'home'))
) WITHOUT ROWID;
CREATE INDEX memberships_unit ON memberships (book, capacity, unit);

CREATE TABLE teams (
    book BIGINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,               -- club, service_team, mediation, patrol, professional, core, other
    unit TEXT,
    leader_id BLOB,
    from_on TEXT,
    until_on TEXT,                    -- last day
    version BIGINT NOT NULL,
    PRIMARY KEY (book, code)
) WITHOUT ROWID;

CREATE TABLE team_members (
    book BIGINT NOT NULL,
    team TEXT NOT NULL,
    volunteer_id BLOB NOT NULL,
    from_on TEXT NOT NULL,
    role TEXT,                        -- in words
    until_on TEXT,                    -- last day; NULL: still
    PRIMARY KEY (book, team, volunteer_id, from_on),
    FOREIGN KEY (book, team) REFERENCES teams (book, code),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id)
) WITHOUT ROWID;
CREATE INDEX team_members_volunteer ON team_members (book, volunteer_id);

-- What somebody is wanted for, again and again.
CREATE TABLE posts (
    book BIGINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    unit TEXT,
    station TEXT,
    needed BIGINT NOT NULL,           -- people
    wants TEXT NOT NULL,              -- JSON: what fits the post
    from_on TEXT,
    until_on TEXT,
    version BIGINT NOT NULL,
    PRIMARY KEY (book, code),
    CHECK (needed > 0)
) WITHOUT ROWID;

CREATE TABLE post_assignments (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    post TEXT NOT NULL,
    volunteer_id BLOB NOT NULL,
    from_on TEXT NOT NULL,
    until_on TEXT,                    -- last day; NULL: still
    assigned_by BLOB NOT NULL,        -- key
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, post) REFERENCES posts (book, code),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id)
) WITHOUT ROWID;
CREATE INDEX post_assignments_post ON post_assignments (book, post, from_on);
CREATE INDEX post_assignments_volunteer ON post_assignments (book, volunteer_id, from_on);
