-- One row is a day of one report type and profile that is loaded, with the date on which the newest report of it was
-- asked for (dated_loads): its figures are as of then.
SELECT profile_id, report_type, d.date::DATE AS date, max(asked_on) AS asked_on
FROM dated_loads
CROSS JOIN LATERAL (
    SELECT unnest(range(greatest(start_date, $first::DATE), least(end_date, $last::DATE) + 1, INTERVAL 1 DAY)) AS date
) AS d
WHERE
    start_date <= $last AND end_date >= $first
    AND list_contains($profiles::BIGINT[], profile_id) AND list_contains($report_types::VARCHAR[], report_type)
GROUP BY ALL
ORDER BY ALL;
