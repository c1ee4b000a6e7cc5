-- One row is a search term that sells at the ACoS that is aimed at, or below, and has no exact keyword yet: to be made
-- one, or, where it is an ASIN, a product target. Not where Amazon takes no bid as low as what its clicks may cost, nor
-- where that bid is less than they cost now: it would lose sales. What somebody archived was an exact keyword too.
--
-- Its figures are over all ad groups of the profile, but those of exact keywords; campaign and ad group are those where
-- it sold most. It goes there, where they take such keywords or targets; else to an ad group that does and advertises one of
-- the same products; else the destination is NULL, and a person has to choose. What is negated anywhere in the
-- profile is left alone.
WITH totals AS (
    SELECT profile_id, ad_product, sum(clicks) AS clicks, sum(sales)::DOUBLE AS sales
    FROM temp.search_terms WHERE purpose = 'terms_to_harvest' GROUP BY ALL
),
terms AS (
    SELECT
        profile_id, ad_product, search_term, is_asin, too_long,
        arg_max(campaign_id, (purchases, sales, ad_group_id)) AS campaign_id,
        arg_max(campaign_name, (purchases, sales, ad_group_id)) AS campaign_name,
        arg_max(ad_group_name, (purchases, sales, ad_group_id)) AS ad_group_name,
        arg_max(ad_group_id, (purchases, sales, ad_group_id)) AS ad_group_id,
        any_value(days_from) AS days_from, any_value(days_until) AS days_until, any_value(days_loaded) AS days_loaded,
        sum(clicks)::BIGINT AS clicks, sum(cost) AS cost, sum(purchases)::BIGINT AS purchases, sum(sales) AS sales
    FROM temp.search_terms WHERE purpose = 'terms_to_harvest' AND NOT exact GROUP BY ALL
),
negative_keywords AS (
    SELECT profile_id, ad_product, lower(trim(keyword_text)) AS text, match_type
    FROM negative_keywords_history WHERE valid_to IS NULL AND removed_at IS NULL AND state <> 'ARCHIVED'
),
asins AS (  -- targeted or negated
    SELECT DISTINCT profile_id, ad_product, lower(unnest(json_extract_string(expression, '$[*].value'))) AS asin
    FROM (
        SELECT profile_id, ad_product, expression FROM targets_history
        WHERE valid_to IS NULL AND removed_at IS NULL AND state <> 'ARCHIVED'
        UNION ALL
        SELECT profile_id, ad_product, expression FROM negative_targets_history
        WHERE valid_to IS NULL AND removed_at IS NULL AND state <> 'ARCHIVED'
    )
),
wanted AS (
    SELECT
        t.*, a.account, a.country_code, a.currency_code, a.unit, a.minimum_bid, a.target_acos_percent, a.written,
        t.cost::DOUBLE / t.clicks AS cpc,
        -- Drawn to the profile's other terms; these, where there are none, to what keeps its clicks as they are.
        (all_terms.sales - t.sales::DOUBLE + $prior_clicks * cpc * 100 / a.target_acos_percent)
            / (all_terms.clicks - t.clicks + $prior_clicks) AS prior_worth,
        (t.sales::DOUBLE + $prior_clicks * prior_worth) / (t.clicks + $prior_clicks) AS worth
    FROM terms AS t
    JOIN totals AS all_terms USING (profile_id, ad_product)
    JOIN temp.advertisers AS a USING (profile_id, ad_product)
    WHERE t.purchases >= $harvest_purchases::INTEGER AND t.clicks > 0 AND t.cost > 0 AND NOT t.too_long
        AND 100 * t.cost::DOUBLE <= a.target_acos_percent * t.sales::DOUBLE
        AND NOT EXISTS (
            FROM keywords_history AS k
            WHERE k.profile_id = t.profile_id AND k.ad_product = t.ad_product AND k.match_type = 'EXACT'
                AND lower(trim(k.keyword_text)) = t.search_term
        )
        AND NOT EXISTS (
            FROM negative_keywords AS n
            WHERE n.profile_id = t.profile_id AND n.ad_product = t.ad_product
                AND (n.text = t.search_term
                    OR (n.match_type LIKE '%PHRASE' AND contains(' ' || t.search_term || ' ', ' ' || n.text || ' ')))
        )
        AND NOT EXISTS (
            FROM asins AS n
            WHERE n.profile_id = t.profile_id AND n.ad_product = t.ad_product AND n.asin = t.search_term
        )
),
takers AS (
    SELECT profile_id, ad_product, ad_group_id, false AS takes_asins
    FROM keywords_history WHERE valid_to IS NULL AND removed_at IS NULL AND state <> 'ARCHIVED'
    UNION
    SELECT profile_id, ad_product, ad_group_id, true
    FROM targets_history
    WHERE valid_to IS NULL AND removed_at IS NULL AND state <> 'ARCHIVED'
        AND coalesce(expression_type, '') NOT IN ('THEME', 'AUTO')
),
homes AS (
    SELECT
        t.profile_id, t.ad_product, t.takes_asins, c.campaign_id, c.name AS campaign_name,
        g.ad_group_id, g.name AS ad_group_name
    FROM takers AS t
    JOIN ad_groups_history AS g
        ON g.profile_id = t.profile_id AND g.ad_product = t.ad_product AND g.ad_group_id = t.ad_group_id
    JOIN campaigns_history AS c
        ON c.profile_id = g.profile_id AND c.ad_product = g.ad_product AND c.campaign_id = g.campaign_id
    WHERE g.valid_to IS NULL AND g.removed_at IS NULL AND g.state = 'ENABLED'
        AND c.valid_to IS NULL AND c.removed_at IS NULL AND c.state = 'ENABLED'
        AND c.targeting_type IS DISTINCT FROM 'AUTO' AND (c.end_date IS NULL OR c.end_date >= $today::DATE)
),
advertised AS (
    SELECT DISTINCT profile_id, ad_product, ad_group_id, asin FROM product_ads_history
    WHERE valid_to IS NULL AND removed_at IS NULL AND state = 'ENABLED' AND asin IS NOT NULL
),
alike AS (
    SELECT
        one.profile_id, one.ad_product, one.ad_group_id AS source_id, other.ad_group_id, count(*) AS products
    FROM advertised AS one JOIN advertised AS other USING (profile_id, ad_product, asin)
    SEMI JOIN wanted AS w
        ON w.profile_id = one.profile_id AND w.ad_product = one.ad_product AND w.ad_group_id = one.ad_group_id
    GROUP BY ALL
),
housed AS (
    SELECT w.profile_id, w.ad_product, w.search_term, h.* EXCLUDE (profile_id, ad_product)
    FROM wanted AS w
    JOIN homes AS h
        ON h.profile_id = w.profile_id AND h.ad_product = w.ad_product AND h.takes_asins = w.is_asin
    LEFT JOIN alike AS s
        ON s.profile_id = w.profile_id AND s.ad_product = w.ad_product
        AND s.source_id = w.ad_group_id AND s.ad_group_id = h.ad_group_id
    WHERE h.ad_group_id = w.ad_group_id OR s.products > 0
    QUALIFY row_number() OVER (
        PARTITION BY w.profile_id, w.ad_product, w.search_term
        ORDER BY h.ad_group_id = w.ad_group_id DESC, s.products DESC NULLS LAST, h.ad_group_id
    ) = 1
),
priced AS (
    SELECT
        w.*,
        h.campaign_id AS destination_campaign_id, h.campaign_name AS destination_campaign_name,
        h.ad_group_id AS destination_ad_group_id, h.ad_group_name AS destination_ad_group_name,
        least(w.worth * w.target_acos_percent / 100, w.cpc * (1 + $bid_step_percent / 100.0)) AS affordable,
        floor(round(affordable / w.unit::DOUBLE, 6))::BIGINT * w.unit AS new_bid,
        new_bid::DOUBLE / w.cpc AS ratio,
        30.0 * w.clicks / w.days_loaded AS monthly_clicks
    FROM wanted AS w LEFT JOIN housed AS h USING (profile_id, ad_product, search_term)
)

