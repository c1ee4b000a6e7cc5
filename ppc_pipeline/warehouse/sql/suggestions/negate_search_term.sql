-- One row is a search term of one ad group that costs and does not sell: to be negated there.
--
-- It has no purchase within any window, not of the youngest days either, though with its clicks one was to be expected:
-- with the campaign's conversion rate (drawn to the profile's as if that were $prior_clicks clicks) the chance of none is
-- less than $chance_percent. Clicks are those whose attribution window is over.
-- And it has cost what the profile pays for a purchase, $negate_cost_share times. Terms of exact keywords are left out.
WITH terms AS (FROM temp.search_terms WHERE purpose = 'terms_to_negate'),
totals AS (
    SELECT
        profile_id, ad_product, sum(clicks) AS clicks, sum(purchases)::BIGINT AS purchases,
        sum(cost)::DOUBLE / nullif(sum(purchases), 0) AS cost_per_purchase
    FROM terms GROUP BY ALL
),
rates AS (
    SELECT
        s.profile_id, s.ad_product, s.campaign_id, any_value(t.cost_per_purchase) AS cost_per_purchase,
        (sum(s.purchases) + $prior_clicks * any_value(t.purchases / t.clicks)) / (sum(s.clicks) + $prior_clicks)
            AS conversion
    FROM terms AS s JOIN totals AS t USING (profile_id, ad_product)
    GROUP BY ALL
),
sold AS (
    SELECT DISTINCT m.profile_id, m.ad_product, m.ad_group_id, lower(trim(m.search_term)) AS search_term
    FROM metrics_by_search_term AS m
    JOIN temp.evidence_days AS d
        ON d.profile_id = m.profile_id AND d.ad_product = m.ad_product AND d.source = 'terms_to_negate'
    WHERE m.date >= d.days_from
        AND greatest(
            m.purchases, m.purchases_7d, m.purchases_14d, m.purchases_30d, m.sales, m.sales_7d, m.sales_14d, m.sales_30d
        ) > 0
),
wasted AS (
    SELECT
        s.*, a.account, a.country_code, a.currency_code, a.target_acos_percent, a.written,
        r.conversion, r.cost_per_purchase,
        power(1 - least(r.conversion, 1), s.clicks) AS chance
    FROM terms AS s
    JOIN rates AS r USING (profile_id, ad_product, campaign_id)
    JOIN temp.advertisers AS a USING (profile_id, ad_product)
    ANTI JOIN sold USING (profile_id, ad_product, ad_group_id, search_term)
    WHERE NOT s.exact AND NOT s.too_long
),
in_ad_group AS (  -- what is bid on by itself, or negated
    SELECT profile_id, ad_product, campaign_id, ad_group_id, lower(trim(keyword_text)) AS text, match_type
    FROM keywords_history
    WHERE valid_to IS NULL AND removed_at IS NULL AND state <> 'ARCHIVED' AND match_type = 'EXACT'
    UNION ALL
    SELECT profile_id, ad_product, campaign_id, ad_group_id, lower(trim(keyword_text)), match_type
    FROM negative_keywords_history WHERE valid_to IS NULL AND removed_at IS NULL AND state <> 'ARCHIVED'
    UNION ALL
    SELECT
        profile_id, ad_product, campaign_id, ad_group_id,
        lower(unnest(json_extract_string(expression, '$[*].value'))), 'ASIN'
    FROM (
        SELECT profile_id, ad_product, campaign_id, ad_group_id, expression FROM targets_history
        WHERE valid_to IS NULL AND removed_at IS NULL AND state <> 'ARCHIVED'
        UNION ALL
        SELECT profile_id, ad_product, campaign_id, ad_group_id, expression FROM negative_targets_history
        WHERE valid_to IS NULL AND removed_at IS NULL AND state <> 'ARCHIVED'
    )
)

SELECT
    w.account, w.profile_id, w.country_code, w.currency_code, w.ad_product, 'negate_search_term' AS kind,
    w.campaign_id, c.name AS campaign_name, w.ad_group_id, g.name AS ad_group_name,
    CASE WHEN w.is_asin THEN 'product' ELSE 'keyword' END AS target_kind,
    CASE WHEN w.is_asin THEN NULL ELSE 'NEGATIVE_EXACT' END AS match_type,
    w.search_term,
    w.days_from, w.days_until, w.days_loaded, w.clicks, w.cost, w.purchases, w.sales,
    NULL::DOUBLE AS acos_percent, w.target_acos_percent,
    1 - w.chance AS confidence,
    -30.0 * w.cost::DOUBLE / w.days_loaded AS expected_cost_change, 0.0 AS expected_sales_change,
    format(
        '{} clicks for {} brought no purchase. '
        || 'At the {:.1f} % of the campaign''s clicks that lead to one, the chance of that is {:.1f} %.',
        w.clicks, format(w.written, w.cost::DOUBLE), 100 * w.conversion, 100 * w.chance
    ) AS reason
FROM wasted AS w
JOIN ad_groups_history AS g
    ON g.profile_id = w.profile_id AND g.ad_product = w.ad_product AND g.ad_group_id = w.ad_group_id
JOIN campaigns_history AS c
    ON c.profile_id = w.profile_id AND c.ad_product = w.ad_product AND c.campaign_id = w.campaign_id
WHERE g.valid_to IS NULL AND g.removed_at IS NULL AND g.state = 'ENABLED'
    AND c.valid_to IS NULL AND c.removed_at IS NULL AND c.state = 'ENABLED'
    AND (c.end_date IS NULL OR c.end_date >= $today::DATE)
    AND 100 * w.chance < $chance_percent AND w.cost::DOUBLE >= $negate_cost_share * w.cost_per_purchase
    AND NOT EXISTS (
        FROM in_ad_group AS n
        WHERE n.profile_id = w.profile_id AND n.ad_product = w.ad_product AND n.campaign_id = w.campaign_id
            AND (n.ad_group_id IS NULL OR n.ad_group_id = w.ad_group_id)  -- NULL: of the whole campaign
            AND (n.text = w.search_term
                OR (n.match_type LIKE '%PHRASE' AND contains(' ' || w.search_term || ' ', ' ' || n.text || ' ')))
    );
