-- One row is a day of one profile that is loaded of one report type, and how much of its final figures is known.
-- Grain: profile_id, report_type, date. Of each report type the newest 100 days that are loaded.
--
-- Age is counted in days from the day to the date on which the newest report of it was asked for (dated_loads). The
-- shares are those of that age in known_shares, where that has the profile. Where it has not, figures from a documented
-- age on count as whole, and the share of younger ones is NULL: nobody knows it.
WITH thresholds AS (
    SELECT
        100 AS days_back,
        2 AS traffic_whole_from_age,         -- impressions, clicks and cost
        7 AS conversions_whole_from_age,     -- purchases and sales
        60 AS final_from_age
),
loads AS (
    SELECT
        account, profile_id, report_type, end_date, asked_on,
        greatest(start_date, max(end_date) OVER (PARTITION BY profile_id, report_type) - days_back + 1) AS start_date
    FROM dated_loads CROSS JOIN thresholds
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
shares AS (
    SELECT
        s.report_type, s.profile_id, s.age_days,
        max(s.share) FILTER (s.metric = 'impressions') AS impressions,
        max(s.share) FILTER (s.metric = 'clicks') AS clicks,
        max(s.share) FILTER (s.metric = 'cost') AS cost,
        max(s.share) FILTER (s.metric IN ('purchases', 'purchases_' || w.days)) AS purchases,
        max(s.share) FILTER (s.metric IN ('sales', 'sales_' || w.days)) AS sales
    FROM known_shares AS s
    JOIN (
        SELECT profile_id, currency_code, CASE account_type WHEN 'seller' THEN '7d' WHEN 'vendor' THEN '14d' END AS days
        FROM profiles
    ) AS w ON w.profile_id = s.profile_id AND w.currency_code = s.currency_code
    WHERE s.metric IN (  -- says nothing new, but keeps DuckDB from working out the shares of all others
        'impressions', 'clicks', 'cost', 'purchases', 'purchases_7d', 'purchases_14d', 'sales', 'sales_7d', 'sales_14d'
    )
    GROUP BY s.report_type, s.profile_id, s.age_days
),
known AS (
    SELECT
        d.*,
        s.impressions, s.clicks, s.cost, s.purchases, s.sales,
        CASE WHEN d.age_days >= t.traffic_whole_from_age THEN 1.0::DOUBLE END AS traffic_whole,
        CASE WHEN d.age_days >= t.conversions_whole_from_age THEN 1.0::DOUBLE END AS conversions_whole,
        d.age_days >= t.final_from_age AS is_final
    FROM days AS d
    CROSS JOIN thresholds AS t
    LEFT JOIN shares AS s
        ON s.profile_id = d.profile_id AND s.report_type = d.report_type AND s.age_days = d.age_days
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
