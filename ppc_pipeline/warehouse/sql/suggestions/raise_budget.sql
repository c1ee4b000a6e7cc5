-- One row is a campaign that sells at the ACoS that is aimed at, or below, and runs out of its daily budget.
--
-- At its budget is a day that cost $budget_spent_percent of it or more: of the budget in force on that day, which a budget
-- rule may have raised above the campaign's own. Of the last $budget_days days at least half must be such; days before the
-- campaign's own budget last changed do not count. ACoS is of the longer, settled period; that of the last days must be
-- at the target or below too, by the sales there will be in the end: what is known of them over the share that is
-- (loaded_days), weighted by what each day cost. Days of which nobody knows the share say nothing.
-- Sales of Sponsored Display are those after a click, whose share is taken to be that of all its sales. A day of which
-- Amazon gave one of the figures and not another says nothing of the ACoS.
WITH days AS (
    SELECT date, profile_id, currency_code, ad_product, campaign_id, clicks, cost, purchases, sales
    FROM metrics_by_campaign WHERE ad_product <> 'SPONSORED_DISPLAY'

    UNION ALL

    SELECT
        date, profile_id, currency_code, 'SPONSORED_DISPLAY', campaign_id, clicks, cost, purchases_clicks, sales_clicks
    FROM report_sd_campaigns
),
whole AS (
    FROM days WHERE clicks IS NOT NULL AND cost IS NOT NULL AND purchases IS NOT NULL AND sales IS NOT NULL
),
figures AS (
    SELECT
        a.account, a.profile_id, a.country_code, a.currency_code, a.ad_product, a.unit, a.target_acos_percent, a.written,
        m.campaign_id, d.days_from, d.days_until, d.days_loaded,
        sum(m.clicks)::BIGINT AS clicks, sum(m.cost) AS cost, sum(m.purchases)::BIGINT AS purchases,
        sum(m.sales) AS sales
    FROM whole AS m
    JOIN temp.advertisers AS a USING (profile_id, ad_product, currency_code)
    JOIN temp.evidence_days AS d
        ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product AND d.source = 'campaigns'
        AND m.date BETWEEN d.days_from AND d.days_until
    GROUP BY ALL
),
budgets AS (
    SELECT
        c.profile_id, c.ad_product, c.campaign_id, c.name, c.budget,
        coalesce(max(h.valid_to)::DATE, DATE '0001-01-01') AS since
    FROM campaigns_history AS c
    LEFT JOIN campaigns_history AS h
        ON h.profile_id = c.profile_id AND h.ad_product = c.ad_product AND h.campaign_id = c.campaign_id
        AND h.valid_to IS NOT NULL AND h.budget IS DISTINCT FROM c.budget
    WHERE c.valid_to IS NULL AND c.removed_at IS NULL AND c.state = 'ENABLED' AND c.budget > 0
        AND c.budget_type = 'DAILY' AND (c.end_date IS NULL OR c.end_date >= $today::DATE)
    GROUP BY ALL
),
-- The last version of a day, or the first there is for days before it.
in_force AS (
    SELECT
        profile_id, ad_product, campaign_id, coalesce(effective_budget, budget) AS day_budget,
        CASE
            WHEN lag(valid_from) OVER (PARTITION BY profile_id, ad_product, campaign_id ORDER BY valid_from) IS NULL
                THEN TIMESTAMP '1970-01-01'
            ELSE timezone('UTC', valid_from)
        END AS since
    FROM campaigns_history
),
spent AS (
    SELECT b.*, count(*) AS days_at_budget, count(*) FILTER (v.day_budget <> b.budget) AS days_of_rules
    FROM budgets AS b
    JOIN temp.advertisers AS a USING (profile_id, ad_product)
    JOIN days AS m
        ON m.profile_id = b.profile_id AND m.ad_product = b.ad_product AND m.campaign_id = b.campaign_id
        AND m.currency_code = a.currency_code
    ASOF JOIN in_force AS v
        ON v.profile_id = m.profile_id AND v.ad_product = m.ad_product AND v.campaign_id = m.campaign_id
        AND v.since <= m.date + INTERVAL 1 DAY
    WHERE m.date BETWEEN $today::DATE - $budget_days::INTEGER AND $today::DATE - 1 AND m.date >= b.since
        AND 100 * m.cost::DOUBLE >= $budget_spent_percent * v.day_budget::DOUBLE
    GROUP BY ALL
),
lately AS (
    SELECT
        m.profile_id, m.ad_product, m.campaign_id,
        sum(m.cost * d.sales_share) AS cost_of_known, sum(m.sales)::DOUBLE AS sales
    FROM whole AS m
    JOIN temp.advertisers AS a USING (profile_id, ad_product, currency_code)
    JOIN loaded_days AS d
        ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product AND d.date = m.date
        AND d.report_type IN ('spCampaigns', 'sbCampaigns', 'sdCampaigns')
    WHERE m.date BETWEEN $today::DATE - $budget_days::INTEGER AND $today::DATE - 1 AND d.sales_share > 0
    GROUP BY ALL
),
raised AS (
    SELECT
        f.*, 100 * l.cost_of_known / nullif(l.sales, 0) AS acos_lately, s.name, s.budget, s.days_at_budget, s.days_of_rules,
        greatest(
            floor(round(s.budget::DOUBLE * (1 + $budget_step_percent / 100.0) / f.unit::DOUBLE, 6)),
            floor(s.budget::DOUBLE / f.unit::DOUBLE) + 1
        )::BIGINT * f.unit AS new_budget,
        30.0 * s.days_at_budget / $budget_days * (new_budget - s.budget)::DOUBLE AS more_cost
    FROM figures AS f
    JOIN spent AS s USING (profile_id, ad_product, campaign_id)
    LEFT JOIN lately AS l USING (profile_id, ad_product, campaign_id)
    WHERE 2 * s.days_at_budget >= $budget_days
        AND f.cost > 0 AND f.sales > 0 AND 100 * f.cost::DOUBLE <= f.target_acos_percent * f.sales::DOUBLE
        AND coalesce(100 * l.cost_of_known <= f.target_acos_percent * l.sales, true)
)

SELECT
    account, profile_id, country_code, currency_code, ad_product, 'raise_budget' AS kind,
    campaign_id, name AS campaign_name,
    budget AS current_value, new_budget::DECIMAL(18, 6) AS suggested_value,
    days_from, days_until, days_loaded, clicks, cost, purchases, sales,
    100 * cost::DOUBLE / sales::DOUBLE AS acos_percent, target_acos_percent,
    clicks / (clicks + $prior_clicks) * days_at_budget / $budget_days AS confidence,
    more_cost AS expected_cost_change, more_cost * sales::DOUBLE / cost::DOUBLE AS expected_sales_change,
    format(
        'On {} of the last {} days it spent {:.4g} % or more of its {} a day{}. '
        || 'From {} to {} its ACoS{} was {:.1f} %{}, where {:.4g} % is aimed at.',
        days_at_budget, $budget_days, $budget_spent_percent::DOUBLE, format(written, budget::DOUBLE),
        CASE WHEN days_of_rules > 0 THEN ' (of what budget rules made of it)' ELSE '' END,
        days_from, days_until,
        CASE ad_product WHEN 'SPONSORED_DISPLAY' THEN ' (of sales after a click)' ELSE '' END,
        100 * cost::DOUBLE / sales::DOUBLE,
        coalesce(
            format(', and of the last {} days, with the sales still to come, {:.1f} %', $budget_days, acos_lately), ''
        ),
        target_acos_percent
    ) AS reason
FROM raised;
