-- One row is a day of one search term that led to clicks, by the keyword or target that it was matched to.
-- Grain: date, profile_id, currency_code, ad_product, campaign_id, ad_group_id, target_id, target_text, match_type,
-- search_term.
--
-- Amazon gives search terms with at least one click, so that sums are less than those of targets. Those of Sponsored
-- Brands have no target_id in some rows; nor does Amazon say who is new to the brand here.
WITH sums AS (
    SELECT
        r.date, r.account, r.profile_id, p.country_code, r.currency_code, 'SPONSORED_PRODUCTS' AS ad_product,
        r.campaign_id, r.campaign_name, r.ad_group_id, r.ad_group_name, r.keyword_id AS target_id,
        CASE
            WHEN r.keyword_type IN ('BROAD', 'PHRASE', 'EXACT') THEN 'keyword'
            WHEN r.keyword_type = 'TARGETING_EXPRESSION_PREDEFINED' THEN 'auto'
            WHEN starts_with(r.keyword, 'category') THEN 'category'
            WHEN starts_with(r.keyword, 'keyword-group') THEN 'keyword_group'
            WHEN r.keyword_type = 'TARGETING_EXPRESSION' THEN 'product'
            ELSE 'other'
        END AS target_kind,
        r.targeting AS target_text,
        CASE WHEN r.keyword_type IN ('BROAD', 'PHRASE', 'EXACT') THEN r.match_type END AS match_type,
        r.search_term,
        r.impressions, r.clicks, r.cost,
        CASE p.account_type WHEN 'seller' THEN r.purchases_7d WHEN 'vendor' THEN r.purchases_14d END AS purchases,
        CASE p.account_type WHEN 'seller' THEN r.sales_7d WHEN 'vendor' THEN r.sales_14d END AS sales,
        CASE p.account_type WHEN 'seller' THEN r.units_sold_clicks_7d WHEN 'vendor' THEN r.units_sold_clicks_14d END
            AS units,
        r.purchases_7d, r.purchases_14d, r.purchases_30d,
        r.sales_7d, r.sales_14d, r.sales_30d,
        r.units_sold_clicks_7d AS units_7d, r.units_sold_clicks_14d AS units_14d, r.units_sold_clicks_30d AS units_30d,
        NULL::BIGINT AS new_to_brand_purchases, NULL::DECIMAL(18, 6) AS new_to_brand_sales,
        NULL::BIGINT AS new_to_brand_units
    FROM report_sp_search_term AS r LEFT JOIN profiles AS p ON p.profile_id = r.profile_id

    UNION ALL BY NAME

    SELECT
        r.date, r.account, r.profile_id, p.country_code, r.currency_code, 'SPONSORED_BRANDS' AS ad_product,
        r.campaign_id, r.campaign_name, r.ad_group_id, r.ad_group_name, r.keyword_id AS target_id,
        CASE
            WHEN r.match_type IN ('BROAD', 'PHRASE', 'EXACT') THEN 'keyword'
            WHEN r.match_type = 'THEME' THEN 'theme'
            ELSE 'other'
        END AS target_kind,
        r.keyword_text AS target_text,
        r.match_type,
        r.search_term,
        r.impressions, r.clicks, r.cost, r.purchases, r.sales, r.units_sold AS units,
        r.purchases AS purchases_14d, r.sales AS sales_14d, r.units_sold AS units_14d
    FROM report_sb_search_term AS r LEFT JOIN profiles AS p ON p.profile_id = r.profile_id
)
FROM ppc_with_rates('sums');
