-- One row is which share of one metric's final figure is known at one age of a day, of one report type and profile: for
-- every age in days, where restatement_curve has some.
-- Grain: report_type, profile_id, currency_code, metric, age_days.
--
-- A straight line between the ages of restatement_curve, from the youngest that is believed, and from the oldest to the
-- whole figure at 60 days, when it is final. A point is believed that is made of 7 days or more.
WITH believed AS (
    SELECT report_type, profile_id, currency_code, metric, age_days, share
    FROM restatement_curve WHERE days >= 7 AND share IS NOT NULL
),
points AS (
    FROM believed
    UNION ALL
    SELECT DISTINCT report_type, profile_id, currency_code, metric, 60, 1.0 FROM believed
),
lines AS (
    SELECT
        *, lead(age_days, 1, age_days + 1) OVER by_age AS next_age, lead(share, 1, share) OVER by_age AS next_share
    FROM points
    WINDOW by_age AS (PARTITION BY report_type, profile_id, currency_code, metric ORDER BY age_days)
),
ages AS (
    SELECT *, unnest(range(age_days, next_age))::INTEGER AS age FROM lines
)
SELECT
    report_type, profile_id, currency_code, metric, age AS age_days,
    share + (next_share - share) * (age - age_days) / (next_age - age_days) AS share
FROM ages;
