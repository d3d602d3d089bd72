-- What statistics are made of: projections of the journal, small however many records there are.

-- What each account of the scheme itself (`scheme/…`) got and gave, by the month that the entries count for.
CREATE TABLE turnovers (
    book BIGINT NOT NULL,
    month BIGINT NOT NULL,            -- 202611: of the day that the entry counts for
    account TEXT NOT NULL,            -- path
    received BIGINT NOT NULL,
    given BIGINT NOT NULL,
    PRIMARY KEY (book, month, account)
);

CREATE TABLE category_totals (
    book BIGINT NOT NULL,
    month BIGINT NOT NULL,            -- of the day of service
    unit TEXT NOT NULL,               -- code of the unit that the records count for; '': none
    category TEXT NOT NULL,           -- '': the points that wishes carried
    minutes BIGINT NOT NULL,
    points BIGINT NOT NULL,           -- earned, whatever became of them
    services BIGINT NOT NULL,
    PRIMARY KEY (book, month, unit, category)
);

-- How often anybody's totals of a month were changed: what was counted of them holds as long as this stays the same.
CREATE TABLE month_changes (
    book BIGINT NOT NULL,
    month BIGINT NOT NULL,
    changes BIGINT NOT NULL,
    PRIMARY KEY (book, month)
);
