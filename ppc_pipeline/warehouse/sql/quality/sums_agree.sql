-- One row is a profile and ad product: the cost, clicks and sales of its campaigns and of their keywords and targets,
-- over the days of $start to $end that both reports are loaded of.
-- They are compared campaign by campaign, so that what one has too much does not make up for what another lacks.
-- Amazon's own reports differ a little: differences of up to 1 % of all the profile's campaigns are tolerated, as is the
-- day on which the two were not asked for on the same date, which is left out. Sales of an unknown window are not
-- compared.
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
both_reports AS (
    SELECT
        'campaigns' AS source, account, profile_id, currency_code, ad_product, campaign_id, campaign_name, date, clicks,
        cost, sales
    FROM metrics_by_campaign
    UNION ALL
    SELECT
        'targets', account, profile_id, currency_code, ad_product, campaign_id, campaign_name, date, clicks, cost, sales
    FROM metrics_by_target
),
by_campaign AS (
    SELECT
        any_value(r.account) AS account, r.profile_id, r.currency_code, r.ad_product, r.campaign_id,
        any_value(r.campaign_name) AS campaign_name,
        coalesce(sum(r.cost) FILTER (r.source = 'campaigns'), 0) AS campaign_cost,
        coalesce(sum(r.cost) FILTER (r.source = 'targets'), 0) AS target_cost,
        coalesce(sum(r.clicks) FILTER (r.source = 'campaigns'), 0)::BIGINT AS campaign_clicks,
        coalesce(sum(r.clicks) FILTER (r.source = 'targets'), 0)::BIGINT AS target_clicks,
        CASE WHEN count(r.sales) = count(*) THEN coalesce(sum(r.sales) FILTER (r.source = 'campaigns'), 0) END
            AS campaign_sales,
        CASE WHEN count(r.sales) = count(*) THEN coalesce(sum(r.sales) FILTER (r.source = 'targets'), 0) END
            AS target_sales
    FROM both_reports AS r
    JOIN days AS d ON d.profile_id = r.profile_id AND d.ad_product = r.ad_product AND d.date = r.date
    GROUP BY r.profile_id, r.currency_code, r.ad_product, r.campaign_id
),
differences AS (
    SELECT
        by_campaign.*, target_cost - campaign_cost AS cost, target_clicks - campaign_clicks AS clicks,
        target_sales - campaign_sales AS sales, coalesce(w.written, '{:,.2f}') AS written
    FROM by_campaign LEFT JOIN whole_currencies AS w USING (currency_code)
),
compared AS (
    SELECT
        any_value(account) AS account, profile_id, currency_code, ad_product, any_value(written) AS written,
        sum(campaign_cost) AS campaign_cost, sum(target_cost) AS target_cost, sum(abs(cost)) AS cost_apart,
        sum(campaign_clicks)::BIGINT AS campaign_clicks, sum(target_clicks)::BIGINT AS target_clicks,
        sum(abs(clicks))::BIGINT AS clicks_apart,
        sum(campaign_sales) AS campaign_sales, sum(target_sales) AS target_sales, sum(abs(sales)) AS sales_apart,
        max_by(
            format(
                '{} "{}" ({} {}, {:+} clicks{})', campaign_id, coalesce(campaign_name, ''),
                format(replace(written, ',', '+'), cost::DOUBLE), currency_code, clicks,
                coalesce(format(', ' || replace(written, ',', '+') || ' sales', sales::DOUBLE), '')
            ),
            (greatest(abs(cost), abs(sales)), abs(clicks), -campaign_id), 3
        ) FILTER (cost <> 0 OR clicks <> 0 OR sales <> 0) AS worst
    FROM differences GROUP BY profile_id, currency_code, ad_product
),
counted_days AS (SELECT profile_id, ad_product, count(*) AS days FROM days GROUP BY profile_id, ad_product)
SELECT
    c.account, c.profile_id, p.name AS profile_name, format('{}, {} days', c.ad_product, d.days) AS subject,
    format(
        '{} {}, {:,} clicks{}', format(c.written, c.campaign_cost::DOUBLE), c.currency_code, c.campaign_clicks,
        coalesce(format(', ' || c.written || ' sales', c.campaign_sales::DOUBLE), '')
    ) AS expected,
    format(
        '{} {}, {:,} clicks{}; apart by {}, {:,}{}', format(c.written, c.target_cost::DOUBLE), c.currency_code,
        c.target_clicks, coalesce(format(', ' || c.written || ' sales', c.target_sales::DOUBLE), ''),
        format(c.written, c.cost_apart::DOUBLE), c.clicks_apart,
        coalesce(', ' || format(c.written, c.sales_apart::DOUBLE), '')
    ) AS found,
    CASE
        WHEN 100 * c.cost_apart > t.tolerated_percent * c.campaign_cost
            OR 100 * c.clicks_apart > t.tolerated_percent * c.campaign_clicks
            OR 100 * c.sales_apart > t.tolerated_percent * c.campaign_sales
            THEN format('keywords and targets do not add up to their campaigns: {}', array_to_string(c.worst, ', '))
    END AS problem
FROM compared AS c
CROSS JOIN thresholds AS t
JOIN counted_days AS d ON d.profile_id = c.profile_id AND d.ad_product = c.ad_product
LEFT JOIN profiles AS p ON p.profile_id = c.profile_id
ORDER BY problem IS NULL, c.cost_apart / nullif(c.campaign_cost, 0) DESC NULLS FIRST, c.profile_id;
