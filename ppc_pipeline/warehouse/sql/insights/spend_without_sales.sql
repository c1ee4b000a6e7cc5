-- One row is a campaign, a keyword or target, or a search term that cost much in the last 30 days and sold nothing.
-- Grain: profile_id, currency_code, ad_product, level, campaign_id, ad_group_id, target_id, target_text, match_type,
-- search_term (those that the level does not have are NULL).
--
-- The days are the newest 30 loaded ones whose conversions are in (loaded_days: at least 7 days old when last asked for);
-- a purchase on a younger day counts as one too. Much is what ought to have brought 3 purchases: the cost over the
-- cost per purchase of the profile and ad product in those days, so that the chance of none is e^-3 = 5 % (Poisson).
-- Where the whole profile has no purchase, a purchase from every tenth click is taken for usual.
WITH thresholds AS (
    SELECT
        30 AS judged_days,
        7 AS least_age_days,
        3.0 AS least_expected_purchases,
        0.1 AS purchases_per_click_unknown
),
days AS (
    SELECT
        d.profile_id, d.report_type, d.ad_product, d.date, d.age_days >= t.least_age_days AS is_judged,
        count(*) FILTER (d.age_days >= t.least_age_days)
            OVER (PARTITION BY d.profile_id, d.report_type ORDER BY d.date DESC) AS judged_place
    FROM loaded_days AS d CROSS JOIN thresholds AS t
    QUALIFY judged_place <= t.judged_days
),
figures AS (
    SELECT
        'campaign' AS level, m.date, m.account, m.profile_id, m.country_code, m.currency_code, m.ad_product,
        m.campaign_id, m.campaign_name, m.clicks, m.cost, m.purchases, d.is_judged
    FROM metrics_by_campaign AS m
    JOIN days AS d ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product AND d.date = m.date
    WHERE d.report_type IN ('spCampaigns', 'sbCampaigns', 'sdCampaigns', 'stCampaigns')

    UNION ALL BY NAME

    SELECT
        'target' AS level, m.date, m.account, m.profile_id, m.country_code, m.currency_code, m.ad_product,
        m.campaign_id, m.campaign_name, m.ad_group_id, m.ad_group_name, m.target_id, m.target_text, m.match_type,
        m.clicks, m.cost, m.purchases, d.is_judged
    FROM metrics_by_target AS m
    JOIN days AS d ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product AND d.date = m.date
    WHERE d.report_type IN ('spTargeting', 'sbTargeting', 'sdTargeting', 'stTargeting')

    UNION ALL BY NAME

    SELECT
        'search_term' AS level, m.date, m.account, m.profile_id, m.country_code, m.currency_code, m.ad_product,
        m.campaign_id, m.campaign_name, m.ad_group_id, m.ad_group_name, m.target_id, m.target_text, m.match_type,
        m.search_term, m.clicks, m.cost, m.purchases, d.is_judged
    FROM metrics_by_search_term AS m
    JOIN days AS d ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product AND d.date = m.date
    WHERE d.report_type IN ('spSearchTerm', 'sbSearchTerm')
),
sums AS (
    SELECT
        level, profile_id, currency_code, ad_product, campaign_id, ad_group_id, target_id, target_text, match_type,
        search_term, any_value(account) AS account, any_value(country_code) AS country_code,
        arg_max(campaign_name, date) AS campaign_name, arg_max(ad_group_name, date) AS ad_group_name,
        min(date) FILTER (is_judged) AS first_date, max(date) FILTER (is_judged) AS last_date,
        coalesce(sum(clicks) FILTER (is_judged), 0)::BIGINT AS clicks, coalesce(sum(cost) FILTER (is_judged), 0) AS cost,
        coalesce(sum(purchases) FILTER (is_judged), 0)::BIGINT AS purchases_judged, sum(purchases) AS purchases
    FROM figures
    GROUP BY
        level, profile_id, currency_code, ad_product, campaign_id, ad_group_id, target_id, target_text, match_type,
        search_term
),
profile_costs AS (
    SELECT
        level, profile_id, currency_code, ad_product,
        (sum(cost)::DOUBLE / nullif(sum(purchases_judged), 0)) AS cost_per_purchase
    FROM sums GROUP BY level, profile_id, currency_code, ad_product
),
compared AS (
    SELECT
        s.*, c.cost_per_purchase,
        coalesce(s.cost::DOUBLE / c.cost_per_purchase, s.clicks * t.purchases_per_click_unknown) AS expected_purchases
    FROM sums AS s
    JOIN profile_costs AS c
        ON c.level = s.level AND c.profile_id = s.profile_id AND c.currency_code = s.currency_code
        AND c.ad_product = s.ad_product
    CROSS JOIN thresholds AS t
    WHERE s.purchases = 0
)
SELECT
    s.account, s.profile_id, p.name AS profile_name, s.country_code, s.currency_code, s.ad_product, s.level,
    s.campaign_id, s.campaign_name, s.ad_group_id, s.ad_group_name, s.target_id, s.target_text, s.match_type,
    s.search_term, s.first_date, s.last_date, s.clicks, s.cost,
    round(s.cost_per_purchase, 6)::DECIMAL(38, 6) AS profile_cost_per_purchase,
    s.expected_purchases, 100 * exp(-s.expected_purchases) AS chance_percent,
    format(
        '{}: {} cost {} {} for {:,} clicks from {} to {} and sold nothing. {}{}',
        coalesce(p.name, s.profile_id::VARCHAR),
        CASE s.level
            WHEN 'campaign' THEN format('campaign "{}"', s.campaign_name)
            WHEN 'target' THEN format('"{}" in campaign "{}"', s.target_text, s.campaign_name)
            ELSE format('search term "{}" in campaign "{}"', s.search_term, s.campaign_name)
        END,
        format(coalesce(w.written, '{:,.2f}'), s.cost::DOUBLE), s.currency_code, s.clicks,
        s.first_date::VARCHAR, s.last_date::VARCHAR,
        CASE
            WHEN s.cost_per_purchase IS NULL THEN 'Nothing else of the profile sold either.'
            ELSE format(
                'A purchase costs {} {} here on average: {:.1f} were to be expected.',
                format(coalesce(w.written, '{:,.2f}'), s.cost_per_purchase), s.currency_code, s.expected_purchases
            )
        END,
        CASE WHEN s.level = 'search_term' THEN ' Whether to negate it, the suggestions say.' ELSE '' END
    ) AS reason
FROM compared AS s
CROSS JOIN thresholds AS t
LEFT JOIN profiles AS p ON p.profile_id = s.profile_id
LEFT JOIN whole_currencies AS w ON w.currency_code = s.currency_code
WHERE s.expected_purchases >= t.least_expected_purchases AND s.cost > 0;
