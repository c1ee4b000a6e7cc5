-- One row is a day's performance of one keyword or target of Sponsored Products, Brands or Display.
-- Grain: date, profile_id, currency_code, ad_product, campaign_id, ad_group_id, target_id.
--
-- A view, so that it can never disagree with the report tables: a reader sees the old day or the new one in both.
-- purchases, sales and units are of the standard window: Sponsored Products 7 days for sellers and 14 for vendors (NULL
-- where the profile is not known), Brands and Display 14 days. Those of Brands and Display follow a click or a view,
-- those of Sponsored Products a click. What Amazon does not give is NULL, never 0: Brands and Display have no
-- 7 or 30 days, Products no customers new to the brand.
WITH records AS (
    SELECT
        r.date,
        r.account,
        r.profile_id,
        p.country_code,
        r.currency_code,
        'SPONSORED_PRODUCTS' AS ad_product,
        r.campaign_id,
        r.campaign_name,
        r.ad_group_id,
        r.ad_group_name,
        r.keyword_id AS target_id,
        CASE
            WHEN r.keyword_type IN ('BROAD', 'PHRASE', 'EXACT') THEN 'keyword'
            WHEN r.keyword_type = 'TARGETING_EXPRESSION_PREDEFINED' THEN 'auto'
            WHEN starts_with(r.keyword, 'category') THEN 'category'
            WHEN starts_with(r.keyword, 'keyword-group') THEN 'keyword_group'
            WHEN r.keyword_type = 'TARGETING_EXPRESSION' THEN 'product'
            ELSE 'other'
        END AS target_kind,
        r.targeting AS target_text,
        r.match_type,
        r.impressions,
        r.clicks,
        r.cost,
        r.purchases_7d,
        r.purchases_14d,
        r.purchases_30d,
        r.sales_7d,
        r.sales_14d,
        r.sales_30d,
        r.units_sold_clicks_7d AS units_7d,
        r.units_sold_clicks_14d AS units_14d,
        r.units_sold_clicks_30d AS units_30d,
        CASE p.account_type WHEN 'seller' THEN r.purchases_7d WHEN 'vendor' THEN r.purchases_14d END AS purchases,
        CASE p.account_type WHEN 'seller' THEN r.sales_7d WHEN 'vendor' THEN r.sales_14d END AS sales,
        CASE p.account_type WHEN 'seller' THEN r.units_sold_clicks_7d WHEN 'vendor' THEN r.units_sold_clicks_14d END
            AS units,
        NULL AS new_to_brand_purchases,
        NULL AS new_to_brand_sales,
        NULL AS new_to_brand_units,
        r.report_id,
        r.loaded_at
    FROM report_sp_targeting AS r
    LEFT JOIN profiles AS p ON p.profile_id = r.profile_id

    UNION ALL

    SELECT
        r.date,
        r.account,
        r.profile_id,
        p.country_code,
        r.currency_code,
        'SPONSORED_BRANDS' AS ad_product,
        r.campaign_id,
        r.campaign_name,
        r.ad_group_id,
        r.ad_group_name,
        coalesce(r.keyword_id, r.targeting_id) AS target_id,
        CASE
            WHEN r.keyword_type IN ('BROAD', 'PHRASE', 'EXACT') THEN 'keyword'
            WHEN r.keyword_type = 'THEME' THEN 'theme'
            WHEN r.keyword_type = 'TARGETING_EXPRESSION_PREDEFINED' THEN 'auto'
            WHEN starts_with(r.targeting_expression, 'category') THEN 'category'
            WHEN r.keyword_type = 'TARGETING_EXPRESSION' THEN 'product'
            ELSE 'other'
        END AS target_kind,
        coalesce(r.keyword_text, r.targeting_text) AS target_text,
        r.match_type,
        r.impressions,
        r.clicks,
        r.cost,
        NULL AS purchases_7d,
        r.purchases AS purchases_14d,
        NULL AS purchases_30d,
        NULL AS sales_7d,
        r.sales AS sales_14d,
        NULL AS sales_30d,
        NULL AS units_7d,
        r.units_sold AS units_14d,
        NULL AS units_30d,
        r.purchases,
        r.sales,
        r.units_sold AS units,
        r.new_to_brand_purchases,
        r.new_to_brand_sales,
        r.new_to_brand_units_sold AS new_to_brand_units,
        r.report_id,
        r.loaded_at
    FROM report_sb_targeting AS r
    LEFT JOIN profiles AS p ON p.profile_id = r.profile_id

    UNION ALL

    SELECT
        r.date,
        r.account,
        r.profile_id,
        p.country_code,
        r.currency_code,
        'SPONSORED_DISPLAY' AS ad_product,
        r.campaign_id,
        r.campaign_name,
        r.ad_group_id,
        r.ad_group_name,
        r.targeting_id AS target_id,
        CASE
            WHEN regexp_matches(r.targeting_expression, '^(views|purchases|audience)') THEN 'audience'
            WHEN starts_with(r.targeting_expression, 'similar-product') THEN 'similar_product'
            WHEN starts_with(r.targeting_expression, 'category') THEN 'category'
            WHEN starts_with(r.targeting_expression, 'asin') THEN 'product'
            ELSE 'other'
        END AS target_kind,
        coalesce(r.targeting_text, r.targeting_expression) AS target_text,
        NULL AS match_type,
        r.impressions,
        r.clicks,
        r.cost,
        NULL AS purchases_7d,
        r.purchases AS purchases_14d,
        NULL AS purchases_30d,
        NULL AS sales_7d,
        r.sales AS sales_14d,
        NULL AS sales_30d,
        NULL AS units_7d,
        r.units_sold AS units_14d,
        NULL AS units_30d,
        r.purchases,
        r.sales,
        r.units_sold AS units,
        r.new_to_brand_purchases,
        r.new_to_brand_sales,
        r.new_to_brand_units_sold AS new_to_brand_units,
        r.report_id,
        r.loaded_at
    FROM report_sd_targeting AS r
    LEFT JOIN profiles AS p ON p.profile_id = r.profile_id
)

SELECT * REPLACE (CASE target_kind WHEN 'keyword' THEN match_type END AS match_type) FROM records;
