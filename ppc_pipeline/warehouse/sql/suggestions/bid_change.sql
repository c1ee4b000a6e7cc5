-- One row is a keyword or target whose bid is to be changed, towards the ACoS that is aimed at.
--
-- What a click is worth is the keyword's sales per click, drawn to those of the others in its ad group as if they were
-- $prior_clicks clicks of its own; these are drawn to the rest of the campaign alike, that to the rest of the profile,
-- and that to what the bid of today takes a click to be worth. So each click counts once, and few of them weigh little.
-- Adjustments by placement, and dynamic bidding, can make a click cost more than the bid. How many times the bid clicks
-- cost is reckoned with the bid that was in force on each day, so that no change of it is taken for such an adjustment;
-- what a click may cost is divided by that.
-- Only what is bid on by the click counts: where the bid is for 1,000 views (cost type VCPM, or an ad group of
-- Sponsored Display that is optimised for reach), clicks have no price.
-- Sales of Sponsored Display are those after a click, as the bid buys no view; its `sales` have both. A day of which
-- Amazon gave one of the figures and not another is no evidence.
-- A bid is lowered only where a click costs more than it may, and raised only where it costs less. It moves by
-- $bid_step_percent at most, or by the currency's smallest unit where that is more.
WITH versions AS (
    SELECT profile_id, ad_product, ad_group_id, keyword_id AS target_id, bid, valid_from FROM keywords_history
    UNION ALL
    SELECT profile_id, ad_product, ad_group_id, target_id, bid, valid_from FROM targets_history
    UNION ALL
    SELECT profile_id, ad_product, ad_group_id, NULL, default_bid, valid_from FROM ad_groups_history
),
-- The last version of a day, or the first there is for days before it.
bids_in_force AS (
    SELECT
        * EXCLUDE (valid_from),
        CASE WHEN lag(valid_from) OVER each IS NULL THEN DATE '1970-01-01' ELSE timezone('UTC', valid_from)::DATE END
            AS first_day,
        coalesce(timezone('UTC', lead(valid_from) OVER each)::DATE - 1, DATE '9999-12-31') AS last_day
    FROM versions
    WINDOW each AS (PARTITION BY profile_id, ad_product, ad_group_id, target_id ORDER BY valid_from)
),
ad_group_bids AS (FROM bids_in_force WHERE target_id IS NULL),
campaigns_paid_by_view AS (
    SELECT profile_id, ad_product, campaign_id FROM campaigns_history WHERE valid_to IS NULL AND cost_type <> 'CPC'
),
ad_groups_paid_by_view AS (
    SELECT profile_id, ad_product, ad_group_id FROM ad_groups_history
    WHERE valid_to IS NULL AND bid_optimization = 'REACH'
),
days AS (
    SELECT
        date, profile_id, currency_code, ad_product, campaign_id, ad_group_id, target_id, target_kind, target_text,
        clicks, cost, purchases, sales
    FROM metrics_by_target WHERE ad_product <> 'SPONSORED_DISPLAY'

    UNION ALL

    SELECT
        m.date, m.profile_id, m.currency_code, m.ad_product, m.campaign_id, m.ad_group_id, m.target_id, m.target_kind,
        m.target_text, m.clicks, m.cost, r.purchases_clicks, r.sales_clicks
    FROM metrics_by_target AS m
    JOIN report_sd_targeting AS r
        ON r.date = m.date AND r.profile_id = m.profile_id AND r.currency_code = m.currency_code
        AND r.campaign_id = m.campaign_id AND r.ad_group_id = m.ad_group_id AND r.targeting_id = m.target_id
    WHERE m.ad_product = 'SPONSORED_DISPLAY'
),
figures AS (
    SELECT
        a.account, a.profile_id, a.country_code, a.currency_code, a.ad_product,
        a.unit, a.minimum_bid, a.target_acos_percent, a.written,
        m.campaign_id, m.ad_group_id, m.target_id,
        d.days_from, d.days_until, d.days_loaded,
        arg_max(m.target_kind, m.date) AS target_kind, arg_max(m.target_text, m.date) AS target_text,
        sum(m.clicks)::BIGINT AS clicks, sum(m.cost) AS cost, sum(m.purchases)::BIGINT AS purchases,
        sum(m.sales) AS sales,
        sum(m.clicks * coalesce(own.bid, shared.bid))::DOUBLE AS bid_for_clicks
    FROM days AS m
    ANTI JOIN campaigns_paid_by_view AS v USING (profile_id, ad_product, campaign_id)
    ANTI JOIN ad_groups_paid_by_view AS w USING (profile_id, ad_product, ad_group_id)
    JOIN temp.advertisers AS a USING (profile_id, ad_product, currency_code)
    JOIN temp.evidence_days AS d
        ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product AND d.source = 'targets'
        AND m.date BETWEEN d.days_from AND d.days_until
    LEFT JOIN bids_in_force AS own
        ON own.profile_id = m.profile_id AND own.ad_product = m.ad_product AND own.ad_group_id = m.ad_group_id
        AND own.target_id = m.target_id AND m.date BETWEEN own.first_day AND own.last_day
    LEFT JOIN ad_group_bids AS shared
        ON shared.profile_id = m.profile_id AND shared.ad_product = m.ad_product
        AND shared.ad_group_id = m.ad_group_id AND m.date BETWEEN shared.first_day AND shared.last_day
    WHERE m.clicks IS NOT NULL AND m.cost IS NOT NULL AND m.purchases IS NOT NULL AND m.sales IS NOT NULL
    GROUP BY ALL
),
others AS (
    SELECT
        *,
        sum(clicks) OVER ad_groups - clicks AS ad_group_clicks,
        (sum(sales) OVER ad_groups - sales)::DOUBLE AS ad_group_sales,
        sum(clicks) OVER campaigns - sum(clicks) OVER ad_groups AS campaign_clicks,
        (sum(sales) OVER campaigns - sum(sales) OVER ad_groups)::DOUBLE AS campaign_sales,
        sum(clicks) OVER profiles - sum(clicks) OVER campaigns AS profile_clicks,
        (sum(sales) OVER profiles - sum(sales) OVER campaigns)::DOUBLE AS profile_sales
    FROM figures
    WINDOW
        ad_groups AS (PARTITION BY profile_id, ad_product, campaign_id, ad_group_id),
        campaigns AS (PARTITION BY profile_id, ad_product, campaign_id),
        profiles AS (PARTITION BY profile_id, ad_product)
),
enabled AS (
    SELECT profile_id, ad_product, campaign_id, ad_group_id, keyword_id AS target_id, match_type, bid
    FROM keywords_history WHERE valid_to IS NULL AND removed_at IS NULL AND state = 'ENABLED'
    UNION ALL
    SELECT profile_id, ad_product, campaign_id, ad_group_id, target_id, NULL, bid
    FROM targets_history
    WHERE valid_to IS NULL AND removed_at IS NULL AND state = 'ENABLED' AND expression_type IS DISTINCT FROM 'THEME'
),
bids AS (
    SELECT
        o.*, c.name AS campaign_name, g.name AS ad_group_name, e.match_type,
        coalesce(e.bid, g.default_bid) AS bid, o.cost::DOUBLE / o.clicks AS cpc,
        coalesce(greatest(o.cost::DOUBLE / nullif(o.bid_for_clicks, 0), 1), 1) AS times_bid
    FROM others AS o
    JOIN enabled AS e USING (profile_id, ad_product, campaign_id, ad_group_id, target_id)
    JOIN ad_groups_history AS g
        ON g.profile_id = o.profile_id AND g.ad_product = o.ad_product AND g.ad_group_id = o.ad_group_id
    JOIN campaigns_history AS c
        ON c.profile_id = o.profile_id AND c.ad_product = o.ad_product AND c.campaign_id = o.campaign_id
    WHERE o.clicks >= $minimum_clicks::INTEGER AND coalesce(e.bid, g.default_bid) > 0
        AND g.valid_to IS NULL AND g.removed_at IS NULL AND g.state = 'ENABLED'
        AND c.valid_to IS NULL AND c.removed_at IS NULL AND c.state = 'ENABLED'
        AND (c.end_date IS NULL OR c.end_date >= $today::DATE)
        AND c.bidding_strategy IS DISTINCT FROM 'RULE_BASED'
),
in_profile AS (
    SELECT
        *,
        (profile_sales + $prior_clicks * (bid::DOUBLE * times_bid * 100 / target_acos_percent))
            / (profile_clicks + $prior_clicks) AS profile_worth
    FROM bids
),
in_campaign AS (
    SELECT
        *,
        (campaign_sales + $prior_clicks * profile_worth) / (campaign_clicks + $prior_clicks) AS campaign_worth
    FROM in_profile
),
in_ad_group AS (
    SELECT
        *,
        (ad_group_sales + $prior_clicks * campaign_worth) / (ad_group_clicks + $prior_clicks) AS ad_group_worth
    FROM in_campaign
),
valued AS (
    SELECT *, (sales::DOUBLE + $prior_clicks * ad_group_worth) / (clicks + $prior_clicks) AS worth FROM in_ad_group
),
-- From here on bids are counted in the currency's smallest unit, in whole numbers.
bounded AS (
    SELECT
        *,
        worth * target_acos_percent / 100 AS affordable,
        bid::DOUBLE / unit::DOUBLE AS units,
        least(ceil(round(units * (1 - $bid_step_percent / 100.0), 6)), ceil(units) - 1) AS lowest_step,
        greatest(floor(round(units * (1 + $bid_step_percent / 100.0), 6)), floor(units) + 1) AS highest,
        greatest(lowest_step, least(units, coalesce(minimum_bid::DOUBLE / unit::DOUBLE, units))) AS lowest
    FROM valued
),
changed AS (
    SELECT
        *,
        (greatest(lowest, least(highest, round(affordable / times_bid / unit::DOUBLE)))::BIGINT * unit)::DECIMAL(18, 6)
            AS new_bid,
        new_bid::DOUBLE / bid::DOUBLE AS ratio,
        30.0 * clicks / days_loaded AS monthly_clicks
    FROM bounded
)

