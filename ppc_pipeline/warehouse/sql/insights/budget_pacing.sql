-- One row is a budget as of now and what was spent of it: of a campaign, of a portfolio, or of all running campaigns of
-- a profile together.
-- Grain: profile_id, currency_code, level, ad_product, campaign_id, portfolio_id (those of other levels are NULL).
--
-- A budget is for a period: a daily one for the calendar month of the last loaded day (daily budget x days), a portfolio's
-- for that month or for its own dates, a campaign's lifetime budget for the campaign's dates. The pace is what was spent
-- over what the loaded days of the period have of the budget; the projection adds, for the days to come, the average of
-- the last 7 loaded days. Where a day of the period so far is not loaded, nobody knows what was spent in all; the
-- projection takes such a day as the average of the period's loaded ones, if at least half are loaded, and the reason
-- says how many are missing. Days at or over 95 % of the daily budget that was in force count as out of budget.
--
-- Each ad product's days come by themselves. A day of a profile or portfolio counts as loaded where all ad products that
-- its running campaigns are of are loaded; one that is not loaded at all, or late by weeks, is left out with its budgets
-- and its cost, and the reason names it. Sponsored TV is left out: its campaigns are not listed, so that nobody knows their budgets.
WITH thresholds AS (
    SELECT
        0.95 AS out_of_budget_share,
        30 AS watched_days,
        3 AS limited_from_days,
        80.0 AS behind_below_percent,
        105.0 AS over_above_percent,
        14 AS most_days_late,
        0.5 AS least_loaded_share
),
products AS (
    FROM (VALUES
        ('spCampaigns', 'SPONSORED_PRODUCTS', 'Sponsored Products'),
        ('sbCampaigns', 'SPONSORED_BRANDS', 'Sponsored Brands'),
        ('sdCampaigns', 'SPONSORED_DISPLAY', 'Sponsored Display')
    ) AS products(report_type, ad_product, written)
),
days AS (
    SELECT r.profile_id, p.ad_product, r.date
    FROM covered_days AS r JOIN products AS p ON p.report_type = r.report_type
),
ends AS (
    SELECT
        d.profile_id, d.ad_product, max(d.date) AS figures_until,
        max(max(d.date)) OVER (PARTITION BY d.profile_id) - max(d.date) AS days_late,
        days_late <= any_value(t.most_days_late) AS is_current
    FROM days AS d CROSS JOIN thresholds AS t GROUP BY d.profile_id, d.ad_product
),
listed_campaigns AS (
    SELECT
        c.account, c.profile_id, c.currency_code, 'campaign' AS level, c.ad_product, c.campaign_id, c.portfolio_id,
        c.name, c.state, coalesce(c.effective_budget, c.budget) AS budget,
        coalesce(c.budget_type, 'DAILY') AS budget_type, c.start_date, c.end_date, [c.ad_product] AS ad_products,
        coalesce(e.is_current, false) AS is_current,
        CASE
            WHEN e.profile_id IS NULL THEN format('{}, of which no day is loaded', coalesce(o.written, c.ad_product))
            WHEN NOT e.is_current THEN format('{}, whose days are {} days late', o.written, e.days_late)
        END AS lateness,
        c.state = 'ENABLED' AND coalesce(c.start_date <= e.figures_until, true)
            AND coalesce(c.end_date >= e.figures_until, true) AS is_running
    FROM campaigns_history AS c
    LEFT JOIN products AS o ON o.ad_product = c.ad_product
    LEFT JOIN ends AS e ON e.profile_id = c.profile_id AND e.ad_product = c.ad_product
    WHERE c.valid_to IS NULL AND c.removed_at IS NULL
),
campaign_budgets AS (SELECT * EXCLUDE (is_current, lateness, is_running) FROM listed_campaigns WHERE budget > 0),
portfolio_products AS (
    SELECT
        profile_id, portfolio_id,
        coalesce(list(DISTINCT ad_product) FILTER (is_current), list(DISTINCT ad_product)) AS ad_products,
        CASE WHEN bool_or(is_current) THEN string_agg(DISTINCT lateness, '; ' ORDER BY lateness) END AS left_out
    FROM listed_campaigns WHERE is_running AND portfolio_id IS NOT NULL GROUP BY profile_id, portfolio_id
),
portfolio_budgets AS (
    SELECT
        f.account, f.profile_id, coalesce(f.budget_currency_code, f.currency_code) AS currency_code,
        'portfolio' AS level, f.portfolio_id, f.name, f.state, f.in_budget, f.budget_amount AS budget,
        CASE f.budget_policy WHEN 'DATE_RANGE' THEN 'DATE_RANGE' ELSE 'MONTHLY' END AS budget_type,
        f.budget_start_date AS start_date, f.budget_end_date AS end_date,
        coalesce(o.ad_products, e.ad_products) AS ad_products, o.left_out
    FROM portfolios_history AS f
    LEFT JOIN portfolio_products AS o ON o.profile_id = f.profile_id AND o.portfolio_id = f.portfolio_id
    LEFT JOIN (SELECT profile_id, list(ad_product) AS ad_products FROM ends WHERE is_current GROUP BY profile_id) AS e
        ON e.profile_id = f.profile_id
    WHERE f.valid_to IS NULL AND f.removed_at IS NULL AND f.budget_amount > 0
),
profile_budgets AS (
    SELECT
        any_value(c.account) AS account, c.profile_id, c.currency_code, 'profile' AS level, any_value(p.name) AS name,
        'ENABLED' AS state, 'DAILY' AS budget_type,
        coalesce(sum(c.budget) FILTER (c.is_current), sum(c.budget))::DECIMAL(18, 6) AS budget,
        coalesce(list(DISTINCT c.ad_product) FILTER (c.is_current), list(DISTINCT c.ad_product)) AS ad_products,
        CASE WHEN bool_or(c.is_current) THEN string_agg(DISTINCT c.lateness, '; ' ORDER BY c.lateness) END AS left_out
    FROM listed_campaigns AS c
    LEFT JOIN profiles AS p ON p.profile_id = c.profile_id
    WHERE c.is_running AND c.budget_type = 'DAILY' AND c.budget > 0
    GROUP BY c.profile_id, c.currency_code
),
all_budgets AS (
    SELECT * REPLACE (list_sort(ad_products) AS ad_products) FROM (
        FROM campaign_budgets UNION ALL BY NAME FROM portfolio_budgets UNION ALL BY NAME FROM profile_budgets
    )
),
whole_days AS (  -- the days that all of some ad products are loaded of
    SELECT s.profile_id, s.ad_products, d.date
    FROM (SELECT DISTINCT profile_id, ad_products FROM all_budgets) AS s
    JOIN days AS d ON d.profile_id = s.profile_id AND list_contains(s.ad_products, d.ad_product)
    GROUP BY s.profile_id, s.ad_products, d.date
    HAVING count(*) = len(s.ad_products)
),
whole_ends AS (
    SELECT profile_id, ad_products, max(date) AS figures_until FROM whole_days GROUP BY profile_id, ad_products
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
    FROM all_budgets LEFT JOIN whole_ends USING (profile_id, ad_products)
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
    SELECT m.profile_id, m.currency_code, m.ad_product, m.campaign_id, m.portfolio_id, m.date, m.cost, e.is_current
    FROM metrics_by_campaign AS m
    JOIN ends AS e ON e.profile_id = m.profile_id AND e.ad_product = m.ad_product
    WHERE m.date >= (SELECT min(least(period_start, figures_until - watched_days + 1)) FROM budgets, thresholds)
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
    FROM costs WHERE is_current AND portfolio_id IS NOT NULL GROUP BY profile_id, currency_code, portfolio_id, date
    UNION ALL
    SELECT 'profile', profile_id, currency_code, '', profile_id, date, sum(cost), NULL
    FROM costs WHERE is_current GROUP BY profile_id, currency_code, date
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
    JOIN whole_days AS w ON w.profile_id = b.profile_id AND w.ad_products = b.ad_products AND w.date = d.date
    GROUP BY b.level, b.profile_id, b.currency_code, b.product, b.id
),
days_loaded AS (
    SELECT
        b.profile_id, b.ad_products, b.period_start, b.period_end,
        count(*) FILTER (d.date > b.figures_until - 7) AS last_7_days,
        count(*) FILTER (d.date > b.figures_until - t.watched_days) AS watched_days,
        count(*) FILTER (d.date >= b.period_start AND coalesce(d.date <= b.period_end, true)) AS period_days
    FROM (SELECT DISTINCT profile_id, ad_products, figures_until, period_start, period_end FROM budgets) AS b
    CROSS JOIN thresholds AS t
    JOIN whole_days AS d ON d.profile_id = b.profile_id AND d.ad_products = b.ad_products
    GROUP BY b.profile_id, b.ad_products, b.period_start, b.period_end
),
measured AS (
    SELECT
        b.*,
        coalesce(s.cost_last_day, 0) AS cost_last_day, coalesce(s.cost_last_7_days, 0) AS cost_last_7_days,
        coalesce(s.cost_in_period, 0) AS cost_in_period,
        CASE WHEN b.level = 'campaign' AND b.budget_type = 'DAILY' THEN coalesce(s.days_out_of_budget, 0) END
            AS days_out_of_budget,
        l.last_7_days AS days_loaded_last_7_days, l.watched_days AS days_loaded_last_30_days,
        l.period_days AS period_days_loaded,
        greatest(least(b.figures_until, b.period_end) - b.period_start + 1, 0) AS period_days_so_far,
        b.period_end - b.period_start + 1 AS period_days,
        greatest(b.period_end - b.figures_until, 0) AS days_left,
        coalesce(s.cost_in_period, 0)::DOUBLE / nullif(l.period_days, 0) AS cost_a_day,
        (b.budget * CASE WHEN b.budget_type = 'DAILY' THEN b.period_end - b.period_start + 1 ELSE 1 END)::DECIMAL(38, 6)
            AS period_budget
    FROM budgets AS b
    LEFT JOIN spent AS s
        ON s.level = b.level AND s.profile_id = b.profile_id AND s.currency_code = b.currency_code
        AND s.product = b.product AND s.id = b.id
    LEFT JOIN days_loaded AS l
        ON l.profile_id = b.profile_id AND l.ad_products = b.ad_products
        AND l.period_start IS NOT DISTINCT FROM b.period_start AND l.period_end IS NOT DISTINCT FROM b.period_end
),
projected AS (
    SELECT
        *, (period_budget::DOUBLE * period_days_loaded / nullif(period_days, 0))::DECIMAL(38, 6) AS loaded_budget,
        period_days_so_far - period_days_loaded AS days_missing,
        CASE
            WHEN period_end IS NOT NULL AND period_days_loaded >= least_loaded_share * period_days_so_far THEN
                cost_in_period + coalesce(cost_a_day * days_missing, 0)::DECIMAL(38, 6)
                + (cost_last_7_days::DOUBLE / nullif(days_loaded_last_7_days, 0) * days_left)::DECIMAL(38, 6)
        END AS projected_cost,
        100 * cost_last_day::DOUBLE / daily_budget AS last_day_percent,
        100 * cost_last_7_days::DOUBLE / (daily_budget * nullif(days_loaded_last_7_days, 0)) AS last_7_days_percent,
        CASE WHEN days_missing = 0 THEN 100 * cost_in_period::DOUBLE / period_budget END AS period_percent,
        100 * cost_in_period::DOUBLE / nullif(period_budget::DOUBLE * period_days_loaded / nullif(period_days, 0), 0)
            AS pace_percent
    FROM measured CROSS JOIN thresholds
),
judged AS (
    SELECT
        projected.*, 100 * projected_cost::DOUBLE / period_budget AS projected_percent,
        coalesce(w.written, '{:,.2f}') AS written,
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
            WHEN pace_percent IS NULL AND days_missing > 0 THEN 'not known'
            ELSE 'on pace'
        END AS status
    FROM projected LEFT JOIN whole_currencies AS w USING (currency_code)
)
SELECT
    j.account, j.profile_id, p.name AS profile_name, p.country_code, j.currency_code, j.level, j.ad_product,
    j.campaign_id, j.portfolio_id, j.name, j.state, j.budget, j.budget_type, j.daily_budget, j.figures_until,
    j.cost_last_day, j.last_day_percent, j.cost_last_7_days, j.last_7_days_percent,
    j.days_out_of_budget AS days_out_of_budget_last_30_days, j.days_loaded_last_30_days,
    j.period_start, j.period_end, j.period_days_loaded, j.period_budget, j.cost_in_period, j.period_percent,
    j.pace_percent, j.projected_cost, j.projected_percent, j.status,
    trim(format(
        '{}: {}{} {}. {}{}',
        coalesce(p.name, j.profile_id::VARCHAR),
        CASE j.level WHEN 'profile' THEN 'the sum of all running campaigns' ELSE format('{} "{}"', j.level, j.name) END,
        coalesce(format(' (without {})', j.left_out), ''),
        CASE j.status
            WHEN 'no figures' THEN 'has no loaded day'
            WHEN 'not running' THEN 'is not running'
            WHEN 'no spend' THEN format('spent nothing from {} to {}', j.figures_until - 6, j.figures_until)
            WHEN 'out of budget' THEN format('is out of budget on {}', j.figures_until)
            WHEN 'limited by budget' THEN format(
                'was out of budget on {} of the {} loaded days until {}',
                j.days_out_of_budget, j.days_loaded_last_30_days, j.figures_until
            )
            WHEN 'over budget' THEN
                CASE
                    WHEN j.cost_in_period > j.period_budget
                        THEN format('is already over its budget of {} to {}', j.period_start, j.period_end)
                    ELSE format('will be over budget on {}', j.period_end)
                END
            WHEN 'behind' THEN format('is behind its budget on {}', j.figures_until)
            WHEN 'not known' THEN 'has days that are not loaded, and no end to pace it by'
            ELSE format('is on pace on {}', j.figures_until)
        END,
        CASE
            WHEN j.daily_budget IS NOT NULL AND j.figures_until IS NOT NULL THEN format(
                'Last day {} of {} {} a day. ',
                format(j.written, j.cost_last_day::DOUBLE), format(j.written, j.daily_budget::DOUBLE), j.currency_code
            )
            ELSE ''
        END,
        CASE
            WHEN j.projected_cost IS NOT NULL THEN format(
                '{} of {} {} spent from {} on{}; {} projected by {}.',
                format(j.written, j.cost_in_period::DOUBLE), format(j.written, j.period_budget::DOUBLE), j.currency_code,
                j.period_start,
                CASE
                    WHEN j.days_missing > 0 THEN format(
                        ' ({} of {} days missing, taken as the average of the others)',
                        j.days_missing, j.period_days_so_far
                    )
                    ELSE ''
                END,
                format(j.written, j.projected_cost::DOUBLE), j.period_end
            )
            WHEN j.days_missing > 0 THEN format(
                '{}{} {} spent on the days loaded, {} of {} since {}.', format(j.written, j.cost_in_period::DOUBLE),
                coalesce(' of ' || format(j.written, j.loaded_budget::DOUBLE), ''), j.currency_code, j.period_days_loaded,
                j.period_days_so_far, j.period_start
            )
            WHEN j.cost_in_period > 0 THEN format(
                '{} of {} {} spent.', format(j.written, j.cost_in_period::DOUBLE),
                format(j.written, j.period_budget::DOUBLE), j.currency_code
            )
            ELSE ''
        END
    )) AS reason
FROM judged AS j
LEFT JOIN profiles AS p ON p.profile_id = j.profile_id;
