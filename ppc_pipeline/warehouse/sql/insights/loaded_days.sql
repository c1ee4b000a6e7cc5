-- One row is a day of one profile that is loaded of one report type, and how much of its final figures is known.
-- Grain: profile_id, report_type, date. Of each report type the newest 100 days that are loaded.
--
-- Age is counted in days from the day to the UTC date on which the newest report of it was asked for. The shares are
-- those of the newest age up to it in restatement_curve, where that knows the profile by enough days. Where it does
-- not, figures from a documented age on count as whole, and the share of younger ones is NULL: nobody knows it.
WITH thresholds AS (
    SELECT
        100 AS days_back,
        7 AS curve_days,                     -- the curve is believed that is made of so many days
        2 AS traffic_whole_from_age,         -- impressions, clicks and cost
        7 AS conversions_whole_from_age,     -- purchases and sales
        60 AS final_from_age
),
loads AS (
    SELECT
        account, profile_id, report_type, end_date, timezone('UTC', requested_at)::DATE AS asked_on,
        greatest(start_date, max(end_date) OVER (PARTITION BY profile_id, report_type) - days_back + 1) AS start_date
    FROM load_log CROSS JOIN thresholds
),
days AS (
    SELECT
        l.profile_id, l.report_type, d.date::DATE AS date,
        any_value(l.account) AS account, (max(l.asked_on) - d.date::DATE)::INTEGER AS age_days
    FROM loads AS l
    CROSS JOIN LATERAL (SELECT unnest(range(l.start_date, l.end_date + 1, INTERVAL 1 DAY)) AS date) AS d
    WHERE l.start_date <= l.end_date
    GROUP BY l.profile_id, l.report_type, d.date
),
curve AS (
    SELECT
        c.report_type, c.profile_id, c.age_days,
        max(c.share) FILTER (c.metric = 'impressions') AS impressions,
        max(c.share) FILTER (c.metric = 'clicks') AS clicks,
        max(c.share) FILTER (c.metric = 'cost') AS cost,
        max(c.share) FILTER (c.metric IN ('purchases', 'purchases_' || w.days)) AS purchases,
        max(c.share) FILTER (c.metric IN ('sales', 'sales_' || w.days)) AS sales
    FROM restatement_curve AS c
    JOIN (
        SELECT profile_id, currency_code, CASE account_type WHEN 'seller' THEN '7d' WHEN 'vendor' THEN '14d' END AS days
        FROM profiles
    ) AS w ON w.profile_id = c.profile_id AND w.currency_code = c.currency_code
    CROSS JOIN thresholds AS t
    WHERE c.days >= t.curve_days
    GROUP BY c.report_type, c.profile_id, c.age_days
),
known AS (
    SELECT
        d.*,
        c.impressions, c.clicks, c.cost, c.purchases, c.sales,
        CASE WHEN d.age_days >= t.traffic_whole_from_age THEN 1.0::DOUBLE END AS traffic_whole,
        CASE WHEN d.age_days >= t.conversions_whole_from_age THEN 1.0::DOUBLE END AS conversions_whole,
        d.age_days >= t.final_from_age AS is_final
    FROM days AS d
    CROSS JOIN thresholds AS t
    ASOF LEFT JOIN curve AS c
        ON c.profile_id = d.profile_id AND c.report_type = d.report_type AND d.age_days >= c.age_days
)
SELECT
    date, account, profile_id,
    CASE left(report_type, 2)
        WHEN 'sp' THEN 'SPONSORED_PRODUCTS'
        WHEN 'sb' THEN 'SPONSORED_BRANDS'
        WHEN 'sd' THEN 'SPONSORED_DISPLAY'
        WHEN 'st' THEN 'SPONSORED_TELEVISION'
    END AS ad_product,
    report_type, age_days,
    (row_number() OVER (PARTITION BY profile_id, report_type ORDER BY date DESC))::INTEGER AS place,
    CASE WHEN is_final THEN 1 ELSE coalesce(impressions, traffic_whole) END AS impressions_share,
    CASE WHEN is_final THEN 1 ELSE coalesce(clicks, traffic_whole) END AS clicks_share,
    CASE WHEN is_final THEN 1 ELSE coalesce(cost, traffic_whole) END AS cost_share,
    CASE WHEN is_final THEN 1 ELSE coalesce(purchases, conversions_whole) END AS purchases_share,
    CASE WHEN is_final THEN 1 ELSE coalesce(sales, conversions_whole) END AS sales_share
FROM known;
