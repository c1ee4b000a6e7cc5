-- One row is a profile and ad product: the cost and clicks of its campaigns and of their keywords and targets, over the
-- days of $start to $end that both reports are loaded of.
-- Amazon's own reports differ a little: up to 1 % is tolerated, as is the day on which the two were not asked for on the
-- same date, which is left out.
WITH thresholds AS (SELECT 1.0 AS tolerated_percent),
pairs AS (
    FROM (VALUES
        ('spCampaigns', 'spTargeting'), ('sbCampaigns', 'sbTargeting'),
        ('sdCampaigns', 'sdTargeting'), ('stCampaigns', 'stTargeting')
    ) AS pairs(campaigns, targets)
),
days AS (
    SELECT c.profile_id, c.ad_product, c.date
    FROM loaded_days AS c
    JOIN pairs ON pairs.campaigns = c.report_type
    JOIN loaded_days AS t
        ON t.profile_id = c.profile_id AND t.report_type = pairs.targets AND t.date = c.date AND t.age_days = c.age_days
    WHERE c.date BETWEEN $start AND $end
),
both_sums AS (
    SELECT 'campaigns' AS source, account, profile_id, currency_code, ad_product, date, clicks, cost
    FROM metrics_by_campaign
    UNION ALL
    SELECT 'targets', account, profile_id, currency_code, ad_product, date, clicks, cost FROM metrics_by_target
),
sums AS (
    SELECT
        any_value(s.account) AS account, s.profile_id, s.currency_code, s.ad_product, count(DISTINCT s.date) AS days,
        coalesce(sum(s.cost) FILTER (s.source = 'campaigns'), 0) AS campaign_cost,
        coalesce(sum(s.cost) FILTER (s.source = 'targets'), 0) AS target_cost,
        coalesce(sum(s.clicks) FILTER (s.source = 'campaigns'), 0)::BIGINT AS campaign_clicks,
        coalesce(sum(s.clicks) FILTER (s.source = 'targets'), 0)::BIGINT AS target_clicks
    FROM both_sums AS s
    JOIN days AS d ON d.profile_id = s.profile_id AND d.ad_product = s.ad_product AND d.date = s.date
    GROUP BY s.profile_id, s.currency_code, s.ad_product
),
compared AS (
    SELECT
        *, 100 * (target_cost - campaign_cost)::DOUBLE / nullif(campaign_cost, 0) AS cost_percent,
        100 * (target_clicks - campaign_clicks)::DOUBLE / nullif(campaign_clicks, 0) AS clicks_percent
    FROM sums
)
SELECT
    c.account, c.profile_id, p.name AS profile_name, format('{}, {} days', c.ad_product, c.days) AS subject,
    format('{:,.2f} {}, {:,} clicks', c.campaign_cost::DOUBLE, c.currency_code, c.campaign_clicks) AS expected,
    format('{:,.2f} {}, {:,} clicks', c.target_cost::DOUBLE, c.currency_code, c.target_clicks) AS found,
    CASE
        WHEN abs(c.cost_percent) > t.tolerated_percent OR abs(c.clicks_percent) > t.tolerated_percent
            OR (c.campaign_cost = 0) <> (c.target_cost = 0)
            THEN format(
                'keywords and targets have {:,.2f} {} and {:,} clicks more than their campaigns',
                (c.target_cost - c.campaign_cost)::DOUBLE, c.currency_code, c.target_clicks - c.campaign_clicks
            )
    END AS problem
FROM compared AS c
CROSS JOIN thresholds AS t
LEFT JOIN profiles AS p ON p.profile_id = c.profile_id
ORDER BY problem IS NULL, abs(c.cost_percent) DESC NULLS FIRST, c.profile_id;
