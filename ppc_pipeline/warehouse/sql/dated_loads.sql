-- One row is one load of one report, with the date on which it was asked for where its profile is.
-- Grain: report_id, loaded_at.
--
-- The age of a day is counted from it to `asked_on`, everywhere: in the profile's own dates, as days are its own too. A
-- day is asked for only once it is over there, so that it is 1 at least. UTC while the profile is not known.
SELECT
    l.report_id, l.account, l.profile_id, l.report_type, l.start_date, l.end_date, l.requested_at, l.loaded_at,
    l.columns_left_out, l.days_unclear, timezone(coalesce(p.timezone, 'UTC'), l.requested_at)::DATE AS asked_on
FROM load_log AS l LEFT JOIN profiles AS p ON p.profile_id = l.profile_id;