SELECT
    account, profile_id, country_code, currency_code, ad_product, 'harvest_search_term' AS kind,
    campaign_id, campaign_name, ad_group_id, ad_group_name,
    CASE WHEN is_asin THEN 'product' ELSE 'keyword' END AS target_kind,
    CASE WHEN is_asin THEN NULL ELSE 'EXACT' END AS match_type,
    search_term, new_bid::DECIMAL(18, 6) AS suggested_value,
    destination_campaign_id, destination_campaign_name, destination_ad_group_id, destination_ad_group_name,
    days_from, days_until, days_loaded, clicks, cost, purchases, sales,
    100 * cost::DOUBLE / sales::DOUBLE AS acos_percent, target_acos_percent,
    clicks / (clicks + $prior_clicks) AS confidence,
    monthly_clicks * cpc * (power(ratio, 1 + $click_elasticity) - 1) AS expected_cost_change,
    monthly_clicks * worth * (power(ratio, $click_elasticity) - 1) AS expected_sales_change,
    format(
        '{} clicks at {} brought {} purchases and {}: {:.1f} % ACoS, where {:.4g} % is aimed at. '
        || 'The profile bids on it nowhere by itself.{}',
        clicks, format(written, cpc), purchases, format(written, sales::DOUBLE),
        100 * cost::DOUBLE / sales::DOUBLE, target_acos_percent,
        CASE WHEN destination_ad_group_id IS NULL THEN
            ' No ad group of a manual campaign advertises the same products and takes it: choose or make one.'
        ELSE '' END
    ) AS reason
FROM priced
WHERE new_bid >= coalesce(minimum_bid, unit) AND expected_sales_change >= 0;