SELECT
    account, profile_id, country_code, currency_code, ad_product, 'bid_change' AS kind,
    campaign_id, campaign_name, ad_group_id, ad_group_name, target_id, target_kind, target_text, match_type,
    bid AS current_value, new_bid AS suggested_value,
    days_from, days_until, days_loaded, clicks, cost, purchases, sales,
    100 * cost::DOUBLE / nullif(sales, 0)::DOUBLE AS acos_percent, target_acos_percent,
    clicks / (clicks + $prior_clicks) AS confidence,
    monthly_clicks * cpc * (power(ratio, 1 + $click_elasticity) - 1) AS expected_cost_change,
    monthly_clicks * worth * (power(ratio, $click_elasticity) - 1) AS expected_sales_change,
    format(
        '{} clicks at {} brought {} purchases and {}{}. '
        || 'Drawn to the rest of its ad group, campaign and profile, a click is worth {}; '
        || 'at {:.4g} % ACoS it may cost {}.{}',
        clicks, format(written, cpc), purchases, format(written, sales::DOUBLE),
        CASE ad_product WHEN 'SPONSORED_DISPLAY' THEN ' (after a click; those after a view do not count)' ELSE '' END,
        format(written, worth),
        target_acos_percent, format(written, affordable),
        CASE WHEN times_bid > 1.005 THEN
            format(' Clicks cost {:.2f} times the bid (placements, dynamic bidding).', times_bid)
        ELSE '' END
    ) AS reason
FROM changed
WHERE abs(ratio - 1) * 100 >= $least_change_percent
    AND ((new_bid < bid AND cpc > affordable) OR (new_bid > bid AND cpc < affordable));
