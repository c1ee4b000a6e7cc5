-- One row is a day that was loaded of one profile and report type, whether or not it had rows.
-- Grain: profile_id, report_type, date.
--
-- Loads overlap by weeks: they are joined into stretches first, so that each day is spelled out once.
WITH loads AS (
    SELECT
        profile_id, report_type, start_date, end_date,
        start_date > 1 + max(end_date) OVER (
            PARTITION BY profile_id, report_type ORDER BY start_date, end_date
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS apart
    FROM load_log
),
numbered AS (
    SELECT *, count(*) FILTER (apart) OVER (
        PARTITION BY profile_id, report_type ORDER BY start_date, end_date
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS stretch
    FROM loads
),
stretches AS (
    SELECT profile_id, report_type, min(start_date) AS start_date, max(end_date) AS end_date
    FROM numbered GROUP BY profile_id, report_type, stretch
)
SELECT profile_id, report_type, unnest(range(start_date, end_date + 1, INTERVAL 1 DAY))::DATE AS date FROM stretches;
