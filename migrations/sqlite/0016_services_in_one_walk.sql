-- With what counts of each record: a city's year is added up along the volunteers without looking at a record.
DROP INDEX services_volunteer;
CREATE INDEX services_volunteer
    ON services (book, volunteer_id, occurred_on, id, status, evidence, unit, team, sequence, minutes, credited_minutes, points);
