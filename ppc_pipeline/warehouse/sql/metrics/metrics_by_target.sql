-- One row is a day of one keyword or target: the performance records, and those of Sponsored TV beside them.
-- Grain: date, profile_id, currency_code, ad_product, campaign_id, ad_group_id, target_id.
WITH sums AS (
    SELECT
        date, account, profile_id, country_code, currency_code, ad_product,
        campaign_id, campaign_name, ad_group_id, ad_group_name, target_id, target_kind, target_text, match_type,
        impressions, clicks, cost, purchases, sales, units,
        purchases_7d, purchases_14d, purchases_30d,
        sales_7d, sales_14d, sales_30d,
        units_7d, units_14d, units_30d,
        new_to_brand_purchases, new_to_brand_sales, new_to_brand_units
    FROM performance_records

    UNION ALL BY NAME

    -- Amazon does not say which window figures of Sponsored TV are of: they are in no other than the standard one.
    SELECT
        r.date, r.account, r.profile_id, p.country_code, r.currency_code, 'SPONSORED_TELEVISION' AS ad_product,
        r.campaign_id, r.campaign_name, r.ad_group_id, r.ad_group_name,
        r.keyword_id AS target_id, 'other' AS target_kind, coalesce(r.targeting_text, r.keyword) AS target_text,
        r.impressions, r.clicks, r.cost, r.purchases, r.sales, r.units_sold AS units,
        r.new_to_brand_purchases, r.new_to_brand_sales
    FROM report_st_targeting AS r LEFT JOIN profiles AS p ON p.profile_id = r.profile_id
)
FROM ppc_with_rates('sums');
