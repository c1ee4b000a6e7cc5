-- One row is a day of one campaign, with the portfolio it is in now.
-- Grain: date, profile_id, currency_code, ad_product, campaign_id.
--
-- The portfolio is what the list of campaigns says now (of Sponsored TV, which has no list here, what the report says).
-- It is NULL where the campaign is in none, or was never listed.
WITH reports AS (
    SELECT
        r.date, r.account, r.profile_id, p.country_code, r.currency_code, 'SPONSORED_PRODUCTS' AS ad_product,
        r.campaign_id, r.campaign_name, NULL::BIGINT AS portfolio_id,
        r.impressions, r.clicks, r.cost,
        CASE p.account_type WHEN 'seller' THEN r.purchases_7d WHEN 'vendor' THEN r.purchases_14d END AS purchases,
        CASE p.account_type WHEN 'seller' THEN r.sales_7d WHEN 'vendor' THEN r.sales_14d END AS sales,
        CASE p.account_type WHEN 'seller' THEN r.units_sold_clicks_7d WHEN 'vendor' THEN r.units_sold_clicks_14d END
            AS units,
        r.purchases_7d, r.purchases_14d, r.purchases_30d,
        r.sales_7d, r.sales_14d, r.sales_30d,
        r.units_sold_clicks_7d AS units_7d, r.units_sold_clicks_14d AS units_14d, r.units_sold_clicks_30d AS units_30d
    FROM report_sp_campaigns AS r LEFT JOIN profiles AS p ON p.profile_id = r.profile_id

    UNION ALL BY NAME

    SELECT
        r.date, r.account, r.profile_id, p.country_code, r.currency_code, 'SPONSORED_BRANDS' AS ad_product,
        r.campaign_id, r.campaign_name,
        r.impressions, r.clicks, r.cost, r.purchases, r.sales, r.units_sold AS units,
        r.purchases AS purchases_14d, r.sales AS sales_14d, r.units_sold AS units_14d,
        r.new_to_brand_purchases, r.new_to_brand_sales, r.new_to_brand_units_sold AS new_to_brand_units
    FROM report_sb_campaigns AS r LEFT JOIN profiles AS p ON p.profile_id = r.profile_id

    UNION ALL BY NAME

    SELECT
        r.date, r.account, r.profile_id, p.country_code, r.currency_code, 'SPONSORED_DISPLAY' AS ad_product,
        r.campaign_id, r.campaign_name,
        r.impressions, r.clicks, r.cost, r.purchases, r.sales, r.units_sold AS units,
        r.purchases AS purchases_14d, r.sales AS sales_14d, r.units_sold AS units_14d,
        r.new_to_brand_purchases, r.new_to_brand_sales, r.new_to_brand_units_sold AS new_to_brand_units
    FROM report_sd_campaigns AS r LEFT JOIN profiles AS p ON p.profile_id = r.profile_id

    UNION ALL BY NAME

    -- Amazon does not say which window figures of Sponsored TV are of: they are in no other than the standard one.
    SELECT
        r.date, r.account, r.profile_id, p.country_code, r.currency_code, 'SPONSORED_TELEVISION' AS ad_product,
        r.campaign_id, r.campaign_name, r.portfolio_id,
        r.impressions, r.clicks, r.cost, r.purchases, r.sales, r.units_sold AS units,
        r.new_to_brand_purchases, r.new_to_brand_sales
    FROM report_st_campaigns AS r LEFT JOIN profiles AS p ON p.profile_id = r.profile_id
),
sums AS (
    SELECT
        r.date, r.account, r.profile_id, r.country_code, r.currency_code, r.ad_product,
        r.campaign_id, r.campaign_name,
        coalesce(c.portfolio_id, r.portfolio_id) AS portfolio_id, f.name AS portfolio_name,
        r.impressions, r.clicks, r.cost, r.purchases, r.sales, r.units,
        r.purchases_7d, r.purchases_14d, r.purchases_30d,
        r.sales_7d, r.sales_14d, r.sales_30d,
        r.units_7d, r.units_14d, r.units_30d,
        r.new_to_brand_purchases, r.new_to_brand_sales, r.new_to_brand_units
    FROM reports AS r
    LEFT JOIN campaigns_history AS c
        ON c.profile_id = r.profile_id AND c.ad_product = r.ad_product AND c.campaign_id = r.campaign_id
        AND c.valid_to IS NULL
    LEFT JOIN portfolios_history AS f
        ON f.profile_id = r.profile_id AND f.portfolio_id = coalesce(c.portfolio_id, r.portfolio_id)
        AND f.valid_to IS NULL
)
FROM ppc_with_rates('sums');
