-- One row is a day of one campaign on one placement: top of search, rest of search, product pages, off Amazon, ...
-- Grain: date, profile_id, currency_code, ad_product, campaign_id, placement.
WITH sums AS (
    SELECT
        r.date, r.account, r.profile_id, p.country_code, r.currency_code, 'SPONSORED_PRODUCTS' AS ad_product,
        r.campaign_id, r.campaign_name, r.placement_classification AS placement,
        r.impressions, r.clicks, r.cost,
        CASE p.account_type WHEN 'seller' THEN r.purchases_7d WHEN 'vendor' THEN r.purchases_14d END AS purchases,
        CASE p.account_type WHEN 'seller' THEN r.sales_7d WHEN 'vendor' THEN r.sales_14d END AS sales,
        CASE p.account_type WHEN 'seller' THEN r.units_sold_clicks_7d WHEN 'vendor' THEN r.units_sold_clicks_14d END
            AS units,
        r.purchases_7d, r.purchases_14d, r.purchases_30d,
        r.sales_7d, r.sales_14d, r.sales_30d,
        r.units_sold_clicks_7d AS units_7d, r.units_sold_clicks_14d AS units_14d, r.units_sold_clicks_30d AS units_30d
    FROM report_sp_campaigns_campaign_placement AS r LEFT JOIN profiles AS p ON p.profile_id = r.profile_id

    UNION ALL BY NAME

    SELECT
        r.date, r.account, r.profile_id, p.country_code, r.currency_code, 'SPONSORED_BRANDS' AS ad_product,
        r.campaign_id, r.campaign_name, r.placement_classification AS placement,
        r.impressions, r.clicks, r.cost, r.purchases, r.sales, r.units_sold AS units,
        r.purchases AS purchases_14d, r.sales AS sales_14d, r.units_sold AS units_14d,
        r.new_to_brand_purchases, r.new_to_brand_sales, r.new_to_brand_units_sold AS new_to_brand_units
    FROM report_sb_campaign_placement AS r LEFT JOIN profiles AS p ON p.profile_id = r.profile_id
)
FROM ppc_with_rates('sums');
