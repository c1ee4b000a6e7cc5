-- One row is one ad product of one profile: by which week (its Monday) it is judged whether campaigns lost money. That is
-- the week itself where it is known how much of the conversions of each of its days is still to come (loaded_days), else
-- the week before; NULL where it is not known of that either.
WITH unknown AS (
    SELECT
        profile_id, ad_product,
        count(*) FILTER (date >= $start) AS of_week,
        count(*) FILTER (date < $start) AS of_week_before
    FROM loaded_days
    WHERE
        date BETWEEN $start::DATE - 7 AND $last AND (purchases_share IS NULL OR sales_share IS NULL)
        AND list_contains($profiles::BIGINT[], profile_id) AND list_contains($report_types::VARCHAR[], report_type)
    GROUP BY ALL
)
SELECT
    f.profile_id, f.ad_product,
    CASE
        WHEN coalesce(u.of_week, 0) = 0 THEN $start::DATE
        WHEN u.of_week_before = 0 THEN $start::DATE - 7
    END AS start
FROM (
    SELECT DISTINCT profile_id, ad_product FROM metrics_by_profile
    WHERE date BETWEEN $start::DATE - 7 AND $last AND list_contains($profiles::BIGINT[], profile_id)
) AS f
LEFT JOIN unknown AS u ON u.profile_id = f.profile_id AND u.ad_product = f.ad_product
ORDER BY ALL;
