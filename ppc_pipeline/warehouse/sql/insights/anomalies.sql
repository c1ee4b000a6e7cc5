-- One row is a metric of one campaign on one of the last 14 loaded days that is far from what was usual.
-- Grain: date, profile_id, currency_code, ad_product, campaign_id, metric.
--
-- Usual is the median of the same weekday in the 8 weeks before, of at least 4 such days. What is expected is the usual
-- figure times the share of it that is known at the day's age (loaded_days): a fresh day with half its conversions is
-- as it should be. Where nobody knows the share, a day is judged only for being above.
--
-- The score is the distance from what is expected over the spread. The spread is the largest of: 1.4826 times the median
-- absolute deviation of those days (the standard deviation, were they normal); a tenth of what is expected; and what
-- chance alone does to a count: the root of the clicks (for impressions their own number, for sales the purchases) that
-- are expected, at least 1, at what one of them brings. So a campaign that sells nothing or two a day is no outlier.
--
-- A day without a row counts as 0 if it is loaded, from the campaign's first row on. A fall to 0 of a campaign that is
-- not enabled now, or has ended, is no news and is left out.
WITH thresholds AS (
    SELECT
        14 AS judged_days,
        8 AS weeks,
        4 AS least_weekdays,
        0.1 AS least_relative_spread,
        5.0 AS least_score
),
days AS (
    SELECT * FROM loaded_days WHERE report_type IN ('spCampaigns', 'sbCampaigns', 'sdCampaigns', 'stCampaigns')
),
figures AS (
    SELECT m.* FROM (
        SELECT
            account, profile_id, country_code, currency_code, ad_product, campaign_id, campaign_name, date,
            impressions, clicks, cost, purchases, sales
        FROM metrics_by_campaign
    ) AS m SEMI JOIN days AS d ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product AND d.date = m.date
),
campaigns_seen AS (
    SELECT
        profile_id, currency_code, ad_product, campaign_id, min(date) AS first_date,
        any_value(account) AS account, any_value(country_code) AS country_code,
        arg_max(campaign_name, date) AS campaign_name
    FROM figures GROUP BY profile_id, currency_code, ad_product, campaign_id
),
series AS (
    SELECT
        s.profile_id, s.currency_code, s.ad_product, s.campaign_id, d.date, d.place,
        CASE WHEN f.date IS NULL THEN 0 ELSE f.impressions END AS impressions,
        CASE WHEN f.date IS NULL THEN 0 ELSE f.clicks END AS clicks,
        CASE WHEN f.date IS NULL THEN 0 ELSE f.cost END AS cost,
        CASE WHEN f.date IS NULL THEN 0 ELSE f.purchases END AS purchases,
        CASE WHEN f.date IS NULL THEN 0 ELSE f.sales END AS sales
    FROM campaigns_seen AS s
    JOIN days AS d ON d.profile_id = s.profile_id AND d.ad_product = s.ad_product AND d.date >= s.first_date
    LEFT JOIN figures AS f
        ON f.profile_id = s.profile_id AND f.currency_code = s.currency_code AND f.ad_product = s.ad_product
        AND f.campaign_id = s.campaign_id AND f.date = d.date
),
judged AS (
    SELECT s.* FROM series AS s CROSS JOIN thresholds AS t WHERE s.place <= t.judged_days
),
weeks_before AS (SELECT unnest(range(1, weeks + 1))::INTEGER AS weeks FROM thresholds),
usual AS (
    SELECT
        j.profile_id, j.currency_code, j.ad_product, j.campaign_id, j.date, count(*) AS weekdays,
        median(b.impressions) AS impressions, mad(b.impressions) AS impressions_mad,
        median(b.clicks) AS clicks, mad(b.clicks) AS clicks_mad,
        median(b.cost) AS cost, mad(b.cost) AS cost_mad,
        median(b.purchases) AS purchases, mad(b.purchases) AS purchases_mad,
        median(b.sales) AS sales, mad(b.sales) AS sales_mad,
        sum(b.clicks) AS all_clicks, sum(b.cost) AS all_cost,
        sum(b.purchases) AS all_purchases, sum(b.sales) AS all_sales
    FROM judged AS j
    CROSS JOIN weeks_before AS w
    JOIN series AS b
        ON b.profile_id = j.profile_id AND b.currency_code = j.currency_code AND b.ad_product = j.ad_product
        AND b.campaign_id = j.campaign_id AND b.date = j.date - 7 * w.weeks
    GROUP BY j.profile_id, j.currency_code, j.ad_product, j.campaign_id, j.date
    HAVING count(*) >= (SELECT least_weekdays FROM thresholds)
),
-- For each metric: what was found, what is usual, how many events make it up, and what one of them brings.
compared AS (
    SELECT
        j.profile_id, j.currency_code, j.ad_product, j.campaign_id, j.date, u.weekdays, d.age_days,
        unnest([
            {metric: 'impressions', found: j.impressions::DECIMAL(18, 6), usual: u.impressions::DECIMAL(18, 6),
             deviation: u.impressions_mad::DOUBLE, share: d.impressions_share, events: u.impressions::DOUBLE,
             worth: 1::DOUBLE},
            {metric: 'clicks', found: j.clicks::DECIMAL(18, 6), usual: u.clicks::DECIMAL(18, 6),
             deviation: u.clicks_mad::DOUBLE, share: d.clicks_share, events: u.clicks::DOUBLE, worth: 1::DOUBLE},
            {metric: 'cost', found: j.cost, usual: u.cost::DECIMAL(18, 6),
             deviation: u.cost_mad::DOUBLE, share: d.cost_share, events: u.clicks::DOUBLE,
             worth: (u.all_cost + j.cost)::DOUBLE / nullif(u.all_clicks + j.clicks, 0)},
            {metric: 'purchases', found: j.purchases::DECIMAL(18, 6), usual: u.purchases::DECIMAL(18, 6),
             deviation: u.purchases_mad::DOUBLE, share: d.purchases_share, events: u.purchases::DOUBLE,
             worth: 1::DOUBLE},
            {metric: 'sales', found: j.sales, usual: u.sales::DECIMAL(18, 6),
             deviation: u.sales_mad::DOUBLE, share: d.sales_share, events: u.purchases::DOUBLE,
             worth: (u.all_sales + j.sales)::DOUBLE / nullif(u.all_purchases + j.purchases, 0)}
        ], recursive := true)
    FROM judged AS j
    JOIN usual AS u
        ON u.profile_id = j.profile_id AND u.currency_code = j.currency_code AND u.ad_product = j.ad_product
        AND u.campaign_id = j.campaign_id AND u.date = j.date
    JOIN days AS d ON d.profile_id = j.profile_id AND d.ad_product = j.ad_product AND d.date = j.date
),
expected AS (
    SELECT
        * EXCLUDE (usual, deviation, events, worth),
        (usual::DOUBLE * coalesce(share, 1))::DECIMAL(18, 6) AS expected,
        greatest(
            1.4826 * deviation * coalesce(share, 1),
            least_relative_spread * usual::DOUBLE * coalesce(share, 1),
            worth * sqrt(greatest(events * coalesce(share, 1), 1))
        ) AS spread
    FROM compared CROSS JOIN thresholds
),
scored AS (
    SELECT *, abs(found - expected)::DOUBLE / nullif(spread, 0) AS score FROM expected
),
outliers AS (
    SELECT
        s.*, CASE WHEN s.found > s.expected THEN 'above' ELSE 'below' END AS direction
    FROM scored AS s CROSS JOIN thresholds AS t
    WHERE s.score >= t.least_score AND (s.share IS NOT NULL OR s.found > s.expected)
)
SELECT
    o.date, c.account, o.profile_id, p.name AS profile_name, c.country_code, o.currency_code, o.ad_product,
    o.campaign_id, c.campaign_name, o.metric, o.expected, o.found, round(o.score, 1) AS score, o.direction,
    o.spread, o.weekdays::INTEGER AS weekdays, o.age_days, o.share AS known_share,
    format(
        '{}: {} of {} on {}, {}: {}. Usual on the {} {}s before is {}{}.',
        coalesce(p.name, o.profile_id::VARCHAR), o.metric, c.campaign_name, dayname(o.date), o.date::VARCHAR,
        CASE
            WHEN o.metric IN ('cost', 'sales') THEN format('{:,.2f} {}', o.found::DOUBLE, o.currency_code)
            ELSE format('{:,.0f}', o.found::DOUBLE)
        END,
        o.weekdays, dayname(o.date),
        CASE
            WHEN o.metric IN ('cost', 'sales') THEN format('{:,.2f} {}', o.expected::DOUBLE, o.currency_code)
            ELSE format('{:,.1f}', o.expected::DOUBLE)
        END,
        CASE
            WHEN o.share < 0.995 THEN
                format(' of {:.0f} % that are known of a day {} days old', 100 * o.share, o.age_days)
            ELSE ''
        END
    ) AS reason
FROM outliers AS o
JOIN campaigns_seen AS c
    ON c.profile_id = o.profile_id AND c.currency_code = o.currency_code AND c.ad_product = o.ad_product
    AND c.campaign_id = o.campaign_id
LEFT JOIN profiles AS p ON p.profile_id = o.profile_id
LEFT JOIN campaigns_history AS now
    ON now.profile_id = o.profile_id AND now.ad_product = o.ad_product AND now.campaign_id = o.campaign_id
    AND now.valid_to IS NULL
WHERE o.found > 0
    OR now.campaign_id IS NULL
    OR (now.state = 'ENABLED' AND now.removed_at IS NULL AND coalesce(now.end_date >= o.date, true));
