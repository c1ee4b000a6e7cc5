-- One row is one metric of one report type and profile that Amazon changed in the week (UTC), in one currency: over the
-- days it changed, what they had before and what they have after it.
SELECT
    profile_id, currency_code, report_type, metric,
    count(*) AS days,
    min(date) AS first_day,
    max(date) AS last_day,
    sum(coalesce(before, 0)) AS before,
    sum(coalesce(after, 0)) AS after
FROM (
    SELECT
        profile_id, currency_code, report_type, metric, date,
        arg_min(coalesce(before, 0), restated_at) AS before,
        arg_max(coalesce(after, 0), restated_at) AS after
    FROM restatements
    WHERE
        restated_at >= $start::DATE AND restated_at < $last::DATE + 1
        AND list_contains($profiles::BIGINT[], profile_id) AND list_contains($report_types::VARCHAR[], report_type)
    GROUP BY ALL
)
GROUP BY ALL
ORDER BY ALL;
