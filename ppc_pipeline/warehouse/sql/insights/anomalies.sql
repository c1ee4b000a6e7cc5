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
    SELECT d.* FROM loaded_days AS d CROSS JOIN thresholds AS t
    WHERE d.report_type IN ('spCampaigns', 'sbCampaigns', 'sdCampaigns', 'stCampaigns')
    QUALIFY d.date >= min(CASE WHEN d.place <= t.judged_days THEN d.date END)
        OVER (PARTITION BY d.profile_id, d.ad_product) - 7 * t.weeks
),
figures AS (
    SELECT m.* FROM (
        SELECT
            account, profile_id, country_code, currency_code, ad_product, campaign_id, campaign_name, date,
            impressions, clicks, cost, purchases, sales
        FROM metrics_by_campaign
    ) AS m SEMI JOIN days AS d ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product AND d.date = m.date
),
campaigns_seen AS (  -- numbered: days by the million are then joined by a number
    SELECT *, row_number() OVER () AS number FROM (
        SELECT
            profile_id, currency_code, ad_product, campaign_id, min(date) AS first_date,
            any_value(account) AS account, any_value(country_code) AS country_code,
            arg_max(campaign_name, date) AS campaign_name
        FROM figures GROUP BY profile_id, currency_code, ad_product, campaign_id
    )
),
numbered AS (
    SELECT s.number, f.date, f.impressions, f.clicks, f.cost, f.purchases, f.sales
    FROM figures AS f
    JOIN campaigns_seen AS s
        ON s.profile_id = f.profile_id AND s.campaign_id = f.campaign_id AND s.ad_product = f.ad_product
        AND s.currency_code = f.currency_code
),
series AS (
    SELECT
        s.number, d.date, d.place, d.age_days, d.impressions_share, d.clicks_share, d.cost_share, d.purchases_share,
        d.sales_share,
        CASE WHEN f.date IS NULL THEN 0 ELSE f.impressions END AS impressions,
        CASE WHEN f.date IS NULL THEN 0 ELSE f.clicks END AS clicks,
        CASE WHEN f.date IS NULL THEN 0 ELSE f.cost END AS cost,
        CASE WHEN f.date IS NULL THEN 0 ELSE f.purchases END AS purchases,
        CASE WHEN f.date IS NULL THEN 0 ELSE f.sales END AS sales
    FROM campaigns_seen AS s
    JOIN days AS d ON d.profile_id = s.profile_id AND d.ad_product = s.ad_product AND d.date >= s.first_date
    LEFT JOIN numbered AS f ON f.number = s.number AND f.date = d.date
),
judged AS (
    SELECT s.* FROM series AS s CROSS JOIN thresholds AS t WHERE s.place <= t.judged_days
),
weeks_before AS (SELECT unnest(range(1, weeks + 1))::INTEGER AS weeks FROM thresholds),
usual AS (
    SELECT
        j.number, j.date, count(*)::INTEGER AS weekdays,
        median(b.impressions) AS impressions, median(b.clicks) AS clicks, median(b.cost) AS cost,
        median(b.purchases) AS purchases, median(b.sales) AS sales,
        sum(b.clicks) AS all_clicks, sum(b.cost) AS all_cost,
        sum(b.purchases) AS all_purchases, sum(b.sales) AS all_sales
    FROM judged AS j
    CROSS JOIN weeks_before AS w
    JOIN series AS b ON b.number = j.number AND b.date = j.date - 7 * w.weeks
    GROUP BY j.number, j.date
),
-- For each metric: what was found, what is usual, what share of it is known, how many events are usual, and what one of
-- them brings.
compared AS (
    SELECT
        j.number, j.date, u.weekdays, j.age_days,
        unnest([
            {
                metric: 'impressions', found: j.impressions::DECIMAL(18, 6), usual: u.impressions::DECIMAL(18, 6),
                share: j.impressions_share, events: u.impressions::DOUBLE, worth: 1::DOUBLE
            },
            {
                metric: 'clicks', found: j.clicks::DECIMAL(18, 6), usual: u.clicks::DECIMAL(18, 6),
                share: j.clicks_share, events: u.clicks::DOUBLE, worth: 1::DOUBLE
            },
            {
                metric: 'cost', found: j.cost, usual: u.cost::DECIMAL(18, 6), share: j.cost_share,
                events: u.clicks::DOUBLE, worth: (u.all_cost + j.cost)::DOUBLE / nullif(u.all_clicks + j.clicks, 0)
            },
            {
                metric: 'purchases', found: j.purchases::DECIMAL(18, 6), usual: u.purchases::DECIMAL(18, 6),
                share: j.purchases_share, events: u.purchases::DOUBLE, worth: 1::DOUBLE
            },
            {
                metric: 'sales', found: j.sales, usual: u.sales::DECIMAL(18, 6), share: j.sales_share,
                events: u.purchases::DOUBLE,
                worth: (u.all_sales + j.sales)::DOUBLE / nullif(u.all_purchases + j.purchases, 0)
            }
        ], recursive := true)
    FROM judged AS j
    JOIN usual AS u ON u.number = j.number AND u.date = j.date
),
expected AS (
    SELECT
        *, (usual::DOUBLE * coalesce(share, 1))::DECIMAL(18, 6) AS expected,
        greatest(
            t.least_relative_spread * usual::DOUBLE * coalesce(share, 1),
            worth * sqrt(greatest(events * coalesce(share, 1), 1))
        ) AS least_spread
    FROM compared CROSS JOIN thresholds AS t
),
-- Deviations are worked out for those alone that are far enough off whatever they are: a few percent of all.
candidates AS (
    SELECT * FROM expected
    WHERE weekdays >= least_weekdays AND abs(found - expected)::DOUBLE >= least_score * least_spread
        AND (share IS NOT NULL OR found > expected)
),
spreads AS (
    SELECT
        c.number, c.date, c.metric,
        1.4826 * mad(
            CASE c.metric
                WHEN 'impressions' THEN b.impressions
                WHEN 'clicks' THEN b.clicks
                WHEN 'cost' THEN b.cost
                WHEN 'purchases' THEN b.purchases
                ELSE b.sales
            END::DOUBLE
        ) AS spread
    FROM candidates AS c
    CROSS JOIN weeks_before AS w
    JOIN series AS b ON b.number = c.number AND b.date = c.date - 7 * w.weeks
    GROUP BY c.number, c.date, c.metric
),
scored AS (
    SELECT
        c.*, CASE WHEN c.found > c.expected THEN 'above' ELSE 'below' END AS direction,
        greatest(s.spread * coalesce(c.share, 1), c.least_spread) AS spread,
        abs(c.found - c.expected)::DOUBLE / nullif(greatest(s.spread * coalesce(c.share, 1), c.least_spread), 0) AS score
    FROM candidates AS c
    JOIN spreads AS s ON s.number = c.number AND s.date = c.date AND s.metric = c.metric
)
SELECT
    o.date, c.account, c.profile_id, p.name AS profile_name, c.country_code, c.currency_code, c.ad_product,
    c.campaign_id, c.campaign_name, o.metric, o.expected, o.found, round(o.score, 1) AS score, o.direction,
    o.spread, o.weekdays, o.age_days, o.share AS known_share,
    format(
        '{}: {} of {} on {}, {}: {}. Usual on the {} {}s before is {}{}.',
        coalesce(p.name, c.profile_id::VARCHAR), o.metric, c.campaign_name, dayname(o.date), o.date::VARCHAR,
        CASE
            WHEN o.metric IN ('cost', 'sales') THEN
                format(coalesce(w.written, '{:,.2f}') || ' {}', o.found::DOUBLE, c.currency_code)
            ELSE format('{:,.0f}', o.found::DOUBLE)
        END,
        o.weekdays, dayname(o.date),
        CASE
            WHEN o.metric IN ('cost', 'sales') THEN
                format(coalesce(w.written, '{:,.2f}') || ' {}', o.expected::DOUBLE, c.currency_code)
            ELSE format('{:,.1f}', o.expected::DOUBLE)
        END,
        CASE
            WHEN o.share < 0.995 THEN
                format(' of {:.0f} % that are known of a day {} days old', 100 * o.share, o.age_days)
            ELSE ''
        END
    ) AS reason
FROM scored AS o
CROSS JOIN thresholds AS t
JOIN campaigns_seen AS c ON c.number = o.number
LEFT JOIN profiles AS p ON p.profile_id = c.profile_id
LEFT JOIN whole_currencies AS w ON w.currency_code = c.currency_code
LEFT JOIN campaigns_history AS now
    ON now.profile_id = c.profile_id AND now.ad_product = c.ad_product AND now.campaign_id = c.campaign_id
    AND now.valid_to IS NULL
WHERE o.score >= t.least_score AND (
    o.found > 0
    OR now.campaign_id IS NULL
    OR (now.state = 'ENABLED' AND now.removed_at IS NULL AND coalesce(now.end_date >= o.date, true))
);
