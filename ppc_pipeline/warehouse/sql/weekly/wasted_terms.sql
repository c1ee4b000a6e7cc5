-- One row is one search term in one campaign of one profile, in one currency, that cost money in the week and much in the
-- four weeks up to its end, and led to no purchase in these: those with the highest cost of each profile and currency.
--
-- Much is what spend_without_sales calls so: what ought to have brought 3 purchases, at the cost per purchase of the
-- profile and ad product (a purchase from every tenth click where nothing sold). Clicks and cost are of days whose
-- conversions are in, at least 7 days old when last asked for; a purchase on a younger day counts as one too.
WITH thresholds AS (
    SELECT 7 AS least_age_days, 3.0 AS least_expected_purchases, 0.1 AS purchases_per_click_unknown
),
figures AS (
    SELECT m.*, coalesce(d.age_days >= t.least_age_days, true) AS is_judged  -- days before those of loaded_days are old
    FROM metrics_by_search_term AS m
    CROSS JOIN thresholds AS t
    LEFT JOIN loaded_days AS d
        ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product AND d.date = m.date
        AND list_contains(['spSearchTerm', 'sbSearchTerm'], d.report_type)
    WHERE m.date BETWEEN $start::DATE - 21 AND $last AND list_contains($profiles::BIGINT[], m.profile_id)
),
sums AS (
    SELECT
        profile_id, currency_code, ad_product, campaign_id, search_term,
        arg_max(campaign_name, date) AS campaign_name,
        coalesce(sum(clicks) FILTER (is_judged), 0)::BIGINT AS clicks,
        coalesce(sum(cost) FILTER (is_judged), 0) AS cost,
        sum(cost) FILTER (date >= $start) AS cost_of_week,
        sum(purchases) AS purchases,
        sum(purchases) FILTER (is_judged) AS purchases_judged
    FROM figures
    GROUP BY ALL
),
profile_costs AS (
    SELECT profile_id, currency_code, ad_product, sum(cost)::DOUBLE / nullif(sum(purchases_judged), 0) AS cost_per_purchase
    FROM sums GROUP BY ALL
)
SELECT
    s.profile_id, s.currency_code, s.ad_product, s.campaign_id, s.search_term, s.campaign_name, s.clicks, s.cost,
    s.cost_of_week
FROM sums AS s
JOIN profile_costs AS c USING (profile_id, currency_code, ad_product)
CROSS JOIN thresholds AS t
WHERE
    s.purchases = 0 AND s.cost > 0 AND s.cost_of_week > 0
    AND coalesce(s.cost::DOUBLE / c.cost_per_purchase, s.clicks * t.purchases_per_click_unknown) >= t.least_expected_purchases
QUALIFY row_number() OVER (
    PARTITION BY s.profile_id, s.currency_code ORDER BY s.cost DESC, s.ad_product, s.campaign_id, s.search_term
) <= $most
ORDER BY s.profile_id, s.currency_code, s.cost DESC, s.ad_product, s.campaign_id, s.search_term;
