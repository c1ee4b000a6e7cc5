-- One row is a profile that is worked for: is yesterday, in its own time zone, loaded of each report type?
-- Asked of the report types that are configured and were loaded for the profile before. $now is this moment.
WITH newest AS (
    SELECT profile_id, report_type, max(end_date) AS date
    FROM load_log WHERE list_contains($report_types, report_type) GROUP BY profile_id, report_type
),
wanted AS (
    SELECT
        p.account, p.profile_id, p.name AS profile_name,
        timezone(coalesce(p.timezone, 'UTC'), $now::TIMESTAMPTZ)::DATE - 1 AS yesterday,
        min(n.date) AS oldest,
        string_agg(format('{} until {}', n.report_type, n.date), ', ' ORDER BY n.date, n.report_type)
            FILTER (n.date < timezone(coalesce(p.timezone, 'UTC'), $now::TIMESTAMPTZ)::DATE - 1) AS late
    FROM profiles AS p LEFT JOIN newest AS n ON n.profile_id = p.profile_id
    WHERE p.removed_at IS NULL AND coalesce(p.active, true)
    GROUP BY p.account, p.profile_id, p.name, p.timezone
)
SELECT
    account, profile_id, profile_name, 'yesterday' AS subject, yesterday::VARCHAR AS expected,
    coalesce(oldest::VARCHAR, 'nothing') AS found,
    CASE
        WHEN oldest IS NULL THEN 'nothing is loaded: `ppc status` says why'
        WHEN late IS NOT NULL THEN format('yesterday is not there yet: {}; `ppc status` says why', late)
    END AS problem
FROM wanted
ORDER BY problem IS NULL, oldest NULLS FIRST, profile_id;
