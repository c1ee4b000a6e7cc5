-- One row is a profile and ad product: do its enabled campaigns have any report row in the newest 30 loaded days?
-- Of campaigns that were there all the time: begun before those days, and not ended. Amazon has rows only where an ad was
-- shown: a campaign without one costs nothing and earns nothing, for want of a bid, a budget, stock or an approved ad.
WITH thresholds AS (SELECT 30 AS days, 14 AS least_days_loaded),
days AS (
    SELECT d.profile_id, d.ad_product, min(d.date) AS first_date, max(d.date) AS last_date, count(*) AS days
    FROM loaded_days AS d CROSS JOIN thresholds AS t
    WHERE d.report_type IN ('spCampaigns', 'sbCampaigns', 'sdCampaigns') AND d.place <= t.days
    GROUP BY d.profile_id, d.ad_product
),
active AS (
    SELECT c.account, c.profile_id, c.ad_product, c.campaign_id, c.name, d.first_date, d.last_date
    FROM campaigns_history AS c
    JOIN days AS d ON d.profile_id = c.profile_id AND d.ad_product = c.ad_product
    CROSS JOIN thresholds AS t
    WHERE c.valid_to IS NULL AND c.removed_at IS NULL AND c.state = 'ENABLED' AND d.days >= t.least_days_loaded
        AND coalesce(c.start_date <= d.first_date, true) AND coalesce(c.end_date >= d.last_date, true)
),
shown AS (
    SELECT DISTINCT m.profile_id, m.ad_product, m.campaign_id
    FROM metrics_by_campaign AS m
    JOIN days AS d
        ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product AND m.date BETWEEN d.first_date AND d.last_date
),
counted AS (
    SELECT
        a.account, a.profile_id, a.ad_product, any_value(a.first_date) AS first_date,
        any_value(a.last_date) AS last_date, count(*) AS active, count(*) FILTER (s.campaign_id IS NULL) AS silent,
        list(format('{} "{}"', a.campaign_id, coalesce(a.name, '')) ORDER BY a.campaign_id)
            FILTER (s.campaign_id IS NULL) AS examples
    FROM active AS a
    LEFT JOIN shown AS s
        ON s.profile_id = a.profile_id AND s.ad_product = a.ad_product AND s.campaign_id = a.campaign_id
    GROUP BY a.account, a.profile_id, a.ad_product
)
SELECT
    c.account, c.profile_id, p.name AS profile_name, c.ad_product AS subject,
    format('{} enabled campaigns with rows', c.active) AS expected, format('{}', c.active - c.silent) AS found,
    CASE
        WHEN c.silent > 0 THEN format(
            'no row from {} to {} of {}', c.first_date, c.last_date, array_to_string(c.examples[:3], ', ')
        )
    END AS problem
FROM counted AS c LEFT JOIN profiles AS p ON p.profile_id = c.profile_id
ORDER BY problem IS NULL, c.silent DESC, c.profile_id;
