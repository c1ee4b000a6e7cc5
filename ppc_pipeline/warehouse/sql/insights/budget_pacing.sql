-- One row is a budget as of now and what was spent of it: of a campaign, of a portfolio, or of all running campaigns of
-- a profile together.
-- Grain: profile_id, currency_code, level, ad_product, campaign_id, portfolio_id (those of other levels are NULL).
--
-- A budget is for a period: a daily one for the calendar month of the last loaded day (daily budget x days), a portfolio's
-- for that month or for its own dates, a campaign's lifetime budget for the campaign's dates. The pace is what was spent
-- over what the loaded days of the period have of the budget; the projection adds, for the days to come, the average of
-- the last 7 loaded days. Days at or over 95 % of the daily budget that was in force count as out of budget. Sponsored TV
-- is left out: its campaigns are not listed, so that nobody knows their budgets.
WITH thresholds AS (
    SELECT
        0.95 AS out_of_budget_share,
        30 AS watched_days,
        3 AS limited_from_days,
        80.0 AS behind_below_percent,
        105.0 AS over_above_percent
),
days AS (
    SELECT profile_id, ad_product, date FROM loaded_days
    WHERE report_type IN ('spCampaigns', 'sbCampaigns', 'sdCampaigns')
),
ends AS (SELECT profile_id, ad_product, max(date) AS figures_until FROM days GROUP BY profile_id, ad_product),
profile_ends AS (SELECT profile_id, max(figures_until) AS figures_until FROM ends GROUP BY profile_id),
campaign_budgets AS (
    SELECT
        c.account, c.profile_id, c.currency_code, 'campaign' AS level, c.ad_product, c.campaign_id, c.portfolio_id,
        c.name, c.state, c.removed_at, coalesce(c.effective_budget, c.budget) AS budget,
        coalesce(c.budget_type, 'DAILY') AS budget_type, c.start_date, c.end_date, e.figures_until
    FROM campaigns_history AS c
    LEFT JOIN ends AS e ON e.profile_id = c.profile_id AND e.ad_product = c.ad_product
    WHERE c.valid_to IS NULL AND c.removed_at IS NULL AND c.budget > 0
),
portfolio_budgets AS (
    SELECT
        f.account, f.profile_id, coalesce(f.budget_currency_code, f.currency_code) AS currency_code,
        'portfolio' AS level, f.portfolio_id, f.name, f.state, f.in_budget, f.budget_amount AS budget,
        CASE f.budget_policy WHEN 'DATE_RANGE' THEN 'DATE_RANGE' ELSE 'MONTHLY' END AS budget_type,
        f.budget_start_date AS start_date, f.budget_end_date AS end_date, e.figures_until
    FROM portfolios_history AS f
    LEFT JOIN profile_ends AS e ON e.profile_id = f.profile_id
    WHERE f.valid_to IS NULL AND f.removed_at IS NULL AND f.budget_amount > 0
),
profile_budgets AS (
    SELECT
        any_value(c.account) AS account, c.profile_id, c.currency_code, 'profile' AS level, any_value(p.name) AS name,
        'ENABLED' AS state, sum(c.budget)::DECIMAL(18, 6) AS budget, 'DAILY' AS budget_type,
        any_value(e.figures_until) AS figures_until
    FROM campaign_budgets AS c
    LEFT JOIN profile_ends AS e ON e.profile_id = c.profile_id
    LEFT JOIN profiles AS p ON p.profile_id = c.profile_id
    WHERE c.state = 'ENABLED' AND c.budget_type = 'DAILY'
        AND coalesce(c.start_date <= e.figures_until, true) AND coalesce(c.end_date >= e.figures_until, true)
    GROUP BY c.profile_id, c.currency_code
),
all_budgets AS (
    FROM campaign_budgets UNION ALL BY NAME FROM portfolio_budgets UNION ALL BY NAME FROM profile_budgets
),
budgets AS (
    SELECT
        *, coalesce(campaign_id, portfolio_id, profile_id) AS id, coalesce(ad_product, '') AS product,
        CASE WHEN budget_type = 'DAILY' THEN budget END AS daily_budget,
        CASE
            WHEN budget_type IN ('DAILY', 'MONTHLY') THEN
                greatest(date_trunc('month', figures_until)::DATE, start_date)  -- greatest and least pass over NULLs
            ELSE start_date
        END AS period_start,
        CASE
            WHEN budget_type IN ('DAILY', 'MONTHLY') THEN least(last_day(figures_until), end_date)
            ELSE end_date
        END AS period_end
    FROM all_budgets
),
-- What a day of a campaign had for a budget: the last version of that day, or the first there is for days before it.
versions AS (
    SELECT
        profile_id, ad_product, campaign_id, coalesce(effective_budget, budget) AS budget,
        CASE
            WHEN lag(valid_from) OVER (PARTITION BY profile_id, ad_product, campaign_id ORDER BY valid_from) IS NULL
                THEN TIMESTAMP '1970-01-01'
            ELSE timezone('UTC', valid_from)
        END AS since
    FROM campaigns_history
),
costs AS (
    SELECT profile_id, currency_code, ad_product, campaign_id, portfolio_id, date, cost
    FROM metrics_by_campaign
    WHERE ad_product <> 'SPONSORED_TELEVISION'
        AND date >= (SELECT min(least(period_start, figures_until - watched_days + 1)) FROM budgets, thresholds)
),
daily AS (
    SELECT
        'campaign' AS level, c.profile_id, c.currency_code, c.ad_product AS product, c.campaign_id AS id, c.date, c.cost,
        c.cost >= (SELECT out_of_budget_share FROM thresholds) * v.budget AS is_out_of_budget
    FROM costs AS c
    ASOF LEFT JOIN versions AS v
        ON v.profile_id = c.profile_id AND v.ad_product = c.ad_product AND v.campaign_id = c.campaign_id
        AND c.date + INTERVAL 1 DAY >= v.since
    UNION ALL
    SELECT 'portfolio', profile_id, currency_code, '', portfolio_id, date, sum(cost), NULL
    FROM costs WHERE portfolio_id IS NOT NULL GROUP BY profile_id, currency_code, portfolio_id, date
    UNION ALL
    SELECT 'profile', profile_id, currency_code, '', profile_id, date, sum(cost), NULL
    FROM costs GROUP BY profile_id, currency_code, date
),
spent AS (
    SELECT
        b.level, b.profile_id, b.currency_code, b.product, b.id,
        sum(d.cost) FILTER (d.date = b.figures_until) AS cost_last_day,
        sum(d.cost) FILTER (d.date > b.figures_until - 7) AS cost_last_7_days,
        count(*) FILTER (d.is_out_of_budget AND d.date > b.figures_until - t.watched_days) AS days_out_of_budget,
        sum(d.cost) FILTER (d.date >= b.period_start AND coalesce(d.date <= b.period_end, true)) AS cost_in_period
    FROM budgets AS b
    CROSS JOIN thresholds AS t
    JOIN daily AS d
        ON d.level = b.level AND d.profile_id = b.profile_id AND d.currency_code = b.currency_code
        AND d.product = b.product AND d.id = b.id
        AND d.date BETWEEN least(b.period_start, b.figures_until - t.watched_days + 1) AND b.figures_until
    GROUP BY b.level, b.profile_id, b.currency_code, b.product, b.id
),
days_of AS (
    SELECT profile_id, ad_product AS product, date FROM days
    UNION
    SELECT profile_id, '' AS product, date FROM days
),
days_loaded AS (
    SELECT
        b.profile_id, b.product, b.figures_until, b.period_start,
        count(*) FILTER (d.date > b.figures_until - 7) AS last_7_days,
        count(*) FILTER (d.date > b.figures_until - t.watched_days) AS watched_days,
        count(*) FILTER (d.date >= b.period_start) AS period_days
    FROM (SELECT DISTINCT profile_id, product, figures_until, period_start FROM budgets) AS b
    CROSS JOIN thresholds AS t
    JOIN days_of AS d ON d.profile_id = b.profile_id AND d.product = b.product AND d.date <= b.figures_until
    GROUP BY b.profile_id, b.product, b.figures_until, b.period_start
),
measured AS (
    SELECT
        b.*,
        coalesce(s.cost_last_day, 0) AS cost_last_day, coalesce(s.cost_last_7_days, 0) AS cost_last_7_days,
        coalesce(s.cost_in_period, 0) AS cost_in_period,
        CASE WHEN b.level = 'campaign' AND b.budget_type = 'DAILY' THEN coalesce(s.days_out_of_budget, 0) END
            AS days_out_of_budget,
        l.last_7_days AS days_loaded_last_7_days, l.watched_days AS days_loaded_last_30_days,
        -- Loaded days are known of the newest 100 days; a period that began before is taken to be loaded.
        CASE
            WHEN b.period_start > b.figures_until - 100 THEN l.period_days
            ELSE b.figures_until - b.period_start + 1
        END AS period_days_loaded,
        b.period_end - b.period_start + 1 AS period_days,
        greatest(b.period_end - b.figures_until, 0) AS days_left,
        (b.budget * CASE WHEN b.budget_type = 'DAILY' THEN b.period_end - b.period_start + 1 ELSE 1 END)::DECIMAL(38, 6)
            AS period_budget
    FROM budgets AS b
    LEFT JOIN spent AS s
        ON s.level = b.level AND s.profile_id = b.profile_id AND s.currency_code = b.currency_code
        AND s.product = b.product AND s.id = b.id
    LEFT JOIN days_loaded AS l
        ON l.profile_id = b.profile_id AND l.product = b.product AND l.figures_until = b.figures_until
        AND l.period_start IS NOT DISTINCT FROM b.period_start
),
projected AS (
    SELECT
        *,
        cost_in_period + (cost_last_7_days::DOUBLE / nullif(days_loaded_last_7_days, 0) * days_left)::DECIMAL(38, 6)
            AS projected_cost,
        100 * cost_last_day::DOUBLE / daily_budget AS last_day_percent,
        100 * cost_last_7_days::DOUBLE / (daily_budget * nullif(days_loaded_last_7_days, 0)) AS last_7_days_percent,
        100 * cost_in_period::DOUBLE / period_budget AS period_percent,
        100 * cost_in_period::DOUBLE / (period_budget::DOUBLE * period_days_loaded / period_days) AS pace_percent
    FROM measured
),
judged AS (
    SELECT
        *, 100 * projected_cost::DOUBLE / period_budget AS projected_percent,
        CASE
            WHEN figures_until IS NULL THEN 'no figures'
            WHEN state <> 'ENABLED' OR figures_until < start_date OR figures_until > end_date THEN 'not running'
            WHEN cost_last_7_days = 0 THEN 'no spend'
            WHEN in_budget = false
                OR (level = 'campaign' AND cost_last_day >= out_of_budget_share * daily_budget)
                OR (budget_type = 'LIFETIME' AND cost_in_period >= out_of_budget_share * budget)
                THEN 'out of budget'
            WHEN days_out_of_budget >= limited_from_days THEN 'limited by budget'
            WHEN 100 * projected_cost::DOUBLE / period_budget > over_above_percent THEN 'over budget'
            WHEN pace_percent < behind_below_percent THEN 'behind'
            ELSE 'on pace'
        END AS status
    FROM projected CROSS JOIN thresholds
)
SELECT
    j.account, j.profile_id, p.name AS profile_name, p.country_code, j.currency_code, j.level, j.ad_product,
    j.campaign_id, j.portfolio_id, j.name, j.state, j.budget, j.budget_type, j.daily_budget, j.figures_until,
    j.cost_last_day, j.last_day_percent, j.cost_last_7_days, j.last_7_days_percent,
    j.days_out_of_budget AS days_out_of_budget_last_30_days, j.days_loaded_last_30_days,
    j.period_start, j.period_end, j.period_days_loaded, j.period_budget, j.cost_in_period, j.period_percent,
    j.pace_percent, j.projected_cost, j.projected_percent, j.status,
    trim(format(
        '{}: {} {}. {}{}',
        coalesce(p.name, j.profile_id::VARCHAR),
        CASE j.level WHEN 'profile' THEN 'the sum of all running campaigns' ELSE format('{} "{}"', j.level, j.name) END,
        CASE j.status
            WHEN 'no figures' THEN 'has no loaded day'
            WHEN 'not running' THEN 'is not running'
            WHEN 'no spend' THEN format('spent nothing from {} to {}', j.figures_until - 6, j.figures_until)
            WHEN 'out of budget' THEN format('is out of budget on {}', j.figures_until)
            WHEN 'limited by budget' THEN format(
                'was out of budget on {} of the {} loaded days until {}',
                j.days_out_of_budget, j.days_loaded_last_30_days, j.figures_until
            )
            WHEN 'over budget' THEN format('will be over budget on {}', j.period_end)
            WHEN 'behind' THEN format('is behind its budget on {}', j.figures_until)
            ELSE format('is on pace on {}', j.figures_until)
        END,
        CASE
            WHEN j.daily_budget IS NOT NULL AND j.figures_until IS NOT NULL THEN format(
                'Last day {:,.2f} of {:,.2f} {} a day. ',
                j.cost_last_day::DOUBLE, j.daily_budget::DOUBLE, j.currency_code
            )
            ELSE ''
        END,
        CASE
            WHEN j.projected_cost IS NOT NULL THEN format(
                '{:,.2f} of {:,.2f} {} spent from {} on; {:,.2f} projected by {}.',
                j.cost_in_period::DOUBLE, j.period_budget::DOUBLE, j.currency_code, j.period_start,
                j.projected_cost::DOUBLE, j.period_end
            )
            WHEN j.cost_in_period > 0 THEN format(
                '{:,.2f} of {:,.2f} {} spent.', j.cost_in_period::DOUBLE, j.period_budget::DOUBLE, j.currency_code
            )
            ELSE ''
        END
    )) AS reason
FROM judged AS j
LEFT JOIN profiles AS p ON p.profile_id = j.profile_id;
