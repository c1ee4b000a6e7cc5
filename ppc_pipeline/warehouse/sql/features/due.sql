-- One row is a day of one profile and ad product whose rows of the feature table $feature_table are to be made.
-- Grain: profile_id, ad_product, date.
--
-- Rows of a day are made when the day was loaded. Those made on time, less than three days after the day began, hold
-- what was known when it was new, and nothing takes their place: only as long as they are of the newest day, and $now is
-- on time as well, are they made anew when a load changed one of the 90 days up to it or filled a hole in them. Rows made
-- late are made anew where a hole was filled, and while they are of the newest day when a load changed one of the days.
-- What Amazon restates later is no reason.
--
-- $report_types and $ad_products say of which report types the table is made. A slice of what is due is taken: as many
-- days as have about $most rows in their 90 days, but one at least.
WITH sources AS (
    SELECT unnest($report_types::VARCHAR[]) AS report_type, unnest($ad_products::VARCHAR[]) AS ad_product
),
loaded AS (
    SELECT profile_id, report_type, ad_product, date, date - DATE '1970-01-01' AS day_no
    FROM covered_days JOIN sources USING (report_type)
),
days AS (
    SELECT
        profile_id, report_type, ad_product, date,
        date = max(date) OVER (PARTITION BY profile_id, ad_product) AS newest,
        count(*) OVER last_90 AS days_known,
        count(*) OVER last_30 AS days_known_last_30_days,
        list(day_no) OVER last_84 AS loaded_last_84_days
    FROM loaded
    WINDOW
        last_90 AS (
            PARTITION BY profile_id, ad_product ORDER BY date
            RANGE BETWEEN INTERVAL 89 DAYS PRECEDING AND CURRENT ROW
        ),
        last_84 AS (
            PARTITION BY profile_id, ad_product ORDER BY date
            RANGE BETWEEN INTERVAL 83 DAYS PRECEDING AND CURRENT ROW
        ),
        last_30 AS (
            PARTITION BY profile_id, ad_product ORDER BY date
            RANGE BETWEEN INTERVAL 29 DAYS PRECEDING AND CURRENT ROW
        )
),
loads AS (
    SELECT d.profile_id, d.ad_product, d.date, count(l.report_id) AS loads
    FROM days AS d
    LEFT JOIN load_log AS l
        ON l.profile_id = d.profile_id AND l.report_type = d.report_type AND l.days_changed > 0
        AND l.start_date <= d.date AND l.end_date > d.date - 90
    WHERE d.newest
    GROUP BY ALL
),
sizes AS (
    SELECT profile_id, report_type, 90 * (1 + max(rows_in_file // (end_date - start_date + 1))) AS size
    FROM load_log GROUP BY ALL
)
SELECT
    days.profile_id, days.ad_product, days.date, days.days_known, days.days_known_last_30_days,
    days.loaded_last_84_days, loads.loads, made.date IS NOT NULL AS made
FROM days
JOIN sizes ON sizes.profile_id = days.profile_id AND sizes.report_type = days.report_type
LEFT JOIN loads
    ON loads.profile_id = days.profile_id AND loads.ad_product = days.ad_product AND loads.date = days.date
LEFT JOIN feature_days AS made
    ON made.feature_table = $feature_table AND made.profile_id = days.profile_id
    AND made.ad_product = days.ad_product AND made.date = days.date
WHERE
    made.date IS NULL
    OR (
        (made.days_known <> days.days_known OR (days.newest AND made.loads IS DISTINCT FROM loads.loads))
        AND (
            made.known_at >= days.date + INTERVAL 3 DAYS
            OR (days.newest AND $now::TIMESTAMPTZ < days.date + INTERVAL 3 DAYS)
        )
    )
QUALIFY coalesce(sum(sizes.size) OVER (
    ORDER BY days.profile_id, days.ad_product, days.date ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
), 0) < $most;
