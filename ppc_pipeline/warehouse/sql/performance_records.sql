-- One row is a day's performance of one keyword or target.
--
-- A view, so that it can never disagree with the report tables: a reader sees the old day or the new one in both.
-- purchases, sales and units are of the profile's standard window (Sponsored Products: sellers 7 days, vendors 14);
-- NULL where the profile is not known. What Amazon does not give is NULL, never 0.
CREATE OR REPLACE VIEW performance_records AS
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
    CASE WHEN r.keyword_type IN ('BROAD', 'PHRASE', 'EXACT') THEN r.match_type END AS match_type,
    r.impressions,
    r.clicks,
    r.cost,
    r.purchases_7d,
    r.purchases_14d,
    r.sales_7d,
    r.sales_14d,
    r.units_sold_clicks_7d AS units_7d,
    r.units_sold_clicks_14d AS units_14d,
    CASE p.account_type WHEN 'seller' THEN r.purchases_7d WHEN 'vendor' THEN r.purchases_14d END AS purchases,
    CASE p.account_type WHEN 'seller' THEN r.sales_7d WHEN 'vendor' THEN r.sales_14d END AS sales,
    CASE p.account_type WHEN 'seller' THEN r.units_sold_clicks_7d WHEN 'vendor' THEN r.units_sold_clicks_14d END
        AS units,
    r.report_id,
    r.loaded_at
FROM report_sp_targeting AS r
LEFT JOIN profiles AS p ON p.profile_id = r.profile_id;
