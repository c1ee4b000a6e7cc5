-- One row is a campaign on one day, with its figures of the 3 to 90 days up to it, as known when read.
-- Grain: date, profile_id, currency_code, ad_product, campaign_id.
--
-- Made for the days in `due` (features/due.sql); $first and $last are the first and the last of them.
--
-- A figure is 0 where there was no activity, and NULL where Amazon does not give it. `rise` and `spread` are of a
-- straight line through the loaded days of the last 30, those without activity as 0: n sum(xy) - sum(x) sum(y) and
-- n sum(yy) - sum(y) sum(y), worked out exactly; the view makes slope, significance and variation of them.
WITH figures AS (
    SELECT
        due.profile_id, due.ad_product, due.date, due.days_known, due.days_known_last_30_days,
        due.day_sum, due.day_squares, due.date - m.date AS age, m.date - DATE '1970-01-01' AS day_no,
        m.date AS seen, m.account, m.currency_code, m.campaign_id,
        m.impressions, m.clicks, m.cost, m.purchases, m.sales, m.units
    FROM metrics_by_campaign AS m
    JOIN due
        ON due.profile_id = m.profile_id AND due.ad_product = m.ad_product
        AND m.date BETWEEN due.date - 89 AND due.date
    WHERE m.date BETWEEN $first::DATE - 89 AND $last::DATE
),
sums AS (
    SELECT
        date, arg_max(account, seen) AS account, profile_id, currency_code, ad_product, campaign_id,
        any_value(days_known) AS days_known, any_value(days_known_last_30_days) AS days_known_last_30_days,
        any_value(day_sum) AS day_sum, any_value(day_squares) AS day_squares,
        CASE
            WHEN min(age) < 3 THEN sum(COLUMNS('^(impressions|clicks|cost|purchases|sales|units)$')) FILTER (age < 3)
            WHEN count(COLUMNS('^(impressions|clicks|cost|purchases|sales|units)$')) > 0 THEN 0
        END AS "\0_last_3_days",
        CASE
            WHEN min(age) < 7 THEN sum(COLUMNS('^(impressions|clicks|cost|purchases|sales|units)$')) FILTER (age < 7)
            WHEN count(COLUMNS('^(impressions|clicks|cost|purchases|sales|units)$')) > 0 THEN 0
        END AS "\0_last_7_days",
        CASE
            WHEN min(age) < 14 THEN sum(COLUMNS('^(impressions|clicks|cost|purchases|sales|units)$')) FILTER (age < 14)
            WHEN count(COLUMNS('^(impressions|clicks|cost|purchases|sales|units)$')) > 0 THEN 0
        END AS "\0_last_14_days",
        CASE
            WHEN min(age) < 30 THEN sum(COLUMNS('^(impressions|clicks|cost|purchases|sales|units)$')) FILTER (age < 30)
            WHEN count(COLUMNS('^(impressions|clicks|cost|purchases|sales|units)$')) > 0 THEN 0
        END AS "\0_last_30_days",
        CASE
            WHEN min(age) < 60 THEN sum(COLUMNS('^(impressions|clicks|cost|purchases|sales|units)$')) FILTER (age < 60)
            WHEN count(COLUMNS('^(impressions|clicks|cost|purchases|sales|units)$')) > 0 THEN 0
        END AS "\0_last_60_days",
        CASE
            WHEN min(age) < 90 THEN sum(COLUMNS('^(impressions|clicks|cost|purchases|sales|units)$')) FILTER (age < 90)
            WHEN count(COLUMNS('^(impressions|clicks|cost|purchases|sales|units)$')) > 0 THEN 0
        END AS "\0_last_90_days",
        sum(day_no * cost::DECIMAL(38, 6)) FILTER (age < 30) AS cost_by_day,
        sum(day_no * clicks::HUGEINT) FILTER (age < 30) AS clicks_by_day,
        sum(day_no * sales::DECIMAL(38, 6)) FILTER (age < 30) AS sales_by_day,
        sum(cost * cost::DECIMAL(38, 6)) FILTER (age < 30) AS cost_squares,
        sum(clicks * clicks::HUGEINT) FILTER (age < 30) AS clicks_squares,
        sum(sales * sales::DECIMAL(38, 6)) FILTER (age < 30) AS sales_squares
    FROM figures
    GROUP BY date, profile_id, currency_code, ad_product, campaign_id
),
first_rows AS (
    SELECT m.profile_id, m.ad_product, m.campaign_id, min(m.date) AS first_seen
    FROM metrics_by_campaign AS m SEMI JOIN due ON due.profile_id = m.profile_id AND due.ad_product = m.ad_product
    GROUP BY ALL
),
lines AS (
    SELECT
        *, days_known_last_30_days AS n,
        sum(cost_last_30_days) OVER (PARTITION BY date, profile_id, currency_code, ad_product) AS whole
    FROM sums
)
SELECT
    lines.* EXCLUDE (
        n, whole, day_sum, day_squares,
        cost_by_day, clicks_by_day, sales_by_day, cost_squares, clicks_squares, sales_squares
    ),
    date - first_seen AS days_since_first_seen,
    100 * cost_last_30_days::DOUBLE / nullif(whole, 0) AS cost_share_percent_last_30_days,
    n * day_squares - day_sum * day_sum AS span,
    n * coalesce(cost_by_day, 0) - day_sum * cost_last_30_days AS cost_rise,
    n * coalesce(clicks_by_day, 0) - day_sum * clicks_last_30_days AS clicks_rise,
    n * coalesce(sales_by_day, 0) - day_sum * sales_last_30_days AS sales_rise,
    try(n * coalesce(cost_squares, 0) - cost_last_30_days * cost_last_30_days) AS cost_spread,
    try(n * coalesce(clicks_squares, 0) - clicks_last_30_days * clicks_last_30_days) AS clicks_spread,
    try(n * coalesce(sales_squares, 0) - sales_last_30_days * sales_last_30_days) AS sales_spread
FROM lines
JOIN first_rows
    ON first_rows.profile_id = lines.profile_id AND first_rows.ad_product = lines.ad_product
    AND first_rows.campaign_id = lines.campaign_id;
