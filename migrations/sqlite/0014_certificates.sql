-- Papers that certify (Order 67 of the Ministry of Civil Affairs, Art. 14 to 17): what each says is frozen when it is issued.

-- The last number given in each year. Its row is the lock under which numbers are given, so that none is left out.
CREATE TABLE certificate_years (
    book BIGINT NOT NULL,
    year BIGINT NOT NULL,
    last BIGINT NOT NULL,
    PRIMARY KEY (book, year)
) WITHOUT ROWID;

CREATE TABLE certificates (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    year BIGINT NOT NULL,
    serial BIGINT NOT NULL,           -- within the year
    kind TEXT NOT NULL,               -- record, level, campaign
    volunteer_id BLOB NOT NULL,       -- to whom it was issued
    source_id BLOB,                   -- the award or the campaign that it is of
    unit TEXT,                        -- of the volunteer, when it was issued
    applied_on TEXT NOT NULL,
    due_on TEXT NOT NULL,             -- the last day on which it is issued in time
    issued_on TEXT NOT NULL,
    issued_at BIGINT NOT NULL,
    issued_by BLOB NOT NULL,          -- key
    minutes BIGINT NOT NULL,          -- that it certifies
    services BIGINT NOT NULL,
    as_of BIGINT NOT NULL,            -- the newest entry of the book that is part of it
    root BLOB NOT NULL,               -- of the book then
    asked TEXT NOT NULL,              -- JSON: what was asked for under this id
    paper TEXT NOT NULL,              -- JSON: what it says
    seal BLOB NOT NULL,               -- over all of the above, by the secret of the installation
    status TEXT NOT NULL,
    closed_on TEXT,                   -- when it was revoked or replaced
    closed_by BLOB,                   -- key
    reason TEXT,
    replaced_by BLOB,                 -- certificate
    PRIMARY KEY (book, id),
    UNIQUE (book, year, serial),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id),
    CHECK (kind IN ('record', 'level', 'campaign') AND status IN ('valid', 'revoked', 'replaced')),
    CHECK (serial > 0 AND (status = 'valid') = (closed_on IS NULL) AND (status = 'replaced') = (replaced_by IS NOT NULL))
) WITHOUT ROWID;
CREATE INDEX certificates_volunteer ON certificates (book, volunteer_id, year, serial);
CREATE INDEX certificates_unit ON certificates (book, unit, year, serial) WHERE unit IS NOT NULL;
CREATE INDEX certificates_source ON certificates (book, source_id, year, serial) WHERE source_id IS NOT NULL;

-- What volunteers ask for; the certificate has the same id.
CREATE TABLE certificate_applications (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    volunteer_id BLOB NOT NULL,
    from_on TEXT NOT NULL,
    until_on TEXT NOT NULL,
    detailed BOOLEAN NOT NULL,
    applicant TEXT,                   -- when it is not the volunteer
    purpose TEXT,
    status TEXT NOT NULL,
    requested_on TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    requested_by BLOB NOT NULL,       -- key
    due_on TEXT NOT NULL,             -- the last day on which it is settled in time
    settled_on TEXT,
    settled_by BLOB,                  -- key
    reason TEXT,                      -- why it was refused
    is_told BOOLEAN NOT NULL,         -- whether the book says what became of it
    PRIMARY KEY (book, id),
    FOREIGN KEY (book, volunteer_id) REFERENCES volunteers (book, id),
    CHECK (status IN ('requested', 'issued', 'refused', 'withdrawn')),
    CHECK ((status = 'requested') = (settled_on IS NULL) AND (status = 'refused') = (reason IS NOT NULL))
) WITHOUT ROWID;
CREATE INDEX certificate_applications_waiting ON certificate_applications (book, requested_at, id) WHERE status = 'requested';
CREATE INDEX certificate_applications_volunteer ON certificate_applications (book, volunteer_id, requested_at);
CREATE INDEX certificate_applications_untold ON certificate_applications (book, requested_at, id) WHERE NOT is_told;

-- The service records that a certificate counts: what is taken back of them touches it.
CREATE TABLE certificate_services (
    book BIGINT NOT NULL,
    certificate_id BLOB NOT NULL,
    service_id BLOB NOT NULL,
    PRIMARY KEY (book, certificate_id, service_id)
) WITHOUT ROWID;
CREATE INDEX certificate_services_service ON certificate_services (book, service_id);

-- What all certificates of a campaign have in common.
CREATE TABLE certificate_campaigns (
    book BIGINT NOT NULL,
    id BLOB NOT NULL,
    design TEXT NOT NULL,             -- JSON
    created_by BLOB NOT NULL,         -- key
    created_at BIGINT NOT NULL,
    PRIMARY KEY (book, id)
) WITHOUT ROWID;

-- Wrong check codes told on the public page, by the number that they were told for, whether it exists or not.
CREATE TABLE certificate_attempts (
    book BIGINT NOT NULL,
    subject BLOB NOT NULL,            -- follows from the number
    wrong BIGINT NOT NULL,
    since BIGINT NOT NULL,            -- of the first that is counted
    PRIMARY KEY (book, subject)
) WITHOUT ROWID;
CREATE INDEX certificate_attempts_since ON certificate_attempts (book, since);

-- Who was merged into somebody: their services are that person's.
CREATE INDEX volunteers_merged ON volunteers (book, merged_into) WHERE merged_into IS NOT NULL;
